// SPDX-License-Identifier: GPL-2.0-or-later
//
// Carrying edits out on memory that others may use at the same time.
#include "edit/plan.h"
#include "edit/word_steps.h"
#include "region/atomic_word.h"

#include <pgregion/error.h>

#include <cassert>
#include <string>
#include <utility>

namespace pgregion
{

namespace
{

// The last bytes of a source whose size is not a multiple of 8 have no whole word to compare-exchange; no table
// and no bitmap lies there.
bool fits(const Edit &edit, std::uint64_t live_bytes)
{
    const std::uint64_t whole = live_bytes / kWordBytes * kWordBytes;
    return edit.before.size() == edit.after.size() && edit.offset <= whole && edit.after.size() <= whole - edit.offset;
}

void check_edits(Bytes live, const Edits &edits)
{
    for (const Edit &edit : edits) {
        if (!fits(edit, live.size()))
            throw Error(Failure::operational, "edit-outside-source",
                        "an edit of " + std::to_string(edit.after.size()) + " bytes at offset " +
                            std::to_string(edit.offset) + " does not fit the source's " + std::to_string(live.size()) +
                            " bytes: it was made for another source or is damaged; nothing was changed",
                        "check that this is the source, and the --offset, that the edits were made for");
    }
}

}  // namespace

Edits invert(const Edits &edits)
{
    Edits inverse(edits.rbegin(), edits.rend());
    for (Edit &edit : inverse)
        std::swap(edit.before, edit.after);
    return inverse;
}

Edits shifted(Edits edits, std::uint64_t distance)
{
    for (Edit &edit : edits)
        edit.offset += distance;
    return edits;
}

ApplyResult apply_edits(MutableBytes live, const Edits &edits, std::optional<std::uint64_t> bitmap_at)
{
    assert(!bitmap_at || *bitmap_at % kPageBytes == 0);
    check_edits(live, edits);
    for (std::size_t index = 0; index < edits.size(); ++index) {
        const std::size_t steps = step_count(edits[index]);
        for (std::size_t number = 0; number < steps; ++number) {
            const WordStep step = step_at(edits[index], number, bitmap_at);
            announce_store(step);
            if (AtomicWord(live, step.offset).change(step.mask, step.before, step.after))
                continue;
            take_back(live, edits, {index, number}, bitmap_at);
            return {false, step.offset};
        }
    }
    return {true, std::nullopt};
}

void apply_edits_or_throw(MutableBytes live, const Edits &edits, std::optional<std::uint64_t> bitmap_at)
{
    const ApplyResult result = apply_edits(live, edits, bitmap_at);
    if (!result.applied)
        throw Error(Failure::operational, "source-changed",
                    "the word at offset " + std::to_string(*result.conflict) +
                        " changed while the command worked: somebody else writes to this source; nothing was changed",
                    "run the command again; if it fails again, find out who uses the region");
}

std::vector<Range<PageIndex>> allocate_live(MutableBytes region, const AllocRequest &request)
{
    for (unsigned attempt = 0; attempt < kAllocateAttempts; ++attempt) {
        AllocPlan plan = plan_alloc(region, AtomicBitmap(region).snapshot(), request);
        if (apply_edits(region, plan.edits).applied)
            return std::move(plan.runs);
    }
    throw Error(Failure::operational, "region-busy",
                "other processes changed the region at every attempt to allocate; nothing was changed",
                "run the command again when they have finished");
}

}  // namespace pgregion
