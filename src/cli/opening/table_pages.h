// SPDX-License-Identifier: GPL-2.0-or-later
//
// What each page of a region is: reached from the root, as which table.
#pragma once

#include "cli/opening/tables.h"

#include <map>
#include <optional>

namespace pgregion::cli
{

/// A table that a walk reaches. The first way that leads to it counts.
struct TableRole {
    const TableFormat *format = nullptr;  ///< one of the two is set
    const DirectoryFormat *directory = nullptr;
    FormatParams params;
    unsigned level = 0;              ///< of page tables
    DirectoryTable directory_table;  ///< of a directory
    Iova first;                      ///< IOVA of its slot 0
    PhysAddr address;                ///< where the table begins, which may be inside a page
    std::uint32_t entries = 0;
    std::uint32_t entry_bytes = 0;

    [[nodiscard]] std::uint64_t bytes() const { return std::uint64_t{entries} * entry_bytes; }
};

/// Every table that the walk from the root reaches, by its address. A page may hold several, a table may span several.
[[nodiscard]] std::map<PhysAddr, TableRole> table_roles(const Tables &tables);

}  // namespace pgregion::cli
