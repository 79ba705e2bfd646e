// SPDX-License-Identifier: GPL-2.0-or-later
//
// VT-d root, context and PASID tables in tests: iommu-formats.md sections 1.1 to 1.7.
#include "support/tested_formats.h"

namespace pgregion::test::directories
{

namespace
{

constexpr std::array<std::string_view, 2> kSound{"vtd-root", "vtd-scalable"};

constexpr std::array kSelfPointers{
    SelfPointer{0, 0x1},    // P
    SelfPointer{0, 0x9},    // context with PASIDs
    SelfPointer{0, 0xe09},  // scalable context with the largest directory
};

constexpr std::array kRoots{RootRegisters{{0x1001000}, 1}, RootRegisters{{0x1001400}, 1}};  // TTM 0 and 1

constexpr std::array kLoops{
    LoopingRoot{0x1001001, {{0x1001000}, 1}},
    LoopingRoot{0x1001009, {{0x1001400}, 1}},
};

}  // namespace

extern const TestedDirectory vtd_root{
    .format = "vtd-root",
    .sound = kSound,
    .table_types = 6,
    .self_pointers = kSelfPointers,
    .roots = kRoots,
    .loops = kLoops,
};

}  // namespace pgregion::test::directories
