// SPDX-License-Identifier: GPL-2.0-or-later
//
// The walker against a deliberately naive reader of the manual (support/naive_vtd.h), on random trees.
#include "support/naive_vtd.h"
#include "support/walk_record.h"

#include <pgregion/walk.h>

#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pgregion::test
{
namespace
{

struct Case {
    Case(std::uint64_t seed, int levels) : tree(seed, levels), memory(tree.image().memory())
    {
        naive.root = tree.root();
        naive.levels = levels;
        naive.address_width = seed % 3 == 0 ? 39 : 52;
        request.format = find_table_format("vtd-ss");
        request.params = default_params(*request.format, static_cast<unsigned>(levels));
        request.params.paw_bits = static_cast<std::uint8_t>(naive.address_width);
        request.root = PhysAddr(tree.root());
    }

    RandomTree tree;
    PiecewiseMemory memory;
    NaiveVtd naive{tree.image()};
    WalkRequest request;
};

std::unique_ptr<Case> any_case(int levels)
{
    return std::make_unique<Case>(*rc::gen::arbitrary<std::uint64_t>(), levels);
}

class WalkReference : public testing::TestWithParam<int>
{
};

TEST_P(WalkReference, LeavesAreThoseOfTheNaiveReader)
{
    EXPECT_TRUE(rc::check([] {
        const auto test = any_case(GetParam());
        LeafRecord record;
        const WalkOutcome outcome = walk_tables(test->memory, test->request, record);
        RC_ASSERT(outcome.root_readable);
        RC_PRE(!outcome.truncated);  // a table shared too often is left out, and the outcome says so
        RC_ASSERT(record.rows == test->naive.leaves());
        RC_ASSERT(outcome.incomplete == !record.problems.empty());
    }));
}

/// 4-KiB pieces, joined again by the test itself: what merging must come to.
MapRows merged_piece_by_piece(const MapRows &leaves)
{
    MapRows result;
    for (const MapRow &leaf : leaves) {
        const std::uint64_t piece = leaf.size > 0x200000 ? leaf.size : 0x1000;
        for (std::uint64_t done = 0; done < leaf.size; done += piece) {
            const bool goes_on = !result.empty() && result.back().iova + result.back().size == leaf.iova + done &&
                                 result.back().pa + result.back().size == leaf.pa + done &&
                                 result.back().access == leaf.access;
            if (goes_on)
                result.back().size += piece;
            else
                result.push_back({leaf.iova + done, leaf.pa + done, piece, leaf.access});
        }
    }
    return result;
}

TEST_P(WalkReference, MergedMappingsAreTheNaiveLeavesJoinedPieceByPiece)
{
    EXPECT_TRUE(rc::check([] {
        const auto test = any_case(GetParam());
        LeafRecord record;
        RC_PRE(!walk_tables(test->memory, test->request, record).truncated);
        RC_ASSERT(merged_by_walker(test->memory, test->request) == merged_piece_by_piece(test->naive.leaves()));
    }));
}

TEST_P(WalkReference, AWalkOfARangeIsThePartOfTheWholeWalkThatTouchesIt)
{
    EXPECT_TRUE(rc::check([] {
        const auto test = any_case(GetParam());
        LeafRecord whole;
        RC_PRE(!walk_tables(test->memory, test->request, whole).truncated);
        const std::uint64_t first = test->tree.some_iova();
        const std::uint64_t longest = ~std::uint64_t{0} - first;
        const std::uint64_t size = 1 + (test->tree.dice().word() >> test->tree.dice().below(64)) % (longest | 1);
        test->request.only = Range<Iova>{Iova(first), size};
        LeafRecord part;
        walk_tables(test->memory, test->request, part);
        MapRows expected;
        for (const MapRow &row : whole.rows) {
            const bool touches = row.iova + (row.size - 1) >= first && row.iova <= first + (size - 1);
            if (touches)
                expected.push_back(row);
        }
        RC_ASSERT(part.rows == expected);
    }));
}

std::string words_of(FaultCause cause)
{
    switch (cause) {
    case FaultCause::not_present:
        return "absent";
    case FaultCause::no_read:
    case FaultCause::no_write:
    case FaultCause::no_execute:
        return "permission";
    case FaultCause::reserved_bits:
        return "reserved";
    case FaultCause::iova_beyond_width:
        return "width";
    case FaultCause::root_unreadable:
        return "root";
    case FaultCause::table_unreadable:
        return "table";
    case FaultCause::output_forbidden:
        return "output";
    case FaultCause::invalid_entry:
    case FaultCause::supervisor_only:
    case FaultCause::access_flag:
    case FaultCause::output_beyond_width:
        break;
    }
    return "invalid";
}

void expect_same(const TranslationResult &found, const NaiveVtd::Answer &expected)
{
    RC_ASSERT(found.mapped == expected.mapped);
    RC_ASSERT(found.fault.has_value() == !expected.fault.empty());
    if (found.mapped) {
        RC_ASSERT(found.pa == PhysAddr(expected.pa));
        RC_ASSERT((std::uint64_t{1} << found.size_lg2) == expected.size);
        RC_ASSERT(found.access == Access::from_bits(expected.access));
    }
    if (found.fault) {
        RC_ASSERT(words_of(found.fault->fault.cause) == expected.fault);
        RC_ASSERT(found.fault->level.has_value() == (expected.level >= 0));
        if (found.fault->level)
            RC_ASSERT(*found.fault->level == expected.level);  // RC_ASSERT reads both sides of an && or ||
    }
}

TEST_P(WalkReference, TranslateAnswersAsTheNaiveReaderDoes)
{
    EXPECT_TRUE(rc::check([] {
        const auto test = any_case(GetParam());
        for (int i = 0; i < 50; ++i) {
            const std::uint64_t iova = test->tree.some_iova();
            for (const unsigned need : {1U, 2U}) {
                expect_same(translate(test->memory, test->request, Iova(iova), Access::from_bits(need)),
                            test->naive.translate(iova, need));
            }
        }
    }));
}

TEST_P(WalkReference, TranslateFindsEveryLeafThatTheWalkLists)
{
    EXPECT_TRUE(rc::check([] {
        const auto test = any_case(GetParam());
        LeafRecord record;
        walk_tables(test->memory, test->request, record);
        for (const MapRow &row : record.rows) {
            for (const std::uint64_t skip : {std::uint64_t{0}, row.size - 1}) {
                const auto result = translate(test->memory, test->request, Iova(row.iova + skip), Access::read());
                RC_ASSERT(result.mapped);
                RC_ASSERT(result.pa == PhysAddr(row.pa + skip));
                RC_ASSERT(letters(result.access) == row.access);
            }
        }
    }));
}

TEST_P(WalkReference, TheSameTreeGivesTheSameWalkAgain)
{
    EXPECT_TRUE(rc::check([] {
        const auto test = any_case(GetParam());
        WalkRecord one;
        WalkRecord two;
        walk_tables(test->memory, test->request, one);
        walk_tables(test->memory, test->request, two);
        RC_ASSERT(one.entries == two.entries);
        RC_ASSERT(one.entered == two.entered);
        RC_ASSERT(one.problems == two.problems);
    }));
}

TEST_P(WalkReference, EveryVisitedEntryIsTheStoredWord)
{
    EXPECT_TRUE(rc::check([] {
        const auto test = any_case(GetParam());
        if (test->tree.dice().one_in(2))
            test->request.only = Range<Iova>{Iova(test->tree.some_iova() & 0xffffffff), 0x10000000};
        WalkRecord record;
        walk_tables(test->memory, test->request, record);
        for (const WalkRecord::Run &run : record.entries)
            RC_ASSERT(test->naive.read(run.table + run.index * 8) == run.raw);
    }));
}

INSTANTIATE_TEST_SUITE_P(Levels, WalkReference, testing::Values(3, 4, 5));

}  // namespace
}  // namespace pgregion::test
