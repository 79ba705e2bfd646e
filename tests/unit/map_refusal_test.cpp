// SPDX-License-Identifier: GPL-2.0-or-later
//
// What map and unmap refuse, with the code of each refusal; nothing is changed then.
#include "support/map_steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

using testing::ElementsAre;
using testing::IsEmpty;

TEST(MapRefusal, AFullRegionChangesNothing)
{
    MapSteps tables("vtd-ss", 4);
    for (std::size_t page = 2; page < 510; ++page)
        set_bit(tables.image, page);
    // Two pages are left, three tables are needed.
    EXPECT_EQ(tables.refusal({Iova(0), PhysAddr(0), 0x1000, kReadWrite}),
              std::pair(Failure::operational, std::string("region-full")));
    EXPECT_THAT(tables.map(0, 0, 2 * kMiB).added.size(), 2U);
}

TEST(MapRefusal, ATableOfSixtyFourKiBNeedsSixteenPagesInARow)
{
    MapSteps tables("arm-s1", 2);
    auto &params = tables.in_region.params;
    set_parameter(params, tables.in_region.format->parameters, "granule", "64k");
    for (std::size_t page = 2; page < 512; page += 16)
        set_bit(tables.image, page);  // one page of every sixteen
    EXPECT_EQ(tables.refusal({Iova(0), PhysAddr(0), 0x10000, kReadWrite}).second, "table-outside-region");
    tables.in_region.root = PhysAddr(kMapBase + 16 * 4096);
    for (std::size_t page = 16; page < 32; ++page)
        set_bit(tables.image, page);
    EXPECT_EQ(tables.refusal({Iova(0), PhysAddr(0), 0x10000, kReadWrite}).second, "region-full");
    EXPECT_THAT(tables.map(0, 0, 0x20000000).added, IsEmpty());  // 512 MiB stand in the root
}

TEST(MapRefusal, WhatIsMappedIsNotMappedAgain)
{
    MapSteps tables("vtd-ss", 4);
    tables.map(2 * kMiB, 0, 2 * kMiB);
    tables.map(kGiB, 0, 0x1000);
    for (const auto &[iova, size] : {std::pair<std::uint64_t, std::uint64_t>{0x3ff000, 0x1000},
                                     {0x1ff000, 0x2000},
                                     {0, 4 * kMiB},
                                     {kGiB, 0x1000},
                                     {0, 2 * kGiB}})
        EXPECT_EQ(tables.refusal({Iova(iova), PhysAddr(0), size, kReadWrite}),
                  std::pair(Failure::refused, std::string("already-mapped")));
}

TEST(MapRefusal, RangesThatTheTablesDoNotHaveAreRefused)
{
    const MapSteps vtd("vtd-ss", 4);
    const MapSteps sv39("riscv", 3);
    const auto bad = std::pair(Failure::usage, std::string("bad-map"));
    EXPECT_EQ(vtd.refusal({Iova(0), PhysAddr(0), 0, kReadWrite}), bad);
    EXPECT_EQ(vtd.refusal({Iova(1), PhysAddr(0), 0x1000, kReadWrite}), bad);
    EXPECT_EQ(vtd.refusal({Iova(0), PhysAddr(1), 0x1000, kReadWrite}), bad);
    EXPECT_EQ(vtd.refusal({Iova(0), PhysAddr(0), 0x1001, kReadWrite}), bad);
    EXPECT_EQ(vtd.refusal({Iova(0x1000000000000), PhysAddr(0), 0x1000, kReadWrite}), bad);
    EXPECT_EQ(vtd.refusal({Iova(0xfffffffff000), PhysAddr(0), 0x2000, kReadWrite}), bad);
    EXPECT_EQ(vtd.refusal({Iova(0xfffffffffffff000), PhysAddr(0), 0x2000, kReadWrite}), bad);
    EXPECT_EQ(vtd.refusal({Iova(0), PhysAddr(0xffffffffff000), 0x2000, kReadWrite}), bad);
    EXPECT_EQ(vtd.refusal({Iova(0), PhysAddr(0), 0x1000, Access::none()}), bad);
    EXPECT_EQ(sv39.refusal({Iova(0x3ffffff000), PhysAddr(0), 0x2000, kReadWrite}), bad);  // into the hole
    EXPECT_EQ(sv39.refusal({Iova(0x4000000000), PhysAddr(0), 0x1000, kReadWrite}), bad);
}

TEST(MapRefusal, AccessesAndMemoryTypesThatTheFormatDoesNotHaveAreRefused)
{
    const auto bad = std::pair(Failure::usage, std::string("bad-map"));
    for (const std::string_view format : {"x86-64", "riscv", "arm-s1"})
        EXPECT_EQ(MapSteps(format, 4).refusal({Iova(0), PhysAddr(0), 0x1000, Access::write()}), bad) << format;
    EXPECT_EQ(MapSteps("amd-v1", 3).refusal({Iova(0), PhysAddr(0), 0x1000, Access::all()}), bad);
    EXPECT_EQ(MapSteps("vtd-ss", 4).refusal({Iova(0), PhysAddr(0), 0x1000, kReadWrite, MemoryType::device}), bad);
}

TEST(MapRefusal, AMappingThatTheTablesAboveWouldCutDownIsRefused)
{
    const auto unusable = std::pair(Failure::refused, std::string("entry-not-usable"));
    MapSteps amd("amd-v1", 2);
    amd.put(1, 0, 0x2000000080002201);  // a table that only reads go through
    set_bit(amd.image, 2);
    EXPECT_EQ(amd.refusal({Iova(0), PhysAddr(0), 0x1000, kReadWrite}), unusable);
    amd.map(0, 0, 0x1000, Access::read());
    EXPECT_THAT(amd.leaves(), ElementsAre(MapRow{0, 0, 0x1000, "r"}));
    // As Linux writes them, pointers of VT-d's second stage let no execution through.
    EXPECT_EQ(MapSteps("vtd-ss", 4).refusal({Iova(0), PhysAddr(0), 0x1000, Access::all()}), unusable);
}

TEST(MapRefusal, EntriesOnTheWayThatFaultOrLeadElsewhereAreRefused)
{
    const MapRequest request{Iova(0), PhysAddr(0), 0x1000, kReadWrite};
    for (const auto &[word, code] : {std::pair<std::uint64_t, std::string>{0x4000000080002003, "entry-not-usable"},
                                     {0x90000003, "table-outside-region"},
                                     {0x80005003, "table-outside-region"},  // free
                                     {0x80000003, "table-outside-region"},  // the bitmap
                                     {0x8, "entry-not-usable"}}) {          // data without permission
        MapSteps tables("vtd-ss", 4);
        tables.put(1, 0, word);
        EXPECT_EQ(tables.refusal(request), std::pair(Failure::refused, code)) << std::hex << word;
    }
}

TEST(MapRefusal, DataInANotPresentEntryIsNoTranslationAndStays)
{
    MapSteps tables("vtd-ss", 3);
    tables.map(0, 0, 0x1000);
    tables.put(3, 5, 0xabc0);
    tables.unmap(0, kGiB, EmptyTables::free);
    EXPECT_EQ(tables.get(3, 5), 0xabc0U);
    EXPECT_EQ(tables.get(1, 0), 0x80002003U);
}

TEST(MapRefusal, ATableInUseAtSeveralPlacesIsNotChanged)
{
    MapSteps tables("vtd-ss", 3);
    tables.map(0, 0, 0x1000);
    tables.put(1, 1, tables.get(1, 0));  // a second way to page 2
    EXPECT_EQ(tables.refusal({Iova(0x1000), PhysAddr(0), 0x1000, kReadWrite}),
              std::pair(Failure::refused, std::string("table-shared")));
    EXPECT_EQ(tables.unmap_refusal(kGiB, 0x1000), "table-shared");
    EXPECT_EQ(tables.map(2 * kGiB, 0, kGiB).entries_changed, 1U);  // the root itself is not shared
}

TEST(MapRefusal, ASkippingPointerTakesOnlyTheLowPartOfItsSlot)
{
    MapSteps tables("amd-v1", 3);
    tables.put(1, 0, 0x6000000080002201);  // from level 3 to level 1: 2 MiB of a slot of 1 GiB
    set_bit(tables.image, 2);
    tables.map(0x1ff000, 0x5000, 0x1000);
    EXPECT_THAT(tables.leaves(), ElementsAre(MapRow{0x1ff000, 0x5000, 0x1000, "rw"}));
    EXPECT_EQ(tables.refusal({Iova(0x200000), PhysAddr(0), 0x1000, kReadWrite}).second, "entry-not-usable");
    tables.unmap(0, kGiB, EmptyTables::free);
    EXPECT_EQ(tables.image, image_with({{0, 1}}));
}

}  // namespace
}  // namespace pgregion::test
