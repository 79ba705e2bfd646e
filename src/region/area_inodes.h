// SPDX-License-Identifier: GPL-2.0-or-later
//
// Parts of reading an area: inodes and the lists that join them, blocks and who uses them.
#pragma once

#include <pgregion/area.h>

#include <cstddef>
#include <vector>

namespace pgregion::region
{

/// The most faults of links or of blocks that are kept.
inline constexpr std::size_t kMostAreaFaults = 16384;

/// A piece of an area, copied page by page.
struct AreaPiece {
    std::vector<std::byte> bytes;     ///< zeros where a page is missing
    std::vector<bool> pages;          ///< which are there
    std::uint64_t missing_pages = 0;  ///< how many are not
};

/// Copies the pages [address, address + size_bytes); both are multiples of 4096.
[[nodiscard]] AreaPiece read_piece(const MemorySource &memory, PhysAddr address, std::uint64_t size_bytes);

/// Index of the first byte that is not zero.
[[nodiscard]] std::optional<std::uint64_t> first_data(std::span<const std::byte> bytes);

/// Fills `inodes` from the store.
void read_inodes(const MemorySource &memory, Area &area);

/// Follows the directories from the root, and the free list: `entries`, `links`, and of each inode `directory` and
/// `on_free_list`.
void follow_lists(Area &area);

/// Follows the mappings: `owners`, `uses`, `regions`.
void find_orphans(const MemorySource &memory, Area &area);
void follow_blocks(const MemorySource &memory, Area &area);

}  // namespace pgregion::region
