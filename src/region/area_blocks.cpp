// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who uses which block of an area. An area that is well has each block used once, so after as many uses as there are
// blocks something is wrong, and what follows is not read.
#include "base/bytes.h"
#include "region/area_inodes.h"

#include <algorithm>
#include <array>

namespace pgregion::region
{

namespace
{

class Blocks
{
public:
    Blocks(const MemorySource &memory, Area &area) : memory_(memory), area_(area) { area_.owners.resize(kAreaBlocks); }

    void take(const AreaInode &inode)
    {
        if (inode.is_region())
            region(inode);
        else if (inode.kind() == AreaInodeKind::file)
            file(inode);
    }

private:
    void region(const AreaInode &inode)
    {
        const AreaBlockUse use{.use = AreaUse::region, .inode = inode.number, .block = block_of(inode)};
        const bool first = claim(use);
        if (use.block < 2 || use.block >= area_.blocks)
            return;
        AreaRegion found{inode.number, inode.kind(), use.block, area_.block_address(use.block), {}};
        // A block that many inodes name is looked at once: it is as large as a region, and its fault is another.
        if (first)
            found.report = describe(found.address);
        if (found.report && found.report->state == RegionState::not_a_region && inode.mappings > 0)
            found.mapped_over = mapped_over(found.address);
        area_.regions.push_back(std::move(found));
    }

    void file(const AreaInode &inode)
    {
        const AreaBlockUse use{.use = AreaUse::mappings, .inode = inode.number, .block = block_of(inode)};
        if (!claim(use) || inode.mappings <= 0)
            return;
        const auto mappings = std::min(static_cast<std::uint32_t>(inode.mappings), kAreaMappings);
        constexpr std::uint32_t kPerPage = kPageBytes / kWordBytes;
        for (std::uint32_t first = 0; first < mappings; first += kPerPage) {
            if (area_.truncated)
                return;
            mappings_page({.inode = inode.number, .index = first, .count = std::min(kPerPage, mappings - first)},
                          area_.block_address(use.block) + first * kWordBytes);
        }
    }

    /// `row.count` mappings from `row.index` on, which begin at `address`.
    void mappings_page(AreaBlockUse row, PhysAddr address)
    {
        const Bytes bytes = memory_.page(address, buffer_);
        if (bytes.empty()) {
            ++area_.missing_pages;
            row.fault = AreaBlockFault::unreadable;
            add(row);
            return;
        }
        for (std::uint32_t i = 0; i < row.count; ++i) {
            const std::uint64_t block = load_le64(bytes, i * kWordBytes);
            if (block != 0)
                static_cast<void>(claim({.inode = row.inode, .index = row.index + i, .block = block}));
            else  // not set: the posted code adds to the count and never reads it
                static_cast<void>(count_claim());
        }
    }

    /// The kernel has an int there; a negative one is beyond all blocks.
    static std::uint64_t block_of(const AreaInode &inode)
    {
        return static_cast<std::uint64_t>(static_cast<std::int64_t>(inode.block));
    }

    /// False where more is named than an area has: the rest is not read.
    bool count_claim()
    {
        const bool few = ++claims_ <= kAreaBlocks + kAreaInodes;
        area_.truncated = area_.truncated || !few;
        return few;
    }

    /// True where the block is there and nobody uses it yet.
    bool claim(AreaBlockUse use)
    {
        if (!count_claim())
            return false;
        // What is allocated behind the end of a source that was cut short is in the area.
        if (area_.ends_early && use.block >= area_.blocks && use.block < kAreaBlocks &&
            area_.allocated(use.block).value_or(false))
            return false;
        const bool outside = use.block < 2 || use.block >= area_.blocks;
        if (!outside && area_.owners[use.block] == 0) {
            area_.owners[use.block] = use.inode;
            return true;
        }
        use.fault = outside ? AreaBlockFault::outside : AreaBlockFault::shared;
        if (!outside)
            use.used_by = area_.owners[use.block];
        add(use);
        return false;
    }

    void add(const AreaBlockUse &use)
    {
        if (!area_.uses.empty() && goes_on(area_.uses.back(), use)) {
            area_.uses.back().count += use.count;
            return;
        }
        if (area_.uses.size() == kMostAreaFaults)
            area_.truncated = true;
        else
            area_.uses.push_back(use);
    }

    static bool goes_on(const AreaBlockUse &last, const AreaBlockUse &next)
    {
        return last.fault == next.fault && last.use == AreaUse::data && next.use == AreaUse::data &&
               last.inode == next.inode && last.index + last.count == next.index && last.used_by == next.used_by;
    }

    /// Where the kernel took a region for a file, its block was written as one of mappings.
    std::optional<std::uint64_t> mapped_over(PhysAddr address)
    {
        const Bytes first = memory_.page(address, buffer_);
        const std::uint64_t word = first.empty() ? 0 : load_le64(first);
        const bool is_block = word >= 2 && word < kAreaBlocks && area_.allocated(word).value_or(false);
        return is_block ? std::optional(word) : std::nullopt;
    }

    std::optional<RegionReport> describe(PhysAddr address)
    {
        const Bytes first = memory_.page(address, buffer_);
        if (first.empty())
            return std::nullopt;
        region_.resize(kRegionBytes);
        std::ranges::copy(first.first(kPageBytes), region_.begin());
        // With bit 0 set, page 0 says it all.
        if (!Bitmap::read(region_).test(kBitmapPage)) {
            const AreaPiece piece = read_piece(memory_, address, kRegionBytes);
            return piece.missing_pages == 0 ? std::optional(describe_region(piece.bytes)) : std::nullopt;
        }
        return describe_region(region_);
    }

    const MemorySource &memory_;
    Area &area_;
    std::uint64_t claims_ = 0;
    std::array<std::byte, kPageBytes> buffer_{};
    std::vector<std::byte> region_;
};

/// An orphan as a region, where it is one beyond doubt.
std::optional<RegionReport> describe_orphan(const MemorySource &memory, PhysAddr address)
{
    const AreaPiece piece = read_piece(memory, address, kRegionBytes);
    if (piece.missing_pages != 0)
        return std::nullopt;
    const bool has_data = !all_zero(std::span(piece.bytes).subspan(kPageBytes));
    RegionReport report = describe_region(piece.bytes);
    const bool has_pages = report.allocated_pages > 1;
    return has_pages && !has_data ? std::nullopt : std::optional(std::move(report));
}

}  // namespace

void find_orphans(const MemorySource &memory, Area &area)
{
    constexpr std::uint64_t kFirstBlock = 2;
    constexpr std::size_t kMostDescribed = 1024;
    if (!area.knows_all_uses())
        return;
    for (std::uint64_t block = kFirstBlock; block < area.blocks; ++block) {
        if (area.owners[block] != 0 || !area.allocated(block).value_or(false))
            continue;
        AreaOrphan orphan{block, area.block_address(block)};
        if (area.orphans.size() < kMostDescribed)
            orphan.report = describe_orphan(memory, orphan.address);
        area.orphans.push_back(std::move(orphan));
    }
}

void follow_blocks(const MemorySource &memory, Area &area)
{
    Blocks blocks(memory, area);
    for (const AreaInode &inode : area.inodes) {
        if (inode.readable)
            blocks.take(inode);
    }
}

}  // namespace pgregion::region
