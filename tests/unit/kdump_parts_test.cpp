// SPDX-License-Identifier: GPL-2.0-or-later
//
// kdumps that makedumpfile --split wrote in several files: in any order, some of them empty, missing, cut, or of another
// dump. The file at fault is named.
#include "support/kdump_files.h"

#include <pgregion/error.h>

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

using testing::HasSubstr;

TEST(KdumpParts, PartsInAnyOrderAreOneDump)
{
    const Data first = ten_pages().part(0, 6).file();
    const Data second = ten_pages().part(6, 64).file();
    const auto memory = open_files({second, first});
    EXPECT_EQ(ranges_of(*memory), (Ranges{{PhysAddr(0), 0xa000}}));
    EXPECT_FALSE(memory->shortfall());
    for (unsigned n = 0; n < 10; ++n)
        EXPECT_EQ(page_of(*memory, n << 12), page_with(static_cast<int>(n) + 1)) << n;
}

TEST(KdumpParts, PagesOfAMissingPartAreHolesAndAShortfall)
{
    const auto memory = open_one(ten_pages().part(6, 64).file());
    EXPECT_EQ(ranges_of(*memory), (Ranges{{PhysAddr(0x6000), 0x4000}}));
    EXPECT_EQ(page_of(*memory, 0x7000), page_with(8));
    EXPECT_TRUE(page_of(*memory, 0x5000).empty());
    ASSERT_TRUE(memory->shortfall());
    EXPECT_EQ(memory->shortfall()->code(), "truncated-dump");
    EXPECT_THAT(memory->shortfall()->what(), HasSubstr("6 of its 4-KiB pages are in other parts"));
}

TEST(KdumpParts, PartsThatHoldTheSamePagesAreRefused)
{
    EXPECT_EQ(refusal({ten_pages().part(0, 6).file(), ten_pages().part(5, 64).file()}),
              "vmcore2: bad-part: holds the same pages as the part vmcore");
}

// makedumpfile 1.7 writes no more of such a part than the beginning of its second bitmap.
Data empty_part()
{
    Data file = ten_pages().part(64, 64).file();
    file.resize(3 * 4096 + 507);
    return file;
}

TEST(KdumpParts, PartsThatHoldNothingMayEndInsideTheirBitmap)
{
    const Data whole = ten_pages().part(0, 64).file();
    for (const auto &files : {std::vector<Data>{whole, empty_part(), empty_part()}, {empty_part(), whole}}) {
        const auto memory = open_files(files);
        EXPECT_EQ(ranges_of(*memory), (Ranges{{PhysAddr(0), 0xa000}}));
        EXPECT_FALSE(memory->shortfall());
        EXPECT_EQ(memory->remark(), "");
        EXPECT_EQ(page_of(*memory, 0x9000), page_with(10));
        memory->ensure_intact();
    }
    EXPECT_THAT(
        refusal({empty_part(), empty_part()}),
        testing::StartsWith("vmcore: bad-part: is a part of a dump that makedumpfile --split wrote in several, and "
                            "an empty one"));
}

TEST(KdumpParts, APartAloneIsCalledAPart)
{
    EXPECT_THAT(open_one(ten_pages().part(0, 64).file())->remark(), HasSubstr("is a part of a dump"));
    EXPECT_EQ(open_one(ten_pages().file())->remark(), "");
    const auto memory = open_one(ten_pages().part(0, 6).file());
    EXPECT_EQ(memory->remark(), "");
    ASSERT_TRUE(memory->shortfall());
    EXPECT_STREQ(
        memory->shortfall()->what(),
        "is a part of a dump that makedumpfile --split wrote in several: 4 of its 4-KiB pages are in other parts, "
        "and are holes");
    EXPECT_EQ(memory->shortfall()->hint(), "name the other parts, too: --part FILE2");
}

TEST(KdumpParts, PartsOfDifferentDumpsAreRefused)
{
    const Data part = ten_pages().part(0, 6).file();
    // 16: inside of utsname; 424: the status, which says how the writing of each went.
    EXPECT_EQ(refusal({part, ten_pages().part(6, 64).word32(16, 0x31).file()}),
              "vmcore2: bad-part: is a part of another dump than vmcore: their headers differ");
    EXPECT_EQ(refusal({part, ten_pages().part(6, 64).file(), ten_pages().file()}),
              "vmcore3: bad-part: is a dump by itself, no part of one that makedumpfile --split wrote in several");
    EXPECT_EQ(refusal({part, KdumpRecipe(8192).part(6, 64).file()}),
              "vmcore2: damaged-dump: is damaged: its blocks have another size than those of the other parts");
    EXPECT_EQ(ranges_of(*open_files({part, ten_pages().part(6, 64).status(8).file()})),
              (Ranges{{PhysAddr(0), 0xa000}}));
}

TEST(KdumpParts, ThePartAtFaultIsNamed)
{
    const Data part = ten_pages().part(0, 6).file();
    Data cut = ten_pages().part(6, 64).file();
    cut.resize(cut.size() - 1);
    const auto memory = open_files({part, cut});
    ASSERT_TRUE(memory->shortfall());
    EXPECT_EQ(memory->shortfall()->source(), "vmcore2");
    EXPECT_STREQ(memory->shortfall()->what(),
                 "is not whole; 1 of its 4-KiB pages have their data behind the end of the file, and are holes");
    cut.resize(4096 * 3 + 10);
    EXPECT_THAT(refusal({part, cut}), testing::StartsWith("vmcore2: damaged-dump: is damaged: it ends at byte 12298"));
    EXPECT_THAT(refusal({part, Data(8192)}), testing::StartsWith("vmcore2: damaged-dump: "));
}

TEST(KdumpParts, SeveralPartsAtFaultAreAllNamed)
{
    Data first = ten_pages().part(0, 4).file();
    first.resize(first.size() - 1);
    Data second = ten_pages().part(4, 8).file();
    second.resize(second.size() - 4097);
    const auto memory = open_files({first, second});
    ASSERT_TRUE(memory->shortfall());
    EXPECT_EQ(memory->shortfall()->source(), "vmcore");
    EXPECT_STREQ(
        memory->shortfall()->what(),
        "is not whole; 1 of its 4-KiB pages have their data behind the end of the file, and are holes; vmcore2 is "
        "not whole; 2 of its 4-KiB pages have their data behind the end of the file, and are holes; is not whole: "
        "2 of its 4-KiB pages are in other parts, and are holes");
}

TEST(KdumpParts, ThePartOfAPageThatCannotBeDecodedIsNamed)
{
    const auto memory =
        open_files({ten_pages().part(6, 64).descriptor(1, {20480, 4096, 1}).file(), ten_pages().part(0, 6).file()});
    EXPECT_TRUE(page_of(*memory, 0x7000).empty());
    ASSERT_TRUE(memory->lost_pages()->error());
    EXPECT_EQ(memory->lost_pages()->error()->source(), "vmcore");
    EXPECT_THAT(memory->lost_pages()->error()->what(),
                testing::StartsWith("one of its 4-KiB pages cannot be decoded, and is a hole: that at 0x7000: "));
}

}  // namespace
}  // namespace pgregion::test
