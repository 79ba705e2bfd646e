// SPDX-License-Identifier: GPL-2.0-or-later
//
// The directory's part of the facts.
#pragma once

#include "check/facts.h"

namespace pgregion::check
{

/// Fills devices, records, directory_tables, shared_records and directory_problems from all units of the subject.
void gather_directories(Facts &facts);

}  // namespace pgregion::check
