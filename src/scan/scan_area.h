// SPDX-License-Identifier: GPL-2.0-or-later
//
// pkernfs areas by their super block (region.md section 2).
#pragma once

#include <pgregion/scan.h>

namespace pgregion::scan
{

/// The first word of an area.
inline constexpr std::uint64_t kAreaMagic = 0x706b65726e6673;

/// The area whose super block begins on `first_page`, which has the magic number.
[[nodiscard]] Candidate judge_area(const MemorySource &memory, PhysAddr address, std::span<const std::byte> first_page);

}  // namespace pgregion::scan
