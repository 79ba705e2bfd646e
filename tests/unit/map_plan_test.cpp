// SPDX-License-Identifier: GPL-2.0-or-later
//
// Plans of map and unmap in single cases: the sizes of leaves, what splitting keeps, the order of edits.
// Words and counts are literals from iommu-formats.md.
#include "support/map_steps.h"
#include "support/tested_formats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

using testing::ElementsAre;
using testing::IsEmpty;

// --- sizes --------------------------------------------------------------------------------------------------

TEST(MapPlan, ARangeOfMixedSizesTakesFourteenTwoMiBThreeOneGiBAndThreeTwoMiB)
{
    for (const std::string_view format : {"vtd-ss", "x86-64", "riscv"}) {
        MapSteps tables(format, 4);
        tables.map(0x3fe400000, 0x3fe400000, 0x4c0600000 - 0x3fe400000);
        EXPECT_THAT(tables.sizes(), ElementsAre(Sizes{2 * kMiB, 14}, Sizes{kGiB, 3}, Sizes{2 * kMiB, 3})) << format;
    }
}

TEST(MapPlan, PhysicalAlignmentLimitsTheSizeToo)
{
    MapSteps tables("vtd-ss", 4);
    tables.map(2 * kMiB, 0x1000, 2 * kMiB);
    EXPECT_THAT(tables.sizes(), ElementsAre(Sizes{0x1000, 512}));
}

TEST(MapPlan, AmdTakesEveryPowerOfTwoAndPutsAllCopies)
{
    MapSteps tables("amd-v1", 3);
    const TablesPlan plan = tables.map(0x10000, 0x200560000, 0x10000);
    EXPECT_THAT(tables.sizes(), ElementsAre(Sizes{0x10000, 1}));
    for (std::size_t slot = 16; slot < 32; ++slot)
        EXPECT_EQ(tables.get(3, slot), 0x6000000200567e01U) << slot;  // section 2.7, without A, D and FC
    EXPECT_EQ(tables.get(3, 15), 0U);
    EXPECT_EQ(tables.get(3, 32), 0U);
    EXPECT_EQ(plan.entries_changed, 18U);
}

TEST(MapPlan, AmdMapsARangeWithFewLeavesOfManySizes)
{
    MapSteps tables("amd-v1", 4);
    tables.map(0x3000, 0x3000, 0x100000000 - 0x3000);
    std::vector<Sizes> expected{{0x1000, 1}};
    for (std::uint64_t size = 0x4000; size <= 0x80000000; size *= 2)
        expected.emplace_back(size, 1);
    EXPECT_EQ(tables.sizes(), expected);
}

TEST(MapPlan, RiscvTakesSixtyFourKiBWithSvnapotAndNotWithout)
{
    MapSteps with("riscv", 3);
    with.map(0x30000, 0x876540000, 0x10000);
    EXPECT_THAT(with.sizes(), ElementsAre(Sizes{0x10000, 1}));
    EXPECT_EQ(with.get(3, 0x30), 0x800000021d9520d7U);  // section 5.7, without PBMT
    MapSteps without("riscv", 3);
    set_parameter(without.in_region.params, without.in_region.format->parameters, "svnapot", "off");
    without.map(0x30000, 0x876540000, 0x10000);
    EXPECT_THAT(without.sizes(), ElementsAre(Sizes{0x1000, 16}));
}

TEST(MapPlan, APageSizeThatIsGivenIsTheOnlyOne)
{
    MapSteps tables("vtd-ss", 4);
    MapRequest request{Iova(0), PhysAddr(0), 4 * kMiB, kReadWrite};
    request.page_size_lg2 = 21;
    tables.map(request);
    EXPECT_THAT(tables.sizes(), ElementsAre(Sizes{2 * kMiB, 2}));
    request.iova = Iova(kGiB);
    request.page_size_lg2 = 12;
    tables.map(request);
    EXPECT_THAT(tables.sizes(), ElementsAre(Sizes{2 * kMiB, 2}, Sizes{0x1000, 1024}));
}

TEST(MapPlan, APageSizeThatIsUnknownOrDoesNotDivideTheRangeIsRefused)
{
    const MapSteps tables("vtd-ss", 4);
    MapRequest request{Iova(0), PhysAddr(0), 4 * kMiB, kReadWrite};
    request.page_size_lg2 = 16;
    EXPECT_EQ(tables.refusal(request), std::pair(Failure::usage, std::string("bad-page-size")));
    request.page_size_lg2 = 21;
    for (const auto &[iova, pa, size] :
         {std::tuple{0x1000U, 0U, 0x400000U}, {0U, 0x1000U, 0x400000U}, {0U, 0U, 0x1000U}}) {
        request.iova = Iova(iova);
        request.pa = PhysAddr(pa);
        request.size_bytes = size;
        EXPECT_EQ(tables.refusal(request), std::pair(Failure::usage, std::string("bad-page-size")));
    }
}

TEST(MapPlan, ATableThatIsThereAlreadyIsUsedAlthoughALargerLeafWouldFit)
{
    MapSteps tables("vtd-ss", 4);
    tables.map(0, 0, 0x1000);
    tables.unmap(0, 0x1000);
    EXPECT_THAT(tables.map(0, 0, 2 * kMiB).added, IsEmpty());
    EXPECT_THAT(tables.sizes(), ElementsAre(Sizes{0x1000, 512}));
}

// --- words --------------------------------------------------------------------------------------------------

/// iommu-formats.md section 10.
TEST(MapPlan, WordsAreThoseOfTheEncoderTable)
{
    for (const TableFormat *format : table_formats()) {
        const MappedWords &planned = tested_table(format->name).planned;
        MapSteps tables(format->name, planned.levels, planned.root_page);
        tables.map(0x1000, 0x12345000, 0x1000);
        tables.map(0x200000, 0x40000000, 0x200000);
        for (const TableWord &place : planned.places)
            EXPECT_EQ(tables.get(place.page, place.index), place.word) << format->name << " page " << place.page;
    }
}

TEST(MapPlan, MemoryTypesAreWritten)
{
    MapSteps arm("arm-s1", 4);
    arm.map({Iova(0), PhysAddr(0x9000000), 0x1000, kReadWrite, MemoryType::device});
    EXPECT_EQ(arm.get(4, 0), 0x60000009000e4bU);  // AttrIndx 2, SH outer, XN
    MapSteps riscv("riscv", 3);
    riscv.map({Iova(0), PhysAddr(0x9000000), 0x1000, kReadWrite, MemoryType::device});
    EXPECT_EQ(riscv.get(3, 0), 0x40000000024000d7U);
}

// --- splitting ----------------------------------------------------------------------------------------------

TEST(MapPlan, APartOfALargeLeafGoesAndTheRestStaysInTheLargestLeavesThatFit)
{
    MapSteps tables("vtd-ss", 4);
    tables.map(kGiB, kGiB, kGiB);
    tables.unmap(kGiB + 4 * kMiB, 0x1000);
    EXPECT_THAT(tables.sizes(), ElementsAre(Sizes{2 * kMiB, 2}, Sizes{0x1000, 511}, Sizes{2 * kMiB, 509}));
    const MapRows rows = merged(tables.leaves());
    EXPECT_THAT(
        rows, ElementsAre(MapRow{kGiB, kGiB, 4 * kMiB, "rw"},
                          MapRow{kGiB + 4 * kMiB + 0x1000, kGiB + 4 * kMiB + 0x1000, kGiB - 4 * kMiB - 0x1000, "rw"}));
}

TEST(MapPlan, WhatALeafHasBeyondItsAddressIsKeptWhenItIsSplit)
{
    MapSteps tables("vtd-ss", 4);
    tables.map(0, 0x40000000, 2 * kMiB, Access::read());
    tables.put(3, 0, tables.get(3, 0) | 0xb00);  // SNP, D, A
    tables.unmap(0x1000, 0x1000);
    EXPECT_EQ(tables.get(4, 0), 0x40000b01U);
    EXPECT_EQ(tables.get(4, 1), 0U);
    EXPECT_EQ(tables.get(4, 511), 0x401ffb01U);
}

TEST(MapPlan, AnAmdLeafIsSplitWithTheFlagsOfAllItsCopies)
{
    MapSteps tables("amd-v1", 3);
    tables.map(0, 0, 0x4000);
    tables.put(3, 2, tables.get(3, 2) | 0x60);  // A and D in one copy alone
    tables.unmap(0, 0x1000);
    EXPECT_EQ(tables.get(3, 0), 0U);
    EXPECT_EQ(tables.get(3, 1), 0x6000000000001061U);
    EXPECT_EQ(tables.get(3, 2), 0x6000000000002e61U);  // 8 KiB, copies in slots 2 and 3
    EXPECT_EQ(tables.get(3, 3), 0x6000000000002e61U);
}

TEST(MapPlan, ANapotLeafIsSplitIntoItsPages)
{
    MapSteps tables("riscv", 3);
    tables.map(0, 0x40000000, 0x10000);
    tables.unmap(0xf000, 0x1000);
    EXPECT_THAT(tables.sizes(), ElementsAre(Sizes{0x1000, 15}));
    EXPECT_EQ(tables.get(3, 0), 0x100000d7U);
    EXPECT_EQ(tables.get(3, 15), 0U);
}

TEST(MapPlan, ALeafOutOfATornGroupGoesAloneAndItsNeighboursStay)
{
    MapSteps tables("amd-v1", 3);
    tables.map(0, 0x40000000, 0x4000);     // 16 KiB in slots 0 to 3
    tables.put(3, 1, 0x6000000050001001);  // a page of its own in between
    tables.unmap(0x2000, 0x1000);
    EXPECT_EQ(tables.get(3, 0), 0x6000000040001e01U);
    EXPECT_EQ(tables.get(3, 1), 0x6000000050001001U);
    EXPECT_EQ(tables.get(3, 2), 0U);
    EXPECT_EQ(tables.get(3, 3), 0x6000000040001e01U);
    tables.unmap(0x1000, 0x1000);
    EXPECT_EQ(tables.get(3, 1), 0U);
    EXPECT_EQ(tables.get(3, 3), 0x6000000040001e01U);
}

TEST(MapPlan, ALargeLeafThatSmallerOnesCannotStandForIsNotSplit)
{
    MapSteps tables("x86-64", 4);
    tables.map(0, 0x40000000, 2 * kMiB);
    tables.put(3, 0, tables.get(3, 0) | 0x1000);  // PAT, which pages of 4 KiB have at another place
    EXPECT_EQ(tables.unmap_refusal(0, 0x1000), "cannot-split");
    tables.unmap(0, 2 * kMiB);
    EXPECT_THAT(tables.leaves(), IsEmpty());
}

TEST(MapPlan, AnExecutableVtdLeafIsNotSplitBelowATableThatWouldTakeExecutionAway)
{
    MapSteps tables("vtd-ss", 3);
    tables.put(1, 0, 0x80002007);
    tables.put(2, 0, 0x40000087);
    set_bit(tables.image, 2);
    EXPECT_EQ(tables.unmap_refusal(0, 0x1000), "cannot-split");
}

// --- order of edits -----------------------------------------------------------------------------------------

/// The page in which each edit lies.
std::vector<std::uint64_t> pages_of(const Edits &edits)
{
    std::vector<std::uint64_t> pages;
    for (const Edit &edit : edits)
        pages.push_back(edit.offset / 4096);
    return pages;
}

TEST(MapPlan, TheBitmapComesFirstThenNewTablesThenThePointerToThem)
{
    MapSteps tables("vtd-ss", 4);
    const TablesPlan plan = tables.map(0, 0, 0x1000);
    EXPECT_THAT(pages_of(plan.edits), ElementsAre(0, 2, 3, 4, 1));
    EXPECT_THAT(first_pages(plan.added), ElementsAre(2, 3, 4));
    EXPECT_EQ(plan.entries_changed, 4U);
    EXPECT_THAT(allocated(tables.image), ElementsAre(std::pair(0, 4)));
}

TEST(MapPlan, PointersGoFirstAndTheBitmapComesLastWhenTablesAreFreed)
{
    MapSteps tables("vtd-ss", 4);
    tables.map(0, 0, 0x1000);
    const TablesPlan plan = tables.unmap(0, 0x1000, EmptyTables::free);
    EXPECT_THAT(pages_of(plan.edits), ElementsAre(1, 2, 3, 4, 0));
    EXPECT_THAT(first_pages(plan.freed), testing::UnorderedElementsAre(2, 3, 4));
    EXPECT_THAT(allocated(tables.image), ElementsAre(std::pair(0, 1)));
    EXPECT_EQ(tables.image, image_with({{0, 1}}));
}

TEST(MapPlan, EmptyTablesStayUnlessTheyAreToBeFreed)
{
    MapSteps tables("vtd-ss", 4);
    tables.map(0, 0, 0x1000);
    const TablesPlan plan = tables.unmap(0, 0x1000);
    EXPECT_THAT(plan.freed, IsEmpty());
    EXPECT_EQ(plan.entries_changed, 1U);
    EXPECT_THAT(allocated(tables.image), ElementsAre(std::pair(0, 4)));
}

TEST(MapPlan, AFreePageThatIsNotZeroIsClearedBeforeItIsATable)
{
    MapSteps tables("vtd-ss", 3);
    fill_page(tables.image, 2, std::byte{0xff});
    fill_page(tables.image, 3, std::byte{0xff});
    tables.map(0, 0, 0x1000);
    EXPECT_THAT(merged(tables.leaves()), ElementsAre(MapRow{0, 0, 0x1000, "rw"}));
}

TEST(MapPlan, AnUnmapOfNothingIsNoEdit)
{
    MapSteps tables("amd-v1", 6);
    EXPECT_THAT(tables.unmap(0, 0x1000, EmptyTables::free).edits, IsEmpty());
    EXPECT_THAT(tables.unmap(0x8000000000000000, 0x8000000000000000).edits, IsEmpty());
}

}  // namespace
}  // namespace pgregion::test
