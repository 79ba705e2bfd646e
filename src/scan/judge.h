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

/// A way to read one table.
struct TableReading {
    const TableFormat &format;
    const FormatParams &params;
    unsigned level;
};

/// Most of what is present in the table is free of faults and typical.
[[nodiscard]] bool reads_well(std::span<const std::byte> table, const TableReading &reading);

/// Judging needs a sample, not everything: a reading is clear after this many tables.
inline constexpr std::size_t kMaxTables = 512;
/// A score below this is given up early: neither empty tables nor those that a dump left out bring a sound reading down
/// so far.
inline constexpr double kHopeless = -2;

[[nodiscard]] Judgement judge_tables(const MemorySource &memory, PhysAddr root, const TableFormat &format,
                                     const FormatParams &params);

[[nodiscard]] Judgement judge_directory(const MemorySource &memory, PhysAddr root, const DirectoryFormat &format,
                                        const FormatParams &params);

/// Sum of the weights of iommu-formats.md section 8.2, per present entry; 0 without any.
[[nodiscard]] double score(const Evidence &evidence);

}  // namespace pgregion::scan
