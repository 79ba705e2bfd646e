// SPDX-License-Identifier: GPL-2.0-or-later
//
// init, alloc, root, validate and bitmap as cli.md sections 3 and 4 and region.md sections 1.1 and 3.1 have them.
#include "cli/command_test.h"

namespace pgregion::test
{

namespace
{

class Init : public CommandTest
{
};
class Alloc : public CommandTest
{
};
class Root : public CommandTest
{
};
class Validate : public CommandTest
{
};
class ShowBitmap : public CommandTest
{
};

TEST_F(Init, MissingFileBecomesAnOpenedRegion)
{
    EXPECT_EQ(output_of({"init", path("new.img")}), "page 0  offset 0x0  address unknown\n");
    EXPECT_EQ(read_image(path("new.img")), image_with({{0, 0}}));
}

TEST_F(Init, EmptyFileBecomesARegion)
{
    EXPECT_EQ(output_of({"init", directory().file("empty.img", "")}), "page 0  offset 0x0  address unknown\n");
    EXPECT_EQ(read_image(path("empty.img")), image_with({{0, 0}}));
}

TEST_F(Init, TakeRootSetsBothBits)
{
    EXPECT_EQ(output_of({"init", "--take-root", path("new.img") + "@0x6000000"}),
              "page 0  offset 0x0  address 0x6000000\npage 1  offset 0x1000  address 0x6001000\n");
    EXPECT_EQ(read_image(path("new.img")), image_with({{0, 1}}));
}

TEST_F(Init, OneByteThatIsNotZeroRefuses)
{
    Image image = image_with({});
    image[2097151] = std::byte{1};
    const std::string file = region("data.img", image);
    expect_failure(run_pgregion({"init", file}), 4, {file, "offset 2097151", "--overwrite"});
    EXPECT_EQ(read_image(file), image);
}

TEST_F(Init, OverwriteLeavesNothingOfTheOldContent)
{
    Image image = image_with({{0, 511}});
    fill_page(image, 7, std::byte{0xff});
    const std::string file = region("data.img", image);
    EXPECT_EQ(output_of({"init", file, "--overwrite"}), "page 0  offset 0x0  address unknown\n");
    EXPECT_EQ(read_image(file), image_with({{0, 0}}));
}

TEST_F(Init, OffsetMakesARegionInsideOfALargerFileAndTouchesNothingElse)
{
    Image image(3 * kImageBytes);
    image[0] = std::byte{0xaa};
    image[2 * kImageBytes] = std::byte{0xbb};
    const std::string file = region("memory.raw", image);
    EXPECT_EQ(output_of({"init", file, "--offset", "2M", "--paddr", "0x40000000"}),
              "page 0  offset 0x200000  address 0x40000000\n");
    image[kImageBytes] = std::byte{1};
    EXPECT_EQ(read_image(file), image);
}

TEST_F(Init, FileOfAnotherSizeWithoutOffsetIsRefused)
{
    const Image image(4096);
    const std::string file = region("small.img", image);
    expect_failure(run_pgregion({"init", file, "--overwrite"}), 8, {"4096 bytes", "2 MiB"});
    EXPECT_EQ(read_image(file), image);
}

TEST_F(Init, WrongOptionMakesNoFile)
{
    EXPECT_EQ(run_pgregion({"init", path("new.img"), "--paddr", "nonsense"}).status, 16);
    EXPECT_EQ(run_pgregion({"init", path("new.img"), "--paddr", "0xffffffffffff0000"}).status, 16);
    EXPECT_EQ(run_pgregion({"init", path("new.img"), "--format", "vtd-ss"}).status, 16);
    EXPECT_EQ(run_pgregion({"init", path("new.img"), "--offset", "2M"}).status, 8);
    EXPECT_EQ(directory().entries(), 0U);
}

TEST_F(Init, DirectoryThatIsMissingIsExitEight)
{
    expect_failure(run_pgregion({"init", path("nowhere/new.img")}), 8, {"new.img", "No such file or directory"});
}

TEST_F(Alloc, HandsOutTheLowestClearBit)
{
    const std::string file = region("r.img", {{0, 4}, {6, 9}});
    EXPECT_EQ(output_of({"alloc", file, "--paddr", "0x6000000"}), "page 5  offset 0x5000  address 0x6005000\n");
    EXPECT_EQ(output_of({"alloc", file}), "page 10  offset 0xa000  address unknown\n");
    EXPECT_EQ(read_image(file), image_with({{0, 10}}));
}

TEST_F(Alloc, OrderAndCountGiveAlignedRuns)
{
    const std::string file = region("r.img", {{0, 1}});
    EXPECT_EQ(output_of({"alloc", file, "--order", "2", "--count", "2", "--paddr", "0x100000000"}),
              "page 4  offset 0x4000  address 0x100004000\n"
              "page 5  offset 0x5000  address 0x100005000\n"
              "page 6  offset 0x6000  address 0x100006000\n"
              "page 7  offset 0x7000  address 0x100007000\n"
              "page 8  offset 0x8000  address 0x100008000\n"
              "page 9  offset 0x9000  address 0x100009000\n"
              "page 10  offset 0xa000  address 0x10000a000\n"
              "page 11  offset 0xb000  address 0x10000b000\n");
    EXPECT_EQ(read_image(file), image_with({{0, 1}, {4, 11}}));
}

TEST_F(Alloc, ZeroIsTheDefaultAndNoZeroKeepsThePage)
{
    Image image = image_with({{0, 1}});
    fill_page(image, 2, std::byte{0xb2});
    fill_page(image, 3, std::byte{0xb3});
    const std::string file = region("r.img", image);
    EXPECT_EQ(output_of({"alloc", file}), "page 2  offset 0x2000  address unknown\n");
    EXPECT_EQ(output_of({"alloc", file, "--no-zero"}), "page 3  offset 0x3000  address unknown\n");
    Image expected = image_with({{0, 3}});
    fill_page(expected, 3, std::byte{0xb3});
    EXPECT_EQ(read_image(file), expected);
    EXPECT_EQ(run_pgregion({"alloc", file, "--zero", "--no-zero"}).status, 16);
}

TEST_F(Alloc, FullRegionIsExitEightAndChangesNothing)
{
    const std::string file = region("r.img", {{0, 1}});
    const std::string listed = output_of({"alloc", file, "--count", "510"});
    EXPECT_EQ(std::count(listed.begin(), listed.end(), '\n'), 510);
    EXPECT_EQ(read_image(file), image_with({{0, 511}}));
    expect_failure(run_pgregion({"alloc", file}), 8, {file, "0 of 512 pages are free", "nothing was changed"});
    EXPECT_EQ(read_image(file), image_with({{0, 511}}));
}

TEST_F(Alloc, AllRunsOrNone)
{
    const std::string file = region("r.img", {{0, 509}});
    expect_failure(run_pgregion({"alloc", file, "--count", "3"}), 8, {"2 of 512 pages are free"});
    EXPECT_EQ(read_image(file), image_with({{0, 509}}));
}

TEST_F(Alloc, ClearBitZeroIsRefusedUnlessOpened)
{
    const std::string file = region("r.img", {{1, 3}});
    expect_failure(run_pgregion({"alloc", file}), 4, {"bit 0", "--open"});
    EXPECT_EQ(read_image(file), image_with({{1, 3}}));
    EXPECT_EQ(output_of({"alloc", file, "--open"}), "page 4  offset 0x4000  address unknown\n");
    EXPECT_EQ(read_image(file), image_with({{0, 4}}));
}

TEST_F(Alloc, RootPageIsNotHandedOutUnlessAllowed)
{
    const std::string file = region("r.img", {{0, 0}});
    expect_failure(run_pgregion({"alloc", file}), 4, {"page 1", "pgregion root", "--allow-root"});
    EXPECT_EQ(read_image(file), image_with({{0, 0}}));
    EXPECT_EQ(output_of({"alloc", file, "--allow-root"}), "page 1  offset 0x1000  address unknown\n");
}

TEST_F(Alloc, NumbersThatMakeNoSenseAreUsage)
{
    const std::string file = region("r.img", {{0, 1}});
    for (const std::vector<std::string> &wrong : std::vector<std::vector<std::string>>{
             {"--order", "10"}, {"--order", "x"}, {"--count", "0"}, {"--count", "-1"}, {"--order", "0x100000000"}}) {
        std::vector<std::string> arguments{"alloc", file};
        arguments.insert(arguments.end(), wrong.begin(), wrong.end());
        EXPECT_EQ(run_pgregion(arguments).status, 16) << wrong[0] << ' ' << wrong[1];
    }
    EXPECT_EQ(read_image(file), image_with({{0, 1}}));
}

TEST_F(Alloc, QuietSaysNothingAndStillAllocates)
{
    const std::string file = region("r.img", {{0, 1}});
    EXPECT_EQ(output_of({"-q", "alloc", file}), "");
    EXPECT_EQ(read_image(file), image_with({{0, 2}}));
    const ProgramOutcome full = run_pgregion({"alloc", "-q", file, "--count", "510"});
    EXPECT_EQ(full.status, 8);
    EXPECT_EQ(full.output + full.errors, "");
}

TEST_F(Root, ColdBootTakesTheRootPage)
{
    const std::string file = region("r.img", {{0, 0}});
    EXPECT_EQ(output_of({"root", file, "--liveupdate", "no"}),
              "page 1  offset 0x1000  address unknown\ntaken now, as in a cold boot\n");
    EXPECT_EQ(read_image(file), image_with({{0, 1}}));
}

TEST_F(Root, LiveUpdateFindsTheRootPageAndChangesNothing)
{
    const std::string file = region("r.img", {{0, 5}});
    EXPECT_EQ(output_of({"root", file, "--liveupdate", "yes"}),
              "page 1  offset 0x1000  address unknown\nit was taken before, as a live update expects\n");
    EXPECT_EQ(read_image(file), image_with({{0, 5}}));
}

TEST_F(Root, LiveUpdateWithoutARootPageIsRefusedInTheKernelsWords)
{
    const std::string file = region("r.img", {{0, 0}});
    const ProgramOutcome outcome = run_pgregion({"root", file, "--liveupdate", "yes"});
    expect_failure(outcome, 4, {"doing a liveupdate but root pg bit incorrect", "lose their translations"});
    EXPECT_EQ(outcome.errors.find("NOT doing"), std::string::npos);
    EXPECT_EQ(read_image(file), image_with({{0, 0}}));
}

TEST_F(Root, ColdBootWithARetainedRootPageIsRefusedInTheKernelsWords)
{
    const std::string file = region("r.img", {{0, 1}});
    expect_failure(run_pgregion({"root", file, "--liveupdate", "no"}), 4,
                   {"NOT doing a liveupdate but root pg bit incorrect", "stale translations"});
    EXPECT_EQ(read_image(file), image_with({{0, 1}}));
}

TEST_F(Root, ClearBitZeroIsRefusedUnlessOpened)
{
    const std::string file = region("r.img", Pages{});
    expect_failure(run_pgregion({"root", file, "--liveupdate", "no"}), 4, {"bit 0", "--open"});
    EXPECT_EQ(read_image(file), image_with({}));
    EXPECT_EQ(run_pgregion({"root", file, "--liveupdate", "no", "--open"}).status, 0);
    EXPECT_EQ(read_image(file), image_with({{0, 1}}));
}

TEST_F(Root, LiveupdateHasToBeSaid)
{
    const std::string file = region("r.img", {{0, 0}});
    expect_failure(run_pgregion({"root", file}), 16, {"--liveupdate"});
    expect_failure(run_pgregion({"root", file, "--liveupdate", "maybe"}), 16, {"--liveupdate"});
    EXPECT_EQ(read_image(file), image_with({{0, 0}}));
}

TEST_F(Root, AutoReadsTheCommandLineOfTheKernel)
{
    if (content_of("/proc/cmdline").find("liveupdate") != std::string::npos)
        GTEST_SKIP() << "this kernel was started with liveupdate";
    const std::string file = region("r.img", {{0, 0}});
    EXPECT_EQ(run_pgregion({"root", file, "--liveupdate", "auto"}).status, 0);
    EXPECT_EQ(run_pgregion({"root", file, "--liveupdate", "auto"}).status, 4);
}

TEST_F(Validate, EveryCombinationOfBitAndBoot)
{
    const std::string cold = region("cold.img", {{0, 0}});
    const std::string live = region("live.img", {{0, 1}});
    EXPECT_EQ(output_of({"validate", cold, "--liveupdate", "no"}),
              cold + ": match: no root page is taken, as a cold boot expects (liveupdate no, root bit 0)\n");
    EXPECT_EQ(output_of({"validate", live, "--liveupdate", "yes"}),
              live + ": match: the root page is there, as a live update expects (liveupdate yes, root bit 1)\n");
    const ProgramOutcome lost = run_pgregion({"validate", cold, "--liveupdate", "yes"});
    EXPECT_EQ(lost.status, 4);
    EXPECT_EQ(lost.output, cold + ": MISMATCH: a live update finds no root page: devices would lose their translations "
                                  "(liveupdate yes, root bit 0)\n");
    const ProgramOutcome stale = run_pgregion({"validate", live, "--liveupdate", "no"});
    EXPECT_EQ(stale.status, 4);
    EXPECT_EQ(stale.output, live + ": MISMATCH: a cold boot finds a retained root page: stale translations would be "
                                   "used (liveupdate no, root bit 1)\n");
}

TEST_F(Validate, NeverOpenedRegionNeverMatches)
{
    const std::string file = region("r.img", Pages{});
    for (const std::string liveupdate : {"yes", "no"}) {
        const ProgramOutcome outcome = run_pgregion({"validate", file, "--liveupdate", liveupdate});
        EXPECT_EQ(outcome.status, 4);
        EXPECT_NE(outcome.output.find("never opened"), std::string::npos);
    }
}

TEST_F(Validate, ManySourcesAreAllLookedAtAndTheirStatusJoined)
{
    const std::string good = region("good.img", {{0, 1}});
    const std::string bad = region("bad.img", {{0, 0}});
    const ProgramOutcome outcome = run_pgregion({"validate", bad, path("missing.img"), good, "--liveupdate", "yes"});
    EXPECT_EQ(outcome.status, 12);
    EXPECT_NE(outcome.output.find("bad.img: MISMATCH"), std::string::npos);
    EXPECT_NE(outcome.output.find("good.img: match"), std::string::npos);
    EXPECT_NE(outcome.errors.find("missing.img"), std::string::npos);
    EXPECT_EQ(run_pgregion({"validate", "-q", good, bad, "--liveupdate", "yes"}).status, 4);
    EXPECT_EQ(run_pgregion({"validate", good, good, "--liveupdate", "yes"}).status, 0);
}

TEST_F(Validate, ColourOnlyWhereItIsAskedFor)
{
    const std::string file = region("r.img", {{0, 1}});
    EXPECT_NE(output_of({"validate", file, "--liveupdate", "yes", "--color", "always"}).find("\033[32mmatch\033[0m"),
              std::string::npos);
    EXPECT_EQ(output_of({"validate", file, "--liveupdate", "yes"}).find('\033'), std::string::npos);
}

TEST_F(ShowBitmap, Ranges)
{
    const std::string file = region("r.img", {{0, 7}, {9, 11}, {511, 511}});
    EXPECT_EQ(output_of({"bitmap", file, "--as", "ranges"}), "0-7\n9-11\n511\n");
    EXPECT_EQ(output_of({"bitmap", region("none.img", Pages{}), "--as", "ranges"}), "");
}

TEST_F(ShowBitmap, List)
{
    EXPECT_EQ(output_of({"bitmap", region("r.img", {{0, 2}, {500, 500}}), "--as", "list"}), "0\n1\n2\n500\n");
}

TEST_F(ShowBitmap, HexIsEightWordsPageZeroInBitZeroOfTheFirst)
{
    EXPECT_EQ(output_of({"bitmap", region("r.img", {{0, 7}, {9, 11}, {127, 127}}), "--as", "hex"}),
              "0x0000000000000eff\n0x8000000000000000\n0x0000000000000000\n0x0000000000000000\n"
              "0x0000000000000000\n0x0000000000000000\n0x0000000000000000\n0x0000000000000000\n");
}

TEST_F(ShowBitmap, BinaryStartsWithPageZero)
{
    const std::string text = output_of({"bitmap", region("r.img", {{0, 1}, {511, 511}}), "--as", "binary"});
    EXPECT_EQ(text.substr(0, 8), "11000000");
    EXPECT_EQ(text.substr(text.size() - 4), "001\n");
    EXPECT_EQ(text.size(), 8U * 65);
}

TEST_F(ShowBitmap, GridIsTheDefaultAndCounts)
{
    const std::string text = output_of({"bitmap", region("r.img", {{0, 7}, {9, 11}})});
    EXPECT_NE(text.find("   0  ########.###...."), std::string::npos);
    EXPECT_NE(text.find("11 allocated (#), 501 free (.)\n"), std::string::npos);
}

TEST_F(ShowBitmap, ManySourcesAreNamed)
{
    const std::string one = region("one.img", {{0, 0}});
    const std::string two = region("two.img", {{0, 1}});
    EXPECT_EQ(output_of({"bitmap", one, two, "--as", "ranges"}), one + ":\n0\n" + two + ":\n0-1\n");
}

TEST_F(ShowBitmap, OffsetPicksARegionInALargerFile)
{
    Image image(2 * kImageBytes);
    image[kImageBytes] = std::byte{7};
    const std::string file = region("memory.raw", image);
    EXPECT_EQ(output_of({"bitmap", file, "--offset", "0x200000", "--as", "ranges"}), "0-2\n");
    expect_failure(run_pgregion({"bitmap", file}), 8, {"--offset"});
    expect_failure(run_pgregion({"bitmap", file, "--offset", "0x200001"}), 16, {"4096"});
}

TEST_F(ShowBitmap, UnknownFormIsUsage)
{
    EXPECT_EQ(run_pgregion({"bitmap", region("r.img", {{0, 0}}), "--as", "circle"}).status, 16);
}

}  // namespace

}  // namespace pgregion::test
