// SPDX-License-Identifier: GPL-2.0-or-later
#include "scan/judge.h"

#include "base/bits.h"
#include "base/bytes.h"
#include "walk/table_reader.h"

#include <pgregion/walk.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>

namespace pgregion::scan
{

namespace
{

constexpr std::size_t kEntriesPerPage = kPageBytes / kWordBytes;

/// More faulting entries than this share make a child implausible.
constexpr std::uint64_t kGoodShare = 2;

constexpr std::size_t kMaxPointers = std::size_t{1} << 17;
constexpr std::size_t kMostPerUpperLevel = 64;
constexpr std::size_t kMostLevels = 8;

/// A reading with more against it than for it after so many is not looked at any further.
constexpr std::size_t kTablesToGiveUp = 64;
/// Far more, and nobody waits for so many: asked after this number of tables, or of pages below pointers, and whenever
/// it has doubled.
constexpr std::size_t kLooksToGiveUp = 8;

/// Leaves farther from every table than a region is long map no page of that region.
constexpr std::uint64_t kNearBytes = std::uint64_t{2} << 20;

/// Pages behind leaves that are looked at: enough of them from enough tables to know what most are.
constexpr std::size_t kMaxSamples = 512;
constexpr std::size_t kSamplesPerTable = 8;

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

class TableJudge
{
public:
    TableJudge(const MemorySource &memory, const TableFormat &format, const FormatParams &params)
        : reader_(memory), format_(format), params_(params)
    {
    }

    Judgement go(PhysAddr root)
    {
        lowest_table_ = highest_table_ = root;
        queue_.push_back({root, params_.levels - 1U});
        while (!queue_.empty() && judgement_.evidence.tables < 2 * kMaxTables && pointers_ < kMaxPointers &&
               !hopeless_) {
            const Place place = queue_.front();
            queue_.pop_front();
            judgement_.tables.insert(place.table);
            ++judgement_.evidence.tables;
            judge_table(place);
            look_for_hope();
            hopeless_ |= judgement_.evidence.tables == kTablesToGiveUp && score(judgement_.evidence) < 0;
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

    enum class Child : std::uint8_t { outside, bad, empty, good };

    void look_for_hope()
    {
        const std::size_t looks = judgement_.evidence.tables + children_.size();
        if (looks < next_look_)
            return;
        next_look_ = 2 * looks;
        hopeless_ = score(judgement_.evidence) < kHopeless;
    }

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
            for (std::size_t i = 0; i < count && !hopeless_; ++i)
                judge_run(runs_[i], place.level);
            if (hopeless_)
                return;
        }
    }

    void judge_run(const EntryRun &run, unsigned level)
    {
        Evidence &evidence = judgement_.evidence;
        const Entry &entry = run.first;
        if (is_beyond_sample(entry))
            return;
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

    /// A few tables may point to thousands: those that will not be read say nothing for or against. Upper levels give
    /// fewer of them, so that the last one is reached in any tree.
    [[nodiscard]] bool is_beyond_sample(const Entry &entry)
    {
        if (entry.kind != EntryKind::table || entry.faults())
            return false;
        const std::size_t most = entry.target_level == 0 ? kMaxTables : kMostPerUpperLevel;
        if (tables_at_.at(entry.target_level) < most || children_.contains({entry.target, entry.target_level}))
            return false;
        ++pointers_;
        return true;
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
        // An entry that no operating system writes proves nothing, wherever it leads: x86 tables close as well.
        switch (child_at({entry.target, entry.target_level})) {
        case Child::outside:
            ++evidence.pointers_outside;
            break;
        case Child::empty:
            ++evidence.pointers_empty;
            break;
        case Child::good:
            evidence.pointers_good += format_.typical(entry, level) ? 1U : 0U;
            break;
        case Child::bad:
            break;
        }
        look_for_hope();
    }

    /// Read and looked at once: a hostile root has 512 pointers to each of 512 pages. What is there is judged later.
    Child child_at(const Place &place)
    {
        const auto [known, is_new] = children_.try_emplace(place, Child::outside);
        if (!is_new)
            return known->second;
        const Bytes table = reader_.read(place.table, format_.shape(place.level, params_).bytes());
        if (table.empty())
            return Child::outside;
        known->second = all_zero(table)                                      ? Child::empty
                        : reads_well(table, {format_, params_, place.level}) ? Child::good
                                                                             : Child::bad;
        queue_.push_back(place);
        ++tables_at_.at(place.level);
        lowest_table_ = std::min(lowest_table_, place.table);
        highest_table_ = std::max(highest_table_, place.table);
        return known->second;
    }

    walk::TableReader reader_;
    const TableFormat &format_;
    FormatParams params_;
    /// A thread judges one reading at a time, and thousands of them: filling an array for each costs more than most do.
    static thread_local std::vector<EntryRun> runs_;
    std::deque<Place> queue_;
    std::map<Place, Child> children_;
    std::array<std::size_t, kMostLevels> tables_at_{};  ///< children to be read, by level
    PhysAddr lowest_table_;
    PhysAddr highest_table_;
    std::size_t pointers_ = 0;
    std::size_t next_look_ = kLooksToGiveUp;
    bool hopeless_ = false;
    std::size_t samples_left_ = kMaxSamples;
    std::size_t samples_left_in_table_ = 0;
    Judgement judgement_;
};

thread_local std::vector<EntryRun> TableJudge::runs_(kEntriesPerPage);

}  // namespace

bool reads_well(Bytes table, const TableReading &reading)
{
    thread_local std::vector<EntryRun> room(kEntriesPerPage);
    const std::span<EntryRun> runs(room);
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

Judgement judge_tables(const MemorySource &memory, PhysAddr root, const TableFormat &format, const FormatParams &params)
{
    return TableJudge(memory, format, params).go(root);
}

}  // namespace pgregion::scan
