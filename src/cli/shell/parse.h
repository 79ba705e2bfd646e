// SPDX-License-Identifier: GPL-2.0-or-later
//
// From the words of a command line to the values of one command. Options stand before, between and behind the
// arguments, and also before the command; an option that takes a value takes one, each time that it is given.
#pragma once

#include "cli/shell/command_tree.h"

#include <span>
#include <string>
#include <vector>

namespace pgregion::cli
{

enum class Wish { run, help, version };

struct ParsedWords {
    Wish wish = Wish::run;
    const CommandEntry *command = nullptr;  ///< set for Wish::run; of a help perhaps none
};

/// Stores what the words say in the tree's options and in those of the command. Throws usage "no-command",
/// "no-such-command", "no-such-option", "bad-option", "bad-usage", and as store_values().
[[nodiscard]] ParsedWords parse_words(const CommandTree &tree, std::span<const std::string> words);

/// The command that the words name, as far as that can be told; null when they name none. Throws nothing: it is also
/// for words that are wrong.
[[nodiscard]] const CommandEntry *command_of_words(const CommandTree &tree, std::span<const std::string> words);

/// What words ask of the output, however wrong they are.
struct OutputWishes {
    bool json = false;
    bool json_lines = false;
    bool quiet = false;
    std::string report;  ///< the value of --report; empty: none
};

[[nodiscard]] OutputWishes output_wishes(const CommandTree &tree, std::span<const std::string> words);

/// Where to look after a usage error.
[[nodiscard]] std::string usage_hint(const CommandEntry *command);

}  // namespace pgregion::cli
