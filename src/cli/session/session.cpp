// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/session/session.h"

#include "cli/opening/missing_advice.h"
#include "cli/opening/numbers.h"
#include "io/failures.h"
#include "io/journal_place.h"
#include "report/reading_report.h"

#include <cstdio>
#include <tuple>

namespace pgregion::cli
{

namespace
{

constexpr std::size_t kProblemLines = 10;

void print_line(const std::string &line)
{
    // Nobody could be told that standard error itself is gone.
    static_cast<void>(std::fputs(("pgregion: " + line + "\n").c_str(), stderr));
}

/// As much of it as the command takes.
SourceReading reading_for(const CommandRow &row, SourceReading reading)
{
    if (row.subject == Subject::whole_area)
        reading.place.file.reset();
    if (row.subject != Subject::one_region)
        return reading;
    reading.pieces.clear();
    reading.root = {};
    if (reading.by_register())
        reading.context = {};
    reading.registers.clear();
    reading.registers_file.clear();
    return reading;
}

std::string prefix(const std::string &source) { return source.empty() ? std::string() : printable(source) + ": "; }

}  // namespace

int Session::for_each_source(const std::vector<std::string> &sources,
                             const std::function<int(const std::string &)> &work)
{
    for (const std::string &source : sources)
        std::ignore = place_of(source, reading_.place);
    int status = kClean;
    for (const std::string &source : sources) {
        shortfalls_.clear();
        lost_pages_.clear();
        try {
            if (terms_.row.effect == Effect::reads)
                warn_of_unfinished_change(source);
            status |= work(source);
        } catch (Error &error) {
            // Output that cannot be written is everybody's failure, a usage error the whole command's.
            if (error.failure() == Failure::usage || error.is(ErrorClass::output)) {
                error.advise(fill_source(error.hint(), source));
                throw;
            }
            status |= fail_on(source, error);
        }
        for (Error &shortfall : shortfalls_)
            status |= fail_on(source, shortfall);
        for (const auto &lost : lost_pages_) {
            if (auto error = lost->error())
                status |= fail_on(source, *error);
        }
    }
    return status;
}

OpenedSource Session::open(const std::string &argument, OpenMode mode)
{
    OpenedSource source(argument, reading_, mode);
    if (source.source().shortfall())
        shortfalls_.push_back(*source.source().shortfall());
    if (auto lost = source.source().lost_pages())
        lost_pages_.push_back(std::move(lost));
    if (const std::string_view remark = source.source().remark(); !remark.empty())
        warn(source.path(), remark);
    return source;
}

report::SourceWords Session::words(const std::string &argument) const { return words_of(argument, reading_); }

std::string Session::fill_source(std::string_view hint, const std::string &argument) const
{
    constexpr std::string_view kPlaceholder = "SOURCE";
    constexpr std::string_view kProgram = "pgregion ";
    if (!words(argument).can_be_named())
        return std::string(hint);
    std::string filled;
    for (std::size_t at = hint.find(kPlaceholder); at != std::string_view::npos; at = hint.find(kPlaceholder)) {
        const std::string_view before = hint.substr(0, at);
        const std::size_t program = before.rfind(kProgram);
        const std::string_view command =
            program == std::string_view::npos ? std::string_view() : before.substr(program + kProgram.size());
        const CommandRow *const row = find_command(command.substr(0, command.find(' ')));
        filled += before;
        filled += row == nullptr ? std::string(kPlaceholder) : command_words(*row, argument);
        hint.remove_prefix(at + kPlaceholder.size());
    }
    return filled.append(hint);
}

std::string Session::command_words(const CommandRow &row, const std::string &argument) const
{
    const report::SourceWords words = words_of(argument, reading_for(row, reading_));
    std::string text = words.source + words.place;
    if (row.needs == Needs::tables)
        text += words.tables;
    if (row.effect == Effect::writes && !undo().file.empty())
        text += " --undo " + io::shell_word(undo().file);
    return text;
}

int Session::fail_on(const std::string &argument, Error &error)
{
    error.advise(fill_source(error.hint(), argument));
    return fail(error.at(argument));
}

void Session::warn_of_unfinished_change(const std::string &argument) const
{
    if (global().quiet)
        return;
    const auto change = io::peek_unfinished(parse_source(argument).path, io::state_folder());
    if (!change)
        return;
    const std::string undo = report::next_on_source("undo", words(argument));
    warn(argument,
         fmt::format("change {} ({}) was cut short: what is read may be half of it; take it back: {}; or complete it: "
                     "{} --finish",
                     change->sequence, printable(change->command), undo, undo));
}

Tables Session::open_tables(const OpenedSource &source, const std::string &argument) const
{
    Tables tables = cli::open_tables(source, reading_);
    note_guess(argument, tables.info);
    return tables;
}

void Session::note_guess(const std::string &argument, const SourceInfo &info) const
{
    if (info.guessed && !global().quiet)
        print_line(prefix(argument) + report::guess_note(*info.guessed));
    for (const std::string &doubt : info.doubts)
        warn(argument, fill_source(doubt, argument));
}

void Session::warn(const std::string &source, std::string_view message) const
{
    if (!global().quiet)
        print_line(prefix(source) + "warning: " + std::string(message));
}

void Session::warn(const std::string &source, const report::Problems &problems, const Tables &tables) const
{
    for (const std::string &line : problems.lines(kProblemLines, tables.pages))
        warn(source, line);
    if (global().quiet)
        return;  // the advice asks the source again
    if (const auto advice = missing_advice(tables, problems))
        warn(source, *advice);
}

int Session::fail(const Error &error)
{
    terms_.results.fail(error);
    if (!global().quiet)
        print_error(error);
    return static_cast<int>(error.failure());
}

report::SourceWords words_of(const std::string &argument, const SourceReading &reading)
{
    if (argument == "-")
        return {};
    return {io::shell_word(argument), reading.place_words(), reading.table_words(), {}};
}

void print_error(const Error &error)
{
    print_line(prefix(error.source()) + printable(error.what()));
    if (!error.hint().empty())
        print_line("  " + printable(error.hint()));
}

}  // namespace pgregion::cli
