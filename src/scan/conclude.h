// SPDX-License-Identifier: GPL-2.0-or-later
//
// From readings that were judged to a guess: the best one when it is beyond doubt, and no reading otherwise.
#pragma once

#include <pgregion/guess.h>

#include <vector>

namespace pgregion::scan
{

/// Readings with nothing for them are left out, the others in order.
[[nodiscard]] Guess conclude(std::vector<Reading> readings);

}  // namespace pgregion::scan
