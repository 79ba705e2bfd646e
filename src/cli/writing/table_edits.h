// SPDX-License-Identifier: GPL-2.0-or-later
//
// What map and unmap share: which page tables of a region are edited, and how.
#pragma once

#include "cli/session/session.h"

#include <pgregion/edit.h>

#include <functional>
#include <span>
#include <string>

namespace pgregion::cli
{

using PlanOfTables = std::function<TablesPlan(std::span<const std::byte> region, const TablesInRegion &tables)>;

/// Plans on the tables that the options name, writes under the name `description`, and says what changed. Throws as
/// open_tables() and write_region(); operational "base-undecided", usage "device-needed", refused "no-tables-to-edit".
int edit_tables(Session &session, const std::string &argument, const std::string &description,
                const PlanOfTables &plan_of);

}  // namespace pgregion::cli
