// SPDX-License-Identifier: GPL-2.0-or-later
//
// All commands with all their arguments and options, as tables: what the parser, the help and the completions are made
// of.
#pragma once

#include "cli/opening/options.h"
#include "cli/session/command.h"

#include <deque>
#include <memory>
#include <vector>

namespace pgregion::cli
{

struct CommandEntry {
    const CommandRow *row = nullptr;
    std::unique_ptr<Command> command;
    OptionTable own;  ///< its own arguments and options, and the group Undo where it writes
};

struct CommandTree {
    CommandTree();
    ~CommandTree();
    CommandTree(const CommandTree &) = delete;
    CommandTree &operator=(const CommandTree &) = delete;

    /// Null when there is none of that name.
    [[nodiscard]] const CommandEntry *find(std::string_view name) const;
    /// The rows of the shared table that a command takes.
    [[nodiscard]] std::vector<const OptionRow *> shared_rows(const CommandRow &row) const;
    /// The option that goes by this name for `entry`; without one, or where it has none of that name, a shared one.
    [[nodiscard]] const OptionRow *option(const CommandEntry *entry, std::string_view name) const;

    SharedOptions shared;
    OptionTable shared_table;
    std::deque<CommandEntry> commands;  ///< in the order of command_rows()
};

}  // namespace pgregion::cli
