// SPDX-License-Identifier: GPL-2.0-or-later
//
// repair as an operator uses it: plan, safe repairs, all repairs, a copy, questions on a terminal.
#include "cli/command_test.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace pgregion::test
{
namespace
{

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t kBase = 0x140000000;

/// A VT-d domain of 4 levels on pages 1 to 4 with one leaf, and damage: a reserved bit in the leaf's neighbour (safe),
/// a second pointer to the last table (all), and the bit of page 3 lost (safe).
Image damaged()
{
    Image image = image_with({{0, 2}, {4, 4}});
    put_entry(image, 1, 0, kBase + 0x2003);
    put_entry(image, 2, 0, kBase + 0x3003);
    put_entry(image, 3, 0, kBase + 0x4003);
    put_entry(image, 3, 1, kBase + 0x4003);
    put_entry(image, 4, 7, 0x50000003);
    put_entry(image, 4, 8, 0x4000000050001003);
    return image;
}

class RepairCommand : public CommandTest
{
protected:
    std::vector<std::string> command(std::vector<std::string> more) const
    {
        std::vector<std::string> all{"repair", path("r.img@0x140000000"), "--format", "vtd-ss", "--levels", "4"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    Json run(std::vector<std::string> more, int status) const
    {
        more.emplace_back("--json");
        const ProgramOutcome outcome = run_pgregion(command(more));
        EXPECT_EQ(outcome.status, status) << outcome.errors << outcome.output;
        return Json::parse(outcome.output).at("results").at(0);
    }
    static std::vector<std::string> codes(const Json &rows)
    {
        std::vector<std::string> codes;
        for (const Json &row : rows)
            codes.push_back(row.at("code"));
        return codes;
    }

    const Image image_ = damaged();
    const std::string source_ = region("r.img", image_);
};

TEST_F(RepairCommand, PlanShowsEveryEditAndChangesNothing)
{
    const Json result = run({"-n"}, 4);
    EXPECT_THAT(codes(result.at("plan")), testing::ElementsAre("page-lost-bit", "table-shared", "reserved-bits"));
    EXPECT_EQ(result.at("plan").at(0).at("offset"), "0x0");
    EXPECT_EQ(result.at("plan").at(0).at("before"), "0x17");
    EXPECT_EQ(result.at("plan").at(0).at("after"), "0x1f");
    EXPECT_EQ(result.at("plan").at(2).at("offset"), "0x4040");
    EXPECT_EQ(result.at("plan").at(2).at("before"), "0x4000000050001003");
    EXPECT_EQ(result.at("plan").at(2).at("after"), "0x0");
    EXPECT_EQ(result.at("applied"), false);
    EXPECT_EQ(result.at("summary_after").at("error"), 3);
    EXPECT_EQ(read_image(source_), image_);
    EXPECT_FALSE(std::filesystem::exists(source_ + ".pgundo"));
}

TEST_F(RepairCommand, SafeRepairsLeaveTheOthersAloneAndSaySo)
{
    const Json result = run({"-p"}, 4);
    EXPECT_THAT(codes(result.at("plan")), testing::ElementsAre("page-lost-bit", "reserved-bits"));
    EXPECT_EQ(result.at("applied"), true);
    EXPECT_EQ(codes(result.at("findings_after")), std::vector<std::string>{"table-shared"});
    Image expected = image_;
    set_bit(expected, 3);
    put_entry(expected, 4, 8, 0);
    EXPECT_EQ(read_image(source_), expected);
}

TEST_F(RepairCommand, AllRepairsLeaveNoErrorAndCanBeTakenBack)
{
    const Json result = run({"-y"}, 1);
    EXPECT_EQ(result.at("summary_before").at("error"), 3);
    EXPECT_EQ(result.at("summary_after").at("error"), 0);
    EXPECT_EQ(result.at("journal"), source_ + ".pgundo");
    run({"-y"}, 0);
    EXPECT_EQ(run_pgregion({"undo", source_}).status, 0);
    EXPECT_EQ(read_image(source_), image_);
}

TEST_F(RepairCommand, ReservedBitsCanBeClearedInsteadOfTheEntry)
{
    run({"-p", "--clear-reserved"}, 4);
    Image expected = image_;
    set_bit(expected, 3);
    put_entry(expected, 4, 8, 0x50001003);
    EXPECT_EQ(read_image(source_), expected);
}

TEST_F(RepairCommand, OnlyTheChecksThatWereChosenAreRepaired)
{
    run({"-y", "--only", "page-lost-bit"}, 1);
    Image expected = image_;
    set_bit(expected, 3);
    EXPECT_EQ(read_image(source_), expected);
}

TEST_F(RepairCommand, CopyIsRepairedAndTheSourceUntouched)
{
    const Json result = run({"-y", "--to", path("copy.img")}, 1);
    EXPECT_EQ(result.at("copy"), path("copy.img"));
    EXPECT_EQ(result.at("journal"), nullptr);
    EXPECT_EQ(read_image(source_), image_);
    EXPECT_EQ(run_pgregion({"check", path("copy.img@0x140000000"), "--format", "vtd-ss", "--levels", "4"}).status, 0);
    const ProgramOutcome again = run_pgregion(command({"-y", "--to", path("copy.img")}));
    expect_failure(again, 4, {"exists", "--to"});
}

TEST_F(RepairCommand, RegionInsideALargerFileIsRepairedThere)
{
    Image large(3 * kImageBytes, std::byte{0x5a});
    std::ranges::copy(image_, large.begin() + kImageBytes);
    const std::string file = region("large.raw", large);
    const std::vector<std::string> command{"repair",   file,     "--offset", "0x200000", "--paddr", "0x140000000",
                                           "--format", "vtd-ss", "--levels", "4",        "-y"};
    EXPECT_EQ(run_pgregion(command).status, 1);
    Image after = read_image(file);
    EXPECT_EQ(std::count(after.begin(), after.begin() + kImageBytes, std::byte{0x5a}), kImageBytes);
    EXPECT_EQ(after[kImageBytes], std::byte{0x1f});
    EXPECT_EQ(run_pgregion({"undo", file, "--offset", "0x200000"}).status, 0);
    EXPECT_EQ(read_image(file), large);
}

TEST_F(RepairCommand, WithoutATerminalOneOfTheThreeModesHasToBeGiven)
{
    expect_failure(run_pgregion(command({})), 16, {"-n", "-p", "-y", "terminal"});
    EXPECT_EQ(run_pgregion(command({"-n", "-y"})).status, 16);
    EXPECT_EQ(read_image(source_), image_);
}

/// Runs the command on a terminal of its own (python3's pty) and types `answers`.
ProgramOutcome on_terminal(const std::vector<std::string> &command, const std::string &answers)
{
    static const char *const kScript = "import os, pty, sys\n"
                                       "pid, terminal = pty.fork()\n"
                                       "if pid == 0:\n"
                                       "    os.execv(sys.argv[2], sys.argv[2:])\n"
                                       "for answer in sys.argv[1]:\n"
                                       "    text = b''\n"
                                       "    while not text.endswith(b'uit: '):\n"
                                       "        text += os.read(terminal, 1)\n"
                                       "    os.write(terminal, answer.encode() + b'\\n')\n"
                                       "try:\n"
                                       "    while os.read(terminal, 4096):\n"
                                       "        pass\n"
                                       "except OSError:\n"
                                       "    pass\n"
                                       "sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n";
    std::vector<std::string> all{"/usr/bin/python3", "-c", kScript, answers, pgregion_binary()};
    all.insert(all.end(), command.begin(), command.end());
    return run_program({.arguments = all, .input = {}, .environment = {}});
}

TEST_F(RepairCommand, QuestionsOnATerminalDecideFindingByFinding)
{
    EXPECT_EQ(on_terminal(command({}), "yny").status, 4);
    Image expected = image_;
    set_bit(expected, 3);
    put_entry(expected, 4, 8, 0);
    EXPECT_EQ(read_image(source_), expected);
}

TEST_F(RepairCommand, QuitChangesNothingAndIsCancelled)
{
    EXPECT_EQ(on_terminal(command({}), "yq").status, 32);
    EXPECT_EQ(read_image(source_), image_);
    EXPECT_FALSE(std::filesystem::exists(source_ + ".pgundo"));
}

TEST_F(RepairCommand, AllFromHereAsksNoMore)
{
    EXPECT_EQ(on_terminal(command({}), "a").status, 1);
    EXPECT_EQ(run({"-n"}, 0).at("plan"), Json::array());
}

TEST_F(RepairCommand, TextShowsThePlanAndWhatIsTrueNow)
{
    const ProgramOutcome outcome = run_pgregion(command({"-y"}));
    EXPECT_THAT(outcome.output, HasSubstr("plan of 3 repairs"));
    EXPECT_THAT(outcome.output, HasSubstr("pgregion undo"));
    EXPECT_THAT(outcome.output, HasSubstr("now: "));
    EXPECT_THAT(outcome.output, Not(HasSubstr("error reserved-bits: reserved bits are set")));
}

}  // namespace
}  // namespace pgregion::test
