// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of blocks: who uses them, what the bitmap says of them, and whether regions look like regions. Source:
// region.md section 2 and D11 to D14.
#include "check/area_checks.h"

#include <algorithm>
#include <array>

namespace pgregion::check
{

namespace
{

constexpr std::uint64_t kReservedBlocks = 2;  // super block and inode store
constexpr std::uint64_t kBitsPerWord = 64;

/// A finding at a use of a block.
Finding use_finding(const AreaSink &sink, const AreaBlockUse &use)
{
    Finding finding = sink.inode(use.inode, kAreaBlockAt);
    finding.observed = use.block;
    finding.detail = use.use == AreaUse::region     ? "its region, block"
                     : use.use == AreaUse::mappings ? "its mappings, block"
                     : use.count == 1               ? "its data, block"
                                                    : "its data, several blocks from block";
    return finding;
}

// ---- numbers -----------------------------------------------------------------------------------------------

void outside(const Area &area, AreaSink &sink)
{
    for (const AreaBlockUse &use : area.uses) {
        if (use.fault == AreaBlockFault::outside)
            sink.add(use_finding(sink, use));
    }
}

constexpr AreaRow kOutside{
    .about = {.code = "area-block-outside",
              .severity = Severity::error,
              .title = "an inode names a block that is not in the area",
              .message = "inode {index} has {detail} {count}, which the area does not have to give",
              .why =
                  "Blocks 0 and 1 are the super block and the inode store, and behind the end of the area is somebody "
                  "else's memory: the kernel does not look, and gives it to a file, or to devices as their tables.",
              .repair = kAreaRepair,
              .origin = "D11"},
    .find = outside};

void mappings_count(const Area &area, AreaSink &sink)
{
    for (const AreaInode &inode : area.inodes) {
        const bool is_file = inode.kind() == AreaInodeKind::file;
        const bool possible = is_file && inode.mappings >= 0 && inode.mappings <= std::int64_t{kAreaMappings};
        if (!inode.readable || possible || (!is_file && (!inode.is_region() || inode.mappings == 0)))
            continue;
        Finding finding = sink.inode(inode.number, kAreaMappingsAt);
        finding.observed = static_cast<std::uint32_t>(inode.mappings);
        finding.expected = is_file ? kAreaMappings : 0;
        if (!is_file)
            finding.severity = Severity::warning;
        finding.detail = is_file ? "file" : "region";
        sink.add(finding);
    }
}

constexpr AreaRow kMappingsCount{
    .about =
        {.code = "area-mappings-count",
         .severity = Severity::error,
         .other_severity = Severity::warning,
         .other_where = "in a region",
         .title = "the number of an inode's mappings is impossible",
         .message = "inode {index}, a {detail}, counts {observed} mappings; at most {expected} are possible",
         .why = "The block of mappings has room for 262144 (0x40000) of them: the kernel reads on behind it, and maps "
                "for user space whatever the words there name. A region has none, where it is a warning: the kernel "
                "took the region for a file, and has then written the number of a block over its bitmap.",
         .repair = kAreaRepair,
         .origin = "D11"},
    .find = mappings_count};

void shared(const Area &area, AreaSink &sink)
{
    for (const AreaBlockUse &use : area.uses) {
        if (use.fault != AreaBlockFault::shared)
            continue;
        Finding finding = use_finding(sink, use);
        finding.target = area.block_address(use.block);
        finding.expected = use.used_by;
        finding.security = area.inode(use.used_by).is_region() || use.use == AreaUse::region;
        sink.add(finding);
    }
}

constexpr AreaRow kShared{
    .about = {.code = "area-block-shared",
              .severity = Severity::error,
              .title = "a block is used twice",
              .message = "inode {index} has {detail} {count}, which inode {expected_count} uses already",
              .why = "Who writes one file changes the other. Where one of the two is a region (of security then), user "
                     "space that maps the file writes page tables, and its devices reach any memory.",
              .repair = kAreaRepair,
              .origin = "D13"},
    .find = shared};

// ---- bitmap ------------------------------------------------------------------------------------------------

void bit_clear(const Area &area, AreaSink &sink)
{
    for (std::uint64_t block = kReservedBlocks; block < area.blocks; ++block) {
        if (area.owners[block] == 0 || area.allocated(block).value_or(true))
            continue;
        Finding finding = sink.block(block);
        finding.index = area.owners[block];
        sink.add(finding);
    }
}

constexpr AreaRow kBitClear{
    .about = {.code = "area-block-bit-clear",
              .severity = Severity::error,
              .title = "the bit of a block in use is clear",
              .message = "block {count}, which inode {index} uses, is free by the bitmap",
              .why = "The next file or region that is made is given this block: a region is zeroed then, while devices "
                     "still use its tables.",
              .repair = kAreaRepair,
              .origin = "D12"},
    .find = bit_clear};

void reserved_clear(const Area &area, AreaSink &sink)
{
    for (std::uint64_t block = 0; block < kReservedBlocks; ++block) {
        if (area.allocated(block).value_or(true))
            continue;
        Finding finding = sink.block(block);
        finding.detail = block == 0 ? "the super block" : "the inode store";
        sink.add(finding);
    }
}

constexpr AreaRow kReservedClear{
    .about = {.code = "area-reserved-bit-clear",
              .severity = Severity::error,
              .title = "the super block or the inode store is free by the bitmap",
              .message = "block {count}, {detail}, is free by the bitmap",
              .why =
                  "The next block that is handed out is this one, and a region that is made there is zeroed first: the "
                  "whole area would be lost.",
              .repair = kAreaRepair,
              .origin = "region.md section 2"},
    .find = reserved_clear};

/// One finding for each row of allocated blocks for which `holds`: from `first_block` to the end of the area, or of the
/// bitmap where it lies behind the area.
template <class Holds>
void rows_of_allocated(const Area &area, AreaSink &sink, std::uint64_t first_block, Holds holds)
{
    const std::uint64_t end = first_block < area.blocks ? area.blocks : kAreaBlocks;
    const auto is_one = [&](std::uint64_t block) { return area.allocated(block).value_or(false) && holds(block); };
    for (std::uint64_t block = first_block; block < end; ++block) {
        if (block % kBitsPerWord == 0 && area.bitmap[block / kBitsPerWord] == 0) {
            block += kBitsPerWord - 1;
            continue;
        }
        const std::uint64_t first = block;
        while (block < end && is_one(block))
            ++block;
        if (block != first)
            sink.add(sink.block(first, block - first));
    }
}

/// A region that pages were taken from, with something in them.
bool is_alive(const AreaOrphan &orphan)
{
    return orphan.report && (orphan.report->state == RegionState::in_use || orphan.report->state == RegionState::full);
}

void orphan(const Area &area, AreaSink &sink)
{
    const auto &orphans = area.orphans;
    for (std::size_t first = 0; first < orphans.size();) {
        std::size_t end = first + 1;
        while (end < orphans.size() && orphans[end].block == orphans[first].block + (end - first) &&
               is_alive(orphans[end]) == is_alive(orphans[first]))
            ++end;
        Finding finding = sink.block(orphans[first].block, end - first);
        finding.detail = is_alive(orphans[first]) ? "; it is a region with tables in it" : "";
        sink.add(finding);
        first = end;
    }
}

constexpr AreaRow kOrphan{
    .about = {.code = "area-block-orphan",
              .severity = Severity::warning,
              .title = "blocks are allocated and no inode uses them",
              .message = "{size} from block {count} on, at {target}, are allocated, and no inode uses them{detail}",
              .why =
                  "Normal after a file was removed: the kernel frees the inode and keeps the blocks set for good. An "
                  "area loses space with each file that goes. The contents may still tell what was there.",
              .repair =
                  "Nothing: the kernel has no way to give a block back, and somebody may want to see it; devices "
                  "may still go through a region that was removed while in use. pgregion area SOURCE lists where each "
                  "lies.",
              .origin = "D14"},
    .find = orphan};

void bit_outside(const Area &area, AreaSink &sink)
{
    if (area.size_known)
        rows_of_allocated(area, sink, area.blocks, [](std::uint64_t) { return true; });
}

constexpr AreaRow kBitOutside{
    .about = {.code = "area-bit-outside",
              .severity = Severity::error,
              .title = "blocks behind the end of the area are allocated",
              .message = "{size} from block {count} on are allocated, behind the end of the area",
              .why = "The kernel looks for a free block among 1048576, however small the area is: when it is full, the "
                     "next file or region is put into memory that belongs to somebody else. Or the area is larger than "
                     "what is read here: see the option --size.",
              .repair = kAreaRepair,
              .origin = "region.md section 2"},
    .find = bit_outside};

// ---- contents ----------------------------------------------------------------------------------------------

void region_damaged(const Area &area, AreaSink &sink)
{
    for (const AreaRegion &region : area.regions) {
        if (!region.report || region.report->state != RegionState::not_a_region)
            continue;
        Finding finding = sink.inode(region.inode, kAreaBlockAt);
        finding.target = region.address;
        finding.size_bytes = kRegionBytes;
        finding.observed = region.block;
        finding.detail = name(region.report->reasons.front());
        if (region.mapped_over) {
            finding.expected = *region.mapped_over;
            finding.detail = "its first word is the number of an allocated block, and the inode counts mappings: the "
                             "kernel took it for a file and wrote a mapping over the bitmap";
        }
        sink.add(finding);
    }
}

constexpr AreaRow kRegionDamaged{
    .about = {.code = "area-region-damaged",
              .severity = Severity::error,
              .title = "the block of a region does not hold one",
              .message = "inode {index} has its region in block {count}, which holds none: {detail}",
              .why =
                  "The kernel sets bit 0 of a region whenever it opens it, and a new one is all zero. Something else "
                  "wrote there, or the inode names the wrong block.",
              .repair = "Nothing in the area. What is wrong in the region itself is told, and perhaps repaired, by "
                        "pgregion check and repair SOURCE --inode N.",
              .origin = "region.md section 1.2"},
    .find = region_damaged};

void tail_set(const Area &area, AreaSink &sink)
{
    const auto add = [&](const std::optional<std::uint64_t> &offset, std::string_view detail) {
        if (!offset)
            return;
        Finding finding = sink.place(*offset);
        finding.detail = detail;
        sink.add(finding);
    };
    add(area.behind_bitmap, "the bitmap");
    add(area.behind_inodes, "the inode store");
}

constexpr AreaRow kTailSet{
    .about = {.code = "area-tail-set",
              .severity = Severity::warning,
              .title = "bytes that stay zero hold data",
              .message = "there is data behind {detail}, at {offset} in the area",
              .why = "The kernel zeroes these bytes when it makes the area and never writes them. Something else wrote "
                     "there, and perhaps into the bitmap or the inodes before them.",
              .repair = kAreaRepair,
              .origin = "region.md section 2"},
    .find = tail_set};

constexpr std::array<const AreaRow *, 9> kRows{&kOutside, &kMappingsCount, &kShared,        &kBitClear, &kReservedClear,
                                               &kOrphan,  &kBitOutside,    &kRegionDamaged, &kTailSet};

}  // namespace

std::span<const AreaRow *const> area_block_rows() { return kRows; }

}  // namespace pgregion::check
