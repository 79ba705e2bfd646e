// SPDX-License-Identifier: GPL-2.0-or-later
//
// Bad input, by the command line: the contract that every command inherits. A clear error, a documented exit
// status, bounded time, an untouched source.
#include "cli/command_sample.h"
#include "cli/command_test.h"
#include "cli/session/command.h"

#include <filesystem>
#include <functional>
#include <random>

#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace pgregion::test
{

namespace
{

using Words = std::vector<std::string>;

constexpr int kRefused = 4;
constexpr int kCannot = 8;
constexpr int kUsage = 16;

/// A call of each command that takes a SOURCE, with what else it needs. Those that write come with `true`.
struct Call {
    std::string command;
    Words behind_source;
    bool writes = false;
};

const std::vector<Call> &known_calls()
{
    static const std::vector<Call> list{
        {"alloc", {}, true},
        {"free", {"5"}, true},
        {"root", {"--liveupdate", "yes"}, true},
        {"map", {"0x1000", "0x50000000", "4K"}, true},
        {"unmap", {"0x1000", "4K"}, true},
        {"validate", {"--liveupdate", "yes"}},
        {"info", {}},
        {"bitmap", {}},
        {"page", {"1"}},
        {"decode", {}},
        {"mappings", {}},
        {"translate", {"0x1000"}},
        {"devices", {}},
        {"check", {}},
        {"repair", {"-y"}, true},
        {"undo", {}, true},
        {"dump", {}},
        {"area", {}},
    };
    return list;
}

/// Those, and what the tests of commands bring.
const std::vector<Call> &calls()
{
    static const std::vector<Call> list = [] {
        std::vector<Call> all = known_calls();
        for (const Sample &sample : CommandSample::all()) {
            const cli::CommandRow *row = cli::find_command(sample.command);
            if (row == nullptr || !sample.takes_source)
                continue;
            Words behind_source(sample.arguments.begin() + 1, sample.arguments.end());
            behind_source.insert(behind_source.end(), sample.options.begin(), sample.options.end());
            all.push_back({sample.command, behind_source, row->effect == cli::Effect::writes});
        }
        return all;
    }();
    return list;
}

Words words(const Call &call, const std::string &source, const Words &more = {})
{
    Words all{call.command, source};
    all.insert(all.end(), call.behind_source.begin(), call.behind_source.end());
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

class BadInput : public CommandTest
{
protected:
    [[nodiscard]] std::string file(const std::string &name, const std::string &content) const
    {
        std::ofstream(path(name), std::ios::binary) << content;
        return path(name);
    }

    /// Runs every command on `source` and expects exit 8, a message that names the source and holds `text`, a
    /// second line with the next step, and nothing on standard output.
    void expect_refused_by_all(const std::string &source, const std::string &text) const
    {
        for (const Call &call : calls()) {
            const ProgramOutcome outcome = run_pgregion(words(call, source));
            EXPECT_EQ(outcome.status, kCannot) << call.command << ": " << outcome.errors;
            EXPECT_NE(outcome.errors.find(text), std::string::npos) << call.command << ": " << outcome.errors;
            EXPECT_NE(outcome.errors.find(source), std::string::npos) << call.command << ": " << outcome.errors;
            EXPECT_NE(outcome.errors.find("\npgregion:   "), std::string::npos)
                << call.command << ": " << outcome.errors;
            EXPECT_EQ(outcome.output, "") << call.command;
        }
    }
};

TEST_F(BadInput, EveryCommandThatTakesASourceIsInTheListOfThisTest)
{
    for (const cli::CommandRow *row : cli::command_rows()) {
        if (row->needs == cli::Needs::nothing || row->name == "init" || row->name == "restore" ||
            std::ranges::any_of(CommandSample::all(), [&](const Sample &s) { return s.command == row->name; }))
            continue;  // no source, one that is made, or the command's own test says which
        EXPECT_TRUE(std::ranges::any_of(calls(), [&](const Call &call) { return call.command == row->name; }))
            << row->name;
    }
}

TEST_F(BadInput, MissingFile) { expect_refused_by_all(path("nowhere.img"), "no such file"); }

TEST_F(BadInput, Directory)
{
    std::filesystem::create_directory(path("folder"));
    expect_refused_by_all(path("folder"), "directory");
}

TEST_F(BadInput, EmptyFile) { expect_refused_by_all(file("empty.img", ""), "empty"); }

TEST_F(BadInput, FileOfOneByte)
{
    const std::string source = file("byte.img", "x");
    for (const Call &call : calls()) {
        const ProgramOutcome outcome = run_pgregion(words(call, source));
        EXPECT_NE(outcome.status, 0) << call.command;
        EXPECT_LE(outcome.status, kCannot + kUsage) << call.command << outcome.errors;
        EXPECT_NE(outcome.errors, "") << call.command;
    }
}

TEST_F(BadInput, RegionThatIsOneByteTooShortIsNoRegion)
{
    const std::string source = file("short.img", std::string((2 << 20) - 1, '\3'));
    for (const char *command : {"alloc", "bitmap", "info", "dump"}) {
        const ProgramOutcome outcome = run_pgregion({command, source});
        EXPECT_EQ(outcome.status, kCannot) << command;
        EXPECT_NE(outcome.errors.find("2097151 bytes"), std::string::npos) << outcome.errors;
        EXPECT_NE(outcome.errors.find("--offset"), std::string::npos) << outcome.errors;
    }
}

TEST_F(BadInput, FileWithoutPermission)
{
    if (::geteuid() == 0)
        GTEST_SKIP() << "root may read everything";
    const std::string source = region("locked.img", Pages{{0, 1}});
    std::filesystem::permissions(source, std::filesystem::perms::none);
    expect_refused_by_all(source, "permission");
}

TEST_F(BadInput, OffsetBeyondTheEndOrUnaligned)
{
    const std::string source = file("big.img", std::string(4 << 20, '\0'));
    for (const Call &call : calls()) {
        const ProgramOutcome beyond = run_pgregion(words(call, source, {"--offset", "0x400000"}));
        EXPECT_EQ(beyond.status, kCannot) << call.command << beyond.errors;
        EXPECT_NE(beyond.errors.find("beyond the end"), std::string::npos) << beyond.errors;
        const ProgramOutcome unaligned = run_pgregion(words(call, source, {"--offset", "0x1001"}));
        EXPECT_EQ(unaligned.status, kUsage) << call.command << unaligned.errors;
        EXPECT_NE(unaligned.errors.find("multiple of 4096"), std::string::npos) << unaligned.errors;
    }
    const ProgramOutcome half = run_pgregion({"bitmap", source, "--offset", "3M"});
    EXPECT_EQ(half.status, kCannot);
    EXPECT_NE(half.errors.find("a region is 2 MiB"), std::string::npos) << half.errors;
}

TEST_F(BadInput, OtherKindsOfFilesAreNamedForWhatTheyAre)
{
    const std::string filler(8192, 'y');
    const std::vector<std::pair<std::string, std::string>> kinds{
        {std::string("QFI\xfb\0\0\0\3", 8), "qcow2"},
        {std::string("\x1f\x8b\x08\0", 4), "gzip"},
        {std::string("\x7f"
                     "ELF\2\1\1",
                     7),
         "ELF"},
        {std::string("\x28\xb5\x2f\xfd", 4), "zstd"},
    };
    for (const auto &[magic, word] : kinds)
        expect_refused_by_all(file(word + ".img", magic + filler), word);
}

TEST_F(BadInput, RootOutsideOfTheSource)
{
    const std::string source = region("region.img", Pages{{0, 2}});
    for (const Call &call : calls()) {
        if (call.command != "decode" && call.command != "mappings" && call.command != "translate")
            continue;
        for (const char *root : {"page:512", "page:18446744073709551615", "0x8000000000"}) {
            const ProgramOutcome outcome = run_pgregion(
                words(call, source, {"--format", "vtd-ss", "--levels", "4", "--paddr", "0x1000000", "--root", root}));
            EXPECT_EQ(outcome.status, kCannot) << call.command << ' ' << root << outcome.errors;
            EXPECT_NE(outcome.errors.find("cannot be read"), std::string::npos) << outcome.errors;
        }
    }
}

TEST_F(BadInput, HostilePagesEndInTimeAndLeaveTheSourceAlone)
{
    std::mt19937_64 random(20261122);
    const std::uint64_t base = 0x140000000;
    const std::vector<std::pair<std::string, std::function<std::uint64_t()>>> contents{
        {"all-ones", [] { return ~std::uint64_t{0}; }},
        {"random", [&random] { return random(); }},
        {"self-pointing", [] { return std::uint64_t{0x140001003}; }},
        {"pointing-anywhere", [&random] { return base | (random() & 0x1ff000) | 3; }},
    };
    for (const auto &[name, content] : contents) {
        if (pgregion_is_sanitized() && name == "pointing-anywhere")
            continue;  // minutes under a sanitizer; the other builds run it
        Image image(2 << 20, std::byte{0});
        for (std::size_t word = 0; word < image.size() / 8; ++word)
            store_word(image, word * 8, word < 8 ? ~std::uint64_t{0} : word < 512 ? 0 : content());
        const std::string source = region(name + ".img", image);
        for (const Call &call : calls()) {
            if (call.writes)
                continue;
            for (const Words &context :
                 {Words{}, Words{"--format", "vtd-ss", "--levels", "5", "--paddr", "0x140000000"},
                  Words{"--format", "vtd-root", "--paddr", "0x140000000"}}) {
                const bool no_context =
                    call.command == "validate" || call.command == "bitmap" || call.command == "handover";
                const ProgramOutcome outcome = run_pgregion(words(call, source, no_context ? Words{} : context));
                EXPECT_FALSE(outcome.timed_out) << name << ' ' << call.command;
                EXPECT_EQ(outcome.status & ~(kRefused | kCannot | kUsage), 0)
                    << name << ' ' << call.command << ' ' << outcome.status;
            }
        }
        EXPECT_EQ(read_image(source), image) << name;
    }
}

TEST_F(BadInput, WrongOptionsAreUsageErrors)
{
    const std::string source = region("region.img", Pages{{0, 1}});
    for (const Call &call : calls()) {
        EXPECT_EQ(run_pgregion(words(call, source, {"--no-such-option"})).status, kUsage) << call.command;
        EXPECT_EQ(run_pgregion({call.command}).status, kUsage) << call.command;
    }
    EXPECT_EQ(run_pgregion({"validate", source, "--liveupdate", "yes", "--format", "vtd-ss"}).status, kUsage);
    EXPECT_EQ(run_pgregion({"mappings", source, "--format", "no-such-format"}).status, kUsage);
    EXPECT_EQ(run_pgregion({"mappings", source, "--format", "vtd-ss", "--levels", "6"}).status, kUsage);
    EXPECT_EQ(run_pgregion({"mappings", source, "--format", "vtd-ss", "--param", "snp=perhaps"}).status, kUsage);
    EXPECT_EQ(run_pgregion({"mappings", source, "--json", "--json-lines"}).status, kUsage);
    EXPECT_EQ(run_pgregion({}).status, kUsage);
    const ProgramOutcome unknown = run_pgregion({"mapings", source});
    EXPECT_EQ(unknown.status, kUsage);
    EXPECT_NE(unknown.errors.find("no command 'mapings'"), std::string::npos) << unknown.errors;
}

TEST_F(BadInput, GlobalOptionsStandBeforeOrAfterTheCommand)
{
    const std::string source = region("region.img", Pages{{0, 1}});
    const ProgramOutcome before = run_pgregion({"--json", "bitmap", source});
    const ProgramOutcome after = run_pgregion({"bitmap", source, "--json"});
    EXPECT_EQ(before.status, 0) << before.errors;
    EXPECT_EQ(before.output, after.output);
    EXPECT_EQ(nlohmann::json::parse(before.output).at("results").at(0).at("count"), 2);
}

TEST_F(BadInput, FullDiskUnderTheOutputIsAnErrorAndLeavesNoFile)
{
    const std::string source = region("region.img", Pages{{0, 1}});
    const ProgramOutcome outcome = run_pgregion({"bitmap", source, "-o", "/dev/full"});
    EXPECT_EQ(outcome.status, kCannot);
    EXPECT_NE(outcome.errors.find("/dev/full"), std::string::npos) << outcome.errors;
    const ProgramOutcome nowhere = run_pgregion({"bitmap", source, "-o", path("no/such/folder/out")});
    EXPECT_EQ(nowhere.status, kCannot);
    EXPECT_FALSE(std::filesystem::exists(path("no")));
}

TEST_F(BadInput, ReaderThatGoesAwayEndsTheListingQuietly)
{
    Image image(2 << 20, std::byte{0});
    store_word(image, 0, 0x7);
    for (std::size_t entry = 0; entry < 512; ++entry)
        put_entry(image, 2, entry, 0x200000003 + entry * 0x2000);  // no two of them merge
    for (std::size_t entry = 0; entry < 512; ++entry)
        put_entry(image, 3, entry, 0x140002003);
    put_entry(image, 1, 0, 0x140003003);
    const std::string source = region("many.img", image);
    const std::string &tool = pgregion_binary();
    const ProgramOutcome outcome =
        run_program({.arguments = {"/bin/bash", "-c",
                                   "'" + tool + "' mappings '" + source +
                                       "' --every-page --format vtd-ss --levels 3 --paddr 0x140000000 | head -n 1; "
                                       "echo \"${PIPESTATUS[0]}\""},
                     .input = {},
                     .environment = {}});
    EXPECT_EQ(outcome.errors.find("cannot write"), std::string::npos) << outcome.errors;
    EXPECT_NE(outcome.output.find("0x0000000000000000  0x0000000200000000        4K  rw\n"), std::string::npos);
    const std::string status = outcome.output.substr(outcome.output.find('\n') + 1);
    EXPECT_TRUE(status == "0\n" || status == "4\n") << status;
}

TEST_F(BadInput, ControlCharactersOfANameDoNotReachTheTerminal)
{
    const ProgramOutcome outcome = run_pgregion({"info", path("\033[31mred\r.img")});
    EXPECT_EQ(outcome.status, kCannot);
    EXPECT_EQ(outcome.errors.find('\033'), std::string::npos);
    EXPECT_NE(outcome.errors.find("\\x1b[31mred\\x0d.img"), std::string::npos) << outcome.errors;
}

TEST_F(BadInput, OneBadSourceAmongManyDoesNotKeepTheOthersFromTheirTurn)
{
    const std::string good = region("good.img", Pages{{0, 1}});
    const ProgramOutcome outcome =
        run_pgregion({"validate", good, path("nowhere.img"), good, "--liveupdate", "yes", "--json"});
    EXPECT_EQ(outcome.status, kCannot);
    const auto document = nlohmann::json::parse(outcome.output);
    EXPECT_EQ(document.at("results").size(), 2U);
    EXPECT_EQ(document.at("errors").size(), 1U);
    EXPECT_EQ(document.at("errors").at(0).at("code"), "no-such-file");
    EXPECT_EQ(document.at("exit_status"), kCannot);
}

}  // namespace

}  // namespace pgregion::test
