// SPDX-License-Identifier: GPL-2.0-or-later
//
// VT-d second-stage tables in tests: iommu-formats.md section 1.8.
#include "support/tested_formats.h"

namespace pgregion::test::tables
{

namespace
{

using namespace naive;

constexpr std::array kSettings{
    TableSetting{"vtd_ss_3", 3, kDamage | kGuess | kFull | kMeasure},
    TableSetting{"vtd_ss_4", 4, kDamage | kEdit | kLongEdit | kGuess | kFull},
    TableSetting{"vtd_ss_5", 5, kEdit | kGuess | kFull, "", 7},
};

NaiveAnswer read(const NaiveTables &tables, Word iova)
{
    bool r = true;
    bool w = true;
    bool x = true;
    Word table = tables.root;
    if (iova >= power(12 + 9 * tables.levels))
        return {};
    for (unsigned height = tables.levels; height-- > 0;) {
        const unsigned shift = 12 + 9 * height;
        const auto entry = tables.load(table + iova / power(shift) % 512 * 8);
        if (!entry || *entry % 8 == 0)
            return {};
        r = r && on(*entry, 0);
        w = w && on(*entry, 1);
        x = x && on(*entry, 2);
        const bool leaf = height == 0 || (height <= 2 && on(*entry, 7));
        const bool transient = leaf && tables.is_set("tm");
        if ((*entry % power(52)) >= power(tables.address_width) || (on(*entry, 62) && !transient))
            return {};
        if (leaf)
            return (shift > 12 && any(*entry, shift - 1, 12)) || (on(*entry, 11) && !tables.is_set("snp"))
                       ? NaiveAnswer{}
                       : page(*entry % power(52) / power(shift) * power(shift), power(shift), iova, letters(r, w, x));
        if (on(*entry, 11) || (height >= 3 && on(*entry, 7)))
            return {};
        table = *entry % power(52) / 4096 * 4096;
    }
    return {};
}

}  // namespace

extern const TestedTable vtd_ss{
    .format = "vtd-ss",
    .settings = kSettings,
    .naive = read,
    .chain = {4, {4, 3, 2, 1}, {0x140002003, 0x140003003, 0x140004003}},
    .planned = {4, "", 1, {{{1, 0, 0x80002003}, {4, 1, 0x12345003}, {3, 1, 0x40000083}}}},
    .mapped = {4, "", 1, {{{1, 0, 0x140002003}, {4, 511, 0x2501ff003}, {3, 1, 0x250200083}}}},
    .interrupt_window = true,
};

}  // namespace pgregion::test::tables
