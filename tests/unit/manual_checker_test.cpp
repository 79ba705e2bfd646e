// SPDX-License-Identifier: GPL-2.0-or-later
//
// The comparison of manual pages with the program (manual_test.cpp) on small pages: it has to be able to fail.
#include "support/manual_check.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test::mdoc
{
namespace
{

using cli::Needs;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char *kSample = R"(.Sh NAME
.Nm pgregion-alloc
.Nd allocates pages
.Sh SYNOPSIS
.Nm pgregion Cm alloc
.Ar SOURCE
.Op Fl Fl order Ar K
.Op Ar OPTION ...
.Sh DESCRIPTION
Text.
.Sh OPTIONS
.Bl -tag -width Ds
.It Ar SOURCE
A region.
.It Fl Fl order Ar K
Runs.
.El
The options of the group
.Dq Source
apply.
.Sh EXIT STATUS
0
.Sh JSON
pages
.Sh EXAMPLES
Text.
.Sh DIAGNOSTICS
.It Sy region-full , count-zero
Text.
.Sh SEE ALSO
.Xr pgregion 8
)";

CommandFacts sample_facts() { return {"alloc", "allocates pages", Needs::source, {"SOURCE", "--order K"}}; }

TEST(ManualChecker, APageThatAgreesHasNoFault)
{
    EXPECT_THAT(command_page_faults(kSample, sample_facts()), IsEmpty());
    EXPECT_THAT(codes_listed(kSample), ElementsAre("region-full", "count-zero"));
}

TEST(ManualChecker, WhatThePageDoesNotSayIsAFault)
{
    CommandFacts facts = sample_facts();
    facts.options.push_back("-c, --count N");
    EXPECT_THAT(command_page_faults(kSample, facts), ElementsAre("alloc OPTIONS: not once in the manual: -c, --count N",
                                                                 "alloc SYNOPSIS: not once in the manual: --count"));
}

TEST(ManualChecker, WhatTheProgramDoesNotHaveIsAFault)
{
    CommandFacts facts = sample_facts();
    facts.options = {"SOURCE ..."};
    EXPECT_THAT(command_page_faults(kSample, facts), Contains("alloc OPTIONS: not in the program: --order K"));
    EXPECT_THAT(command_page_faults(kSample, facts), Contains("alloc OPTIONS: not in the program: SOURCE"));
    EXPECT_THAT(command_page_faults(kSample, facts), Contains("alloc SYNOPSIS: not in the program: --order"));
}

TEST(ManualChecker, AnotherSummaryGroupOrSectionIsAFault)
{
    CommandFacts facts = sample_facts();
    facts.summary = "gives pages out";
    facts.needs = Needs::tables;
    EXPECT_THAT(command_page_faults(std::regex_replace(kSample, std::regex("Sh JSON"), "Sh YAML"), facts),
                ElementsAre(HasSubstr(".Nd is not"), "alloc: no section JSON",
                            "alloc OPTIONS: the group Decoding context applies"));
}

TEST(ManualChecker, SharedOptionsAreComparedGroupByGroup)
{
    const std::string page = ".Sh OPTIONS\n.Ss Source\n.It Fl Fl offset Ar BYTES\n.Ss Other\n.It Fl q , Fl Fl quiet\n";
    EXPECT_THAT(overview_faults(page, {{"Source", {"--offset PA"}}}),
                ElementsAre("Source: not once in the manual: --offset PA", "Source: not in the program: --offset BYTES",
                            "groups of options: not in the program: Other"));
    EXPECT_THAT(overview_faults(page, {{"Source", {"--offset BYTES"}}, {"Other", {"-q, --quiet"}}}), IsEmpty());
}

TEST(ManualChecker, FormatsAndCommandsAreRead)
{
    EXPECT_THAT(formats_listed(".Sh PAGE TABLES\n.Ss a-b\n.It 0 Ta PTE Ta 12 to 20 Ta 4K\nText\n"
                               ".It Cm key Ns = Ns Ar on|off\nWhat it is.\nDefault: on.\n"
                               ".Sh DIRECTORIES\n.Ss c\n.It Fl Fl register Cm base Ns = Ns Ar VALUE\n"),
                ElementsAre("a-b", "a-b 0 PTE", "a-b key=on|off default on", "c", "c --register base"));
    EXPECT_THAT(commands_listed(".Sh COMMANDS\n.Bl\n.It Xr pgregion-init 8\nmakes\na region\n.El\n"),
                ElementsAre("init: makes a region"));
}

TEST(ManualChecker, ThrownCodesAreFound)
{
    EXPECT_THAT(codes_in("throw Error(Failure::usage, \"bad-a\", x); failure(state_->path,\n \"no-b\", y) {EIO, \"c\"} "
                         "refuse(\"d\", z)"),
                ElementsAre("bad-a", "c", "d", "no-b"));
}

TEST(ManualChecker, MandocFindsAPageThatIsBroken)
{
    if (!mandoc_is_there())
        GTEST_SKIP() << "mandoc is not installed: apt-get install mandoc";
    const std::string path = testing::TempDir() + "broken.8";
    std::ofstream(path) << ".Dd November 22, 2026\n.Dt X 8\n.Os\n.Sh NAME\n.Nm x\n.Nd y\n.Sh FILES\n.Bl -tag\n.Nope\n";
    EXPECT_NE(lint("'" + path + "'").status, 0);
    std::filesystem::remove(path);
}

}  // namespace
}  // namespace pgregion::test::mdoc
