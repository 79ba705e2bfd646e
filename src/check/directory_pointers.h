// SPDX-License-Identifier: GPL-2.0-or-later
//
// The directory's half of two checks whose rows are in structure_checks.cpp: pointers that lead out of the region
// (table-outside-region) and out of the source (table-outside-source).
#pragma once

#include "check/check_row.h"

namespace pgregion::check
{

/// Records of a directory in a region that lead to directory tables outside of that region; region.md section 3, D18.
/// That a domain's page tables begin elsewhere is normal.
void directory_pointers_outside_region(const Facts &facts, FindingSink &sink);

/// Records of a directory in ordinary memory that lead to directory tables which the source does not hold; PT12.
void directory_pointers_outside_source(const Facts &facts, FindingSink &sink);

}  // namespace pgregion::check
