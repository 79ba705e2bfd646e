// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/liveupdate.h"

#include "io/output.h"

#include <CLI/CLI.hpp>

namespace pgregion::cli
{

namespace
{

constexpr const char *kCommandLine = "/proc/cmdline";
/// More than any architecture's COMMAND_LINE_SIZE.
constexpr std::size_t kMostBytes = 65536;

}  // namespace

void declare_liveupdate(CLI::App &app, std::string &option)
{
    app.add_option("--liveupdate", option, "the kernel starts for a live update: yes, no, or auto (its command line)")
        ->required()
        ->check(CLI::IsMember({"yes", "no", "auto"}))
        ->type_name("yes|no|auto");
}

LiveUpdate liveupdate_of_option(const std::string &option)
{
    if (option == "auto")
        return liveupdate_of_command_line(io::read_small_file(kCommandLine, kMostBytes));
    return option == "yes" ? LiveUpdate::yes : LiveUpdate::no;
}

}  // namespace pgregion::cli
