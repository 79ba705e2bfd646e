// SPDX-License-Identifier: GPL-2.0-or-later
//
// Page tables and directories: pages that head a tree (iommu-formats.md section 8). Of all pages that may be a root
// those that no other one points to are read first; what lies below a root that was found is part of it, and no
// candidate of its own.
#pragma once

#include <pgregion/scan.h>

#include <vector>

namespace pgregion::scan
{

struct TreeSearch {
    std::vector<PhysAddr> roots;         ///< pages that may be roots, in order of addresses
    std::vector<Range<PhysAddr>> taken;  ///< regions that were found, by address: what lies there is theirs
    const ScanOptions *options = nullptr;
};

struct TreesFound {
    std::vector<Candidate> candidates;
    bool truncated = false;
};

[[nodiscard]] TreesFound find_trees(const MemorySource &memory, TreeSearch search);

}  // namespace pgregion::scan
