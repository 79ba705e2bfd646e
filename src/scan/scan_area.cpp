// SPDX-License-Identifier: GPL-2.0-or-later
//
//   +0x000000  u64 magic, u64 next_free_ino
//   +0x100000  block bitmap, bits 0 and 1 preset
//   +0x200000  inode 1: i32 flags, of which 2 says directory
#include "scan/scan_area.h"

#include "base/bytes.h"

#include <pgregion/area.h>

#include <array>

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

}  // namespace pgregion::scan
