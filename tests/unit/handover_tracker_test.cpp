// SPDX-License-Identifier: GPL-2.0-or-later
//
// The memory that KHO preserves, by both trackers (region.md section 5).
#include "handover/preserved_set.h"
#include "support/handover_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pgregion::test
{
namespace
{

using handover::Kept;
using handover::open_tracker;
using handover::Tracker;

Handover handover_with(HandoverTracker tracker, std::uint64_t map)
{
    Handover handover;
    handover.tracker = tracker;
    handover.map = PhysAddr(map);
    return handover;
}

/// A chunk page with one bitmap.
void put_chunk(TableImage &image, std::uint32_t order, std::uint64_t start, std::uint64_t bitmap)
{
    image.put(0, 0, 0).put(0, 1, std::uint64_t{1} << 32 | order).put(0, 2, start).put(0, 3, bitmap);
}

TEST(PreservedChunks, ABitStandsForItsOrder)
{
    TableImage image(0x100000, 4);
    put_chunk(image, 9, 0, 0x101000);
    image.put(1, 0, 0x4);  // the third 2 MiB
    const PiecewiseMemory memory = image.memory();
    Handover handover = handover_with(HandoverTracker::chunks, 0x100000);
    const Tracker tracker = open_tracker(memory, handover);
    EXPECT_EQ(tracker.bitmap_bits, 32768U);
    EXPECT_EQ(tracker.set->look(PhysAddr(0x3ff000)), Kept::no);
    EXPECT_EQ(tracker.set->look(PhysAddr(0x400000)), Kept::yes);
    EXPECT_EQ(tracker.set->look(PhysAddr(0x5ff000)), Kept::yes);
    EXPECT_EQ(tracker.set->look(PhysAddr(0x600000)), Kept::no);
    EXPECT_EQ(handover.problem_count, 0U);
}

TEST(PreservedChunks, BitmapsOf512BytesAreToldByTheirPlace)
{
    TableImage image(0x100000, 4);
    put_chunk(image, 0, 0x1000000, 0x101200);
    image.put(1, 64, 0x2).put(1, 128, ~std::uint64_t{0});  // what lies behind its 512 bytes is not of it
    const PiecewiseMemory memory = image.memory();
    Handover handover = handover_with(HandoverTracker::chunks, 0x100000);
    const Tracker tracker = open_tracker(memory, handover);
    EXPECT_EQ(tracker.bitmap_bits, 4096U);
    EXPECT_EQ(tracker.set->look(PhysAddr(0x1001000)), Kept::yes);
    EXPECT_EQ(tracker.set->look(PhysAddr(0x2000000)), Kept::no);
}

TEST(PreservedChunks, TheChainIsFollowed)
{
    TableImage image(0x100000, 4);
    put_chunk(image, 0, 0, 0x102000);
    image.put(0, 0, 0x101000).put(1, 1, std::uint64_t{1} << 32).put(1, 2, 0x8000000).put(1, 3, 0x103000);
    image.put(2, 0, 1).put(3, 0, 1);
    const PiecewiseMemory memory = image.memory();
    Handover handover = handover_with(HandoverTracker::chunks, 0x100000);
    const Tracker tracker = open_tracker(memory, handover);
    EXPECT_EQ(tracker.chunks, 2U);
    EXPECT_EQ(tracker.bitmaps, 2U);
    EXPECT_EQ(tracker.set->look(PhysAddr(0)), Kept::yes);
    EXPECT_EQ(tracker.set->look(PhysAddr(0x8000000)), Kept::yes);
    EXPECT_EQ(tracker.set->look(PhysAddr(0x8001000)), Kept::no);
}

struct Damage {
    const char *name;
    std::size_t word;
    std::uint64_t value;
    HandoverProblemKind problem;
};

TEST(PreservedChunks, ADamagedChainLeavesDoubtAndNoHang)
{
    const std::vector<Damage> damages{
        {"cycle", 0, 0x100000, HandoverProblemKind::chain_cycle},
        {"hole", 0, 0x900000, HandoverProblemKind::page_missing},
        {"misaligned", 0, 0x101008, HandoverProblemKind::pointer_misaligned},
        {"count", 1, 256ULL << 32, HandoverProblemKind::count_too_big},
        {"order", 1, 1ULL << 32 | 41, HandoverProblemKind::order_too_big},
    };
    for (const Damage &damage : damages) {
        TableImage image(0x100000, 4);
        put_chunk(image, 0, 0, 0x101000);
        image.put(0, damage.word, damage.value);
        const PiecewiseMemory memory = image.memory();
        Handover handover = handover_with(HandoverTracker::chunks, 0x100000);
        const Tracker tracker = open_tracker(memory, handover);
        ASSERT_GE(handover.problems.size(), 1U) << damage.name;
        EXPECT_EQ(handover.problems[0].kind, damage.problem) << damage.name;
        EXPECT_EQ(tracker.set->look(PhysAddr(0x7000)), Kept::unknown) << damage.name;
    }
}

TEST(PreservedChunks, ABitmapInAHoleLeavesDoubtWhereItCovers)
{
    TableImage image(0x100000, 4);
    put_chunk(image, 0, 0, 0x900000);
    const PiecewiseMemory memory = image.memory();
    Handover handover = handover_with(HandoverTracker::chunks, 0x100000);
    const Tracker tracker = open_tracker(memory, handover);
    EXPECT_EQ(tracker.set->look(PhysAddr(0x7ffffff)), Kept::unknown);
    EXPECT_EQ(tracker.set->look(PhysAddr(0x8000000)), Kept::no);
}

/// A radix tree by the words of the specification: nodes are handed out page by page.
class RadixImage
{
public:
    TableImage image{0x200000, 64};

    void preserve(std::uint64_t pa, unsigned order)
    {
        const std::uint64_t key = std::uint64_t{1} << (52 - order) | pa >> (12 + order);
        std::size_t node = 0;
        for (unsigned level = 5; level > 0; --level) {
            const std::size_t index = key >> (15 + 9 * (level - 1)) & 0x1ff;
            if (image.get(node, index) == 0)
                image.put(node, index, image.address(next_++));
            node = (image.get(node, index) - 0x200000) / 4096;
        }
        const std::size_t bit = key & 0x7fff;
        image.put(node, bit / 64, image.get(node, bit / 64) | std::uint64_t{1} << (bit % 64));
    }

private:
    std::size_t next_ = 1;
};

TEST(PreservedRadixTree, KeysAreThoseOfTheSpecification)
{
    TableImage image(0x200000, 8);
    // Order 9 at 0x40200000: key 1 << 43 | 0x201, so 0 at level 5, 2 at level 4, 0 below, bit 0x201.
    image.put(0, 0, 0x201000).put(1, 2, 0x202000).put(2, 0, 0x203000).put(3, 0, 0x204000).put(4, 0, 0x205000);
    image.put(5, 0x201 / 64, std::uint64_t{1} << (0x201 % 64));
    const PiecewiseMemory memory = image.memory();
    Handover handover = handover_with(HandoverTracker::radix, 0x200000);
    const Tracker tracker = open_tracker(memory, handover);
    EXPECT_EQ(tracker.set->look(PhysAddr(0x401ff000)), Kept::no);
    EXPECT_EQ(tracker.set->look(PhysAddr(0x40200000)), Kept::yes);
    EXPECT_EQ(tracker.set->look(PhysAddr(0x403ff000)), Kept::yes);
    EXPECT_EQ(tracker.set->look(PhysAddr(0x40400000)), Kept::no);
}

RC_GTEST_PROP(PreservedRadixTree, WhatWasPreservedIsFoundAndNothingElse, ())
{
    RadixImage radix;
    std::vector<Range<PhysAddr>> kept;
    const auto count = *rc::gen::inRange(1, 8);
    for (int i = 0; i < count; ++i) {
        const auto order = *rc::gen::inRange(0U, 19U);
        const std::uint64_t bytes = std::uint64_t{4096} << order;
        const std::uint64_t pa = *rc::gen::inRange<std::uint64_t>(0, std::uint64_t{1} << 40) / bytes * bytes;
        radix.preserve(pa, order);
        kept.push_back({PhysAddr(pa), bytes});
    }
    const PiecewiseMemory memory = radix.image.memory();
    Handover handover = handover_with(HandoverTracker::radix, 0x200000);
    const Tracker tracker = open_tracker(memory, handover);
    for (const Range<PhysAddr> &range : kept) {
        for (const PhysAddr page :
             {range.first - 4096, range.first, range.first + (range.size - 4096), range.first + range.size}) {
            const bool expected = std::ranges::any_of(kept, [&](const auto &other) { return other.contains(page); });
            RC_ASSERT(tracker.set->look(page) == (expected ? Kept::yes : Kept::no));
        }
    }
}

TEST(PreservedRadixTree, ANodeInAHoleLeavesDoubtBelowIt)
{
    RadixImage radix;
    radix.preserve(0x40000000, 0);
    radix.preserve(0x80000000, 0);
    radix.image.put(5, 0, 0);                       // the bit of the first
    radix.image.put(4, 0x80000 >> 15, 0x90000000);  // the bitmap of the second is gone
    const PiecewiseMemory memory = radix.image.memory();
    Handover handover = handover_with(HandoverTracker::radix, 0x200000);
    const Tracker tracker = open_tracker(memory, handover);
    EXPECT_EQ(tracker.set->look(PhysAddr(0x40000000)), Kept::no);
    EXPECT_EQ(tracker.set->look(PhysAddr(0x80000000)), Kept::unknown);
    ASSERT_EQ(handover.problems.size(), 1U);
    EXPECT_EQ(handover.problems[0].kind, HandoverProblemKind::page_missing);
    EXPECT_EQ(handover.problems[0].at, PhysAddr(0x90000000));
}

TEST(PreservedRadixTree, ATreeThatPointsAtItselfEnds)
{
    TableImage image(0x200000, 1);
    for (std::size_t i = 0; i < 512; ++i)
        image.put(0, i, 0x200000);
    const PiecewiseMemory memory = image.memory();
    Handover handover = handover_with(HandoverTracker::radix, 0x200000);
    const Tracker tracker = open_tracker(memory, handover);
    // The node taken for a bitmap has every 21st bit of each word set: 0x200000.
    EXPECT_EQ(tracker.set->look(PhysAddr(0x15000)), Kept::yes);
}

TEST(PreservedRadixTree, ATreeThatIsNotOneIsNotCountedToItsEnd)
{
    TableImage image(0x200000, 1);
    for (std::size_t i = 0; i < 512; ++i)
        image.put(0, i, 0x200000);
    const PiecewiseMemory memory = image.memory();
    Handover handover = handover_with(HandoverTracker::radix, 0x200000);
    PreservedMemory counted;
    EXPECT_FALSE(open_tracker(memory, handover).set->count(counted));
    EXPECT_FALSE(counted.counted);
    EXPECT_EQ(handover.problems.at(0).kind, HandoverProblemKind::chain_cycle);
}

TEST(PreservedSet, WithoutATrackerNothingIsKnown)
{
    const TableImage image(0x200000, 1);
    const PiecewiseMemory memory = image.memory();
    Handover handover;
    EXPECT_EQ(open_tracker(memory, handover).set->look(PhysAddr(0x200000)), Kept::unknown);
}

}  // namespace
}  // namespace pgregion::test
