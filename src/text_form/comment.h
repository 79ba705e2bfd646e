// SPDX-License-Identifier: GPL-2.0-or-later
//
// The trailing comments of the text form: what a reviewer would otherwise have to decode by hand. They carry no
// meaning for the parser.
#pragma once

#include "text_form/block.h"

namespace pgregion::text_form
{

/// The entries that one line stands for.
struct LineEntries {
    std::uint32_t first = 0;
    std::uint32_t last = 0;  ///< inclusive
    RecordWords words{};     ///< of the first
};

/// Comment of the block's first line, without `#`.
[[nodiscard]] std::string describe_block(const Block &block);

/// Comment of an entry line, without `#`. `base` is the address of the region, if known.
[[nodiscard]] std::string describe_entries(const Block &block, const LineEntries &line, std::optional<PhysAddr> base);

}  // namespace pgregion::text_form
