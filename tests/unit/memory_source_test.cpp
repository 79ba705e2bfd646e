// SPDX-License-Identifier: GPL-2.0-or-later
//
// Memory made of pieces: which pages it answers for, and which pieces it lets in.
#include <pgregion/memory_source.h>

#include <array>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion
{
namespace
{

using Buffer = std::vector<std::byte>;

Buffer filled(std::size_t bytes, int value) { return Buffer(bytes, static_cast<std::byte>(value)); }

std::span<const std::byte> page(const MemorySource &memory, std::uint64_t address)
{
    static std::array<std::byte, 4096> buffer;
    return memory.page(PhysAddr(address), buffer);
}

TEST(PiecewiseMemory, WithoutPiecesHasNoPages)
{
    const PiecewiseMemory memory;
    EXPECT_TRUE(page(memory, 0).empty());
    EXPECT_EQ(memory.size_bytes(), 0U);
}

TEST(PiecewiseMemory, GivesAViewOfAPageWithoutCopying)
{
    const Buffer bytes = filled(8192, 1);
    PiecewiseMemory memory;
    EXPECT_EQ(memory.add(PhysAddr(0x10000), bytes), std::nullopt);
    EXPECT_EQ(page(memory, 0x10000).data(), bytes.data());
    EXPECT_EQ(page(memory, 0x11000).data(), bytes.data() + 4096);
    EXPECT_EQ(page(memory, 0x11000).size(), 4096U);
    EXPECT_TRUE(page(memory, 0xf000).empty());
    EXPECT_TRUE(page(memory, 0x12000).empty());
    EXPECT_EQ(memory.size_bytes(), 8192U);
}

TEST(PiecewiseMemory, AnUnalignedPieceAnswersForItsWholePagesAlone)
{
    const Buffer bytes = filled(3 * 4096, 1);  // 0x1800 to 0x47ff: whole pages at 0x2000 and 0x3000
    PiecewiseMemory memory;
    memory.add(PhysAddr(0x1800), bytes);
    EXPECT_TRUE(page(memory, 0x1000).empty());
    EXPECT_EQ(page(memory, 0x2000).data(), bytes.data() + 0x800);
    EXPECT_EQ(page(memory, 0x3000).data(), bytes.data() + 0x1800);
    EXPECT_TRUE(page(memory, 0x4000).empty());
}

TEST(PiecewiseMemory, APieceSmallerThanAPageAnswersForNothing)
{
    const Buffer bytes = filled(4095, 1);
    PiecewiseMemory memory;
    EXPECT_EQ(memory.add(PhysAddr(0x1000), bytes), std::nullopt);
    EXPECT_TRUE(page(memory, 0x1000).empty());
}

TEST(PiecewiseMemory, AnEmptyPieceIsHarmless)
{
    const Buffer bytes = filled(4096, 1);
    PiecewiseMemory memory;
    EXPECT_EQ(memory.add(PhysAddr(0x1000), {}), std::nullopt);
    EXPECT_EQ(memory.add(PhysAddr(0x1000), bytes), std::nullopt);
    EXPECT_EQ(page(memory, 0x1000).size(), 4096U);
}

TEST(PiecewiseMemory, PiecesMayOverlapWhereTheyHoldTheSameBytes)
{
    Buffer low = filled(8192, 1);
    Buffer high = filled(8192, 1);
    high.back() = std::byte{9};
    PiecewiseMemory memory;
    EXPECT_EQ(memory.add(PhysAddr(0x1000), low), std::nullopt);
    EXPECT_EQ(memory.add(PhysAddr(0x2000), high), std::nullopt);
    EXPECT_EQ(page(memory, 0x1000).size(), 4096U);
    EXPECT_EQ(page(memory, 0x2000).size(), 4096U);
    EXPECT_EQ(page(memory, 0x3000).back(), std::byte{9});
}

TEST(PiecewiseMemory, ADifferentByteIsNamedAndThePieceLeftOut)
{
    const Buffer low = filled(8192, 1);
    Buffer high = filled(8192, 1);
    high[17] = std::byte{2};
    high[18] = std::byte{3};
    PiecewiseMemory memory;
    memory.add(PhysAddr(0x1000), low);
    EXPECT_EQ(memory.add(PhysAddr(0x2000), high), PhysAddr(0x2011));
    EXPECT_TRUE(page(memory, 0x3000).empty());
    EXPECT_EQ(memory.size_bytes(), 8192U);
}

TEST(PiecewiseMemory, TheLastByteOfAnOverlapCounts)
{
    const Buffer low = filled(8192, 1);
    Buffer high = filled(8192, 1);
    high[4095] = std::byte{2};
    PiecewiseMemory memory;
    memory.add(PhysAddr(0x1000), low);
    EXPECT_EQ(memory.add(PhysAddr(0x2000), high), PhysAddr(0x2fff));
}

TEST(PiecewiseMemory, APieceThatHoldsAnotherIsComparedInTheMiddle)
{
    const Buffer small = filled(4096, 1);
    Buffer large = filled(3 * 4096, 1);
    PiecewiseMemory memory;
    memory.add(PhysAddr(0x2000), small);
    large[4096] = std::byte{7};
    EXPECT_EQ(memory.add(PhysAddr(0x1000), large), PhysAddr(0x2000));
    large[4096] = std::byte{1};
    EXPECT_EQ(memory.add(PhysAddr(0x1000), large), std::nullopt);
    EXPECT_EQ(page(memory, 0x3000).size(), 4096U);
}

TEST(PiecewiseMemory, TheSamePieceTwiceIsFine)
{
    const Buffer bytes = filled(4096, 1);
    PiecewiseMemory memory;
    memory.add(PhysAddr(0x2000), bytes);
    EXPECT_EQ(memory.add(PhysAddr(0x2000), bytes), std::nullopt);
    EXPECT_EQ(page(memory, 0x2000).size(), 4096U);
}

TEST(PiecewiseMemory, PiecesMayBeAddedInAnyOrder)
{
    const Buffer a = filled(4096, 1);
    const Buffer b = filled(4096, 2);
    const Buffer c = filled(4096, 3);
    PiecewiseMemory memory;
    memory.add(PhysAddr(0x9000), c);
    memory.add(PhysAddr(0x1000), a);
    memory.add(PhysAddr(0x5000), b);
    EXPECT_EQ(page(memory, 0x1000).front(), std::byte{1});
    EXPECT_EQ(page(memory, 0x5000).front(), std::byte{2});
    EXPECT_EQ(page(memory, 0x9000).front(), std::byte{3});
    EXPECT_TRUE(page(memory, 0x4000).empty());
    EXPECT_TRUE(page(memory, 0x6000).empty());
}

TEST(PiecewiseMemory, ALargePieceAnswersAlthoughASmallerOneStartsLater)
{
    const Buffer large = filled(4 * 4096, 1);
    const Buffer small = filled(100, 1);
    PiecewiseMemory memory;
    memory.add(PhysAddr(0x1000), large);
    memory.add(PhysAddr(0x2000), small);
    EXPECT_EQ(page(memory, 0x2000).size(), 4096U);
    EXPECT_EQ(page(memory, 0x4000).size(), 4096U);
}

TEST(PiecewiseMemory, TheLastPageOfTheAddressSpaceCanBeHeld)
{
    const Buffer bytes = filled(8192, 5);
    PiecewiseMemory memory;
    EXPECT_EQ(memory.add(PhysAddr(0xffffffffffffe000), bytes), std::nullopt);
    EXPECT_EQ(page(memory, 0xfffffffffffff000).data(), bytes.data() + 4096);
    EXPECT_EQ(page(memory, 0xffffffffffffe000).data(), bytes.data());
    EXPECT_TRUE(page(memory, 0).empty());
    EXPECT_TRUE(page(memory, 0xffffffffffffd000).empty());
}

TEST(PiecewiseMemory, OverlapsAtTheTopOfTheAddressSpaceAreCompared)
{
    const Buffer bytes = filled(8192, 5);
    const Buffer other = filled(4096, 6);
    const Buffer same = filled(4096, 5);
    PiecewiseMemory memory;
    memory.add(PhysAddr(0xffffffffffffe000), bytes);
    EXPECT_EQ(memory.add(PhysAddr(0xfffffffffffff000), other), PhysAddr(0xfffffffffffff000));
    EXPECT_EQ(memory.add(PhysAddr(0xffffffffffffe000), other), PhysAddr(0xffffffffffffe000));
    EXPECT_EQ(memory.add(PhysAddr(0xfffffffffffff000), same), std::nullopt);
}

TEST(PiecewiseMemory, APieceAtZeroDoesNotTouchOneAtTheTop)
{
    const Buffer top = filled(4096, 5);
    const Buffer bottom = filled(4096, 6);
    PiecewiseMemory memory;
    memory.add(PhysAddr(0xfffffffffffff000), top);
    EXPECT_EQ(memory.add(PhysAddr(0), bottom), std::nullopt);
    EXPECT_EQ(page(memory, 0).front(), std::byte{6});
    EXPECT_EQ(page(memory, 0xfffffffffffff000).front(), std::byte{5});
}

TEST(PiecewiseMemory, AsksTheMemoryBehindForPagesThatNoPieceHolds)
{
    const Buffer dump = filled(12288, 5);
    const Buffer piece = filled(4096, 5);
    const Buffer beside = filled(4096, 6);
    PiecewiseMemory behind;
    behind.add(PhysAddr(0x10000), dump);
    PiecewiseMemory memory;
    memory.back_with(behind);
    EXPECT_EQ(memory.add(PhysAddr(0x11000), piece), std::nullopt);
    EXPECT_EQ(memory.add(PhysAddr(0x20000), beside), std::nullopt);
    EXPECT_EQ(page(memory, 0x10000).data(), dump.data());
    EXPECT_EQ(page(memory, 0x11000).data(), piece.data());
    EXPECT_EQ(page(memory, 0x20000).data(), beside.data());
    EXPECT_TRUE(page(memory, 0x13000).empty());
    EXPECT_EQ(memory.size_bytes(), 5U * 4096);
}

TEST(PiecewiseMemory, PieceThatContradictsTheMemoryBehindIsNotAdded)
{
    const Buffer dump = filled(8192, 5);
    Buffer piece = filled(8192, 5);
    piece[4100] = std::byte{9};
    PiecewiseMemory behind;
    behind.add(PhysAddr(0x10000), dump);
    PiecewiseMemory memory;
    memory.back_with(behind);
    // The piece begins in the middle of a page.
    EXPECT_EQ(memory.add(PhysAddr(0x10800), piece), PhysAddr(0x10800 + 4100));
    EXPECT_EQ(page(memory, 0x11000).data(), dump.data() + 4096);
}

}  // namespace
}  // namespace pgregion
