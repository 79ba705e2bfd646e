// SPDX-License-Identifier: GPL-2.0-or-later
//
// A source that changes while it is checked is noticed, whether in its region or in other memory; one that does not
// change is not suspected.
#include "cli/checking/read_twice.h"
#include "support/table_image.h"

#include <gtest/gtest.h>

namespace pgregion::cli
{

namespace
{

using test::TableImage;

std::uint64_t first_word(const MemorySource &memory, std::uint64_t address)
{
    std::vector<std::byte> buffer(4096);
    const std::span<const std::byte> page = memory.page(PhysAddr(address), buffer);
    return page.empty() ? 0xdead : std::to_integer<std::uint64_t>(page[0]);
}

TEST(ReadTwice, LooksAtWhatTheRegionWasAtFirst)
{
    TableImage region(0x1000000);
    region.put(3, 0, 7);
    const PiecewiseMemory memory = region.memory();
    CheckSubject subject{.memory = &memory, .memory_base = PhysAddr(0x1000000)};
    subject.region = CheckRegion{region.bytes(), PhysAddr(0x1000000)};
    const ReadTwice twice(subject);
    region.put(3, 0, 8);
    EXPECT_EQ(first_word(*subject.memory, 0x1003000), 7U);
    EXPECT_EQ(std::to_integer<int>(subject.region->bytes[0x3000]), 7);
    EXPECT_TRUE(twice.changed());
    region.put(3, 0, 7);
    EXPECT_FALSE(twice.changed());
}

TEST(ReadTwice, NoticesAChangeOfThePagesThatWereReadAndOfNoOther)
{
    TableImage image(0, 8);
    const PiecewiseMemory memory = image.memory();
    CheckSubject subject{.memory = &memory, .memory_base = PhysAddr(0)};
    const ReadTwice twice(subject);
    EXPECT_EQ(first_word(*subject.memory, 0x2000), 0U);
    EXPECT_EQ(first_word(*subject.memory, 0x9000), 0xdeadU);
    EXPECT_FALSE(twice.changed());
    image.put(3, 0, 1);
    EXPECT_FALSE(twice.changed());
    image.put(2, 511, 1);
    EXPECT_TRUE(twice.changed());
}

TEST(ReadTwice, ComparesWithTheFirstReadingOfAPage)
{
    TableImage image(0, 8);
    const PiecewiseMemory memory = image.memory();
    CheckSubject subject{.memory = &memory, .memory_base = PhysAddr(0)};
    const ReadTwice twice(subject);
    EXPECT_EQ(first_word(*subject.memory, 0x2000), 0U);
    image.put(2, 0, 5);
    EXPECT_EQ(first_word(*subject.memory, 0x2000), 5U);
    EXPECT_TRUE(twice.changed());
}

TEST(ReadTwice, WatchesTheBitmapWhereNoTablesCanBeRead)
{
    TableImage region(0);
    CheckSubject subject;
    subject.region = CheckRegion{region.bytes(), std::nullopt};
    const ReadTwice twice(subject);
    EXPECT_EQ(subject.memory, nullptr);
    EXPECT_EQ(twice.size_bytes(), 0U);
    EXPECT_FALSE(twice.changed());
    region.allocate(0, 1);
    EXPECT_TRUE(twice.changed());
}

TEST(ReadTwice, PagesAtTheEdgesOfTheRegionComeFromTheirOwnPieces)
{
    TableImage region(0x1000000);
    TableImage before(0xfff000, 1);
    TableImage behind(0x1200000, 1);
    region.put(0, 0, 1).put(511, 0, 2);
    before.put(0, 0, 3);
    behind.put(0, 0, 4);
    PiecewiseMemory memory;
    for (TableImage *piece : {&before, &region, &behind})
        EXPECT_EQ(memory.add(PhysAddr(piece->address(0)), piece->bytes()), std::nullopt);
    CheckSubject subject{.memory = &memory, .memory_base = PhysAddr(0x1000000)};
    subject.region = CheckRegion{region.bytes(), PhysAddr(0x1000000)};
    const ReadTwice twice(subject);
    EXPECT_EQ(first_word(twice, 0xfff000), 3U);
    EXPECT_EQ(first_word(twice, 0x1000000), 1U);
    EXPECT_EQ(first_word(twice, 0x11ff000), 2U);
    EXPECT_EQ(first_word(twice, 0x1200000), 4U);
    behind.put(0, 0, 5);
    EXPECT_TRUE(twice.changed());
}

}  // namespace

}  // namespace pgregion::cli
