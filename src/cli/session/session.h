// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a command works with while it runs: the shared options, where results go, where complaints go.
#pragma once

#include "cli/opening/source.h"
#include "cli/session/command.h"
#include "cli/session/options.h"
#include "edit/journal.h"
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
    Session(const SharedOptions &options, report::ResultWriter &results, const report::Palette &palette, Effect effect)
        : options_(options), results_(results), palette_(palette), effect_(effect)
    {
    }

    [[nodiscard]] const SharedOptions &options() const { return options_; }
    [[nodiscard]] report::ResultWriter &results() { return results_; }
    [[nodiscard]] const report::Palette &palette() const { return palette_; }
    [[nodiscard]] bool verbose() const { return options_.global.verbose > 0; }

    /// Runs `work` for each source; one that fails is reported and does not keep the others from their turn.
    /// Returns all exit status bits together. A command that only reads warns of a change that was cut short.
    int for_each_source(const std::vector<std::string> &sources, const std::function<int(const std::string &)> &work);

    /// Opens a source as the options say. One that was cut short can be read; for_each_source() says so once the work
    /// on it is done. Throws as OpenedSource.
    [[nodiscard]] OpenedSource open(const std::string &argument, OpenMode mode);

    /// The change that was made last, for a command that finds that it should not have made it.
    void remember(std::shared_ptr<const Change> change) { last_change_ = std::move(change); }
    [[nodiscard]] const std::shared_ptr<const Change> &last_change() const { return last_change_; }

    /// A line for standard error; passed over with -q.
    void warn(const std::string &source, std::string_view message) const;
    /// The first problems of a listing, on standard error.
    void warn(const std::string &source, const report::Problems &problems, const report::PageMap &pages) const;
    /// Reports a failure on standard error and in the results; returns its exit status bit.
    int fail(const Error &error);

private:
    void warn_of_unfinished_change(const std::string &argument) const;

    const SharedOptions &options_;
    report::ResultWriter &results_;
    const report::Palette &palette_;
    Effect effect_;
    std::shared_ptr<const Change> last_change_;
    std::vector<Error> shortfalls_;  ///< of the sources opened for the work in hand
};

/// Prints a failure: what and where, then what to do next.
void print_error(const Error &error);

}  // namespace pgregion::cli
