// SPDX-License-Identifier: GPL-2.0-or-later
//
// Completions for the shells, made from the command tree so that they cannot drift from what is parsed. The results
// are kept in completions/; the program pgregion_completions writes them anew.
#pragma once

#include "cli/shell/command_tree.h"

#include <string>

namespace pgregion::cli
{

/// A whole file for bash 4 or later; it needs nothing of the package bash-completion.
[[nodiscard]] std::string bash_completion(const CommandTree &tree);

/// A whole file for zsh, to be called _pgregion in a folder of $fpath.
[[nodiscard]] std::string zsh_completion(const CommandTree &tree);

/// A whole file for fish 3 or later.
[[nodiscard]] std::string fish_completion(const CommandTree &tree);

}  // namespace pgregion::cli
