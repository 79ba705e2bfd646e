// SPDX-License-Identifier: GPL-2.0-or-later
//
// The allocation bitmap of a live region.
//
// A run of up to 64 pages never crosses a word, because it is aligned to its size: one compare-exchange takes
// all of it or nothing. Longer runs are taken word by word, ascending, and given back on the first word that
// another process has reached first. A claim that loses starts over; it lost because somebody else advanced, so
// the processes together always do.
#include "base/bits.h"
#include "region/atomic_word.h"
#include "region/bitmap_words.h"

#include <pgregion/region.h>

#include <bit>
#include <cassert>

namespace pgregion
{

namespace
{

enum class Direction { take, release };

bool change_word(MutableBytes bytes, std::size_t index, std::uint64_t mask, Direction direction)
{
    const std::uint64_t stored = from_le64(mask);
    const std::uint64_t before = direction == Direction::take ? 0 : stored;
    return AtomicWord(bytes, index * kWordBytes).change(stored, before, before ^ stored);
}

// Bits that were ours a moment ago. Nobody else may touch them, and if somebody did, theirs is the last word.
void give_back(MutableBytes bytes, Range<PageIndex> pages, Direction direction)
{
    for_each_word(pages, [&](std::size_t index, std::uint64_t mask) {
        const std::uint64_t stored = from_le64(mask);
        const std::uint64_t now = direction == Direction::take ? stored : 0;
        static_cast<void>(AtomicWord(bytes, index * kWordBytes).change_where_equal(stored, now, now ^ stored));
    });
}

bool change(MutableBytes bytes, Range<PageIndex> pages, Direction direction)
{
    Range<PageIndex> done{pages.first, 0};
    bool conflict = false;
    for_each_word(pages, [&](std::size_t index, std::uint64_t mask) {
        conflict = conflict || !change_word(bytes, index, mask, direction);
        if (!conflict)
            done.size += static_cast<unsigned>(std::popcount(mask));
    });
    if (conflict)
        give_back(bytes, done, direction);
    return !conflict;
}

}  // namespace

AtomicBitmap::AtomicBitmap(MutableBytes region) : bytes_(region.first(kBitmapBytes)) {}

Bitmap AtomicBitmap::snapshot() const
{
    Bitmap::Words words{};
    for (std::size_t index = 0; index < kBitmapWords; ++index)
        words[index] = from_le64(AtomicWord(bytes_, index * kWordBytes).load());
    return Bitmap(words);
}

std::optional<PageIndex> AtomicBitmap::claim(unsigned order)
{
    for (;;) {
        const std::optional<PageIndex> first = snapshot().find_free_run(order);
        if (!first || take({*first, bit(order)}))
            return first;
    }
}

bool AtomicBitmap::take(Range<PageIndex> pages) { return change(bytes_, pages, Direction::take); }

bool AtomicBitmap::release(Range<PageIndex> pages) { return change(bytes_, pages, Direction::release); }

}  // namespace pgregion
