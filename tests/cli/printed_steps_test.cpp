// SPDX-License-Identifier: GPL-2.0-or-later
//
// The steps that every run of the tests prints are tried as they stand (support/printed_steps.h). Here that is tried
// itself, on output that is made up.
#include "cli/command_test.h"
#include "support/printed_steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>

namespace pgregion::test
{

namespace
{

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Words = std::vector<std::string>;

ProgramOutcome printed(const std::string &output, const std::string &errors = "")
{
    return {.status = 4, .timed_out = false, .output = output, .errors = errors, .duration = {}};
}

class PrintedStepsTest : public CommandTest
{
};

TEST_F(PrintedStepsTest, FindsNextStepsAndTheLinesBelowThem)
{
    const PrintedSteps steps = find_steps(printed("a.img: region\n"
                                                  "  next  pgregion repair -n 'a b.img' --levels 3\n"
                                                  "        pgregion explain page-leaked\n"
                                                  "pgregion is not a step here\n"
                                                  "\x1b[1m  next        \x1b[0mpgregion bitmap x.img\n"
                                                  "written; to take it back: pgregion undo x.img\n"));
    EXPECT_THAT(steps.commands, ElementsAre("pgregion repair -n 'a b.img' --levels 3", "pgregion explain page-leaked",
                                            "pgregion bitmap x.img", "pgregion undo x.img"));
    EXPECT_THAT(steps.broken, IsEmpty());
}

TEST_F(PrintedStepsTest, FindsCommandsInMessagesAndHints)
{
    const PrintedSteps text = find_steps(
        printed("", "pgregion: x.img: no: one; or two\n"
                    "pgregion:   list them: pgregion devices 'a; b.img' --root 0x1000; or: pgregion formats\n"
                    "pgregion:   run `pgregion bitmap x.img` to see; pgregion mappings shows it\n"));
    EXPECT_THAT(text.commands,
                ElementsAre("pgregion devices 'a; b.img' --root 0x1000", "pgregion formats", "pgregion bitmap x.img"));
    const PrintedSteps json =
        find_steps(printed(R"({"errors":[{"message":"x","hint":"see: pgregion info 'say \"a\".img'; or not"}]})"));
    EXPECT_THAT(json.commands, ElementsAre("pgregion info 'say \"a\".img'"));
}

TEST_F(PrintedStepsTest, LeavesOutWhatWantsSomethingFilledIn)
{
    const PrintedSteps steps = find_steps(printed("", "say which: pgregion handover SOURCE --fdt PA\n"
                                                      "or: pgregion devices x.img --register NAME=VALUE\n"
                                                      "or: pgregion check x.img --root page:N.\n"
                                                      "or: pgregion root x.img --liveupdate yes|no|auto\n"));
    EXPECT_THAT(steps.commands, IsEmpty());
}

TEST_F(PrintedStepsTest, AStepThatDoesNotWorkFailsTheTestThatRuns)
{
    const std::string image = region("a b.img", Pages{{0, 1}});
    static ProgramCall origin;
    origin.arguments = {pgregion_binary(), "made up"};
    EXPECT_EQ(try_step("pgregion bitmap '" + image + "'", origin), "");
    EXPECT_THAT(try_step("pgregion bitmap " + image, origin), HasSubstr("it names a file that is not there"));
    EXPECT_THAT(try_step("pgregion bitmap '" + image + "' --nonsense", origin), HasSubstr("it is a usage error"));
    EXPECT_THAT(try_step("pgregion no-such-command", origin), HasSubstr("it is a usage error"));
    EXPECT_THAT(try_step("pgregions bitmap", origin), HasSubstr("it ends with 127"));
    EXPECT_THAT(try_step("kill -SEGV $$", origin), HasSubstr("it ends with 139"));
    const std::size_t before = steps_tried();
    EXPECT_NONFATAL_FAILURE(follow_steps(origin, printed("  next  pgregion explain no-such-code -v -q\n")),
                            "cannot be run as it stands: pgregion explain no-such-code");
    EXPECT_NONFATAL_FAILURE(follow_steps(origin, printed("  next  Nothing is repaired.\n")),
                            "a next step that is no command");
    EXPECT_NONFATAL_FAILURE(
        follow_steps(origin, printed("", "see: pgregion mappings /none/x.img --every-page -v -j2\n")),
        "it names a file that is not there");
    EXPECT_EQ(steps_tried(), before + 2);
}

TEST_F(PrintedStepsTest, WhatChangesASourceIsTriedOnACopy)
{
    const std::string image = region("x.img", Pages{{0, 1}});
    ASSERT_EQ(run_unfollowed({.arguments = {pgregion_binary(), "alloc", image}}).status, 0);
    const Image before = read_image(image);
    ProgramCall origin;
    origin.arguments = {pgregion_binary(), "made up"};
    EXPECT_EQ(try_step("pgregion undo " + image, origin), "");
    EXPECT_EQ(try_step("pgregion init " + image + " --overwrite", origin), "");
    EXPECT_EQ(read_image(image), before);
    EXPECT_THAT(try_step("pgregion undo " + image + " --sequence x", origin), HasSubstr("it is a usage error"));
}

}  // namespace

}  // namespace pgregion::test
