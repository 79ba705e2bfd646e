// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/writing/region_writer.h"

#include "cli/writing/source_journal.h"

#include <pgregion/error.h>
#include <pgregion/guess.h>

namespace pgregion::cli
{

namespace
{

/// Among writers that take the lock there is no race at all; this is for those that do not.
constexpr unsigned kAttempts = 16;

Edits planned(const OpenedSource &source, const RegionPlan &plan)
{
    Edits edits = shifted(plan(source.region()), source.offset());
    // A plan made from a file that has shrunk was made from zeros.
    source.source().ensure_intact();
    return edits;
}

std::shared_ptr<Change> new_change(const OpenedSource &source, std::string_view command, Edits edits)
{
    auto change = std::make_shared<Change>();
    change->time = seconds_now();
    change->command = command;
    if (source.is_region())
        change->bitmap_at = source.offset();
    change->edits = std::move(edits);
    return change;
}

WriteOutcome outcome_of(const JournaledSource &journaled, const Change &change)
{
    WriteOutcome outcome{true, std::nullopt, change.sequence};
    if (journaled.journal())
        outcome.journal = journaled.journal()->path();
    return outcome;
}

Error never_still()
{
    return {Failure::operational, "source-changed",
            "the bytes changed at every attempt while the command worked: somebody writes to this source without "
            "taking its lock; nothing was changed",
            "find out who uses the region (a running kernel, a virtual machine), then run the command again"};
}

}  // namespace

WriteOutcome write_region(Session &session, const OpenedSource &source, std::string_view command,
                          const RegionPlan &plan)
{
    JournaledSource journaled(session, source);
    for (unsigned attempt = 0; attempt < kAttempts; ++attempt) {
        const auto change = new_change(source, command, planned(source, plan));
        session.remember(change);
        if (change->edits.empty())
            return {};
        if (journaled.carry_out(*change))
            return outcome_of(journaled, *change);
    }
    throw never_still();
}

WriteOutcome write_edits(Session &session, const OpenedSource &source, std::string_view command, const Edits &edits)
{
    JournaledSource journaled(session, source);
    const auto change = new_change(source, command, shifted(edits, source.offset()));
    session.remember(change);
    if (edits.empty())
        return {};
    if (!journaled.carry_out(*change))
        throw Error(Failure::operational, "source-changed",
                    "the bytes changed while the command worked: somebody writes to this source without taking its "
                    "lock; nothing was changed",
                    "run the command again; if it fails again, find out who uses the region");
    return outcome_of(journaled, *change);
}

void write_new_region(const OpenedSource &source, const RegionPlan &plan)
{
    apply_edits_or_throw(source.source().writable_bytes(), planned(source, plan), source.offset());
    source.source().flush();
}

void take_back(Session &session, const OpenedSource &source)
{
    const std::shared_ptr<const Change> change = session.last_change();
    if (!change || change->edits.empty())
        return;
    JournaledSource(session, source).take_back(*change);
    session.remember(nullptr);
}

SourceInfo info_with_base(const OpenedSource &source)
{
    SourceInfo info = source.info();
    if (info.paddr)
        return info;
    const Guess guess = guess_region(source.region(), kRootPage, {});
    const Reading *reading = guess.decided();
    if (reading == nullptr || !reading->base)
        return info;
    info.paddr = reading->base;
    info.paddr_origin = PaddrOrigin::inferred;
    return info;
}

report::PageMap region_pages(const SourceInfo &info) { return {info.paddr, kRegionPages}; }

}  // namespace pgregion::cli
