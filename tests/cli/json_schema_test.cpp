// SPDX-License-Identifier: GPL-2.0-or-later
//
// The JSON of every command, on good and on bad sources, against the schema that the build puts together and against the
// frame of cli.md section 5. The schema itself is held against documents that are wrong: one that accepts everything
// would prove nothing.
#include "cli/command_sample.h"
#include "cli/directory_images.h"
#include "cli/json_calls.h"
#include "cli/session/command.h"
#include "support/area_image.h"
#include "support/fixtures.h"
#include "support/handover_image.h"
#include "support/region_image.h"
#include "support/run_program.h"
#include "support/source_tree.h"
#include "support/table_image.h"
#include "unit/io_test_support.h"

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <sstream>

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace pgregion::test
{

namespace
{

using Json = nlohmann::json;

constexpr const char *kPython = "/usr/bin/python3";

/// Of the build whose executable is under test: beside it.
std::string schema_file()
{
    return (std::filesystem::path(pgregion_binary()).parent_path() / "pgregion.schema.json").string();
}

std::string replaced(std::string text, const std::string &what, const std::string &by)
{
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
    return text;
}

/// A directory with its domains from a real kernel, hand-made tables that lead back to themselves, and worse.
void make_sources(const TemporaryDirectory &folder)
{
    const auto write = [&folder](const std::string &name, std::span<const std::byte> bytes) {
        std::ofstream(folder.path(name), std::ios::binary)
            .write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    };
    write("root.img", read_region(4).bytes);
    write("domain.img", read_region(7).bytes);
    write("opened.img", image_with({{0, 0}}));
    write("taken.img", image_with({{0, 1}}));
    write("full.img", image_with({{0, 511}}));
    write("used.img", image_with({{0, 9}}));
    write("zero.img", Image(kImageBytes));
    write("ones.img", Image(kImageBytes, std::byte{0xff}));
    TableImage loop(0x1000000);
    loop.allocate(0, 1).put(1, 0, 0x1001003).put(1, 1, 0x1001003).put(1, 2, 0xff00000003001003).put(1, 3, 0x9000003);
    write("loop.img", loop.bytes());
    write("tables.img", image_with({{0, 1}}));
    write("vtd.img", vtd_scalable_region().bytes());
    write("amd.img", amd_region().bytes());
    write("smmu.img", smmu_region().bytes());
    write("riscv.img", riscv_region().bytes());
    TableImage wide(kRegionAt);  // device 65536, bare, behind three levels
    wide.allocate(0, 3).put(1, 2, 0x400801).put(2, 0, 0x400c01).put(3, 0, 0x1);
    write("wide.img", wide.bytes());
    TableImage memory(0, 600);
    memory.put(1, 0, 0x2003).put(2, 0, 0x3003).put(3, 0, 0x50000083);
    write("memory.raw", memory.bytes());
    TableImage torn(kRegionAt);  // one of the sixteen copies of a page of 64 KiB
    torn.allocate(0, 3).put(1, 0, 0x400801).put(2, 0, 0x400c01).put(3, 0, 0x80000000140020d7);
    write("torn.img", torn.bytes());
    AreaImage area(6);
    area.boot();
    area.add_domain("dom0");
    area.add_file("", "guest\n\xff", 1);
    area.write_file(folder.path("some.area"));
    area.set_inode(4, AreaField::block, 2);
    area.set_inode(5, AreaField::mappings, 0xffffffff);
    area.write_file(folder.path("bad.area"));
    HandoverImage handover(HandoverRecipe{});
    write("handover.raw", handover.image.bytes());
    handover.preserve(at::kFirstDomain, false);
    handover.put_word(at::kDeviceArray, 0, handover.address(at::kDeviceArray));  // a cycle
    write("lost.raw", handover.image.bytes());
    static_cast<void>(folder.file("short.img", "too short"));
    static_cast<void>(folder.file("bad.pgtext", "pgregion-text 1\nbitmap 0-\n"));
    static_cast<void>(folder.file("good.pgtext", "pgregion-text 1\nbitmap 0-1\n"));
}

enum class Form { document, lines };

/// What a call printed, in a folder of its own for calls that write.
ProgramOutcome run(const Call &call, const TemporaryDirectory &folder, Form form)
{
    Strings arguments;
    for (const std::string &argument : call.arguments)
        arguments.push_back(replaced(argument, "{}", folder.path("").substr(0, folder.path("").size() - 1)));
    arguments.emplace_back(form == Form::document ? "--json" : "--json-lines");
    return run_pgregion(arguments);
}

/// Everything that was printed, by the name of the call.
struct Printed {
    const Call *call = nullptr;
    Form form = Form::document;
    ProgramOutcome outcome;
    [[nodiscard]] std::string file() const { return call->name + (form == Form::document ? ".json" : ".jsonl"); }
};

/// All are run on the same sources, so those that write come last.
std::vector<const std::vector<Call> *> all_calls()
{
    std::vector<const std::vector<Call> *> lists{&reading_calls()};
    for (const Sample &sample : CommandSample::all())
        lists.push_back(&sample.json_calls);
    lists.push_back(&writing_calls());
    return lists;
}

std::vector<Printed> run_all()
{
    std::vector<Printed> printed;
    for (const Form form : {Form::document, Form::lines}) {
        const TemporaryDirectory folder;
        make_sources(folder);
        for (const auto *calls : all_calls()) {
            for (const Call &call : *calls)
                printed.push_back({&call, form, run(call, folder, form)});
        }
    }
    return printed;
}

std::vector<Json> lines_of(const std::string &text)
{
    std::vector<Json> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        lines.push_back(Json::parse(line));
    return lines;
}

/// The last component of a path; empty for null.
std::string file_name(const Json &path)
{
    return path.is_null() ? std::string() : std::filesystem::path(path.get<std::string>()).filename().string();
}

std::string source_name(const Json &source) { return source.is_null() ? "formats" : file_name(source.at("path")); }

/// The sources that failed.
std::multiset<std::string> failing(const Json &errors)
{
    std::multiset<std::string> sources;
    for (const Json &error : errors)
        sources.insert(file_name(error.at("source")));
    return sources;
}

std::multiset<std::string> file_names(const Strings &paths)
{
    std::multiset<std::string> names;
    for (const std::string &path : paths)
        names.insert(std::filesystem::path(path).filename().string());
    return names;
}

void expect_frame(const Call &call, const ProgramOutcome &outcome)
{
    SCOPED_TRACE(call.name + "\n" + outcome.errors);
    const Json document = Json::parse(outcome.output);
    EXPECT_EQ(outcome.status, call.status);
    EXPECT_EQ(document.at("exit_status"), outcome.status);
    EXPECT_EQ(document.at("command"), call.arguments.front());
    EXPECT_EQ(document.at("results").size(), call.results);
    if (call.status == kUsageBit)
        EXPECT_EQ(document.at("errors").size(), 1U);
    else if (!call.failing.empty())
        EXPECT_EQ(failing(document.at("errors")), file_names(call.failing));
    else
        EXPECT_EQ(document.at("errors").size(), call.results == 0 ? 1U : 0U);
    for (const Json &result : document.at("results"))
        EXPECT_FALSE(failing(document.at("errors")).contains(source_name(result.at("source")))) << result.at("source");
}

/// The lines say the same as the document: as many results and errors, and the exit status at the end.
void expect_lines(const Call &call, const ProgramOutcome &outcome)
{
    SCOPED_TRACE(call.name + "\n" + outcome.errors);
    std::map<std::string, std::size_t> records;
    const std::vector<Json> lines = lines_of(outcome.output);
    ASSERT_FALSE(lines.empty());
    for (const Json &line : lines)
        ++records[line.at("record").get<std::string>()];
    EXPECT_EQ(outcome.status, call.status);
    ASSERT_EQ(lines.back().at("record"), "summary");
    EXPECT_EQ(lines.back().at("exit_status"), outcome.status);
    EXPECT_EQ(lines.back().at("command"), call.arguments.front());
    EXPECT_EQ(records["summary"], 1U);
    EXPECT_EQ(records["result"], call.results);
    EXPECT_EQ(records["error"], lines.back().at("errors").size());
}

/// The good documents that wrong ones are made of, by name.
using Documents = std::map<std::string, Json>;

struct Wrong {
    std::string name;
    std::string from;
    std::function<void(Json &)> spoil;
};

Json &first(Json &document, const std::string &list) { return document.at("results").at(0).at(list).at(0); }

const std::vector<Wrong> &wrong_documents()
{
    static const std::vector<Wrong> all{
        {"no-exit-status", "info", [](Json &d) { d.erase("exit_status"); }},
        {"no-errors", "info", [](Json &d) { d.erase("errors"); }},
        {"other-version", "info", [](Json &d) { d["schema_version"] = 2; }},
        {"unknown-command", "info", [](Json &d) { d["command"] = "inform"; }},
        {"results-of-no-command", "info", [](Json &d) { d["command"] = nullptr; }},
        {"no-command-and-no-error", "no-command", [](Json &d) { d["errors"] = Json::array(); }},
        {"payload-of-another-command", "info", [](Json &d) { d["command"] = "bitmap"; }},
        {"extra-key", "info", [](Json &d) { d["more"] = 1; }},
        {"extra-key-in-result", "info", [](Json &d) { d.at("results").at(0)["more"] = 1; }},
        {"absent-instead-of-null", "dump", [](Json &d) { d.at("results").at(0).erase("path"); }},
        {"result-without-source", "info", [](Json &d) { d.at("results").at(0).erase("source"); }},
        {"result-is-an-object", "info", [](Json &d) { d["results"] = Json::object(); }},
        {"offset-is-a-number", "info", [](Json &d) { d.at("results").at(0).at("source")["offset"] = 0; }},
        {"address-in-upper-case", "info", [](Json &d) { d.at("results").at(0).at("source")["paddr"] = "0xABC"; }},
        {"address-without-origin", "info",
         [](Json &d) { d.at("results").at(0).at("source")["paddr_origin"] = "none"; }},
        {"count-is-a-string", "bitmap", [](Json &d) { d.at("results").at(0)["count"] = "5"; }},
        {"page-out-of-range", "bitmap", [](Json &d) { first(d, "allocated")["last"] = 512; }},
        {"match-is-a-number", "validate", [](Json &d) { d.at("results").at(0)["match"] = 1; }},
        {"unknown-state", "validate", [](Json &d) { d.at("results").at(0)["state"] = "fine"; }},
        {"raw-is-a-number", "decode", [](Json &d) { first(d, "entries")["raw"] = 5; }},
        {"unknown-kind", "decode", [](Json &d) { first(d, "entries")["kind"] = "page"; }},
        {"field-is-a-list", "decode", [](Json &d) { first(d, "entries")["fields"]["P"] = Json::array(); }},
        {"entry-without-level", "page-tables", [](Json &d) { first(d, "entries").erase("level"); }},
        {"leaf-without-target", "page-tables", [](Json &d) { first(d, "entries")["target"] = nullptr; }},
        {"access-letters-in-disorder", "mappings", [](Json &d) { first(d, "mappings")["access"] = "wr"; }},
        {"mapping-with-extra-key", "mappings", [](Json &d) { first(d, "mappings")["note"] = ""; }},
        {"size-is-a-number", "mappings", [](Json &d) { first(d, "mappings")["size"] = 4096; }},
        {"unknown-problem", "mappings-all", [](Json &d) { first(d, "problems")["code"] = "bad"; }},
        {"fault-is-a-string", "translate-fault", [](Json &d) { first(d, "translations")["fault"] = "blocked"; }},
        {"neither-mapped-nor-fault", "translate-no-device",
         [](Json &d) { first(d, "translations")["fault"] = nullptr; }},
        {"walk-of-something", "translate-loop", [](Json &d) { first(d, "translations")["walk"] = {1}; }},
        {"short-bdf", "devices", [](Json &d) { first(d, "devices")["bdf"] = "00:02.0"; }},
        {"device-without-bdf", "devices", [](Json &d) { first(d, "devices")["bdf"] = nullptr; }},
        {"unknown-translation", "devices", [](Json &d) { first(d, "devices")["translation"] = "none"; }},
        {"device-without-last-id", "devices", [](Json &d) { first(d, "devices").erase("last_id"); }},
        {"outer-without-root", "devices-pasids",
         [](Json &d) { d.at("results").at(0).at("devices").at(2).at("outer").erase("root"); }},
        {"bdf-of-a-wide-id", "devices-without-bdf", [](Json &d) { first(d, "devices")["bdf"] = "0000:00:00.0"; }},
        {"pass-through-without-address", "translate-pass-through",
         [](Json &d) { first(d, "translations")["pa"] = nullptr; }},
        {"map-without-count", "map", [](Json &d) { d.at("results").at(0).erase("entries_changed"); }},
        {"map-with-a-range", "map",
         [](Json &d) {
             first(d, "pages") = {{"first", 1}, {"last", 2}};
         }},
        {"unmap-without-pages", "unmap-nothing", [](Json &d) { d.at("results").at(0).erase("pages"); }},
        {"format-without-document", "formats", [](Json &d) { first(d, "formats").erase("document"); }},
        {"source-of-formats", "formats", [](Json &d) { d.at("results").at(0).erase("source"); }},
        {"bytes-is-a-number", "restore", [](Json &d) { d.at("results").at(0)["bytes"] = 2097152; }},
        {"page-without-offset", "init-new", [](Json &d) { first(d, "pages").erase("offset"); }},
        {"root-without-match", "root", [](Json &d) { d.at("results").at(0).erase("match"); }},
        {"error-without-hint", "alloc-full", [](Json &d) { d.at("errors").at(0).erase("hint"); }},
        {"error-code-of-words", "alloc-full", [](Json &d) { d.at("errors").at(0)["code"] = "Region full"; }},
        {"error-of-empty-source", "alloc-full", [](Json &d) { d.at("errors").at(0)["source"] = ""; }},
        {"a-line-as-document", "formats", [](Json &d) { d["record"] = "summary"; }},
        {"line-of-unknown-record", "formats",
         [](Json &d) {
             d = {{"source", nullptr}, {"record", "thing"}};
         }},
        {"line-without-source", "formats",
         [](Json &d) {
             d = {{"record", "range"}, {"first", 0}, {"last", 1}};
         }},
        {"line-with-extra-key", "formats",
         [](Json &d) {
             d = {{"source", "a"}, {"record", "range"}, {"first", 0}, {"last", 1}, {"more", 0}};
         }},
        {"line-of-result-without-origin", "formats",
         [](Json &d) {
             d = {{"source", "a"}, {"record", "result"}, {"count", 1}};
         }},
        {"nothing", "formats", [](Json &d) { d = Json::object(); }},
        {"a-list", "formats", [](Json &d) { d = Json::array(); }},
    };
    return all;
}

/// What the validator says to each file of the folder; nothing where it cannot run.
std::optional<std::map<std::string, std::string>> verdicts(const TemporaryDirectory &folder)
{
    ProgramCall call;
    call.arguments = {kPython, "-c", "import jsonschema; jsonschema.Draft202012Validator"};
    if (run_program(call).status != 0)
        return std::nullopt;
    call.arguments = {kPython, source_tree() + "/tests/support/validate_json.py", schema_file(), folder.path()};
    const ProgramOutcome outcome = run_program(call);
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    std::map<std::string, std::string> said;
    std::istringstream lines(outcome.output);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t colon = line.find(": ");
        said[line.substr(0, colon)] = line.substr(colon + 2);
    }
    return said;
}

TEST(JsonSchema, EveryCommandFitsItAndWrongDocumentsDoNot)
{
    const TemporaryDirectory folder;
    Documents good;
    Strings files;
    for (const Printed &one : run_all()) {
        files.push_back(one.file());
        static_cast<void>(folder.file(one.file(), one.outcome.output));
        if (one.form == Form::document)
            good[one.call->name] = Json::parse(one.outcome.output);
    }
    files.emplace_back("version.json");
    static_cast<void>(folder.file("version.json", run_pgregion({"--version", "--json"}).output));
    files.insert(files.end(), {"no-command.json", "no-command.jsonl"});
    good["no-command"] = Json::parse(run_pgregion({"--json", "--no-such-option"}).output);
    static_cast<void>(folder.file("no-command.json", good["no-command"].dump()));
    static_cast<void>(folder.file("no-command.jsonl", run_pgregion({"--json-lines", "nosuch"}).output));
    EXPECT_EQ(good["no-command"].at("command"), nullptr);
    EXPECT_EQ(good["no-command"].at("exit_status"), kUsageBit);
    for (const Wrong &wrong : wrong_documents()) {
        Json document = good.at(wrong.from);
        wrong.spoil(document);
        static_cast<void>(folder.file("wrong-" + wrong.name + ".json", document.dump()));
    }
    const auto said = verdicts(folder);
    if (!said)
        GTEST_SKIP() << "needs Python with jsonschema 4: apt-get install python3-jsonschema";
    for (const std::string &file : files)
        EXPECT_EQ(said->at(file), "good") << file << ": " << content_of(folder.path(file)).substr(0, 2000);
    for (const Wrong &wrong : wrong_documents())
        EXPECT_THAT(said->at("wrong-" + wrong.name + ".json"), testing::StartsWith("bad: ")) << wrong.name;
}

TEST(JsonFrame, TellsTheExitStatusAndKeepsFailingSourcesOutOfTheResults)
{
    for (const Printed &one : run_all()) {
        if (one.form == Form::document)
            expect_frame(*one.call, one.outcome);
        else
            expect_lines(*one.call, one.outcome);
    }
}

TEST(JsonFrame, IsTriedWithEveryCommandThatThereIs)
{
    std::set<std::string> tried;
    for (const auto *calls : all_calls()) {
        for (const Call &call : *calls) {
            if (call.results != 0)
                tried.insert(call.arguments.front());
        }
    }
    for (const cli::CommandRow *row : cli::command_rows())
        EXPECT_TRUE(tried.contains(std::string(row->name))) << row->name << " has no call here";
}

}  // namespace
}  // namespace pgregion::test
