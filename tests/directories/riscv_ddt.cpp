// SPDX-License-Identifier: GPL-2.0-or-later
//
// RISC-V device and process directories in tests: iommu-formats.md sections 5.1 to 5.4.
#include "support/tested_formats.h"

namespace pgregion::test::directories
{

namespace
{

constexpr std::array<std::string_view, 1> kSound{"riscv-ddt"};

constexpr std::array kSelfPointers{
    SelfPointer{2, 0x1},   // a directory entry
    SelfPointer{2, 0x21},  // and PDTV of a device context
};

constexpr std::array kRoots{RootRegisters{{0x400404}, 1}};  // three levels

constexpr std::array kLoops{LoopingRoot{0x400401, {{0x400404}, 1}}};

}  // namespace

extern const TestedDirectory riscv_ddt{
    .format = "riscv-ddt",
    .sound = kSound,
    .table_types = 7,
    .self_pointers = kSelfPointers,
    .roots = kRoots,
    .loops = kLoops,
};

}  // namespace pgregion::test::directories
