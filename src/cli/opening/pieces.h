// SPDX-License-Identifier: GPL-2.0-or-later
//
// The memory that tables are read from: a source and the pieces of --with. Where a machine's memory has a hole (PCs have
// one for devices below 4 GiB), a flat file of it goes on without one; --with FILE:OFFSET+SIZE@0xPA says where such a part
// belongs.
#pragma once

#include "cli/opening/tables.h"

namespace pgregion::cli
{

/// What one puts together.
struct MemoryRequest {
    const OpenedSource &source;
    const SourceReading &reading;
    PhysAddr base;      ///< of the place in the source
    bool whole = true;  ///< false: only the region at that place, because `base` is not known
};

/// Fills `tables.memory`, `pieces`, `placed` and `flat`. Parts of the source itself lie where --with says and nowhere
/// else. Throws usage "bad-with", operational "piece-beyond-end", "pieces-disagree", "truncated-dump" (of a packed piece)
/// and as Source::open().
void put_memory_together(Tables &tables, const MemoryRequest &request);

}  // namespace pgregion::cli
