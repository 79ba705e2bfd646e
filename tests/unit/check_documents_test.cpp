// SPDX-License-Identifier: GPL-2.0-or-later
//
// The documents of `check --report`: JUnit, read back by an XML parser that is not ours, and SARIF, held against
// the properties that the standard requires (sections 3.13 to 3.29).
#include "report/junit_report.h"
#include "report/sarif_report.h"
#include "support/run_program.h"
#include "unit/io_test_support.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace pgregion::report
{

namespace
{

using testing::HasSubstr;
using testing::Not;
using Read = nlohmann::ordered_json;

const Check kLoud{.code = "table-cycle",
                  .severity = Severity::error,
                  .security = true,
                  .title = "a <table> leads & back",
                  .message = "{page} is \"loud\" & <bad>",
                  .why = "Why > ever.",
                  .repair = "Nothing.",
                  .origin = "PT14"};
const Check kQuiet{.code = "table-empty",
                   .severity = Severity::info,
                   .title = "quiet",
                   .message = "{page} is quiet",
                   .why = "No reason.",
                   .repair = "Nothing.",
                   .origin = "PT45"};
const Check kSilent{.code = "leaf-outside-ram",
                    .title = "silent",
                    .message = "silent",
                    .why = "No reason.",
                    .repair = "Nothing.",
                    .origin = "PT27"};
const Check kBit{.code = "root-bit-liveupdate",
                 .title = "bit",
                 .message = "bit",
                 .why = "No reason.",
                 .repair = "Nothing.",
                 .origin = "D5"};

CheckTerms terms()
{
    return {.version = "1.2.3",
            .checks = {&kSilent, &kBit, &kLoud, &kQuiet},
            .fail_on = Severity::error,
            .liveupdate_known = false,
            .ram_known = true};
}

Finding finding_on(const Check &check, std::uint64_t page)
{
    Finding finding;
    finding.check = &check;
    finding.severity = check.severity;
    finding.security = check.security;
    finding.page = PageIndex(page);
    finding.offset = page * 4096;
    return finding;
}

CheckedSource source_at(const std::string &path)
{
    CheckedSource source;
    source.info.path = path;
    source.places = {{PhysAddr(0x1000000), 512}, 0x1000, 0x300000};
    source.roots.push_back({"vtd-ss", 4, PhysAddr(0x1001000)});
    source.report.findings = {finding_on(kQuiet, 2), finding_on(kLoud, 3)};
    source.report.findings[1].index = 7;
    source.report.findings[1].offset = 0x3038;
    return source;
}

/// Path, name of the child and its text or message, as Python's parser sees every test case.
std::string parsed(const std::string &xml)
{
    constexpr const char *kScript = R"py(
import sys, xml.etree.ElementTree as tree
root = tree.fromstring(sys.stdin.buffer.read())
print(root.tag, root.get("tests"), root.get("failures"), root.get("errors"), root.get("skipped"))
for suite in root:
    print(suite.tag, ascii(suite.get("name")))
    for case in suite:
        print(" ", case.tag, ascii(case.get("classname")), case.get("name"))
        for child in case:
            print("   ", child.tag, ascii(child.get("message")), ascii(child.text))
)py";
    test::ProgramCall call;
    call.arguments = {"/usr/bin/python3", "-c", kScript};
    call.input = xml;
    const test::ProgramOutcome outcome = test::run_program(call);
    EXPECT_EQ(outcome.status, 0) << outcome.errors << xml;
    return outcome.output;
}

TEST(JUnit, ATestCasePerSourceAndCheckReadsBack)
{
    const auto document = make_junit(terms());
    document->add(source_at("a.img"));
    EXPECT_EQ(parsed(document->finish(4)),
              "testsuites 4 1 0 1\n"
              "testsuite 'a.img'\n"
              "  testcase 'a.img' leaf-outside-ram\n"
              "  testcase 'a.img' root-bit-liveupdate\n"
              "    skipped '--liveupdate is not given' None\n"
              "  testcase 'a.img' table-cycle\n"
              "    failure '1 finding: a <table> leads & back' 'error: page 3 is \"loud\" & <bad>\\n\\nWhy > ever.'\n"
              "  testcase 'a.img' table-empty\n"
              "    system-out None 'info: page 2 is quiet\\n'\n");
}

TEST(JUnit, FindingsBelowTheLimitAreNoFailures)
{
    CheckTerms never = terms();
    never.fail_on.reset();
    const auto document = make_junit(std::move(never));
    document->add(source_at("a.img"));
    EXPECT_THAT(parsed(document->finish(0)), HasSubstr("testsuites 4 0 0 1\n"));
    CheckTerms all = terms();
    all.fail_on = Severity::info;
    const auto strict = make_junit(std::move(all));
    strict->add(source_at("a.img"));
    EXPECT_THAT(parsed(strict->finish(4)), HasSubstr("testsuites 4 2 0 1\n"));
}

TEST(JUnit, ChecksThatCouldNotLookAreSkippedNotPassed)
{
    CheckedSource source = source_at("a.img");
    source.roots.clear();
    source.report.findings.clear();
    source.notes = {"the tables are not checked"};
    const auto document = make_junit(terms());
    document->add(source);
    const std::string text = parsed(document->finish(0));
    EXPECT_THAT(text, HasSubstr("testsuites 4 0 0 4\n"));
    EXPECT_THAT(text, HasSubstr("table-cycle\n    skipped 'the format of the tables is not known' None\n"));
}

TEST(JUnit, ASourceThatCannotBeCheckedIsAnError)
{
    const auto document = make_junit(terms());
    document->add_failure("gone.img", Error(Failure::operational, "no-such-file", "no such <file>", "look & see"));
    EXPECT_EQ(parsed(document->finish(8)), "testsuites 1 0 1 0\n"
                                           "testsuite 'gone.img'\n"
                                           "  testcase 'gone.img' open\n"
                                           "    error 'no such <file>' 'look & see'\n");
}

TEST(JUnit, AnyBytesInAPathAreValidXml)
{
    std::string path;
    for (int byte = 1; byte < 256; ++byte)
        path += static_cast<char>(byte);
    path += "\xef\xbf\xbe \xef\xbf\xbf \xed\xa0\x80 \xf0\x9f\x98\x80 ]]>";
    const auto document = make_junit(terms());
    document->add(source_at(path));
    const std::string text = parsed(document->finish(4));
    EXPECT_THAT(text, HasSubstr("\\\\x01\\\\x02"));
    EXPECT_THAT(text, HasSubstr("\\\\x7f\\\\x80"));
    EXPECT_THAT(text, HasSubstr("\\\\xef\\\\xbf\\\\xbe \\\\xef\\\\xbf\\\\xbf \\\\xed\\\\xa0\\\\x80 \\U0001f600 ]]>"));
}

TEST(JUnit, ManyFindingsOfOneCodeAreCut)
{
    CheckedSource source = source_at("a.img");
    source.report.findings.assign(1500, finding_on(kLoud, 3));
    const auto document = make_junit(terms());
    document->add(source);
    const std::string xml = document->finish(4);
    EXPECT_THAT(xml, HasSubstr("message=\"1500 findings: "));
    EXPECT_THAT(xml, HasSubstr("and 500 more\n"));
}

Read sarif_of(const CheckedSource &source, int status = 4)
{
    const auto document = make_sarif(terms());
    document->add(source);
    return Read::parse(document->finish(status));
}

TEST(Sarif, HasWhatTheStandardRequires)
{
    const Read log = sarif_of(source_at("a.img"));
    EXPECT_EQ(log.at("version"), "2.1.0");
    EXPECT_THAT(log.at("$schema").get<std::string>(), HasSubstr("sarif-schema-2.1.0.json"));
    ASSERT_EQ(log.at("runs").size(), 1U);
    const Read &run = log.at("runs").at(0);
    const Read &driver = run.at("tool").at("driver");
    EXPECT_EQ(driver.at("name"), "pgregion");
    EXPECT_EQ(driver.at("version"), "1.2.3");
    EXPECT_EQ(driver.at("semanticVersion"), "1.2.3");
    ASSERT_EQ(driver.at("rules").size(), 4U);
    for (const Read &rule : driver.at("rules")) {
        for (const char *text : {"shortDescription", "fullDescription", "help"})
            EXPECT_TRUE(rule.at(text).at("text").is_string()) << rule;
        EXPECT_TRUE(rule.at("id").is_string());
        EXPECT_TRUE(rule.at("properties").at("security").is_boolean());
    }
    ASSERT_EQ(run.at("invocations").size(), 1U);
    EXPECT_EQ(run.at("invocations").at(0).at("executionSuccessful"), true);
    EXPECT_EQ(run.at("invocations").at(0).at("exitCode"), 4);
    ASSERT_EQ(run.at("results").size(), 2U);
}

TEST(Sarif, AResultNamesItsRuleItsLevelAndItsBytes)
{
    const Read run = sarif_of(source_at("a.img")).at("runs").at(0);
    const Read &quiet = run.at("results").at(0);
    EXPECT_EQ(quiet.at("ruleId"), "table-empty");
    EXPECT_EQ(quiet.at("level"), "note");
    const Read &loud = run.at("results").at(1);
    EXPECT_EQ(loud.at("ruleIndex"), 2);
    EXPECT_EQ(run.at("tool").at("driver").at("rules").at(2).at("id"), "table-cycle");
    EXPECT_EQ(loud.at("level"), "error");
    EXPECT_EQ(loud.at("message").at("text"), "page 3 is \"loud\" & <bad>");
    ASSERT_EQ(loud.at("locations").size(), 1U);
    EXPECT_EQ(loud.at("locations").at(0).dump(), R"({"physicalLocation":{"artifactLocation":{"uri":"a.img"},)"
                                                 R"("region":{"byteOffset":16440,"byteLength":8}}})");
    EXPECT_EQ(quiet.at("locations").at(0).at("physicalLocation").at("region").dump(),
              R"({"byteOffset":12288,"byteLength":4096})");
}

TEST(Sarif, FingerprintsStayAndDiffer)
{
    const Read first = sarif_of(source_at("a.img")).at("runs").at(0).at("results");
    const Read again = sarif_of(source_at("a.img")).at("runs").at(0).at("results");
    EXPECT_EQ(first, again);
    EXPECT_NE(first.at(0).at("partialFingerprints"), first.at(1).at("partialFingerprints"));
    CheckedSource moved = source_at("a.img");
    moved.report.findings[1].index = 8;
    EXPECT_NE(sarif_of(moved).at("runs").at(0).at("results").at(1).at("partialFingerprints"),
              first.at(1).at("partialFingerprints"));
}

TEST(Sarif, ASourceThatCannotBeCheckedMakesTheRunUnsuccessful)
{
    const auto document = make_sarif(terms());
    document->add_failure("gone \xff.img", Error(Failure::operational, "no-such-file", "no \xff file", "look"));
    const Read invocation = Read::parse(document->finish(8)).at("runs").at(0).at("invocations").at(0);
    EXPECT_EQ(invocation.at("executionSuccessful"), false);
    const Read &notification = invocation.at("toolExecutionNotifications").at(0);
    EXPECT_EQ(notification.at("level"), "error");
    EXPECT_EQ(notification.at("message").at("text"), "no \\xff file (look)");
    EXPECT_EQ(notification.at("locations").at(0).at("physicalLocation").at("artifactLocation").at("uri"),
              "gone%20%FF.img");
}

TEST(Sarif, ManyResultsOfOneCodeAreCutAndThatIsSaid)
{
    CheckedSource source = source_at("a.img");
    source.report.findings.assign(1500, finding_on(kLoud, 3));
    const Read run = sarif_of(source).at("runs").at(0);
    EXPECT_EQ(run.at("results").size(), 1000U);
    EXPECT_EQ(run.at("invocations").at(0).at("toolExecutionNotifications").at(0).at("message").at("text"),
              "table-cycle: 500 more results are left out");
}

TEST(PathUri, EncodesEveryByteThatAUriDoesNotHold)
{
    EXPECT_EQ(path_uri("region.img"), "region.img");
    EXPECT_EQ(path_uri("/var/lib/a b.img"), "file:///var/lib/a%20b.img");
    EXPECT_EQ(path_uri("../x:y#z?%"), "../x%3Ay%23z%3F%25");
    EXPECT_EQ(path_uri("\xc3\xa9\xff\n"), "%C3%A9%FF%0A");
}

TEST(XmlText, KeepsLinesAndEscapesTheRest)
{
    EXPECT_EQ(xml_text("a\nb\r<&>\"\n"), "a\nb\\x0d&lt;&amp;&gt;&quot;\n");
    EXPECT_EQ(xml_text(""), "");
}

}  // namespace

}  // namespace pgregion::report
