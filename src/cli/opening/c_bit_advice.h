// SPDX-License-Identifier: GPL-2.0-or-later
//
// A host with memory encryption (AMD SME and SEV) has one address bit set that is no part of the address: read without
// --param c-bit, its tables seem to lie where there is no memory. iommu-formats.md section 2.4.
#pragma once

#include "cli/opening/tables.h"

#include <optional>
#include <string>

namespace pgregion::cli
{

/// What to give where the source does not hold `missing`, but the page of the same address without bit 47 or 51, the usual
/// C-bits. Nothing for formats without a C-bit, and where that bit is taken off already.
[[nodiscard]] std::optional<std::string> c_bit_advice(const Tables &tables, PhysAddr missing);

}  // namespace pgregion::cli
