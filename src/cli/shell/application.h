// SPDX-License-Identifier: GPL-2.0-or-later
//
// The command line as a whole: parsing, choosing the command and its output, turning failures into an exit
// status. The tree of commands and options is what help and completions are made of.
#pragma once

#include "cli/session/command.h"
#include "cli/session/options.h"

#include <memory>
#include <vector>

namespace CLI  // NOLINT(readability-identifier-naming): not ours
{
class App;
}

namespace pgregion::cli
{

/// All commands with all their options declared.
struct CommandTree {
    CommandTree();
    ~CommandTree();
    CommandTree(const CommandTree &) = delete;
    CommandTree &operator=(const CommandTree &) = delete;

    SharedOptions shared;
    std::unique_ptr<CLI::App> app;
    std::vector<std::unique_ptr<Command>> commands;  ///< in the order of command_rows()
};

/// Runs the program and returns its exit status; throws nothing.
int run_program(int argc, const char *const *argv);

}  // namespace pgregion::cli
