// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/shell/completion_model.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace pgregion::cli
{

namespace
{

/// Arguments that name files; the others are page numbers, addresses or codes.
constexpr std::array<std::string_view, 5> kFileArguments{"SOURCE", "TEXT", "IMAGE", "A", "B"};

OptionValue value_of(const OptionRow &option)
{
    if (!option.takes_value())
        return OptionValue::none;
    if (!option.words.empty())
        return OptionValue::words;
    return option.value_name.starts_with("FILE") ? OptionValue::file : OptionValue::anything;
}

CompletedOption completed(const OptionRow &option)
{
    return {.names = option.names,
            .description = option.description,
            .value = value_of(option),
            .value_name = option.value_name,
            .words = option.words,
            .repeatable = option.is_list()};
}

std::vector<CompletedOption> group_of(const CommandTree &tree, std::string_view group)
{
    std::vector<CompletedOption> options;
    for (const OptionRow &option : tree.shared_table.rows()) {
        if (option.group == group)
            options.push_back(completed(option));
    }
    return options;
}

CompletedCommand completed(const CommandEntry &entry)
{
    CompletedCommand command{std::string(entry.row->name), std::string(entry.row->summary), entry.row->needs, {}, {}};
    for (const OptionRow &option : entry.own.rows()) {
        if (option.is_argument) {
            const bool is_file = std::ranges::find(kFileArguments, option.name()) != kFileArguments.end();
            command.arguments.push_back({option.name(), is_file, option.is_list()});
        } else {
            command.options.push_back(completed(option));
        }
    }
    return command;
}

}  // namespace

CompletionModel completion_model(const CommandTree &tree)
{
    CompletionModel model{
        group_of(tree, kGlobalGroup), group_of(tree, kSourceGroup), group_of(tree, kDecodingGroup), {}};
    for (const CommandEntry &entry : tree.commands)
        model.commands.push_back(completed(entry));
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
