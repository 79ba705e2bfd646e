// SPDX-License-Identifier: GPL-2.0-or-later
//
// Help made of the command tree.
#pragma once

#include "cli/shell/application.h"

#include <string>

namespace pgregion::cli
{

/// The help of the command that was named, or of the program; the shared options that apply included.
[[nodiscard]] std::string help_text(const CommandTree &tree);

/// Where to look after a usage error.
[[nodiscard]] std::string usage_hint(const CommandTree &tree);

}  // namespace pgregion::cli
