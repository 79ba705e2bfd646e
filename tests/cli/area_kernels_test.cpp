// SPDX-License-Identifier: GPL-2.0-or-later
//
// pkernfs areas that the posted code wrote in a kernel (tests/fixtures/pkernfs-real), against its log and the listing of
// the directories there.
#include "cli/command_test.h"
#include "support/fixtures.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace pgregion::test
{
namespace
{

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

constexpr int kNo = 4;
constexpr int kUsage = 16;

class AreaOfKernels : public CommandTest
{
protected:
    [[nodiscard]] static std::string image(const std::string &name)
    {
        return fixture("pkernfs-real/" + name + ".img.xz").string() + "@0x8000000";
    }

    [[nodiscard]] static json result_of(const std::vector<std::string> &call, int status)
    {
        std::vector<std::string> words = call;
        words.emplace_back("--json");
        const ProgramOutcome outcome = run_pgregion(words);
        EXPECT_EQ(outcome.status, status) << outcome.errors;
        return json::parse(outcome.output).at("results").at(0);
    }

    [[nodiscard]] static json area(const std::string &name, int status)
    {
        return result_of({"area", image(name), "--check"}, status);
    }

    /// "block address state" of each orphan.
    [[nodiscard]] static std::vector<std::string> orphans_of(const json &result)
    {
        std::vector<std::string> lines;
        for (const json &orphan : result.at("orphans"))
            lines.push_back(orphan.at("block").dump() + " " + orphan.at("paddr").get<std::string>() + " " +
                            (orphan.at("state").is_null() ? "-" : orphan.at("state").get<std::string>()));
        return lines;
    }

    [[nodiscard]] static std::vector<std::string> codes_of(const json &result)
    {
        std::vector<std::string> codes;
        for (const json &finding : result.at("findings"))
            codes.push_back(finding.at("code"));
        return codes;
    }
};

TEST_F(AreaOfKernels, AZeroInsideTheCountIsNoFault)
{
    const json result = area("a3", 0);
    EXPECT_THAT(codes_of(result), ElementsAre("area-block-orphan"));
    EXPECT_THAT(orphans_of(result), ElementsAre("5 0x8a00000 never-opened"));
    EXPECT_EQ(result.at("blocks"), json::parse(R"({"total": 32, "allocated": 14, "used": 11, "reserved": 2})"));
}

TEST_F(AreaOfKernels, EveryPathIsThatOfTheGuest)
{
    const json result = area("a9", 0);
    std::vector<std::string> lines;
    for (const json &inode : result.at("inodes"))
        lines.push_back(inode.at("inode").dump() + " " + inode.at("path").get<std::string>() + " " +
                        inode.at("block").dump());
    EXPECT_THAT(lines,
                ElementsAre("1 . null", "2 alpha 2", "3 delta 14", "4 gamma 4", "5 iommu null",
                            "6 iommu/root-pgtables 15", "7 iommu/dom-0 16", "8 iommu/dom-1 17", "9 iommu/dom-2 18"));
    EXPECT_EQ(result.at("super_block").at("next_free_inode"), "0xa");
    // Block 3 holds the mappings of a removed file, which read like a bitmap.
    EXPECT_THAT(orphans_of(result), ElementsAre("3 0x8600000 -", "5 0x8a00000 never-opened", "6 0x8c00000 never-opened",
                                                "7 0x8e00000 never-opened", "8 0x9000000 never-opened"));
}

TEST_F(AreaOfKernels, AllRegionsAreNextSteps)
{
    const std::string text = output_of({"area", image("a9"), "--check"});
    for (const char *inode : {"6", "7", "8", "9"})
        EXPECT_THAT(text, HasSubstr(std::string("@0x8000000 --inode ") + inode + "\n"));
}

TEST_F(AreaOfKernels, ARegionThatWasRemovedWhileInUseIsAnOrphanThatIsAlive)
{
    const json result = area("a12", 0);
    EXPECT_THAT(orphans_of(result), IsSupersetOf({"15 0x9e00000 in-use", "17 0xa200000 opened"}));
    EXPECT_EQ(result.at("summary").at("error"), 0);
    EXPECT_THAT(
        output_of({"area", image("a12"), "--check"}),
        testing::AllOf(HasSubstr("2M from block 15 on, at 0x9e00000, are allocated, and no inode uses them; it is"),
                       HasSubstr("check " + image("a12") + " --at 0x9e00000\n")));
}

// With the address of the source taken for that of the offset, repair would plan to zero a live table.
TEST_F(AreaOfKernels, AnAddressOfTheSourceWithAnOffsetIsRefused)
{
    for (const char *command : {"check", "repair"}) {
        std::vector<std::string> call{command, image("a12"), "--offset", "0x1e00000", "--format", "vtd-root"};
        if (call.front() == "repair")
            call.emplace_back("-n");
        expect_failure(run_pgregion(call), kUsage, {"--offset 0x1e00000", "--at 0x9e00000"});
    }
    EXPECT_THAT(output_of({"repair", "-n", image("a12"), "--at", "0x9e00000", "--format", "vtd-root"}),
                HasSubstr("plan of 0 repairs"));
}

TEST_F(AreaOfKernels, ARootRegionIsReadAsItsFlagSays)
{
    const json result = result_of({"check", image("b3"), "--inode", "3"}, 0);
    EXPECT_EQ(result.at("findings"), json::array());
    EXPECT_THAT(output_of({"check", image("b3"), "--inode", "3"}), HasSubstr("vtd-root, root 0x8401000 (page 1)"));
    EXPECT_THAT(output_of({"devices", image("b3"), "--inode", "3"}),
                HasSubstr("0000:00:02.0      -     0       4  second-stage  vtd-ss         4  0x8601000"));
    EXPECT_THAT(output_of({"devices", image("a9"), "--file", "iommu/root-pgtables"}),
                HasSubstr("0000:00:03.0      -     0       7  second-stage  vtd-ss         4  0xa001000"));
    EXPECT_THAT(output_of({"info", image("b3"), "--inode", "3"}), HasSubstr("format      vtd-root"));
    EXPECT_THAT(codes_of(area("b3", 0)), IsEmpty());
}

TEST_F(AreaOfKernels, AMappingThatWasWrittenOverARegionIsNamed)
{
    const json result = area("b6", kNo);
    for (const json &finding : result.at("findings")) {
        if (finding.at("code") != "area-region-damaged")
            continue;
        EXPECT_EQ(finding.at("index"), 11);
        EXPECT_THAT(finding.at("message").get<std::string>(),
                    HasSubstr("the kernel took it for a file and wrote a mapping over the bitmap"));
        EXPECT_EQ(finding.at("expected"), "0xe");
    }
    EXPECT_THAT(codes_of(result), IsSupersetOf({"area-region-damaged", "area-mappings-count"}));
}

TEST_F(AreaOfKernels, AnAreaWithoutItsMagicIsReadAndWarnedAbout)
{
    const ProgramOutcome outcome = run_pgregion({"area", image("c7")});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.errors, HasSubstr("the next boot makes the area anew"));
    EXPECT_THAT(outcome.output, HasSubstr("magic lost (0x64657070616d6e75)"));
    EXPECT_THAT(outcome.output, HasSubstr("root-pgtables"));
    const json result = area("c7", kNo);
    EXPECT_THAT(codes_of(result), testing::Contains("area-magic-lost"));
    EXPECT_EQ(result.at("super_block").at("magic"), "0x64657070616d6e75");
}

TEST_F(AreaOfKernels, ASourceThatEndsEarlyIsSaidTo)
{
    const std::vector<std::byte> &whole = unpack(fixture("pkernfs-real/a9.img.xz"));
    write_image(path("cut.img"), std::span(whole).first(20U << 20));
    const ProgramOutcome outcome = run_pgregion({"area", path("cut.img")});
    EXPECT_THAT(outcome.errors, HasSubstr("the source ends behind 10 blocks of the area"));
    EXPECT_THAT(outcome.output, HasSubstr("behind the end of the source      dom-2"));
    const json result = result_of({"area", path("cut.img"), "--check"}, kNo);
    EXPECT_EQ(result.at("incomplete"), true);
    EXPECT_EQ(result.at("blocks"), json::parse(R"({"total": null, "allocated": 19, "used": 3, "reserved": 2})"));
    EXPECT_THAT(codes_of(result), Not(testing::Contains("area-block-outside")));
    expect_failure(run_pgregion({"info", path("cut.img"), "--inode", "7"}), 8, {"the beginning of the area alone"});
}

TEST_F(AreaOfKernels, AScanLeavesTheBlocksOfAnAreaToIt)
{
    const json result = result_of({"scan", image("a9")}, 0);
    std::vector<std::string> lines;
    for (const json &candidate : result.at("candidates"))
        lines.push_back(candidate.at("kind").get<std::string>() + " " + candidate.at("paddr").get<std::string>());
    EXPECT_THAT(lines, testing::UnorderedElementsAre("area 0x8000000", "region 0xa000000", "region 0x9e00000",
                                                     "region 0xa200000"));
}

}  // namespace
}  // namespace pgregion::test
