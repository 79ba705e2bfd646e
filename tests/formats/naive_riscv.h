// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the two stages of RISC-V have in common in the naive reading: iommu-formats.md section 5.5.
#pragma once

#include "support/naive_tables.h"

namespace pgregion::test::naive
{

/// What differs by stage.
struct RiscvStage {
    bool sign_extend;
    bool for_users_only;       ///< a leaf without U faults
    unsigned root_extra_bits;  ///< the root has that many more bits of an index
};

inline NaiveAnswer riscv_leaf(Word entry, Word address, unsigned height, Word iova)
{
    unsigned shift = 12 + 9 * height;
    if ((on(entry, 2) && !on(entry, 1)) || entry / power(61) % 4 == 3)
        return {};
    if (on(entry, 63)) {
        if (height != 0 || address / 4096 % 16 != 8)
            return {};
        shift = 16;
        address -= 0x8000;
    }
    if (address % power(shift) != 0)
        return {};
    NaiveAnswer answer = page(address, power(shift), iova, letters(on(entry, 1), on(entry, 2), on(entry, 3)));
    answer.user = on(entry, 4);
    return answer;
}

inline NaiveAnswer read_riscv(const NaiveTables &tables, Word iova, const RiscvStage &stage)
{
    const unsigned width = 12 + 9 * tables.levels + stage.root_extra_bits;
    const bool negative = stage.sign_extend && on(iova, width - 1);
    if ((iova & ~ones(width)) != (negative ? ~ones(width) : 0))
        return {};
    Word table = tables.root;
    for (unsigned height = tables.levels; height-- > 0;) {
        const unsigned shift = 12 + 9 * height;
        const Word entries = power(9 + (height == tables.levels - 1 ? stage.root_extra_bits : 0));
        const auto entry = tables.load(table + iova / power(shift) % entries * 8);
        if (!entry || !on(*entry, 0) || any(*entry, 58, 54))
            return {};
        if ((on(*entry, 63) && !tables.is_set("svnapot")) || (any(*entry, 62, 61) && !tables.is_set("svpbmt")))
            return {};
        const Word address = *entry % power(54) / 1024 * 4096;
        if (address > ones(tables.address_width))
            return {};
        if (!any(*entry, 3, 1)) {  // a pointer
            if (height == 0 || any(*entry, 63, 61) || on(*entry, 4) || any(*entry, 7, 6))
                return {};
            table = address;
            continue;
        }
        return stage.for_users_only && !on(*entry, 4) ? NaiveAnswer{} : riscv_leaf(*entry, address, height, iova);
    }
    return {};
}

}  // namespace pgregion::test::naive
