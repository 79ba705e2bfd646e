// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a listing says of itself follows from the problems it met: cut short (exit status 4) or incomplete.
#include "report/problems.h"

#include <gtest/gtest.h>

namespace pgregion::report
{
namespace
{

Problem of_kind(ProblemKind kind)
{
    return {.kind = kind, .table = {}, .level = {}, .index = 0, .iova = {}, .device = {}, .observed = 0};
}

TEST(Problems, ASpentBudgetOrARepeatedTableCutsTheListingShort)
{
    for (const ProblemKind kind : {ProblemKind::budget_spent, ProblemKind::table_repeated}) {
        Problems problems;
        problems.add(of_kind(kind));
        EXPECT_TRUE(problems.truncated()) << code(kind);
        EXPECT_FALSE(problems.incomplete()) << code(kind);
    }
}

TEST(Problems, AnyOtherProblemMakesTheListingIncomplete)
{
    for (const ProblemKind kind :
         {ProblemKind::table_outside_source, ProblemKind::reserved_bits, ProblemKind::invalid_entry,
          ProblemKind::root_outside_source, ProblemKind::replicas_differ, ProblemKind::not_in_outer_stage}) {
        Problems problems;
        problems.add(of_kind(kind));
        EXPECT_TRUE(problems.incomplete()) << code(kind);
        EXPECT_FALSE(problems.truncated()) << code(kind);
    }
}

TEST(Problems, WithoutAnyTheListingIsWhole)
{
    const Problems problems;
    EXPECT_FALSE(problems.incomplete());
    EXPECT_FALSE(problems.truncated());
    EXPECT_EQ(problems.total(), 0U);
}

}  // namespace
}  // namespace pgregion::report
