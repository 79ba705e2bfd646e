// SPDX-License-Identifier: GPL-2.0-or-later
//
// The first line of a block: `page N [offset X] [entries C] WHAT …`.
#pragma once

#include "text_form/block.h"
#include "text_form/reader.h"

namespace pgregion::text_form
{

struct BlockStart {
    PageIndex page;
    std::optional<Block> block;  ///< none: the page's bytes follow
};

/// Reads what stands behind the word `page`. Throws TextFormError.
[[nodiscard]] BlockStart parse_block_start(Line &line);

}  // namespace pgregion::text_form
