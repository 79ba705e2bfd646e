// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/shell/completions.h"

namespace pgregion::cli
{

namespace
{

std::string value_case(const CompletedCommand *command, const CompletedOption &option)
{
    std::string lines = "        " + joined(option_patterns(command, option), " | ") + ")\n            ";
    if (option.value == OptionValue::words)
        lines += "kind=words values='" + joined(option.words, " ") + "'";
    else
        lines += option.value == OptionValue::file ? "kind=file" : "kind=any";
    return lines + "\n            ;;\n";
}

std::string value_cases(const CompletionModel &model)
{
    std::string text;
    for_each_option(model, [&text](const CompletedCommand *command, const CompletedOption &option) {
        if (option.value != OptionValue::none)
            text += value_case(command, option);
    });
    return text;
}

std::string files_word(const CompletedCommand &command)
{
    const LeadingFiles files = leading_files(command);
    return files.and_all_others ? "all" : std::to_string(files.count);
}

std::string command_case(const CompletedCommand &command)
{
    std::string options;
    for (const std::string &name : option_names(command.options))
        options += name + " ";
    if (command.needs != Needs::nothing)
        options += "$source ";
    if (command.needs == Needs::tables)
        options += "$decoding ";
    return "        " + command.name + ")\n            options=\"" + options +
           "$global\"\n            files=" + files_word(command) + "\n            ;;\n";
}

std::string list(const std::string &variable, const std::vector<std::string> &names)
{
    return "    " + variable + "='" + joined(names, " ") + "'\n";
}

std::string names(const CompletionModel &model)
{
    std::vector<std::string> commands;
    for (const CompletedCommand &command : model.commands)
        commands.push_back(command.name);
    return list("local global", option_names(model.global_group)) +
           list("local source", option_names(model.source_group)) +
           list("local decoding", option_names(model.decoding_group)) + list("commands", commands);
}

}  // namespace

ShellTables bash_tables(const CompletionModel &model)
{
    std::string commands;
    for (const CompletedCommand &command : model.commands)
        commands += command_case(command);
    return {{"option_values", value_cases(model)}, {"names", names(model)}, {"commands", commands}};
}

}  // namespace pgregion::cli
