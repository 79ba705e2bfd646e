// SPDX-License-Identifier: GPL-2.0-or-later
//
// What `repair` is going to change, edit by edit, and what it has done.
#pragma once

#include "report/check_report.h"

#include <pgregion/edit.h>

namespace pgregion::report
{

/// How a repair ended.
struct RepairOutcome {
    bool applied = false;                  ///< something was written
    std::optional<std::string> journal;    ///< where the change can be taken back from
    std::string undo;                      ///< the command that does; empty where nothing can be taken back
    std::optional<std::string> copy;       ///< the repaired copy (--to)
    const CheckedSource *after = nullptr;  ///< checked again; null where nothing was written
};

/// The finding, what repair does about it, and each edit: "offset 0x1008  0x6e02003 -> 0x0".
[[nodiscard]] std::string repair_text(const PlannedRepair &repair, const FindingPlaces &places, const Palette &palette);

/// The whole plan; findings that stay are counted, with the reason.
[[nodiscard]] std::string plan_text(const RepairPlan &plan, const CheckedSource &source, const Palette &palette);

/// What is true now: what was written and where, how to take it back, and what is left.
[[nodiscard]] std::string outcome_text(const CheckedSource &before, const RepairOutcome &outcome,
                                       const Palette &palette);

/// Payload `plan` (one row per edit), `applied`, `journal`, `copy`, `summary_after`, `findings_after`.
void put_repair(ResultWriter &writer, const RepairPlan &plan, const CheckedSource &before,
                const RepairOutcome &outcome);

}  // namespace pgregion::report
