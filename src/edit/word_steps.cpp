// SPDX-License-Identifier: GPL-2.0-or-later
//
// Edits as steps on words, and their taking back.
#include "edit/word_steps.h"

#include "base/bits.h"
#include "base/fault_point.h"
#include "region/atomic_word.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>

namespace pgregion
{

namespace
{

std::uint64_t word_of(std::uint64_t offset) { return offset / kWordBytes * kWordBytes; }

bool in_bitmap(std::uint64_t offset, std::optional<std::uint64_t> bitmap_at)
{
    return bitmap_at && Range<PhysAddr>{PhysAddr(*bitmap_at), kBitmapBytes}.contains(PhysAddr(offset));
}

bool in_lost_page(std::uint64_t offset, std::uint64_t bitmap_at, const Bitmap &lost)
{
    const std::uint64_t page = (offset - bitmap_at) / kPageBytes;
    return offset >= bitmap_at && page < kRegionPages && lost.test(PageIndex(page));
}

void take_back_bits(MutableBytes live, const WordStep &step, std::uint64_t bitmap_at, Bitmap &lost)
{
    const std::uint64_t stayed =
        from_le64(AtomicWord(live, step.offset).change_where_equal(step.mask, step.after, step.before));
    const std::uint64_t first_page = (step.offset - bitmap_at) * 8;
    for (unsigned bit_number = 0; bit_number < 64; ++bit_number) {
        if ((stayed & bit(bit_number)) != 0)
            lost.set(PageIndex(first_page + bit_number));
    }
}

}  // namespace

std::size_t step_count(const Edit &edit)
{
    if (edit.after.empty())
        return 0;
    return (word_of(edit.offset + edit.after.size() - 1) - word_of(edit.offset)) / kWordBytes + 1;
}

WordStep step_at(const Edit &edit, std::size_t number, std::optional<std::uint64_t> bitmap_at)
{
    WordStep step;
    step.offset = word_of(edit.offset) + number * kWordBytes;
    step.in_bitmap = in_bitmap(step.offset, bitmap_at);
    const std::uint64_t first = std::max(step.offset, edit.offset);
    const std::uint64_t last = std::min(step.offset + kWordBytes, edit.offset + edit.after.size());
    assert(first < last);
    std::array<std::byte, kWordBytes> mask{};
    std::array<std::byte, kWordBytes> before{};
    std::array<std::byte, kWordBytes> after{};
    for (std::uint64_t at = first; at < last; ++at) {
        mask[at - step.offset] = std::byte{0xff};
        before[at - step.offset] = edit.before[at - edit.offset];
        after[at - step.offset] = edit.after[at - edit.offset];
    }
    step.mask = std::bit_cast<std::uint64_t>(mask);
    step.before = std::bit_cast<std::uint64_t>(before);
    step.after = std::bit_cast<std::uint64_t>(after);
    if (step.in_bitmap)
        step.mask = step.before ^ step.after;
    return step;
}

void announce_store(const WordStep &step)
{
    if (((step.before ^ step.after) & step.mask) != 0)
        static_cast<void>(fault_at({.point = FaultPoint::store, .offset = step.offset}));
}

void take_back(MutableBytes live, const Edits &edits, StepPosition end, std::optional<std::uint64_t> bitmap_at)
{
    Bitmap lost;
    for (;;) {
        while (end.step == 0) {
            if (end.edit == 0)
                return;
            end.step = step_count(edits[--end.edit]);
        }
        const WordStep step = step_at(edits[end.edit], --end.step, bitmap_at);
        announce_store(step);
        if (step.in_bitmap)
            take_back_bits(live, step, *bitmap_at, lost);
        else if (!bitmap_at || !in_lost_page(step.offset, *bitmap_at, lost))
            static_cast<void>(AtomicWord(live, step.offset).change(step.mask, step.after, step.before));
    }
}

}  // namespace pgregion
