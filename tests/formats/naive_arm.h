// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the two stages of Arm have in common in the naive reading: iommu-formats.md sections 4.4 and 4.5.
#pragma once

#include "support/naive_tables.h"

namespace pgregion::test::naive
{

/// A leaf that was found, with what its address comes to.
struct ArmLeaf {
    Word entry;
    Word address;
    Word size;
};

/// What differs by stage: whether a pointer is allowed, seen on the way down, and what a leaf says. `Stage` has
///   bool pass(Word pointer)
///   NaiveAnswer answer(const ArmLeaf &leaf, Word iova) const
/// Every IOVA has its bits above the width all zero, or in the upper half all one.
template <class Stage>
NaiveAnswer read_arm(const NaiveTables &tables, Word iova, bool upper_half, Stage stage)
{
    const unsigned granule = tables.value("granule");
    const unsigned input_bits = tables.value("input-bits");
    const unsigned index_bits = granule - 3;
    const unsigned resolved = granule + index_bits * tables.levels;
    const unsigned width = input_bits != 0 ? input_bits : resolved < 48 ? resolved : 48;
    if ((iova & ~ones(width)) != (upper_half ? ~ones(width) : 0))
        return {};
    Word table = tables.root;
    for (unsigned height = tables.levels; height-- > 0;) {
        const unsigned shift = granule + index_bits * height;
        const bool start = height == tables.levels - 1;  // as many entries as the width wants
        const Word index = (iova & ones(width)) / power(shift) % power(start ? width - shift : index_bits);
        const auto entry = tables.load(table + index * 8);
        if (!entry || !on(*entry, 0))
            return {};
        const bool small_or_wide = granule == 12 || (granule == 16 && tables.address_width == 52);
        const bool block = !on(*entry, 1);
        if (block && !(height == 1 || (height == 2 && small_or_wide)))
            return {};
        const bool leaf = block || height == 0;
        // RES0 bits below the address, but for bits 51:48 of it with 64K and nT in blocks.
        const unsigned low = leaf ? shift : granule;
        Word below = *entry & ones(low) & ~ones(12);
        if (granule == 16)
            below &= ~(ones(16) & ~ones(12));
        if (block)
            below &= ~power(16);
        const Word high = granule == 16 ? (*entry / 4096 % 16) << 48 : 0;
        const Word address = (*entry & ones(48) & ~ones(low)) | high;
        if (below != 0 || any(*entry, 49, 48) || address > ones(tables.address_width))
            return {};
        if (leaf)
            return stage.answer({*entry, address, power(shift)}, iova);
        if (!stage.pass(*entry))
            return {};
        table = address;
    }
    return {};
}

}  // namespace pgregion::test::naive
