// SPDX-License-Identifier: GPL-2.0-or-later
//
// The allocation bitmap as a value, with the kernel's rule for finding room (region.md section 1.1).
#include "base/bits.h"
#include "base/bytes.h"
#include "region/bitmap_words.h"

#include <pgregion/region.h>

#include <bit>
#include <cassert>

namespace pgregion
{

Bitmap Bitmap::read(Bytes region)
{
    assert(region.size() >= kBitmapBytes);
    Bitmap bitmap;
    for (std::size_t index = 0; index < kBitmapWords; ++index)
        bitmap.words_[index] = load_le64(region, index * kWordBytes);
    return bitmap;
}

bool Bitmap::test(PageIndex page) const { return !all_clear({page, 1}); }

void Bitmap::set(Range<PageIndex> pages)
{
    for_each_word(pages, [this](std::size_t index, std::uint64_t mask) { words_[index] |= mask; });
}

void Bitmap::clear(Range<PageIndex> pages)
{
    for_each_word(pages, [this](std::size_t index, std::uint64_t mask) { words_[index] &= ~mask; });
}

std::uint64_t Bitmap::count() const
{
    std::uint64_t allocated = 0;
    for (const std::uint64_t word : words_)
        allocated += static_cast<unsigned>(std::popcount(word));
    return allocated;
}

bool Bitmap::all_clear(Range<PageIndex> pages) const
{
    std::uint64_t any = 0;
    for_each_word(pages, [&](std::size_t index, std::uint64_t mask) { any |= words_[index] & mask; });
    return any == 0;
}

std::vector<Range<PageIndex>> Bitmap::allocated_runs() const
{
    std::vector<Range<PageIndex>> runs;
    for (PageIndex page; page.value() < kRegionPages; page += 1) {
        if (!test(page))
            continue;
        if (!runs.empty() && runs.back().first + runs.back().size == page)
            ++runs.back().size;
        else
            runs.push_back({page, 1});
    }
    return runs;
}

std::optional<PageIndex> Bitmap::find_free_run(unsigned order) const
{
    if (order > kMaxOrder)
        return std::nullopt;
    const std::uint64_t pages = bit(order);
    for (PageIndex first; first.value() < kRegionPages; first += pages) {
        if (all_clear({first, pages}))
            return first;
    }
    return std::nullopt;
}

std::optional<unsigned> Bitmap::largest_free_order() const
{
    for (unsigned order = kMaxOrder + 1; order-- > 0;) {
        if (find_free_run(order))
            return order;
    }
    return std::nullopt;
}

std::uint64_t Bitmap::word(std::size_t index) const
{
    assert(index < kBitmapWords);
    return words_[index];
}

}  // namespace pgregion
