// SPDX-License-Identifier: GPL-2.0-or-later
//
// Questions to the operator, one per finding.
#pragma once

#include "report/repair_report.h"

#include <vector>

namespace pgregion::cli
{

/// True when somebody sits there: standard input and standard error are terminals.
[[nodiscard]] bool can_ask();

/// Shows each repair on standard error and asks. Returns the findings that are to be repaired. Throws cancelled
/// "cancelled" when the answer is to stop, or no answer comes.
[[nodiscard]] std::vector<const Finding *> ask_for_each(const RepairPlan &plan, const report::FindingPlaces &places,
                                                        const report::Palette &palette);

}  // namespace pgregion::cli
