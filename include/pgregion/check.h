// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks: what is wrong in a region, a directory or page tables, as data. Nothing here writes, prints or guesses.
//
//   subject ──► facts (every table once, who points to it) ──► checks ──► findings, sorted
//
// The cost is linear in the memory's pages whatever the tables point at: each table is read once per level and
// way of reading, also where many roots lead to it.
//
// Source of the checks: region.md section 3 (D1 to D20) and iommu-formats.md section 9 (PT01 to PT53).
#pragma once

#include <pgregion/address.h>
#include <pgregion/finding.h>
#include <pgregion/memory_source.h>
#include <pgregion/region.h>
#include <pgregion/walk.h>

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <vector>

namespace pgregion
{

/// A region in the memory.
struct CheckRegion {
    std::span<const std::byte> bytes;  ///< kRegionBytes
    std::optional<PhysAddr> base;      ///< of page 0, where it is known
};

/// What is checked. Spans and pointers must outlive the checks and their findings.
struct CheckSubject {
    const MemorySource *memory = nullptr;             ///< null: no table can be read
    PhysAddr memory_base;                             ///< offsets in findings count from here, where there is no region
    std::optional<CheckRegion> region = {};           ///< the region whose bitmap is checked
    std::vector<Range<PhysAddr>> other_regions = {};  ///< further regions in the memory: no device may write there
    ReadingOrigin reading = ReadingOrigin::given;
    std::vector<Stage> tables = {};            ///< page tables without a directory: at most one today
    std::vector<DirectoryRequest> units = {};  ///< directories, one per IOMMU
    std::optional<LiveUpdate> liveupdate = {};
    std::vector<Range<PhysAddr>> ram = {};  ///< where RAM is; empty: not known
};

struct CheckOptions {
    std::set<std::string_view> only = {};  ///< codes; empty: all
    std::set<std::string_view> skip = {};
    unsigned jobs = 1;  ///< threads; the findings do not depend on it
};

/// Runs the checks. Throws what reading `memory` throws.
[[nodiscard]] CheckReport run_checks(const CheckSubject &subject, const CheckOptions &options = {});

}  // namespace pgregion
