// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/session/progress.h"

#include "report/text.h"

#include <algorithm>
#include <cstdio>

#include <unistd.h>

namespace pgregion::cli
{

namespace
{

constexpr std::chrono::milliseconds kBetween(100);

bool is_wanted(const GlobalOptions &options)
{
    if (options.quiet || options.progress == "never")
        return false;
    return options.progress == "always" || ::isatty(STDERR_FILENO) == 1;
}

/// Nobody could be told that standard error itself is gone.
void put(const std::string &text)
{
    static_cast<void>(std::fputs(text.c_str(), stderr));
    static_cast<void>(std::fflush(stderr));
}

/// Without overflow for any numbers.
std::uint64_t percent(std::uint64_t done, std::uint64_t total)
{
    constexpr std::uint64_t kAll = 100;
    return total / kAll == 0 ? (total == 0 ? kAll : done * kAll / total) : std::min(kAll, done / (total / kAll));
}

}  // namespace

Progress::Progress(const GlobalOptions &options, std::string what) : on_(is_wanted(options)), what_(std::move(what)) {}

Progress::~Progress()
{
    if (width_ != 0)
        put("\n");
}

void Progress::show(std::string_view step, std::uint64_t done, std::uint64_t total)
{
    if (!on_)
        return;
    const Clock::time_point now = Clock::now();
    if (now < next_ && done != total)
        return;
    next_ = now + kBetween;
    draw(fmt::format("pgregion: {}: {} {} %", printable(what_), step, percent(done, total)));
}

/// Spaces cover what a longer line left; an escape sequence would be a nuisance in a file.
void Progress::draw(const std::string &line)
{
    const std::size_t old = std::exchange(width_, line.size());
    put("\r" + line + std::string(old > line.size() ? old - line.size() : 0, ' '));
}

}  // namespace pgregion::cli
