// SPDX-License-Identifier: GPL-2.0-or-later
//
// A command: one file in src/cli/commands, NAME.cpp, that ends with its row, NAME_row. The build makes the list of all
// rows out of the files in that folder; the parser, the help, the completions and the tests of the manual read it.
#pragma once

#include "cli/opening/options.h"

#include <memory>
#include <span>
#include <string_view>

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
    virtual void declare(OptionTable &table) = 0;
    /// Throws usage "bad-option" for shared options that this command has no use for, before their values are read.
    virtual void refuse(const SharedOptions &) const {}
    /// Turns what was given into values, before anything is opened. Throws usage errors.
    virtual void prepare(const Session &) {}
    /// Does the work. Returns the exit status bits that its answer means (cli.md section 4); failures are
    /// thrown, or reported to the session where other sources remain.
    virtual int run(Session &session) = 0;
};

/// What a command is about; the help lists one section after the other.
enum class Section { region, tables, health, search, edit };

/// Which groups of shared options a command takes; each contains those before it.
enum class Needs { nothing, source, tables };

/// Whether a command can change a source. Those that do keep an undo journal and take the options of that group; the
/// others warn of a change that was cut short.
enum class Effect { reads, writes };

/// What the shared options of a command can be about: anything; a whole pkernfs area, so no file in it; one region from
/// its page 1 on, so no other root, register or piece. A next step leaves out what its command refuses.
enum class Subject { any, whole_area, one_region };

struct CommandRow {
    std::string_view name;
    std::string_view summary;
    Section section;
    Needs needs;
    std::unique_ptr<Command> (*make)();
    Effect effect = Effect::reads;
    Subject subject = Subject::any;
};

template <class T>
std::unique_ptr<Command> make_command()
{
    return std::make_unique<T>();
}

/// All of them, by section, then by name.
[[nodiscard]] std::span<const CommandRow *const> command_rows();

/// Null when there is none of that name.
[[nodiscard]] const CommandRow *find_command(std::string_view name);

}  // namespace pgregion::cli
