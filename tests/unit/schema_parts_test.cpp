// SPDX-License-Identifier: GPL-2.0-or-later
//
// How the JSON schema is put together: what a fragment turns into, and that a missing, foreign or wrong one stops the
// build by name. Whether the whole schema is right is tried in tests/cli/json_schema_test.cpp.
#include "cli/session/command.h"
#include "cli/shell/json_schema.h"
#include "support/run_program.h"
#include "support/source_tree.h"
#include "unit/io_test_support.h"

#include <filesystem>
#include <stdexcept>

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace pgregion::cli
{

namespace
{

using Json = nlohmann::json;
using Strings = std::vector<std::string>;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char *kFrame = R"({
  "title": "T",
  "$defs": {
    "count": { "type": "integer" },
    "command": { "enum": [null] },
    "document": { "allOf": [] },
    "of_source": {}, "of_nothing": {},
    "line": { "properties": { "record": { "enum": ["result"] } }, "allOf": [] },
    "line_result": { "anyOf": [] },
    "line_of_source": {}, "line_of_nothing": {}
  }
})";

constexpr const char *kOne = R"({
  "description": "One.",
  "values": ["one_values"],
  "rows": { "things": { "record": "thing", "keys": "thing_keys", "minItems": 1 } },
  "$defs": { "one_values": { "type": "object" }, "thing_keys": { "properties": { "n": { "$ref": "#/$defs/count" } } } }
})";

/// The schema of the one command "one", with this fragment.
Json schema_of(const std::string &fragment)
{
    return Json::parse(json_schema({{"frame", kFrame}, {"one", fragment}}, {"one"}));
}

std::string refusal(const SchemaParts &parts, const Strings &commands)
{
    try {
        return "none: " + json_schema(parts, commands);
    } catch (const std::runtime_error &error) {
        return error.what();
    }
}

std::string refusal_of(const std::string &fragment) { return refusal({{"frame", kFrame}, {"one", fragment}}, {"one"}); }

TEST(SchemaParts, OneResultIsTheValuesAndTheListsOfTheFragment)
{
    const Json defs = schema_of(kOne).at("$defs");
    EXPECT_EQ(defs.at("command").at("enum"), Json::parse(R"([null, "one"])"));
    EXPECT_EQ(defs.at("result_one"), Json::parse(R"({
        "description": "One.",
        "allOf": [{ "$ref": "#/$defs/of_source" }, { "$ref": "#/$defs/one_values" }],
        "properties": { "things": { "type": "array", "minItems": 1,
            "items": { "$ref": "#/$defs/thing_keys", "unevaluatedProperties": false } } },
        "required": ["things"],
        "unevaluatedProperties": false })"));
    EXPECT_EQ(defs.at("document").at("allOf"), Json::parse(R"([{
        "if": { "properties": { "command": { "const": "one" } } },
        "then": { "properties": { "results": { "items": { "$ref": "#/$defs/result_one" } } } } }])"));
    EXPECT_EQ(defs.at("one_values"), Json::parse(R"({ "type": "object" })"));
}

TEST(SchemaParts, ALineIsARowOrTheValuesWithoutTheRows)
{
    const Json defs = schema_of(kOne).at("$defs");
    EXPECT_EQ(defs.at("line").at("properties").at("record").at("enum"), Json::parse(R"(["result", "thing"])"));
    EXPECT_EQ(defs.at("line").at("allOf"), Json::parse(R"([{
        "if": { "properties": { "record": { "const": "thing" } } }, "then": { "$ref": "#/$defs/thing_keys" } }])"));
    EXPECT_EQ(defs.at("line_result").at("anyOf"), Json::parse(R"([{
        "allOf": [{ "$ref": "#/$defs/line_of_source" }, { "$ref": "#/$defs/one_values" }],
        "unevaluatedProperties": false }])"));
}

TEST(SchemaParts, WhatSeveralCommandsHaveInCommonIsThereOnce)
{
    const std::string pages = R"({ "rows": { "counts": { "record": "count", "keys": "count" } } })";
    const Json defs = Json::parse(json_schema({{"frame", kFrame}, {"a", pages}, {"b", pages}}, {"b", "a"})).at("$defs");
    EXPECT_EQ(defs.at("command").at("enum"), Json::parse(R"([null, "b", "a"])"));
    EXPECT_EQ(defs.at("line").at("allOf").size(), 1U);
    EXPECT_EQ(defs.at("line_result").at("anyOf").size(), 1U);
    EXPECT_EQ(defs.at("document").at("allOf").size(), 2U);
}

TEST(SchemaParts, AResultMayBeAboutNoSource)
{
    const Json defs = schema_of(R"({ "source": false })").at("$defs");
    EXPECT_EQ(defs.at("result_one"),
              Json::parse(R"({ "allOf": [{ "$ref": "#/$defs/of_nothing" }], "unevaluatedProperties": false })"));
    EXPECT_EQ(defs.at("line_result").at("anyOf").at(0).at("allOf"),
              Json::parse(R"([{ "$ref": "#/$defs/line_of_nothing" }])"));
}

TEST(SchemaParts, ACommandWithoutAFragmentAndAFragmentWithoutACommandAreNamed)
{
    EXPECT_EQ(refusal({{"frame", kFrame}, {"one", kOne}}, {"one", "two"}),
              "src/report/schema/two.json is missing: each command has a fragment of that name");
    EXPECT_EQ(refusal({{"frame", kFrame}, {"one", kOne}, {"two", "{}"}}, {"one"}),
              "src/report/schema/two.json belongs to no command: it is the name of none");
    EXPECT_THAT(refusal({{"one", kOne}}, {"one"}), StartsWith("src/report/schema/frame.json is missing"));
}

TEST(SchemaParts, AFragmentOfAnotherShapeIsNamed)
{
    const std::string part = "src/report/schema/one.json ";
    for (const char *text : {"", "{", "[1]", "5", R"({ "values": "count" })", R"({ "values": [1] })",
                             R"({ "rows": { "a": 5 } })", R"({ "rows": { "a": { "record": "a" } } })",
                             R"({ "rows": { "a": { "keys": "count" } } })", R"({ "source": "no" })"})
        EXPECT_THAT(refusal_of(text), StartsWith(part)) << text;
    EXPECT_EQ(refusal_of(R"({ "rows": [{ "record": "a", "keys": "count" }] })"),
              part + "has something else than an object as rows");
    EXPECT_EQ(refusal_of(R"({ "$defs": [{}] })"), part + "has something else than an object as $defs");
    EXPECT_EQ(refusal_of(R"({ "value": [] })"), part + "has a key that means nothing here: value");
    EXPECT_EQ(refusal_of(R"({ "rows": { "a": { "record": "a", "keys": "count", "least": 1 } } })"),
              part + "has a key that means nothing here: least");
    EXPECT_THAT(refusal({{"frame", "{}"}, {"one", kOne}}, {"one"}), StartsWith("src/report/schema/"));
}

TEST(SchemaParts, EveryNameIsDefinedOnceAndUsed)
{
    const std::string part = "src/report/schema/one.json ";
    EXPECT_EQ(refusal_of(R"({ "values": ["lost"] })"),
              part + "refers to lost, which is defined neither there nor in frame.json");
    EXPECT_EQ(refusal_of(R"({ "values": ["own"], "$defs": { "own": { "items": [{ "$ref": "#/$defs/deep" }] } } })"),
              part + "refers to deep, which is defined neither there nor in frame.json");
    EXPECT_EQ(refusal_of(R"({ "values": ["own"], "$defs": { "own": { "$ref": "other.json" } } })"),
              part + "refers to other.json, which is defined neither there nor in frame.json");
    EXPECT_EQ(refusal_of(R"({ "$defs": { "own": {} } })"), part + "defines own and does not use it");
    EXPECT_EQ(refusal_of(R"({ "values": ["count"], "$defs": { "count": {} } })"),
              part + "defines count, which is defined already");
    const std::string own = R"({ "values": ["own"], "$defs": { "own": {} } })";
    EXPECT_EQ(refusal({{"frame", kFrame}, {"one", own}, {"two", own}}, {"one", "two"}),
              "src/report/schema/two.json defines own, which is defined already");
    EXPECT_EQ(refusal({{"frame", kFrame}, {"one", own}, {"two", R"({ "values": ["own"] })"}}, {"one", "two"}),
              "src/report/schema/two.json refers to own, which is defined neither there nor in frame.json");
}

TEST(SchemaParts, ARecordMeansOneThing)
{
    const std::string other = R"({ "rows": { "things": { "record": "thing", "keys": "count" } } })";
    EXPECT_EQ(refusal({{"frame", kFrame}, {"one", kOne}, {"two", other}}, {"one", "two"}),
              "src/report/schema/two.json has other keys for the record thing than another command: count");
}

TEST(SchemaParts, TheBuiltSchemaIsMadeOfThePartsOfTheTree)
{
    SchemaParts parts;
    const std::filesystem::path folder = std::filesystem::path(test::source_tree()) / kSchemaFolder;
    for (const auto &entry : std::filesystem::directory_iterator(folder))
        parts.emplace(entry.path().stem().string(), test::content_of(entry.path().string()));
    Strings commands;
    for (const CommandRow *row : command_rows())
        commands.emplace_back(row->name);
    const std::filesystem::path built = std::filesystem::path(test::pgregion_binary()).parent_path();
    EXPECT_TRUE(test::content_of((built / "pgregion.schema.json").string()) == json_schema(parts, commands));
}

}  // namespace
}  // namespace pgregion::cli
