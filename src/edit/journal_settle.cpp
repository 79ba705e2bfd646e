// SPDX-License-Identifier: GPL-2.0-or-later
//
// Comparing and settling recorded changes; see journal_settle.h.
#include "edit/journal_settle.h"

#include "edit/word_steps.h"
#include "region/atomic_word.h"

#include <cstring>

namespace pgregion
{

namespace
{

bool fits(const Edit &edit, std::uint64_t live_bytes)
{
    const std::uint64_t whole = live_bytes / kWordBytes * kWordBytes;
    return edit.before.size() == edit.after.size() && edit.offset <= whole && edit.after.size() <= whole - edit.offset;
}

/// In the memory's byte order, as the steps are.
std::uint64_t word_at(Bytes live, std::uint64_t offset)
{
    std::uint64_t word = 0;
    std::memcpy(&word, live.data() + offset, sizeof word);
    return word;
}

bool equal(const WordStep &step, std::uint64_t seen, std::uint64_t wanted)
{
    return ((seen ^ wanted) & step.mask) == 0;
}

/// Collects what the words say. A word that no edit changes says nothing.
struct Tally {
    bool old_seen = false;
    bool new_seen = false;
    std::uint64_t first_old = 0;

    /// False when the word is neither. Bits of the bitmap are always one or the other, each for itself.
    bool take(const WordStep &step, std::uint64_t seen)
    {
        const bool is_old = equal(step, seen, step.before);
        const bool is_new = equal(step, seen, step.after);
        if (!is_old && !is_new && !step.in_bitmap)
            return false;
        if (!is_new && !old_seen)
            first_old = step.offset;
        old_seen = old_seen || !is_new;
        new_seen = new_seen || !is_old;
        return true;
    }

    [[nodiscard]] Comparison result() const
    {
        if (!new_seen)
            return {Standing::before, 0};
        return old_seen ? Comparison{Standing::partly, first_old} : Comparison{Standing::after, 0};
    }
};

bool settle_word(MutableBytes live, const WordStep &step, Side side)
{
    const std::uint64_t wanted = side == Side::before ? step.before : step.after;
    const std::uint64_t other = side == Side::before ? step.after : step.before;
    const AtomicWord word(live, step.offset);
    if (equal(step, word.load(), wanted))
        return true;
    announce_store(step);
    if (step.in_bitmap)
        static_cast<void>(word.change_where_equal(step.mask, other, wanted));
    else if (!word.change(step.mask, other, wanted))
        return equal(step, word.load(), wanted);
    return true;
}

}  // namespace

Comparison compare_edits(Bytes live, const Edits &edits, std::optional<std::uint64_t> bitmap_at)
{
    Tally tally;
    for (const Edit &edit : edits) {
        if (!fits(edit, live.size()))
            return {Standing::foreign, edit.offset};
        const std::size_t steps = step_count(edit);
        for (std::size_t number = 0; number < steps; ++number) {
            const WordStep step = step_at(edit, number, bitmap_at);
            if (!tally.take(step, word_at(live, step.offset)))
                return {Standing::foreign, step.offset};
        }
    }
    return tally.result();
}

ApplyResult settle_edits(MutableBytes live, const Edits &edits, std::optional<std::uint64_t> bitmap_at, Side side)
{
    const Comparison found = compare_edits(live, edits, bitmap_at);
    if (found.standing == Standing::foreign)
        return {false, found.offset};
    for (std::size_t done = 0; done < edits.size(); ++done) {
        const Edit &edit = edits[side == Side::after ? done : edits.size() - 1 - done];
        const std::size_t steps = step_count(edit);
        for (std::size_t number = 0; number < steps; ++number) {
            const WordStep step = step_at(edit, side == Side::after ? number : steps - 1 - number, bitmap_at);
            if (!settle_word(live, step, side))
                return {false, step.offset};
        }
    }
    return {true, std::nullopt};
}

}  // namespace pgregion
