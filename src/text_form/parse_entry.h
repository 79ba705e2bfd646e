// SPDX-License-Identifier: GPL-2.0-or-later
//
// The lines inside a block: entries by field name, raw words, and bytes.
#pragma once

#include "text_form/block.h"
#include "text_form/image.h"

namespace pgregion::text_form
{

/// Reads one line of a table: INDEX[-INDEX], what it holds, and a step. Throws TextFormError.
void parse_entry(Line &line, const Block &block, std::optional<PhysAddr> base, Image &image);

/// Reads one line of bytes of `page`. Throws TextFormError.
void parse_bytes(Line &line, PageIndex page, Image &image);

}  // namespace pgregion::text_form
