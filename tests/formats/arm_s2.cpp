// SPDX-License-Identifier: GPL-2.0-or-later
//
// Arm stage 2 tables in tests: iommu-formats.md sections 4.4 and 4.5.
#include "naive_arm.h"
#include "support/tested_formats.h"

namespace pgregion::test::tables
{

namespace
{

using namespace naive;

constexpr std::array kSettings{
    TableSetting{"arm_s2_3", 3, kGuess | kFull},
    TableSetting{"arm_s2_4k", 4, kGuess | kFull | kMeasure},
    TableSetting{"arm_s2_4k_concatenated", 3, kDamage | kEdit | kLongEdit, "input-bits=40", 2},
    TableSetting{"arm_s2_16k", 3, kGuess, "granule=16k", 4},
    TableSetting{"arm_s2_64k_3", 3, kGuess, "granule=64k", 16},
    TableSetting{"arm_s2_64k", 2, kEdit, "granule=64k input-bits=42", 16},
};

struct Stage {
    static bool pass(Word pointer) { return !any(pointer, 63, 59); }

    static NaiveAnswer answer(const ArmLeaf &leaf, Word iova)
    {
        const Word memory = leaf.entry / 4 % 16;
        const bool reserved_type = memory >= 4 && memory % 4 == 0;  // xx00 with xx not 0
        if (leaf.entry / 256 % 4 == 1 || reserved_type || on(leaf.entry, 11) || on(leaf.entry, 50))
            return {};
        return page(leaf.address, leaf.size, iova,
                    letters(on(leaf.entry, 6), on(leaf.entry, 7) || on(leaf.entry, 51), !on(leaf.entry, 54)));
    }
};

NaiveAnswer read(const NaiveTables &tables, Word iova) { return read_arm(tables, iova, false, Stage{}); }

}  // namespace

extern const TestedTable arm_s2{
    .format = "arm-s2",
    .settings = kSettings,
    .naive = read,
    .chain = {4, {4, 3, 2, 1}, {0x140002003, 0x140003003, 0x140004003}},
    .planned = {4, "", 1, {{{1, 0, 0x80002003}, {4, 1, 0x600000123457ff}, {3, 1, 0x600000400007fd}}}},
    .mapped = {4, "granule=4k", 1, {{{1, 0, 0x140002003}, {4, 511, 0x600002501ff7ff}, {3, 1, 0x600002502007fd}}}},
};

}  // namespace pgregion::test::tables
