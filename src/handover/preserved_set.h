// SPDX-License-Identifier: GPL-2.0-or-later
//
// The memory that KHO preserves, asked page by page. The trackers cover all of physical memory, so they are never
// listed: a question costs a few words, whatever the tracker claims to hold.
//
//   chunks   kho-v1: a chain of pages {u64 next, u32 order, u32 count} + count x {u64 phys_start, u64 bitmap_phys};
//            bit i of a bitmap stands for 4096 << order bytes from phys_start + i * (4096 << order) on
//   radix    from kho-v2: five levels of 512 addresses, then bitmaps of 32768 bits, all pages;
//            key = 1 << (52 - order) | pa >> (12 + order), nine bits a level from bit 51 + 8 down, the last 15 the bit
//
// Linux kernel/liveupdate/kexec_handover.c and include/linux/kho/abi/kexec_handover.h. The bitmaps of kho-v1 had
// 4096 bits (512 bytes, anywhere) in Linux 6.16 and 6.17 and 32768 bits (a page) later, under the same version.
#pragma once

#include "handover/read_bytes.h"

#include <pgregion/handover.h>

#include <memory>

namespace pgregion::handover
{

enum class Kept : std::uint8_t { yes, no, unknown };

/// What a tracker says of an address.
struct Block {
    Kept kept = Kept::unknown;
    unsigned order = 0;  ///< of the block of pages that it is kept in
};

class PreservedSet
{
public:
    PreservedSet() = default;
    PreservedSet(const PreservedSet &) = delete;
    PreservedSet &operator=(const PreservedSet &) = delete;
    virtual ~PreservedSet() = default;

    /// Whether the page that holds `address` is preserved; unknown where a piece of the tracker is not there.
    [[nodiscard]] Kept look(PhysAddr address) { return find(address).kept; }
    [[nodiscard]] virtual Block find(PhysAddr address) = 0;
    /// Reads the tracker to its end. False when that is not possible, which is noted in the hand-over.
    [[nodiscard]] virtual bool count(PreservedMemory &memory) = 0;
};

/// No order of a page that any memory has is larger.
inline constexpr unsigned kMaxOrder = 40;

struct Tracker {
    std::unique_ptr<PreservedSet> set;  ///< never null
    std::uint64_t chunks = 0;           ///< chunk pages
    std::uint64_t bitmaps = 0;
    unsigned bitmap_bits = 0;
};

/// What `handover` says that it has; every answer is unknown without one. What is wrong with it is noted in
/// `handover`. Keeps references to both.
[[nodiscard]] Tracker open_tracker(const MemorySource &memory, Handover &handover);

/// The makers of the two.
[[nodiscard]] Tracker open_chunks(const MemorySource &memory, Handover &handover);
[[nodiscard]] Tracker open_radix_tree(const MemorySource &memory, Handover &handover);

}  // namespace pgregion::handover
