// SPDX-License-Identifier: GPL-2.0-or-later
//
// How far long work is: one line on standard error that is drawn again and again (cli.md section 2, --progress).
#pragma once

#include "cli/opening/options.h"

#include <chrono>
#include <string>

namespace pgregion::cli
{

class Progress
{
public:
    /// Under auto only a terminal sees it; with -q nobody does.
    Progress(const GlobalOptions &options, std::string what);
    Progress(const Progress &) = delete;
    Progress &operator=(const Progress &) = delete;
    /// Ends the line, where one was drawn.
    ~Progress();

    /// "what: step 45 %"; at most ten times a second, but always where done is total. One thread at a time.
    void show(std::string_view step, std::uint64_t done, std::uint64_t total);

private:
    using Clock = std::chrono::steady_clock;
    void draw(const std::string &line);

    bool on_;
    std::string what_;
    Clock::time_point next_;
    std::size_t width_ = 0;  ///< of the line that stands there; 0: none
};

}  // namespace pgregion::cli
