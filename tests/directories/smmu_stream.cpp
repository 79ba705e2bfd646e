// SPDX-License-Identifier: GPL-2.0-or-later
//
// SMMUv3 stream tables and context descriptors in tests: iommu-formats.md sections 4.1 to 4.3.
#include "support/tested_formats.h"

namespace pgregion::test::directories
{

namespace
{

constexpr std::array<std::string_view, 1> kSound{"smmu-stream"};

constexpr std::array kSelfPointers{
    SelfPointer{0, 0x1},                  // a level 1 context descriptor
    SelfPointer{0, 0x9},                  // a level 1 stream descriptor with a full span
    SelfPointer{0, 0xb | 1ULL << 59},     // stage 1, two substreams
    SelfPointer{0, 0xdb | 0xaULL << 60},  // stage 1, two-level context descriptors
};

constexpr std::array kRoots{RootRegisters{{0x1001000, 0x10190}, 2}};  // two levels, 2^16 streams

constexpr std::array kLoops{LoopingRoot{0x1001007, {{0x1001000, 0x10190}, 2}}};

}  // namespace

extern const TestedDirectory smmu_stream{
    .format = "smmu-stream",
    .sound = kSound,
    .table_types = 5,
    .self_pointers = kSelfPointers,
    .roots = kRoots,
    .loops = kLoops,
};

}  // namespace pgregion::test::directories
