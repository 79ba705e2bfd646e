// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/bits.h"
#include "walk/table_reader.h"
#include "walk/visit_counter.h"

#include <pgregion/walk.h>

namespace pgregion
{

namespace
{

using walk::TableReader;
using walk::VisitCounter;

constexpr std::size_t kEntriesPerPage = kPageBytes / kWordBytes;

class Walker
{
public:
    Walker(const MemorySource &memory, const WalkRequest &request, WalkVisitor &visitor)
        : request_(request), format_(*request.format), visitor_(visitor), own_budget_(WalkBudget::for_root(memory)),
          shared_budget_(request.budget), stage_memory_(memory, request.outer)
    {
        const bool nested = request.outer.format != nullptr;
        for (unsigned level = 0; level < request.params.levels; ++level)
            levels_.emplace_back(nested ? static_cast<const MemorySource &>(stage_memory_) : memory);
    }

    WalkOutcome go()
    {
        const unsigned top = request_.params.levels - 1U;
        const TableShape shape = format_.shape(top, request_.params);
        outcome_.root_readable = !levels_[top].reader.read(request_.root, shape.bytes()).empty();
        if (!outcome_.root_readable)
            return outcome_;
        counter_.visit(request_.root, top);
        walk_table({.format = &format_,
                    .params = &request_.params,
                    .table = request_.root,
                    .level = top,
                    .first = Iova(0),
                    .access = request_.access,
                    .shape = shape,
                    .is_root = true,
                    .intermediate = request_.outer.format != nullptr});
        return outcome_;
    }

private:
    /// What one level of the recursion needs; a level is never active twice at the same time.
    struct LevelState {
        explicit LevelState(const MemorySource &memory) : reader(memory), runs(kEntriesPerPage) {}
        TableReader reader;
        std::vector<EntryRun> runs;
    };

    void walk_table(const TableVisit &visit)
    {
        if (!spend()) {
            report(ProblemKind::budget_spent, visit, {}, visit.table.value());
            outcome_.stopped = true;
            return;
        }
        visitor_.enter(visit);
        for (std::uint64_t done = 0; done < visit.shape.bytes() && !outcome_.stopped;) {
            LevelState &state = levels_[visit.level];
            const PhysAddr at = visit.table + done;
            const Bytes bytes = state.reader.read(at, visit.shape.bytes() - done);
            if (bytes.empty()) {  // a table of several pages that the source holds in part
                report(ProblemKind::table_outside_source, visit, {}, at.value());
                return;
            }
            const auto first_index = static_cast<std::uint32_t>(done / kWordBytes);
            const DecodedTable decoded =
                format_.decode_table(bytes, first_index, visit.level, request_.params, state.runs);
            take(visit, std::span(state.runs).first(decoded.runs), decoded.only_leaves);
            done += bytes.size();
        }
    }

    /// Takes one table off the budgets; false when one of them is used up.
    bool spend()
    {
        if (own_budget_.tables == 0 || (shared_budget_ != nullptr && shared_budget_->tables == 0))
            return false;
        --own_budget_.tables;
        if (shared_budget_ != nullptr)
            --shared_budget_->tables;
        return true;
    }

    /// Hands the runs on, in batches that end where the walk has something to do itself.
    void take(const TableVisit &visit, std::span<EntryRun> runs, bool only_leaves)
    {
        std::vector<EntryRun> adjusted;
        if (request_.only || (visit.is_root && !runs.empty())) {
            adjusted = adjust(visit, runs);
            runs = adjusted;
        }
        if (only_leaves) {
            hand_on(visit, runs);
            return;
        }
        std::size_t first = 0;
        for (std::size_t i = 0; i < runs.size() && !outcome_.stopped; ++i) {
            const Entry &entry = runs[i].first;
            if (entry.torn)
                report_torn(visit, runs[i]);
            if (entry.kind != EntryKind::table && !entry.faults())
                continue;
            hand_on(visit, runs.subspan(first, i + 1 - first));
            first = i + 1;
            if (entry.faults())
                report_fault(visit, runs[i]);
            else if (!outcome_.stopped)
                descend(visit, runs[i]);
        }
        hand_on(visit, runs.subspan(first));
    }

    void hand_on(const TableVisit &visit, std::span<const EntryRun> runs)
    {
        if (!runs.empty() && !outcome_.stopped)
            outcome_.stopped = visitor_.runs(visit, runs) == Visit::stop;
    }

    /// Cuts runs to the wanted range. In a root also cuts those that cross the hole of a sign-extended address
    /// space, where the next slot is not the next address.
    [[nodiscard]] std::vector<EntryRun> adjust(const TableVisit &visit, std::span<const EntryRun> runs) const
    {
        std::vector<EntryRun> adjusted;
        for (const EntryRun &run : runs) {
            const std::uint64_t distance = std::uint64_t{run.count - 1} << run.first.size_lg2;
            const bool whole = visit.iova(run.slot(run.count - 1)) - visit.iova(run.index) == distance;
            for (std::uint32_t done = 0; done < run.count;) {
                EntryRun piece = run.part(done, whole ? run.count : 1);
                done += piece.count;
                if (!request_.only || clip(visit, piece))
                    adjusted.push_back(piece);
            }
        }
        return adjusted;
    }

    /// Cuts the run to the slots that touch the wanted range; false when none does.
    [[nodiscard]] bool clip(const TableVisit &visit, EntryRun &run) const
    {
        if (request_.only->empty())
            return false;
        const std::uint64_t leaf_last = low_bits(visit.shape.shift + run.first.replicas_lg2);
        const Iova wanted_last = request_.only->first + (request_.only->size - 1);
        const auto touches = [&](std::uint32_t slot) {
            const Iova first = visit.iova(slot);
            return first <= wanted_last && first + leaf_last >= request_.only->first;
        };
        while (run.count > 0 && !touches(run.index))
            run = run.part(1, run.count - 1);
        while (run.count > 0 && !touches(run.slot(run.count - 1)))
            --run.count;
        return run.count > 0;
    }

    void descend(const TableVisit &visit, const EntryRun &run)
    {
        const Entry entry = run.first;
        assert(entry.target_level < visit.level);  // a format calls any other pointer invalid
        if (entry.target_level < request_.deepest_level)
            return;
        const TableShape shape = format_.shape(entry.target_level, request_.params);
        if (levels_[entry.target_level].reader.read(entry.target, shape.bytes()).empty()) {
            report(ProblemKind::table_outside_source, visit, run, entry.target.value());
            return;
        }
        const TableVisit next{.format = &format_,
                              .params = &request_.params,
                              .table = entry.target,
                              .level = entry.target_level,
                              .first = visit.iova(run.index),
                              .access = visit.access & entry.access,
                              .shape = shape,
                              .is_root = false,
                              .intermediate = visit.intermediate};
        if (!visitor_.wants(next))
            return;
        if (counter_.visit(entry.target, entry.target_level) > kMaxExpansions)
            report(ProblemKind::table_repeated, visit, run, entry.target.value());
        else
            walk_table(next);
    }

    /// Told once for neighbouring slots: a group has up to 256 of them.
    void report_torn(const TableVisit &visit, const EntryRun &run)
    {
        const bool goes_on = torn_table_ == visit.table && torn_index_ + 1 == run.index;
        torn_table_ = visit.table;
        torn_index_ = run.index;
        if (!goes_on)
            report(ProblemKind::replicas_differ, visit, run, run.first.raw);
    }

    void report_fault(const TableVisit &visit, const EntryRun &run)
    {
        if (run.first.kind == EntryKind::invalid)
            report(ProblemKind::invalid_entry, visit, run, run.first.raw);
        else
            report(ProblemKind::reserved_bits, visit, run, run.first.reserved_set);
    }

    void report(ProblemKind kind, const TableVisit &visit, const EntryRun &run, std::uint64_t observed)
    {
        outcome_.note(kind);
        visitor_.problem({.kind = kind,
                          .table = visit.table,
                          .level = static_cast<std::uint8_t>(visit.level),
                          .index = run.index,
                          .iova = visit.iova(run.index),
                          .device = {},
                          .observed = observed});
    }

    const WalkRequest &request_;
    const TableFormat &format_;
    WalkVisitor &visitor_;
    WalkBudget own_budget_;
    WalkBudget *shared_budget_;
    StageMemory stage_memory_;
    VisitCounter counter_;
    std::vector<LevelState> levels_;
    std::optional<PhysAddr> torn_table_;
    std::uint32_t torn_index_ = 0;
    WalkOutcome outcome_;
};

}  // namespace

std::string_view code(ProblemKind kind)
{
    static constexpr std::array<std::string_view, 8> kCodes{
        "table-outside-source", "reserved-bits",       "invalid-entry",   "table-repeated",
        "budget-spent",         "root-outside-source", "replicas-differ", "not-in-outer-stage",
    };
    return kCodes.at(static_cast<std::size_t>(kind));
}

WalkBudget WalkBudget::for_root(const MemorySource &memory)
{
    constexpr std::uint64_t kForShared = 256;
    return {memory.size_bytes() / kPageBytes + kForShared};
}

WalkBudget WalkBudget::for_memory(const MemorySource &memory)
{
    constexpr std::uint64_t kLeast = std::uint64_t{1} << 18;
    constexpr std::uint64_t kPerPage = 16;
    return {kLeast + kPerPage * (memory.size_bytes() / kPageBytes)};
}

WalkOutcome walk_tables(const MemorySource &memory, const WalkRequest &request, WalkVisitor &visitor)
{
    return Walker(memory, request, visitor).go();
}

}  // namespace pgregion
