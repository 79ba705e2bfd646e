// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion scan by the command line: what it lists, in which order, what it writes, what it says on the way.
#include "cli/command_sample.h"
#include "cli/command_test.h"
#include "support/fixtures.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace pgregion::test
{
namespace
{

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const CommandSample kSample({
    .command = "scan",
    .arguments = {"{}/v.img"},
    .own_options =
        {
            {"--kind", {"region", "table"}},
            {"--align", {"4K", "5"}},
            {"--min-score", {"10", "101"}},
            {"--all", {}},
            {"--extract", {"{}/regions", ""}},
        },
    .json_calls =
        {
            {"scan", {"scan", "{}/root.img", "{}/zero.img", "{}/memory.raw"}, 0, 3},
            {"scan-all",
             {"scan", "{}/vtd.img@0x1000000", "{}/riscv.img@0x1000000", "--all", "--kind", "directory"},
             0,
             2},
            {"scan-limit", {"scan", "{}/root.img", "--limit", "1", "--min-score", "5", "-j", "2"}},
            {"scan-missing", {"scan", "{}/missing.img"}, 8, 0, {"missing.img"}},
            {"scan-bad-align", {"scan", "{}/root.img", "--align", "5"}, kUsageBit, 0, {}},
        },
});

/// Regions 4 (a root table), 5 (initialised, empty) and 8 (a domain) in one file.
class ScanCommand : public CommandTest
{
protected:
    [[nodiscard]] std::string collection() const
    {
        Image image;
        for (const unsigned number : {4U, 5U, 8U}) {
            const RegionFixture region = read_region(number);
            image.insert(image.end(), region.bytes.begin(), region.bytes.end());
        }
        write_image(path("regions.raw"), image);
        return path("regions.raw");
    }
};

TEST_F(ScanCommand, RegionsOfACollectionComeWithTheBasesOfTheirTablesBestFirst)
{
    const json document = json::parse(output_of({"scan", collection(), "--json"}));
    const json &candidates = document.at("results").at(0).at("candidates");
    ASSERT_EQ(candidates.size(), 3U);
    EXPECT_EQ(candidates.at(0).at("offset"), "0x0");
    EXPECT_EQ(candidates.at(0).at("paddr"), "0x6800000");
    EXPECT_EQ(candidates.at(0).at("format"), "vtd-root");
    EXPECT_EQ(candidates.at(0).at("levels"), nullptr);
    EXPECT_EQ(candidates.at(1).at("offset"), "0x400000");
    EXPECT_EQ(candidates.at(1).at("paddr"), "0x7000000");
    EXPECT_EQ(candidates.at(1).at("format"), "vtd-ss");
    EXPECT_EQ(candidates.at(1).at("levels"), 4);
    EXPECT_EQ(candidates.at(2).at("offset"), "0x200000");
    EXPECT_EQ(candidates.at(2).at("paddr"), nullptr);
    EXPECT_EQ(candidates.at(2).at("score"), 10);
    EXPECT_EQ(candidates.at(2).at("allocated"), 2);
}

TEST_F(ScanCommand, NothingFoundIsDone)
{
    write_image(path("zero.raw"), Image(1 << 20));
    EXPECT_EQ(output_of({"scan", path("zero.raw")}), path("zero.raw") + ": nothing found\n");
}

TEST_F(ScanCommand, TheNextCommandOfTheTextShowsTheCandidate)
{
    const std::string text = output_of({"scan", collection(), "--min-score", "50"});
    EXPECT_THAT(text, HasSubstr("2 candidates\n"));
    EXPECT_THAT(text, HasSubstr("its tables say that it lay at 0x6800000, not at 0x0\n"));
    EXPECT_THAT(text, HasSubstr("next  pgregion info " + path("regions.raw") + " --offset 0x0\n"));
    EXPECT_THAT(output_of({"info", path("regions.raw"), "--offset", "0x0"}), HasSubstr("vtd-root"));
}

TEST_F(ScanCommand, WithItsAddressGivenARegionLiesWhereItsTablesSay)
{
    const RegionFixture region = read_region(8);
    write_image(path("r.img"), region.bytes);
    const json document = json::parse(output_of({"scan", path("r.img") + "@0x7000000", "--json"}));
    const json &candidate = document.at("results").at(0).at("candidates").at(0);
    EXPECT_EQ(candidate.at("paddr"), "0x7000000");
    EXPECT_EQ(candidate.at("offset"), "0x0");
    EXPECT_EQ(candidate.at("score"), 100);
    EXPECT_THAT(candidate.at("evidence").dump(), HasSubstr("its tables belong where it lies"));
}

TEST_F(ScanCommand, ADirectoryOfAMemoryIsFoundWithTheDevicesCommand)
{
    write_image(path("amd.raw"), unpack(fixture("amd-v1") / "tables.raw.xz"));
    const std::string text = output_of({"scan", path("amd.raw"), "-j", "2"});
    EXPECT_THAT(text, HasSubstr("1 candidate\n"));
    EXPECT_THAT(text, HasSubstr("next  pgregion devices " + path("amd.raw") +
                                " --format amd-devtab --param entries=1024 --root 0x4dc8000\n"));
    const json all = json::parse(output_of({"scan", path("amd.raw"), "--all", "--json"}));
    EXPECT_EQ(all.at("results").at(0).at("candidates").size(), 11U);
    EXPECT_EQ(all.at("results").at(0).at("candidates").at(1).at("inside"), "0x4dc8000");
}

TEST_F(ScanCommand, ExtractWritesEachRegionWithItsDocumentAndNeverOverwrites)
{
    const std::string source = collection();
    const std::string folder = path("out");
    const json document = json::parse(output_of({"scan", source, "--extract", folder, "--json"}));
    EXPECT_EQ(document.at("results").at(0).at("candidates").at(0).at("extracted"), folder + "/region-0x0.img");
    EXPECT_EQ(document.at("results").at(0).at("candidates").at(2).at("extracted"), nullptr);
    EXPECT_EQ(read_image(folder + "/region-0x0.img"), read_region(4).bytes);
    EXPECT_EQ(read_image(folder + "/region-0x400000.img"), read_region(8).bytes);
    EXPECT_FALSE(std::filesystem::exists(folder + "/region-0x200000.img"));
    const json beside = json::parse(content_of(folder + "/region-0x400000.json"));
    EXPECT_EQ(beside.at("source").at("path"), source);
    EXPECT_EQ(beside.at("candidate").at("paddr"), "0x7000000");
    std::filesystem::remove(folder + "/region-0x0.img");
    const ProgramOutcome again = run_pgregion({"scan", source, "--extract", folder});
    expect_failure(again, 8, {"region-0x0.json", "exists already"});
    EXPECT_FALSE(std::filesystem::exists(folder + "/region-0x0.img"));
}

TEST_F(ScanCommand, ExtractIntoWhatIsNoFolderIsAnError)
{
    write_image(path("file"), Image(1));
    expect_failure(run_pgregion({"scan", collection(), "--extract", path("file")}), 8, {"folder cannot be made"});
    expect_failure(run_pgregion({"scan", collection(), "--extract", path("no/such")}), 8, {"folder cannot be made"});
}

TEST_F(ScanCommand, AListingThatIsCutShortIsExitFour)
{
    const ProgramOutcome outcome = run_pgregion({"scan", collection(), "--limit", "1", "--json"});
    EXPECT_EQ(outcome.status, 4);
    const json document = json::parse(outcome.output);
    EXPECT_EQ(document.at("results").at(0).at("candidates").size(), 1U);
    EXPECT_EQ(document.at("results").at(0).at("truncated"), true);
}

TEST_F(ScanCommand, AnOffsetIsWhereTheScanBegins)
{
    const json document = json::parse(output_of({"scan", collection(), "--offset", "0x200000", "--json"}));
    const json &candidates = document.at("results").at(0).at("candidates");
    ASSERT_EQ(candidates.size(), 2U);
    EXPECT_EQ(candidates.at(0).at("offset"), "0x400000");
}

TEST_F(ScanCommand, ProgressIsOneLineOnStandardErrorWhereItIsAskedFor)
{
    const std::string source = collection();
    const ProgramOutcome always = run_pgregion({"scan", source, "--progress", "always"});
    EXPECT_EQ(always.status, 0);
    EXPECT_THAT(always.errors, HasSubstr("\rpgregion: " + source + ": looking at pages 100 %"));
    EXPECT_EQ(std::ranges::count(always.errors, '\n'), 1);
    EXPECT_EQ(always.errors.back(), '\n');
    EXPECT_THAT(always.output, Not(HasSubstr("%")));
    EXPECT_EQ(run_pgregion({"scan", source, "--progress", "auto"}).errors, "");
    EXPECT_EQ(run_pgregion({"scan", source, "--progress", "always", "-q"}).errors, "");
}

TEST_F(ScanCommand, WrongOptionsAreUsageErrors)
{
    const std::string source = collection();
    for (const std::string align : {"0", "5", "6K", "x"})
        EXPECT_EQ(run_pgregion({"scan", source, "--align", align}).status, 16) << align;
    EXPECT_EQ(run_pgregion({"scan", source, "--kind", "tables"}).status, 16);
    EXPECT_EQ(run_pgregion({"scan", source, "--min-score", "101"}).status, 16);
    EXPECT_EQ(run_pgregion({"scan", source, "--kind", "region", "--kind", "area", "--align", "2M"}).status, 0);
}

TEST_F(ScanCommand, ASourceOfLessThanAPageIsAnError)
{
    write_image(path("short"), Image(4095));
    expect_failure(run_pgregion({"scan", path("short")}), 8, {"one whole page"});
}

}  // namespace
}  // namespace pgregion::test
