// SPDX-License-Identifier: GPL-2.0-or-later
//
// pkernfs areas by their super block (region.md section 2).
#pragma once

#include <pgregion/scan.h>

#include <set>
#include <span>

namespace pgregion::scan
{

/// The first word of an area.
inline constexpr std::uint64_t kAreaMagic = 0x706b65726e6673;

/// The area whose super block begins on `first_page`, which has the magic number.
[[nodiscard]] Candidate judge_area(const MemorySource &memory, PhysAddr address, std::span<const std::byte> first_page);

/// The blocks of the areas that were found. What looks like a region or a table in one of them is the area's business:
/// super block, inodes, mappings and data of files look like many things.
class AreaBlocks
{
public:
    AreaBlocks(const MemorySource &memory, std::span<const Candidate> areas, std::span<const Range<PhysAddr>> ranges);

    /// True where the block of that address is one of an area.
    [[nodiscard]] bool has(PhysAddr address) const;
    /// True where an inode of an area, or what is left of a removed one, says that a region begins there.
    [[nodiscard]] bool begins_region(PhysAddr address) const;

private:
    std::set<PhysAddr> blocks_;   ///< by their first byte
    std::set<PhysAddr> regions_;  ///< the same of those that hold regions
};

}  // namespace pgregion::scan
