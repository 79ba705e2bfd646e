// SPDX-License-Identifier: GPL-2.0-or-later
//
// Completions for the shells. What they do is shell code, kept as templates in completions/NAME.in; what they know is
// made from the command tree, so that it cannot drift from what is parsed. The build puts both together.
#pragma once

#include "cli/shell/completion_model.h"

#include <map>
#include <span>
#include <string>
#include <string_view>

namespace pgregion::cli
{

/// Lines of shell code, by the name that stands for them in a template.
using ShellTables = std::map<std::string, std::string, std::less<>>;

struct CompletionFile {
    const char *name;  ///< as it is called in the folder completions; its template is NAME.in in that folder
    ShellTables (*tables)(const CompletionModel &);
};

/// One for each shell: bash 4 or later (nothing of the package bash-completion is needed), zsh (a folder of $fpath),
/// fish 3 or later.
[[nodiscard]] std::span<const CompletionFile> completion_files();

/// The template with the tables in the place of the lines `# @NAME@`. Throws std::runtime_error when it has a name
/// that there is not, or leaves out one that there is.
[[nodiscard]] std::string filled_in(std::string_view text, const ShellTables &tables);

// The tables of each shell.
[[nodiscard]] ShellTables bash_tables(const CompletionModel &model);
[[nodiscard]] ShellTables zsh_tables(const CompletionModel &model);
[[nodiscard]] ShellTables fish_tables(const CompletionModel &model);

}  // namespace pgregion::cli
