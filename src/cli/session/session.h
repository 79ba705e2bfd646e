// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a command works with while it runs: what the command line says, where results go, where complaints go.
#pragma once

#include "cli/opening/source.h"
#include "cli/opening/tables.h"
#include "cli/session/command.h"
#include "edit/journal.h"
#include "report/next_command.h"
#include "report/problems.h"
#include "report/result_writer.h"
#include "report/text.h"

#include <pgregion/error.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pgregion::cli
{

/// Bits of the exit status that a command's answer sets (cli.md section 4).
inline constexpr int kClean = 0;
inline constexpr int kAnswerIsNo = 4;

class Session
{
public:
    /// What a session is of.
    struct Terms {
        const CommandRow &row;
        const SharedOptions &options;
        report::ResultWriter &results;
        const report::Palette &palette;
    };

    explicit Session(const Terms &terms) : terms_(terms) {}

    /// Turns the shared options into values. Throws as read_options(); before it, reading() is empty.
    void read() { reading_ = read_options(terms_.options.source, terms_.options.decoding); }

    [[nodiscard]] const GlobalOptions &global() const { return terms_.options.global; }
    [[nodiscard]] const UndoOptions &undo() const { return terms_.options.undo; }
    [[nodiscard]] const SourceReading &reading() const { return reading_; }
    [[nodiscard]] report::ResultWriter &results() { return terms_.results; }
    [[nodiscard]] const report::Palette &palette() const { return terms_.palette; }
    [[nodiscard]] bool verbose() const { return global().verbose > 0; }
    /// How many threads may work at once.
    [[nodiscard]] unsigned jobs() const { return static_cast<unsigned>(global().jobs); }

    /// Runs `work` for each source; one that fails is reported and does not keep the others from their turn.
    /// Returns all exit status bits together. A command that only reads warns of a change that was cut short. Throws
    /// usage errors, those about the names of the sources before any work is done.
    int for_each_source(const std::vector<std::string> &sources, const std::function<int(const std::string &)> &work);

    /// Opens a source as the options say. One that was cut short can be read, and one with pages that cannot be decoded;
    /// for_each_source() says so once the work on it is done. Throws as OpenedSource.
    [[nodiscard]] OpenedSource open(const std::string &argument, OpenMode mode);

    /// Opens its tables as the options say, and says so where something about them is a guess. Throws as
    /// open_tables().
    [[nodiscard]] Tables open_tables(const OpenedSource &source, const std::string &argument) const;
    /// Says that tables are read by a guess, if they are, and what speaks against the reading; passed over with -q.
    void note_guess(const std::string &argument, const SourceInfo &info) const;

    /// What a next command on the source is made of.
    [[nodiscard]] report::SourceWords words(const std::string &argument) const;

    /// `hint` with every SOURCE behind "pgregion COMMAND" replaced by the source and the options that this command
    /// takes.
    [[nodiscard]] std::string fill_source(std::string_view hint, const std::string &argument) const;

    /// The change that was made last, for a command that finds that it should not have made it.
    void remember(std::shared_ptr<const Change> change) { last_change_ = std::move(change); }
    [[nodiscard]] const std::shared_ptr<const Change> &last_change() const { return last_change_; }

    /// A line for standard error; passed over with -q.
    void warn(const std::string &source, std::string_view message) const;
    /// The first problems of a listing of `tables`, on standard error, and what may be behind them.
    void warn(const std::string &source, const report::Problems &problems, const Tables &tables) const;
    /// Reports a failure on standard error and in the results; returns its exit status bit.
    int fail(const Error &error);

private:
    [[nodiscard]] std::string command_words(const CommandRow &row, const std::string &argument) const;
    int fail_on(const std::string &argument, Error &error);
    void warn_of_unfinished_change(const std::string &argument) const;

    Terms terms_;
    SourceReading reading_;
    std::shared_ptr<const Change> last_change_;
    std::vector<Error> shortfalls_;                             ///< of the sources opened for the work in hand
    std::vector<std::shared_ptr<const LostPages>> lost_pages_;  ///< of the same
};

/// What a next command on `argument` is made of, where it is read like that. Words of a shell.
[[nodiscard]] report::SourceWords words_of(const std::string &argument, const SourceReading &reading);

/// Prints a failure: what and where, then what to do next.
void print_error(const Error &error);

}  // namespace pgregion::cli
