// SPDX-License-Identifier: GPL-2.0-or-later
//
// AMD-Vi host tables in tests: iommu-formats.md section 2.4.
#include "support/tested_formats.h"

namespace pgregion::test::tables
{

namespace
{

using namespace naive;

constexpr std::array kSettings{
    TableSetting{"amd_v1_1", 1, kEdit | kGuess},
    TableSetting{"amd_v1_2", 2, kGuess},
    TableSetting{"amd_v1_3", 3, kEdit | kLongEdit | kGuess | kFull | kMeasure},
    TableSetting{"amd_v1_4", 4, kDamage | kGuess | kFull},
    TableSetting{"amd_v1_5", 5, kGuess},
    TableSetting{"amd_v1_6", 6, kEdit | kGuess | kFull},
    TableSetting{"amd_v1_with_c_bit", 4, kEdit, "c-bit=47"},
};

/// NextLevel 7: the lowest zero from bit 12 on, k, says 2^(k+1).
NaiveAnswer coded(Word address, unsigned level, Word iova, const std::string &access)
{
    unsigned k = 12;
    while (k < 52 && on(address, k))
        ++k;
    const unsigned size_lg2 = k + 1;
    const bool good = 12 + 9 * (level - 1) < size_lg2 && size_lg2 < 12 + 9 * level && size_lg2 <= 51 && level < 6;
    return good ? page(address / power(size_lg2) * power(size_lg2), power(size_lg2), iova, access) : NaiveAnswer{};
}

/// Levels count from 1, as in the manual.
NaiveAnswer read(const NaiveTables &tables, Word iova)
{
    bool r = true;
    bool w = true;
    Word table = tables.root;
    if (tables.levels < 6 && iova >= power(12 + 9 * tables.levels))
        return {};
    for (unsigned level = tables.levels; level > 0;) {
        const unsigned shift = 12 + 9 * (level - 1);
        const auto entry = tables.load(table + iova / power(shift) % 512 * 8);
        if (!entry || !on(*entry, 0) || any(*entry, 58, 52))
            return {};
        r = r && on(*entry, 61);
        w = w && on(*entry, 62);
        const auto next = static_cast<unsigned>(*entry / 512 % 8);
        const auto address = without_c_bit(tables, *entry % power(52) / 4096 * 4096);
        if (!address)
            return {};
        if (next == 0)
            return level == 6 || *address % power(shift) != 0
                       ? NaiveAnswer{}
                       : page(*address, power(shift), iova, letters(r, w, false));
        if (next == 7)
            return coded(*address, level, iova, letters(r, w, false));
        // Bits of the levels between this one and the next must be zero.
        if (next >= level || any(*entry, 60, 59) || iova % power(shift) / power(12 + 9 * next) != 0)
            return {};
        table = *address;
        level = next;
    }
    return {};
}

}  // namespace

extern const TestedTable amd_v1{
    .format = "amd-v1",
    .settings = kSettings,
    .naive = read,
    .chain = {4, {4, 3, 2, 1}, {0x6000000140002601, 0x6000000140003401, 0x6000000140004201}},
    .planned = {4, "", 1, {{{1, 0, 0x6000000080002601}, {4, 1, 0x6000000012345001}, {3, 1, 0x6000000040000001}}}},
    .mapped = {4, "", 1, {{{1, 0, 0x6000000140002601}, {4, 511, 0x60000002501ff001}, {3, 1, 0x6000000250200001}}}},
    .skips_levels = true,
    .interrupt_window = true,
};

}  // namespace pgregion::test::tables
