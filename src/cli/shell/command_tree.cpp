// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/shell/command_tree.h"

#include <algorithm>

namespace pgregion::cli
{

namespace
{

bool applies(std::string_view group, const CommandRow &row)
{
    if (group == kSourceGroup)
        return row.needs != Needs::nothing;
    return group != kDecodingGroup || row.needs == Needs::tables;
}

}  // namespace

CommandTree::CommandTree()
{
    declare_shared(shared_table, shared);
    for (const CommandRow *row : command_rows()) {
        CommandEntry &entry = commands.emplace_back();
        entry.row = row;
        entry.command = row->make();
        entry.command->declare(entry.own);
        if (row->effect == Effect::writes)
            declare_undo(entry.own, shared.undo);
    }
}

CommandTree::~CommandTree() = default;

const CommandEntry *CommandTree::find(std::string_view name) const
{
    const auto found =
        std::ranges::find_if(commands, [&](const CommandEntry &entry) { return entry.row->name == name; });
    return found == commands.end() ? nullptr : &*found;
}

std::vector<const OptionRow *> CommandTree::shared_rows(const CommandRow &row) const
{
    std::vector<const OptionRow *> rows;
    for (const OptionRow &option : shared_table.rows()) {
        if (applies(option.group, row))
            rows.push_back(&option);
    }
    return rows;
}

const OptionRow *CommandTree::option(const CommandEntry *entry, std::string_view name) const
{
    const OptionRow *own = entry == nullptr ? nullptr : entry->own.find(name);
    return own != nullptr ? own : shared_table.find(name);
}

}  // namespace pgregion::cli
