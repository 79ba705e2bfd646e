// SPDX-License-Identifier: GPL-2.0-or-later
//
// The option --liveupdate: whether the kernel is started to take over the tables.
#pragma once

#include "cli/opening/option_table.h"

#include <pgregion/region.h>

#include <string>

namespace pgregion::cli
{

/// Adds --liveupdate yes|no|auto, which must be given: a wrong guess would call a stale root page right.
void declare_liveupdate(OptionTable &table, std::string &option);

/// `auto` asks the command line of the running kernel. Throws as io::read_small_file().
[[nodiscard]] LiveUpdate liveupdate_of_option(const std::string &option);

}  // namespace pgregion::cli
