// SPDX-License-Identifier: GPL-2.0-or-later
//
// The two parts of the writer that append entries and bytes; text_form_write.cpp puts the text together.
#pragma once

#include "text_form/block.h"

namespace pgregion::text_form
{

/// Appends the entry lines of `block`; zero entries are left out.
void append_entries(std::string &text, Bytes region, const Block &block, std::optional<PhysAddr> base);

/// Appends what [begin, end) of one page holds besides zeros, as a block of bytes; nothing when all is zero.
void append_bytes(std::string &text, Bytes region, std::uint64_t begin, std::uint64_t end);

/// Appends `comment` to the line that starts at `line_start`, in a column of its own where there is room.
void append_comment(std::string &text, std::size_t line_start, std::string_view comment);

}  // namespace pgregion::text_form
