// SPDX-License-Identifier: GPL-2.0-or-later
//
// AMD-Vi device table and guest CR3 tables in tests: iommu-formats.md sections 2.1 to 2.3.
#include "support/tested_formats.h"

namespace pgregion::test::directories
{

namespace
{

constexpr std::array<std::string_view, 1> kSound{"amd-devtab"};

constexpr std::array kSelfPointers{
    SelfPointer{0, 0x1},                 // a guest CR3 entry
    SelfPointer{0, 3 | 3ULL << 55},      // guest tables of two levels
    SelfPointer{0, 3 | 5ULL << 55},      // guest tables of three levels
    SelfPointer{0, 0x803 | 5ULL << 55},  // and behind host tables
};

constexpr std::array kRoots{RootRegisters{{0x100100f}, 1}};

constexpr std::array kLoops{LoopingRoot{0x0280000001001003, {{0x1001000}, 1}}};

}  // namespace

extern const TestedDirectory amd_devtab{
    .format = "amd-devtab",
    .sound = kSound,
    .table_types = 4,
    .self_pointers = kSelfPointers,
    .roots = kRoots,
    .loops = kLoops,
};

}  // namespace pgregion::test::directories
