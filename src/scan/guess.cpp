// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/bytes.h"
#include "scan/directory_extent.h"
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

/// Fewer present entries than this prove nothing (iommu-formats.md section 8.2).
constexpr std::uint64_t kLeastPresent = 3;
constexpr std::uint64_t kLeastLeavesToZeros = 16;
/// A table of 4 KiB stands at a multiple of 16 KiB one time in four, so five of them hardly ever do.
constexpr std::uint64_t kTablesToTellTheGranule = 5;
/// The best reading must be that much better, per entry, than the next that differs from it.
constexpr double kLeastMargin = 0.5;
constexpr double kHighScore = 1.5;
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
        if (raw)
            return format.decode(*raw, 1, reading.params).kind == EntryKind::table;
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

/// True when `part` reads the same tables as `whole`, but each of them only from its start: a granule that is too
/// small. With a granule too large, by contrast, tables do not stand where they may.
bool is_part_of(const Reading &part, const Reading &whole)
{
    const bool same_format = part.table != nullptr && part.table == whole.table && part.base == whole.base &&
                             part.params.levels == whole.params.levels;
    return same_format && whole.evidence.faulting == 0 && whole.evidence.tables >= kTablesToTellTheGranule &&
           whole.evidence.present * 2 >= part.evidence.present * 3;
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

/// In entries. Looking up what a pointer leads to costs many times what an entry of a run of leaves does.
std::uint64_t cost_of(const Evidence &evidence)
{
    constexpr std::uint64_t kPerPointer = 16;
    return evidence.present +
           kPerPointer * (evidence.pointers_good + evidence.pointers_empty + evidence.pointers_outside);
}

Guess conclude(std::vector<Reading> readings)
{
    Guess guess;
    for (const Reading &reading : readings)
        guess.entries_judged += cost_of(reading.evidence);
    std::erase_if(readings, [](const Reading &reading) { return reading.score <= 0; });
    std::ranges::stable_sort(readings, comes_before);
    guess.readings = std::move(readings);
    if (guess.readings.empty())
        return guess;
    const auto whole = std::ranges::find_if(guess.readings, [&](const Reading &reading) {
        return !is_thin(reading) && is_part_of(guess.readings.front(), reading);
    });
    if (whole != guess.readings.end())
        std::rotate(guess.readings.begin(), whole, whole + 1);
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
    Guess guess = conclude(std::move(judged));
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
        if (!is_aligned(root, reading) || (any && !reads_somehow(page, root, reading)))
            continue;
        if (reading.directory != nullptr)
            scan::fit_entries(memory, root, *reading.directory, reading.params, limits.given);
        reading.evidence = judge(memory, root, reading).evidence;
        reading.score = scan::score(reading.evidence);
        judged.push_back(reading);
    }
    return conclude(std::move(judged));
}

}  // namespace pgregion
