// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a next step is made of: the source as it was named, and the options that make another command look at the same
// bytes in the same way. All of it is words of a shell, and can be pasted as it stands.
#pragma once

#include <pgregion/report.h>

#include <string>
#include <string_view>

namespace pgregion::report
{

struct SourceWords {
    std::string source;  ///< "domain.img@0x140000000"; empty for standard input, which cannot be read again
    std::string place;   ///< where in it: " --offset 0x200000"; each option with a space before it
    std::string tables;  ///< how its tables are read: " --format vtd-ss --levels 4"
    std::string choice;  ///< what the command was told beside: " --liveupdate no"

    [[nodiscard]] bool can_be_named() const { return !source.empty(); }
};

/// "pgregion area IMG --offset 0x200000": for a command that takes a source.
[[nodiscard]] inline std::string next_on_source(std::string_view command, const SourceWords &words)
{
    return "pgregion " + std::string(command) + " " + printable(words.source + words.place);
}

/// "pgregion repair -n IMG --offset 0x200000 --format vtd-ss": for a command that reads tables.
[[nodiscard]] inline std::string next_on_tables(std::string_view command, const SourceWords &words)
{
    return next_on_source(command, words) + printable(words.tables);
}

}  // namespace pgregion::report
