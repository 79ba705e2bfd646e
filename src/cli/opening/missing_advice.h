// SPDX-License-Identifier: GPL-2.0-or-later
//
// Where tables seem to lie where there is no memory: what may be the cause, and what to give.
#pragma once

#include "cli/opening/tables.h"
#include "report/problems.h"

#include <optional>
#include <string>

namespace pgregion::cli
{

/// Where a flat source, all of which lies in one piece, ends before `missing`: that a hole in memory may be the cause.
[[nodiscard]] std::optional<std::string> hole_advice(const Tables &tables, PhysAddr missing);

/// c_bit_advice(), or else hole_advice().
[[nodiscard]] std::optional<std::string> missing_advice(const Tables &tables, PhysAddr missing);

/// The same for the first problem that it explains.
[[nodiscard]] std::optional<std::string> missing_advice(const Tables &tables, const report::Problems &problems);

}  // namespace pgregion::cli
