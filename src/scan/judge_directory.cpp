// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/bytes.h"
#include "scan/judge.h"
#include "walk/table_reader.h"

#include <pgregion/walk.h>

#include <map>
#include <set>

namespace pgregion::scan
{

namespace
{

/// A directory that is hopeless after so many records, or whenever there are twice as many, is not looked at any further.
constexpr std::uint64_t kRecordsToGiveUp = 16;

/// A directory of one device has so few records that they prove nothing without the page tables that they lead to.
constexpr std::uint64_t kFewRecords = 3;

/// A requester id of PCI: bus and slot, then the function.
constexpr unsigned kFunctionBits = 3;
constexpr std::uint32_t kFunctions = 1U << kFunctionBits;

/// Functions 0 and 4: where records are read at twice their size, two slots with one function each.
constexpr std::uint32_t kHalves = 1U << 0 | 1U << 4;

class DirectoryJudge final : public DirectoryVisitor
{
public:
    DirectoryJudge(const MemorySource &memory, const DirectoryFormat &format)
        : memory_(memory), reader_(memory), format_(format)
    {
    }

    void record(const DirectoryStep &step, const DirectoryPlace &) override
    {
        Evidence &evidence = judgement_.evidence;
        judgement_.tables.insert(page_of(step.table.address));
        if (evidence.present == next_look_) {
            next_look_ *= 2;
            hopeless_ = score(evidence) < kHopeless;
        }
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

    [[nodiscard]] bool wants_more() const override { return !hopeless_; }

    [[nodiscard]] Judgement result()
    {
        for (const auto &[slot, functions] : functions_of_slot_) {
            ++judgement_.evidence.slots;
            judgement_.evidence.slots_odd += slot & 1;
            judgement_.evidence.slots_split += (functions & 1) == 0 || functions == kHalves ? 1U : 0U;
        }
        if (judgement_.evidence.present < kFewRecords && first_root_)
            add(judge_tables(memory_, first_root_->root, *first_root_->format, first_root_->params));
        return std::move(judgement_);
    }

private:
    /// What page tables say for the directory that leads to them.
    void add(const Judgement &tables)
    {
        Evidence &evidence = judgement_.evidence;
        const Evidence &more = tables.evidence;
        for (const auto member : {&Evidence::present, &Evidence::leaves, &Evidence::typical, &Evidence::typical_leaves,
                                  &Evidence::faulting, &Evidence::pointers_good, &Evidence::pointers_empty,
                                  &Evidence::pointers_outside, &Evidence::leaves_on_tables, &Evidence::leaf_pages_seen,
                                  &Evidence::leaf_pages_entries, &Evidence::leaf_pages_zero})
            evidence.*member += more.*member;
        judgement_.tables.insert(tables.tables.begin(), tables.tables.end());
    }

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
        if (!first_root_)
            first_root_ = stage;
        const bool good = reads_well(table, {*stage.format, stage.params, top});
        ++(good ? judgement_.evidence.roots_good : judgement_.evidence.roots_bad);
    }

    const MemorySource &memory_;
    walk::TableReader reader_;
    const DirectoryFormat &format_;
    Judgement judgement_;
    std::set<PhysAddr> roots_;
    std::map<std::uint32_t, std::uint32_t> functions_of_slot_;
    std::optional<Stage> first_root_;  ///< page tables that are there
    std::uint64_t next_look_ = kRecordsToGiveUp;
    bool hopeless_ = false;
};

}  // namespace

Judgement judge_directory(const MemorySource &memory, PhysAddr root, const DirectoryFormat &format,
                          const FormatParams &params)
{
    DirectoryJudge judge(memory, format);
    walk_directory(memory, {&format, params, root}, judge);
    return judge.result();
}

}  // namespace pgregion::scan
