// SPDX-License-Identifier: GPL-2.0-or-later
#include "handover/proof.h"

#include <algorithm>

namespace pgregion
{

namespace handover
{

namespace
{

/// Shows every page of every table to the proof.
class TableVisitor final : public WalkVisitor
{
public:
    explicit TableVisitor(Proof &proof) : proof_(proof) {}

    void enter(const TableVisit &visit) override { proof_.table(visit.table, visit.shape.bytes()); }

    Visit runs(const TableVisit &, std::span<const EntryRun> runs) override
    {
        for (const EntryRun &run : runs)
            proof_.leaves(run.first.kind == EntryKind::leaf ? run.count : 0);
        return Visit::go_on;
    }

    void problem(const Problem &problem) override
    {
        if (problem.kind == ProblemKind::table_outside_source)
            proof_.missing(PhysAddr(problem.observed));
        else if (problem.kind == ProblemKind::budget_spent)
            proof_.cut_short();
        else if (problem.kind != ProblemKind::table_repeated)  // each of its tables was seen, several times
            proof_.malformed();
    }

private:
    Proof &proof_;
};

/// True when one of the ranges, sorted by address, holds the page. They do not overlap in an honest record; a few are
/// asked where they do.
bool any_contains(std::span<const Range<PhysAddr>> ranges, PhysAddr page)
{
    constexpr unsigned kMostOverlaps = 8;
    const auto above =
        std::ranges::upper_bound(ranges, page, {}, [](const Range<PhysAddr> &range) { return range.first; });
    for (unsigned asked = 0; above - ranges.begin() > asked && asked < kMostOverlaps; ++asked) {
        if ((above - 1 - asked)->contains(page, kPageBytes))
            return true;
    }
    return false;
}

}  // namespace

Kept Proof::look(PhysAddr page) const
{
    if (any_contains(root_.ranges, page))
        return Kept::yes;
    if (!root_.ranges.empty() && context_.handover.tracker == HandoverTracker::none)
        return Kept::no;
    return context_.preserved.look(page);
}

void Proof::table(PhysAddr first, std::uint64_t bytes)
{
    const PhysAddr end = first + bytes;
    for (PhysAddr page = page_of(first); page < end; page += kPageBytes) {
        ++tables_;
        const Kept kept = look(page);
        doubt_ = doubt_ || kept == Kept::unknown;
        if (kept != Kept::no)
            continue;
        ++lost_;
        if (!first_lost_)
            first_lost_ = page;
    }
}

void Proof::missing(PhysAddr table)
{
    doubt_ = true;
    context_.handover.note({HandoverProblemKind::table_missing, root_.paddr, table.value()});
    if (look(page_of(table)) != Kept::no)
        return;
    ++lost_;
    if (!first_lost_)
        first_lost_ = page_of(table);
}

void Proof::cut_short()
{
    doubt_ = true;
    context_.handover.note({HandoverProblemKind::tables_cut_short, root_.paddr});
}

void Proof::walk(WalkRequest request)
{
    request.budget = &context_.budget;
    TableVisitor visitor(*this);
    if (!walk_tables(context_.memory, request, visitor).root_readable)
        missing(request.root);
}

void Proof::finish(HandoverRoot &root)
{
    root.tables = tables_;
    root.leaves = leaves_;
    root.translations = translations_;
    root.lost = lost_;
    root.first_lost = first_lost_;
    if (lost_ != 0)
        root.preserved = false;
    else if (!doubt_)
        root.preserved = true;
    if (first_lost_)
        context_.handover.note({HandoverProblemKind::table_not_preserved, root.paddr, first_lost_->value()});
    if (malformed_ != 0)
        context_.handover.note({HandoverProblemKind::tables_malformed, root.paddr, malformed_});
}

namespace
{

/// What the records of the domains say about the devices behind one IOMMU.
ExpectedTables expected_of(const Handover &handover, const HandoverRoot &directory)
{
    const std::set<HandoverDevice> behind(directory.devices.begin(), directory.devices.end());
    ExpectedTables expected;
    for (const HandoverRoot &root : handover.roots) {
        if (root.directory != nullptr)
            continue;
        for (const HandoverDevice &device : root.devices) {
            if (behind.contains(device))
                expected.emplace(device.id, root.paddr);
        }
    }
    return expected;
}

void prove_tables(ProofContext &context, HandoverRoot &root, const StagesByRoot &stages)
{
    const auto stage = stages.find(root.paddr);
    if (stage != stages.end() && root.levels >= stage->second.format->min_levels &&
        root.levels <= stage->second.format->max_levels && stage->second.format != root.format) {
        root.format = stage->second.format;
        root.params = default_params(*root.format, root.levels);
    }
    Proof proof(context, root);
    if (root.format == nullptr) {
        const Kept kept = context.preserved.look(root.paddr);
        root.preserved = kept == Kept::no ? std::optional(false) : std::nullopt;
        if (kept != Kept::no)
            return;
        root.lost = 1;
        root.first_lost = root.paddr;
        context.handover.note({HandoverProblemKind::table_not_preserved, root.paddr, root.paddr.value()});
        return;
    }
    WalkRequest request;
    request.format = root.format;
    request.params = root.params;
    request.root = root.paddr;
    proof.walk(request);
    proof.finish(root);
}

}  // namespace

}  // namespace handover

void prove_handover(const MemorySource &memory, Handover &handover)
{
    const handover::Tracker tracker = handover::open_tracker(memory, handover);
    handover::ProofContext context{memory, handover, *tracker.set, WalkBudget::for_memory(memory)};
    handover::StagesByRoot stages;
    // A walk of a directory has no budget that others share, so there may not be any number of them.
    constexpr std::size_t kMostDirectories = 128;
    std::size_t directories = 0;
    for (HandoverRoot &root : handover.roots) {
        if (root.directory == nullptr)
            continue;
        if (++directories > kMostDirectories)
            handover.note({HandoverProblemKind::tables_cut_short, root.paddr});
        else
            prove_directory(context, root, handover::expected_of(handover, root), stages);
    }
    for (HandoverRoot &root : handover.roots) {
        if (root.directory == nullptr)
            handover::prove_tables(context, root, stages);
    }
}

}  // namespace pgregion
