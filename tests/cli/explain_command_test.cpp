// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion explain: one code at length, all of them as a list, and help with a code that is spelt wrongly.
#include "cli/command_test.h"

#include <pgregion/check.h>

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace pgregion::test
{

namespace
{

using Json = nlohmann::json;
using testing::HasSubstr;

class ExplainCommand : public CommandTest
{
};

TEST_F(ExplainCommand, TellsOneCodeAtLength)
{
    const std::string text = output_of({"explain", "leaf-maps-tables"});
    EXPECT_THAT(text, HasSubstr("leaf-maps-tables: "));
    EXPECT_THAT(text, HasSubstr("\n  severity  error: a device could gain or keep access that it must not have\n"));
    EXPECT_THAT(text, HasSubstr("\n  why       "));
    EXPECT_THAT(text, HasSubstr("\n  repair    "));
    EXPECT_THAT(text, HasSubstr("\n  origin    PT18"));
}

TEST_F(ExplainCommand, ListsAllCodesInALineEach)
{
    const std::string text = output_of({"explain"});
    EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(text, '\n')), all_checks().size());
    for (const Check *check : all_checks())
        EXPECT_THAT(text, HasSubstr(" " + std::string(check->code) + " ")) << check->code;
}

TEST_F(ExplainCommand, BreaksLinesAtAHundredColumns)
{
    for (const Check *check : all_checks()) {
        std::istringstream lines(output_of({"explain", std::string(check->code)}));
        std::string line;
        std::getline(lines, line);  // the title is one line, however long
        while (std::getline(lines, line))
            EXPECT_LE(line.size(), 100U) << line;
    }
}

TEST_F(ExplainCommand, TakesARowOfTheSpecificationInEitherCase)
{
    const std::string text = output_of({"explain", "PT18"});
    EXPECT_THAT(text, HasSubstr("leaf-maps-tables: "));
    EXPECT_EQ(output_of({"explain", "pt18"}), text);
    EXPECT_THAT(output_of({"explain", "D3b"}), HasSubstr("table-shared"));
    EXPECT_THAT(output_of({"explain", "D3"}), HasSubstr("table-shared"));
    expect_failure(run_pgregion({"explain", "PT1"}), 16, {"there is no check 'PT1'"});
}

TEST_F(ExplainCommand, TellsWhatTheNumberOfAFaultMeansToEachHardware)
{
    const std::string text = output_of({"explain", "0x5"});
    EXPECT_THAT(text, HasSubstr("vt-d fault 0x5: no write permission\n"));
    EXPECT_EQ(output_of({"explain", "5"}), text);
    EXPECT_THAT(output_of({"explain", "0x71"}), HasSubstr("vt-d fault 0x71: first-stage paging entry not present\n"));
    EXPECT_THAT(output_of({"explain", "258"}), HasSubstr("riscv-iommu fault 0x102: DDT entry not valid\n"));
    const Json faults = Json::parse(output_of({"explain", "0x0a", "--json"})).at("results").at(0).at("faults");
    EXPECT_EQ(faults.at(0).at("architecture"), "smmuv3");
    EXPECT_EQ(faults.at(0).at("code"), "0xa");
}

TEST_F(ExplainCommand, RefusesANumberThatNoFaultHas)
{
    const ProgramOutcome outcome = run_pgregion({"explain", "0xfff0"});
    expect_failure(outcome, 16, {"no fault of tables or directories has the number 0xfff0", "0x"});
}

TEST_F(ExplainCommand, GivesTheSameInJson)
{
    const Json all = Json::parse(output_of({"explain", "--json"})).at("results").at(0);
    EXPECT_EQ(all.at("source"), nullptr);
    EXPECT_EQ(all.at("codes").size(), all_checks().size());
    const Json one = Json::parse(output_of({"explain", "page-leaked", "--json"})).at("results").at(0).at("codes");
    ASSERT_EQ(one.size(), 1U);
    EXPECT_EQ(one.at(0).at("code"), "page-leaked");
    EXPECT_EQ(one.at(0).at("severity"), "warning");
    EXPECT_EQ(one.at(0).at("origin"), "D4");
}

TEST_F(ExplainCommand, ACodeThatIsNoneNamesTheNearest)
{
    expect_failure(run_pgregion({"explain", "page-leakd"}), 16, {"no check 'page-leakd'", "page-leaked"});
    expect_failure(run_pgregion({"explain", "leaf-maps"}), 16,
                   {"did you mean leaf-maps-directory or leaf-maps-tables?"});
    expect_failure(run_pgregion({"explain", std::string(100000, 'x')}), 16, {"no check 'xxxx"});
    expect_failure(run_pgregion({"explain", "\033[2J"}), 16, {"\\x1b[2J"});
    expect_failure(run_pgregion({"explain", "page-leaked", "table-shared"}), 16, {});
}

TEST_F(ExplainCommand, TakesNoOptionsOfSources)
{
    EXPECT_EQ(run_pgregion({"explain", "--offset", "0"}).status, 16);
    EXPECT_EQ(run_pgregion({"explain", "--format", "vtd-ss"}).status, 16);
}

}  // namespace

}  // namespace pgregion::test
