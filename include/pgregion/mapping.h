// SPDX-License-Identifier: GPL-2.0-or-later
//
// Mappings: what the leaves below one root say, IOVA to PA, merged where they go on alike.
#pragma once

#include <pgregion/walk.h>

#include <utility>

namespace pgregion
{

/// [iova, iova + size) goes to [pa, pa + size) with that access. `size` is never 0; a size of 2^64 cannot
/// happen because no format maps that much by leaves.
struct Mapping {
    Iova iova;
    PhysAddr pa;
    std::uint64_t size_bytes = 0;
    Access access;

    friend bool operator==(const Mapping &, const Mapping &) = default;
};

/// Consecutive leaves of one size: leaf k of `count` maps iova + k * leaf_bytes to pa + k * leaf_bytes.
struct LeafRun {
    Iova iova;
    PhysAddr pa;
    std::uint64_t leaf_bytes = 0;
    std::uint32_t count = 0;
    Access access;  ///< over all levels
};

/// Cuts leaves whose targets are intermediate addresses into what the outer stage makes of them.
class OuterStage
{
public:
    /// `memory` and `stage` must outlive this object.
    OuterStage(const MemorySource &memory, const Stage &stage);

    struct Piece {
        LeafRun run;          ///< its `pa` is physical where it is mapped, intermediate where it is not
        bool mapped = false;  ///< whether the outer stage maps it
    };
    /// Takes the leaves to be cut; their targets are intermediate addresses.
    void begin(const LeafRun &run);
    [[nodiscard]] bool done() const { return bytes_left_ == 0; }
    /// The next piece of them, while not done; nothing when the work allowed is used up.
    [[nodiscard]] std::optional<Piece> next();
    /// Where the next piece begins.
    [[nodiscard]] const LeafRun &rest() const { return rest_; }

private:
    const MemorySource &memory_;
    const Stage &stage_;
    std::uint64_t pieces_left_;
    LeafRun rest_;
    std::uint64_t bytes_left_ = 0;
};

/// Makes leaf runs of what the walker hands on: the leaves that hardware would use (no malformed ones), in
/// order of the tables, behind all stages of a nested translation. `Derived` has `Visit leaves(const LeafRun &)`,
/// which is inlined here: a full table has 512 leaves, and a virtual call for each would cost as much as decoding it.
template <class Derived>
class LeafVisitor : public WalkVisitor
{
public:
    /// Leaves go through this stage from now on; null: their targets are physical addresses.
    void set_outer(OuterStage *outer) { outer_ = outer; }

    Visit runs(const TableVisit &visit, std::span<const EntryRun> runs) final
    {
        for (const EntryRun &run : runs) {
            if (run.first.kind != EntryKind::leaf || run.first.faults())
                continue;
            const LeafRun found{visit.iova(run.index), run.first.target, std::uint64_t{1} << run.first.size_lg2,
                                run.count, visit.access & run.first.access};
            const Visit going = outer_ == nullptr ? derived().leaves(found) : through_outer(visit, run, found);
            if (going == Visit::stop)
                return Visit::stop;
        }
        return Visit::go_on;
    }

private:
    Derived &derived() { return *static_cast<Derived *>(this); }

    Visit through_outer(const TableVisit &visit, const EntryRun &run, const LeafRun &leaves)
    {
        const auto report = [&](ProblemKind kind, const LeafRun &at) {
            this->problem({.kind = kind,
                           .table = visit.table,
                           .level = static_cast<std::uint8_t>(visit.level),
                           .index = run.index,
                           .iova = at.iova,
                           .device = {},
                           .observed = at.pa.value()});
        };
        for (outer_->begin(leaves); !outer_->done();) {
            const auto piece = outer_->next();
            if (!piece) {
                report(ProblemKind::budget_spent, outer_->rest());
                return Visit::stop;
            }
            if (!piece->mapped)
                report(ProblemKind::not_in_outer_stage, piece->run);
            else if (derived().leaves(piece->run) == Visit::stop)
                return Visit::stop;
        }
        return Visit::go_on;
    }

    OuterStage *outer_ = nullptr;
};

/// Merges leaf runs that go on in IOVA and PA with the same access. Rows come out in the order of the tables,
/// which is the order of IOVAs but for sign-extended formats, whose upper half comes last and sorts last, too.
template <class Sink>
class MappingMerger : public LeafVisitor<MappingMerger<Sink>>
{
public:
    /// `sink(const Mapping &)` takes each finished mapping and returns a Visit.
    explicit MappingMerger(Sink &sink) : sink_(sink) {}

    Visit leaves(const LeafRun &run)
    {
        const std::uint64_t size = run.leaf_bytes * run.count;
        const bool goes_on = current_.size_bytes != 0 && current_.iova + current_.size_bytes == run.iova &&
                             current_.pa + current_.size_bytes == run.pa && current_.access == run.access;
        if (goes_on) {
            current_.size_bytes += size;
            return Visit::go_on;
        }
        const Visit visit = finish();
        current_ = {run.iova, run.pa, size, run.access};
        return visit;
    }

    /// Hands on the last mapping; call it once the walk has ended.
    Visit finish()
    {
        const Mapping last = std::exchange(current_, {});
        return last.size_bytes == 0 ? Visit::go_on : sink_(last);
    }

private:
    Sink &sink_;
    Mapping current_;
};

}  // namespace pgregion
