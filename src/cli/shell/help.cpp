// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/shell/help.h"

#include "cli/opening/numbers.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace pgregion::cli
{

namespace
{

constexpr std::size_t kColumn = 30;
constexpr std::size_t kLeastWidth = 40;

/// "head" and `text` behind it, lines of at most `width` columns; what follows the first begins at column `indent`.
std::string wrapped(std::string head, std::string_view text, std::size_t indent, std::size_t width)
{
    std::string out;
    std::string line = std::move(head);
    bool fresh = true;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(' ', at), text.size());
        const std::string_view word = text.substr(at, end - at);
        if (!fresh && line.size() + 1 + word.size() > width) {
            out += line + "\n";
            line = std::string(indent, ' ');
            fresh = true;
        }
        line += fresh ? "" : " ";
        line += word;
        fresh = false;
        at = end + 1;
    }
    return out + line + "\n";
}

class HelpWriter
{
public:
    HelpWriter(const CommandTree &tree, std::size_t width) : tree_(tree), width_(std::max(width, kLeastWidth)) {}

    [[nodiscard]] std::string of_command(const CommandEntry &entry) const
    {
        const CommandRow &row = *entry.row;
        std::string text =
            wrapped("", fmt::format("Usage: pgregion {}{} [OPTION…]", row.name, positionals(entry)), 4, width_);
        text += "\n" + wrapped("", row.summary, 0, width_);
        text += section("Arguments", lines(entry.own, [](const OptionRow &option) { return option.is_argument; }));
        for (const std::string_view group : {kOwnGroup, kUndoGroup})
            text += section(group, lines(entry.own, [&](const OptionRow &option) {
                                return !option.is_argument && option.group == group;
                            }));
        for (const std::string_view group : {kSourceGroup, kDecodingGroup, kGlobalGroup})
            text += section(group, shared_lines(entry.row, group));
        return text + fmt::format("\nManual: man pgregion-{}\n", row.name);
    }

    [[nodiscard]] std::string of_program() const
    {
        std::string text = wrapped("", "Usage: pgregion COMMAND SOURCE… [OPTION…]", 4, width_) + "\n" +
                           wrapped("", "Inspects and edits IOMMU page tables in persistent regions.", 0, width_);
        for (const auto &[title, one] : kSections)
            text += section(title, command_lines(one));
        for (const std::string_view group : {kSourceGroup, kDecodingGroup, kGlobalGroup})
            text += section(group, shared_lines(nullptr, group));
        return text + "\n" +
               wrapped("",
                       "Exit status: 0 done, 4 the answer is no, 8 cannot do it, 16 usage. Help of a command: "
                       "pgregion help COMMAND. Manual: man pgregion",
                       0, width_);
    }

private:
    static constexpr std::array<std::pair<std::string_view, Section>, 5> kSections{{
        {"Regions", Section::region},
        {"Tables", Section::tables},
        {"Health", Section::health},
        {"Searching", Section::search},
        {"Editing", Section::edit},
    }};

    /// Two columns; a left side that does not fit has a line of its own.
    [[nodiscard]] std::string row(const std::string &left, std::string_view right) const
    {
        const std::size_t column = std::min(kColumn, width_ / 2);
        if (left.size() + 4 <= column)
            return wrapped(fmt::format("  {:{}}", left, column - 2), right, column, width_);
        return fmt::format("  {}\n", left) + wrapped(std::string(column, ' '), right, column, width_);
    }

    static std::string value_text(const OptionRow &option)
    {
        if (option.words.empty())
            return option.value_name;
        std::string text;
        for (const std::string &word : option.words)
            text += (text.empty() ? "" : "|") + word;
        // All formats would fill lines; `pgregion formats` has them.
        constexpr std::size_t kMostWords = 6;
        return option.words.size() > kMostWords ? option.value_name : text;
    }

    [[nodiscard]] std::string option_row(const OptionRow &option) const
    {
        std::string left;
        for (const std::string &name : option.names)
            left += (left.empty() ? "" : ", ") + name;
        if (!option.value_name.empty())
            left += " " + value_text(option);
        return row(left, option.description);
    }

    template <class Wanted>
    [[nodiscard]] std::string lines(const OptionTable &table, Wanted wanted) const
    {
        std::string text;
        for (const OptionRow &option : table.rows())
            text += wanted(option) ? option_row(option) : std::string();
        return text;
    }

    /// Of a command, or without one of the program.
    [[nodiscard]] std::string shared_lines(const CommandRow *command, std::string_view group) const
    {
        std::string text;
        if (command == nullptr)
            return lines(tree_.shared_table, [&](const OptionRow &option) { return option.group == group; });
        for (const OptionRow *option : tree_.shared_rows(*command))
            text += option->group == group ? option_row(*option) : std::string();
        return text;
    }

    [[nodiscard]] std::string command_lines(Section wanted) const
    {
        std::string text;
        for (const CommandRow *command : command_rows())
            text += command->section == wanted ? row(std::string(command->name), command->summary) : std::string();
        return text;
    }

    static std::string section(std::string_view title, const std::string &lines)
    {
        return lines.empty() ? std::string() : fmt::format("\n{}:\n{}", title, lines);
    }

    static std::string positionals(const CommandEntry &entry)
    {
        std::string text;
        for (const OptionRow &option : entry.own.rows()) {
            if (!option.is_argument)
                continue;
            const std::string name = option.name() + (option.is_list() ? "…" : "");
            text += option.required ? " " + name : " [" + name + "]";
        }
        return text;
    }

    const CommandTree &tree_;
    std::size_t width_;
};

}  // namespace

std::size_t help_width()
{
    constexpr std::size_t kUsual = 100;
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0)
        return size.ws_col;
    const char *columns = std::getenv("COLUMNS");
    return parse_number(columns == nullptr ? "" : columns).value_or(kUsual);
}

std::string help_text(const CommandTree &tree, const CommandEntry *command, std::size_t width)
{
    const HelpWriter writer(tree, width);
    return command == nullptr ? writer.of_program() : writer.of_command(*command);
}

}  // namespace pgregion::cli
