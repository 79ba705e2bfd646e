// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which tables a text shows, and the first line of each of them.
#pragma once

#include "text_form/block.h"

namespace pgregion::text_form
{

struct PlannedBlock {
    Block block;          ///< with the parameters that `heading` reads back as
    std::string heading;  ///< "page 1 vtd-ss level 3"
};

/// The tables that can be shown as such, in order of their place: inside the region, behind the bitmap, and not
/// over each other (the one given first wins).
[[nodiscard]] std::vector<PlannedBlock> plan_blocks(std::span<const TextTable> tables);

}  // namespace pgregion::text_form
