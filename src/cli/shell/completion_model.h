// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a shell has to know to complete a command line, read out of the command tree. The three shells write the
// same model down, each in its own language.
#pragma once

#include "cli/shell/command_tree.h"

#include <string>
#include <vector>

namespace pgregion::cli
{

/// What stands behind an option.
enum class OptionValue { none, words, file, anything };

struct CompletedOption {
    std::vector<std::string> names;  ///< "-o", "--output": as typed, short ones first
    std::string description;
    OptionValue value = OptionValue::none;
    std::string value_name;          ///< "FILE"; empty without a value
    std::vector<std::string> words;  ///< all that are accepted, for OptionValue::words
    bool repeatable = false;
};

struct CompletedArgument {
    std::string name;
    bool is_file = false;
    bool repeatable = false;
};

struct CompletedCommand {
    std::string name;
    std::string summary;
    Needs needs = Needs::nothing;
    std::vector<CompletedOption> options;  ///< its own, without the shared groups
    std::vector<CompletedArgument> arguments;
};

struct CompletionModel {
    std::vector<CompletedOption> global_group;
    std::vector<CompletedOption> source_group;
    std::vector<CompletedOption> decoding_group;
    std::vector<CompletedCommand> commands;
};

[[nodiscard]] CompletionModel completion_model(const CommandTree &tree);

/// `pieces` with `separator` between them.
[[nodiscard]] std::string joined(const std::vector<std::string> &pieces, const std::string &separator);

/// All names of the options.
[[nodiscard]] std::vector<std::string> option_names(const std::vector<CompletedOption> &options);

/// Calls `visit(command, option)` for every option that there is; the command is null for the shared groups.
template <class Visit>
void for_each_option(const CompletionModel &model, Visit visit)
{
    for (const auto *group : {&model.global_group, &model.source_group, &model.decoding_group}) {
        for (const CompletedOption &option : *group)
            visit(nullptr, option);
    }
    for (const CompletedCommand &command : model.commands) {
        for (const CompletedOption &option : command.options)
            visit(&command, option);
    }
}

/// "*:-o", "*:--output" for a shared option, "decode:--as" for one of a command: patterns that the completion
/// functions match against "COMMAND:OPTION". The command is needed, since two of them may have one name for options
/// with different values.
[[nodiscard]] std::vector<std::string> option_patterns(const CompletedCommand *command, const CompletedOption &option);

/// How many of the leading arguments are files, and whether all that follow are, too.
struct LeadingFiles {
    std::size_t count = 0;
    bool and_all_others = false;
};
[[nodiscard]] LeadingFiles leading_files(const CompletedCommand &command);

}  // namespace pgregion::cli
