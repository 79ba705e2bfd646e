// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/region_writer.h"

#include <pgregion/error.h>
#include <pgregion/scan.h>

namespace pgregion::cli
{

namespace
{

/// Among writers that take the lock there is no race at all; this is for those that do not.
constexpr unsigned kAttempts = 16;

}  // namespace

void write_region(const OpenedSource &source, const RegionPlan &plan)
{
    for (unsigned attempt = 0; attempt < kAttempts; ++attempt) {
        const Edits edits = shifted(plan(source.region()), source.offset());
        // A plan made from a file that has shrunk was made from zeros.
        source.source().ensure_intact();
        if (!apply_edits(source.source().writable_bytes(), edits, source.offset()).applied)
            continue;
        source.source().flush();
        return;
    }
    throw Error(Failure::operational, "source-changed",
                "the bytes changed at every attempt while the command worked: somebody writes to this source without "
                "taking its lock; nothing was changed",
                "find out who uses the region (a running kernel, a virtual machine), then run the command again");
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
