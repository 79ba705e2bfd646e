// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of a pkernfs area: its inodes, lists and blocks. What is in the regions themselves is for run_checks().
//
// Source of the checks: region.md section 3 (D9 to D15), and section 2 for what else cannot be in a sound area.
#pragma once

#include <pgregion/area.h>
#include <pgregion/check.h>

#include <span>

namespace pgregion
{

/// The checks of areas, sorted by code; all_checks() has them, too, and run_checks() never raises one.
[[nodiscard]] std::span<const Check *const> area_checks();

/// True for one of area_checks().
[[nodiscard]] bool is_area_check(const Check &check);

/// Runs the checks; of `options` only `only` and `skip` count. What depends on pages that the source lacks is not
/// raised: see Area::complete(). Of a finding, `offset` counts from the start of the area, `index` is the number of the
/// inode, `table` the address of the inode store, and `observed` mostly a block or an inode. Nothing of it can be
/// repaired by machine.
[[nodiscard]] CheckReport check_area(const Area &area, const CheckOptions &options = {});

}  // namespace pgregion
