// SPDX-License-Identifier: GPL-2.0-or-later
//
// Ranges of pages as masks of the bitmap's 64-bit words, for the code that works on whole words.
#pragma once

#include "base/bits.h"

#include <pgregion/region.h>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>

namespace pgregion
{

inline constexpr std::uint64_t kWordPages = 64;

/// Calls `use(index, mask)` for each bitmap word that `pages` touches, ascending; the mask is never zero.
template <class Use>
void for_each_word(Range<PageIndex> pages, Use use)
{
    assert(pages.first.value() <= kRegionPages && pages.size <= kRegionPages - pages.first.value());
    const std::uint64_t end = pages.first.value() + pages.size;
    std::uint64_t at = pages.first.value();
    while (at < end) {
        const std::uint64_t word = at / kWordPages;
        const std::uint64_t stop = std::min(end, (word + 1) * kWordPages);
        const auto shift = static_cast<unsigned>(at % kWordPages);
        use(std::size_t{word}, low_bits(static_cast<unsigned>(stop - at)) << shift);
        at = stop;
    }
}

}  // namespace pgregion
