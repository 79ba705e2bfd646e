// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion-checks(7) against the rows of the checks, in both directions: one entry per code, word for word.
//
//   .Ss table-cycle              the code
//   a table leads back to …      the title
//   .Bl -tag -width Severity
//   .It Severity                 then Why, Repair and Origin, each with its text
//   error, security
//   .El
#include "support/mdoc.h"
#include "support/source_tree.h"

#include <pgregion/check.h>

#include <algorithm>
#include <fstream>
#include <map>

#include <gmock/gmock.h>

namespace pgregion
{

namespace
{

using namespace test::mdoc;

/// Texts of one entry by the words of its `.It` lines; the title stands under "Title".
using Entry = std::map<std::string, std::string>;

Entry entry_of(const Strings &lines)
{
    Entry entry;
    std::string key = "Title";
    for (const std::string &line : lines) {
        if (line.starts_with(".It "))
            key = line.substr(4);
        else if (line.starts_with("."))
            continue;
        else
            entry[key] += (entry[key].empty() ? "" : " ") + line;
    }
    return entry;
}

std::map<std::string, Entry> entries_of(const std::string &page)
{
    std::map<std::string, Entry> entries;
    for (const Section &one : sections(section(page, "CHECKS"), ".Ss"))
        EXPECT_TRUE(entries.emplace(one.title, entry_of(one.lines)).second) << one.title << " stands there twice";
    return entries;
}

std::string severity_of(const Check &check)
{
    std::string text(name(check.severity));
    text += check.security ? ", security" : "";
    if (check.other_severity)
        text.append("; ").append(name(*check.other_severity)).append(" ").append(check.other_where);
    return text;
}

Entry entry_of(const Check &check)
{
    return {{"Title", std::string(check.title)},
            {"Severity", severity_of(check)},
            {"Why", std::string(check.why)},
            {"Repair", std::string(check.repair)},
            {"Origin", std::string(check.origin)}};
}

std::string manual_page()
{
    std::ifstream in(test::source_tree() + "/man/pgregion-checks.7", std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

TEST(ChecksManual, ReadsAnEntryAsItIsWritten)
{
    const auto entries = entries_of(".Sh CHECKS\n.Ss one\nits\ntitle\n.Bl -tag -width Severity\n.It Severity\nerror\n"
                                    ".It Why\nA.\nB.\n.El\n.Ss two\ntitle\n.Sh SEE ALSO\n.Ss three\n");
    EXPECT_EQ(entries, (std::map<std::string, Entry>{
                           {"one", {{"Title", "its title"}, {"Severity", "error"}, {"Why", "A. B."}}},
                           {"two", {{"Title", "title"}}},
                       }));
}

TEST(ChecksManual, HasOneEntryPerCodeThatSaysWhatTheRowSays)
{
    std::map<std::string, Entry> entries = entries_of(manual_page());
    for (const Check *check : all_checks()) {
        const std::string code(check->code);
        EXPECT_EQ(entries[code], entry_of(*check)) << code;
        entries.erase(code);
    }
    for (const auto &[code, entry] : entries)
        ADD_FAILURE() << code << " is in the manual and no check";
}

TEST(ChecksManual, EntriesStandInTheOrderOfTheirCodes)
{
    Strings codes;
    for (const Section &one : sections(section(manual_page(), "CHECKS"), ".Ss"))
        codes.push_back(one.title);
    EXPECT_TRUE(std::ranges::is_sorted(codes)) << testing::PrintToString(codes);
    EXPECT_FALSE(codes.empty());
}

/// Rows are printed as they are: what a terminal or a manual page would take for more than text is a mistake.
TEST(ChecksManual, RowsArePlainSentences)
{
    for (const Check *check : all_checks()) {
        for (const std::string_view text : {check->title, check->why, check->repair, check->origin, check->message}) {
            EXPECT_FALSE(text.empty()) << check->code;
            EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~' && c != '\\'; }))
                << check->code << ": " << text;
            EXPECT_EQ(text.find("  "), std::string_view::npos) << check->code << ": " << text;
        }
        EXPECT_NE(check->title.back(), '.') << check->code;
        EXPECT_EQ(check->other_severity.has_value(), !check->other_where.empty()) << check->code;
        EXPECT_NE(check->other_severity, check->severity) << check->code;
        EXPECT_EQ(check->why.back(), '.') << check->code;
        EXPECT_EQ(check->repair.back(), '.') << check->code;
    }
}

}  // namespace

}  // namespace pgregion
