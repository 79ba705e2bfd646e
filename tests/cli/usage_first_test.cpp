// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is wrong with a command line is told before anything else: exit 16 and nothing on standard output, whether the
// source is good, missing or no source at all. Every option of every command is given a wrong value.
#include "cli/command_scenes.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace pgregion::test
{

namespace
{

using Json = nlohmann::json;

class UsageFirst : public SceneTest
{
protected:
    UsageFirst() { directory().file("short.img", "no region"); }

    /// The words with the good source, one that is missing, and ones that nobody can use.
    [[nodiscard]] std::vector<Words> with_every_source(const Words &words) const
    {
        std::vector<Words> all{words};
        // A sanitized program takes its time; where the source matters, the missing one shows it.
        const Words names = pgregion_is_sanitized() ? Words{"none/x.img"} : Words{"none/x.img", "short.img", "."};
        for (const std::string &name : names) {
            Words changed = words;
            for (std::string &word : changed) {
                if (word.starts_with(path("")) && word.find(".img") != std::string::npos)
                    word = path(name) + (word.find('@') == std::string::npos ? "" : word.substr(word.rfind('@')));
            }
            all.push_back(changed);
        }
        return all;
    }

    void expect_usage(const Words &words) const
    {
        for (const Words &call : with_every_source(words)) {
            SCOPED_TRACE(testing::PrintToString(call));
            expect_failure(run_words(call), 16, {"pgregion: "});
        }
        const ProgramOutcome json = run_words(joined(words, {"--json"}));
        SCOPED_TRACE(testing::PrintToString(words));
        EXPECT_EQ(json.status, 16);
        const Json document = Json::parse(json.output, nullptr, false);
        ASSERT_FALSE(document.is_discarded()) << json.output;
        EXPECT_EQ(document.at("exit_status"), 16);
        EXPECT_EQ(document.at("results"), Json::array());
        EXPECT_EQ(document.at("errors").size(), 1U);
    }

    void try_option(const std::string &command, const cli::OptionRow &row) const
    {
        const OptionScene *const scene = scene_of(command, row);
        ASSERT_NE(scene, nullptr) << "command_scenes.h has no value for " << command << " " << row.name();
        if (scene->bad.empty())
            return;
        const PreparedCall call = prepared(command, row.name(), *scene);
        expect_usage(joined(joined({command}, call.arguments), joined({row.name(), filled(scene->bad)}, call.options)));
    }
};

TEST_F(UsageFirst, WrongValuesOfOwnOptionsAreToldWhateverTheSourceIs)
{
    const cli::CommandTree tree;
    for (const cli::CommandEntry &entry : tree.commands) {
        for (const cli::OptionRow &row : entry.own.rows()) {
            if (!row.is_argument)
                try_option(std::string(entry.row->name), row);
        }
    }
}

TEST_F(UsageFirst, WrongValuesOfSharedOptionsAreToldWhateverTheSourceIs)
{
    const cli::CommandTree tree;
    for (const cli::CommandEntry &entry : tree.commands) {
        if (pgregion_is_sanitized() && entry.row->name != "map" && entry.row->name != "mappings")
            continue;
        for (const cli::OptionRow *row : tree.shared_rows(*entry.row))
            try_option(std::string(entry.row->name), *row);
    }
}

TEST_F(UsageFirst, EveryOptionOfTheTableIsOfSomeCommand)
{
    const cli::CommandTree tree;
    std::set<std::string> known;
    for (const cli::CommandEntry &entry : tree.commands) {
        std::vector<const cli::OptionRow *> rows = tree.shared_rows(*entry.row);
        for (const cli::OptionRow &row : entry.own.rows())
            rows.push_back(&row);
        for (const cli::OptionRow *row : rows)
            known.insert({row->name(), std::string(entry.row->name) + " " + row->name()});
    }
    for (const auto &[name, scene] : option_scenes())
        EXPECT_TRUE(known.contains(name)) << name;
}

TEST_F(UsageFirst, WrongArgumentsAreToldWhateverTheSourceIs)
{
    const std::string image = path("t.img");
    for (const Words &words : std::vector<Words>{
             {"translate", image, "zzz"},
             {"translate", image, "0", "0x1000g"},
             {"page", image, "seven"},
             {"free", image, "seven"},
             {"free", image, "512"},
             {"free", image, "8", "8"},
             {"map", image, "0", "x", "4K"},
             {"map", image, "x", "0", "4K"},
             {"map", image, "0", "0", "5"},
             {"map", image, "0", "0", "0"},
             {"map", image, "0x800", "0", "4K"},
             {"map", image, "0xfffffffffffff000", "0", "8K"},
             {"map", image, "0", "0", "4K", "--access", ""},
             {"map", image, "0", "0", "4K", "--page-size", "2K"},
             {"unmap", image, "0", "5"},
             {"unmap", image, "x", "4K"},
             {"undo", image, "--no-undo"},
             {"alloc", image, "--order", "99999999999999999999"},
         })
        expect_usage(words);
    expect_usage({"explain", "nonsense"});
}

TEST_F(UsageFirst, OptionsThatContradictEachOtherOrTheFormatAreToldWhateverTheSourceIs)
{
    const std::string image = path("t.img");
    for (const Words &words : std::vector<Words>{
             {"mappings", image, "--format", "vtd-ss", "--device", "00:02.0"},
             {"mappings", image, "--format", "riscv-ddt", "--device", "0x1000000"},
             {"mappings", image, "--format", "vtd-root", "--pasid", "1"},
             {"mappings", image, "--root", "page:1", "--register", "rtaddr=0x1000"},
             {"mappings", image, "--levels", "3", "--register", "rtaddr=0x1000"},
             {"mappings", image, "--format", "vtd-ss", "--levels", "9"},
             {"mappings", image, "--param", "snp=on"},
             {"mappings", image, "--paw", "46"},
             {"mappings", image, "--at", "0x1000", "--offset", "0x1000"},
             {"mappings", image, "--inode", "4", "--file", "iommu/dom0"},
             {"mappings", image + "@0x1000", "--paddr", "0x2000"},
             {"translate", image, "0", "--register", "rtaddr=0x1000"},
             {"translate", image, "0", "--format", "vtd-root", "--device", "00:02.0,00:03.0"},
             {"map", image, "0", "0", "4K", "--register", "rtaddr=0x1000"},
             {"unmap", image, "0", "4K", "--format", "amd-devtab"},
             {"decode", image, "--as", "intel-debugfs", "--format", "riscv"},
             {"decode", image, "--as", "intel-debugfs", "--register", "devtab=0x1000"},
             {"page", image, "1", "--level", "4", "--format", "vtd-ss", "--levels", "4"},
             {"page", image, "1", "--level", "0", "--register", "rtaddr=0x1000"},
             {"check", image, "--device", "00:02.0"},
             {"check", image, "--only", "page-leaked", "--skip", "page-leaked"},
             {"area", image, "--only", "area-block-orphan"},
             {"area", image, "--inode", "4"},
             {"repair", image, "--plan", "--yes"},
             {"repair", image},
             {"repair", image, "--yes", "--to", path("t.img"), "--only", "nonsense"},
             {"info", image, "--root", "page:1"},
             {"alloc", image, "--no-undo", "--undo-keep", "3"},
             {"mappings", image, "--registers", path("none.txt"), "--iova", "bogus"},
             {"mappings", image, "--iova", "bogus", "--output", path("none/out")},
         })
        expect_usage(words);
}

TEST_F(UsageFirst, NothingIsWrittenOverAGoodFileForAWrongOption)
{
    directory().file("out.txt", "good");
    const ProgramOutcome outcome =
        run_words({"mappings", path("t.img"), "--iova", "bogus", "--output", path("out.txt"), "--json"});
    EXPECT_EQ(outcome.status, 16);
    EXPECT_EQ(Json::parse(outcome.output).at("exit_status"), 16);
    EXPECT_EQ(content_of(path("out.txt")), "good");
}

}  // namespace

}  // namespace pgregion::test
