// SPDX-License-Identifier: GPL-2.0-or-later
#include "scan/conclude.h"

#include <algorithm>

namespace pgregion::scan
{

namespace
{

/// Fewer present entries than this prove nothing (iommu-formats.md section 8.2).
constexpr std::uint64_t kLeastPresent = 3;
constexpr std::uint64_t kLeastLeavesToZeros = 16;
/// A table or page of 4 KiB stands at a multiple of 16 KiB one time in four, so six of them hardly ever do.
constexpr std::uint64_t kTargetsToTellTheGranule = 6;
/// The best reading must be that much better, per entry, than the next that differs from it.
constexpr double kLeastMargin = 0.5;
constexpr double kHighScore = 1.5;

bool same_reading(const Reading &a, const Reading &b)
{
    return a.table == b.table && a.directory == b.directory && a.params == b.params && a.base == b.base;
}

/// True when the word of a smallest leaf is, one level up, a pointer to a table: then leaves to pages of zeros may be
/// pointers to empty tables, and the levels one too few.
bool leaves_look_like_pointers(const Reading &reading)
{
    if (reading.table == nullptr || reading.params.levels < 2)
        return true;
    const TableFormat &format = *reading.table;
    const std::uint8_t size_lg2 = format.shape(0, reading.params).shift;
    for (const Access access : {Access::read() | Access::write(), Access::all()}) {
        const auto raw = format.encode_leaf({PhysAddr(0), size_lg2, access}, 0, reading.params);
        if (!raw)
            continue;
        const Entry above = format.decode(*raw, 1, reading.params);
        return above.kind == EntryKind::table && format.typical(above, 1);
    }
    return true;
}

/// True when the evidence is too little whatever the score. Tables alone look alike in several formats, and what
/// tells them apart stands in the leaves; a few leaves to pages of zeros may be pointers to empty tables. A root of
/// nothing that an operating system writes is the record above one: a context entry points to sound tables, too.
bool is_thin(const Reading &reading)
{
    const Evidence &evidence = reading.evidence;
    const bool all_zero_behind = evidence.leaf_pages_seen != 0 && evidence.leaf_pages_zero == evidence.leaf_pages_seen;
    return evidence.present < kLeastPresent || evidence.pointers_good + evidence.roots_good == 0 ||
           (evidence.root_present != 0 && evidence.root_typical == 0) || evidence.typical * 2 <= evidence.present ||
           evidence.typical_leaves * 2 <= evidence.leaves ||
           (all_zero_behind && evidence.leaves < kLeastLeavesToZeros && leaves_look_like_pointers(reading));
}

/// The size of a page and of a full table, as its power of two.
unsigned granule_lg2(const Reading &reading) { return reading.table->shape(0, reading.params).shift; }

/// True when `part` reads the same tables as `whole`, but each of them only from its start: a granule that is too
/// small. Where tables and pages of a small granule are read at a large one, nearly all of them stand where they may
/// not; without a single such fault among several, the large granule is the right one.
bool is_part_of(const Reading &part, const Reading &whole)
{
    if (part.table == nullptr || part.table != whole.table || part.base != whole.base ||
        granule_lg2(part) >= granule_lg2(whole))
        return false;
    const Evidence &evidence = whole.evidence;
    return evidence.faulting == 0 && evidence.leaves_on_tables == 0 && evidence.pointers_outside == 0 &&
           evidence.leaves != 0 && evidence.tables + evidence.leaves >= kTargetsToTellTheGranule &&
           evidence.typical * 10 >= evidence.present * 9 && evidence.typical_leaves * 10 >= evidence.leaves * 9;
}

/// True when `reading` speaks against `best`.
bool is_rival(const Reading &reading, const Reading &best)
{
    return !same_reading(reading, best) && !is_thin(reading) && !is_part_of(reading, best) &&
           best.score - reading.score < kLeastMargin;
}

/// Readings with too little for them come last, whatever their score: a few words read as anything.
bool comes_before(const Reading &a, const Reading &b)
{
    const bool thin_a = is_thin(a);
    const bool thin_b = is_thin(b);
    return thin_a != thin_b ? thin_b : a.score > b.score;
}

/// The reading with the largest granule that reads the same tables as `reading` whole; `reading` itself where there is
/// none.
std::size_t whole_of(const std::vector<Reading> &readings, std::size_t reading)
{
    for (std::size_t i = 0; i < readings.size(); ++i) {
        if (!is_thin(readings[i]) && is_part_of(readings[reading], readings[i]))
            return whole_of(readings, i);  // ends: each has a larger granule than the one before
    }
    return reading;
}

/// In entries. Looking up what a pointer leads to costs many times what an entry of a run of leaves does.
std::uint64_t cost_of(const Evidence &evidence)
{
    constexpr std::uint64_t kPerPointer = 16;
    return evidence.present +
           kPerPointer * (evidence.pointers_good + evidence.pointers_empty + evidence.pointers_outside);
}

}  // namespace

Guess conclude(std::vector<Reading> readings)
{
    Guess guess;
    for (const Reading &reading : readings)
        guess.entries_judged += cost_of(reading.evidence);
    std::ranges::stable_sort(readings, comes_before);
    const std::size_t whole = readings.empty() ? 0 : whole_of(readings, 0);
    std::rotate(readings.begin(), readings.begin() + static_cast<std::ptrdiff_t>(whole),
                readings.begin() + static_cast<std::ptrdiff_t>(std::min(whole + 1, readings.size())));
    // One that reads whole what the best reads in part, and has more against it than for it, decides nothing.
    const bool is_doubtful = !readings.empty() && readings.front().score <= 0;
    if (!is_doubtful || whole == 0)
        std::erase_if(readings, [](const Reading &reading) { return reading.score <= 0; });
    guess.readings = std::move(readings);
    if (guess.readings.empty() || is_doubtful) {
        std::erase_if(guess.readings, [&](const Reading &reading) {
            return &reading != &guess.readings.front() && reading.score <= 0;
        });
        return guess;
    }
    const Reading &best = guess.readings.front();
    const Evidence &evidence = best.evidence;
    const bool close = std::ranges::any_of(guess.readings, [&](const Reading &r) { return is_rival(r, best); });
    if (is_thin(best) || close)
        return guess;
    const bool clean = evidence.faulting == 0 && evidence.pointers_outside == 0 && evidence.leaves_on_tables == 0;
    if (clean && best.score >= kHighScore && evidence.pointers_good + evidence.roots_good >= 2)
        guess.confidence = Confidence::high;
    else
        guess.confidence = clean ? Confidence::medium : Confidence::low;
    return guess;
}

}  // namespace pgregion::scan
