// SPDX-License-Identifier: GPL-2.0-or-later
//
// However a run ends, who asked for a document gets one: JSON, lines of JSON, SARIF or JUnit on standard output, with
// the exit status that the run really has.
#include "cli/command_test.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace pgregion::test
{

namespace
{

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;
using Words = std::vector<std::string>;

struct End {
    Words words;
    int status = 0;
    std::string command;  ///< that the document names; empty: null
    std::string code;     ///< of the only error; empty: none
};

void PrintTo(const End &end, std::ostream *out) { *out << testing::PrintToString(end.words); }

class Ends : public CommandTest
{
protected:
    Ends()
    {
        write_image(path("good.img"), image_with({{0, 1}}));
        directory().file("short.img", "too short");
    }

    [[nodiscard]] ProgramOutcome run(Words words, const Words &more) const
    {
        for (std::string &word : words) {
            if (const std::size_t at = word.find("{}"); at != std::string::npos)
                word.replace(at, 3, path(""));
        }
        words.insert(words.end(), more.begin(), more.end());
        return run_pgregion(words);
    }

    static void expect_document(const End &end, const Json &document)
    {
        EXPECT_EQ(document.at("exit_status"), end.status);
        EXPECT_EQ(document.at("schema_version"), 1);
        EXPECT_EQ(document.at("tool").at("name"), "pgregion");
        EXPECT_EQ(document.at("command"), end.command.empty() ? Json() : Json(end.command));
        EXPECT_EQ(document.at("errors").size(), end.code.empty() ? 0U : 1U);
        for (const Json &error : document.at("errors"))
            EXPECT_EQ(error.at("code"), end.code);
    }

    void expect_end(const End &end) const
    {
        SCOPED_TRACE(testing::PrintToString(end));
        const ProgramOutcome outcome = run(end.words, {});
        EXPECT_EQ(outcome.status, end.status);
        const Json document = Json::parse(outcome.output, nullptr, false);
        ASSERT_FALSE(document.is_discarded()) << outcome.output;
        expect_document(end, document);
    }
};

TEST_F(Ends, EveryEndIsOneJsonDocument)
{
    for (const End &end : std::vector<End>{
             {{"bitmap", "{}/good.img", "--json"}, 0, "bitmap", ""},
             {{"--json"}, 16, "", "no-command"},
             {{"--json", "--json-lines"}, 16, "", "no-command"},
             {{"-q", "--json"}, 16, "", "no-command"},
             {{"--json", "bogus"}, 16, "", "no-such-command"},
             {{"bogus", "--json"}, 16, "", "no-such-command"},
             {{"--bogus", "--json"}, 16, "", "no-such-option"},
             {{"help", "bogus", "--json"}, 16, "", "no-such-command"},
             {{"--json", "bitmap"}, 16, "bitmap", "bad-usage"},
             {{"bitmap", "--json"}, 16, "bitmap", "bad-usage"},
             {{"bitmap", "--json", "-qv"}, 16, "bitmap", "bad-usage"},
             {{"bitmap", "-o", "--json"}, 16, "bitmap", "bad-usage"},
             {{"bitmap", "{}/good.img", "--json", "--json-lines"}, 16, "bitmap", "bad-option"},
             {{"bitmap", "{}/good.img", "--json", "--bogus"}, 16, "bitmap", "no-such-option"},
             {{"bitmap", "{}/good.img", "--json", "--root", "1"}, 16, "bitmap", "bad-option"},
             {{"bitmap", "{}/good.img", "--json", "--as", "x"}, 16, "bitmap", "bad-value"},
             {{"bitmap", "{}/good.img", "--json=yes"}, 16, "bitmap", "bad-usage"},
             {{"--color", "x", "--json", "bitmap", "{}/good.img"}, 16, "bitmap", "bad-value"},
             {{"-j0", "bitmap", "{}/good.img", "--json"}, 16, "bitmap", "bad-number"},
             {{"info", "{}/good.img", "--json", "--offset", "5"}, 16, "info", "bad-offset"},
             {{"mappings", "{}/none.img", "--json", "--levels", "banana"}, 16, "mappings", "bad-number"},
             {{"explain", "nonsense", "--json"}, 16, "explain", "no-such-check"},
             {{"formats", "extra", "--json"}, 16, "formats", "bad-usage"},
             {{"bitmap", "{}/none.img", "--json"}, 8, "bitmap", "no-such-file"},
             {{"bitmap", "{}/none.img", "-q", "--json"}, 8, "bitmap", "no-such-file"},
             {{"bitmap", "{}/short.img", "--json"}, 8, "bitmap", "not-a-region-size"},
             {{"mappings", "{}/good.img", "--registers", "{}/none.txt", "--json"}, 8, "mappings", "no-such-file"},
             {{"bitmap", "{}/good.img", "--json", "-o", "{}/none/out"}, 8, "bitmap", "cannot-write-output"},
             {{"validate", "{}/good.img", "--liveupdate", "no", "--json"}, 4, "validate", ""},
             {{"alloc", "{}/good.img", "--undo-keep", "0", "--json"}, 16, "alloc", "bad-option"},
             {{"check", "{}/good.img", "--report", "sarif", "--json"}, 16, "check", "bad-option"},
             {{"--json", "check", "--report", "sarif"}, 16, "check", "bad-usage"},
         })
        expect_end(end);
}

TEST_F(Ends, EveryEndOfLinesIsASummary)
{
    for (const End &end : std::vector<End>{
             {{"bitmap", "{}/good.img", "--json-lines"}, 0, "bitmap", ""},
             {{"--json-lines"}, 16, "", "no-command"},
             {{"--json-lines", "bogus"}, 16, "", "no-such-command"},
             {{"bitmap", "--json-lines"}, 16, "bitmap", "bad-usage"},
             {{"bitmap", "{}/good.img", "--json-lines", "--as", "x"}, 16, "bitmap", "bad-value"},
             {{"mappings", "{}/good.img", "--iova", "x", "--json-lines", "-q"}, 16, "mappings", "bad-range"},
             {{"bitmap", "{}/none.img", "--json-lines"}, 8, "bitmap", "no-such-file"},
             {{"bitmap", "{}/good.img", "--json-lines", "-o", "{}/none/out"}, 8, "bitmap", "cannot-write-output"},
         }) {
        SCOPED_TRACE(testing::PrintToString(end));
        const ProgramOutcome outcome = run(end.words, {});
        EXPECT_EQ(outcome.status, end.status);
        std::istringstream lines(outcome.output);
        Json last;
        for (std::string line; std::getline(lines, line);) {
            last = Json::parse(line, nullptr, false);
            ASSERT_TRUE(last.is_object()) << line;
        }
        EXPECT_EQ(last.at("record"), "summary");
        expect_document(end, last);
    }
}

TEST_F(Ends, QuietKeepsStandardErrorEmptyAndTheDocumentWhole)
{
    for (const Words &words :
         {Words{"bitmap", "{}/none.img", "-q"}, {"-q", "bogus"}, {"bitmap", "{}/good.img", "-vq", "--as", "x"}}) {
        EXPECT_EQ(run(words, {}).errors, "");
        EXPECT_EQ(run(words, {}).output, "");
        const ProgramOutcome json = run(words, {"--json"});
        EXPECT_EQ(json.errors, "");
        EXPECT_EQ(Json::parse(json.output).at("exit_status"), json.status);
    }
}

TEST_F(Ends, TheVersionIsADocumentToo)
{
    for (const Words &words :
         {Words{"--version", "--json"}, {"--json-lines", "-V"}, {"bitmap", "--version", "--json"}}) {
        const ProgramOutcome outcome = run(words, {});
        EXPECT_EQ(outcome.status, 0);
        EXPECT_EQ(Json::parse(outcome.output).at("exit_status"), 0);
    }
}

TEST_F(Ends, WordsBehindTwoDashesAskForNothing)
{
    expect_failure(run({"explain", "--", "--json"}, {}), 16, {"there is no check '--json'"});
    expect_failure(run({"bitmap", "--", "--quiet"}, {}), 8, {"--quiet: no such file"});
}

TEST_F(Ends, OutputThatCannotBeWrittenIsToldOnce)
{
    for (const std::string how : {"", " --json", " --json-lines"}) {
        ProgramCall call;
        call.arguments = {"/bin/sh", "-c",
                          pgregion_binary() + " bitmap '" + path("good.img") + "'" + how + " >/dev/full"};
        const ProgramOutcome outcome = run_program(call);
        EXPECT_EQ(outcome.status, 8);
        const std::string what = "standard output: cannot be written";
        EXPECT_NE(outcome.errors.find(what), std::string::npos) << outcome.errors;
        EXPECT_EQ(outcome.errors.find(what), outcome.errors.rfind(what)) << outcome.errors;
    }
}

// ---- SARIF and JUnit ---------------------------------------------------------------------------------------

/// Ends of check with `--report`, and whether they are failures of the command line.
const std::vector<End> &report_ends()
{
    static const std::vector<End> ends{
        {{"check"}, 16, "", "check needs SOURCE"},
        {{"check", "{}/good.img", "--bogus"}, 16, "", "there is no option '--bogus'"},
        {{"check", "{}/good.img", "--every-page"}, 16, "", "check does not take --every-page"},
        {{"check", "{}/good.img", "--only", "nonsense"}, 16, "", "there is no check 'nonsense'"},
        {{"check", "{}/good.img", "--only", "page-leaked", "--skip", "page-leaked"}, 16, "", "leave no check"},
        {{"check", "{}/good.img", "--ram", "x"}, 16, "", "--ram takes a range, not 'x'"},
        {{"check", "{}/good.img", "--fail-on", "x"}, 16, "", "--fail-on does not take 'x'"},
        {{"check", "{}/good.img", "--liveupdate", "x"}, 16, "", "--liveupdate does not take 'x'"},
        {{"check", "{}/good.img", "--format", "x"}, 16, "", "--format does not take 'x'"},
        {{"check", "{}/good.img", "--levels", "x"}, 16, "", "--levels does not take 'x'"},
        {{"check", "{}/good.img", "--device", "0:2.0"}, 16, "", "--device and --pasid pick one translation"},
        {{"check", "{}/good.img@0x1000", "--paddr", "0x2000"}, 16, "", "contradicts the address"},
        {{"check", "{}/good.img", "--offset", "0x1000", "--at", "0"}, 16, "", "--at and --offset both"},
        {{"-q", "check", "{}/good.img", "--offset", "5"}, 16, "", "is not a multiple of 4096"},
        {{"check", "{}/good.img", "-o", "{}/none/out"}, 8, "{}/none/out", "cannot be written"},
        {{"check", "{}/none.img"}, 8, "{}/none.img", "no such file"},
        {{"check", "{}/good.img", "{}/none.img"}, 8, "{}/none.img", "no such file"},
        {{"check", "{}/short.img", "-q"}, 8, "{}/short.img", ""},
        {{"check", "{}/good.img", "--registers", "{}/none.txt"}, 8, "{}/none.txt", "no such file"},
    };
    return ends;
}

TEST_F(Ends, EveryEndOfCheckIsASarifDocument)
{
    for (const End &end : report_ends()) {
        SCOPED_TRACE(testing::PrintToString(end));
        const ProgramOutcome outcome = run(end.words, {"--report", "sarif"});
        EXPECT_EQ(outcome.status, end.status) << outcome.errors;
        const Json document = Json::parse(outcome.output, nullptr, false);
        ASSERT_FALSE(document.is_discarded()) << outcome.output;
        EXPECT_EQ(document.at("version"), "2.1.0");
        const Json invocation = document.at("runs").at(0).at("invocations").at(0);
        EXPECT_EQ(invocation.at("executionSuccessful"), false);
        EXPECT_EQ(invocation.at("exitCode"), end.status);
        EXPECT_EQ(invocation.at("toolConfigurationNotifications").size(), end.command.empty() ? 1U : 0U);
        EXPECT_THAT(invocation.dump(), HasSubstr(end.code));
        const std::string place = end.command.empty() ? "" : path(end.command.substr(3));
        EXPECT_THAT(invocation.dump(), HasSubstr(place));
    }
}

TEST_F(Ends, EveryEndOfCheckIsAJunitDocument)
{
    for (const End &end : report_ends()) {
        SCOPED_TRACE(testing::PrintToString(end));
        const ProgramOutcome outcome = run(end.words, {"--report=junit"});
        EXPECT_EQ(outcome.status, end.status) << outcome.errors;
        EXPECT_THAT(outcome.output, StartsWith("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites "));
        EXPECT_TRUE(outcome.output.ends_with("</testsuites>\n"));
        EXPECT_THAT(outcome.output, HasSubstr(" errors=\"1\""));
        EXPECT_EQ(outcome.output.find("<?xml"), outcome.output.rfind("<?xml"));
        EXPECT_EQ(outcome.output.find("classname=\"command line\" name=\"usage\"") != std::string::npos,
                  end.command.empty());
    }
}

TEST_F(Ends, AReportThatIsNoneGivesNoDocument)
{
    expect_failure(run({"check", "{}/good.img", "--report", "html"}, {}), 16, {"--report does not take 'html'"});
    expect_failure(run({"mappings", "{}/good.img", "--report", "sarif"}, {}), 16, {"mappings does not take --report"});
}

}  // namespace

}  // namespace pgregion::test
