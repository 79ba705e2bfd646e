// SPDX-License-Identifier: GPL-2.0-or-later
//
// Intel VT-d fault reasons (FRCD.FR) and address windows: iommu-formats.md sections 1.10 and 1.11.
#pragma once

#include <pgregion/format.h>

namespace pgregion::formats::vtd
{

enum class Mode { legacy, scalable };

/// 0xFEE00000 to 0xFEEFFFFF: writes there are interrupt messages, outputs there fault.
[[nodiscard]] constexpr bool in_interrupt_window(PhysAddr address)
{
    return Range<PhysAddr>{PhysAddr(0xfee00000), 0x100000}.contains(address);
}

/// What a request through second-stage tables gets. An absent entry is one without the permission asked for:
/// VT-d tells the two apart by nothing.
[[nodiscard]] Fault second_stage_fault(FaultCause cause, Access wanted, Mode mode);

/// What a request through first-stage tables gets.
[[nodiscard]] Fault first_stage_fault(FaultCause cause);

}  // namespace pgregion::formats::vtd
