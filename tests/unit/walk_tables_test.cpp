// SPDX-License-Identifier: GPL-2.0-or-later
//
// The walker on small trees whose every word stands in the test: order, problems, access, clipping, merging.
#include "support/table_image.h"
#include "support/walk_record.h"

#include <pgregion/mapping.h>
#include <pgregion/walk.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kBase = 0x40000000;

WalkRequest request_at(std::uint64_t root, unsigned levels = 4)
{
    WalkRequest request;
    request.format = find_table_format("vtd-ss");
    request.params = default_params(*request.format, levels);
    request.root = PhysAddr(root);
    return request;
}

/// Pages 1 to 4 are one path of four levels through slot 0; page 4 holds the 4-KiB leaves.
TableImage one_path()
{
    TableImage image(kBase, 8);
    image.put(1, 0, image.address(2) | 3).put(2, 0, image.address(3) | 3).put(3, 0, image.address(4) | 3);
    return image;
}

MapRows mappings(const TableImage &image, WalkRequest request)
{
    const PiecewiseMemory memory = image.memory();
    return merged_by_walker(memory, request);
}

MapRows mappings(const TableImage &image) { return mappings(image, request_at(image.address(1))); }

TEST(WalkTables, AnEmptyRootIsAValidTreeWithoutMappings)
{
    const TableImage image(kBase, 2);
    const PiecewiseMemory memory = image.memory();
    WalkRecord record;
    const WalkOutcome outcome = walk_tables(memory, request_at(image.address(1)), record);
    EXPECT_TRUE(outcome.root_readable);
    EXPECT_FALSE(outcome.incomplete || outcome.truncated || outcome.stopped);
    EXPECT_EQ(record.entered.size(), 1U);
    EXPECT_THAT(record.entries, IsEmpty());
}

TEST(WalkTables, AnEntryComesDirectlyBeforeWhatIsBehindIt)
{
    TableImage image(kBase, 8);
    image.put(1, 3, image.address(2) | 3).put(1, 9, image.address(3) | 3);
    image.put(2, 1, 0x40000083).put(3, 1, 0x80000083);
    const PiecewiseMemory memory = image.memory();
    WalkRecord record;
    walk_tables(memory, request_at(image.address(1)), record);
    std::vector<std::pair<std::uint64_t, std::uint32_t>> order;
    for (const WalkRecord::Run &run : record.entries)
        order.emplace_back(run.table, run.index);
    EXPECT_THAT(order, ElementsAre(std::pair(image.address(1), 3U), std::pair(image.address(2), 1U),
                                   std::pair(image.address(1), 9U), std::pair(image.address(3), 1U)));
    EXPECT_THAT(record.entered, ElementsAre(std::pair(image.address(1), 3U), std::pair(image.address(2), 2U),
                                            std::pair(image.address(3), 2U)));
    EXPECT_EQ(record.entries[3].iova, 0x48040000000U);
}

TEST(WalkTables, AccessIsTheAndOfAllLevels)
{
    TableImage image = one_path();
    image.put(1, 0, image.address(2) | 1).put(4, 0, 0x1003).put(4, 1, 0x2001).put(4, 2, 0x3002);
    EXPECT_THAT(mappings(image), ElementsAre(MapRow{0, 0x1000, 0x2000, "r"}, MapRow{0x2000, 0x3000, 0x1000, ""}));
}

TEST(WalkTables, AReservedBitHidesWhatIsBehindAndIsAProblem)
{
    TableImage image = one_path();
    image.put(3, 1, image.address(5) | 0x803).put(5, 0, 0x9003);
    image.put(4, 0, 0x1003).put(4, 1, 0x4000000000002003).put(4, 2, 0x3003);
    const PiecewiseMemory memory = image.memory();
    WalkRecord record;
    const WalkOutcome outcome = walk_tables(memory, request_at(image.address(1)), record);
    EXPECT_TRUE(outcome.incomplete);
    EXPECT_THAT(record.problems,
                ElementsAre(WalkRecord::Trouble{ProblemKind::reserved_bits, image.address(4), 1, 0x4000000000000000},
                            WalkRecord::Trouble{ProblemKind::reserved_bits, image.address(3), 1, 0x800}));
    EXPECT_EQ(record.whole_problems[0].iova, Iova(0x1000));
    EXPECT_EQ(record.whole_problems[0].level, 0);
    EXPECT_THAT(mappings(image), ElementsAre(MapRow{0, 0x1000, 0x1000, "rw"}, MapRow{0x2000, 0x3000, 0x1000, "rw"}));
}

TEST(WalkTables, AnEntryWithDataThatAllowsNothingIsShownAndMapsNothing)
{
    TableImage image = one_path();
    image.put(4, 4, 0x7770).put(4, 5, 0x1003);
    const PiecewiseMemory memory = image.memory();
    WalkRecord record;
    const WalkOutcome outcome = walk_tables(memory, request_at(image.address(1)), record);
    EXPECT_FALSE(outcome.incomplete);
    bool shown = false;
    for (const WalkRecord::Run &run : record.entries)
        shown = shown || (run.kind == EntryKind::empty && run.raw == 0x7770 && run.index == 4);
    EXPECT_TRUE(shown);
    EXPECT_THAT(mappings(image), ElementsAre(MapRow{0x5000, 0x1000, 0x1000, "rw"}));
}

// --- merging ------------------------------------------------------------------------------------------------

TEST(MergedMappings, LeavesThatGoOnAreOneMapping)
{
    TableImage image = one_path();
    image.put(4, 0, 0x1003).put(4, 1, 0x2003).put(4, 2, 0x3003);
    EXPECT_THAT(mappings(image), ElementsAre(MapRow{0, 0x1000, 0x3000, "rw"}));
}

TEST(MergedMappings, AHoleInTheIovasSplits)
{
    TableImage image = one_path();
    image.put(4, 0, 0x1003).put(4, 2, 0x2003);
    EXPECT_THAT(mappings(image), ElementsAre(MapRow{0, 0x1000, 0x1000, "rw"}, MapRow{0x2000, 0x2000, 0x1000, "rw"}));
}

TEST(MergedMappings, AJumpOfTheTargetSplits)
{
    TableImage image = one_path();
    image.put(4, 0, 0x1003).put(4, 1, 0x3003).put(4, 2, 0x2003).put(4, 3, 0x2003);
    EXPECT_THAT(mappings(image),
                ElementsAre(MapRow{0, 0x1000, 0x1000, "rw"}, MapRow{0x1000, 0x3000, 0x1000, "rw"},
                            MapRow{0x2000, 0x2000, 0x1000, "rw"}, MapRow{0x3000, 0x2000, 0x1000, "rw"}));
}

TEST(MergedMappings, AChangeOfAccessSplits)
{
    TableImage image = one_path();
    image.put(4, 0, 0x1003).put(4, 1, 0x2001).put(4, 2, 0x3001).put(4, 3, 0x4002);
    EXPECT_THAT(mappings(image), ElementsAre(MapRow{0, 0x1000, 0x1000, "rw"}, MapRow{0x1000, 0x2000, 0x2000, "r"},
                                             MapRow{0x3000, 0x4000, 0x1000, "w"}));
}

TEST(MergedMappings, BitsThatDoNotTranslateDoNotSplit)
{
    TableImage image = one_path();
    image.put(4, 0, 0x1003).put(4, 1, 0x2303).put(4, 2, 0x3c03).put(4, 3, 0x8010000000004003);
    EXPECT_THAT(mappings(image), ElementsAre(MapRow{0, 0x1000, 0x4000, "rw"}));
}

TEST(MergedMappings, SizesJoinOverTables)
{
    TableImage image = one_path();
    image.put(4, 511, 0x5ff003).put(3, 1, 0x600083).put(3, 2, image.address(5) | 3).put(5, 0, 0x800003);
    EXPECT_THAT(mappings(image), ElementsAre(MapRow{0x1ff000, 0x5ff000, 0x202000, "rw"}));
}

TEST(MergedMappings, ATableOfLeavesAndItsNeighbourAreOneMapping)
{
    TableImage image = one_path();
    image.put(3, 1, image.address(5) | 3);
    for (std::size_t index = 0; index < 512; ++index)
        image.put(4, index, (0x10000000 + index * 0x1000) | 3).put(5, index, (0x10200000 + index * 0x1000) | 3);
    EXPECT_THAT(mappings(image), ElementsAre(MapRow{0, 0x10000000, 0x400000, "rw"}));
}

TEST(MergedMappings, TheTopOfTheWidestAddressSpaceIsReached)
{
    TableImage image(kBase, 6);
    image.put(1, 511, image.address(2) | 3).put(2, 511, image.address(3) | 3).put(3, 511, image.address(4) | 3);
    image.put(4, 511, image.address(5) | 3).put(5, 511, 0xffffffffff003);
    EXPECT_THAT(mappings(image, request_at(image.address(1), 5)),
                ElementsAre(MapRow{0x1fffffffffff000, 0xffffffffff000, 0x1000, "rw"}));
}

TEST(MergedMappings, AFormerRunOfTheSameLeafDoesNotGrowOverItself)
{
    TableImage image = one_path();
    image.put(1, 1, image.address(2) | 3).put(4, 0, 0x1003);
    EXPECT_THAT(mappings(image),
                ElementsAre(MapRow{0, 0x1000, 0x1000, "rw"}, MapRow{0x8000000000, 0x1000, 0x1000, "rw"}));
}

// --- a part of the tree -------------------------------------------------------------------------------------

TEST(WalkRange, OnlyEntriesThatTouchTheRangeAreVisited)
{
    TableImage image = one_path();
    for (std::size_t index = 0; index < 16; ++index)
        image.put(4, index, (0x100000 + index * 0x1000) | 3);
    image.put(1, 5, image.address(6) | 3);
    WalkRequest request = request_at(image.address(1));
    request.only = Range<Iova>{Iova(0x3800), 0x1000};
    EXPECT_THAT(mappings(image, request), ElementsAre(MapRow{0x3000, 0x103000, 0x2000, "rw"}));
    const PiecewiseMemory memory = image.memory();
    WalkRecord record;
    walk_tables(memory, request, record);
    EXPECT_THAT(record.entered, testing::SizeIs(4));
    EXPECT_EQ(record.entries.back().index, 3U);
    EXPECT_EQ(record.entries.back().count, 2U);
    EXPECT_EQ(record.entries.back().raw, 0x103003U);
    EXPECT_EQ(record.entries.back().target, 0x103000U);
}

TEST(WalkRange, OneByteIsEnough)
{
    TableImage image = one_path();
    image.put(4, 3, 0x9003).put(4, 4, 0xa003);
    WalkRequest request = request_at(image.address(1));
    request.only = Range<Iova>{Iova(0x3fff), 1};
    EXPECT_THAT(mappings(image, request), ElementsAre(MapRow{0x3000, 0x9000, 0x1000, "rw"}));
}

TEST(WalkRange, AnEmptyRangeVisitsNothing)
{
    TableImage image = one_path();
    image.put(4, 0, 0x9003);
    WalkRequest request = request_at(image.address(1));
    for (const std::uint64_t first : {0x0U, 0x1000U}) {
        request.only = Range<Iova>{Iova(first), 0};
        EXPECT_THAT(mappings(image, request), IsEmpty());
    }
}

TEST(WalkRange, ARangeToTheEndOfTheNumbersIsTheWholeRest)
{
    TableImage image = one_path();
    image.put(4, 0, 0x9003).put(4, 1, 0xb003).put(1, 511, image.address(5) | 3).put(5, 511, 0x80000083);
    WalkRequest request = request_at(image.address(1));
    request.only = Range<Iova>{Iova(0x1000), ~std::uint64_t{0} - 0x1000 + 1};
    EXPECT_THAT(mappings(image, request), ElementsAre(MapRow{0x1000, 0xb000, 0x1000, "rw"},
                                                      MapRow{0xffffc0000000, 0x80000000, 0x40000000, "rw"}));
}

TEST(WalkDepth, TablesBelowTheDeepestLevelAreNotEntered)
{
    TableImage image = one_path();
    image.put(4, 0, 0x9003).put(3, 1, 0x600083);
    WalkRequest request = request_at(image.address(1));
    const PiecewiseMemory memory = image.memory();
    for (unsigned deepest = 0; deepest < 4; ++deepest) {
        request.deepest_level = deepest;
        WalkRecord record;
        const WalkOutcome outcome = walk_tables(memory, request, record);
        EXPECT_EQ(record.entered.size(), 4 - deepest);
        EXPECT_FALSE(outcome.incomplete || outcome.truncated);
    }
    request.deepest_level = 1;
    EXPECT_THAT(mappings(image, request), ElementsAre(MapRow{0x200000, 0x600000, 0x200000, "rw"}));
}

TEST(ProblemCodes, AreStableWords)
{
    EXPECT_EQ(code(ProblemKind::table_outside_source), "table-outside-source");
    EXPECT_EQ(code(ProblemKind::reserved_bits), "reserved-bits");
    EXPECT_EQ(code(ProblemKind::invalid_entry), "invalid-entry");
    EXPECT_EQ(code(ProblemKind::table_repeated), "table-repeated");
    EXPECT_EQ(code(ProblemKind::budget_spent), "budget-spent");
    EXPECT_EQ(code(ProblemKind::root_outside_source), "root-outside-source");
    EXPECT_EQ(code(ProblemKind::replicas_differ), "replicas-differ");
    EXPECT_EQ(code(ProblemKind::not_in_outer_stage), "not-in-outer-stage");
}

}  // namespace
}  // namespace pgregion::test
