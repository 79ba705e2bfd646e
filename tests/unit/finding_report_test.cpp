// SPDX-License-Identifier: GPL-2.0-or-later
//
// Findings in words: the names in the messages of the rows, places in the source, and what `check` prints of many.
#include "report/check_report.h"
#include "report/finding_report.h"

#include <pgregion/area_check.h>

#include <algorithm>
#include <set>

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace pgregion::report
{

namespace
{

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using Read = nlohmann::ordered_json;

const PageMap kRegionAt16M{PhysAddr(0x1000000), 512};
const PageMap kNowhere{std::nullopt, 512};

Check check_with(std::string_view message)
{
    return {.code = "leaf-maps-tables",
            .severity = Severity::error,
            .security = true,
            .title = "a leaf maps a table",
            .message = message,
            .why = "Because.",
            .repair = "Nothing.",
            .origin = "PT18"};
}

/// Every field has a value.
Finding full_finding(const Check &check)
{
    return {.check = &check,
            .severity = Severity::error,
            .security = true,
            .repair = RepairPolicy::safe,
            .remedy = Remedy::clear_entry,
            .table = PhysAddr(0x1004000),
            .page = PageIndex(4),
            .index = 5,
            .level = std::uint8_t{1},
            .offset = 0x4028,
            .iova = Iova(0x5000),
            .unit = 2,
            .device = 0x10,
            .last_device = 0x17,
            .pasid = 3,
            .target = PhysAddr(0x1003000),
            .size_bytes = 0x200000,
            .observed = 0x1003003,
            .expected = 512,
            .detail = "root table"};
}

std::string message_of(std::string_view message, const PageMap &pages = kRegionAt16M)
{
    const Check check = check_with(message);
    Finding finding = full_finding(check);
    finding.iova.reset();
    finding.unit.reset();
    finding.pasid.reset();
    return finding_message(finding, pages);
}

TEST(FindingMessage, FillsEveryNameWithReadableText)
{
    const std::string tail = " (devices 0000:00:02.0 to 0000:00:02.7)";
    EXPECT_EQ(message_of("{device}"), "device 0000:00:02.0");
    EXPECT_EQ(message_of("{devices}"), "devices 0000:00:02.0 to 0000:00:02.7");
    EXPECT_EQ(message_of("{page}"), "page 4" + tail);
    EXPECT_EQ(message_of("{table}"), "0x1004000 (page 4)" + tail);
    EXPECT_EQ(message_of("{target}"), "0x1003000 (page 3)" + tail);
    EXPECT_EQ(message_of("{index} at {level}"), "5 at 1" + tail);
    EXPECT_EQ(message_of("{size}"), "2M" + tail);
    EXPECT_EQ(message_of("{observed} and {expected}"), "0x1003003 and 0x200" + tail);
    EXPECT_EQ(message_of("{count} of {expected_count}"), "16789507 of 512" + tail);
    EXPECT_EQ(message_of("{offset}"), "0x4028" + tail);
    EXPECT_EQ(message_of("the {detail}"), "the root table" + tail);
    EXPECT_EQ(message_of("{entry}"), "entry 5 of the level-1 table at 0x1004000 (page 4)" + tail);
    EXPECT_EQ(message_of("{record}"), "record 5 of the table at 0x1004000 (page 4)" + tail);
}

TEST(FindingMessage, NamesPagesAloneWhereTheBaseIsNotKnown)
{
    const Check check = check_with("{entry} leads to {target}");
    Finding finding = full_finding(check);
    finding.table = PhysAddr(0x4000);
    finding.target = PhysAddr(0x3000);
    EXPECT_THAT(finding_message(finding, kNowhere),
                HasSubstr("entry 5 of the level-1 table at page 4 leads to page 3"));
}

TEST(FindingMessage, PutsWhatTheRowDoesNotSayBehindIt)
{
    const Check check = check_with("something is wrong");
    EXPECT_EQ(finding_message(full_finding(check), kRegionAt16M),
              "something is wrong (IOVA 0x5000, devices 0000:00:02.0 to 0000:00:02.7, PASID 3, unit 2)");
    const Check said = check_with("{device} of {unit} at {iova}");
    EXPECT_EQ(finding_message(full_finding(said), kRegionAt16M), "device 0000:00:02.0 of 2 at 0x5000 (PASID 3)");
}

TEST(FindingMessage, SaysWhatIsNotKnownInsteadOfNothing)
{
    const Check check = check_with("{device} {unit} {iova} {page} {table} {index} {level} {target} {size} {observed} "
                                   "{expected} {count} {expected_count} {offset}");
    Finding finding;
    finding.check = &check;
    EXPECT_EQ(finding_message(finding, kRegionAt16M),
              "a device (unknown) (unknown) (unknown) (unknown) (unknown) (unknown) (unknown) (unknown) (unknown) "
              "(unknown) (unknown) (unknown) (unknown)");
}

TEST(FindingMessage, LeavesWhatIsNoNameAsItIs)
{
    EXPECT_THAT(message_of("{device} {no_such_name} {"), EndsWith("{no_such_name} {"));
}

TEST(FindingMessage, EveryNameInTheMessagesOfTheChecksIsKnown)
{
    const auto names = message_names();
    EXPECT_GT(all_checks().size(), 20U);
    for (const Check *check : all_checks()) {
        std::string_view rest = check->message;
        EXPECT_FALSE(rest.empty()) << check->code;
        for (std::size_t open = rest.find('{'); open != std::string_view::npos; open = rest.find('{')) {
            const std::size_t close = rest.find('}', open);
            ASSERT_NE(close, std::string_view::npos) << check->code << ": " << check->message;
            const std::string_view name = rest.substr(open + 1, close - open - 1);
            EXPECT_TRUE(std::ranges::find(names, name) != names.end()) << check->code << ": {" << name << "}";
            rest.remove_prefix(close + 1);
        }
    }
}

TEST(FindingJson, HasTheKeysOfTheContractFirst)
{
    const Check check = check_with("{entry}");
    const FindingPlaces places{kRegionAt16M, 0x10000, 0x400000};
    const std::string expected =
        R"j({"code":"leaf-maps-tables","severity":"error","page":4,"index":5,"level":1,"offset":"0x14028",)j"
        R"j("iova":"0x5000","device":"0000:00:02.0","observed":"0x1003003","expected":"0x200",)j"
        R"j("message":"entry 5 of the level-1 table at 0x1004000 (page 4) (IOVA 0x5000, devices 0000:00:02.0 to )j"
        R"j(0000:00:02.7, PASID 3, unit 2)","security":true,"repair":"safe","pasid":3,"unit":2,)j"
        R"j("table":"0x1004000","target":"0x1003000","size":"0x200000","last_device":"0000:00:02.7",)j"
        R"j("domains":null,"ranges":null,"ranges_left_out":0})j";
    EXPECT_EQ(finding_json(full_finding(check), places).text(), expected);
}

/// Two domains, of which one has a unit, a PASID and further users and the other no directory; two ranges of many.
Finding finding_with_lists(const Check &check)
{
    auto lists = std::make_shared<FindingLists>();
    FindingDomain first;
    first.unit = 1;
    first.device = 0x300;
    first.pasid = 65;
    first.domain_id = 6;
    first.users = 3;
    first.root = PhysAddr(0x3354000);
    first.iova = Iova(0x10000);
    FindingDomain second;
    second.root = PhysAddr(0x1004000);
    second.iova = Iova(0x2000);
    lists->domains = {first, second};
    for (std::uint64_t i = 0; i < 5; ++i)
        lists->ranges.push_back({0x8090000 + i * 0x2000, 0x8090fff + i * 0x2000});
    lists->ranges_left_out = 2;
    Finding finding = full_finding(check);
    finding.lists = lists;
    return finding;
}

TEST(FindingMessage, NamesDomainsAndRangesAndNothingTwice)
{
    const Check check = check_with("{domains} share {ranges}");
    EXPECT_EQ(finding_message(finding_with_lists(check), kRegionAt16M),
              "device 0000:03:00.0 with PASID 65 and 2 more (unit 1, domain 6, tables at 0x3354000, IOVA 0x10000) and "
              "a device (tables at 0x1004000 (page 4), IOVA 0x2000) share 0x8090000 to 0x8090fff, 0x8092000 to "
              "0x8092fff, 0x8094000 to 0x8094fff, 0x8096000 to 0x8096fff and 3 ranges more");
}

TEST(FindingMessage, SaysThatDomainsAndRangesAreNotKnown)
{
    const Check check = check_with("{domains} share {ranges}");
    EXPECT_EQ(finding_message(full_finding(check), kRegionAt16M), "(unknown) share (unknown)");
}

TEST(FindingJson, ListsDomainsAndRanges)
{
    const Check check = check_with("text");
    const Read json = Read::parse(finding_json(finding_with_lists(check), {kRegionAt16M, 0, 0x200000}).text());
    EXPECT_EQ(json.at("domains").dump(),
              R"j([{"device":"0000:03:00.0","pasid":65,"unit":1,"domain_id":6,"users":3,"table":"0x3354000",)j"
              R"j("iova":"0x10000"},{"device":null,"pasid":null,"unit":null,"domain_id":null,"users":0,)j"
              R"j("table":"0x1004000","iova":"0x2000"}])j");
    EXPECT_EQ(json.at("ranges").size(), 5U);
    EXPECT_EQ(json.at("ranges").at(1).dump(), R"j({"first":"0x8092000","last":"0x8092fff"})j");
    EXPECT_EQ(json.at("ranges_left_out"), 2);
}

TEST(FindingJson, HasNullWhereNothingApplies)
{
    const Check check = check_with("text");
    Finding finding;
    finding.check = &check;
    const Read json = Read::parse(finding_json(finding, {kRegionAt16M, 0, 0x200000}).text());
    for (const char *key : {"page", "index", "level", "offset", "iova", "device", "observed", "expected", "pasid",
                            "unit", "table", "target", "size", "last_device", "domains", "ranges"})
        EXPECT_TRUE(json.at(key).is_null()) << key;
    EXPECT_EQ(json.at("repair"), "none");
}

TEST(FindingJson, HidesAddressesThatMeanNothingWithoutABase)
{
    const Check check = check_with("text");
    const Read json = Read::parse(finding_json(full_finding(check), {kNowhere, 0, 0x200000}).text());
    EXPECT_TRUE(json.at("table").is_null());
    EXPECT_TRUE(json.at("target").is_null());
    EXPECT_EQ(json.at("page"), 4);
}

TEST(FindingPlaces, OffsetsBehindTheEndOfTheSourceAreNotOfIt)
{
    const Check check = check_with("text");
    Finding finding = full_finding(check);
    const FindingPlaces places{kRegionAt16M, 0x1000, 0x3000};
    finding.offset = 0x1ff8;
    EXPECT_EQ(places.in_source(finding), 0x2ff8U);
    finding.offset = 0x1ff9;  // eight bytes would end behind it
    EXPECT_EQ(places.in_source(finding), std::nullopt);
    finding.offset = ~std::uint64_t{0};
    EXPECT_EQ(places.in_source(finding), std::nullopt);
    EXPECT_EQ((FindingPlaces{kRegionAt16M, 0x4000, 0x3000}.in_source(finding)), std::nullopt);
}

TEST(FindingPlaces, ARecordAnEntryAndAPageHaveTheirSizes)
{
    const Check check = check_with("text");
    Finding finding = full_finding(check);
    EXPECT_EQ(finding_bytes(finding), 8U);
    finding.record_bytes = 64;
    EXPECT_EQ(finding_bytes(finding), 64U);
    finding.record_bytes = 0;
    finding.index.reset();
    EXPECT_EQ(finding_bytes(finding), 4096U);
    finding.page.reset();
    EXPECT_EQ(finding_bytes(finding), 0U);
}

/// `count` leaked pages in a region.
CheckedSource leaks(const Check &check, std::uint32_t count)
{
    CheckedSource source;
    source.info = {.path = "a\033.img", .kind = "region-image", .offset = 0x2000, .paddr = {}, .paddr_origin = {}};
    source.places = {kNowhere, 0x2000, 0x400000};
    source.checks = 1;
    for (std::uint32_t page = 1; page <= count; ++page) {
        Finding finding;
        finding.check = &check;
        finding.severity = Severity::warning;
        finding.page = PageIndex(page);
        source.report.findings.push_back(finding);
    }
    source.report.count = {0, count, 0};
    return source;
}

TEST(CheckText, ShowsTwentyFindingsOfACodeAndCountsTheRest)
{
    const Check check = check_with("{page} is lost");
    const std::string text = check_text(leaks(check, 511), Palette(Colour::off), FindingsShown::first);
    EXPECT_THAT(text, HasSubstr("a\\x1b.img: region-image at offset 0x2000\n"));
    EXPECT_THAT(text, HasSubstr("\n  page 20 is lost\n  and 491 more (all with --json)\n"));
    EXPECT_THAT(text, Not(HasSubstr("page 21 is lost")));
    EXPECT_THAT(text, HasSubstr("\n0 errors, 511 warnings, 0 notes\n"));
    const std::string all = check_text(leaks(check, 511), Palette(Colour::off), FindingsShown::all);
    EXPECT_THAT(all, HasSubstr("page 511 is lost"));
    EXPECT_THAT(all, Not(HasSubstr("more")));
}

TEST(CheckText, SaysWhyAndWhatToDoOncePerCode)
{
    const Check check = check_with("{page} is lost");
    const std::string text = check_text(leaks(check, 3), Palette(Colour::off), FindingsShown::first);
    EXPECT_THAT(text, HasSubstr("  page 3 is lost\n  why   Because.\n  repair  Nothing.\n"
                                "  next  pgregion explain leaf-maps-tables\n"));
    EXPECT_EQ(text.find("Because."), text.rfind("Because."));
    CheckedSource repairable = leaks(check, 3);
    repairable.report.findings[1].repair = RepairPolicy::safe;
    repairable.next = {"'a b.img'", " --offset 0x2000", " --format vtd-ss", " --liveupdate no"};
    EXPECT_THAT(check_text(repairable, Palette(Colour::off), FindingsShown::first),
                HasSubstr("  next  pgregion repair -n 'a b.img' --offset 0x2000 --format vtd-ss --liveupdate no\n"
                          "        pgregion explain leaf-maps-tables\n"));
}

TEST(CheckText, PutsTheWorstCodeFirstAndMarksMilderFindings)
{
    const Check mild = check_with("{page} is mild");
    const Check bad = check_with("{page} is bad");
    CheckedSource source = leaks(mild, 1);
    for (const Severity severity : {Severity::info, Severity::error}) {
        Finding finding;
        finding.check = &bad;
        finding.severity = severity;
        finding.page = PageIndex(9);
        source.report.findings.push_back(finding);
    }
    const std::string text = check_text(source, Palette(Colour::off), FindingsShown::first);
    EXPECT_LT(text.find("page 9 is bad"), text.find("page 1 is mild"));
    EXPECT_THAT(text, HasSubstr("  page 9 is bad\n  (info) page 9 is bad\n"));
}

TEST(CheckText, TellsOfACleanSourceWhatWasLookedAt)
{
    CheckedSource source;
    source.info.path = "good.img";
    source.places.pages = kRegionAt16M;
    source.checks = all_checks().size() - area_checks().size();
    source.roots.push_back({"vtd-ss", 4, PhysAddr(0x1001000)});
    source.reading = ReadingOrigin::inferred;
    source.report.tables = 12;
    source.report.entries = 3456;
    const std::string text = check_text(source, Palette(Colour::off), FindingsShown::first);
    EXPECT_THAT(text, HasSubstr("\nno findings\nchecked: all "));
    EXPECT_THAT(text, HasSubstr(" checks; 12 tables with 3456 page-table entries; vtd-ss, 4 levels, "
                                "root 0x1001000 (page 1); inferred from the tables\n"));
    source.checks = 2;
    source.roots.clear();
    EXPECT_THAT(check_text(source, Palette(Colour::off), FindingsShown::first),
                HasSubstr("; the bitmap alone, no tables\n"));
}

TEST(CheckText, CountsFindingsOfSecurityApart)
{
    const Check check = check_with("{page}");
    CheckReport report = leaks(check, 3).report;
    report.findings[0].security = true;
    report.count = {1, 0, 2};
    EXPECT_EQ(findings_summary(report), "2 errors (1 of security), 0 warnings, 1 note");
}

}  // namespace

}  // namespace pgregion::report
