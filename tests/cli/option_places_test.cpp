// SPDX-License-Identifier: GPL-2.0-or-later
//
// An option means the same wherever it stands: before the command, before, between and behind the arguments, with its
// value behind it or glued to it. Every option of every command is tried.
#include "cli/command_scenes.h"

#include <gmock/gmock.h>

namespace pgregion::test
{

namespace
{

using testing::HasSubstr;

/// All that one call leaves behind.
struct Trace {
    int status = 0;
    std::string output;
    std::string errors;
    std::string file;

    friend bool operator==(const Trace &, const Trace &) = default;
};

void PrintTo(const Trace &trace, std::ostream *out)
{
    *out << "exit " << trace.status << "\n" << trace.output << trace.errors << trace.file;
}

class OptionPlaces : public SceneTest
{
protected:
    [[nodiscard]] Trace trace(const std::string &command, const Words &words) const
    {
        if (cli::find_command(command)->effect == cli::Effect::writes)
            renew();
        for (const char *made : {"out", "regions"})
            std::filesystem::remove_all(path(made));
        ProgramOutcome outcome = run_words(words);
        return {outcome.status, std::move(outcome.output), std::move(outcome.errors), content_of(path("out"))};
    }

    /// The option at each place: before the command, behind it, behind each argument, behind the other options.
    [[nodiscard]] static std::vector<Words> places(const std::string &command, const PreparedCall &call,
                                                   const Words &option)
    {
        Words line{command};
        line = joined(line, call.arguments);
        std::vector<Words> lines;
        for (std::size_t at = 0; at <= line.size(); ++at) {
            Words placed = line;
            placed.insert(placed.begin() + static_cast<std::ptrdiff_t>(at), option.begin(), option.end());
            lines.push_back(joined(placed, call.options));
        }
        lines.push_back(joined(joined(line, call.options), option));
        return lines;
    }

    void try_option(const std::string &command, const cli::OptionRow &row) const
    {
        const OptionScene *const scene = scene_of(command, row);
        ASSERT_NE(scene, nullptr) << "command_scenes.h has no value for " << command << " " << row.name();
        const PreparedCall call = prepared(command, row.name(), *scene);
        const std::string value = filled(scene->good);
        std::vector<Words> lines =
            places(command, call, row.takes_value() ? Words{row.name(), value} : Words{row.name()});
        if (row.takes_value()) {
            const std::vector<Words> glued = places(command, call, {row.name() + "=" + value});
            lines.push_back(glued.front());
            lines.push_back(glued.back());
        }
        // The sanitizers see the same parser in every place.
        if (pgregion_is_sanitized())
            lines = {lines.front(), lines.back()};
        const Trace expected = trace(command, lines.front());
        EXPECT_EQ((expected.status & 16) != 0, refuses(command, row.name())) << command << " " << row.name() << "\n"
                                                                             << testing::PrintToString(expected);
        for (std::size_t i = 1; i < lines.size(); ++i)
            EXPECT_EQ(trace(command, lines[i]), expected) << "of: " << testing::PrintToString(lines[i]);
    }

    void try_own(const cli::CommandEntry &entry) const
    {
        for (const cli::OptionRow &row : entry.own.rows()) {
            if (!row.is_argument)
                try_option(std::string(entry.row->name), row);
        }
    }

    void try_shared(const cli::CommandTree &tree, const cli::CommandEntry &entry) const
    {
        for (const cli::OptionRow *row : tree.shared_rows(*entry.row))
            try_option(std::string(entry.row->name), *row);
    }
};

TEST_F(OptionPlaces, EveryCommandHasArgumentsToBeTriedWith)
{
    for (const cli::CommandRow *row : cli::command_rows())
        EXPECT_TRUE(command_scenes().contains(std::string(row->name))) << row->name;
}

TEST_F(OptionPlaces, OwnOptionsOfEveryCommandMeanTheSameAnywhere)
{
    const cli::CommandTree tree;
    for (const cli::CommandEntry &entry : tree.commands)
        try_own(entry);
}

TEST_F(OptionPlaces, SharedOptionsMeanTheSameAnywhereForEveryCommand)
{
    const cli::CommandTree tree;
    for (const cli::CommandEntry &entry : tree.commands) {
        if (!pgregion_is_sanitized() || entry.row->name == "map" || entry.row->name == "mappings")
            try_shared(tree, entry);
    }
}

TEST_F(OptionPlaces, ShortOptionsMayBeGluedToTheirValueAndToEachOther)
{
    const std::string source = path("t.img");
    const ProgramOutcome expected = run_pgregion({"bitmap", source, "--jobs", "2", "--verbose", "--quiet"});
    EXPECT_EQ(expected.status, 0);
    for (const Words &words : {Words{"-j2", "-vq", "bitmap", source},
                               {"-vqj", "2", "bitmap", source},
                               {"bitmap", "-vqj2", source},
                               {"bitmap", source, "-j", "2", "-q", "-v"}}) {
        const ProgramOutcome outcome = run_pgregion(words);
        EXPECT_EQ(outcome.status, 0) << outcome.errors;
        EXPECT_EQ(outcome.output, expected.output);
    }
}

TEST_F(OptionPlaces, RepeatableOptionsTakeOneValueEachTime)
{
    const std::string region = path("v.img") + "@0x1000000";
    const std::string devices = output_of({"devices", region, "--register", "rtaddr=0x1001400"});
    EXPECT_EQ(output_of({"devices", "--register", "rtaddr=0x1001400", region}), devices);
    EXPECT_EQ(output_of({"devices", "--device", "00:02.0", "--register", "rtaddr=0x1001400", region}), devices);
    EXPECT_EQ(output_of({"scan", "--kind", "region", "--kind", "area", path("v.img")}),
              output_of({"scan", path("v.img"), "--kind", "region", "--kind", "area"}));

    const std::string one = path("t.img");
    const Words tail{"--format", "vtd-ss", "--levels", "4", "--fail-on", "never"};
    const std::string two = output_of(joined({"check", one, path("u.img"), "--skip", "page-leaked"}, tail));
    EXPECT_THAT(two, HasSubstr(one + ": region"));
    EXPECT_THAT(two, HasSubstr(path("u.img") + ": region"));
    EXPECT_EQ(output_of(joined({"check", "--skip", "page-leaked", one, path("u.img")}, tail)), two);
    EXPECT_EQ(output_of(joined({"check", one, "--skip", "page-leaked", path("u.img")}, tail)), two);
    const Words twice{"--only", "page-leaked", "--only", "bitmap-tail-set", "--ram", "0+1G", "--ram", "0x140000000+2M"};
    EXPECT_EQ(output_of(joined(joined({"check"}, twice), joined({one}, tail))),
              output_of(joined(joined({"check", one}, tail), twice)));
    const Words params{"--param", "snp=on", "--param", "tm=off", "--with", path("p.img") + "@0x70000000"};
    EXPECT_EQ(output_of(joined(joined({"mappings"}, params), {one + "@0x140000000", "--format", "vtd-ss"})),
              output_of(joined({"mappings", one + "@0x140000000", "--format", "vtd-ss"}, params)));
    // Behind --part a source must remain: the two files are not taken for two parts.
    expect_failure(run_pgregion({"info", "--part", one}), 16, {"info needs SOURCE"});
    expect_failure(run_pgregion({"info", "--part", one, path("nosuch")}), 8, {"nosuch: no such file"});
}

TEST_F(OptionPlaces, AnOptionOfOneValueGivenTwiceIsRefused)
{
    const cli::CommandTree tree;
    const cli::CommandEntry &mappings = *tree.find("mappings");
    for (const cli::CommandEntry &entry : tree.commands) {
        std::vector<const cli::OptionRow *> rows;
        for (const cli::OptionRow &row : entry.own.rows())
            rows.push_back(&row);
        if (&entry == &mappings)
            rows = tree.shared_rows(*entry.row);
        for (const cli::OptionRow *row : rows) {
            const OptionScene *const scene = scene_of(std::string(entry.row->name), *row);
            // Of --report the first is taken, for a document about that.
            const bool single = !row->is_argument && row->takes_value() && !row->is_list();
            if (!single || row->name() == "--report" || scene == nullptr)
                continue;
            const std::string command(entry.row->name);
            const PreparedCall call = prepared(command, row->name(), *scene);
            const std::string value = filled(scene->good);
            const Words words = joined({row->name(), value, command}, joined(call.arguments, call.options));
            expect_failure(run_words(joined(words, {row->name() + "=" + value})), 16,
                           {row->name() + " is given 2 times, but takes one value"});
        }
    }
}

TEST_F(OptionPlaces, TwoDashesEndTheOptions)
{
    EXPECT_EQ(output_of({"bitmap", "--", path("t.img")}), output_of({"bitmap", path("t.img")}));
    expect_failure(run_pgregion({"bitmap", "--", "--json"}), 8, {"--json: no such file"});
    expect_failure(run_pgregion({"explain", "--", "--json"}), 16, {"there is no check '--json'"});
    const ProgramOutcome outcome = run_pgregion({"bitmap", "--", path("t.img"), "-q", "--as"});
    EXPECT_EQ(outcome.status, 8);
    EXPECT_THAT(outcome.errors, HasSubstr("pgregion: -q: no such file\n"));
    EXPECT_THAT(outcome.errors, HasSubstr("pgregion: --as: no such file\n"));
}

TEST_F(OptionPlaces, AValueThatIsTheNameOfACommandIsAValue)
{
    ProgramCall call;
    call.arguments = {"/bin/sh", "-c",
                      "cd '" + path("") + "' && '" + pgregion_binary() + "' --output info bitmap t.img && '" +
                          pgregion_binary() + "' -o check bitmap t.img"};
    const ProgramOutcome outcome = run_program(call);
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_EQ(outcome.output, "");
    EXPECT_EQ(content_of(path("info")), output_of({"bitmap", path("t.img")}));
    EXPECT_EQ(content_of(path("check")), content_of(path("info")));
    expect_failure(run_pgregion({"--format", "info", "mappings", path("t.img")}), 16,
                   {"--format does not take 'info'"});
    expect_failure(run_pgregion({"--color", "check", "formats"}), 16, {"--color does not take 'check'"});
}

}  // namespace

}  // namespace pgregion::test
