// SPDX-License-Identifier: GPL-2.0-or-later
//
// Doomed readings: ways to read tables that a repair ends anyway.
//
//   record with the wrong number of levels ──► sound tables, read wrongly   the record is blocked
//   entry to a table that is used at two levels ──► the same table again    the entry is cleared
//
// What such a reading finds at entries is true, but to take the entries away would destroy tables that are right in
// the other reading, and that devices which are not at fault use.
#pragma once

#include "check/facts.h"

namespace pgregion::check
{

/// Takes the remedy from findings at entries of tables that only doomed readings lead to.
void spare_doomed_readings(const Facts &facts, std::vector<Finding> &findings);

}  // namespace pgregion::check
