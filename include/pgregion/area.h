// SPDX-License-Identifier: GPL-2.0-or-later
//
// The pkernfs area: the small filesystem in reserved memory whose files keep regions across a live update.
//
//   block 0    0x000000  super block: u64 magic, u64 next free inode
//              0x100000  block bitmap: 1,048,576 bits (128 KiB); the rest of the block stays zero
//   block 1    0x200000  inode store: inode n (1 to 7281) at (n - 1) * 288; 224 bytes behind it stay zero
//   block 2…   0x400000  blocks of mappings, of file data, and regions, handed out lowest first
//
//   inode      @0 i32 flags · @8 u64 sibling · @16 u64 child · @24 name, 255 bytes · @280 i32 block · @284 i32 mappings
//
// Entries of a directory are a list: its child, then siblings; so are free inodes, from the super block on. Nothing
// records the size of the area, the length of a file, or a version. All of it is read as a stranger's: lists may turn in
// circles, blocks may be claimed twice, and pages may be missing from a dump.
//
// Source: patches 01 to 05, 08 and 13 of "[RFC 00/18] Pkernfs: Support persistence for live update" (5 Feb 2024);
// region.md section 2.
#pragma once

#include <pgregion/address.h>
#include <pgregion/memory_source.h>
#include <pgregion/region.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgregion
{

inline constexpr std::uint64_t kAreaMagic = 0x706b65726e6673;
inline constexpr std::uint64_t kAreaBlockBytes = std::uint64_t{2} << 20;
/// Blocks that the bitmap has bits for.
inline constexpr std::uint64_t kAreaBlocks = 1048576;
inline constexpr std::uint64_t kAreaBitmapOffset = 0x100000;
inline constexpr std::uint64_t kAreaInodeStoreOffset = kAreaBlockBytes;
inline constexpr std::uint64_t kAreaInodeBytes = 288;
inline constexpr std::uint32_t kAreaInodes = 7281;
/// Inode of the directory that all paths begin at.
inline constexpr std::uint32_t kAreaRootInode = 1;
/// Block indexes that one block of mappings holds.
inline constexpr std::uint32_t kAreaMappings = 262144;

enum class AreaInodeKind : std::uint8_t {
    free,
    file,             ///< flag 1
    directory,        ///< flag 2
    iommu_directory,  ///< flag 4
    root_region,      ///< flag 8: the region of root and context tables
    domain_region,    ///< flag 16: the region of one domain's page tables
    unknown,          ///< several flags, or one that means nothing
};

/// "free", "file", "directory", "iommu-directory", "root-region", "domain-region", "unknown".
[[nodiscard]] std::string_view name(AreaInodeKind kind);

struct AreaInode {
    std::uint32_t number = 0;  ///< 1 to kAreaInodes
    bool readable = false;     ///< the source holds all of it; else the rest means nothing
    std::uint32_t flags = 0;
    std::uint64_t sibling = 0;  ///< next in the same directory, or next free inode; 0 ends
    std::uint64_t child = 0;    ///< first entry of a directory; 0: none
    std::string name;           ///< as stored: any bytes but zero
    bool name_ends = true;      ///< a zero byte ends it
    std::int32_t block = 0;     ///< of the mappings of a file; of a region itself
    std::int32_t mappings = 0;  ///< how many block indexes a file has
    /// The directory that leads to it; 0 for the root directory and where none does.
    std::uint32_t directory = 0;
    bool on_free_list = false;

    [[nodiscard]] AreaInodeKind kind() const;
    [[nodiscard]] bool is_directory() const
    {
        return kind() == AreaInodeKind::directory || kind() == AreaInodeKind::iommu_directory;
    }
    [[nodiscard]] bool is_region() const
    {
        return kind() == AreaInodeKind::root_region || kind() == AreaInodeKind::domain_region;
    }
};

/// What is wrong with an inode number that a list goes on with.
enum class AreaLinkFault : std::uint8_t {
    outside,       ///< not 1 to kAreaInodes
    cycle,         ///< the list comes back to itself, or a directory holds one that it lies in
    linked_twice,  ///< another directory leads to the inode, too
    free_entry,    ///< a directory holds an inode that is free
    used_on_free,  ///< the free list holds an inode that is in use
    unreadable,    ///< the source does not hold that inode
};

/// The end of a list that does not end with 0.
struct AreaLink {
    AreaLinkFault fault = AreaLinkFault::outside;
    bool free_list = false;
    std::uint32_t directory = 0;  ///< whose list it is; 0: the free list
    std::uint32_t from = 0;       ///< inode that holds the number; 0: the super block
    bool from_child = false;      ///< it is the inode's child, not its sibling
    std::uint64_t target = 0;     ///< the number
};

/// What a block is used for.
enum class AreaUse : std::uint8_t { region, mappings, data };

enum class AreaBlockFault : std::uint8_t {
    outside,     ///< below 2, or behind the end of the area
    shared,      ///< used by an inode before, perhaps the same
    unreadable,  ///< a page of the block of mappings from here on
};

/// A use of a block, or a row of uses, that is wrong.
struct AreaBlockUse {
    AreaBlockFault fault = AreaBlockFault::outside;
    AreaUse use = AreaUse::data;
    std::uint32_t inode = 0;
    std::uint32_t index = 0;    ///< of the first mapping; 0 for other uses
    std::uint32_t count = 1;    ///< mappings in a row
    std::uint64_t block = 0;    ///< that the first of them names
    std::uint32_t used_by = 0;  ///< shared: the inode that uses the block
};

/// A region in the area, as far as it can be read.
struct AreaRegion {
    std::uint32_t inode = 0;
    AreaInodeKind kind = AreaInodeKind::domain_region;
    std::uint64_t block = 0;
    PhysAddr address;                    ///< of its page 0, in the memory that was read
    std::optional<RegionReport> report;  ///< nothing where pages are missing
    /// The block number that stands where its bitmap should be: the kernel took the inode for that of a file.
    std::optional<std::uint64_t> mapped_over = {};
};

/// A block that is allocated and that no inode uses.
struct AreaOrphan {
    std::uint64_t block = 0;
    PhysAddr address;
    /// What it is as a region; nothing where pages are missing, or it is no region beyond doubt: a block of mappings reads
    /// like the bitmap of a region whose pages are all zero.
    std::optional<RegionReport> report = {};
};

/// What the size that read_area() is told is the size of.
enum class AreaEnd : std::uint8_t {
    of_area,    ///< the area ends there
    of_source,  ///< the area ends there at the latest, unless the source is cut short
};

struct Area {
    PhysAddr base;
    /// How many blocks it can have: as many as fit into the size, if that is known, else kAreaBlocks.
    std::uint64_t blocks = kAreaBlocks;
    bool size_known = false;
    std::uint64_t magic = kAreaMagic;    ///< as stored; another one where it was lost
    std::uint64_t next_free_inode = 0;   ///< 0: none is free
    bool ends_early = false;             ///< the source ends before blocks that are allocated
    std::vector<AreaInode> inodes;       ///< all of them, by number - 1
    std::vector<std::uint32_t> entries;  ///< inodes that directories hold: directory by directory, in their order
    std::vector<AreaLink> links;         ///< those that are wrong
    std::vector<std::uint64_t> bitmap;   ///< kAreaBlocks bits
    std::vector<bool> bitmap_pages;      ///< which pages of the bitmap could be read
    std::vector<std::uint32_t> owners;   ///< by block: the first inode that uses it; 0: none
    std::vector<AreaBlockUse> uses;      ///< those that are wrong
    std::vector<AreaRegion> regions;     ///< by inode
    std::vector<AreaOrphan> orphans;     ///< by block; none where not all inodes and mappings could be read
    /// Offset from `base` of the first byte that should be zero and is not.
    std::optional<std::uint64_t> behind_bitmap;
    std::optional<std::uint64_t> behind_inodes;
    std::uint64_t missing_pages = 0;  ///< pages of super block, bitmap, inodes and mappings that the source lacks
    bool truncated = false;           ///< more was wrong, or mapped, than is kept

    /// `number` must be 1 to kAreaInodes.
    [[nodiscard]] const AreaInode &inode(std::uint32_t number) const { return inodes[number - 1]; }
    /// Nothing where the source lacks that page of the bitmap. `block` must be below kAreaBlocks.
    [[nodiscard]] std::optional<bool> allocated(std::uint64_t block) const;
    /// The magic of the super block is another one.
    [[nodiscard]] bool magic_lost() const { return magic != kAreaMagic; }
    /// True where every inode and every mapping could be read: a block that is in no list is used by nobody.
    [[nodiscard]] bool knows_all_uses() const;
    [[nodiscard]] PhysAddr block_address(std::uint64_t block) const { return base + block * kAreaBlockBytes; }
    /// True where every list and every mapping could be followed to its end.
    [[nodiscard]] bool complete() const { return missing_pages == 0 && !truncated; }
};

/// True when a super block begins at `base`. Throws what reading `memory` throws.
[[nodiscard]] bool is_area(const MemorySource &memory, PhysAddr base);

/// Reads the area that begins at `base`, a multiple of 4096. `size_bytes` is the most that it can have, if that is known.
/// Work and memory are bounded by the format, not by what the area says of itself.
/// A super block without its magic is read all the same where block bitmap and root directory are those of an area.
/// Throws Error, operational, "not-an-area" (no super block there) and "unsupported-area" (one of a prototype that was
/// never posted), and what reading `memory` throws.
[[nodiscard]] Area read_area(const MemorySource &memory, PhysAddr base, std::optional<std::uint64_t> size_bytes,
                             AreaEnd end = AreaEnd::of_area);

/// "iommu/root-pgtables"; "." for the root directory. Nothing where no directory leads to the inode, and where the path
/// is longer than kAreaPathBytes.
[[nodiscard]] std::optional<std::string> area_path(const Area &area, std::uint32_t inode);
inline constexpr std::size_t kAreaPathBytes = 4096;

/// The inode that the kernel would find under `path`; a slash before, behind or doubled means nothing.
[[nodiscard]] std::optional<std::uint32_t> find_in_area(const Area &area, std::string_view path);

}  // namespace pgregion
