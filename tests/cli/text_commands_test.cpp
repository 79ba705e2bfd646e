// SPDX-License-Identifier: GPL-2.0-or-later
//
// dump and restore: what one writes the other makes again, byte for byte, and nobody's data is lost on the way.
#include "cli/command_test.h"
#include "support/fixtures.h"
#include "support/source_tree.h"

#include <random>

#include <sys/stat.h>

namespace pgregion::test
{

namespace
{

class Dump : public CommandTest
{
};
class Restore : public CommandTest
{
protected:
    static constexpr const char *kText = "pgregion-text 1\nbitmap 0-2\n";

    [[nodiscard]] std::string text(const std::string &content) const { return directory().file("in.pgtext", content); }
};

/// restore(dump(image)) is the image, whatever it holds.
void expect_round_trip(const TemporaryDirectory &directory, const Image &image, const std::string &what)
{
    const std::string file = directory.path("image.img");
    const std::string copy = directory.path("copy.img");
    write_image(file, image);
    const ProgramOutcome dumped = run_pgregion({"dump", file});
    ASSERT_EQ(dumped.status, 0) << what << ": " << dumped.errors;
    const ProgramOutcome restored = run_pgregion({"restore", "-", copy, "--overwrite"}, dumped.output);
    ASSERT_EQ(restored.status, 0) << what << ": " << restored.errors;
    ASSERT_TRUE(read_image(copy) == image) << what;
}

TEST_F(Dump, EveryFixtureRegionComesBackByteForByte)
{
    for (unsigned number = 0; number < 12; ++number)
        expect_round_trip(directory(), read_region(number).bytes, "region " + std::to_string(number));
    expect_round_trip(directory(), unpack(fixture("regions/kernel-made-region.img.xz")), "kernel-made region");
}

TEST_F(Dump, GarbageComesBackByteForByte)
{
    std::mt19937_64 random(20240205);
    for (const unsigned words_in_ten_thousand : {3U, 300U, 10000U}) {
        Image image(kImageBytes);
        for (std::size_t at = 0; at < image.size(); at += 8) {
            if (random() % 10000 < words_in_ten_thousand)
                store_word(image, at, random());
        }
        expect_round_trip(directory(), image, std::to_string(words_in_ten_thousand));
    }
    expect_round_trip(directory(), Image(kImageBytes, std::byte{0xff}), "all ones");
    expect_round_trip(directory(), Image(kImageBytes), "all zero");
}

TEST_F(Dump, NeverOpenedRegionIsAShortTextWithoutAWarning)
{
    const std::string text = output_of({"dump", region("r.img", Pages{})});
    EXPECT_NE(text.find("\nbitmap none\n"), std::string::npos);
    EXPECT_EQ(text.find("\npage "), std::string::npos);
}

TEST_F(Dump, ReachedTablesAreShownByField)
{
    Image image = image_with({{0, 4}});
    put_entry(image, 1, 0, 0x140002003);
    put_entry(image, 2, 0, 0x140003003);
    put_entry(image, 3, 0, 0x250000083);
    fill_page(image, 4, std::byte{0x5a});
    const std::string text =
        output_of({"dump", region("r.img", image), "--paddr", "0x140000000", "--format", "vtd-ss", "--levels", "4"});
    for (const std::string line :
         {"paddr 0x140000000\n", "bitmap 0-4", "page 1 vtd-ss level 3", "table R W ADDR=page:2",
          "page 2 vtd-ss level 2", "page 3 vtd-ss level 1", "leaf  R W PS ADDR=0x250000000", "page 4"})
        EXPECT_NE(text.find(line), std::string::npos) << "no \"" << line << "\" in:\n" << text;
    EXPECT_EQ(output_of({"restore", "-", path("copy.img")}, text).substr(0, 1), "/");
    EXPECT_EQ(read_image(path("copy.img")), image);
}

TEST_F(Dump, UndecidedTablesAreBytesWithAWarning)
{
    Image image = image_with({{0, 2}});
    fill_page(image, 2, std::byte{0x5a});
    const ProgramOutcome outcome = run_pgregion({"dump", region("r.img", image)});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_NE(outcome.errors.find("shown as bytes"), std::string::npos) << outcome.errors;
    EXPECT_NE(outcome.errors.find("--format"), std::string::npos);
    EXPECT_EQ(run_pgregion({"dump", "-q", path("r.img")}).errors, "");
}

TEST_F(Dump, OutputFileHoldsTheText)
{
    const std::string file = region("r.img", {{0, 3}});
    EXPECT_EQ(output_of({"dump", file, "-o", path("out.pgtext")}), "");
    EXPECT_EQ(content_of(path("out.pgtext")), output_of({"dump", file}));
}

TEST_F(Dump, FileOfAnotherSizeIsRefused)
{
    expect_failure(run_pgregion({"dump", region("small.img", Image(4096))}), 8, {"2 MiB"});
}

TEST_F(Restore, MissingFileIsMade)
{
    EXPECT_EQ(output_of({"restore", text(kText), path("new.img")}),
              path("new.img") + ": 2097152 bytes made of " + path("in.pgtext") + "\n");
    EXPECT_EQ(read_image(path("new.img")), image_with({{0, 2}}));
}

TEST_F(Restore, SampleDomainTranslatesAsItsCommentsSay)
{
    const std::string sample = source_tree() + "/tests/samples/domain.pgtext";
    ASSERT_EQ(run_pgregion({"restore", sample, path("domain.img")}).status, 0);
    const std::string walk = output_of({"translate", path("domain.img"), "0x7f1234567abc", "--paddr", "0x140000000",
                                        "--format", "vtd-ss", "--levels", "4"});
    EXPECT_NE(walk.find("0x24ff67abc"), std::string::npos) << walk;
}

TEST_F(Restore, DataIsNotReplacedUnasked)
{
    const Image image = image_with({{0, 5}});
    const std::string file = region("r.img", image);
    expect_failure(run_pgregion({"restore", text(kText), file}), 4, {file, "offset 0", "--overwrite"});
    EXPECT_EQ(read_image(file), image);
    EXPECT_EQ(run_pgregion({"restore", text(kText), file, "--overwrite"}).status, 0);
    EXPECT_EQ(read_image(file), image_with({{0, 2}}));
}

TEST_F(Restore, RegionOfZerosAndEmptyFileNeedNoOverwrite)
{
    const std::string zeros = region("zeros.img", Pages{});
    const std::string empty = directory().file("empty.img", "");
    EXPECT_EQ(run_pgregion({"restore", text(kText), zeros}).status, 0);
    EXPECT_EQ(run_pgregion({"restore", text(kText), empty}).status, 0);
    EXPECT_EQ(read_image(zeros), image_with({{0, 2}}));
    EXPECT_EQ(read_image(empty), image_with({{0, 2}}));
}

TEST_F(Restore, ReplacedFileKeepsItsMode)
{
    const std::string file = region("r.img", {{0, 5}});
    std::filesystem::permissions(file, std::filesystem::perms(0640));
    EXPECT_EQ(run_pgregion({"restore", text(kText), file, "--overwrite"}).status, 0);
    EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms(0640));
}

TEST_F(Restore, OffsetChangesAPlaceInALargerFileAndNothingElse)
{
    Image image(3 * kImageBytes, std::byte{0x77});
    const std::string file = region("memory.raw", image);
    expect_failure(run_pgregion({"restore", text(kText), file, "--offset", "2M"}), 4, {"--overwrite"});
    struct stat before = {};
    ::stat(file.c_str(), &before);
    EXPECT_EQ(run_pgregion({"restore", text(kText), file, "--offset", "2M", "--overwrite"}).status, 0);
    struct stat after = {};
    ::stat(file.c_str(), &after);
    EXPECT_EQ(before.st_ino, after.st_ino);
    std::ranges::copy(image_with({{0, 2}}), image.begin() + kImageBytes);
    EXPECT_EQ(read_image(file), image);
}

TEST_F(Restore, FileOfAnotherSizeWithoutOffsetIsRefused)
{
    const std::string file = region("memory.raw", Image(4096));
    expect_failure(run_pgregion({"restore", text(kText), file, "--overwrite"}), 8, {"2 MiB"});
    EXPECT_EQ(read_image(file), Image(4096));
}

TEST_F(Restore, ErrorInTheTextNamesFileLineAndColumnAndMakesNothing)
{
    expect_failure(run_pgregion({"restore", text("pgregion-text 1\nbitmap 0-512\n"), path("new.img")}), 8,
                   {path("in.pgtext"), "line 2, column 10"});
    EXPECT_EQ(directory().entries(), 1U);
}

TEST_F(Restore, ErrorInTheTextLeavesTheOldImage)
{
    const std::string file = region("r.img", {{0, 5}});
    EXPECT_EQ(run_pgregion({"restore", text("nonsense"), file, "--overwrite"}).status, 8);
    EXPECT_EQ(read_image(file), image_with({{0, 5}}));
}

TEST_F(Restore, MissingTextIsExitEight)
{
    expect_failure(run_pgregion({"restore", path("no.pgtext"), path("new.img")}), 8, {"no.pgtext"});
    EXPECT_EQ(directory().entries(), 0U);
}

TEST_F(Restore, WrongOptionMakesNoFile)
{
    const std::string in = text(kText);
    EXPECT_EQ(run_pgregion({"restore", in, path("new.img"), "--paddr", "nonsense"}).status, 16);
    EXPECT_EQ(run_pgregion({"restore", in, path("new.img"), "--format", "vtd-ss"}).status, 16);
    EXPECT_EQ(run_pgregion({"restore", in}).status, 16);
    EXPECT_EQ(directory().entries(), 1U);
}

}  // namespace

}  // namespace pgregion::test
