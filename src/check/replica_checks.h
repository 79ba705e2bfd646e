// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of leaves that take several slots; encoding_checks.cpp hands them out.
#pragma once

#include "check/check_row.h"

namespace pgregion::check
{

extern const CheckRow kReplicasDiffer;   ///< PT09
extern const CheckRow kReplicasMissing;  ///< PT10

/// Slots, as a power of two, that the entry at the start of the view's run means to fill, the copies that differ and
/// the members of an Arm contiguous group among them: what is changed in one of them is changed in all.
[[nodiscard]] std::uint8_t group_slots_lg2(const EntryView &view);

}  // namespace pgregion::check
