// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/shell/completion_model.h"
#include "cli/shell/completions.h"

namespace pgregion::cli
{

namespace
{

constexpr const char *kHead = R"(# SPDX-License-Identifier: GPL-2.0-or-later
#
# fish completion for pgregion. Made by pgregion_completions from the command tree: change that instead.

)";

constexpr const char *kFunctions = R"(# The command and its arguments so far, without options and their values.
function __pgregion_words
    set -l command
    set -l is_value 0
    for word in (commandline -opc)[2..-1]
        if test $is_value = 1
            set is_value 0
        else if string match -q -- '-*' $word
            __pgregion_takes_value "$command:$word"; and set is_value 1
        else
            test -n "$command"; or set command $word
            echo $word
        end
    end
end

function __pgregion_needs_command
    test (count (__pgregion_words)) -eq 0
end

# Whether the command is one of $argv.
function __pgregion_in
    set -l words (__pgregion_words)
    test (count $words) -gt 0; and contains -- $words[1] $argv
end

# Whether an option for the commands $argv may be meant: they may also stand before the command.
function __pgregion_may
    __pgregion_needs_command; or __pgregion_in $argv
end

# Whether the command is $argv[1] and less than $argv[2] of its arguments are there.
function __pgregion_argument
    __pgregion_in $argv[1]; and test (count (__pgregion_words)) -le $argv[2]
end

complete -c pgregion -f
)";

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

std::string value_function(const CompletionModel &model)
{
    std::string text = "# Whether the option takes a value; $argv[1] is COMMAND:OPTION.\n"
                       "function __pgregion_takes_value\n    switch $argv[1]\n        case";
    for_each_option(model, [&text](const CompletedCommand *command, const CompletedOption &option) {
        if (option.value == OptionValue::none)
            return;
        for (const std::string &pattern : option_patterns(command, option))
            text += " \\\n            " + quoted(pattern);
    });
    return text + "\n            return 0\n    end\n    return 1\nend\n\n";
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

std::string fish_completion(const CommandTree &tree)
{
    const CompletionModel model = completion_model(tree);
    std::string text = kHead + value_function(model) + kFunctions;
    text += "\n# Options that several commands share.\n" + group_lines(model.global_group, "") +
            group_lines(model.source_group, may(model, Needs::source)) +
            group_lines(model.decoding_group, may(model, Needs::tables));
    for (const CompletedCommand &command : model.commands)
        text += "\n" + command_lines(command);
    return text;
}

}  // namespace pgregion::cli
