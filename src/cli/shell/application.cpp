// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/shell/application.h"

#include "cli/session/session.h"
#include "cli/shell/help.h"
#include "io/output.h"

#include <pgregion/error.h>
#include <pgregion/format.h>

#include <algorithm>
#include <cstdlib>
#include <span>

#include <unistd.h>

#include <CLI/CLI.hpp>

namespace pgregion::cli
{

namespace
{

constexpr int kOperational = static_cast<int>(Failure::operational);
constexpr int kUsage = static_cast<int>(Failure::usage);

/// Empty when the variable is missing.
std::string_view environment(const char *name)
{
    const char *value = std::getenv(name);
    return value == nullptr ? std::string_view{} : value;
}

/// The flag, then NO_COLOR, CLICOLOR_FORCE, CLICOLOR, then whether it is a terminal (cli.md section 2).
Colour choose_colour(const GlobalOptions &options)
{
    if (options.colour != "auto")
        return options.colour == "always" ? Colour::on : Colour::off;
    if (!environment("NO_COLOR").empty())
        return Colour::off;
    if (const std::string_view force = environment("CLICOLOR_FORCE"); !force.empty() && force != "0")
        return Colour::on;
    if (environment("CLICOLOR") == "0" || environment("TERM") == "dumb" || !options.output.empty())
        return Colour::off;
    return ::isatty(STDOUT_FILENO) != 0 ? Colour::on : Colour::off;
}

OutputMode choose_mode(const GlobalOptions &options)
{
    if (options.json && options.json_lines)
        throw Error(Failure::usage, "bad-option", "--json and --json-lines exclude each other", "choose one of them");
    if (options.quiet && options.output.empty())
        return OutputMode::quiet;
    if (options.json_lines)
        return OutputMode::json_lines;
    return options.json ? OutputMode::json : OutputMode::text;
}

std::unique_ptr<ByteSink> open_sink(const GlobalOptions &options)
{
    if (options.output.empty())
        return std::make_unique<io::StandardOutput>();
    return std::make_unique<io::OutputFile>(options.output);
}

/// A shared option that the command has no use for is a mistake, not a wish to be passed over.
void refuse_foreign_options(const CLI::App &app, const CommandRow &row)
{
    for (const CLI::Option *option : app.get_options()) {
        const bool foreign = (option->get_group() == kDecodingGroup && row.needs != Needs::tables) ||
                             (option->get_group() == kSourceGroup && row.needs == Needs::nothing);
        if (foreign && option->count() > 0)
            throw Error(Failure::usage, "bad-option", fmt::format("{} does not take {}", row.name, option->get_name()),
                        fmt::format("see pgregion {} --help", row.name));
    }
}

/// The command that was named, with its place in the tree.
std::size_t chosen_command(const CommandTree &tree)
{
    const auto rows = command_rows();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (tree.app->got_subcommand(std::string(rows[i].name)))
            return i;
    }
    throw Error(Failure::usage, "no-command", "no command is given", "see pgregion --help");
}

int run_command(CommandTree &tree, Session &session, std::size_t chosen)
{
    try {
        return tree.commands[chosen]->run(session);
    } catch (const Error &error) {
        return session.fail(error);
    }
}

int run_chosen(CommandTree &tree)
{
    const GlobalOptions &options = tree.shared.global;
    const std::size_t chosen = chosen_command(tree);
    const CommandRow &row = command_rows()[chosen];
    refuse_foreign_options(*tree.app, row);
    const OutputMode mode = choose_mode(options);
    const report::Palette palette(choose_colour(options));
    const auto sink = open_sink(options);
    report::ResultWriter results(*sink, mode, std::string(row.name), PGREGION_VERSION);
    Session session(tree.shared, results, palette, row.effect);
    const int status = run_command(tree, session, chosen);
    results.finish(status);
    // A command that failed has nothing to put into the place of a good file, unless the failure is the result.
    if (options.output.empty() || (status & (kOperational | kUsage)) == 0 || results.holds_failures())
        sink->finish();
    return status;
}

void print(const std::string &text)
{
    io::StandardOutput output;
    output.write(text);
    output.finish();
}

void print_version(OutputMode mode)
{
    if (mode == OutputMode::text) {
        print(fmt::format("pgregion {}\nJSON schema {}\n", PGREGION_VERSION, kSchemaVersion));
        return;
    }
    report::Json formats = report::Json::array();
    for (const TableFormat *format : table_formats())
        formats.push_back(format->name);
    for (const DirectoryFormat *format : directory_formats())
        formats.push_back(format->name);
    const report::Json document{{"schema_version", kSchemaVersion},
                                {"tool", {{"name", "pgregion"}, {"version", PGREGION_VERSION}}},
                                {"formats", formats}};
    print(document.text() + "\n");
}

/// CLI11 answers --version before it stores the other flags, so they are looked for in the words themselves.
OutputMode mode_of_words(int argc, const char *const *argv)
{
    const std::span words(argv, static_cast<std::size_t>(argc));
    const bool json =
        std::ranges::any_of(words, [](std::string_view word) { return word == "--json" || word == "--json-lines"; });
    return json ? OutputMode::json : OutputMode::text;
}

/// Words that belong nowhere. Without a command the first of them was meant as one.
Error unexpected_words(const CommandTree &tree, const CLI::ExtrasError &error)
{
    const std::vector<std::string> words = tree.app->remaining();
    const bool no_command = tree.app->get_subcommands().empty();
    if (no_command && !words.empty() && !words.front().starts_with('-'))
        return {Failure::usage, "no-such-command", "there is no command '" + words.front() + "'", usage_hint(tree)};
    return {Failure::usage, "bad-usage", error.what(), usage_hint(tree)};
}

int parse_and_run(int argc, const char *const *argv)
{
    CommandTree tree;
    try {
        tree.app->parse(argc, argv);
    } catch (const CLI::CallForHelp &) {
        print(help_text(tree));
        return kClean;
    } catch (const CLI::CallForVersion &) {
        print_version(mode_of_words(argc, argv));
        return kClean;
    } catch (const CLI::ExtrasError &error) {
        print_error(unexpected_words(tree, error));
        return kUsage;
    } catch (const CLI::ParseError &error) {
        print_error(Error(Failure::usage, "bad-usage", error.what(), usage_hint(tree)));
        return kUsage;
    }
    return run_chosen(tree);
}

}  // namespace

CommandTree::CommandTree()
    : app(std::make_unique<CLI::App>("Inspects and edits IOMMU page tables in persistent regions", "pgregion"))
{
    app->set_help_flag("-h,--help", "this text")->group(kGlobalGroup);
    app->set_version_flag("-V,--version", std::string(PGREGION_VERSION), "version; with --json also schema and formats")
        ->group(kGlobalGroup);
    app->require_subcommand(0, 1);
    declare_shared(*app, shared);
    for (const CommandRow &row : command_rows()) {
        CLI::App *command_app = app->add_subcommand(std::string(row.name), std::string(row.summary));
        command_app->fallthrough();
        command_app->set_help_flag("-h,--help", "this text")->group(kGlobalGroup);
        commands.push_back(row.make());
        commands.back()->declare(*command_app);
        if (row.effect == Effect::writes)
            declare_undo(*command_app, shared.undo);
    }
}

CommandTree::~CommandTree() = default;

int run_program(int argc, const char *const *argv)
{
    try {
        return parse_and_run(argc, argv);
    } catch (const Error &error) {
        print_error(error);
        return static_cast<int>(error.failure());
    } catch (const std::exception &error) {
        print_error(Error(Failure::operational, "internal", error.what(), "this is a defect of pgregion: report it"));
        return kOperational;
    }
}

}  // namespace pgregion::cli
