// SPDX-License-Identifier: GPL-2.0-or-later
//
// --inode and --file: a region named by its place in a pkernfs area (region.md section 2).
#pragma once

#include "cli/opening/reading.h"

#include <pgregion/memory_source.h>

#include <cstdint>

namespace pgregion::cli
{

struct RegionInArea {
    std::uint64_t distance = 0;  ///< bytes behind the start of the area
    bool is_root = false;        ///< by its flag it holds root and context tables
};

/// Where the region begins that --inode N or --file PATH ("iommu/NAME") names.
/// The area begins at `area` in `memory`. Throws operational "not-an-area" (no super block there),
/// "no-such-inode", "no-such-area-file", "not-a-region-inode" (a directory, an ordinary file), "damaged-area".
[[nodiscard]] RegionInArea region_in_area(const MemorySource &memory, PhysAddr area, const AreaFile &file);

}  // namespace pgregion::cli
