// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/shell/completion_model.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <CLI/CLI.hpp>

namespace pgregion::cli
{

namespace
{

/// Arguments that name files; the others are page numbers, addresses or codes.
constexpr std::array<std::string_view, 5> kFileArguments{"SOURCE", "TEXT", "IMAGE", "A", "B"};

/// CLI::IsMember describes itself as "{one,two}" behind the type: "WHEN:{auto,always,never}". What help prints and
/// what the shells offer is therefore the set that is checked.
struct TypeText {
    std::string name;
    std::vector<std::string> words;
};

TypeText type_text(const std::string &text)
{
    const std::size_t open = text.find(":{");
    if (open == std::string::npos || text.back() != '}')
        return {text, {}};
    TypeText type{text.substr(0, open), {}};
    for (std::size_t at = open + 2; at < text.size();) {
        const std::size_t end = text.find_first_of(",}", at);
        type.words.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return type;
}

OptionValue value_of(const CLI::Option &option, const TypeText &type)
{
    if (option.get_items_expected_max() == 0)
        return OptionValue::none;
    if (!type.words.empty())
        return OptionValue::words;
    return type.name.starts_with("FILE") ? OptionValue::file : OptionValue::anything;
}

CompletedOption completed(const CLI::Option &option)
{
    const TypeText type = type_text(option.get_type_name());
    CompletedOption result;
    for (const std::string &name : option.get_snames())
        result.names.push_back("-" + name);
    for (const std::string &name : option.get_lnames())
        result.names.push_back("--" + name);
    result.description = option.get_description();
    result.value = value_of(option, type);
    result.value_name = result.value == OptionValue::none ? std::string() : type.name;
    result.words = type.words;
    result.repeatable = option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
    return result;
}

std::vector<CompletedOption> group_of(const CommandTree &tree, std::string_view group)
{
    std::vector<CompletedOption> options;
    for (const CLI::Option *option : tree.app->get_options()) {
        if (option->get_group() == group)
            options.push_back(completed(*option));
    }
    return options;
}

CompletedCommand completed(const CommandTree &tree, const CommandRow &row)
{
    CompletedCommand command{std::string(row.name), std::string(row.summary), row.needs, {}, {}};
    const CLI::App &app = *tree.app->get_subcommand(command.name);
    for (const CLI::Option *option : app.get_options()) {
        if (option->get_positional()) {
            const std::string name = option->get_name(true);
            const bool is_file = std::ranges::find(kFileArguments, name) != kFileArguments.end();
            command.arguments.push_back({name, is_file, option->get_items_expected_max() > 1});
        } else if (option->get_group() != kGlobalGroup) {
            command.options.push_back(completed(*option));
        }
    }
    return command;
}

}  // namespace

CompletionModel completion_model(const CommandTree &tree)
{
    CompletionModel model{
        group_of(tree, kGlobalGroup), group_of(tree, kSourceGroup), group_of(tree, kDecodingGroup), {}};
    for (const CommandRow &row : command_rows())
        model.commands.push_back(completed(tree, row));
    return model;
}

std::string joined(const std::vector<std::string> &pieces, const std::string &separator)
{
    std::string text;
    for (const std::string &piece : pieces)
        text += (text.empty() ? std::string() : separator) + piece;
    return text;
}

std::vector<std::string> option_names(const std::vector<CompletedOption> &options)
{
    std::vector<std::string> names;
    for (const CompletedOption &option : options)
        names.insert(names.end(), option.names.begin(), option.names.end());
    return names;
}

std::vector<std::string> option_patterns(const CompletedCommand *command, const CompletedOption &option)
{
    std::vector<std::string> patterns;
    for (const std::string &name : option.names)
        patterns.push_back((command == nullptr ? "*" : command->name) + ":" + name);
    return patterns;
}

LeadingFiles leading_files(const CompletedCommand &command)
{
    LeadingFiles files;
    for (const CompletedArgument &argument : command.arguments) {
        if (!argument.is_file)
            break;
        ++files.count;
        files.and_all_others = argument.repeatable;
    }
    return files;
}

}  // namespace pgregion::cli
