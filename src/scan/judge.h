// SPDX-License-Identifier: GPL-2.0-or-later
//
// Judges one reading of tables in memory: counts evidence over the tree below a root, each (table, level) once.
#pragma once

#include <pgregion/guess.h>

#include <set>
#include <vector>

namespace pgregion::scan
{

/// A reading with its counts, and the tables that the tree reaches.
struct Judgement {
    Evidence evidence;
    std::set<PhysAddr> tables;
    std::vector<Range<PhysAddr>> small_leaves;  ///< what smallest leaves near the tables map, joined
};

[[nodiscard]] Judgement judge_tables(const MemorySource &memory, PhysAddr root, const TableFormat &format,
                                     const FormatParams &params);

[[nodiscard]] Judgement judge_directory(const MemorySource &memory, PhysAddr root, const DirectoryFormat &format,
                                        const FormatParams &params);

/// Sum of the weights of iommu-formats.md section 8.2, per present entry; 0 without any.
[[nodiscard]] double score(const Evidence &evidence);

}  // namespace pgregion::scan
