// SPDX-License-Identifier: GPL-2.0-or-later
//
// Whose encodings and records a format has, for what differs by vendor and not by format.
#pragma once

#include <cstdint>

namespace pgregion
{

/// Whose encodings a page-table format has, for checks that say in the manual's words what is wrong with an entry.
/// `other`: nobody knows more than what the decoder says, which is enough to be checked and repaired.
enum class TableFamily : std::uint8_t { other, vtd, x86, amd, arm_stage1, arm_stage2, riscv, riscv_x4 };

/// Whose records a directory has, as TableFamily is for entries.
enum class DirectoryFamily : std::uint8_t { other, vtd, amd, smmu, riscv };

}  // namespace pgregion
