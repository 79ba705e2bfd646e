// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/shell/completions.h"

namespace pgregion::cli
{

namespace
{

std::string quoted(const std::string &text)
{
    std::string result = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\')
            result += '\\';
        result += c;
    }
    return result + "'";
}

/// The pattern of the branch for options with values.
std::string value_case(const CompletionModel &model)
{
    std::string text = "        case";
    for_each_option(model, [&text](const CompletedCommand *command, const CompletedOption &option) {
        if (option.value == OptionValue::none)
            return;
        for (const std::string &pattern : option_patterns(command, option))
            text += " \\\n            " + quoted(pattern);
    });
    return text + "\n";
}

std::string option_line(const CompletedOption &option, const std::string &condition)
{
    std::string line = "complete -c pgregion";
    if (!condition.empty())
        line += " -n " + quoted(condition);
    for (const std::string &name : option.names)
        line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    if (option.value == OptionValue::file)
        line += " -r -F";
    else if (option.value != OptionValue::none)
        line += " -x";
    if (option.value == OptionValue::words)
        line += " -a " + quoted(joined(option.words, " "));
    return line + " -d " + quoted(option.description) + "\n";
}

std::string group_lines(const std::vector<CompletedOption> &options, const std::string &condition)
{
    std::string lines;
    for (const CompletedOption &option : options)
        lines += option_line(option, condition);
    return lines;
}

/// "__pgregion_may info page …": the commands that take options of the group.
std::string may(const CompletionModel &model, Needs least)
{
    std::string condition = "__pgregion_may";
    for (const CompletedCommand &command : model.commands) {
        if (command.needs >= least)
            condition += " " + command.name;
    }
    return condition;
}

std::string command_lines(const CompletedCommand &command)
{
    const LeadingFiles files = leading_files(command);
    std::string lines = "complete -c pgregion -n __pgregion_needs_command -a " + command.name + " -d " +
                        quoted(command.summary) + "\n" + group_lines(command.options, "__pgregion_in " + command.name);
    if (files.and_all_others)
        lines += "complete -c pgregion -n " + quoted("__pgregion_in " + command.name) + " -F\n";
    else if (files.count != 0)
        lines += "complete -c pgregion -n " +
                 quoted("__pgregion_argument " + command.name + " " + std::to_string(files.count)) + " -F\n";
    return lines;
}

}  // namespace

ShellTables fish_tables(const CompletionModel &model)
{
    std::string commands;
    for (const CompletedCommand &command : model.commands)
        commands += "\n" + command_lines(command);
    return {{"option_values", value_case(model)},
            {"shared_options", group_lines(model.global_group, "") +
                                   group_lines(model.source_group, may(model, Needs::source)) +
                                   group_lines(model.decoding_group, may(model, Needs::tables))},
            {"commands", commands}};
}

}  // namespace pgregion::cli
