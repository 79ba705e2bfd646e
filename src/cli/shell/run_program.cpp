// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/shell/run_program.h"

#include "cli/checking/check_choices.h"
#include "cli/session/session.h"
#include "cli/shell/help.h"
#include "cli/shell/parse.h"
#include "cli/writing/source_journal.h"
#include "io/output.h"
#include "report/check_document.h"
#include "report/format_report.h"

#include <pgregion/error.h>
#include <pgregion/format.h>

#include <algorithm>
#include <cstdlib>
#include <tuple>

#include <fmt/core.h>
#include <unistd.h>

namespace pgregion::cli
{

namespace
{

constexpr int kOperational = static_cast<int>(Failure::operational);
constexpr int kUsage = static_cast<int>(Failure::usage);

Error internal_error(const std::exception &error)
{
    return {Failure::operational, "internal", error.what(), "this is a defect of pgregion: report it"};
}

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
OutputMode choose_mode(const GlobalOptions &options, const OutputWishes &wishes)
{
    if (options.json && options.json_lines)
        throw Error(Failure::usage, "bad-option", "--json and --json-lines exclude each other", "choose one of them");
    if (options.json_lines)
        return OutputMode::json_lines;
    if (options.json)
        return OutputMode::json;
    return options.quiet && options.output.empty() && wishes.report.empty() ? OutputMode::quiet : OutputMode::text;
}

/// Where results go. Nothing is opened before the command line is known to be right.
class Output final : public ByteSink
{
public:
    explicit Output(const std::string &path) : path_(path) {}

    /// Throws as the constructor of OutputFile.
    void open()
    {
        if (path_.empty())
            sink_ = std::make_unique<io::StandardOutput>();
        else
            sink_ = std::make_unique<io::OutputFile>(path_);
    }
    void write(std::string_view text) override { sink_->write(text); }
    void finish() override { sink_->finish(); }
    [[nodiscard]] bool reader_gone() const override { return sink_->reader_gone(); }

private:
    const std::string &path_;
    std::unique_ptr<ByteSink> sink_;
};

/// The source, where the arguments name just one; else empty.
std::string only_source(const CommandEntry &entry)
{
    const OptionRow *const row = entry.own.find("SOURCE");
    if (row == nullptr)
        return {};
    if (std::string *const *text = std::get_if<std::string *>(&row->target))
        return **text;
    const auto &list = *std::get<std::vector<std::string> *>(row->target);
    return list.size() == 1 ? list.front() : std::string();
}

/// Turns the command line into values. Throws usage errors; any other failure is returned, since a usage error that
/// comes after it is the one to tell.
std::optional<Error> prepare(const CommandTree &tree, const CommandEntry &entry, Session &session)
{
    std::optional<Error> failure;
    const auto attempt = [&](const auto &step) {
        try {
            step();
        } catch (Error &error) {
            if (const std::string source = only_source(entry); !source.empty())
                error.advise(session.fill_source(error.hint(), source));
            if (error.failure() == Failure::usage)
                throw;
            if (!failure)
                failure = error;
        }
    };
    entry.command->refuse(tree.shared);
    if (entry.row->needs != Needs::nothing)
        attempt([&] { session.read(); });
    if (entry.row->effect == Effect::writes)
        std::ignore = changes_kept(tree.shared.undo);
    attempt([&] { entry.command->prepare(session); });
    return failure;
}

int run_command(const CommandEntry &entry, Session &session)
{
    try {
        return entry.command->run(session);
    } catch (const Error &error) {
        return session.fail(error);
    } catch (const std::exception &error) {
        return session.fail(internal_error(error));
    }
}

int run_chosen(const CommandTree &tree, const CommandEntry &entry, const OutputWishes &wishes)
{
    const GlobalOptions &options = tree.shared.global;
    const OutputMode mode = choose_mode(options, wishes);
    const report::Palette palette(choose_colour(options));
    Output output(options.output);
    report::ResultWriter results(output, mode, std::string(entry.row->name), PGREGION_VERSION);
    Session session({*entry.row, tree.shared, results, palette});
    const std::optional<Error> failure = prepare(tree, entry, session);
    if (failure && !wishes.report.empty())
        throw *failure;  // the report is of that alone
    output.open();
    const int status = failure ? session.fail(*failure) : run_command(entry, session);
    results.finish(status);
    // A command that failed has nothing to put into the place of a good file, unless the failure is the result.
    if (options.output.empty() || (status & (kOperational | kUsage)) == 0 || results.holds_failures())
        output.finish();
    return status;
}

void print(const std::string &text)
{
    io::StandardOutput output;
    output.write(text);
    output.finish();
}

void print_version(const OutputWishes &wishes)
{
    if (wishes.json || wishes.json_lines)
        print(report::version_document(PGREGION_VERSION) + "\n");
    else
        print(fmt::format("pgregion {}\nJSON schema {}\n", PGREGION_VERSION, kSchemaVersion));
}

class StringSink final : public ByteSink
{
public:
    void write(std::string_view text) override { text_ += text; }
    void finish() override {}
    [[nodiscard]] const std::string &text() const { return text_; }

private:
    std::string text_;
};

/// A failure as the document that was asked for; empty where none was.
std::string failure_document(const CommandEntry *entry, const OutputWishes &wishes, const Error &error)
{
    const int status = static_cast<int>(error.failure());
    StringSink document;
    if (wishes.json || wishes.json_lines) {
        report::ResultWriter results(document, wishes.json ? OutputMode::json : OutputMode::json_lines,
                                     entry == nullptr ? std::string() : std::string(entry->row->name),
                                     PGREGION_VERSION);
        results.fail(error);
        results.finish(status);
    } else if (entry != nullptr && entry->own.find("--report") != nullptr) {
        const auto checked = report::make_document(
            wishes.report, {.version = PGREGION_VERSION, .checks = chosen_checks({}), .fail_on = std::nullopt});
        if (checked) {
            checked->add_failure(error.source(), error);
            document.write(checked->finish(status));
        }
    }
    return document.text();
}

/// A failure that is nobody's result: on standard error, and as a document on standard output where one was asked for.
int fail_early(const CommandTree &tree, std::span<const std::string> words, const Error &error)
{
    const OutputWishes wishes = output_wishes(tree, words);
    if (!wishes.quiet)
        print_error(error);
    // Where standard output itself is what failed, there may be half a document already.
    const bool gone = error.is(ErrorClass::output) && tree.shared.global.output.empty();
    if (const std::string document = failure_document(command_of_words(tree, words), wishes, error);
        !gone && !document.empty())
        print(document);
    return static_cast<int>(error.failure());
}

int parse_and_run(std::span<const std::string> words)
{
    const CommandTree tree;
    const OutputWishes wishes = output_wishes(tree, words);
    try {
        const ParsedWords parsed = parse_words(tree, words);
        if (parsed.wish == Wish::run)
            return run_chosen(tree, *parsed.command, wishes);
        if (parsed.wish == Wish::help)
            print(help_text(tree, parsed.command, help_width()));
        else
            print_version(wishes);
        return kClean;
    } catch (const Error &error) {
        return fail_early(tree, words, error);
    } catch (const std::exception &error) {
        return fail_early(tree, words, internal_error(error));
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
        print_error(internal_error(error));
        return kOperational;
    }
}

}  // namespace pgregion::cli
