// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion handover by the command line: the tree, the roots with the commands that go on, the proof, the refusals.
#include "cli/command_sample.h"
#include "cli/command_test.h"
#include "support/handover_image.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace pgregion::test
{
namespace
{

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr int kNo = 4;
constexpr int kCannot = 8;
constexpr int kUsage = 16;

const CommandSample kSample({
    .command = "handover",
    .arguments = {"{}/h.img@0x40000000"},
    .own_options =
        {
            {"--fdt", {"0x40001000", "x"}},
            {"--fdt-file", {"{}/h.img", ""}},
        },
    .json_calls =
        {
            {"handover", {"handover", "{}/handover.raw@0x40000000"}},
            {"handover-lost", {"handover", "{}/lost.raw@0x40000000"}, 4},
            {"handover-none", {"handover", "{}/zero.img"}, 4, 0, {"zero.img"}},
            {"handover-no-fdt", {"handover", "{}/zero.img", "--fdt", "0x1000"}, 8, 0, {"zero.img"}},
            {"handover-missing", {"handover", "{}/missing.img"}, 8, 0, {"missing.img"}},
        },
});

class HandoverCommand : public CommandTest
{
protected:
    /// The source argument of the image.
    [[nodiscard]] std::string source(const HandoverImage &image) const
    {
        write_image(path("memory.raw"), image.image.bytes());
        return path("memory.raw") + "@0x40000000";
    }
};

TEST_F(HandoverCommand, ShowsTheTreeAndProvesTheRoots)
{
    const std::string text = output_of({"handover", source(HandoverImage(HandoverRecipe{}))});
    EXPECT_THAT(text, HasSubstr("kho kho-v1 at 0x40001000"));
    EXPECT_THAT(text, HasSubstr("\n  subtree luo-v1 at 0x40008000  name=LUO\n"));
    EXPECT_THAT(text, HasSubstr("\n        iommu-flb iommu-liveupdate-v1 at 0x4000a000"));
    EXPECT_THAT(text, HasSubstr("2 deleted objects left out\n"));
    EXPECT_THAT(text, HasSubstr("root 0x40010000  vtd-ss, 4 levels  0000:00:02.0, 0000:00:03.0\n"
                                "  preserved: 4 pages of tables, 3 leaves\n"));
    EXPECT_THAT(text, HasSubstr("proved: every table lies in preserved pages\n"));
}

TEST_F(HandoverCommand, TheCommandsItPrintsGoOnFromTheRoots)
{
    const std::string memory = source(HandoverImage(HandoverRecipe{.luo = "luo-v5", .scalable = true}));
    const std::string text = output_of({"handover", memory});
    EXPECT_THAT(text, HasSubstr("  pgregion devices " + memory +
                                " --format vtd-root --param mode=scalable --root 0x4000e000\n"));
    EXPECT_THAT(text, HasSubstr("  pgregion mappings " + memory + " --format vtd-ss --levels 4 --root 0x40010000\n"));
    const std::string devices =
        output_of({"devices", memory, "--format", "vtd-root", "--param", "mode=scalable", "--root", "0x4000e000"});
    EXPECT_THAT(devices, HasSubstr("0000:00:1f.6"));
    const std::string mappings =
        output_of({"mappings", memory, "--format", "vtd-ss", "--levels", "4", "--root", "0x40010000"});
    EXPECT_THAT(mappings, HasSubstr("0x0000000000001000  0x0000000100002000        4K  rw"));
}

TEST_F(HandoverCommand, ATableThatIsNotPreservedIsANo)
{
    HandoverImage image(HandoverRecipe{});
    image.preserve(at::kSecondDomain + 1, false);
    const ProgramOutcome outcome = run_pgregion({"handover", source(image)});
    EXPECT_EQ(outcome.status, kNo);
    EXPECT_THAT(outcome.output, HasSubstr("NOT PRESERVED: 1 of 3 pages of tables, first 0x40015000"));
    EXPECT_THAT(outcome.output, HasSubstr("LOST: the next kernel"));
    EXPECT_THAT(outcome.errors,
                HasSubstr("the table at 0x40015000, reached from the root 0x40014000, is not preserved"));
}

TEST_F(HandoverCommand, JsonHasTheContractAndTheProof)
{
    HandoverImage image(HandoverRecipe{.kho = "kho-v4", .luo = "luo-v5", .flb = "iommu-liveupdate"});
    const json document = json::parse(output_of({"handover", source(image), "--json"}));
    const json &result = document.at("results").at(0);
    EXPECT_EQ(result.at("version"), "kho-v4");
    EXPECT_EQ(result.at("preserved"), true);
    const json &domain = result.at("records").at(7);
    EXPECT_EQ(domain.at("kind"), "iommu-domain");
    EXPECT_EQ(domain.at("version"), nullptr);
    EXPECT_EQ(domain.at("paddr"), "0x4000c010");
    EXPECT_EQ(domain.at("fields").at("top_table"), "0x40010000");
    EXPECT_EQ(domain.at("fields").at("top_level"), 3);
    const json &root = result.at("roots").at(1);
    EXPECT_EQ(root.at("paddr"), "0x40010000");
    EXPECT_EQ(root.at("format"), "vtd-ss");
    EXPECT_EQ(root.at("levels"), 4);
    EXPECT_EQ(root.at("device"), "0000:00:02.0");
    EXPECT_EQ(root.at("record_index"), 7);
    EXPECT_EQ(root.at("preserved"), true);
    EXPECT_EQ(result.at("fdts").size(), 1U);
    EXPECT_EQ(result.at("fdts").at(0).at("paddr"), "0x40001000");
    EXPECT_EQ(result.at("fdts").at(0).at("version"), "kho-v4");
    EXPECT_EQ(result.at("fdts").at(0).at("taken"), true);
}

TEST_F(HandoverCommand, WhatCannotBeProvedIsNoYes)
{
    HandoverImage image(HandoverRecipe{});
    image.image.put(at::kMap, 3, 0x90000000);  // the bitmap is in a hole
    const ProgramOutcome outcome = run_pgregion({"handover", source(image), "--json"});
    EXPECT_EQ(outcome.status, kNo) << outcome.errors;
    EXPECT_THAT(outcome.errors, HasSubstr("the page at 0x90000000 is not in the source"));
    const json result = json::parse(outcome.output).at("results").at(0);
    EXPECT_EQ(result.at("preserved"), nullptr);
    EXPECT_EQ(result.at("roots").at(1).at("preserved"), nullptr);
    EXPECT_EQ(result.at("incomplete"), true);
}

TEST_F(HandoverCommand, UnknownVersionsAreRefusedByName)
{
    const std::vector<HandoverRecipe> recipes{
        {.kho = "kho-v99"}, {.luo = "luo-v4"}, {.flb_list = "luo-flb-v2"}, {.flb = "iommu-liveupdate-v2"}};
    for (const HandoverRecipe &recipe : recipes) {
        const ProgramOutcome outcome = run_pgregion({"handover", source(HandoverImage(recipe))});
        const std::string version = recipe.kho != "kho-v1"            ? recipe.kho
                                    : recipe.luo != "luo-v1"          ? recipe.luo
                                    : recipe.flb_list != "luo-flb-v1" ? recipe.flb_list
                                                                      : recipe.flb;
        expect_failure(outcome, kCannot, {"is of version '" + version + "'", "known are"});
    }
    const HandoverRecipe later{.flb = "iommu-liveupdate", .flb_version = 2};
    expect_failure(run_pgregion({"handover", source(HandoverImage(later))}), kCannot, {"'iommu-liveupdate 2'"});
}

TEST_F(HandoverCommand, AVersionCannotSpeakToTheTerminal)
{
    HandoverImage image(HandoverRecipe{});
    image.put_bytes(at::kFdt, 0, image.kho_fdt("kho-v\033[31m"));
    const ProgramOutcome outcome = run_pgregion({"handover", source(image)});
    EXPECT_EQ(outcome.status, kCannot);
    EXPECT_THAT(outcome.errors, HasSubstr("kho-v\\x1b[31m"));
    image.put_bytes(at::kFdt, 0, image.kho_fdt());
    image.put_text(at::kFlbList, 16, "pci\033[2J", 48);
    EXPECT_THAT(output_of({"handover", source(image)}), HasSubstr("flb pci\\x1b[2J at"));
}

TEST_F(HandoverCommand, AMemoryWithoutOneIsANo)
{
    const ProgramOutcome outcome = run_pgregion({"handover", region("empty.img", Pages{{0, 1}})});
    expect_failure(outcome, kNo, {"no KHO FDT", "--fdt"});
}

// The one that cannot be read may be the hand-over.
TEST_F(HandoverCommand, AnUnknownVersionIsNamedWhereAnotherTreeIsRead)
{
    HandoverImage image(HandoverRecipe{});
    image.put_bytes(at::kUnused, 0, image.kho_fdt("kho-v99"));
    const std::string memory = source(image);
    const ProgramOutcome outcome = run_pgregion({"handover", memory, "--json"});
    EXPECT_EQ(outcome.status, kNo);
    EXPECT_THAT(outcome.errors, HasSubstr("the KHO FDT at 0x40028000 is of a version that is not known"));
    const json result = json::parse(outcome.output).at("results").at(0);
    EXPECT_EQ(result.at("fdt"), "0x40001000");
    EXPECT_EQ(result.at("preserved"), nullptr);
    EXPECT_EQ(result.at("fdts").size(), 2U);
    EXPECT_EQ(result.at("fdts").at(1).at("taken"), false);
    EXPECT_THAT(result.at("fdts").at(1).at("unread").get<std::string>(), HasSubstr("'kho-v99'"));
    EXPECT_THAT(output_of({"handover", memory, "--fdt", "0x40001000"}), HasSubstr("proved"));
}

TEST_F(HandoverCommand, CopiesOfOneFdtAreOneHandover)
{
    HandoverImage image(HandoverRecipe{});
    image.put_bytes(at::kUnused, 0, image.kho_fdt());
    const std::string memory = source(image);
    EXPECT_THAT(output_of({"handover", memory}),
                HasSubstr("KHO FDT 0x40001000  kho-v1  live update 3, also at 0x40028000; shown"));
    const ProgramOutcome copy = run_pgregion({"handover", memory, "--fdt", "0x40028000"});
    EXPECT_EQ(copy.status, kNo) << "a tracker does not hold copies of its FDT";
    EXPECT_THAT(copy.errors, HasSubstr("does not hold its own KHO FDT"));
}

// The same map, and subtrees elsewhere: of two kernels that do not tell which is the later one.
TEST_F(HandoverCommand, SeveralThatAreAlikeHaveToBeChosen)
{
    HandoverImage image(HandoverRecipe{});
    image.preserve(at::kUnused);
    TinyFdt fdt;
    fdt.begin("").text("compatible", "kho-v1").word("preserved-memory-map", image.address(at::kMap));
    fdt.begin("LUO").word("fdt", image.address(at::kLuo)).end().begin("x").word("fdt", 0x40000000).end();
    image.put_bytes(at::kUnused, 0, fdt.end().finish());
    TinyFdt other;
    other.begin("").text("compatible", "kho-v1").word("preserved-memory-map", image.address(at::kMap));
    other.begin("LUO").word("fdt", image.address(at::kLuo)).end().begin("y").word("fdt", 0x40000000).end();
    image.put_bytes(at::kFdt, 0, other.end().finish());
    const std::string memory = source(image);
    expect_failure(run_pgregion({"handover", memory}), kCannot,
                   {"0x40001000 (kho-v1), 0x40028000 (kho-v1)", "--fdt 0x40001000"});
}

TEST_F(HandoverCommand, APackedFdtFileIsNamedAndNotTheSource)
{
    const std::string memory = source(HandoverImage(HandoverRecipe{}));
    const std::vector<std::byte> packed{std::byte{0x1f}, std::byte{0x8b}, std::byte{8}, std::byte{0}};
    write_image(path("kho.dtb.gz"), packed);
    expect_failure(run_pgregion({"handover", memory, "--fdt-file", path("kho.dtb.gz")}), kCannot,
                   {"kho.dtb.gz (--fdt-file) is a gzip-compressed file", "gzip -dc " + path("kho.dtb.gz") + " > OUT"});
}

TEST_F(HandoverCommand, TheFdtCanComeFromAFile)
{
    HandoverImage image(HandoverRecipe{});
    const std::vector<std::byte> fdt = image.kho_fdt();
    write_image(path("fdt"), fdt);
    image.put_bytes(at::kFdt, 0, std::vector<std::byte>(4096));
    const std::string memory = source(image);
    const std::string text = output_of({"handover", memory, "--fdt-file", path("fdt")});
    EXPECT_THAT(text, HasSubstr("kho kho-v1  fdt_bytes="));
    EXPECT_THAT(text, HasSubstr("proved: every table"));
    expect_failure(run_pgregion({"handover", memory, "--fdt-file", memory.substr(0, memory.find('@'))}), kCannot,
                   {"the file is no sound flattened device tree: it does not begin as one does"});
    EXPECT_EQ(run_pgregion({"handover", memory, "--fdt-file", path("fdt"), "--fdt", "0"}).status, kUsage);
}

// Without a tracker nobody can tell what is preserved: a script that asks must not hear yes.
TEST_F(HandoverCommand, AnFdtWithoutAMapOfPreservedMemoryProvesNothing)
{
    TinyFdt fdt;
    fdt.begin("").text("compatible", "kho-v2").end();
    write_image(path("kho.dtb"), fdt.finish());
    write_image(path("memory.raw"), std::vector<std::byte>(16384));
    const std::vector<std::string> call{"handover", path("memory.raw"), "--fdt-file", path("kho.dtb")};
    const ProgramOutcome text = run_pgregion(call);
    EXPECT_EQ(text.status, kNo);
    EXPECT_THAT(text.output, HasSubstr("not proved: see the warnings"));
    EXPECT_THAT(text.output, Not(HasSubstr("nothing of an IOMMU is handed over")));
    EXPECT_THAT(text.errors, HasSubstr("the KHO FDT in the file names no preserved memory map: nothing can be proved"));
    EXPECT_THAT(text.errors, Not(HasSubstr("0x0")));
    std::vector<std::string> as_json = call;
    as_json.emplace_back("--json");
    const json result = json::parse(run_pgregion(as_json).output).at("results").at(0);
    EXPECT_EQ(result.at("preserved"), nullptr);
    EXPECT_EQ(result.at("problems").at(0).at("paddr"), nullptr);
}

TEST_F(HandoverCommand, AnAddressWithoutAnFdtIsRefused)
{
    const std::string memory = source(HandoverImage(HandoverRecipe{}));
    for (const char *place : {"0x40002000", "0", "0xfffffffffffff0"})
        expect_failure(run_pgregion({"handover", memory, "--fdt", place}), kCannot, {"no sound flattened device tree"});
    EXPECT_EQ(run_pgregion({"handover", memory, "--fdt", "here"}).status, kUsage);
}

}  // namespace
}  // namespace pgregion::test
