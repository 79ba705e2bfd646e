// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/liveupdate.h"

#include "io/output.h"

namespace pgregion::cli
{

namespace
{

constexpr const char *kCommandLine = "/proc/cmdline";
/// More than any architecture's COMMAND_LINE_SIZE.
constexpr std::size_t kMostBytes = 65536;

}  // namespace

void declare_liveupdate(OptionTable &table, std::string &option)
{
    table
        .option("--liveupdate", "yes|no|auto", &option,
                "the kernel starts for a live update: yes, no, or auto (its command line)")
        .one_of({"yes", "no", "auto"})
        .must_be_given();
}

LiveUpdate liveupdate_of_option(const std::string &option)
{
    if (option == "auto")
        return liveupdate_of_command_line(io::read_small_file(kCommandLine, kMostBytes));
    return option == "yes" ? LiveUpdate::yes : LiveUpdate::no;
}

}  // namespace pgregion::cli
