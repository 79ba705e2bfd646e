// SPDX-License-Identifier: GPL-2.0-or-later
//
// Hostile and broken trees: the walk ends, enters few tables, says what it left out, and says it again the same
// way. Bounds are counts of tables, never times.
#include "support/table_image.h"
#include "support/walk_record.h"

#include <pgregion/walk.h>

#include <algorithm>

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

struct Walked {
    WalkRecord record;
    WalkOutcome outcome;
};

Walked &walk(const MemorySource &memory, const WalkRequest &request, Walked &walked)
{
    walked.outcome = walk_tables(memory, request, walked.record);
    return walked;
}

void expect_same_again(const MemorySource &memory, const WalkRequest &request, const Walked &first)
{
    Walked again;
    walk(memory, request, again);
    EXPECT_EQ(again.record.entered, first.record.entered);
    EXPECT_EQ(again.record.entries, first.record.entries);
    EXPECT_EQ(again.record.problems, first.record.problems);
}

/// Every slot of `page` leads to `target`.
void fill(TableImage &image, std::size_t page, std::uint64_t word)
{
    for (std::size_t index = 0; index < 512; ++index)
        image.put(page, index, word);
}

TEST(WalkBounds, ARootWhoseEverySlotPointsToItselfIsExpandedFourTimesPerLevel)
{
    TableImage image(kBase);
    fill(image, 1, image.address(1) | 3);
    const PiecewiseMemory memory = image.memory();
    for (const unsigned levels : {3U, 4U, 5U}) {
        Walked walked;
        walk(memory, request_at(image.address(1), levels), walked);
        // Once as the root, four times at each level below.
        EXPECT_EQ(walked.record.entered.size(), 1 + 4 * (levels - 1));
        EXPECT_TRUE(walked.outcome.truncated);
        EXPECT_GT(walked.record.count(ProblemKind::table_repeated), 0U);
        expect_same_again(memory, request_at(image.address(1), levels), walked);
    }
}

TEST(WalkBounds, ARootWithOneSlotThatPointsToItselfIsReadToTheEndOnce)
{
    TableImage image(kBase);
    image.put(1, 7, image.address(1) | 3);
    const PiecewiseMemory memory = image.memory();
    Walked walked;
    walk(memory, request_at(image.address(1)), walked);
    EXPECT_EQ(walked.record.entered.size(), 4U);  // the same page at levels 3, 2, 1, 0
    EXPECT_FALSE(walked.outcome.truncated);
    LeafRecord leaves;
    walk_tables(memory, request_at(image.address(1)), leaves);
    // Slot 7 at every level: 7 * (2^39 + 2^30 + 2^21 + 2^12)
    EXPECT_THAT(leaves.rows, ElementsAre(MapRow{0x381c0e07000, 0x40001000, 0x1000, "rw"}));
}

TEST(WalkBounds, TwoTablesThatPointAtEachOtherEnd)
{
    TableImage image(kBase);
    fill(image, 1, image.address(2) | 3);
    fill(image, 2, image.address(1) | 3);
    const PiecewiseMemory memory = image.memory();
    Walked walked;
    walk(memory, request_at(image.address(1), 5), walked);
    EXPECT_EQ(walked.record.entered.size(), 1 + 4 * 4U);
    EXPECT_TRUE(walked.outcome.truncated);
    expect_same_again(memory, request_at(image.address(1), 5), walked);
}

TEST(WalkBounds, TablesSharedByEverySlotOfEveryLevelEnd)
{
    TableImage image(kBase);
    for (std::size_t page = 1; page <= 4; ++page)
        fill(image, page, image.address(page + 1) | 3);
    fill(image, 5, 0x1000003);
    const PiecewiseMemory memory = image.memory();
    Walked walked;
    walk(memory, request_at(image.address(1), 5), walked);
    EXPECT_LE(walked.record.entered.size(), 1 + 4 * 4U);
    EXPECT_TRUE(walked.outcome.truncated);
}

TEST(WalkBounds, EveryPageInEverySlotIsBoundedByFourTimesThePagesAndLevels)
{
    TableImage image(kBase);
    for (std::size_t page = 0; page < 512; ++page) {
        for (std::size_t index = 0; index < 512; ++index)
            image.put(page, index, image.address((page + index) % 512) | 3);
    }
    const PiecewiseMemory memory = image.memory();
    for (const unsigned levels : {3U, 4U, 5U}) {
        WalkCounts counts;
        EXPECT_TRUE(walk_tables(memory, request_at(image.address(1), levels), counts).truncated);
        EXPECT_LE(counts.tables, 1 + 4 * 512 * std::size_t{levels - 1});
    }
}

TEST(WalkBounds, ATableSharedFourTimesIsReadInFull)
{
    TableImage image(kBase);
    for (std::size_t index = 0; index < 4; ++index)
        image.put(1, index, image.address(2) | 3);
    image.put(2, 0, image.address(3) | 3).put(3, 0, image.address(4) | 3).put(4, 0, 0x1000003);
    const PiecewiseMemory memory = image.memory();
    LeafRecord leaves;
    const WalkOutcome outcome = walk_tables(memory, request_at(image.address(1)), leaves);
    EXPECT_FALSE(outcome.truncated);
    EXPECT_EQ(leaves.rows.size(), 4U);
}

TEST(WalkBounds, TheFifthUseOfATableIsAProblemThatNamesIt)
{
    TableImage image(kBase);
    for (std::size_t index = 0; index < 5; ++index)
        image.put(1, index, image.address(2) | 3);
    image.put(2, 0, 0x1000083);
    const PiecewiseMemory memory = image.memory();
    Walked walked;
    walk(memory, request_at(image.address(1), 4), walked);
    EXPECT_TRUE(walked.outcome.truncated);
    ASSERT_EQ(walked.record.whole_problems.size(), 5U);  // the 1 GiB leaf is misaligned: reserved, four times
    const Problem &problem = walked.record.whole_problems.back();
    EXPECT_EQ(problem.kind, ProblemKind::table_repeated);
    EXPECT_EQ(code(problem.kind), "table-repeated");
    EXPECT_EQ(problem.table, PhysAddr(image.address(1)));
    EXPECT_EQ(problem.index, 4U);
    EXPECT_EQ(problem.level, 3);
    EXPECT_EQ(problem.iova, Iova(0x20000000000));
    EXPECT_EQ(problem.observed, image.address(2));
    EXPECT_FALSE(problem.device.has_value());
}

TEST(WalkBounds, ARegionOfOnesIsAllFaultsAndOneTable)
{
    TableImage image(kBase);
    std::ranges::fill(image.bytes(), std::byte{0xff});
    const PiecewiseMemory memory = image.memory();
    for (const unsigned levels : {3U, 4U, 5U}) {
        Walked walked;
        walk(memory, request_at(image.address(1), levels), walked);
        EXPECT_EQ(walked.record.entered.size(), 1U);
        EXPECT_TRUE(walked.outcome.incomplete);
        EXPECT_EQ(walked.record.count(ProblemKind::reserved_bits), 512U);
        LeafRecord leaves;
        walk_tables(memory, request_at(image.address(1), levels), leaves);
        EXPECT_THAT(leaves.rows, IsEmpty());
    }
}

TEST(WalkBounds, RandomRegionsEnd)
{
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        TableImage image(kBase);
        Dice dice(seed);
        for (std::size_t page = 0; page < 512; ++page) {
            for (std::size_t index = 0; index < 512; ++index)
                image.put(page, index, dice.word());
        }
        const PiecewiseMemory memory = image.memory();
        Walked walked;
        walk(memory, request_at(image.address(1)), walked);
        EXPECT_LE(walked.record.entered.size(), 1 + 4 * 512 * 3U);
        expect_same_again(memory, request_at(image.address(1)), walked);
    }
}

TEST(WalkBounds, RandomPointersInsideTheRegionEnd)
{
    TableImage image(kBase);
    Dice dice(7);
    for (std::size_t page = 0; page < 512; ++page) {
        for (std::size_t index = 0; index < 512; ++index)
            image.put(page, index, image.address(dice.below(512)) | 3);
    }
    const PiecewiseMemory memory = image.memory();
    WalkCounts counts;
    EXPECT_TRUE(walk_tables(memory, request_at(image.address(1), 5), counts).truncated);
    EXPECT_LE(counts.tables, 1 + 4 * 512 * 4U);
    WalkCounts again;
    walk_tables(memory, request_at(image.address(1), 5), again);
    EXPECT_EQ(again, counts);
}

TEST(WalkBounds, ABudgetEndsTheWalkAndIsSharedByWalks)
{
    TableImage image(kBase);
    for (std::size_t index = 0; index < 8; ++index)
        image.put(1, index, image.address(2 + index) | 3);
    const PiecewiseMemory memory = image.memory();
    WalkBudget budget{5};
    WalkRequest request = request_at(image.address(1));
    request.budget = &budget;
    Walked walked;
    walk(memory, request, walked);
    EXPECT_EQ(walked.record.entered.size(), 5U);
    EXPECT_EQ(walked.record.count(ProblemKind::budget_spent), 1U);  // told once, then the walk ends
    EXPECT_TRUE(walked.outcome.truncated);
    EXPECT_EQ(budget.tables, 0U);
    Walked second;
    walk(memory, request, second);
    EXPECT_THAT(second.record.entered, IsEmpty());
    EXPECT_TRUE(second.outcome.truncated);
}

TEST(WalkBounds, TheBudgetOfAMemoryAllowsEveryPageOfARegionManyTimes)
{
    const TableImage image(kBase);
    EXPECT_GE(WalkBudget::for_memory(image.memory()).tables, 512U * 4 * 5);
}

TEST(WalkBounds, OneRootEntersNotManyMoreTablesThanTheMemoryHasPages)
{
    TableImage image(kBase);
    Dice dice(7);
    for (std::size_t page = 1; page < 512; ++page) {
        for (std::size_t index = 0; index < 512; ++index)
            image.put(page, index, image.address(1 + dice.below(511)) | 3);
    }
    const PiecewiseMemory memory = image.memory();
    WalkCounts counts;
    const WalkOutcome outcome = walk_tables(memory, request_at(image.address(1), 5), counts);
    EXPECT_TRUE(outcome.truncated);
    EXPECT_LE(counts.tables, 512U + 256U);
}

TEST(WalkBounds, AVisitorThatWantsNoMoreStopsTheWalk)
{
    struct Stopper final : LeafVisitor<Stopper> {
        std::size_t seen = 0;
        Visit leaves(const LeafRun &)
        {
            ++seen;
            return seen == 2 ? Visit::stop : Visit::go_on;
        }
    };
    TableImage image(kBase);
    for (std::size_t index = 0; index < 4; ++index)
        image.put(1, index * 2, image.address(2) | 3);
    image.put(2, 0, 0x40000083).put(2, 5, 0xc0000083);
    const PiecewiseMemory memory = image.memory();
    Stopper visitor;
    const WalkOutcome outcome = walk_tables(memory, request_at(image.address(1)), visitor);
    EXPECT_TRUE(outcome.stopped);
    EXPECT_EQ(visitor.seen, 2U);
}

/// Enters each table once.
class EachOnce final : public WalkVisitor
{
public:
    void enter(const TableVisit &visit) override { entered.push_back(visit.table.value()); }
    [[nodiscard]] bool wants(const TableVisit &visit) override
    {
        asked.push_back(visit.table.value());
        return std::ranges::find(entered, visit.table.value()) == entered.end();
    }
    Visit runs(const TableVisit &, std::span<const EntryRun>) override { return Visit::go_on; }
    void problem(const Problem &) override { ++problems; }

    std::vector<std::uint64_t> entered;
    std::vector<std::uint64_t> asked;
    unsigned problems = 0;
};

TEST(WalkBounds, ATableThatTheVisitorDoesNotWantIsLeftOutWithAllBelowItAndIsNoProblem)
{
    TableImage image(kBase, 8);
    fill(image, 0, image.address(1) | 3);
    image.put(1, 0, image.address(2) | 3).put(2, 0, image.address(3) | 3).put(3, 0, 0x80000003);
    const PiecewiseMemory memory = image.memory();
    EachOnce visitor;
    const WalkOutcome outcome = walk_tables(memory, request_at(kBase), visitor);
    EXPECT_THAT(visitor.entered, ElementsAre(kBase, kBase + 0x1000, kBase + 0x2000, kBase + 0x3000));
    EXPECT_EQ(visitor.asked.size(), 512U + 2U);  // not for the root
    EXPECT_EQ(visitor.problems, 0U);
    EXPECT_FALSE(outcome.truncated || outcome.stopped);
}

// --- pointers and memory that is not there -------------------------------------------------------------------

TEST(WalkHoles, ARootOutsideTheSourceIsNotReadable)
{
    const TableImage image(kBase);
    const PiecewiseMemory memory = image.memory();
    for (const std::uint64_t root :
         {std::uint64_t{0}, kBase - 4096, kBase + 0x200000, std::uint64_t{0xffffffffff000}}) {
        Walked walked;
        walk(memory, request_at(root), walked);
        EXPECT_FALSE(walked.outcome.root_readable);
        EXPECT_THAT(walked.record.entered, IsEmpty());
    }
}

TEST(WalkHoles, ATableOutsideTheSourceIsAProblemAndTheRestIsWalked)
{
    TableImage image(kBase, 4);
    image.put(1, 0, 0x90000003).put(1, 1, image.address(2) | 3).put(1, 2, image.address(4) | 3);
    image.put(2, 3, 0x40000083);
    const PiecewiseMemory memory = image.memory();
    Walked walked;
    walk(memory, request_at(image.address(1)), walked);
    EXPECT_TRUE(walked.outcome.incomplete);
    EXPECT_FALSE(walked.outcome.truncated);
    EXPECT_THAT(
        walked.record.problems,
        ElementsAre(WalkRecord::Trouble{ProblemKind::table_outside_source, image.address(1), 0, 0x90000000},
                    WalkRecord::Trouble{ProblemKind::table_outside_source, image.address(1), 2, image.address(4)}));
    LeafRecord leaves;
    walk_tables(memory, request_at(image.address(1)), leaves);
    EXPECT_THAT(leaves.rows, ElementsAre(MapRow{0x80c0000000, 0x40000000, 0x40000000, "rw"}));
}

TEST(WalkHoles, TheLastPageOfTheSourceCanBeATable)
{
    TableImage image(kBase, 3);
    image.put(1, 511, image.address(2) | 3).put(2, 511, 0x7fffc0000083);
    const PiecewiseMemory memory = image.memory();
    LeafRecord leaves;
    const WalkOutcome outcome = walk_tables(memory, request_at(image.address(1)), leaves);
    EXPECT_FALSE(outcome.incomplete);
    EXPECT_THAT(leaves.rows, ElementsAre(MapRow{0xffffc0000000, 0x7fffc0000000, 0x40000000, "rw"}));
}

TEST(WalkHoles, ATablePageThatTheSourceHoldsInPartIsNotThere)
{
    TableImage image(kBase, 3);
    image.put(1, 0, image.address(2) | 3);
    PiecewiseMemory memory;
    memory.add(PhysAddr(kBase), image.bytes().first(3 * 4096 - 1));
    Walked walked;
    walk(memory, request_at(image.address(1)), walked);
    EXPECT_TRUE(walked.outcome.root_readable);
    EXPECT_EQ(walked.record.count(ProblemKind::table_outside_source), 1U);
}

TEST(WalkHoles, TablesInSeveralPiecesAreOneTree)
{
    TableImage low(0x40000000, 2);
    TableImage high(0x7fff00000000, 2);
    low.put(0, 1, high.address(1) | 3);
    high.put(1, 2, 0x80000083);
    PiecewiseMemory memory;
    memory.add(PhysAddr(low.address(0)), low.bytes());
    memory.add(PhysAddr(high.address(0)), high.bytes());
    LeafRecord leaves;
    EXPECT_FALSE(walk_tables(memory, request_at(low.address(0)), leaves).incomplete);
    EXPECT_THAT(leaves.rows, ElementsAre(MapRow{0x8080000000, 0x80000000, 0x40000000, "rw"}));
}

}  // namespace
}  // namespace pgregion::test
