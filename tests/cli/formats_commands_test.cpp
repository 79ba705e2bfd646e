// SPDX-License-Identifier: GPL-2.0-or-later
//
// The formats by the command line: what `formats` says of them, and how page, decode and dump show the tables of
// each directory, field by field. The directories are those of directory_images.h.
#include "cli/command_test.h"
#include "cli/directory_images.h"

#include <sstream>

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace pgregion::test
{

namespace
{

using Json = nlohmann::json;
using Words = std::vector<std::string>;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kUsage = 16;

class Formats : public CommandTest
{
protected:
    [[nodiscard]] std::string source(const TableImage &image) const
    {
        write_image(path("d.img"), image.bytes());
        return path("d.img") + "@0x1000000";
    }

    [[nodiscard]] static Words words(Words call, const Words &more)
    {
        call.insert(call.end(), more.begin(), more.end());
        return call;
    }

    [[nodiscard]] static Json result(const Words &call)
    {
        return Json::parse(output_of(words(call, {"--json"}))).at("results").at(0);
    }

    /// The entry in a slot of a page.
    [[nodiscard]] static Json entry(const Words &call, unsigned index)
    {
        const Json shown = result(call);
        for (const Json &one : shown.at("entries")) {
            if (one.at("index") == index)
                return one;
        }
        ADD_FAILURE() << "no entry " << index;
        return {};
    }

    /// Dumps the region, restores the text and expects the same bytes. Returns the text.
    [[nodiscard]] std::string text_and_back(const TableImage &image, const Words &context) const
    {
        const std::string region = source(image);
        const std::string text = output_of(words({"dump", region}, context));
        std::ofstream(path("d.pgtext"), std::ios::binary) << text;
        std::filesystem::remove(path("again.img"));
        EXPECT_EQ(run_pgregion({"restore", path("d.pgtext"), path("again.img")}).errors, "");
        EXPECT_EQ(read_image(path("again.img")), read_image(path("d.img"))) << text;
        return text;
    }

    const Words rtaddr_{"--register", "rtaddr=0x1001400"};
    const Words devtab_{"--register", "devtab=0x1001000"};
    const Words strtab_{"--register", "strtab-base=0x1001000", "--register", "strtab-base-cfg=0x6"};
    const Words ddtp_{"--register", "ddtp=0x400402", "--param", "ddt=extended"};
};

// ---- formats -----------------------------------------------------------------------------------------------

TEST_F(Formats, ListHasEveryFormatWithItsLevels)
{
    Words found;
    const Json json = result({"formats"});
    for (const Json &one : json.at("formats"))
        found.push_back(one.at("name").get<std::string>() + " " + one.at("kind").get<std::string>() + " " +
                        one.at("levels").dump());
    EXPECT_THAT(found, ElementsAre("vtd-ss tables [3,4,5]", "x86-64 tables [4,5]", "amd-v1 tables [1,2,3,4,5,6]",
                                   "arm-s1 tables [1,2,3,4]", "arm-s2 tables [1,2,3,4]", "riscv tables [3,4,5]",
                                   "riscv-x4 tables [3,4,5]", "vtd-root directory []", "amd-devtab directory []",
                                   "smmu-stream directory []", "riscv-ddt directory [1,2,3]"));
}

TEST_F(Formats, TextNamesEveryParameterOfTheList)
{
    const std::string text = output_of({"formats"});
    const Json json = result({"formats"});
    for (const Json &one : json.at("formats")) {
        EXPECT_THAT(text, HasSubstr(one.at("name").get<std::string>() + ": "));
        EXPECT_THAT(text, HasSubstr(one.at("document").get<std::string>()));
        for (const Json &parameter : one.at("parameters"))
            EXPECT_THAT(text, HasSubstr("--param    " + parameter.at("key").get<std::string>() + "="));
    }
}

TEST_F(Formats, EachNameIsTakenByTheOptionAndByTheVersion)
{
    const Json version = Json::parse(output_of({"--version", "--json"}));
    const Json json = result({"formats"});
    Words names;
    for (const Json &one : json.at("formats"))
        names.push_back(one.at("name"));
    EXPECT_EQ(version.at("formats").get<Words>(), names);
    const std::string empty = region("empty.img", Pages{{0, 1}}) + "@0x1000000";
    for (const std::string &name : names)
        EXPECT_NE(run_pgregion({"mappings", empty, "--format", name}).status, kUsage) << name;
}

TEST_F(Formats, ParametersThatContradictEachOtherAreUsageErrors)
{
    const std::string empty = region("empty.img", Pages{{0, 1}}) + "@0x1000000";
    const std::vector<Words> wrong{
        {"--format", "arm-s1", "--levels", "4", "--param", "granule=64k"},
        {"--format", "arm-s1", "--levels", "2", "--param", "input-bits=48"},
        {"--format", "arm-s1", "--param", "input-bits=52"},
        {"--format", "arm-s2", "--levels", "4", "--param", "granule=16k"},
        {"--format", "arm-s1", "--param", "granule=8k"},
        {"--format", "arm-s1", "--param", "input-bits=24"},
        {"--format", "amd-v1", "--levels", "7"},
        {"--format", "amd-v1", "--param", "c-bit=11"},
        {"--format", "riscv", "--levels", "2"},
        {"--format", "riscv", "--param", "endian=middle"},
        {"--format", "vtd-root", "--levels", "4"},
        {"--format", "vtd-root", "--param", "mode=extended"},
        {"--format", "riscv-ddt", "--levels", "4"},
        {"--format", "smmu-stream", "--param", "log2size=33"},
        {"--format", "amd-devtab", "--param", "entries=0"},
        {"--format", "riscv", "--paw", "57"},
    };
    for (const Words &context : wrong)
        expect_failure(run_pgregion(words({"mappings", empty}, context)), kUsage, {"\npgregion:   "});
}

// ---- records -----------------------------------------------------------------------------------------------

TEST_F(Formats, RecordsOfScalableModeHaveTheFieldsOfTheManual)
{
    const std::string region = source(vtd_scalable_region());
    const Json context = entry(words({"page", region, "2"}, rtaddr_), 16);
    EXPECT_EQ(context.at("name"), "scalable context entry");
    EXPECT_EQ(context.at("fields").at("PASIDE"), 1);
    EXPECT_EQ(context.at("fields").at("PASIDDIRPTR"), "0x1003000");
    const Json nested = entry(words({"page", region, "4"}, rtaddr_), 2);
    EXPECT_EQ(nested.at("name"), "PASID table entry");
    EXPECT_EQ(nested.at("fields").at("PGTT"), 3);
    EXPECT_EQ(nested.at("fields").at("DID"), 9);
    EXPECT_EQ(nested.at("fields").at("FSPTPTR"), "0x20000");
    EXPECT_EQ(nested.at("fields").at("SSPTPTR"), "0x1005000");
}

TEST_F(Formats, RecordsOfTheOthersHaveTheFieldsOfTheirManuals)
{
    const Json device = entry(words({"page", source(amd_region()), "1"}, devtab_), 16);
    EXPECT_EQ(device.at("fields").at("Mode"), 3);
    EXPECT_EQ(device.at("fields").at("DomainID"), 5);
    EXPECT_EQ(device.at("fields").at("HostPTRoot"), "0x1002000");
    const std::string streams = source(smmu_region());
    EXPECT_EQ(entry(words({"page", streams, "1"}, strtab_), 1).at("fields").at("Config"), 5);
    EXPECT_EQ(entry(words({"page", streams, "2"}, strtab_), 0).at("fields").at("ASID"), 3);
    const Json context = entry(words({"page", source(riscv_region()), "1"}, ddtp_), 3);
    EXPECT_EQ(context.at("fields").at("iohgatp.MODE"), 8);
    EXPECT_EQ(context.at("fields").at("iosatp.PPN"), "0x20");
}

TEST_F(Formats, DecodeShowsEveryPasidWithItsTables)
{
    const std::string tree = output_of(words({"decode", source(vtd_scalable_region())}, rtaddr_));
    for (const char *line :
         {"[016] scalable context entry  0000:00:02.0  -> PASID directory 0x1003000 (page 3)",
          "[001] PASID table entry  0000:00:02.0 PASID 1  first-stage, domain 8, x86-64, 4 levels",
          "[005] PTE  iova 0x5000  rw  -> 4K at 0x60000000", "[257] SS-PTE  iova 0x101000  r  -> 4K at 0x50001000"})
        EXPECT_THAT(tree, HasSubstr(line));
}

// ---- the text form -----------------------------------------------------------------------------------------

TEST_F(Formats, DirectoriesBecomeTextAndTheSameBytesAgain)
{
    const std::string vtd = text_and_back(vtd_scalable_region(), rtaddr_);
    EXPECT_THAT(vtd, HasSubstr("vtd-root scalable-context mode=scalable"));
    EXPECT_THAT(vtd, HasSubstr("  1       P PGTT=1 DID=8 FSPTPTR=page:8"));
    const std::string amd = text_and_back(amd_region(), devtab_);
    EXPECT_THAT(amd, HasSubstr("amd-devtab device"));
    const std::string smmu = text_and_back(smmu_region(), strtab_);
    EXPECT_THAT(smmu, HasSubstr("smmu-stream stream fmt=linear"));
    const std::string riscv = text_and_back(riscv_region(), ddtp_);
    EXPECT_THAT(riscv, HasSubstr("riscv-ddt process-contexts"));
}

TEST_F(Formats, BigEndianRecordsBecomeTextAndTheSameBytesAgain)
{
    const TableImage little = riscv_region();
    TableImage big = little;
    for (const std::size_t page : {1U, 4U, 8U, 9U}) {  // the device contexts and the second stage
        for (std::size_t i = 0; i < 512; ++i)
            big.put(page, i, __builtin_bswap64(little.get(page, i)));
    }
    const Words context = words(ddtp_, {"--format", "riscv-ddt", "--param", "endian=big"});
    const std::string text = text_and_back(big, context);
    EXPECT_THAT(text, HasSubstr("V GADE SADE iohgatp.PPN=0x1004 iohgatp.GSCID=4 iohgatp.MODE=8"));
}

TEST_F(Formats, ColumnsOfIntelDebugfsComeWithTheProblemsOfTheTables)
{
    TableImage image(0x1000000);
    image.allocate(0, 2);
    image.put(1, 0, 0x1002003).put(1, 1, 0x90000003);           // the second leads out of the source
    image.put(2, 0, 0x40000083).put(2, 1, 0x4000000000000083);  // the second has bit 62 set
    const ProgramOutcome outcome =
        run_pgregion({"decode", source(image), "--format", "vtd-ss", "--levels", "3", "--as", "intel-debugfs"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.errors, HasSubstr("0x90000000, which the source does not hold"));
    EXPECT_THAT(outcome.errors, HasSubstr("reserved bits set (0x4000000000000000)"));
}

TEST_F(Formats, ALaterPageOfATableOfSeveralIsShownWithItsOwnIndexes)
{
    TableImage image(0x1000000);
    image.allocate(0, 7);
    image.put(5, 3, (0x940000000 >> 2) | 0xdf);  // slot 515 of a root of Sv39x4 on pages 4 to 7
    const Words tables{"--format", "riscv-x4", "--levels", "3", "--root", "page:4"};
    const Json shown = entry(words({"page", source(image), "5"}, tables), 515);
    EXPECT_EQ(shown.at("iova"), "0x80c0000000");
    EXPECT_EQ(shown.at("target"), "0x940000000");
    EXPECT_EQ(result(words({"page", source(image), "6"}, tables)).at("reached"), true);
    EXPECT_EQ(result(words({"page", source(image), "3"}, tables)).at("reached"), false);
}

TEST_F(Formats, TablesThatShareAPageAreAllShown)
{
    TableImage image = smmu_region();
    // Device 4 has a context descriptor of its own behind that of device 1, on the same page.
    image.put(1, 32, 0x100204b);
    image.put(2, 8, 0x00040205c0000019).put(2, 9, 0x1003000);
    const Json shown = result(words({"page", source(image), "2"}, strtab_));
    ASSERT_EQ(shown.at("entries").size(), 2U);
    EXPECT_EQ(shown.at("entries").at(0).at("table"), "0x1002000");
    EXPECT_EQ(shown.at("entries").at(1).at("table"), "0x1002040");
    EXPECT_EQ(shown.at("entries").at(1).at("index"), 0);
    EXPECT_EQ(shown.at("entries").at(1).at("fields").at("ASID"), 4);
}

TEST_F(Formats, ColumnsOfIntelDebugfsAreForTablesOfVtdAlone)
{
    const Words amd = words({"decode", source(amd_region()), "--as", "intel-debugfs"}, devtab_);
    const ProgramOutcome outcome = run_pgregion(words(amd, {"--device", "00:02.0"}));
    expect_failure(outcome, kUsage, {"amd-devtab", "--as"});
}

}  // namespace

}  // namespace pgregion::test
