// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/shell/completions.h"

namespace pgregion::cli
{

namespace
{

/// Inside single quotes, in a part of a specification that ends at ":" or "]".
std::string escaped(const std::string &text)
{
    std::string result;
    for (const char c : text) {
        if (c == '\'')
            result += "'\\'";
        else if (c == '[' || c == ']' || c == ':' || c == '\\')
            result += '\\';
        result += c;
    }
    return result;
}

std::string action(const CompletedOption &option)
{
    const std::string message = ":" + escaped(option.value_name) + ":";
    switch (option.value) {
    case OptionValue::none:
        return {};
    case OptionValue::words:
        return message + "(" + joined(option.words, " ") + ")";
    case OptionValue::file:
        return message + "_files";
    case OptionValue::anything:
        break;
    }
    return message + " ";
}

/// One line per name; a name given excludes the others, unless the option may be repeated.
std::string option_lines(const CompletedOption &option)
{
    const std::string before = option.repeatable ? "*" : "(" + joined(option.names, " ") + ")";
    std::string lines;
    for (const std::string &name : option.names) {
        const bool is_long = name.starts_with("--");
        const std::string glue = option.value == OptionValue::none ? "" : (is_long ? "=" : "+");
        lines += "        '" + before + name + glue + "[" + escaped(option.description) + "]" + action(option) + "'\n";
    }
    return lines;
}

std::string list(const std::string &name, const std::vector<CompletedOption> &options)
{
    std::string text = "    " + name + "=(\n";
    for (const CompletedOption &option : options)
        text += option_lines(option);
    return text + "    )\n";
}

std::string argument_line(const CompletedArgument &argument)
{
    return std::string("                '") + (argument.repeatable ? "*" : "") + ":" + escaped(argument.name) + ":" +
           (argument.is_file ? "_files" : " ") + "'\n";
}

std::string command_case(const CompletedCommand &command)
{
    std::string groups = "$global";
    if (command.needs != Needs::nothing)
        groups += " $source";
    if (command.needs == Needs::tables)
        groups += " $decoding";
    std::string text = "        " + command.name + ")\n            own=(\n";
    for (const CompletedOption &option : command.options) {
        const std::string lines = option_lines(option);
        for (std::size_t at = 0; at < lines.size();) {
            const std::size_t end = lines.find('\n', at) + 1;
            text += "        " + lines.substr(at, end - at);
            at = end;
        }
    }
    for (const CompletedArgument &argument : command.arguments)
        text += argument_line(argument);
    return text + "            )\n            _arguments -s : " + groups + " $own\n            ;;\n";
}

std::string command_list(const CompletionModel &model)
{
    std::string text = "    commands=(\n";
    for (const CompletedCommand &command : model.commands)
        text += "        '" + command.name + ":" + escaped(command.summary) + "'\n";
    return text + "    )\n";
}

}  // namespace

ShellTables zsh_tables(const CompletionModel &model)
{
    std::string commands;
    for (const CompletedCommand &command : model.commands)
        commands += command_case(command);
    return {{"commands", commands},
            {"lists", list("global", model.global_group) + list("source", model.source_group) +
                          list("decoding", model.decoding_group) + command_list(model)}};
}

}  // namespace pgregion::cli
