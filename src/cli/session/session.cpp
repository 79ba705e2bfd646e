// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/session/session.h"

#include "cli/opening/numbers.h"
#include "io/failures.h"
#include "io/journal_place.h"

#include <cstdio>

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

std::string prefix(const std::string &source) { return source.empty() ? std::string() : printable(source) + ": "; }

}  // namespace

int Session::for_each_source(const std::vector<std::string> &sources,
                             const std::function<int(const std::string &)> &work)
{
    int status = kClean;
    for (const std::string &source : sources) {
        shortfalls_.clear();
        try {
            if (effect_ == Effect::reads)
                warn_of_unfinished_change(source);
            status |= work(source);
        } catch (Error &error) {
            // Output that cannot be written is everybody's failure, a usage error the whole command's.
            if (error.failure() == Failure::usage || error.code() == "cannot-write-output")
                throw;
            status |= fail(error.at(source));
        }
        for (Error &shortfall : shortfalls_)
            status |= fail(shortfall.at(source));
    }
    return status;
}

OpenedSource Session::open(const std::string &argument, OpenMode mode)
{
    OpenedSource source(argument, options_.source, mode);
    if (source.source().shortfall())
        shortfalls_.push_back(*source.source().shortfall());
    return source;
}

void Session::warn_of_unfinished_change(const std::string &argument) const
{
    if (options_.global.quiet)
        return;
    const auto change = io::peek_unfinished(parse_source(argument).path, io::state_folder());
    if (!change)
        return;
    const std::string word = io::shell_word(argument);
    warn(argument,
         fmt::format("change {} ({}) was cut short: what is read may be half of it; take it back with pgregion "
                     "undo {}, or complete it with pgregion undo {} --finish",
                     change->sequence, printable(change->command), printable(word), printable(word)));
}

void Session::warn(const std::string &source, std::string_view message) const
{
    if (!options_.global.quiet)
        print_line(prefix(source) + "warning: " + std::string(message));
}

void Session::warn(const std::string &source, const report::Problems &problems, const report::PageMap &pages) const
{
    for (const std::string &line : problems.lines(kProblemLines, pages))
        warn(source, line);
}

int Session::fail(const Error &error)
{
    results_.fail(error);
    if (!options_.global.quiet)
        print_error(error);
    return static_cast<int>(error.failure());
}

void print_error(const Error &error)
{
    print_line(prefix(error.source()) + printable(error.what()));
    if (!error.hint().empty())
        print_line("  " + printable(error.hint()));
}

}  // namespace pgregion::cli
