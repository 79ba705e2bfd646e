// SPDX-License-Identifier: GPL-2.0-or-later
#include "edit/table_errors.h"

namespace pgregion
{

std::string hex_text(std::uint64_t value)
{
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    do
        text.insert(text.begin(), kDigits[value % 16]);
    while ((value /= 16) != 0);
    return "0x" + text;
}

Error bad_map(const std::string &message, const std::string &hint)
{
    return {Failure::usage, "bad-map", message, hint};
}

Error already_mapped(std::uint64_t iova, const Entry &entry)
{
    return {Failure::refused, "already-mapped",
            "the range is mapped already at IOVA " + hex_text(iova) + " (entry " + hex_text(entry.raw) +
                "): a device may be using it; nothing was changed",
            "pgregion mappings shows what is mapped; pgregion unmap takes it away first"};
}

Error not_usable(std::uint64_t iova, const Entry &entry)
{
    return {Failure::refused, "entry-not-usable",
            "the entry on the way to IOVA " + hex_text(iova) + " (" + hex_text(entry.raw) +
                ") is one on which hardware faults or which leads elsewhere; nothing was changed",
            "pgregion decode shows it; it has to be put right first"};
}

Error table_shared(PhysAddr table)
{
    return {Failure::refused, "table-shared",
            "the table at " + hex_text(table.value()) +
                " is in use at several places of the tree: a change would show at all of them; nothing was changed",
            "pgregion decode shows the tables"};
}

Error too_little_access(const std::string &who, std::uint64_t raw)
{
    return {Failure::refused, "entry-not-usable",
            who + " (" + hex_text(raw) + ") lets less through than the mapping is to allow; nothing was changed",
            "give an --access that it lets through"};
}

}  // namespace pgregion
