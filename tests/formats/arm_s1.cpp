// SPDX-License-Identifier: GPL-2.0-or-later
//
// Arm stage 1 tables in tests: iommu-formats.md sections 4.4 and 4.5.
#include "naive_arm.h"
#include "support/tested_formats.h"

namespace pgregion::test::tables
{

namespace
{

using namespace naive;

constexpr std::array kSettings{
    TableSetting{"arm_s1_3", 3, kGuess | kFull},
    TableSetting{"arm_s1_4k", 4, kDamage | kEdit | kLongEdit | kGuess | kFull | kMeasure},
    TableSetting{"arm_s1_16k", 3, kDamage | kEdit, "granule=16k input-bits=47", 4},
    TableSetting{"arm_s1_16k_3", 3, kGuess | kFull | kMeasure, "granule=16k", 4},
    TableSetting{"arm_s1_16k_4", 4, kGuess, "granule=16k", 4},
    TableSetting{"arm_s1_64k_2", 2, kGuess, "granule=64k", 16},
    TableSetting{"arm_s1_64k", 3, kEdit | kGuess | kMeasure, "granule=64k", 16},
    TableSetting{"arm_s1_upper_half_big_endian", 3, kEdit, "input-bits=39 ttbr=1 endian=big"},
};

constexpr std::array<std::string_view, 1> kOuter{"arm-s2"};

struct Stage {
    bool user = true;
    bool w = true;
    bool x = true;

    bool pass(Word pointer)
    {
        user = user && !on(pointer, 61);
        w = w && !on(pointer, 62);
        x = x && !on(pointer, 60);
        return true;
    }

    [[nodiscard]] NaiveAnswer answer(const ArmLeaf &leaf, Word iova) const
    {
        if (leaf.entry / 256 % 4 == 1 || on(leaf.entry, 5))  // SH, NS
            return {};
        const bool reads = user && on(leaf.entry, 6);
        const bool writable = !on(leaf.entry, 7) || on(leaf.entry, 51);  // DBM
        return page(leaf.address, leaf.size, iova,
                    letters(reads, reads && w && writable, reads && x && !on(leaf.entry, 54)));
    }
};

NaiveAnswer read(const NaiveTables &tables, Word iova)
{
    return read_arm(tables, iova, tables.is_set("ttbr"), Stage{});
}

}  // namespace

extern const TestedTable arm_s1{
    .format = "arm-s1",
    .settings = kSettings,
    .naive = read,
    .chain = {4, {4, 3, 2, 1}, {0x140002003, 0x140003003, 0x140004003}},
    .planned = {4, "", 1, {{{1, 0, 0x80002003}, {4, 1, 0x60000012345f47}, {3, 1, 0x60000040000f45}}}},
    .mapped = {4, "granule=4k", 1, {{{1, 0, 0x140002003}, {4, 511, 0x600002501fff47}, {3, 1, 0x60000250200f45}}}},
    .outer = kOuter,
};

}  // namespace pgregion::test::tables
