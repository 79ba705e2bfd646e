// SPDX-License-Identifier: GPL-2.0-or-later
//
// The Arm SMMUv3 directory: stream table (linear or of two levels, by StreamID), and for stage 1 the context
// descriptors (one, a table, or two levels of tables, by SubstreamID). iommu-formats.md sections 4.1 to 4.3;
// SMMUv3 specification, chapter 5. All of it is little-endian.
//
//   STRTAB_BASE ─► [L1 stream table] ─► stream table entry ─┬─► stage 2 tables
//               ┌───────────────────────────────────────────┘
//               └─► [L1 CD table] ─► context descriptor ─► stage 1 tables
//
// Where both stages translate, everything from the stream table entry to stage 1 lies at addresses that stage 2
// translates.
#pragma once

#include <pgregion/format.h>

namespace pgregion::formats
{

extern const DirectoryFormat kSmmuStream;

}  // namespace pgregion::formats
