// SPDX-License-Identifier: GPL-2.0-or-later
//
// How every writing command writes, and what all of them say about where pages lie.
#pragma once

#include "cli/source.h"
#include "report/place.h"

#include <pgregion/edit.h>

#include <functional>

namespace pgregion::cli
{

/// Edits for the bytes of a region, which it does not change. Throws to refuse.
using RegionPlan = std::function<Edits(std::span<const std::byte> region)>;

/// Plans, carries the edits out and makes them durable. Whoever changes the same bytes meanwhile without a lock (a
/// kernel) makes it plan again, a few times.
/// Precondition: `source` is opened read_write, which holds the lock. Throws what `plan` throws, with nothing
/// changed, operational "source-changed" when the bytes never kept still, and as Source::flush().
void write_region(const OpenedSource &source, const RegionPlan &plan);

/// source.info(), with the base that the region's own tables name where none is given and they leave no doubt.
[[nodiscard]] SourceInfo info_with_base(const OpenedSource &source);

/// Addresses of the pages of a region at `info`'s place.
[[nodiscard]] report::PageMap region_pages(const SourceInfo &info);

}  // namespace pgregion::cli
