// SPDX-License-Identifier: GPL-2.0-or-later
//
// kdumps that are not whole: pages that cannot be decoded are holes, parts of a split dump are read together, and what is
// missing is said with the name of the file.
#include "cli/command_test.h"
#include "cli/memory_answers.h"
#include "support/fixtures.h"
#include "support/kdump_recipe.h"
#include "support/table_image.h"

#include <gmock/gmock.h>

namespace pgregion::test
{
namespace
{

using testing::HasSubstr;

// VT-d tables at 0x1000, of which the page table lies in a file of its own; page 0x10 belongs to none.
KdumpRecipe vtd_dump()
{
    TableImage image(0, 32);
    image.put(1, 0, 0x2001).put(2, 0x20, 0x3001).put(2, 0x21, 5 << 8 | 2);
    image.put(3, 1, 0x4003).put(4, 0, 0x5003).put(5, 0, 0x6003).put(6, 0, 0x12345003);
    KdumpRecipe recipe;
    for (std::size_t page = 0; page < image.pages(); ++page) {
        const auto bytes = image.bytes().subspan(page * kTestPageBytes, kTestPageBytes);
        recipe.page(page, {bytes.begin(), bytes.end()});
    }
    return recipe;
}

TEST_F(CommandTest, PageOfAKdumpThatCannotBeDecodedIsAHoleOfExitStatus8)
{
    const std::string dump = path("vmcore");
    write_image(dump, vtd_dump().descriptor(0x10, {20480, 4096, 1}).file());
    const ProgramOutcome scanned = run_pgregion({"scan", dump});
    EXPECT_EQ(scanned.status, 8);
    EXPECT_THAT(scanned.output, HasSubstr("candidate"));
    EXPECT_THAT(scanned.errors,
                HasSubstr("vmcore: one of its 4-KiB pages cannot be decoded, and is a hole: that at 0x10000"));
    const ProgramOutcome listed = run_pgregion({"devices", dump, "--register", "rtaddr=0x1000"});
    EXPECT_EQ(listed.status, 0) << listed.errors;
    EXPECT_THAT(listed.output, HasSubstr("0000:00:02.0      -     0       5  second-stage  vtd-ss         4  0x3000"));

    write_image(dump, vtd_dump().descriptor(6, {20480, 4096, 1}).file());
    const ProgramOutcome mapped = run_pgregion({"mappings", dump, "--register", "rtaddr=0x1000"});
    EXPECT_EQ(mapped.status & 8, 8);
    EXPECT_THAT(mapped.output, HasSubstr("# device 0000:00:02.0"));
    EXPECT_THAT(mapped.errors, HasSubstr("that at 0x6000"));
}

TEST_F(CommandTest, SplitDumpIsReadWithAllItsPartsAndAPartAloneSaysSo)
{
    const std::vector<std::string> options{"--register", "rtaddr=0x1000"};
    const std::string first = path("split1");
    const std::string second = path("split2");
    write_image(first, vtd_dump().part(0, 6).file());
    write_image(second, vtd_dump().part(6, 64).file());
    const ProgramOutcome both = run_pgregion({"mappings", second, "--part", first, "--register", "rtaddr=0x1000"});
    EXPECT_EQ(both.status, 0) << both.errors;
    EXPECT_THAT(both.output, HasSubstr("0x0000000012345000"));
    const ProgramOutcome alone = run_pgregion({"mappings", first, "--register", "rtaddr=0x1000"});
    EXPECT_EQ(alone.status & 8, 8);
    EXPECT_THAT(alone.errors,
                HasSubstr("split1: is a part of a dump that makedumpfile --split wrote in several: 26 of"));
    EXPECT_THAT(alone.errors, HasSubstr("name the other parts, too: --part FILE2\n"));
    write_image(second, Image(100));
    const ProgramOutcome broken = run_pgregion({"mappings", first, "--part", second, "--register", "rtaddr=0x1000"});
    EXPECT_EQ(broken.status, 8);
    EXPECT_THAT(broken.errors, HasSubstr("split2: is no part of a split kdump-compressed dump"));
}

// makedumpfile 1.7.8 split 409 MB of memory into three files of which the last two are empty.
TEST_F(CommandTest, SplitDumpWithEmptyPartsSaysWhatTheRawMemorySays)
{
    std::vector<std::string> parts;
    for (const std::string number : {"1", "2", "3"}) {
        const std::string name = "dumps/vtd-scalable.makedumpfile-c-d0.split" + number + ".zst";
        const auto file = shared_fixture(name);
        PGREGION_SKIP_WITHOUT(file, name);
        parts.push_back(file->string());
    }
    const auto compressed = shared_fixture("dumps/vtd-scalable.makedumpfile-z-d31.zst");
    PGREGION_SKIP_WITHOUT(compressed, "dumps/vtd-scalable.makedumpfile-z-d31.zst");
    const std::vector<std::string> context{"--register", "rtaddr=0x2a69400"};
    const std::string expected = said_of(compressed->string(), context);
    EXPECT_THAT(expected, HasSubstr("0000:00:00.0      0     0       2  second-stage  vtd-ss         4  0x2b86000"));
    for (std::size_t named = 0; named < parts.size(); ++named) {
        std::vector<std::string> options = context;
        for (std::size_t other = 0; other < parts.size(); ++other) {
            if (other != named)
                options.insert(options.end(), {"--part", parts[other]});
        }
        EXPECT_EQ(said_of(parts[named], options), expected) << parts[named];
    }
    const ProgramOutcome alone = run_pgregion({"devices", parts[0], "--register", "rtaddr=0x2a69400"});
    EXPECT_EQ(alone.status, 0);
    EXPECT_THAT(alone.errors,
                HasSubstr("warning: is a part of a dump that makedumpfile --split wrote in several, and holds"));
    const ProgramOutcome empty = run_pgregion({"devices", parts[1], "--register", "rtaddr=0x2a69400"});
    EXPECT_EQ(empty.status, 8);
    EXPECT_THAT(empty.errors,
                HasSubstr("split2.zst: is a part of a dump that makedumpfile --split wrote in several, and an "
                          "empty one: it holds no page of memory"));
}

}  // namespace
}  // namespace pgregion::test
