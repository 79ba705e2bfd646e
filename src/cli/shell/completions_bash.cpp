// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/shell/completion_model.h"
#include "cli/shell/completions.h"

namespace pgregion::cli
{

namespace
{

constexpr const char *kHead = R"(# SPDX-License-Identifier: GPL-2.0-or-later
#
# bash completion for pgregion. Made by pgregion_completions from the command tree: change that instead.

)";

/// Readline breaks words at "=", ":" and "@", too; here they are put together again by the blanks of the line. An
/// answer takes the place of what readline calls the word, so after "=" it is the value alone.
constexpr const char *kMain = R"(_pgregion()
{
    local line=$COMP_LINE words=() word i
    COMPREPLY=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((${#words[@]} == 0)) || [[ $line == [[:blank:]]* || -z $line ]]; then
            words+=("$word")
        else
            words[${#words[@]} - 1]+=$word
        fi
        line=${line#"${line%%[![:blank:]]*}"}
        line=${line#"$word"}
    done

    local command='' position=0 last=$((${#words[@]} - 1)) kind values
    for ((i = 1; i < last; i++)); do
        word=${words[i]}
        if [[ $word == -* ]]; then
            _pgregion_value "$command:$word" && ((i++))
        elif [[ -z $command ]]; then
            command=$word
        else
            ((position++))
        fi
    done

    word=${words[last]}
    local option='' value=$word
    if ((i > last)); then
        option=${words[last - 1]}
    elif [[ $word == --*=* ]]; then
        option=${word%%=*}
        value=${word#*=}
    fi
    if [[ -n $option ]]; then
        _pgregion_value "$command:$option" || return 0
        case $kind in
            words) mapfile -t COMPREPLY < <(compgen -W "$values" -- "$value") ;;
            file) compopt -o default ;;
        esac
        return 0
    fi

    local commands options files
    _pgregion_command "$command" || return 0
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    elif [[ -z $command ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
    elif [[ $files == all ]] || ((position < files)); then
        compopt -o default
    fi
    return 0
}

complete -F _pgregion pgregion
)";

std::string value_case(const CompletedCommand *command, const CompletedOption &option)
{
    std::string lines = "        " + joined(option_patterns(command, option), " | ") + ")\n            ";
    if (option.value == OptionValue::words)
        lines += "kind=words values='" + joined(option.words, " ") + "'";
    else
        lines += option.value == OptionValue::file ? "kind=file" : "kind=any";
    return lines + "\n            ;;\n";
}

std::string value_function(const CompletionModel &model)
{
    std::string text = "# $1 is COMMAND:OPTION. Tells in $kind and $values what the option takes; fails if nothing.\n"
                       "_pgregion_value()\n{\n    kind='' values=''\n    case $1 in\n";
    for_each_option(model, [&text](const CompletedCommand *command, const CompletedOption &option) {
        if (option.value != OptionValue::none)
            text += value_case(command, option);
    });
    return text + "        *) return 1 ;;\n    esac\n}\n\n";
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

std::string command_function(const CompletionModel &model)
{
    std::vector<std::string> names;
    std::string cases;
    for (const CompletedCommand &command : model.commands) {
        names.push_back(command.name);
        cases += command_case(command);
    }
    return "# Sets $options and $files (how many leading arguments are files) for the command $1; for no command yet\n"
           "# $commands and all options. Fails for a command that there is not.\n"
           "_pgregion_command()\n{\n    local global='" +
           joined(option_names(model.global_group), " ") + "'\n    local source='" +
           joined(option_names(model.source_group), " ") + "'\n    local decoding='" +
           joined(option_names(model.decoding_group), " ") + "'\n    commands='" + joined(names, " ") +
           "'\n    files=0\n    case $1 in\n        '') options=\"$source $decoding $global\" ;;\n" + cases +
           "        *) return 1 ;;\n    esac\n}\n\n";
}

}  // namespace

std::string bash_completion(const CommandTree &tree)
{
    const CompletionModel model = completion_model(tree);
    return kHead + value_function(model) + command_function(model) + kMain;
}

}  // namespace pgregion::cli
