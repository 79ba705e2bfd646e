// SPDX-License-Identifier: GPL-2.0-or-later
//
// SMMUv3 events of a table walk: iommu-formats.md section 4.6; SMMUv3 specification, section 7.3.
#pragma once

#include <pgregion/format.h>

namespace pgregion::formats::arm
{

enum class StageNumber : std::uint8_t { one, two };

/// What a request gets that goes through tables of this stage.
[[nodiscard]] Fault walk_fault(FaultCause cause, StageNumber stage);

}  // namespace pgregion::formats::arm
