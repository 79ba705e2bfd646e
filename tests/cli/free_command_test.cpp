// SPDX-License-Identifier: GPL-2.0-or-later
//
// free: which pages may be given back. Tables are made by hand from the VT-d second-stage layout: a pointer is the
// address of the next table with R and W (3), PS (0x80) makes a leaf of an entry of level 1 or 2.
#include "cli/command_test.h"

namespace pgregion::test
{

namespace
{

constexpr std::uint64_t kBase = 0x140000000;
const std::vector<std::string> kAsTables{"--paddr", "0x140000000", "--format", "vtd-ss", "--levels", "4"};

class Free : public CommandTest
{
protected:
    /// Pages 1 to 4 are a tree of four levels down to one leaf; page 5 is allocated and nobody's.
    [[nodiscard]] static Image tree()
    {
        Image image = image_with({{0, 5}});
        put_entry(image, 1, 7, kBase + 0x2003);
        put_entry(image, 2, 6, kBase + 0x3003);
        put_entry(image, 3, 5, kBase + 0x4003);
        put_entry(image, 4, 0, 0x250000003);
        return image;
    }

    [[nodiscard]] static ProgramOutcome free_pages(const std::string &file, const std::vector<std::string> &pages,
                                                   const std::vector<std::string> &options = {})
    {
        std::vector<std::string> arguments{"free", file};
        arguments.insert(arguments.end(), pages.begin(), pages.end());
        arguments.insert(arguments.end(), options.begin(), options.end());
        return run_pgregion(arguments);
    }
};

TEST_F(Free, PageOfNobodyIsZeroedAndItsBitCleared)
{
    Image image = tree();
    fill_page(image, 5, std::byte{0xee});
    const std::string file = region("r.img", image);
    const ProgramOutcome outcome = free_pages(file, {"5"}, kAsTables);
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_EQ(outcome.output, "page 5  offset 0x5000  address 0x140005000\n");
    Image expected = tree();
    expected[0] = std::byte{0x1f};
    EXPECT_EQ(read_image(file), expected);
}

TEST_F(Free, PageThatATablePointsAtIsRefusedAndTheEntryNamed)
{
    const std::string file = region("r.img", tree());
    expect_failure(free_pages(file, {"4"}, kAsTables), 4,
                   {"page 4", "entry 5 of page 3, 0x140004003, points at it (vtd-ss)", "--force-referenced"});
    EXPECT_EQ(read_image(file), tree());
}

TEST_F(Free, FormatAndBaseThatTheTablesTellAreEnough)
{
    Image image = tree();
    for (std::size_t index = 1; index < 64; ++index)
        put_entry(image, 4, index, 0x250000003 + index * 0x1000);
    const std::string file = region("r.img", image);
    expect_failure(free_pages(file, {"4"}), 4, {"entry 5 of page 3, 0x140004003, points at it (vtd-ss)"});
    const ProgramOutcome outcome = free_pages(file, {"5"});
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_EQ(outcome.output, "page 5  offset 0x5000  address 0x140005000\n");
}

TEST_F(Free, SubtreeIsFreedInOneCallOnceNothingAbovePointsAtIt)
{
    Image image = tree();
    const std::string file = region("r.img", image);
    expect_failure(free_pages(file, {"4", "3", "2"}, kAsTables), 4, {"page 2", "entry 7 of page 1"});
    EXPECT_EQ(read_image(file), image);
    put_entry(image, 1, 7, 0);
    write_image(file, image);
    const ProgramOutcome outcome = free_pages(file, {"4", "3", "2"}, kAsTables);
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_EQ(outcome.output, "page 4  offset 0x4000  address 0x140004000\n"
                              "page 3  offset 0x3000  address 0x140003000\n"
                              "page 2  offset 0x2000  address 0x140002000\n");
    EXPECT_EQ(read_image(file), image_with({{0, 1}, {5, 5}}));
}

TEST_F(Free, ForceFreesWhatATablePointsAt)
{
    const std::string file = region("r.img", tree());
    std::vector<std::string> options = kAsTables;
    options.emplace_back("--force-referenced");
    EXPECT_EQ(free_pages(file, {"4"}, options).status, 0);
    EXPECT_EQ(allocated(read_image(file)), (Pages{{0, 3}, {5, 5}}));
}

TEST_F(Free, LeafThatMapsThePageIsNoTableThatPointsAtIt)
{
    Image image = tree();
    put_entry(image, 4, 1, kBase + 0x5003);
    const std::string file = region("r.img", image);
    EXPECT_EQ(free_pages(file, {"5"}, kAsTables).status, 0);
}

TEST_F(Free, TableThatPointsToItselfDoesNotKeepTheWalkBusy)
{
    Image image = tree();
    for (std::size_t index = 0; index < 512; ++index)
        put_entry(image, 1, index, kBase + 0x1003);
    const std::string file = region("r.img", image);
    const ProgramOutcome outcome = free_pages(file, {"5"}, kAsTables);
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_LT(outcome.duration.count(), 5000);
}

TEST_F(Free, RecordOfADirectoryCounts)
{
    // Root entry of bus 0 -> context table on page 2 -> second-stage root on page 3 (AW 2 = 4 levels).
    Image image = image_with({{0, 4}});
    put_entry(image, 1, 0, kBase + 0x2001);
    put_entry(image, 2, 2 * 0x10, kBase + 0x3001);
    put_entry(image, 2, 2 * 0x10 + 1, 0x102);
    const std::string file = region("r.img", image);
    const std::vector<std::string> as_directory{"--paddr", "0x140000000", "--format", "vtd-root"};
    expect_failure(free_pages(file, {"2"}, as_directory), 4, {"entry 0 of page 1", "(vtd-root)"});
    expect_failure(free_pages(file, {"3"}, as_directory), 4, {"entry 16 of page 2", "(vtd-root)"});
    EXPECT_EQ(free_pages(file, {"4"}, as_directory).status, 0);
}

TEST_F(Free, UndecidedFormatMakesAnyWordCountThatCouldPointAtThePage)
{
    // The root page is empty, so that neither format nor base can be told; page 2 holds one word.
    Image image = image_with({{0, 5}});
    put_entry(image, 2, 2, kBase + 0x5003);
    const std::string file = region("r.img", image);
    expect_failure(free_pages(file, {"5"}), 4,
                   {"page 5", "the word at offset 0x10 of page 2, 0x140005003, could be a pointer to it"});
    EXPECT_EQ(read_image(file), image);
    EXPECT_EQ(free_pages(file, {"4"}).status, 0);
}

TEST_F(Free, UndecidedFormatComparesWholeAddressesWhereTheBaseIsGiven)
{
    Image image = image_with({{0, 5}});
    put_entry(image, 2, 2, kBase + 0x5003);
    const std::string file = region("r.img", image);
    expect_failure(free_pages(file, {"5"}, {"--paddr", "0x140000000"}), 4, {"offset 0x10 of page 2"});
    EXPECT_EQ(free_pages(file, {"5"}, {"--paddr", "0x180000000"}).status, 0);
}

TEST_F(Free, UndecidedFormatPassesOverFreePagesAndPagesFreedTogether)
{
    Image image = image_with({{0, 5}});
    put_entry(image, 9, 0, kBase + 0x5003);  // on a free page
    put_entry(image, 2, 1, kBase + 0x5000);  // not present
    put_entry(image, 4, 0, kBase + 0x5003);  // on a page that goes, too
    const std::string file = region("r.img", image);
    expect_failure(free_pages(file, {"5"}), 4, {"offset 0x0 of page 4"});
    const ProgramOutcome outcome = free_pages(file, {"4", "5"});
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
}

TEST_F(Free, ReservedFreeDoubleAndOutOfRangePagesAreRefused)
{
    const std::string file = region("r.img", tree());
    expect_failure(free_pages(file, {"0"}, kAsTables), 4, {"page 0"});
    expect_failure(free_pages(file, {"5", "1"}, kAsTables), 4, {"page 1", "root page"});
    expect_failure(free_pages(file, {"5", "6"}, kAsTables), 4, {"page 6 is free already"});
    expect_failure(free_pages(file, {"5", "5"}, kAsTables), 16, {"twice"});
    expect_failure(free_pages(file, {"512"}, kAsTables), 16, {"512"});
    expect_failure(free_pages(file, {"five"}, kAsTables), 16, {"five"});
    EXPECT_EQ(run_pgregion({"free", file}).status, 16);
    EXPECT_EQ(read_image(file), tree());
}

TEST_F(Free, ClearBitZeroIsRefusedUnlessOpened)
{
    const std::string file = region("r.img", {{1, 3}});
    expect_failure(free_pages(file, {"3"}), 4, {"bit 0", "--open"});
    EXPECT_EQ(free_pages(file, {"3"}, {"--open"}).status, 0);
    EXPECT_EQ(read_image(file), image_with({{0, 2}}));
}

TEST_F(Free, SourceAsItsOwnPieceIsRefused)
{
    const std::string file = region("r.img", tree());
    std::vector<std::string> options = kAsTables;
    options.insert(options.end(), {"--with", file + "@0x140000000"});
    expect_failure(free_pages(file, {"5"}, options), 16, {"--with"});
}

TEST_F(Free, PointerFromAnotherPieceCounts)
{
    // The context table stands in a second file; it leads back to page 3 of the region as second-stage root.
    Image piece(kImageBytes);
    put_entry(piece, 2, 0, kBase + 0x3001);
    put_entry(piece, 2, 1, 0x102);
    Image image = image_with({{0, 4}});
    put_entry(image, 1, 0, 0x180002001);
    const std::string file = region("r.img", image);
    const std::vector<std::string> options{"--paddr",  "0x140000000", "--format",
                                           "vtd-root", "--with",      region("piece.img", piece) + "@0x180000000"};
    expect_failure(free_pages(file, {"3"}, options), 4, {"entry 0 of the table at 0x180002000"});
    EXPECT_EQ(free_pages(file, {"4"}, options).status, 0);
}

}  // namespace

}  // namespace pgregion::test
