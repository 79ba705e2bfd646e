// SPDX-License-Identifier: GPL-2.0-or-later
#include "scan/judge.h"

#include "base/bits.h"
#include "base/bytes.h"
#include "walk/table_reader.h"

#include <pgregion/walk.h>

#include <algorithm>
#include <deque>
#include <map>

namespace pgregion::scan
{

namespace
{

/// Judging needs a sample, not everything: a reading is clear after this many tables.
constexpr std::size_t kMaxTables = 2048;
constexpr std::size_t kMaxPointers = std::size_t{1} << 16;

/// A reading with more against it than for it after so many is not looked at any further.
constexpr std::size_t kTablesToGiveUp = 64;

/// More faulting entries than this share make a child implausible.
constexpr std::uint64_t kGoodShare = 2;

/// Leaves farther from every table than a region is long map no page of that region.
constexpr std::uint64_t kNearBytes = std::uint64_t{2} << 20;

/// Pages behind leaves that are looked at: enough of them from enough tables to know what most are.
constexpr std::size_t kMaxSamples = 512;
constexpr std::size_t kSamplesPerTable = 8;

/// A requester id of PCI: bus and slot, then the function.
constexpr unsigned kFunctionBits = 3;
constexpr std::uint32_t kFunctions = 1U << kFunctionBits;

/// Functions 0 and 4: where records are read at twice their size, two slots with one function each.
constexpr std::uint32_t kHalves = 1U << 0 | 1U << 4;

/// Where addresses stand in an entry of any architecture: RISC-V has them two bits lower than the others.
constexpr std::uint64_t kAddresses = bits(53, 10);

/// True for a page that looks like a table of any architecture: words that are an address with low bits set,
/// most of them with the same bits around the address.
bool looks_like_entries(Bytes page)
{
    std::map<std::uint64_t, std::uint64_t> count_of_attributes;
    std::uint64_t present = 0;
    std::uint64_t like_entries = 0;
    std::uint64_t most = 0;
    for (std::size_t at = 0; at < page.size(); at += kWordBytes) {
        const std::uint64_t word = load_le64(page, at);
        if (word == 0)
            continue;
        ++present;
        if ((word & bits(1, 0)) == 0 || (word & kAddresses) == 0)
            continue;
        ++like_entries;
        most = std::max(most, ++count_of_attributes[word & ~kAddresses]);
    }
    return present > 0 && like_entries * 10 >= present * 9 && most * 2 >= present;
}

/// A way to read one table.
struct TableReading {
    const TableFormat &format;
    const FormatParams &params;
    unsigned level;
};

/// Most of what is present in the table is free of faults and typical. `runs` has room for a page of entries.
bool reads_well(Bytes table, const TableReading &reading, std::span<EntryRun> runs)
{
    const std::size_t count = reading.format.decode_table(table, 0, reading.level, reading.params, runs).runs;
    std::uint64_t good = 0;
    std::uint64_t all = 0;
    for (const EntryRun &run : runs.first(count)) {
        all += run.count;
        if (run.first.present() && !run.first.faults() && reading.format.typical(run.first, reading.level))
            good += run.count;
    }
    return good * kGoodShare > all;
}

class TableJudge
{
public:
    TableJudge(const MemorySource &memory, const TableFormat &format, const FormatParams &params)
        : reader_(memory), format_(format), params_(params), runs_(kPageBytes / kWordBytes),
          child_runs_(kPageBytes / kWordBytes)
    {
    }

    Judgement go(PhysAddr root)
    {
        lowest_table_ = highest_table_ = root;
        queue_.push_back({root, params_.levels - 1U});
        seen_.insert(queue_.front());
        while (!queue_.empty() && judgement_.evidence.tables < kMaxTables && pointers_ < kMaxPointers) {
            const Place place = queue_.front();
            queue_.pop_front();
            judgement_.tables.insert(place.table);
            ++judgement_.evidence.tables;
            judge_table(place);
            if (judgement_.evidence.tables == kTablesToGiveUp && score(judgement_.evidence) < 0)
                break;
        }
        judgement_.evidence.leaves_on_tables = leaves_on_tables();
        return std::move(judgement_);
    }

private:
    struct Place {
        PhysAddr table;
        unsigned level;
        friend auto operator<=>(const Place &, const Place &) = default;
    };

    enum class Child : std::uint8_t { bad, empty, good };

    void judge_table(const Place &place)
    {
        const TableShape shape = format_.shape(place.level, params_);
        for (std::uint64_t done = 0; done < shape.bytes();) {
            const Bytes bytes = reader_.read(place.table + done, shape.bytes() - done);
            if (bytes.empty())
                return;
            const std::size_t count = format_.decode_table(bytes, 0, place.level, params_, runs_).runs;
            done += bytes.size();
            samples_left_in_table_ = kSamplesPerTable;
            for (const EntryRun &run : std::span(runs_).first(count))
                judge_run(run, place.level);
        }
    }

    void judge_run(const EntryRun &run, unsigned level)
    {
        Evidence &evidence = judgement_.evidence;
        const Entry &entry = run.first;
        if (level + 1U == params_.levels)
            evidence.root_present += run.count;
        evidence.present += run.count;  // non-zero and not present counts: an IOMMU's tables rarely hold such
        if (!entry.present())
            return;
        if (entry.faults()) {
            evidence.faulting += run.count;
            return;
        }
        const std::uint64_t typical = format_.typical(entry, level) ? run.count : 0;
        evidence.typical += typical;
        if (level + 1U == params_.levels)
            evidence.root_typical += typical;
        if (entry.kind == EntryKind::leaf) {
            evidence.leaves += run.count;
            evidence.typical_leaves += typical;
            if (level == 0)
                judge_small_leaves(run);
            return;
        }
        judge_pointer(entry, level);
    }

    /// Large leaves are left out: a pointer is never mistaken for one, so they say nothing about the depth.
    void judge_small_leaves(const EntryRun &run)
    {
        const Range<PhysAddr> targets{run.first.target, std::uint64_t{run.count} << run.first.size_lg2};
        if (near_tables(targets))
            remember(targets);
        sample(run.first.target);
        if (run.count > 1)
            sample(run.entry(run.count / 2).target);
    }

    /// True when a page of `targets` may be a table of this tree or lie in one region with it. Tables come level
    /// by level, so nearly all of them are known before the first small leaf; most leaves are far from them all.
    [[nodiscard]] bool near_tables(const Range<PhysAddr> &targets) const
    {
        return targets.first.value() <= highest_table_.value() + kNearBytes &&
               targets.first.value() + targets.size + kNearBytes > lowest_table_.value();
    }

    void remember(const Range<PhysAddr> &targets)
    {
        std::vector<Range<PhysAddr>> &leaves = judgement_.small_leaves;
        if (!leaves.empty() && leaves.back().first + leaves.back().size == targets.first)
            leaves.back().size += targets.size;
        else
            leaves.push_back(targets);
    }

    /// Looks at the page behind a leaf. Data seldom looks like entries; tables that a reading of too few levels
    /// takes for data always do.
    void sample(PhysAddr target)
    {
        if (samples_left_in_table_ == 0 || samples_left_ == 0)
            return;
        --samples_left_in_table_;
        --samples_left_;
        const Bytes page = reader_.read(target, kPageBytes);
        if (page.empty())
            return;
        ++judgement_.evidence.leaf_pages_seen;
        if (all_zero(page))
            ++judgement_.evidence.leaf_pages_zero;
        if (looks_like_entries(page))
            ++judgement_.evidence.leaf_pages_entries;
    }

    [[nodiscard]] std::uint64_t leaves_on_tables() const
    {
        const std::vector<PhysAddr> tables(judgement_.tables.begin(), judgement_.tables.end());
        std::uint64_t count = 0;
        for (const Range<PhysAddr> &targets : judgement_.small_leaves) {
            const PhysAddr last = targets.first + (targets.size - 1);
            if (tables.empty() || last < tables.front() || tables.back() < targets.first)
                continue;
            count += static_cast<std::uint64_t>(std::ranges::upper_bound(tables, last) -
                                                std::ranges::lower_bound(tables, targets.first));
        }
        return count;
    }

    void judge_pointer(const Entry &entry, unsigned level)
    {
        Evidence &evidence = judgement_.evidence;
        ++pointers_;
        const Bytes child = reader_.read(entry.target, format_.shape(entry.target_level, params_).bytes());
        if (child.empty()) {
            ++evidence.pointers_outside;
            return;
        }
        // An entry that no operating system writes proves nothing, wherever it leads: x86 tables close as well.
        const Place place{entry.target, entry.target_level};
        const Child quality = quality_of(place, child);
        if (quality == Child::empty)
            ++evidence.pointers_empty;
        else if (quality == Child::good && format_.typical(entry, level))
            ++evidence.pointers_good;
        if (!seen_.insert(place).second)
            return;
        queue_.push_back(place);
        lowest_table_ = std::min(lowest_table_, place.table);
        highest_table_ = std::max(highest_table_, place.table);
    }

    /// Looked at once per table: a hostile root has 512 pointers to each of 512 pages.
    Child quality_of(const Place &place, Bytes table)
    {
        const auto [known, is_new] = children_.try_emplace(place, Child::bad);
        if (is_new && all_zero(table))
            known->second = Child::empty;
        else if (is_new && reads_well(table, {format_, params_, place.level}, child_runs_))
            known->second = Child::good;
        return known->second;
    }

    walk::TableReader reader_;
    const TableFormat &format_;
    FormatParams params_;
    std::vector<EntryRun> runs_;
    std::vector<EntryRun> child_runs_;
    std::deque<Place> queue_;
    std::set<Place> seen_;
    std::map<Place, Child> children_;
    PhysAddr lowest_table_;
    PhysAddr highest_table_;
    std::size_t pointers_ = 0;
    std::size_t samples_left_ = kMaxSamples;
    std::size_t samples_left_in_table_ = 0;
    Judgement judgement_;
};

class DirectoryJudge final : public DirectoryVisitor
{
public:
    DirectoryJudge(const MemorySource &memory, const DirectoryFormat &format)
        : reader_(memory), format_(format), runs_(kPageBytes / kWordBytes)
    {
    }

    void record(const DirectoryStep &step, const DirectoryPlace &) override
    {
        Evidence &evidence = judgement_.evidence;
        judgement_.tables.insert(page_of(step.table.address));
        ++evidence.present;
        if (!step.record.present)
            return;
        const std::uint64_t typical = format_.typical(step.table.type, step.words) ? 1 : 0;
        if (step.record.fault && (typical == 0 || !blocks(step.record))) {
            ++evidence.faulting;
            return;
        }
        evidence.typical += typical;
        if (step.record.translation && step.record.translation->format != nullptr)
            judge_root(physical_stage(*step.record.translation));
        if (step.record.next && step.record.next->outer.format == nullptr) {
            judge_pointer(step.record.next->address);
        } else {
            ++evidence.leaves;
            evidence.typical_leaves += typical;
        }
    }

    void problem(const Problem &problem) override
    {
        if (problem.kind == ProblemKind::table_outside_source)
            ++judgement_.evidence.pointers_outside;
    }

    void device(const Device &device) override
    {
        const TranslationKind kind = device.translation.kind;
        if (!device.pasid && device.id == device.last_id && kind != TranslationKind::blocked &&
            kind != TranslationKind::invalid && functions_of_slot_.size() < kMaxTables)
            functions_of_slot_[device.id >> kFunctionBits] |= 1U << (device.id & (kFunctions - 1));
    }

    Judgement take()
    {
        for (const auto &[slot, functions] : functions_of_slot_) {
            ++judgement_.evidence.slots;
            judgement_.evidence.slots_odd += slot & 1;
            judgement_.evidence.slots_split += (functions & 1) == 0 || functions == kHalves ? 1U : 0U;
        }
        return std::move(judgement_);
    }

private:
    /// A device that may do nothing faults by intent: operating systems fill whole tables with such records.
    static bool blocks(const DirectoryRecord &record)
    {
        return record.translation && record.translation->kind == TranslationKind::blocked;
    }

    void judge_pointer(PhysAddr table)
    {
        const Bytes bytes = reader_.read(table, kPageBytes);
        if (bytes.empty())
            return;  // told by problem()
        judgement_.tables.insert(page_of(table));
        if (all_zero(bytes))
            ++judgement_.evidence.pointers_empty;
        else
            ++judgement_.evidence.pointers_good;
    }

    /// Page tables at the end of a directory close it, too. They may well lie outside of a region, and a domain
    /// without mappings has an empty root, so only what is there counts. Each root counts once.
    void judge_root(const Stage &stage)
    {
        if (roots_.size() >= kMaxTables || !roots_.insert(stage.root).second)
            return;
        const unsigned top = stage.params.levels - 1U;
        const Bytes table = reader_.read(stage.root, stage.format->shape(top, stage.params).bytes());
        if (table.empty() || all_zero(table))
            return;
        const bool good = reads_well(table, {*stage.format, stage.params, top}, runs_);
        ++(good ? judgement_.evidence.roots_good : judgement_.evidence.roots_bad);
    }

    walk::TableReader reader_;
    const DirectoryFormat &format_;
    std::vector<EntryRun> runs_;
    std::set<PhysAddr> roots_;
    std::map<std::uint32_t, std::uint32_t> functions_of_slot_;
    Judgement judgement_;
};

}  // namespace

Judgement judge_tables(const MemorySource &memory, PhysAddr root, const TableFormat &format, const FormatParams &params)
{
    return TableJudge(memory, format, params).go(root);
}

Judgement judge_directory(const MemorySource &memory, PhysAddr root, const DirectoryFormat &format,
                          const FormatParams &params)
{
    DirectoryJudge judge(memory, format);
    walk_directory(memory, {&format, params, root}, judge);
    return judge.take();
}

}  // namespace pgregion::scan
