// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion check, as an operator calls it: what it says, how it ends, and that it leaves every source alone.
#include "cli/command_test.h"

#include <pgregion/area_check.h>
#include <pgregion/check.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace pgregion::test
{

namespace
{

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t kBase = 0x1000000;
constexpr std::uint64_t kReadWrite = 3;
const std::vector<std::string> kContext{"--format", "vtd-ss", "--levels", "3"};

/// A second-stage tree on pages 1, 2 and 3 with one leaf: sound.
Image sound_image()
{
    Image image = image_with({{0, 3}});
    put_entry(image, 1, 0, kBase + 0x2000 + kReadWrite);
    put_entry(image, 2, 0, kBase + 0x3000 + kReadWrite);
    put_entry(image, 3, 0, 0x50000000 + kReadWrite);
    return image;
}

/// The same, where IOVA 0x5000 leads to the root table, page 4 is lost, and free page 9 holds data.
Image bad_image()
{
    Image image = sound_image();
    store_word(image, 0, 0x1f);
    put_entry(image, 3, 5, kBase + 0x1000 + kReadWrite);
    put_entry(image, 9, 0, 1);
    return image;
}

class CheckCommand : public CommandTest
{
protected:
    [[nodiscard]] std::string sound() const { return region("sound.img", sound_image()); }
    [[nodiscard]] std::string bad() const { return region("bad.img", bad_image()); }

    /// Checks `source` in its context, with more options.
    static ProgramOutcome check(const std::string &source, const std::vector<std::string> &more = {})
    {
        std::vector<std::string> words{"check", source + "@0x1000000"};
        words.insert(words.end(), kContext.begin(), kContext.end());
        words.insert(words.end(), more.begin(), more.end());
        return run_pgregion(words);
    }

    static Json result(const ProgramOutcome &outcome) { return Json::parse(outcome.output).at("results").at(0); }

    static std::vector<std::string> codes(const Json &findings)
    {
        std::vector<std::string> codes;
        for (const Json &finding : findings)
            codes.push_back(finding.at("code"));
        return codes;
    }
};

TEST_F(CheckCommand, SaysOfASoundRegionWhatWasLookedAt)
{
    const ProgramOutcome outcome = check(sound());
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.errors, "");
    EXPECT_THAT(outcome.output, HasSubstr("sound.img: region-image at 0x1000000 (given)\nno findings\nchecked: all "));
    EXPECT_THAT(outcome.output, HasSubstr("; 3 tables with 3 page-table entries; vtd-ss, 3 levels, "
                                          "root 0x1001000 (page 1)\n"));
}

TEST_F(CheckCommand, SaysWhatWhereWhyAndTheNextCommand)
{
    const std::string source = bad();
    const ProgramOutcome outcome = check(source);
    EXPECT_EQ(outcome.status, 4);
    const Check *row = find_check("leaf-maps-tables");
    ASSERT_NE(row, nullptr);
    EXPECT_THAT(outcome.output, HasSubstr("\nerror leaf-maps-tables (security): " + std::string(row->title) + "\n"));
    EXPECT_THAT(outcome.output, HasSubstr("0x1001000 (page 1)"));
    EXPECT_THAT(outcome.output, HasSubstr("entry 5 of the level-0 table at 0x1003000 (page 3)"));
    EXPECT_THAT(outcome.output, HasSubstr("IOVA 0x5000"));
    EXPECT_THAT(outcome.output, HasSubstr("\n  why   " + std::string(row->why.substr(0, 40))));
    EXPECT_THAT(outcome.output,
                HasSubstr("\n  next  pgregion repair -n " + source + "@0x1000000 --format vtd-ss --levels 3"));
    EXPECT_THAT(outcome.output, HasSubstr("\n        pgregion explain leaf-maps-tables\n"));
    EXPECT_THAT(outcome.output, HasSubstr("\n1 error (1 of security), 2 warnings, 0 notes\n"));
}

TEST_F(CheckCommand, NeverTouchesTheSource)
{
    const std::string source = bad();
    std::filesystem::permissions(source, std::filesystem::perms::owner_read);
    const auto before = std::filesystem::last_write_time(source);
    EXPECT_EQ(check(source, {"--liveupdate", "no"}).status, 4);
    EXPECT_EQ(std::filesystem::last_write_time(source), before);
    EXPECT_EQ(read_image(source), bad_image());
    EXPECT_EQ(
        std::distance(std::filesystem::directory_iterator(directory().path()), std::filesystem::directory_iterator()),
        1)
        << "something was left beside the source";
}

TEST_F(CheckCommand, FailOnChoosesWhatIsAFailure)
{
    const std::string source = bad();
    EXPECT_EQ(check(source, {"--fail-on", "never"}).status, 0);
    EXPECT_EQ(check(source, {"--skip", "leaf-maps-tables"}).status, 0);
    EXPECT_EQ(check(source, {"--skip", "leaf-maps-tables", "--fail-on", "warning"}).status, 4);
    EXPECT_EQ(check(source, {"--only", "page-lost-bit", "--fail-on", "info"}).status, 0);
    EXPECT_EQ(check(source, {"--fail-on", "sometimes"}).status, 16);
}

TEST_F(CheckCommand, OnlyAndSkipTakeListsAndMayBeRepeated)
{
    const std::string source = bad();
    const Json both = result(check(source, {"--only", "page-leaked,leaf-maps-tables", "--json"}));
    EXPECT_THAT(codes(both.at("findings")), testing::UnorderedElementsAre("leaf-maps-tables", "page-leaked"));
    EXPECT_EQ(both.at("checked").at("checks"), 2);
    const Json one = result(
        check(source, {"--only", "page-leaked", "--only", "leaf-maps-tables", "--skip", "page-leaked", "--json"}));
    EXPECT_THAT(codes(one.at("findings")), testing::ElementsAre("leaf-maps-tables"));
    EXPECT_EQ(one.at("summary"), Json({{"error", 1}, {"warning", 0}, {"info", 0}}));
}

TEST_F(CheckCommand, AnUnknownCodeIsAUsageErrorThatNamesTheNearest)
{
    const std::string source = bad();
    expect_failure(check(source, {"--only", "table-shard"}), 16, {"no check 'table-shard'", "table-shared", "explain"});
    expect_failure(check(source, {"--skip", "page-leaked,\033[31m"}), 16, {"\\x1b[31m"});
    expect_failure(check(source, {"--only", ""}), 16, {"no check ''"});
    expect_failure(check(source, {"--only", "page-leaked", "--skip", "page-leaked"}), 16, {"leave no check"});
}

TEST_F(CheckCommand, FindingsInJsonNameTheirPlace)
{
    Image memory(0x3000);
    const Image image = bad_image();
    memory.insert(memory.end(), image.begin(), image.end());
    const std::string source = region("memory.raw", memory);
    std::vector<std::string> words{"check", source, "--offset", "0x3000", "--paddr", "0x1000000", "--json"};
    words.insert(words.end(), kContext.begin(), kContext.end());
    const ProgramOutcome outcome = run_pgregion(words);
    EXPECT_EQ(outcome.status, 4);
    const Json whole = result(outcome);
    EXPECT_EQ(whole.at("changed"), false);
    EXPECT_EQ(whole.at("truncated"), false);
    EXPECT_EQ(whole.at("checked").at("reading"), "given");
    EXPECT_EQ(whole.at("checked").at("roots"),
              Json::array({{{"format", "vtd-ss"}, {"levels", 3}, {"root", "0x1001000"}, {"page", 1}}}));
    for (const Json &finding : whole.at("findings")) {
        if (finding.at("code") != "leaf-maps-tables")
            continue;
        EXPECT_EQ(finding.at("severity"), "error");
        EXPECT_EQ(finding.at("security"), true);
        EXPECT_EQ(finding.at("page"), 3);
        EXPECT_EQ(finding.at("index"), 5);
        EXPECT_EQ(finding.at("level"), 0);
        EXPECT_EQ(finding.at("offset"), "0x6028");  // from the start of the source
        EXPECT_EQ(finding.at("iova"), "0x5000");
        EXPECT_EQ(finding.at("target"), "0x1001000");
        EXPECT_EQ(finding.at("observed"), "0x1001003");
        EXPECT_EQ(finding.at("device"), nullptr);
        EXPECT_EQ(finding.at("repair"), "safe");
    }
    EXPECT_THAT(codes(whole.at("findings")), testing::Contains("leaf-maps-tables"));
}

TEST_F(CheckCommand, TheFindingsAreTheSameWithAnyNumberOfThreads)
{
    Image image = bad_image();
    for (std::size_t i = 6; i < 512; ++i)
        put_entry(image, 3, i, kBase + 0x1000 * (i % 16) + kReadWrite);
    const std::string source = region("many.img", image);
    const std::string one = check(source, {"--json", "-j", "1"}).output;
    EXPECT_THAT(one, HasSubstr("leaf-maps-tables"));
    for (const char *threads : {"2", "3", "8"})
        EXPECT_EQ(check(source, {"--json", "-j", threads}).output, one) << threads;
    EXPECT_EQ(check(source, {"--json", "-j", "1"}).output, one);
}

TEST_F(CheckCommand, AnUndecidedRegionHasItsBitmapChecked)
{
    Image image = image_with({{0, 0}});
    image[100] = std::byte{1};
    const ProgramOutcome outcome = run_pgregion({"check", region("empty.img", image)});
    EXPECT_EQ(outcome.status, 4);
    EXPECT_THAT(outcome.output, HasSubstr("error bitmap-tail-set"));
    EXPECT_THAT(outcome.output, HasSubstr("info format-undecided"));
    EXPECT_THAT(outcome.output, HasSubstr("; the bitmap alone, no tables\n"));
    EXPECT_THAT(outcome.output, HasSubstr("note: the tables are not checked: "));
    const Json json = result(run_pgregion({"check", path("empty.img"), "--json"}));
    EXPECT_EQ(json.at("checked").at("reading"), nullptr);
    EXPECT_EQ(json.at("notes").size(), 1U);
}

TEST_F(CheckCommand, LiveUpdateIsComparedWhenItIsAskedFor)
{
    const std::string source = sound();
    EXPECT_EQ(check(source, {"--liveupdate", "yes"}).status, 0);
    const ProgramOutcome cold = check(source, {"--liveupdate", "no"});
    EXPECT_EQ(cold.status, 4);
    EXPECT_THAT(cold.output, HasSubstr("root-bit-liveupdate"));
    EXPECT_EQ(check(source, {"--liveupdate", "perhaps"}).status, 16);
}

TEST_F(CheckCommand, RamIsARangeAndFindsLeavesThatLeadElsewhere)
{
    const std::string source = sound();
    EXPECT_EQ(check(source, {"--ram", "0x50000000+4K", "--ram", "0x1000000-0x11fffff", "--fail-on", "info"}).status, 0);
    const ProgramOutcome outside = check(source, {"--ram", "0x1000000+2M", "--fail-on", "warning"});
    EXPECT_EQ(outside.status, 4);
    EXPECT_THAT(outside.output, HasSubstr("leaf-outside-ram"));
    for (const char *wrong : {"5", "5-4", "x+1", "0+0", "0xffffffffffffffff+2", "1-", ""})
        expect_failure(check(source, {"--ram", wrong}), 16, {"--ram takes a range"});
}

TEST_F(CheckCommand, OneDeviceAloneIsRefused)
{
    expect_failure(check(sound(), {"--device", "00:02.0"}), 16, {"checks look at everything"});
    expect_failure(check(path("sound.img"), {"--pasid", "1"}), 16, {"checks look at everything"});
}

TEST_F(CheckCommand, AMemoryIsCheckedFromItsRootAndNeedsOne)
{
    Image memory(0x8000);
    put_entry(memory, 1, 0, 0x2003);
    put_entry(memory, 2, 0, 0x3003);
    put_entry(memory, 3, 0, 0x1003);  // maps the root table
    const std::string source = region("memory.raw", memory);
    expect_failure(run_pgregion({"check", source}), 8, {"where its tables begin"});
    const ProgramOutcome outcome =
        run_pgregion({"check", source, "--format", "vtd-ss", "--levels", "3", "--root", "0x1000", "--json"});
    EXPECT_EQ(outcome.status, 4);
    const Json findings = result(outcome).at("findings");
    EXPECT_THAT(codes(findings), testing::ElementsAre("leaf-maps-tables"));
    EXPECT_EQ(findings.at(0).at("page"), nullptr);
    EXPECT_EQ(findings.at(0).at("offset"), "0x3000");
}

TEST_F(CheckCommand, APieceThatIsARegionMustNotBeWrittenByDevices)
{
    Image image = sound_image();
    put_entry(image, 3, 7, 0x2005000 + kReadWrite);
    const std::string source = region("domain.img", image);
    EXPECT_EQ(check(source).status, 0);
    const std::string other = region("other.img", Pages{{0, 1}});
    const ProgramOutcome outcome = check(source, {"--with", other + "@0x2000000"});
    EXPECT_EQ(outcome.status, 4);
    EXPECT_THAT(outcome.output, HasSubstr("leaf-maps-tables"));
    EXPECT_THAT(outcome.output, HasSubstr("0x2005000"));
    const std::string never_opened = region("never.img", Image(2 << 20));
    EXPECT_EQ(check(source, {"--with", never_opened + "@0x2000000"}).status, 0);
}

TEST_F(CheckCommand, ManySourcesAreCheckedAndTheirStatusBitsAdded)
{
    const std::string good = region("good.img", Image(2 << 20));
    Image spoilt = image_with({{0, 0}});
    spoilt[100] = std::byte{1};
    const std::string wrong = region("wrong.img", spoilt);
    const ProgramOutcome outcome = run_pgregion({"check", good, path("gone.img"), wrong, "--json"});
    EXPECT_EQ(outcome.status, 12);
    const Json document = Json::parse(outcome.output);
    EXPECT_EQ(document.at("results").size(), 2U);
    EXPECT_EQ(document.at("errors").size(), 1U);
    const ProgramOutcome quiet = run_pgregion({"check", good, path("gone.img"), wrong, "-q"});
    EXPECT_EQ(quiet.status, 12);
    EXPECT_EQ(quiet.output + quiet.errors, "");
}

TEST_F(CheckCommand, JsonLinesGiveALinePerFindingAndTheRestPerSource)
{
    const ProgramOutcome outcome = check(bad(), {"--json-lines"});
    std::vector<std::string> records;
    std::istringstream lines(outcome.output);
    for (std::string line; std::getline(lines, line);)
        records.push_back(Json::parse(line).at("record"));
    EXPECT_THAT(records, testing::ElementsAre("finding", "finding", "finding", "result", "summary"));
}

TEST_F(CheckCommand, ReportsTakeThePlaceOfTextAndHoldAllSources)
{
    const std::string source = bad();
    const ProgramOutcome sarif = check(source, {"--report", "sarif"});
    EXPECT_EQ(sarif.status, 4);
    const Json run = Json::parse(sarif.output).at("runs").at(0);
    EXPECT_EQ(run.at("results").size(), 3U);
    EXPECT_EQ(run.at("tool").at("driver").at("rules").size(), all_checks().size() - area_checks().size());
    EXPECT_THAT(run.dump(), HasSubstr("\"uri\":\"file://" + directory().path()));
    const ProgramOutcome junit = run_pgregion({"check", region("zero.img", Image(2 << 20)), path("gone.img"),
                                               "--report", "junit", "--only", "bitmap-tail-set"});
    EXPECT_EQ(junit.status, 8);
    EXPECT_THAT(junit.output, HasSubstr("<testsuites name=\"pgregion check\" tests=\"2\" failures=\"0\" errors=\"1\""));
    EXPECT_EQ(check(source, {"--report", "sarif", "--json"}).status, 16);
    EXPECT_EQ(check(source, {"--report", "html"}).status, 16);
}

TEST_F(CheckCommand, AReportGoesIntoItsFileAlsoWhenASourceCannotBeRead)
{
    const std::string report = path("report.xml");
    const ProgramOutcome outcome = run_pgregion({"check", path("missing.img"), "--report", "junit", "-o", report});
    EXPECT_EQ(outcome.status, 8);
    EXPECT_THAT(content_of(report), HasSubstr("no-such-file"));
}

TEST_F(CheckCommand, ASourceThatChangesWhileItIsReadIsNoticed)
{
    const std::string source = region("live.img", image_with({{0, 0}}));
    std::atomic<bool> stop = false;
    std::thread writer([&] {
        std::fstream file(source, std::ios::binary | std::ios::in | std::ios::out);
        for (std::uint64_t count = 1; !stop; ++count) {
            file.seekp(0x5000);
            file.write(reinterpret_cast<const char *>(&count), sizeof count).flush();
        }
    });
    ProgramOutcome outcome;
    bool noticed = false;
    for (int attempt = 0; attempt < 100 && !noticed; ++attempt) {
        outcome = run_pgregion({"check", source, "--json"});
        noticed = result(outcome).at("changed");
    }
    stop = true;
    writer.join();
    EXPECT_TRUE(noticed);
    EXPECT_THAT(outcome.errors, HasSubstr("changed while it was read"));
    EXPECT_THAT(result(outcome).at("notes").dump(), HasSubstr("changed while it was read"));
    EXPECT_EQ(result(run_pgregion({"check", source, "--json"})).at("changed"), false);
}

TEST_F(CheckCommand, ControlCharactersOfANameDoNotReachTheTerminal)
{
    const ProgramOutcome outcome = run_pgregion({"check", region("\033[31m.img", Pages{{0, 0}})});
    EXPECT_THAT(outcome.output, Not(HasSubstr("\033")));
    EXPECT_THAT(outcome.output, HasSubstr("\\x1b[31m.img"));
}

}  // namespace

}  // namespace pgregion::test
