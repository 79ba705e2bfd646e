// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/bytes.h"
#include "scan/judge.h"

#include <pgregion/region.h>
#include <pgregion/scan.h>

#include <algorithm>
#include <cassert>
#include <map>
#include <set>

namespace pgregion
{

namespace
{

using scan::Judgement;

/// Fewer present entries than this prove nothing (iommu-formats.md section 8.2).
constexpr std::uint64_t kLeastPresent = 3;
constexpr std::uint64_t kLeastLeavesToZeros = 16;
/// The best reading must be that much better, per entry, than the next that differs from it.
constexpr double kLeastMargin = 0.5;
constexpr double kHighScore = 1.5;
constexpr std::size_t kMaxBases = 4;
constexpr std::uint64_t kFrameBytes = kRegionBytes;

/// The formats and numbers of levels that are open, each as a reading without evidence.
std::vector<Reading> open_readings(const GuessLimits &limits)
{
    std::vector<Reading> readings;
    const bool any = limits.table == nullptr && limits.directory == nullptr;
    for (const TableFormat *format : table_formats()) {
        assert(format != nullptr);
        if (!any && format != limits.table)
            continue;
        for (unsigned levels = format->min_levels; levels <= format->max_levels; ++levels) {
            if (limits.levels && *limits.levels != levels)
                continue;
            Reading reading;
            reading.table = format;
            reading.params = limits.params.value_or(default_params(*format, levels));
            reading.params.levels = static_cast<std::uint8_t>(levels);
            readings.push_back(reading);
        }
    }
    for (const DirectoryFormat *format : directory_formats()) {
        if (!any && format != limits.directory)
            continue;
        Reading reading;
        reading.directory = format;
        reading.params = limits.params.value_or(default_params(*format));
        readings.push_back(reading);
    }
    return readings;
}

Judgement judge(const MemorySource &memory, PhysAddr root, const Reading &reading)
{
    return reading.table != nullptr ? scan::judge_tables(memory, root, *reading.table, reading.params)
                                    : scan::judge_directory(memory, root, *reading.directory, reading.params);
}

/// The tables that the root page points to in this reading.
std::vector<PhysAddr> pointers_of_root(Bytes page, const Reading &reading)
{
    std::vector<PhysAddr> pointers;
    if (reading.table != nullptr) {
        std::vector<EntryRun> runs(page.size() / kWordBytes);
        const std::size_t count =
            reading.table->decode_table(page, 0, reading.params.levels - 1U, reading.params, runs).runs;
        for (std::size_t i = 0; i < count; ++i) {
            if (runs[i].first.kind == EntryKind::table && !runs[i].first.faults())
                pointers.push_back(runs[i].first.target);
        }
        return pointers;
    }
    const DirectoryTable root = reading.directory->root(PhysAddr(0), reading.params);
    const DirectoryTableType &type = reading.directory->table_types[root.type];
    for (std::size_t at = 0; at + type.record_bytes <= page.size(); at += type.record_bytes) {
        RecordWords words{};
        for (std::size_t word = 0; word < type.record_bytes / kWordBytes; ++word)
            words[word] = load_le64(page, at + word * kWordBytes);
        const DirectoryRecord record = reading.directory->decode(root.type, words, reading.params);
        if (record.present && record.next && !record.fault)
            pointers.push_back(record.next->address);
    }
    return pointers;
}

/// Bases that the root's pointers speak for: regions are aligned to their size, so each pointer names one.
std::vector<PhysAddr> possible_bases(Bytes page, const Reading &reading)
{
    std::map<PhysAddr, std::uint64_t> votes;
    for (const PhysAddr pointer : pointers_of_root(page, reading))
        ++votes[PhysAddr(pointer.value() & ~(kFrameBytes - 1))];
    std::vector<std::pair<std::uint64_t, PhysAddr>> ranked;
    ranked.reserve(votes.size());
    for (const auto &[base, count] : votes)
        ranked.emplace_back(count, base);
    std::ranges::sort(ranked, [](const auto &a, const auto &b) { return a.first > b.first; });
    std::vector<PhysAddr> bases;
    for (std::size_t i = 0; i < std::min(ranked.size(), kMaxBases); ++i)
        bases.push_back(ranked[i].second);
    return bases;
}

/// Allocated pages with data that are not among the tables of the tree: some other reading explains them.
std::uint64_t unexplained_pages(Bytes region, PhysAddr base, const Judgement &judgement)
{
    const Bitmap bitmap = Bitmap::read(region);
    std::uint64_t count = 0;
    for (std::uint64_t page = 1; page < kRegionPages; ++page) {
        const bool reached = judgement.tables.contains(base + page * kPageBytes);
        if (!reached && bitmap.test(PageIndex(page)) && !all_zero(region.subspan(page * kPageBytes, kPageBytes)))
            ++count;
    }
    return count;
}

/// Small leaves that map allocated pages of the region which are no tables in this reading: the allocator gives
/// its pages to tables alone, so these are tables that the reading takes for data.
std::uint64_t leaves_on_allocated_pages(Bytes region, PhysAddr base, const Judgement &judgement)
{
    const Bitmap bitmap = Bitmap::read(region);
    const PhysAddr last_page = base + (kRegionPages - 1) * kPageBytes;
    std::uint64_t count = 0;
    for (const Range<PhysAddr> &leaves : judgement.small_leaves) {
        const PhysAddr first = std::max(leaves.first, base);
        const PhysAddr last = std::min(leaves.first + (leaves.size - 1), last_page);
        for (PhysAddr page = first; page <= last; page += kPageBytes) {
            if (bitmap.test(PageIndex((page - base) / kPageBytes)) && !judgement.tables.contains(page))
                ++count;
        }
    }
    return count;
}

bool same_reading(const Reading &a, const Reading &b)
{
    return a.table == b.table && a.directory == b.directory && a.params == b.params && a.base == b.base;
}

/// True when the evidence is too little whatever the score. Tables alone look alike in several formats, and what
/// tells them apart stands in the leaves; a few leaves to pages of zeros may be pointers to empty tables.
bool is_thin(const Evidence &evidence)
{
    const bool all_zero_behind = evidence.leaf_pages_seen != 0 && evidence.leaf_pages_zero == evidence.leaf_pages_seen;
    return evidence.present < kLeastPresent || evidence.pointers_good == 0 ||
           evidence.typical * 2 <= evidence.present || evidence.typical_leaves * 2 <= evidence.leaves ||
           (all_zero_behind && evidence.leaves < kLeastLeavesToZeros);
}

Guess conclude(std::vector<Reading> readings)
{
    std::erase_if(readings, [](const Reading &reading) { return reading.score <= 0; });
    std::ranges::stable_sort(readings, [](const Reading &a, const Reading &b) { return a.score > b.score; });
    Guess guess;
    guess.readings = std::move(readings);
    if (guess.readings.empty())
        return guess;
    const Reading &best = guess.readings.front();
    const Evidence &evidence = best.evidence;
    const auto rival = std::ranges::find_if(guess.readings, [&](const Reading &r) { return !same_reading(r, best); });
    const bool close = rival != guess.readings.end() && best.score - rival->score < kLeastMargin;
    if (is_thin(evidence) || close)
        return guess;
    const bool clean = evidence.faulting == 0 && evidence.pointers_outside == 0 && evidence.leaves_on_tables == 0;
    if (clean && best.score >= kHighScore && evidence.pointers_good >= 2)
        guess.confidence = Confidence::high;
    else
        guess.confidence = clean ? Confidence::medium : Confidence::low;
    return guess;
}

}  // namespace

std::string_view name(Confidence confidence)
{
    static constexpr std::array<std::string_view, 4> kNames{"none", "low", "medium", "high"};
    return kNames.at(static_cast<std::size_t>(confidence));
}

std::vector<PhysAddr> Guess::bases() const
{
    std::vector<PhysAddr> bases;
    for (const Reading &reading : readings) {
        if (reading.base && std::ranges::find(bases, *reading.base) == bases.end())
            bases.push_back(*reading.base);
    }
    return bases;
}

Guess guess_region(std::span<const std::byte> region, PageIndex root_page, const GuessLimits &limits)
{
    const Bytes page = region.subspan(root_page.value() * kPageBytes, kPageBytes);
    std::vector<Reading> judged;
    std::set<PhysAddr> named;
    for (Reading reading : open_readings(limits)) {
        const auto bases = limits.base ? std::vector{*limits.base} : possible_bases(page, reading);
        for (const PhysAddr base : bases) {
            named.insert(base);
            PiecewiseMemory memory;
            memory.add(base, region);
            const Judgement judgement = judge(memory, base + root_page.value() * kPageBytes, reading);
            reading.base = base;
            reading.evidence = judgement.evidence;
            reading.evidence.pages_unexplained = unexplained_pages(region, base, judgement);
            reading.evidence.leaves_on_tables += leaves_on_allocated_pages(region, base, judgement);
            reading.score = scan::score(reading.evidence);
            judged.push_back(reading);
        }
    }
    Guess guess = conclude(std::move(judged));
    guess.named_bases.assign(named.begin(), named.end());
    return guess;
}

Guess guess_memory(const MemorySource &memory, PhysAddr root, const GuessLimits &limits)
{
    std::vector<Reading> judged;
    for (Reading reading : open_readings(limits)) {
        reading.evidence = judge(memory, root, reading).evidence;
        reading.score = scan::score(reading.evidence);
        judged.push_back(reading);
    }
    return conclude(std::move(judged));
}

}  // namespace pgregion
