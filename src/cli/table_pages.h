// SPDX-License-Identifier: GPL-2.0-or-later
//
// What each page of a region is: reached from the root, as which table.
#pragma once

#include "cli/tables.h"

#include <map>
#include <optional>

namespace pgregion::cli
{

/// The part that a page plays. The first way that leads to it counts.
struct TableRole {
    const TableFormat *format = nullptr;  ///< one of the two is set
    const DirectoryFormat *directory = nullptr;
    FormatParams params;
    unsigned level = 0;              ///< of page tables
    DirectoryTable directory_table;  ///< of a directory
    Iova first;                      ///< IOVA of its slot 0
    PhysAddr address;                ///< where the table begins, inside the page
    std::uint32_t entries = 0;
};

/// Every table that the walk from the root reaches, by the address of its first page.
[[nodiscard]] std::map<PhysAddr, TableRole> table_roles(const Tables &tables);

}  // namespace pgregion::cli
