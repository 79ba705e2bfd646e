// SPDX-License-Identifier: GPL-2.0-or-later
//
// Regions by what they are made of (region.md section 1). A page 0 is 64 bytes of bitmap and zeros, which much of a
// kernel's memory looks like; what tells a region is that the 511 pages behind it agree:
//
//   bit set    a table, or a page of zeros        allocated pages that hold something else speak against it
//   bit clear  zeros                              data there is a warning (D2), much data speaks against it
//   page 1     heads tables that close            with the place where it lies, or with another base
#pragma once

#include <pgregion/scan.h>

#include <vector>

namespace pgregion::scan
{

/// Compares bitmap and pages of the region that would begin at `address`, whose page 0 is `first_page`. Nothing where
/// they contradict each other, or where so little is there that any page of small numbers looks alike.
[[nodiscard]] std::optional<RegionFacts> look_at_region(const MemorySource &memory, PhysAddr address,
                                                        std::span<const std::byte> first_page);

/// Reads its tables and scores the candidate; nothing where it is too little.
[[nodiscard]] std::optional<Candidate> judge_region(const MemorySource &memory, PhysAddr address,
                                                    const RegionFacts &facts);

/// How promising a region is before its tables are read.
[[nodiscard]] unsigned first_score(const RegionFacts &facts);

}  // namespace pgregion::scan
