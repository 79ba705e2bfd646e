// SPDX-License-Identifier: GPL-2.0-or-later
//
// A command: one file in src/cli/commands, one row in commands.cpp. The row says what the command needs; the
// completions, the help and the tests of the manual pages read the rows.
#pragma once

#include <memory>
#include <span>
#include <string_view>

namespace CLI  // NOLINT(readability-identifier-naming): not ours
{
class App;
}

namespace pgregion::cli
{

class Session;

class Command
{
public:
    Command() = default;
    Command(const Command &) = delete;
    Command &operator=(const Command &) = delete;
    virtual ~Command() = default;

    /// Adds the command's own arguments and options.
    virtual void declare(CLI::App &app) = 0;
    /// Does the work. Returns the exit status bits that its answer means (cli.md section 4); failures are
    /// thrown, or reported to the session where other sources remain.
    virtual int run(Session &session) = 0;
};

/// Which groups of shared options a command takes; each contains those before it.
enum class Needs { nothing, source, tables };

/// Whether a command can change a source. Those that do keep an undo journal and take the options of that group; the
/// others warn of a change that was cut short.
enum class Effect { reads, writes };

struct CommandRow {
    std::string_view name;
    std::string_view summary;
    Needs needs;
    std::unique_ptr<Command> (*make)();
    Effect effect = Effect::reads;
};

[[nodiscard]] std::span<const CommandRow> command_rows();

}  // namespace pgregion::cli
