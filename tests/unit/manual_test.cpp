// SPDX-License-Identifier: GPL-2.0-or-later
//
// The manual pages against the program: commands, options, formats and error codes are compared in both
// directions, so that neither can gain or lose anything alone. mdoc.h and manual_check.h say how pages have to be
// written for that.
#include "cli/shell/command_tree.h"
#include "support/manual_check.h"
#include "support/source_tree.h"

#include <pgregion/format.h>
#include <pgregion/walk.h>

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::cli
{
namespace
{

using namespace test::mdoc;
using testing::HasSubstr;
using testing::IsEmpty;

const std::filesystem::path kProject = test::source_tree();

std::string read_text(const std::filesystem::path &path)
{
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string plain(const OptionRow &option)
{
    if (option.is_argument)
        return option.name() + (option.is_list() ? " ..." : "");
    std::string text;
    for (const std::string &name : option.names)
        text += (text.empty() ? "" : ", ") + name;
    return option.takes_value() ? text + " " + option.value_name : text;
}

Strings options_of(const OptionTable &table, std::string_view group)
{
    Strings found;
    for (const OptionRow &option : table.rows()) {
        if (option.group == group)
            found.push_back(plain(option));
    }
    return found;
}

std::vector<CommandFacts> all_commands(const CommandTree &tree)
{
    std::vector<CommandFacts> all;
    for (const CommandEntry &entry : tree.commands) {
        const CommandRow &row = *entry.row;
        all.push_back(
            {std::string(row.name), std::string(row.summary), row.needs, options_of(entry.own, kOwnGroup), row.effect});
    }
    return all;
}

/// "vtd-ss snp=off|on default on"; a default that is no value that can be given stands for none.
std::string parameter_of_program(std::string_view format, const ParameterSpec &spec)
{
    std::string values;
    for (const ParameterChoice &choice : spec.choices)
        values += (values.empty() ? "" : "|") + std::string(choice.name);
    std::string usual(choice_name(spec, spec.default_value));
    if (spec.choices.empty()) {
        values = std::to_string(spec.min) + ".." + std::to_string(spec.max);
        const bool can_be_given = spec.default_value >= spec.min && spec.default_value <= spec.max;
        usual = can_be_given ? std::to_string(spec.default_value) : "none";
    }
    return std::string(format) + " " + std::string(spec.key) + "=" + values + " default " + usual;
}

/// What formats_listed() finds in the manual.
Strings formats_of_program()
{
    Strings found;
    for (const TableFormat *format : table_formats()) {
        const std::string name(format->name);
        found.push_back(name);
        for (unsigned level = 0; level < format->max_levels; ++level)
            found.push_back(name + " " + std::to_string(level) + " " + std::string(format->entry_name(level)));
        for (const ParameterSpec &spec : format->parameters)
            found.push_back(parameter_of_program(name, spec));
    }
    for (const DirectoryFormat *format : directory_formats()) {
        const std::string name(format->name);
        found.push_back(name);
        for (const ParameterSpec &spec : format->parameters)
            found.push_back(parameter_of_program(name, spec));
        for (const RegisterSpec &spec : format->registers)
            found.push_back(name + " --register " + std::string(spec.name));
    }
    return found;
}

std::map<std::string, std::string> manual_pages()
{
    std::map<std::string, std::string> pages;
    for (const auto &entry : std::filesystem::directory_iterator(kProject / "man"))
        pages[entry.path().filename().string()] = read_text(entry.path());
    return pages;
}

std::string page_of_command(const std::string &name)
{
    return read_text(kProject / "man" / ("pgregion-" + name + ".8"));
}

TEST(Manual, EveryCommandHasAPageThatAgreesWithIt)
{
    const CommandTree tree;
    const std::vector<CommandFacts> commands = all_commands(tree);
    EXPECT_FALSE(commands.empty());
    for (const CommandFacts &facts : commands)
        EXPECT_THAT(command_page_faults(page_of_command(facts.name), facts), IsEmpty());
}

TEST(Manual, EveryPageIsOfACommandOrKnown)
{
    std::set<std::string> known{"pgregion.8", "pgregion.5", "pgregion-text.5", "pgregion-formats.7",
                                "pgregion-checks.7"};
    for (const CommandRow *row : command_rows())
        known.insert("pgregion-" + std::string(row->name) + ".8");
    for (const auto &[name, text] : manual_pages())
        EXPECT_TRUE(known.contains(name)) << name << " is a page of nothing";
}

TEST(Manual, TheOverviewListsEveryCommandWithItsSummary)
{
    Strings rows;
    for (const CommandRow *row : command_rows())
        rows.push_back(std::string(row->name) + ": " + std::string(row->summary));
    EXPECT_EQ(commands_listed(read_text(kProject / "man/pgregion.8")), rows);
}

TEST(Manual, TheOverviewDescribesEverySharedOptionInItsGroup)
{
    const CommandTree tree;
    std::map<std::string, Strings> groups;
    for (const std::string_view group : {kSourceGroup, kDecodingGroup, kGlobalGroup})
        groups[std::string(group)] = options_of(tree.shared_table, group);
    groups[std::string(kUndoGroup)] = options_of(tree.find("undo")->own, kUndoGroup);
    EXPECT_THAT(overview_faults(read_text(kProject / "man/pgregion.8"), groups), IsEmpty());
}

TEST(Manual, EveryFormatIsDescribedWithItsLevelsParametersAndRegisters)
{
    Strings faults;
    compare(faults, "formats", formats_listed(read_text(kProject / "man/pgregion-formats.7")), formats_of_program());
    EXPECT_THAT(faults, IsEmpty());
}

TEST(Manual, EveryErrorCodeIsDescribedAndNoOther)
{
    /// Thrown to callers of the library only.
    const std::set<std::string> library{"edit-outside-source", "region-busy"};
    std::set<std::string> thrown;
    for (const auto &entry : std::filesystem::recursive_directory_iterator(kProject / "src")) {
        if (entry.path().extension() == ".cpp")
            thrown.merge(codes_in(read_text(entry.path())));
    }
    for (const std::string &code : library)
        EXPECT_EQ(thrown.erase(code), 1U) << code;
    std::set<std::string> described;
    for (const auto &[name, text] : manual_pages()) {
        const Strings codes = codes_listed(text);
        described.insert(codes.begin(), codes.end());
    }
    Strings faults;
    compare(faults, "codes", {described.begin(), described.end()}, {thrown.begin(), thrown.end()});
    EXPECT_THAT(faults, IsEmpty());
}

TEST(Manual, EveryProblemOfAListingIsDescribed)
{
    Strings problems;
    for (int kind = 0; kind <= static_cast<int>(ProblemKind::not_in_outer_stage); ++kind)
        problems.emplace_back(code(static_cast<ProblemKind>(kind)));
    Strings described;
    const Strings lines = section(read_text(kProject / "man/pgregion.8"), "JSON");
    for (auto line = std::ranges::find(lines, "The codes of problems are:"); line != lines.end(); ++line) {
        if (line->starts_with(".It Sy "))
            described.push_back(line->substr(7));
    }
    Strings faults;
    compare(faults, "problems", described, problems);
    EXPECT_THAT(faults, IsEmpty());
}

TEST(Manual, EveryCrossReferenceLeadsToAPage)
{
    static const std::regex reference(R"(Xr (pgregion\S*) ([578]))");
    const auto pages = manual_pages();
    for (const auto &[name, text] : pages) {
        for (std::sregex_iterator at(text.begin(), text.end(), reference), end; at != end; ++at)
            EXPECT_TRUE(pages.contains(at->str(1) + "." + at->str(2))) << name << ": " << at->str();
        EXPECT_THAT(text, testing::Not(HasSubstr("://"))) << name << " holds a link";
    }
}

TEST(Manual, MandocHasNothingToSay)
{
    if (!mandoc_is_there())
        GTEST_SKIP() << "mandoc is not installed: apt-get install mandoc";
    const Outcome outcome = lint("'" + (kProject / "man").string() + "'/*.[578]");
    EXPECT_EQ(outcome.output, "");
    EXPECT_EQ(outcome.status, 0);
}

}  // namespace
}  // namespace pgregion::cli
