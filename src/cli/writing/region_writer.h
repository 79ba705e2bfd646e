// SPDX-License-Identifier: GPL-2.0-or-later
//
// How every writing command writes, and what all of them say about where pages lie.
#pragma once

#include "cli/opening/source.h"
#include "cli/session/session.h"
#include "report/place.h"

#include <pgregion/edit.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace pgregion::cli
{

/// Edits for the bytes of a region, which it does not change. Throws to refuse.
using RegionPlan = std::function<Edits(std::span<const std::byte> region)>;

struct WriteOutcome {
    bool applied = false;                ///< false: there was nothing to change
    std::optional<std::string> journal;  ///< path; none with --no-undo
    std::uint64_t sequence = 0;          ///< of the change in the journal
};

/// Plans, records the change in the undo journal under the name `command`, carries it out and makes it durable.
/// Whoever changes the same bytes meanwhile without a lock (a kernel) makes it plan again, a few times. A plan without
/// edits leaves everything as it is.
/// Precondition: `source` is opened read_write, which holds the lock. Throws what `plan` throws, with nothing changed,
/// operational "source-changed" when the bytes never kept still, and as JournaledSource.
WriteOutcome write_region(Session &session, const OpenedSource &source, std::string_view command,
                          const RegionPlan &plan);

/// The same for edits that were planned before, with offsets behind source.offset(); `source` need not be a region.
/// Throws operational "source-changed", with nothing changed, when the bytes are no longer those that were planned on.
WriteOutcome write_edits(Session &session, const OpenedSource &source, std::string_view command, const Edits &edits);

/// As write_region, but without a journal: in a file that was made just now there is nothing to take back.
void write_new_region(const OpenedSource &source, const RegionPlan &plan);

/// Takes back what the last write_region or write_edits of this session did to `source`, whether or not it keeps a journal; where it
/// does, the journal says "taken back". Nothing to do when that was nothing. Throws refused "source-changed-since" and
/// as JournaledSource.
void take_back(Session &session, const OpenedSource &source);

/// source.info(), with the base that the region's own tables name where none is given and they leave no doubt.
[[nodiscard]] SourceInfo info_with_base(const OpenedSource &source);

/// Addresses of the pages of a region at `info`'s place.
[[nodiscard]] report::PageMap region_pages(const SourceInfo &info);

}  // namespace pgregion::cli
