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

/// Makes leaf runs of what the walker hands on: the leaves that hardware would use (no malformed ones), in
/// order of the tables. `Derived` has `Visit leaves(const LeafRun &)`, which is inlined here: a full table has
/// 512 leaves, and a virtual call for each would cost as much as decoding it.
template <class Derived>
class LeafVisitor : public WalkVisitor
{
public:
    Visit runs(const TableVisit &visit, std::span<const EntryRun> runs) final
    {
        for (const EntryRun &run : runs) {
            if (run.first.kind != EntryKind::leaf || run.first.faults())
                continue;
            const LeafRun found{visit.iova(run.index), run.first.target, std::uint64_t{1} << run.first.size_lg2,
                                run.count, visit.access & run.first.access};
            if (static_cast<Derived *>(this)->leaves(found) == Visit::stop)
                return Visit::stop;
        }
        return Visit::go_on;
    }
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
