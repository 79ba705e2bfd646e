// SPDX-License-Identifier: GPL-2.0-or-later
//
// Every case of areas (see area_case.h) through the executable: the findings are those that the case lists, the area is
// left alone, and what the kernel would call sound has none.
#include "cli/command_test.h"
#include "support/area_case.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace pgregion::test
{

namespace
{

using Json = nlohmann::json;
using Strings = std::vector<std::string>;

std::string test_name(const testing::TestParamInfo<std::string> &info)
{
    std::string name = info.param;
    std::ranges::replace_if(
        name, [](unsigned char letter) { return std::isalnum(letter) == 0; }, '_');
    return name;
}

std::string line_of(const Json &finding)
{
    std::string line = finding.at("code").get<std::string>() + " " + finding.at("severity").get<std::string>();
    if (!finding.at("index").is_null())
        line += " index=" + finding.at("index").dump();
    if (!finding.at("observed").is_null())
        line += " observed=" + finding.at("observed").get<std::string>();
    return line + (finding.at("security").get<bool>() ? " security" : "");
}

bool is_error(const std::string &line) { return line.find(" error") != std::string::npos; }

class AreaCases : public CommandTest, public testing::WithParamInterface<std::string>
{
};

TEST_P(AreaCases, AreFoundAsTheyAreListed)
{
    const AreaCase one = read_area_case(GetParam());
    SCOPED_TRACE(one.title);
    const std::string image = path("some.area");
    one.area->write_file(image);
    Strings words{"area", image, "--check", "--json"};
    words.insert(words.end(), one.options.begin(), one.options.end());
    const ProgramOutcome outcome = run_pgregion(words);
    const Json document = Json::parse(outcome.output, nullptr, false);
    ASSERT_FALSE(document.is_discarded()) << outcome.output << outcome.errors;
    Strings lines;
    for (const Json &finding : document.at("results").at(0).at("findings")) {
        lines.push_back(line_of(finding));
        EXPECT_EQ(finding.at("repair"), "none");
        EXPECT_EQ(finding.at("message").get<std::string>().find("(unknown)"), std::string::npos) << finding;
    }
    EXPECT_THAT(lines, testing::UnorderedElementsAreArray(one.expect));
    EXPECT_EQ(outcome.status, std::ranges::any_of(one.expect, is_error) ? 4 : 0) << outcome.errors;
    if (one.code != "healthy") {
        EXPECT_TRUE(std::ranges::any_of(one.expect, [&](const auto &line) { return line.starts_with(one.code + " "); }))
            << "the case does not expect the code of its folder";
    }
}

INSTANTIATE_TEST_SUITE_P(All, AreaCases, testing::ValuesIn(area_case_names()), test_name);

}  // namespace

}  // namespace pgregion::test
