// SPDX-License-Identifier: GPL-2.0-or-later
//
// The JSON values that reports are made of: what each C++ value becomes, and the order in which members stand.
#include "report/json.h"

#include <limits>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

namespace pgregion::report
{
namespace
{

TEST(ReportJson, ScalarsAreWrittenAsTheyAre)
{
    EXPECT_EQ(Json().text(), "null");
    EXPECT_EQ(Json(nullptr).text(), "null");
    EXPECT_EQ(Json(true).text(), "true");
    EXPECT_EQ(Json(false).text(), "false");
    EXPECT_EQ(Json(std::uint8_t{7}).text(), "7");
    EXPECT_EQ(Json(-1).text(), "-1");
    EXPECT_EQ(Json(std::numeric_limits<std::uint64_t>::max()).text(), "18446744073709551615");
    EXPECT_EQ(Json("a \"word\"\n").text(), R"("a \"word\"\n")");
    EXPECT_EQ(Json(std::string_view("a\0b", 3)).text(), R"("a\u0000b")");
}

TEST(ReportJson, APointerIsNotTakenForTrue)
{
    EXPECT_FALSE((std::is_constructible_v<Json, const int *>));
    EXPECT_FALSE((std::is_constructible_v<Json, const void *>));
}

TEST(ReportJson, MembersStandInTheOrderInWhichTheyWereSet)
{
    Json json{{"last", 7}, {"first", "x"}};
    json.set("inner", {{"z", nullptr}, {"a", Json::array()}});
    json.set("last", 8);
    EXPECT_EQ(json.text(), R"({"last":8,"first":"x","inner":{"z":null,"a":[]}})");
    EXPECT_EQ(json.indented_text(), "{\n  \"last\": 8,\n  \"first\": \"x\",\n  \"inner\": {\n    \"z\": null,\n"
                                    "    \"a\": []\n  }\n}");
}

TEST(ReportJson, NothingAddedLeavesAnEmptyObjectOrList)
{
    EXPECT_EQ(Json::object().text(), "{}");
    EXPECT_EQ(Json::array().text(), "[]");
    EXPECT_EQ(Json(std::vector<std::string>{}).text(), "[]");
}

TEST(ReportJson, ListsHoldTextsAndValues)
{
    Json list(std::vector<std::string>{"a", "b"});
    list.push_back(nullptr);
    list.push_back({{"n", 1}});
    EXPECT_EQ(list.text(), R"(["a","b",null,{"n":1}])");
    EXPECT_EQ(Json::array_of("one").text(), R"(["one"])");
}

TEST(ReportJson, UpdateOverwritesInPlaceAndEraseOfNothingIsNoMistake)
{
    Json json{{"a", 1}, {"b", 2}};
    json.update({{"c", 3}, {"a", 4}});
    json.update(nullptr);
    EXPECT_EQ(json.text(), R"({"a":4,"b":2,"c":3})");
    json.erase("b");
    json.erase("not there");
    EXPECT_EQ(json.text(), R"({"a":4,"c":3})");
    Json nothing;
    nothing.erase("a");
    EXPECT_EQ(nothing.text(), "null");
}

TEST(ReportJson, ACopyDoesNotChangeWithTheOriginal)
{
    Json original{{"a", Json::array_of(1)}};
    const Json copy = original;
    Json assigned;
    assigned = original;
    original.set("a", 2);
    EXPECT_EQ(original.text(), R"({"a":2})");
    EXPECT_EQ(copy.text(), R"({"a":[1]})");
    EXPECT_EQ(assigned.text(), R"({"a":[1]})");
}

TEST(ReportJson, BytesThatAreNotUtf8AreReplacedNotThrownAt)
{
    EXPECT_EQ(Json("a\xff"
                   "b")
                  .text(),
              "\"a\xef\xbf\xbd"
              "b\"");
    EXPECT_EQ(Json({{"path", "\xc3"}}).indented_text(), "{\n  \"path\": \"\xef\xbf\xbd\"\n}");
}

}  // namespace
}  // namespace pgregion::report
