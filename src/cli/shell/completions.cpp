// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/shell/completions.h"

#include <array>
#include <set>
#include <stdexcept>

namespace pgregion::cli
{

namespace
{

/// NAME of a line "# @NAME@", which may be indented; empty for any other line.
std::string_view marker_of(std::string_view line)
{
    constexpr std::string_view kBegin = "# @";
    const std::size_t start = line.find_first_not_of(' ');
    line = start == std::string_view::npos ? std::string_view() : line.substr(start);
    if (!line.starts_with(kBegin) || !line.ends_with('@') || line.size() <= kBegin.size() + 1)
        return {};
    return line.substr(kBegin.size(), line.size() - kBegin.size() - 1);
}

[[noreturn]] void refuse(const std::string &why) { throw std::runtime_error("a template of completions/: " + why); }

}  // namespace

std::span<const CompletionFile> completion_files()
{
    static constexpr std::array kFiles{
        CompletionFile{"pgregion.bash", bash_tables},
        CompletionFile{"_pgregion", zsh_tables},
        CompletionFile{"pgregion.fish", fish_tables},
    };
    return kFiles;
}

std::string filled_in(std::string_view text, const ShellTables &tables)
{
    std::string result;
    std::set<std::string_view> used;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(line.size() == text.size() ? line.size() : line.size() + 1);
        const std::string_view name = marker_of(line);
        if (name.empty()) {
            result.append(line).append("\n");
            continue;
        }
        const auto table = tables.find(name);
        if (table == tables.end())
            refuse("there is no table called " + std::string(name));
        used.insert(table->first);
        result += table->second;
    }
    for (const auto &[name, lines] : tables) {
        if (!used.contains(name))
            refuse("no line \"# @" + name + "@\" says where that table goes");
    }
    return result;
}

}  // namespace pgregion::cli
