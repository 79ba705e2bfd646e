// SPDX-License-Identifier: GPL-2.0-or-later
//
// What speaks against tables being what somebody says that they are: warned of by every command, listed in JSON. The
// tables are a kernel's (Linux 6.1, VT-d legacy mode, RTADDR 0x196000).
#include "cli/directory_test.h"
#include "support/fixtures.h"

namespace pgregion::test
{

namespace
{

class Doubts : public DirectoryTest
{
protected:
    static Words call(const std::string &command, const Words &more)
    {
        return words({command, (fixture("vtd-legacy-4level") / "tables.raw.xz").string()}, more);
    }

    /// Both on standard error and in JSON; with -q in JSON alone.
    static void expect_doubt(const std::string &command, const Words &more, const Words &said)
    {
        const ProgramOutcome text = run_pgregion(call(command, more));
        const ProgramOutcome json = run_pgregion(words(call(command, more), {"--json", "-q"}));
        EXPECT_EQ(json.errors, "");
        const Json doubts = Json::parse(json.output).at("results").at(0).at("source").at("doubts");
        ASSERT_EQ(doubts.size(), 1U);
        for (const std::string &word : said) {
            EXPECT_NE(text.errors.find(word), std::string::npos) << word << " in " << text.errors;
            EXPECT_NE(doubts.at(0).get<std::string>().find(word), std::string::npos) << word << " in " << doubts;
        }
    }
};

TEST_F(Doubts, ModeThatTheTablesContradict)
{
    for (const char *command : {"devices", "mappings", "decode"})
        expect_doubt(command, {"--register", "rtaddr=0x196400"},
                     {"reading-doubtful: the tables at 0x196000 read far better as vtd-root, mode=legacy",
                      "than as vtd-root, mode=scalable", "--root 0x196000 --format vtd-root --param mode=legacy"});
}

TEST_F(Doubts, NumberOfLevelsThatTheTablesContradict)
{
    expect_doubt(
        "mappings", {"--format", "vtd-ss", "--levels", "3", "--root", "0x1d0000"},
        {"reading-doubtful: the tables at 0x1d0000 read far better as vtd-ss, 4 levels than as vtd-ss, 3 levels",
         "--root 0x1d0000 --format vtd-ss --levels 4"});
}

TEST_F(Doubts, DirectoryOrRootOfZeros)
{
    for (const char *command : {"devices", "mappings"})
        expect_doubt(command, {"--register", "rtaddr=0x3000"},
                     {"directory-empty: the directory at 0x3000 is all zeros"});
    expect_doubt("mappings", {"--format", "vtd-ss", "--levels", "4", "--root", "0x3000"},
                 {"reading-doubtful: the root at 0x3000 is all zeros"});
    const ProgramOutcome outcome = run_pgregion(call("devices", {"--register", "rtaddr=0x3000"}));
    EXPECT_NE(outcome.errors.find("vtd-legacy-4level/tables.raw.xz"), std::string::npos);
    EXPECT_EQ(outcome.errors.find("SOURCE"), std::string::npos) << outcome.errors;
}

TEST_F(Doubts, NoneOfWhatTheKernelWrote)
{
    const ProgramOutcome directory = run_pgregion(call("devices", {"--register", "rtaddr=0x196000", "--json"}));
    EXPECT_EQ(directory.errors, "");
    EXPECT_FALSE(Json::parse(directory.output).at("results").at(0).at("source").contains("doubts"));
    const Words tables{"--format", "vtd-ss", "--levels", "4", "--root", "0x1d0000"};
    EXPECT_EQ(run_pgregion(call("mappings", tables)).errors, "");
}

}  // namespace

}  // namespace pgregion::test
