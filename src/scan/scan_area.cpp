// SPDX-License-Identifier: GPL-2.0-or-later
//
//   +0x000000  u64 magic, u64 next_free_ino
//   +0x100000  block bitmap, bits 0 and 1 preset
//   +0x200000  inode 1: i32 flags, of which 2 says directory
#include "scan/scan_area.h"

#include "base/bytes.h"

#include <pgregion/area.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace pgregion::scan
{

namespace
{

constexpr std::uint64_t kPresetBits = 3;
constexpr std::uint64_t kDirectoryFlag = 2;
constexpr std::uint64_t kFlagsMask = 0xffffffff;

/// 8 bytes of magic are no accident, but text about pkernfs and old blocks of it have them as well.
constexpr unsigned kScoreOfMagic = 25;
constexpr unsigned kScoreOfEach = 25;

}  // namespace

Candidate judge_area(const MemorySource &memory, PhysAddr address, Bytes first_page)
{
    std::array<std::byte, kPageBytes> buffer{};
    AreaFacts facts;
    facts.next_free_inode = load_le64(first_page, kWordBytes);
    facts.inode_in_range = facts.next_free_inode <= kAreaInodes;
    const Bytes bitmap = memory.page(address + kAreaBitmapOffset, buffer);
    facts.bits_preset = !bitmap.empty() && (load_le64(bitmap) & kPresetBits) == kPresetBits;
    const Bytes inodes = memory.page(address + kAreaInodeStoreOffset, buffer);
    facts.root_inode = !inodes.empty() && (load_le64(inodes) & kFlagsMask) == kDirectoryFlag;
    Candidate candidate;
    candidate.kind = CandidateKind::area;
    candidate.address = address;
    candidate.area = facts;
    candidate.score = kScoreOfMagic + (facts.inode_in_range ? kScoreOfEach : 0) +
                      (facts.bits_preset ? kScoreOfEach : 0) + (facts.root_inode ? kScoreOfEach : 0);
    return candidate;
}

AreaBlocks::AreaBlocks(const MemorySource &memory, std::span<const Candidate> areas,
                       std::span<const Range<PhysAddr>> ranges)
{
    constexpr unsigned kSureScore = 75;
    constexpr std::size_t kMostAreas = 16;
    std::size_t read = 0;
    for (const Candidate &candidate : areas) {
        const auto holds = [&](const Range<PhysAddr> &range) { return range.contains(candidate.address); };
        const auto range = std::ranges::find_if(ranges, holds);
        if (candidate.score < kSureScore || !candidate.area->root_inode || range == ranges.end() || ++read > kMostAreas)
            continue;
        const std::uint64_t size = range->size - (candidate.address - range->first);
        const Area area = read_area(memory, candidate.address, size, AreaEnd::of_source);
        for (std::uint64_t block = 0; block < area.blocks; ++block) {
            if (area.allocated(block).value_or(false))
                blocks_.insert(area.block_address(block));
        }
        for (const AreaRegion &region : area.regions)
            regions_.insert(region.address);
        for (const AreaOrphan &orphan : area.orphans) {
            if (orphan.report && orphan.report->state != RegionState::not_a_region)
                regions_.insert(orphan.address);
        }
    }
}

bool AreaBlocks::has(PhysAddr address) const
{
    const auto above = blocks_.upper_bound(address);
    return above != blocks_.begin() && address - *std::prev(above) < kAreaBlockBytes;
}

bool AreaBlocks::begins_region(PhysAddr address) const { return regions_.contains(address); }

}  // namespace pgregion::scan
