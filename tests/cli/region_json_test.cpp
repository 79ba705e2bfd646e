// SPDX-License-Identifier: GPL-2.0-or-later
//
// The JSON contract of cli.md section 5 for the commands that work on a region as a whole.
#include "cli/command_test.h"

#include <set>

#include <nlohmann/json.hpp>

namespace pgregion::test
{

namespace
{

using Json = nlohmann::json;

class RegionJson : public CommandTest
{
protected:
    /// The document, whose frame is checked against the command and the exit status.
    [[nodiscard]] static Json document(std::vector<std::string> arguments, std::string input = "")
    {
        const std::string command = arguments.front();
        arguments.emplace_back("--json");
        const ProgramOutcome outcome = run_pgregion(std::move(arguments), std::move(input));
        Json json = Json::parse(outcome.output);
        EXPECT_EQ(keys(json),
                  (std::set<std::string>{"schema_version", "tool", "command", "exit_status", "results", "errors"}));
        EXPECT_EQ(json["schema_version"], 1);
        EXPECT_EQ(json["tool"]["name"], "pgregion");
        EXPECT_EQ(json["command"], command);
        EXPECT_EQ(json["exit_status"], outcome.status);
        return json;
    }

    /// The only result.
    [[nodiscard]] static Json result(std::vector<std::string> arguments, std::string input = "")
    {
        const Json json = document(std::move(arguments), std::move(input));
        EXPECT_EQ(json["errors"], Json::array());
        EXPECT_EQ(json["results"].size(), 1U);
        return json["results"].at(0);
    }

    /// The code of the only error.
    [[nodiscard]] static std::string code(std::vector<std::string> arguments, std::string input = "")
    {
        const Json json = document(std::move(arguments), std::move(input));
        EXPECT_EQ(json["results"], Json::array());
        EXPECT_EQ(keys(json["errors"].at(0)), (std::set<std::string>{"source", "code", "message", "hint"}));
        return json["errors"].at(0)["code"];
    }

    [[nodiscard]] static std::set<std::string> keys(const Json &object)
    {
        std::set<std::string> names;
        for (const auto &[name, value] : object.items())
            names.insert(name);
        return names;
    }

    [[nodiscard]] static Json page(unsigned index, const std::string &offset, const Json &paddr)
    {
        return {{"index", index}, {"offset", offset}, {"paddr", paddr}};
    }
};

TEST_F(RegionJson, InitListsThePagesItTook)
{
    const Json json = result({"init", path("new.img"), "--take-root", "--paddr", "0x6000000"});
    EXPECT_EQ(keys(json), (std::set<std::string>{"source", "pages"}));
    EXPECT_EQ(json["source"], (Json{{"path", path("new.img")},
                                    {"kind", "region-image"},
                                    {"offset", "0x0"},
                                    {"paddr", "0x6000000"},
                                    {"paddr_origin", "given"}}));
    EXPECT_EQ(json["pages"], (Json{page(0, "0x0", "0x6000000"), page(1, "0x1000", "0x6001000")}));
}

TEST_F(RegionJson, AllocListsPagesWithNullForAnUnknownAddress)
{
    const std::string file = region("r.img", {{0, 1}});
    const Json json = result({"alloc", file, "--order", "1"});
    EXPECT_EQ(json["pages"], (Json{page(2, "0x2000", nullptr), page(3, "0x3000", nullptr)}));
    EXPECT_EQ(json["source"]["paddr"], nullptr);
    EXPECT_EQ(json["source"]["paddr_origin"], "none");
}

TEST_F(RegionJson, FreeListsPages)
{
    const std::string file = region("r.img", {{0, 4}});
    const Json json = result({"free", file, "4", "3", "--paddr", "0x6000000"});
    EXPECT_EQ(keys(json), (std::set<std::string>{"source", "pages"}));
    EXPECT_EQ(json["pages"], (Json{page(4, "0x4000", "0x6004000"), page(3, "0x3000", "0x6003000")}));
}

TEST_F(RegionJson, RootSaysWhatItFoundAndExpected)
{
    const std::string file = region("r.img", {{0, 0}});
    const Json cold = result({"root", file, "--liveupdate", "no"});
    EXPECT_EQ(keys(cold), (std::set<std::string>{"source", "pages", "root_bit", "expected", "match"}));
    EXPECT_EQ(cold["pages"], (Json::array({page(1, "0x1000", nullptr)})));
    EXPECT_EQ(cold["root_bit"], false);
    EXPECT_EQ(cold["expected"], false);
    EXPECT_EQ(cold["match"], true);
    EXPECT_EQ(result({"root", file, "--liveupdate", "yes"})["root_bit"], true);
}

TEST_F(RegionJson, ValidateHasAResultForEverySourceThatOpens)
{
    const std::string good = region("good.img", {{0, 1}});
    const std::string bad = region("bad.img", {{0, 0}});
    const Json json = document({"validate", good, path("missing.img"), bad, "--liveupdate", "yes"});
    EXPECT_EQ(json["exit_status"], 12);
    ASSERT_EQ(json["results"].size(), 2U);
    const Json first = json["results"][0];
    EXPECT_EQ(keys(first), (std::set<std::string>{"source", "liveupdate", "bitmap_bit", "root_bit", "state", "match"}));
    EXPECT_EQ(first["match"], true);
    EXPECT_EQ(first["state"], "initialised");
    EXPECT_EQ(first["liveupdate"], true);
    EXPECT_EQ(json["results"][1]["match"], false);
    EXPECT_EQ(json["results"][1]["state"], "opened");
    ASSERT_EQ(json["errors"].size(), 1U);
    EXPECT_EQ(json["errors"][0]["code"], "no-such-file");
    EXPECT_EQ(json["errors"][0]["source"], path("missing.img"));
}

TEST_F(RegionJson, BitmapIsRangesBothEndsIncluded)
{
    const Json json = result({"bitmap", region("r.img", {{0, 7}, {9, 11}}), "--as", "hex"});
    EXPECT_EQ(keys(json), (std::set<std::string>{"source", "allocated", "count"}));
    EXPECT_EQ(json["allocated"], (Json{{{"first", 0}, {"last", 7}}, {{"first", 9}, {"last", 11}}}));
    EXPECT_EQ(json["count"], 11);
}

TEST_F(RegionJson, FormatsHaveNoSource)
{
    const Json json = result({"formats"});
    EXPECT_EQ(keys(json), (std::set<std::string>{"source", "formats"}));
    EXPECT_EQ(json["source"], nullptr);
    Json second_stage;
    Json root;
    for (const Json &format : json["formats"]) {
        EXPECT_EQ(keys(format), (std::set<std::string>{"name", "kind", "levels", "page_sizes", "parameters",
                                                       "registers", "document"}));
        if (format["name"] == "vtd-ss")
            second_stage = format;
        if (format["name"] == "vtd-root")
            root = format;
    }
    EXPECT_EQ(second_stage["kind"], "tables");
    EXPECT_EQ(second_stage["levels"], (Json{3, 4, 5}));
    EXPECT_EQ(second_stage["page_sizes"], (Json{"0x1000", "0x200000", "0x40000000"}));
    EXPECT_EQ(second_stage["parameters"].at(0)["key"], "snp");
    EXPECT_EQ(second_stage["parameters"].at(0)["default"], "on");
    EXPECT_EQ(root["kind"], "directory");
    EXPECT_EQ(root["levels"], Json::array());
}

TEST_F(RegionJson, DumpCarriesTheTextAndRestoreTakesIt)
{
    const std::string file = region("r.img", {{0, 3}});
    const Json dumped = result({"dump", file});
    EXPECT_EQ(keys(dumped), (std::set<std::string>{"source", "bytes", "path", "text"}));
    EXPECT_EQ(dumped["path"], nullptr);
    EXPECT_EQ(dumped["text"], output_of({"dump", file}));
    const Json restored = result({"restore", "-", path("copy.img")}, dumped["text"]);
    EXPECT_EQ(keys(restored), (std::set<std::string>{"source", "bytes", "path"}));
    EXPECT_EQ(restored["bytes"], "0x200000");
    EXPECT_EQ(restored["path"], path("copy.img"));
    EXPECT_EQ(read_image(path("copy.img")), read_image(file));
}

TEST_F(RegionJson, CodesOfRefusals)
{
    const std::string file = region("r.img", {{0, 511}});
    const std::string opened = region("opened.img", {{0, 0}});
    const std::string never = region("never.img", Pages{});
    EXPECT_EQ(code({"init", file}), "target-not-empty");
    EXPECT_EQ(code({"alloc", file}), "region-full");
    EXPECT_EQ(code({"alloc", never}), "region-not-opened");
    EXPECT_EQ(code({"alloc", opened}), "root-page-not-taken");
    EXPECT_EQ(code({"free", file, "1"}), "page-reserved");
    EXPECT_EQ(code({"free", opened, "7"}), "page-not-allocated");
    EXPECT_EQ(code({"root", file, "--liveupdate", "no"}), "root-bit-mismatch");
    EXPECT_EQ(code({"bitmap", region("small.img", Image(8192))}), "not-a-region-size");
    EXPECT_EQ(code({"restore", "-", file}, "pgregion-text 1\n"), "target-not-empty");
    EXPECT_EQ(code({"restore", "-", file}, "?"), "bad-text");
    Image image = image_with({{0, 3}});
    put_entry(image, 2, 0, 0x3003);
    EXPECT_EQ(code({"free", region("refs.img", image), "3"}), "page-referenced");
}

TEST_F(RegionJson, LinesAreOnePerRecordAndEndWithTheSummary)
{
    const std::string file = region("r.img", {{0, 1}});
    std::istringstream lines(output_of({"alloc", file, "--count", "2", "--json-lines"}));
    std::vector<Json> records;
    for (std::string line; std::getline(lines, line);)
        records.push_back(Json::parse(line));
    ASSERT_EQ(records.size(), 4U);
    EXPECT_EQ(records[0]["record"], "page");
    EXPECT_EQ(records[0]["source"], file);
    EXPECT_EQ(records[0]["index"], 2);
    EXPECT_EQ(records[1]["index"], 3);
    EXPECT_EQ(records[2]["record"], "result");
    EXPECT_EQ(records[3]["record"], "summary");
    EXPECT_EQ(records[3]["exit_status"], 0);
}

TEST_F(RegionJson, LinesOfFormatsHaveNoSource)
{
    std::istringstream lines(output_of({"formats", "--json-lines"}));
    std::vector<std::string> kinds;
    for (std::string line; std::getline(lines, line);) {
        const Json record = Json::parse(line);
        EXPECT_EQ(record["source"], nullptr);
        kinds.push_back(record["record"]);
    }
    ASSERT_GE(kinds.size(), 4U);
    EXPECT_EQ(kinds.front(), "format");
    EXPECT_EQ(kinds.back(), "summary");
}

TEST_F(RegionJson, OutputFileTakesTheDocument)
{
    const std::string file = region("r.img", {{0, 1}});
    EXPECT_EQ(output_of({"bitmap", file, "--json", "-o", path("out.json")}), "");
    EXPECT_EQ(Json::parse(content_of(path("out.json")))["results"][0]["count"], 2);
}

}  // namespace

}  // namespace pgregion::test
