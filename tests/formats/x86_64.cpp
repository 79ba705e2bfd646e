// SPDX-License-Identifier: GPL-2.0-or-later
//
// x86-64 tables, the first stage of VT-d and the guest tables of AMD-Vi, in tests: iommu-formats.md section 3.
#include "support/tested_formats.h"

namespace pgregion::test::tables
{

namespace
{

using namespace naive;

constexpr std::array kSettings{
    TableSetting{"x86_64_4", 4, kDamage | kEdit | kLongEdit | kGuess | kFull | kMeasure},
    TableSetting{"x86_64_5", 5, kGuess | kFull},
    TableSetting{"x86_64_5_from_zero_up", 5, kEdit, "sign-extend=no"},
    TableSetting{"x86_64_with_c_bit", 4, kEdit, "vendor=amd c-bit=47"},
};

constexpr std::array<std::string_view, 2> kOuter{"vtd-ss", "amd-v1"};

NaiveAnswer read(const NaiveTables &tables, Word iova)
{
    const unsigned width = 12 + 9 * tables.levels;
    const bool negative = tables.is_set("sign-extend") && on(iova, width - 1);
    if ((iova & ~ones(width)) != (negative ? ~ones(width) : 0))
        return {};
    bool w = true;
    bool x = true;
    bool user = true;
    Word table = tables.root;
    for (unsigned height = tables.levels; height-- > 0;) {
        const unsigned shift = 12 + 9 * height;
        const auto entry = tables.load(table + iova / power(shift) % 512 * 8);
        if (!entry || !on(*entry, 0) || (on(*entry, 63) && !tables.is_set("nx")))
            return {};
        w = w && on(*entry, 1);
        user = user && on(*entry, 2);
        x = x && !on(*entry, 63);
        const bool leaf = height == 0 || (height <= 2 && on(*entry, 7));
        const auto address = without_c_bit(tables, *entry % power(52) / 4096 * 4096);
        if (!address)
            return {};
        if (leaf) {
            if (shift > 13 && any(*entry, shift - 1, 13))  // bit 12 is PAT
                return {};
            NaiveAnswer answer = page(*address / power(shift) * power(shift), power(shift), iova, letters(true, w, x));
            answer.user = user;
            return answer;
        }
        if (height >= 3 && (on(*entry, 7) || (tables.is_set("vendor") && on(*entry, 8))))
            return {};
        table = *address;
    }
    return {};
}

}  // namespace

extern const TestedTable x86_64{
    .format = "x86-64",
    .settings = kSettings,
    .naive = read,
    .chain = {4, {4, 3, 2, 1}, {0x140002027, 0x140003027, 0x140004027}},
    .planned = {4, "", 1, {{{1, 0, 0x80002027}, {4, 1, 0x8000000012345067}, {3, 1, 0x80000000400000e7}}}},
    .mapped = {4, "", 1, {{{1, 0, 0x140002027}, {4, 511, 0x80000002501ff067}, {3, 1, 0x80000002502000e7}}}},
    .outer = kOuter,
    .interrupt_window = true,
};

}  // namespace pgregion::test::tables
