// SPDX-License-Identifier: GPL-2.0-or-later
//
// Next steps word by word: the source as it was named, in quotes where a shell wants them, with the options that make
// the next command look at the same bytes in the same way. That they work is tried by every test (printed_steps.h).
#include "cli/command_test.h"
#include "cli/directory_images.h"
#include "support/area_image.h"
#include "support/fixtures.h"
#include "support/handover_image.h"

#include <gmock/gmock.h>

namespace pgregion::test
{

namespace
{

using testing::HasSubstr;
using Words = std::vector<std::string>;

/// Page tables of three levels at 0x1000000, with a leaf that maps its own root.
TableImage bad_tables()
{
    TableImage image(kRegionAt);
    image.allocate(0, 3);
    image.put(1, 0, 0x1002003).put(2, 0, 0x1003003).put(3, 5, 0x1001003);
    return image;
}

class NextSteps : public CommandTest
{
protected:
    NextSteps()
    {
        std::filesystem::create_directory(path("my dir"));
        write_image(path("my dir/it's bad.img"), bad_tables().bytes());
        write_image(path("my dir/vtd.img"), vtd_scalable_region().bytes());
        write_image(path("my dir/piece"), Image(4096));
    }

    /// The name of a file in the folder as a shell word, `behind` within the quotes.
    [[nodiscard]] std::string quoted(const std::string &name, const std::string &behind = "") const
    {
        return "'" + path("my dir/" + name) + behind + "'";
    }
    [[nodiscard]] std::string bad_word(const std::string &behind) const
    {
        return "'" + path("my dir/it") + "'\\''s bad.img" + behind + "'";
    }

    static std::string all_of(Words words)
    {
        const ProgramOutcome outcome = run_pgregion(std::move(words));
        return outcome.output + outcome.errors;
    }
};

TEST_F(NextSteps, CheckKeepsTheNameTheReadingAndWhatItWasToldBeside)
{
    const std::string bad = path("my dir/it's bad.img");
    const Words reading{"--format", "vtd-ss", "--levels", "3", "--liveupdate", "no", "--skip", "page-leaked"};
    Words words{"check", bad + "@0x1000000", "--with", path("my dir/piece") + "@0x70000000"};
    words.insert(words.end(), reading.begin(), reading.end());
    EXPECT_THAT(all_of(words), HasSubstr("\n  next  pgregion repair -n " + bad_word("@0x1000000") + " --with " +
                                         quoted("piece", "@0x70000000") +
                                         " --format vtd-ss --levels 3 --liveupdate no --skip page-leaked\n"
                                         "        pgregion explain leaf-maps-tables\n"));
    EXPECT_THAT(all_of({"check", bad, "--offset", "0", "--paddr", "16M", "--format", "vtd-ss", "--levels", "3"}),
                HasSubstr("\n  next  pgregion repair -n " + bad_word("") +
                          " --offset 0x0 --paddr 0x1000000 --format vtd-ss --levels 3\n"));
    EXPECT_THAT(all_of({"check", path("my dir/vtd.img") + "@0x1000000", "--register", "rtaddr=0x1001400", "--fail-on",
                        "never"}),
                HasSubstr("\n  next  pgregion repair -n " + quoted("vtd.img", "@0x1000000") +
                          " --register rtaddr=0x1001400\n        pgregion explain "));
}

TEST_F(NextSteps, WhereNothingIsRepairedTheReasonIsNoCommand)
{
    const std::string text = all_of({"check", path("my dir/vtd.img") + "@0x1000000", "--register", "rtaddr=0x1001400",
                                     "--only", "device-pass-through", "--fail-on", "never"});
    EXPECT_THAT(text, HasSubstr("\n  repair  Nothing is repaired: the record is legal."));
    EXPECT_THAT(text, HasSubstr("\n  next  pgregion explain device-pass-through\n"));
}

TEST_F(NextSteps, InfoAndScanNameThePlaceThatTheySaw)
{
    write_image(path("my dir/root.img"), read_region(4).bytes);
    EXPECT_THAT(all_of({"info", path("my dir/root.img"), "--format", "vtd-root"}),
                HasSubstr("\n  next        pgregion devices " + quoted("root.img") + " --format vtd-root\n"));
    EXPECT_THAT(all_of({"info", path("my dir/it's bad.img") + "@0x1000000"}),
                HasSubstr("\n  next        pgregion bitmap " + bad_word("@0x1000000") + "\n"));
    EXPECT_THAT(all_of({"info", path("my dir/vtd.img"), "--offset", "0"}),
                HasSubstr("\n  next        pgregion bitmap " + quoted("vtd.img") + " --offset 0x0\n"));
    EXPECT_THAT(all_of({"scan", path("my dir/vtd.img"), "--kind", "region"}),
                HasSubstr("\nnext  pgregion info " + quoted("vtd.img") + " --offset 0x0\n"));
    EXPECT_THAT(all_of({"scan", path("my dir/vtd.img") + "@0x1000000", "--kind", "region"}),
                HasSubstr("\nnext  pgregion info " + quoted("vtd.img", "@0x1000000") + " --at 0x1000000\n"));
    // Where the place has an address and the beginning of the file can have none.
    Image late(4096);
    const TableImage region = vtd_scalable_region();
    late.insert(late.end(), region.bytes().begin(), region.bytes().end());
    write_image(path("my dir/late.raw"), late);
    EXPECT_THAT(all_of({"scan", path("my dir/late.raw"), "--offset", "4K", "--paddr", "0", "--kind", "region"}),
                HasSubstr("\nnext  pgregion info " + quoted("late.raw") + " --offset 0x1000 --paddr 0x0\n"));
}

TEST_F(NextSteps, AreaAndHandoverLeadToTheirRegionsAndRoots)
{
    AreaImage area(6);
    area.boot();
    area.write_file(path("my dir/some area"));
    EXPECT_THAT(all_of({"area", path("my dir/some area") + "@0x140000000", "--check"}),
                HasSubstr("\nnext  pgregion check " + quoted("some area", "@0x140000000") + " --inode 3\n"));
    EXPECT_THAT(all_of({"check", path("my dir/some area"), "--inode", "9"}),
                HasSubstr("see what the area holds: pgregion area " + quoted("some area") + "\n"));
    write_image(path("my dir/memory"), HandoverImage(HandoverRecipe{}).image.bytes());
    EXPECT_THAT(all_of({"handover", path("my dir/memory") + "@0x40000000"}),
                HasSubstr("\n  next  pgregion devices " + quoted("memory", "@0x40000000") +
                          " --format vtd-root --param mode=legacy --root 0x4000e000\n"));
}

TEST_F(NextSteps, RepairAndUndoNameTheJournal)
{
    const std::string bad = path("my dir/it's bad.img");
    const std::string journal = path("my dir/other journal");
    EXPECT_THAT(all_of({"undo", bad, "--undo", journal}), HasSubstr("other journal"));
    EXPECT_THAT(all_of({"repair", bad + "@0x1000000", "-y", "--format", "vtd-ss", "--levels", "3", "--undo", journal}),
                HasSubstr("written; to take it back: pgregion undo " + bad_word("@0x1000000") + " --undo " +
                          quoted("other journal") + "\n"));
    ASSERT_EQ(run_pgregion({"undo", bad, "--undo", journal}).status, 0);
    EXPECT_THAT(all_of({"undo", bad, "--undo", journal, "--sequence", "9"}),
                HasSubstr("list the changes: pgregion undo " + bad_word("") + " --undo " + quoted("other journal") +
                          " --list;"));
}

TEST_F(NextSteps, HintsOfWrongCommandLinesNameTheSourceToo)
{
    EXPECT_THAT(
        all_of({"translate", path("my dir/vtd.img") + "@0x1000000", "0", "--register", "rtaddr=0x1001400"}),
        HasSubstr("list them: pgregion devices " + quoted("vtd.img", "@0x1000000") + " --register rtaddr=0x1001400\n"));
    EXPECT_THAT(all_of({"check", path("my dir/vtd.img"), "--inode", "0"}),
                HasSubstr("see what the area holds: pgregion area " + quoted("vtd.img") + "\n"));
}

TEST_F(NextSteps, ANameThatNoTerminalShowsIsWrittenForPrintf)
{
    const std::string name = path("a\nb\x1b\xff%.img");
    write_image(name, image_with({{0, 1}}));
    EXPECT_THAT(all_of({"info", name}), HasSubstr("\n  next        pgregion bitmap \"$(printf '" +
                                                  path("a\\012b\\033\\377\\045.img") + "')\"\n"));
}

}  // namespace

}  // namespace pgregion::test
