// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion area, and --inode and --file of the commands that take a region: from a text to a region in an area, changed
// there and taken back.
#include "cli/command_test.h"
#include "support/area_image.h"
#include "support/check_case.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace pgregion::test
{

namespace
{

using Json = nlohmann::json;
using Strings = std::vector<std::string>;
using testing::HasSubstr;
using testing::Not;

class AreaCommand : public CommandTest
{
protected:
    /// iommu 2, root-pgtables 3 (block 2), dom0 4 (block 3, with tables), guest 5.
    [[nodiscard]] static AreaImage sound()
    {
        AreaImage area(8);
        area.boot();
        area.add_domain("dom0");
        area.add_file("", "guest", 1);
        area.put_region("iommu/dom0", read_healthy_image("vtd-ss").bytes);
        return area;
    }

    [[nodiscard]] std::string file(const AreaImage &area, const std::string &name = "some.area") const
    {
        area.write_file(path(name));
        return path(name);
    }

    /// The only result of a command that must end with `status`.
    [[nodiscard]] static Json result_of(Strings words, int status = 0)
    {
        words.emplace_back("--json");
        const ProgramOutcome outcome = run_pgregion(words);
        EXPECT_EQ(outcome.status, status) << outcome.errors;
        const Json document = Json::parse(outcome.output, nullptr, false);
        if (document.is_discarded() || document.at("results").size() != 1) {
            ADD_FAILURE() << outcome.output << outcome.errors;
            return Json::object();
        }
        return document.at("results").at(0);
    }
};

TEST_F(AreaCommand, ShowsSuperBlockTreeAndRegions)
{
    const std::string text = output_of({"area", file(sound()) + "@0x140000000"});
    EXPECT_THAT(text, HasSubstr(": raw-memory at 0x140000000\n"
                                "super block: next free inode 6; at most 8 blocks (16M)\n"
                                "bitmap: 6 blocks allocated, 4 used by files and regions\n"));
    EXPECT_THAT(text, HasSubstr("    4  domain-region          3  0x140600000 in-use                dom0\n"
                                "    3  root-region            2  0x140400000 opened                root-pgtables\n"));
    EXPECT_THAT(text, HasSubstr("    5  file                   4  1 mappings                      guest\n"
                                "    2  iommu-directory"));
    EXPECT_THAT(text, Not(HasSubstr("findings")));
}

TEST_F(AreaCommand, WithoutAnAddressRegionsAreShownByOffset)
{
    EXPECT_THAT(output_of({"area", file(sound())}), HasSubstr("3  offset 0x600000 in-use "));
}

TEST_F(AreaCommand, JsonHasTheKeysOfTheContract)
{
    const Json result = result_of({"area", file(sound()) + "@0x140000000"});
    EXPECT_EQ(result.at("super_block").dump(), R"({"magic":"0x706b65726e6673","next_free_inode":"0x6"})");
    EXPECT_EQ(result.at("blocks").dump(), R"({"allocated":6,"reserved":2,"total":8,"used":4})");
    EXPECT_EQ(result.at("inodes").size(), 5U);
    EXPECT_EQ(result.at("inodes").at(4).dump(), R"({"block":4,"directory":1,"flags":"0x1","inode":5,"kind":"file",)"
                                                R"("mappings":1,"name":"guest","path":"guest"})");
    EXPECT_EQ(result.at("regions").at(1).dump(), R"({"block":3,"inode":4,"kind":"domain-region",)"
                                                 R"("name":"iommu/dom0","offset":"0x600000","paddr":"0x140600000",)"
                                                 R"("state":"in-use"})");
    EXPECT_EQ(result.at("findings"), Json::array());
    EXPECT_TRUE(result.at("summary").is_null());
    EXPECT_EQ(result.at("checked"), false);
    EXPECT_EQ(result.at("incomplete"), false);
}

TEST_F(AreaCommand, CheckSaysWhatIsWrongAndWhatComesNext)
{
    AreaImage area = sound();
    area.set_inode(4, AreaField::block, 2);
    const std::string source = file(area);
    const ProgramOutcome outcome = run_pgregion({"area", source, "--check"});
    EXPECT_EQ(outcome.status, 4);
    EXPECT_THAT(outcome.output, HasSubstr("error area-block-shared: a block is used twice\n"
                                          "  (security) inode 4 has its region, block 2, which inode 3 uses already\n"
                                          "  next  pgregion explain area-block-shared\n"));
    EXPECT_THAT(outcome.output,
                HasSubstr("1 error, 1 warning, 0 notes\nnext  pgregion check " + source + " --inode 3\n"));
    EXPECT_EQ(run_pgregion({"area", source, "--check", "--fail-on", "never"}).status, 0);
    EXPECT_EQ(run_pgregion({"area", source, "--check", "--skip", "area-block-shared"}).status, 0);
    EXPECT_EQ(run_pgregion({"area", source, "--check", "--fail-on", "warning", "--only", "area-block-orphan"}).status,
              4);
    EXPECT_EQ(run_pgregion({"area", source}).status, 0) << "without --check it only lists";
}

TEST_F(AreaCommand, OffsetsOfFindingsCountFromTheStartOfTheSource)
{
    AreaImage area = sound();
    area.set_bit(2, 0);
    const std::string whole = file(area, "whole.area");
    const std::string memory = path("memory.raw");
    std::ofstream(memory, std::ios::binary) << std::string(1 << 20, '\0') << content_of(whole);
    const Json finding = result_of({"area", memory, "--offset", "1M", "--check"}, 4).at("findings").at(0);
    EXPECT_EQ(finding.at("code"), "area-block-bit-clear");
    EXPECT_EQ(finding.at("offset"), "0x200000");
    const Json given = result_of({"area", memory + "@0x100000000", "--at", "0x100100000", "--check"}, 4);
    EXPECT_EQ(given.at("findings").at(0).at("target"), "0x100500000");
    EXPECT_EQ(given.at("regions").at(0).at("paddr"), "0x100500000");
}

TEST_F(AreaCommand, NamesCannotTalkToTheTerminal)
{
    AreaImage area = sound();
    area.set_name(5, "a\033[31m\n\xff");
    const std::string source = file(area);
    EXPECT_THAT(output_of({"area", source}), HasSubstr("a\\x1b[31m\\x0a\\xff\n"));
    EXPECT_EQ(result_of({"area", source}).at("inodes").at(4).at("name"), "a\\x1b[31m\\x0a\\xff");
}

TEST_F(AreaCommand, WhatIsNoAreaIsRefusedWithTheNextStep)
{
    const std::string source = region("root.img", Pages{{0, 1}});
    expect_failure(run_pgregion({"area", source}), 8, {source, "super block", "--offset", "scan"});
    AreaImage old(2);
    old.put64(0, 0x6345789);
    expect_failure(run_pgregion({"area", file(old)}), 8, {"prototype", "0x6345789"});
}

TEST_F(AreaCommand, UsageIsLookedAtFirst)
{
    const std::string source = file(sound());
    expect_failure(run_pgregion({"area", source, "--inode", "3"}), 16, {"--inode"});
    expect_failure(run_pgregion({"area", source, "--fail-on", "never"}), 16, {"--check"});
    expect_failure(run_pgregion({"area", source, "--check", "--only", "page-leaked"}), 16, {"leave no check"});
    expect_failure(run_pgregion({"check", source, "--inode", "3", "--only", "area-block-shared"}), 16,
                   {"leave no check", "area --check"});
    expect_failure(run_pgregion({"area", source, "--size", "many"}), 16, {"--size"});
}

// ---- regions in areas --------------------------------------------------------------------------------------

TEST_F(AreaCommand, RegionsAreReadByPathAndByInode)
{
    const std::string source = file(sound()) + "@0x140000000";
    const Json by_path = result_of({"info", source, "--file", "iommu/dom0"});
    EXPECT_EQ(by_path.at("state"), "in-use");
    EXPECT_EQ(by_path.at("source").at("offset"), "0x600000");
    EXPECT_EQ(by_path.at("source").at("paddr"), "0x140600000");
    EXPECT_EQ(result_of({"info", source, "--inode", "4"}), by_path);
    EXPECT_EQ(result_of({"info", source, "--file", "/iommu/dom0"}), by_path);
    EXPECT_EQ(result_of({"info", source, "--file", "iommu/root-pgtables"}).at("state"), "opened");
}

TEST_F(AreaCommand, TablesOfARegionInAnAreaAreReadAndChecked)
{
    const HealthyImage healthy = read_healthy_image("vtd-ss");
    // The healthy region is at 0x1000000, so the area begins three blocks before.
    const std::string source = file(sound()) + "@0xa00000";
    Strings words{"mappings", source, "--file", "iommu/dom0", "--format", "vtd-ss", "--levels", "4"};
    EXPECT_GT(result_of(words).at("mappings").size(), 0U);
    words[0] = "check";
    EXPECT_EQ(result_of(words).at("findings"), Json::array());
    words[0] = "decode";
    EXPECT_GT(result_of(words).at("entries").size(), 0U);
}

TEST_F(AreaCommand, ARestoredRegionInAnAreaIsChangedAndTakenBack)
{
    AreaImage area(6);
    area.boot();
    const std::string source = file(area);
    const std::string text = directory().file("region.pgtext", "pgregion-text 1\nbitmap 0-5\n");
    EXPECT_EQ(run_pgregion({"restore", text, source, "--offset", "4M", "--overwrite"}).status, 0);
    const Json info = result_of({"info", source, "--file", "iommu/root-pgtables"});
    EXPECT_EQ(info.at("pages").at("allocated"), 6);
    const std::string before = content_of(source);
    const Json pages = result_of({"alloc", source, "--inode", "3"}).at("pages");
    EXPECT_EQ(pages.at(0).at("index"), 6);
    EXPECT_EQ(pages.at(0).at("offset"), "0x406000");
    EXPECT_NE(content_of(source), before);
    EXPECT_EQ(run_pgregion({"undo", source}).status, 0);
    EXPECT_EQ(content_of(source), before);
    EXPECT_EQ(run_pgregion({"area", source, "--check"}).status, 0);
}

TEST_F(AreaCommand, WhatIsNoRegionInAnAreaIsRefusedByName)
{
    AreaImage area = sound();
    area.set_inode(3, AreaField::block, 1);
    const std::string source = file(area);
    const auto refusal = [&](const Strings &place, int status, const Strings &words) {
        for (const char *command : {"info", "bitmap", "alloc"}) {
            Strings all{command, source};
            all.insert(all.end(), place.begin(), place.end());
            expect_failure(run_pgregion(all), status, words);
        }
    };
    refusal({"--inode", "0"}, 16, {"1 to 7281"});
    refusal({"--inode", "7282"}, 16, {"1 to 7281"});
    refusal({"--inode", "x"}, 16, {"1 to 7281", "'x'"});
    refusal({"--inode", "4", "--file", "iommu/dom0"}, 16, {"only one"});
    refusal({"--inode", "9"}, 8, {"inode 9", "free", "pgregion area"});
    refusal({"--file", "iommu/dom9"}, 8, {"iommu/dom9", "--inode N"});
    refusal({"--file", "guest"}, 8, {"inode 5", "file"});
    refusal({"--inode", "2"}, 8, {"iommu-directory"});
    refusal({"--inode", "3"}, 8, {"block 1", "area --check"});
    EXPECT_EQ(run_pgregion({"info", source, "--inode", "4", "--offset", "2M"}).status, 8) << "no area there";
}

TEST_F(AreaCommand, RegionBehindTheEndOfTheFileIsRefused)
{
    AreaImage area = sound();
    area.set_inode(4, AreaField::block, 8);
    expect_failure(run_pgregion({"info", file(area), "--inode", "4"}), 8, {"behind the start of the area"});
}

}  // namespace

}  // namespace pgregion::test
