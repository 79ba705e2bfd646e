// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/commands/commands.h"

#include <array>

namespace pgregion::cli
{

std::span<const CommandRow> command_rows()
{
    static constexpr std::array kRows{
        CommandRow{"init", "makes a region: zeros, with bit 0 set", Needs::source, make_init, Effect::writes},
        CommandRow{"alloc", "allocates pages like the kernel: lowest first, all or nothing", Needs::source, make_alloc,
                   Effect::writes},
        CommandRow{"free", "zeroes pages and clears their bits, unless a table points at them", Needs::tables,
                   make_free, Effect::writes},
        CommandRow{"root", "takes the root page; refuses when its bit is not what a live update expects", Needs::source,
                   make_root, Effect::writes},
        CommandRow{"validate", "compares the root-page bit with the expected state", Needs::source, make_validate},
        CommandRow{"info", "what a region is: state, counts, format, base, what to run next", Needs::tables, make_info},
        CommandRow{"bitmap", "which pages are allocated", Needs::source, make_bitmap},
        CommandRow{"page", "one page, entry by entry with every field", Needs::tables, make_page},
        CommandRow{"decode", "the tables as a tree, every level", Needs::tables, make_decode},
        CommandRow{"mappings", "IOVA to PA, merged where contiguous and alike", Needs::tables, make_mappings},
        CommandRow{"translate", "where IOVAs go, with the walk and the fault", Needs::tables, make_translate},
        CommandRow{"devices", "the devices of a directory and how they are translated", Needs::tables, make_devices},
        CommandRow{"check", "every check of regions and tables; changes nothing", Needs::tables, make_check},
        CommandRow{"repair", "repairs what check finds, after showing what it would change", Needs::tables, make_repair,
                   Effect::writes},
        CommandRow{"scan", "finds regions, areas, tables and directories in memory", Needs::source, make_scan},
        CommandRow{"area", "a pkernfs area: super block, inodes, files, regions", Needs::source, make_area},
        CommandRow{"handover", "hand-over records of a live update down to the table roots", Needs::source,
                   make_handover},
        CommandRow{"map", "maps a range in a region's tables, all or nothing", Needs::tables, make_map, Effect::writes},
        CommandRow{"unmap", "takes a range out of a region's tables", Needs::tables, make_unmap, Effect::writes},
        CommandRow{"dump", "a region as text that can be read, reviewed and edited", Needs::tables, make_dump},
        CommandRow{"restore", "makes the region that a text stands for", Needs::source, make_restore, Effect::writes},
        CommandRow{"undo", "takes the newest change of a source back", Needs::source, make_undo, Effect::writes},
        CommandRow{"explain", "what the code of a finding means, and what to do", Needs::nothing, make_explain},
        CommandRow{"formats", "the formats known, with their parameters", Needs::nothing, make_formats},
    };
    return kRows;
}

}  // namespace pgregion::cli
