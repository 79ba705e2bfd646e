// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/shell/help.h"

#include <algorithm>

#include <fmt/core.h>

#include <CLI/CLI.hpp>

namespace pgregion::cli
{

namespace
{

constexpr std::size_t kColumn = 30;

std::string padded(const std::string &left, const std::string &right)
{
    if (left.size() + 2 > kColumn)
        return fmt::format("  {}\n  {:{}}{}\n", left, "", kColumn, right);
    return fmt::format("  {:{}}{}\n", left, kColumn, right);
}

/// CLI11 puts the words that are allowed behind the type, "WHEN:{auto,always,never}": they say more than the type.
std::string value_text(const std::string &type)
{
    const std::size_t open = type.find(":{");
    if (open == std::string::npos)
        return type;
    std::string words = type.substr(open + 2, type.size() - open - 3);
    std::ranges::replace(words, ',', '|');
    return words;
}

std::string option_line(const CLI::Option &option)
{
    std::string names = option.get_positional() ? option.get_name(true) : option.get_name(false, true);
    const std::size_t comma = names.find(',');
    if (comma != std::string::npos)
        names.insert(comma + 1, " ");
    if (option.get_items_expected_max() > 0 && !option.get_positional())
        names += " " + value_text(option.get_type_name());
    return padded(names, option.get_description());
}

std::string group_lines(const CLI::App &app, const std::string &group)
{
    std::string lines;
    for (const CLI::Option *option : app.get_options()) {
        if (option->get_group() == group)
            lines += option_line(*option);
    }
    return lines;
}

std::string section(const std::string &title, const std::string &lines)
{
    return lines.empty() ? std::string() : "\n" + title + ":\n" + lines;
}

std::string positionals(const CLI::App &app)
{
    std::string text;
    for (const CLI::Option *option : app.get_options()) {
        if (!option->get_positional())
            continue;
        const std::string name = option->get_name(true) + (option->get_items_expected_max() > 1 ? "…" : "");
        text += option->get_required() ? " " + name : " [" + name + "]";
    }
    return text;
}

std::string own_options(const CLI::App &app)
{
    std::string arguments;
    std::string options;
    for (const CLI::Option *option : app.get_options()) {
        if (option->get_group() != "Options")
            continue;
        (option->get_positional() ? arguments : options) += option_line(*option);
    }
    return section("Arguments", arguments) + section("Options", options);
}

std::string command_help(const CommandTree &tree, const CLI::App &command, const CommandRow &row)
{
    std::string text =
        fmt::format("Usage: pgregion {}{} [OPTION…]\n\n{}\n", row.name, positionals(command), row.summary);
    text += own_options(command);
    text += section(kUndoGroup, group_lines(command, kUndoGroup));
    if (row.needs != Needs::nothing)
        text += section(kSourceGroup, group_lines(*tree.app, kSourceGroup));
    if (row.needs == Needs::tables)
        text += section(kDecodingGroup, group_lines(*tree.app, kDecodingGroup));
    text += section(kGlobalGroup, group_lines(*tree.app, kGlobalGroup));
    return text + fmt::format("\nManual: man pgregion-{}\n", row.name);
}

std::string program_help(const CommandTree &tree)
{
    std::string commands;
    for (const CommandRow &row : command_rows())
        commands += padded(std::string(row.name), std::string(row.summary));
    return "Usage: pgregion COMMAND SOURCE… [OPTION…]\n\n" + tree.app->get_description() + ".\n" +
           section("Commands", commands) + section(kSourceGroup, group_lines(*tree.app, kSourceGroup)) +
           section(kDecodingGroup, group_lines(*tree.app, kDecodingGroup)) +
           section(kGlobalGroup, group_lines(*tree.app, kGlobalGroup)) +
           "\nExit status: 0 done, 4 the answer is no, 8 cannot do it, 16 usage. Manual: man pgregion\n";
}

const CommandRow *named_command(const CommandTree &tree)
{
    for (const CommandRow &row : command_rows()) {
        if (tree.app->got_subcommand(std::string(row.name)))
            return &row;
    }
    return nullptr;
}

}  // namespace

std::string help_text(const CommandTree &tree)
{
    const CommandRow *row = named_command(tree);
    return row == nullptr ? program_help(tree)
                          : command_help(tree, *tree.app->get_subcommand(std::string(row->name)), *row);
}

std::string usage_hint(const CommandTree &tree)
{
    const CommandRow *row = named_command(tree);
    return row == nullptr ? "see pgregion --help" : fmt::format("see pgregion {} --help", row->name);
}

}  // namespace pgregion::cli
