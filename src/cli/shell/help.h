// SPDX-License-Identifier: GPL-2.0-or-later
//
// Help made of the command tree, as wide as the terminal.
#pragma once

#include "cli/shell/command_tree.h"

#include <string>

namespace pgregion::cli
{

/// How many columns a line of help may have: those of the terminal on standard output, else of $COLUMNS, else 100.
[[nodiscard]] std::size_t help_width();

/// The help of a command, or of the program where `command` is null; the shared options that apply included. Lines
/// break between words before they are longer than `width`, which counts as at least 40.
[[nodiscard]] std::string help_text(const CommandTree &tree, const CommandEntry *command, std::size_t width);

}  // namespace pgregion::cli
