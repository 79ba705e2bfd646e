// SPDX-License-Identifier: GPL-2.0-or-later
//
// For every command arguments that are right, and for every option a value that is right there and one that is wrong:
// what the tests of the command line as a whole put together. A command or an option that is neither here nor in the
// command's own test (command_sample.h) fails them by its name.
#pragma once

#include "cli/command_sample.h"
#include "cli/command_test.h"
#include "cli/directory_images.h"
#include "cli/shell/command_tree.h"
#include "support/area_image.h"
#include "support/handover_image.h"
#include "support/source_tree.h"

#include <pgregion/text_form.h>

#include <map>
#include <set>

namespace pgregion::test
{

using Words = std::vector<std::string>;

/// "{}" in words stands for the folder of the files.
struct CommandScene {
    Words arguments;
    Words options = {};  ///< without which it does nothing of interest
};

inline const std::map<std::string, CommandScene> &known_command_scenes()
{
    static const Words tables{"--format", "vtd-ss", "--levels", "4"};
    static const Words dry{"--format", "vtd-ss", "--levels", "4", "--plan"};
    static const std::map<std::string, CommandScene> scenes{
        {"alloc", {{"{}/t.img"}}},
        {"area", {{"{}/a.img"}}},
        {"bitmap", {{"{}/t.img"}}},
        {"check", {{"{}/t.img@0x140000000"}, tables}},
        {"decode", {{"{}/t.img@0x140000000"}, tables}},
        {"devices", {{"{}/v.img@0x1000000"}, {"--register", "rtaddr=0x1001400"}}},
        {"dump", {{"{}/t.img@0x140000000"}, tables}},
        {"explain", {{"page-leaked"}}},
        {"formats", {{}}},
        {"free", {{"{}/t.img@0x140000000", "8", "9"}, tables}},
        {"info", {{"{}/t.img@0x140000000"}, tables}},
        {"init", {{"{}/new.img"}}},
        {"map", {{"{}/t.img@0x140000000", "0x10000000", "0x50000000", "4K"}, tables}},
        {"mappings", {{"{}/t.img@0x140000000"}, tables}},
        {"page", {{"{}/t.img@0x140000000", "1"}, tables}},
        {"repair", {{"{}/t.img@0x140000000"}, dry}},
        {"restore", {{"{}/t.pgtext", "{}/new.img"}}},
        {"root", {{"{}/t.img"}, {"--liveupdate", "yes"}}},
        {"translate", {{"{}/t.img@0x140000000", "0x7f1234567abc", "0"}, tables}},
        {"undo", {{"{}/u.img"}, {"--dry-run"}}},
        {"unmap", {{"{}/t.img@0x140000000", "0x7f1234400000", "2M"}, tables}},
        {"validate", {{"{}/t.img"}, {"--liveupdate", "yes"}}},
    };
    return scenes;
}

/// Those, and what the tests of commands bring.
inline const std::map<std::string, CommandScene> &command_scenes()
{
    static const std::map<std::string, CommandScene> scenes = [] {
        std::map<std::string, CommandScene> all = known_command_scenes();
        for (const Sample &sample : CommandSample::all())
            all[sample.command] = {sample.arguments, sample.options};
        return all;
    }();
    return scenes;
}

struct OptionScene {
    std::string good = {};
    std::string bad = {};  ///< empty: it takes any text
    /// What it goes with, instead of the command's own; "SOURCE=…" is another first argument.
    std::optional<Words> with = std::nullopt;
};

/// By "--option", or "command --option" where that is another one.
inline const std::map<std::string, OptionScene> &known_option_scenes()
{
    static const Words directory{"SOURCE={}/v.img@0x1000000"};
    static const Words registers{"SOURCE={}/v.img@0x1000000", "--register", "rtaddr=0x1001400"};
    static const Words device{"SOURCE={}/v.img@0x1000000", "--register", "rtaddr=0x1001400", "--device", "00:02.0"};
    static const Words directory_format{"SOURCE={}/v.img@0x1000000", "--format", "vtd-root"};
    static const Words in_area{"SOURCE={}/a.img"};
    static const std::map<std::string, OptionScene> scenes{
        {"--help", {}},
        {"--version", {}},
        {"--json", {}},
        {"--json-lines", {}},
        {"--output", {"{}/out"}},
        {"--color", {"always", "sometimes"}},
        {"--progress", {"never", "sometimes"}},
        {"--jobs", {"2", "0"}},
        {"--quiet", {}},
        {"--verbose", {}},
        {"--offset", {"0", "5"}},
        {"--paddr", {"0x140000000", "nowhere", Words{"SOURCE={}/t.img"}}},
        {"--at", {"0x140000000", "0x123"}},
        {"--inode", {"4", "0", in_area}},
        {"--file", {"iommu/dom0", "", in_area}},
        {"--part", {"{}/t.img", ""}},
        {"--unpack-limit", {"1G", "much"}},
        {"--format", {"vtd-ss", "nosuch", Words{"--levels", "4"}}},
        {"--levels", {"4", "banana", Words{"--format", "vtd-ss"}}},
        {"--root", {"page:1", "page:x"}},
        {"--paw", {"46", "wide"}},
        {"--param", {"snp=on", "nonsense"}},
        {"--with", {"{}/p.img@0x70000000", "x"}},
        {"--register", {"rtaddr=0x1001400", "x", directory}},
        {"--registers", {"{}/regs.txt", "", directory}},
        {"--device", {"00:02.0", "99:99.9", registers}},
        {"--pasid", {"0", "0x100000", device}},
        {"--undo", {"{}/j.pgundo"}},
        {"--undo-keep", {"3", "0"}},
        {"--no-undo", {}},
        {"--live-write", {}},
        {"--liveupdate", {"no", "perhaps"}},
        {"--fail-on", {"warning", "everything"}},
        {"--only", {"page-leaked", "nonsense"}},
        {"--skip", {"page-leaked", "nonsense"}},
        {"--ram", {"0+16G", "everywhere"}},
        {"--report", {"sarif", "html"}},
        {"--limit", {"2", "few"}},
        {"--iova", {"0x7f1234567000+4K", "bogus"}},
        {"--open", {}},
        {"alloc --order", {"1", "10"}},
        {"alloc --count", {"2", "0"}},
        {"alloc --zero", {}},
        {"alloc --no-zero", {}},
        {"alloc --allow-root", {}},
        {"area --check", {}},
        {"area --size", {"12M", "x"}},
        {"area --fail-on", {"warning", "everything", Words{"--check"}}},
        {"area --only", {"area-block-orphan", "nonsense", Words{"--check"}}},
        {"area --skip", {"area-block-orphan", "nonsense", Words{"--check"}}},
        {"bitmap --as", {"list", "picture"}},
        {"decode --max-level", {"2", "x"}},
        {"decode --every-entry", {}},
        {"decode --as", {"table", "picture"}},
        {"devices --format", {"vtd-root", "nosuch", directory}},
        {"devices --root", {"page:1", "page:x", directory_format}},
        {"devices --param", {"mode=scalable", "nonsense", directory_format}},
        {"free --force-referenced", {}},
        {"init --take-root", {}},
        {"init --overwrite", {}},
        {"map --access", {"r", "q"}},
        {"map --page-size", {"4K", "3K"}},
        {"map --memory-type", {"normal", "strange"}},
        {"mappings --every-page", {}},
        {"page --hex", {}},
        {"page --level", {"3", "x"}},
        {"repair --plan", {"", "", Words{"--format", "vtd-ss", "--levels", "4"}}},
        {"repair --safe", {"", "", Words{"--format", "vtd-ss", "--levels", "4"}}},
        {"repair --yes", {"", "", Words{"--format", "vtd-ss", "--levels", "4"}}},
        {"repair --to", {"{}/copy.img", "", Words{"--format", "vtd-ss", "--levels", "4", "--yes"}}},
        {"repair --clear-reserved", {}},
        {"restore --overwrite", {}},
        {"translate --access", {"w", "q"}},
        {"undo --list", {"", "", Words{}}},
        {"undo --dry-run", {"", "", Words{}}},
        {"undo --finish", {}},
        {"undo --sequence", {"1", "x"}},
        {"unmap --free-empty", {}},
    };
    return scenes;
}

/// Those, and what the tests of commands bring.
inline const std::map<std::string, OptionScene> &option_scenes()
{
    static const std::map<std::string, OptionScene> scenes = [] {
        std::map<std::string, OptionScene> all = known_option_scenes();
        for (const Sample &sample : CommandSample::all()) {
            for (const auto &[option, values] : sample.own_options)
                all[sample.command + " " + option] = {values.good, values.bad};
        }
        return all;
    }();
    return scenes;
}

/// Null where none is written down.
inline const OptionScene *scene_of(const std::string &command, const cli::OptionRow &row)
{
    const auto own = option_scenes().find(command + " " + row.name());
    if (own != option_scenes().end())
        return &own->second;
    const auto shared = option_scenes().find(row.name());
    return shared == option_scenes().end() ? nullptr : &shared->second;
}

/// Options that a command has, because its group has them, and refuses.
inline bool refuses(const std::string &command, const std::string &option)
{
    static const std::set<std::string> refused{
        "area --inode",    "area --file",      "check --device", "check --pasid", "repair --device",
        "repair --pasid",  "free --device",    "free --pasid",   "info --root",   "info --with",
        "info --register", "info --registers", "info --device",  "info --pasid",  "undo --no-undo",
    };
    return refused.contains(command + " " + option);
}

/// A command with its options and arguments, filled in.
struct PreparedCall {
    Words arguments;
    Words options;  ///< without the one that is tried
};

class SceneTest : public CommandTest
{
protected:
    SceneTest()
    {
        std::ifstream sample(source_tree() + "/tests/samples/domain.pgtext", std::ios::binary);
        text_.assign(std::istreambuf_iterator<char>(sample), {});
        directory().file("t.pgtext", text_);
        const std::vector<std::byte> parsed = parse_text_form(text_);
        tables_.assign(parsed.begin(), parsed.end());
        set_bit(tables_, 8);
        set_bit(tables_, 9);
        const TableImage directories = vtd_scalable_region();
        directory_.assign(directories.bytes().begin(), directories.bytes().end());
        renew();
        write_image(path("u.img"), tables_);
        EXPECT_EQ(run_unfollowed({.arguments = {pgregion_binary(), "alloc", path("u.img")}}).status, 0);
        write_image(path("p.img"), std::vector<std::byte>(4096));
        write_image(path("h.img"), HandoverImage(HandoverRecipe{}).image.bytes());
        AreaImage area(6);
        area.boot();
        area.add_domain("dom0");
        area.write_file(path("a.img"));
        directory().file("regs.txt", "rtaddr=0x1001400\n");
    }

    /// What commands change is as it was, what they make is gone.
    void renew() const
    {
        write_image(path("t.img"), tables_);
        write_image(path("v.img"), directory_);
        for (const char *made :
             {"t.img.pgundo", "v.img.pgundo", "new.img", "new.img.pgundo", "out", "j.pgundo", "copy.img", "regions"})
            std::filesystem::remove_all(path(made));
    }

    [[nodiscard]] std::string filled(std::string text) const
    {
        const std::size_t at = text.find("{}");
        return at == std::string::npos ? text : text.replace(at, 3, path(""));
    }
    [[nodiscard]] Words filled(Words words) const
    {
        for (std::string &word : words)
            word = filled(word);
        return words;
    }

    /// The call in which `option` is tried.
    [[nodiscard]] PreparedCall prepared(const std::string &command, const std::string &option,
                                        const OptionScene &scene) const
    {
        const CommandScene &own = command_scenes().at(command);
        PreparedCall call{filled(own.arguments), filled(scene.with.value_or(own.options))};
        if (!call.options.empty() && call.options.front().starts_with("SOURCE=")) {
            call.arguments.front() = call.options.front().substr(7);
            call.options.erase(call.options.begin());
        }
        add_needed(command, option, own, call);
        return call;
    }

    [[nodiscard]] static Words joined(Words words, const Words &more)
    {
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }

    static ProgramOutcome run_words(Words words)
    {
        words.insert(words.begin(), pgregion_binary());
        return run_unfollowed({.arguments = std::move(words)});
    }

private:
    /// A flag without which the command asks, and the device without which an address means nothing.
    static void add_needed(const std::string &command, const std::string &option, const CommandScene &own,
                           PreparedCall &call)
    {
        const auto has = [](const Words &words, const std::string &word) {
            return std::ranges::find(words, word) != words.end();
        };
        static const std::set<std::string> chooses{"--plan", "--safe", "--yes", "--to"};
        if (has(own.options, "--plan") && !has(call.options, "--plan") && !chooses.contains(option))
            call.options.emplace_back("--plan");
        if (has(own.options, "--liveupdate") && option != "--liveupdate" && !has(call.options, "--liveupdate"))
            call.options.insert(call.options.end(), {"--liveupdate", "yes"});
        else if (option == "--liveupdate")
            call.options = has(own.options, "--liveupdate") ? Words{} : call.options;
        static const std::set<std::string> asks{"map", "unmap", "translate"};
        if (asks.contains(command) && (option == "--register" || option == "--registers"))
            call.options.insert(call.options.end(), {"--device", "00:02.0"});
    }

    std::string text_;
    Image tables_;
    Image directory_;
};

}  // namespace pgregion::test
