// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/bytes.h"
#include "scan/conclude.h"
#include "scan/directory_extent.h"
#include "scan/input_width.h"
#include "scan/judge.h"

#include <pgregion/guess.h>
#include <pgregion/region.h>

#include <algorithm>
#include <map>
#include <set>

namespace pgregion
{

namespace
{

using scan::Judgement;

constexpr std::size_t kMaxBases = 4;

/// `start` with every combination of the parameters that are guessed, those given aside.
std::vector<FormatParams> open_params(const FormatParams &start, std::span<const ParameterSpec> specs,
                                      std::uint32_t given)
{
    std::vector<FormatParams> all{start};
    for (std::size_t i = 0; i < specs.size(); ++i) {
        if (specs[i].when_open != WhenOpen::guess || (given >> i & 1) != 0)
            continue;
        std::vector<FormatParams> next;
        for (const FormatParams &params : all) {
            for (const ParameterChoice &choice : specs[i].choices) {
                next.push_back(params);
                set_parameter(next.back(), specs, specs[i].key, choice.name);
            }
        }
        all = std::move(next);
    }
    return all;
}

/// The readings of one format with each number of levels that is open.
template <class Format>
std::vector<Reading> readings_of(const Format &format, const FormatParams &defaults, const GuessLimits &limits)
{
    std::vector<Reading> readings;
    for (unsigned levels = format.min_levels; levels <= format.max_levels; ++levels) {
        if (limits.levels && levels != 0 && *limits.levels != levels)
            continue;
        FormatParams start = limits.params.value_or(defaults);
        start.levels = static_cast<std::uint8_t>(levels);
        for (const FormatParams &params : open_params(start, format.parameters, limits.given)) {
            Reading &reading = readings.emplace_back();
            reading.params = params;
        }
    }
    return readings;
}

/// The formats, numbers of levels and parameters that are open, each as a reading without evidence.
std::vector<Reading> open_readings(const GuessLimits &limits)
{
    std::vector<Reading> readings;
    const bool any = limits.table == nullptr && limits.directory == nullptr;
    for (const TableFormat *format : table_formats()) {
        if (!any && format != limits.table)
            continue;
        for (Reading &reading : readings_of(*format, default_params(*format, format->max_levels), limits)) {
            reading.table = format;
            if (format->consistent(reading.params))
                readings.push_back(reading);
        }
    }
    for (const DirectoryFormat *format : directory_formats()) {
        if (!any && format != limits.directory)
            continue;
        for (Reading &reading : readings_of(*format, default_params(*format), limits)) {
            reading.directory = format;
            readings.push_back(reading);
        }
    }
    return readings;
}

bool is_aligned(PhysAddr root, const Reading &reading)
{
    const std::uint64_t align = reading.table != nullptr
                                    ? reading.table->shape(reading.params.levels - 1U, reading.params).align_bytes
                                    : reading.directory->root_align_bytes;
    return root.value() % align == 0;
}

/// False when most of the root page faults: not worth a walk. Most of the formats that are tried end here.
bool reads_somehow(Bytes page, PhysAddr root, const Reading &reading)
{
    if (reading.table == nullptr)
        return scan::records_read_well(page.subspan(root.value() % kPageBytes), *reading.directory,
                                       reading.directory->root(PhysAddr(0), reading.params));
    const unsigned top = reading.params.levels - 1U;
    const TableShape shape = reading.table->shape(top, reading.params);
    std::vector<EntryRun> runs(page.size() / kWordBytes);
    const Bytes part = page.subspan(root.value() % kPageBytes);
    const std::size_t count =
        reading.table
            ->decode_table(part.first(std::min<std::size_t>(part.size(), shape.bytes())), 0, top, reading.params, runs)
            .runs;
    std::uint64_t bad = 0;
    std::uint64_t all = 0;
    for (const EntryRun &run : std::span(runs).first(count)) {
        all += run.count;
        bad += run.first.faults() || !run.first.present() ? run.count : 0;
    }
    return bad * 2 <= all;
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
        const RecordWords words = load_record(page.subspan(at, type.record_bytes), root.big_endian);
        const DirectoryRecord record = reading.directory->decode(root, words, reading.params);
        if (record.present && record.next && !record.fault && record.next->outer.format == nullptr)
            pointers.push_back(record.next->address);
    }
    return pointers;
}

/// Bases that the root's pointers speak for: regions are aligned to their size, so each pointer names one.
std::vector<PhysAddr> possible_bases(Bytes page, const Reading &reading)
{
    std::map<PhysAddr, std::uint64_t> votes;
    for (const PhysAddr pointer : pointers_of_root(page, reading))
        ++votes[PhysAddr(pointer.value() & ~(kRegionBytes - 1))];
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

/// Judges the reading, and one with a wider root where entries behind the root's end read as well. A root that may or
/// may not go on gives both, and nothing is decided between them.
void judge_widths(const MemorySource &memory, PhysAddr root, const Reading &reading, std::uint32_t given,
                  std::vector<Reading> &judged)
{
    const auto wider = scan::wider_root(memory, root, reading, given);
    if (!wider || !wider->sure)
        judged.push_back(reading);
    if (!wider)
        return;
    Reading &whole = judged.emplace_back(reading);
    whole.params = wider->params;
    whole.evidence = judge(memory, root, whole).evidence;
    whole.score = scan::score(whole.evidence);
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
    const bool any = limits.table == nullptr && limits.directory == nullptr;
    for (Reading reading : open_readings(limits)) {
        const PhysAddr place(root_page.value() * kPageBytes);  // regions are aligned to more than any root
        if (!is_aligned(place, reading) || (any && !reads_somehow(page, place, reading)))
            continue;
        const auto bases = limits.base ? std::vector{*limits.base} : possible_bases(page, reading);
        for (const PhysAddr base : bases) {
            named.insert(base);
            PiecewiseMemory memory;
            memory.add(base, region);
            const PhysAddr root = base + root_page.value() * kPageBytes;
            if (reading.directory != nullptr)
                scan::fit_entries(memory, root, *reading.directory, reading.params, limits.given);
            const Judgement judgement = judge(memory, root, reading);
            reading.base = base;
            reading.evidence = judgement.evidence;
            reading.evidence.pages_unexplained = unexplained_pages(region, base, judgement);
            reading.evidence.leaves_on_tables += leaves_on_allocated_pages(region, base, judgement);
            reading.score = scan::score(reading.evidence);
            judged.push_back(reading);
        }
    }
    Guess guess = scan::conclude(std::move(judged));
    guess.named_bases.assign(named.begin(), named.end());
    return guess;
}

Guess guess_memory(const MemorySource &memory, PhysAddr root, const GuessLimits &limits)
{
    std::vector<Reading> judged;
    const bool any = limits.table == nullptr && limits.directory == nullptr;
    std::vector<std::byte> buffer(kPageBytes);
    const Bytes page = memory.page(PhysAddr(root.value() & ~(kPageBytes - 1)), buffer);
    for (Reading reading : open_readings(limits)) {
        if (!is_aligned(root, reading) && !scan::narrow_to_alignment(root, reading, limits.given))
            continue;
        if (any && !reads_somehow(page, root, reading))
            continue;
        if (reading.directory != nullptr)
            scan::fit_entries(memory, root, *reading.directory, reading.params, limits.given);
        reading.evidence = judge(memory, root, reading).evidence;
        reading.score = scan::score(reading.evidence);
        judge_widths(memory, root, reading, limits.given, judged);
    }
    return scan::conclude(std::move(judged));
}

}  // namespace pgregion
