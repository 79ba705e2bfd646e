// SPDX-License-Identifier: GPL-2.0-or-later
#include "scan/judge.h"

namespace pgregion::scan
{

namespace
{

/// Of so many slots hardly ever all have even numbers: read with records of half their size, they do.
constexpr std::uint64_t kSlotsToTellRecordsApart = 6;

/// Fewer slots say nothing about the size of records.
constexpr std::uint64_t kLeastSlots = 4;

}  // namespace

double score(const Evidence &evidence)
{
    if (evidence.present == 0)
        return 0;
    const auto times = [](double weight, std::uint64_t count) { return weight * static_cast<double>(count); };
    const std::uint64_t sound = evidence.present - evidence.faulting;
    const double sum = times(0.5, sound) + times(1.5, evidence.typical) + times(4, evidence.pointers_good) +
                       times(4, evidence.roots_good) - times(8, evidence.roots_bad) - times(8, evidence.faulting) -
                       times(2.5, evidence.pointers_empty) - times(4, evidence.pointers_outside) -
                       times(8, evidence.leaves_on_tables) - times(4, evidence.pages_unexplained) -
                       times(1.5, sound - evidence.typical);
    double per_entry = sum / static_cast<double>(evidence.present);
    // Few entries stand in the root, but they tell the number of levels where levels can be skipped.
    if (evidence.root_present != 0)
        per_entry -=
            times(2, evidence.root_present - evidence.root_typical) / static_cast<double>(evidence.root_present);
    // Records of another size give devices other numbers.
    if (evidence.slots >= kLeastSlots)
        per_entry -= times(4, evidence.slots_split) / static_cast<double>(evidence.slots);
    if (evidence.slots >= kSlotsToTellRecordsApart && evidence.slots_odd == 0)
        per_entry -= 1;
    if (evidence.leaf_pages_seen == 0)
        return per_entry;
    // Heavier than anything that speaks for a reading, so that tables taken for data outweigh all the rest.
    return per_entry - times(8, evidence.leaf_pages_entries) / static_cast<double>(evidence.leaf_pages_seen);
}

}  // namespace pgregion::scan
