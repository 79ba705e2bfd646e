// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/shell/run_program.h"

#include "cli/session/session.h"
#include "cli/shell/help.h"
#include "cli/shell/parse.h"
#include "io/output.h"
#include "report/format_report.h"

#include <pgregion/error.h>
#include <pgregion/format.h>

#include <algorithm>
#include <cstdlib>

#include <fmt/core.h>
#include <unistd.h>

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

/// A document that was asked for is made also under -q, which then keeps standard error quiet.
OutputMode choose_mode(const GlobalOptions &options)
{
    if (options.json && options.json_lines)
        throw Error(Failure::usage, "bad-option", "--json and --json-lines exclude each other", "choose one of them");
    if (options.json_lines)
        return OutputMode::json_lines;
    if (options.json)
        return OutputMode::json;
    return options.quiet && options.output.empty() ? OutputMode::quiet : OutputMode::text;
}

std::unique_ptr<ByteSink> open_sink(const GlobalOptions &options)
{
    if (options.output.empty())
        return std::make_unique<io::StandardOutput>();
    return std::make_unique<io::OutputFile>(options.output);
}

int run_command(const CommandEntry &entry, Session &session)
{
    try {
        if (entry.row->needs != Needs::nothing)
            session.read();
        entry.command->prepare(session);
        return entry.command->run(session);
    } catch (const Error &error) {
        return session.fail(error);
    }
}

int run_chosen(const CommandTree &tree, const CommandEntry &entry)
{
    const GlobalOptions &options = tree.shared.global;
    const OutputMode mode = choose_mode(options);
    const report::Palette palette(choose_colour(options));
    const auto sink = open_sink(options);
    report::ResultWriter results(*sink, mode, std::string(entry.row->name), PGREGION_VERSION);
    Session session({*entry.row, tree.shared, results, palette});
    const int status = run_command(entry, session);
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

/// What the words want, however wrong they are.
OutputMode mode_of_words(std::span<const std::string> words)
{
    if (std::ranges::find(words, "--json") != words.end())
        return OutputMode::json;
    return std::ranges::find(words, "--json-lines") != words.end() ? OutputMode::json_lines : OutputMode::text;
}

void print_version(OutputMode mode)
{
    if (mode == OutputMode::text)
        print(fmt::format("pgregion {}\nJSON schema {}\n", PGREGION_VERSION, kSchemaVersion));
    else
        print(report::version_document(PGREGION_VERSION) + "\n");
}

/// A failure before there is a command to report it: on standard error, and where JSON is wanted as its document.
int fail_early(const CommandTree &tree, std::span<const std::string> words, const Error &error)
{
    const int status = static_cast<int>(error.failure());
    if (std::ranges::none_of(words, [](const std::string &word) { return word == "-q" || word == "--quiet"; }))
        print_error(error);
    const OutputMode mode = mode_of_words(words);
    if (mode == OutputMode::text)
        return status;
    const CommandEntry *const entry = command_of_words(tree, words);
    io::StandardOutput output;
    report::ResultWriter results(output, mode, entry == nullptr ? std::string() : std::string(entry->row->name),
                                 PGREGION_VERSION);
    results.fail(error);
    results.finish(status);
    output.finish();
    return status;
}

int parse_and_run(std::span<const std::string> words)
{
    const CommandTree tree;
    try {
        const ParsedWords parsed = parse_words(tree, words);
        if (parsed.wish == Wish::run)
            return run_chosen(tree, *parsed.command);
        if (parsed.wish == Wish::help)
            print(help_text(tree, parsed.command, help_width()));
        else
            print_version(mode_of_words(words));
        return kClean;
    } catch (const Error &error) {
        return fail_early(tree, words, error);
    }
}

}  // namespace

int run_program(int argc, const char *const *argv)
{
    try {
        const std::span arguments(argv, static_cast<std::size_t>(argc));
        const std::vector<std::string> words(arguments.begin() + (arguments.empty() ? 0 : 1), arguments.end());
        return parse_and_run(words);
    } catch (const Error &error) {
        print_error(error);
        return static_cast<int>(error.failure());
    } catch (const std::exception &error) {
        print_error(Error(Failure::operational, "internal", error.what(), "this is a defect of pgregion: report it"));
        return kOperational;
    }
}

}  // namespace pgregion::cli
