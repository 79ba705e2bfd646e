// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the editor of page tables refuses, in words.
#pragma once

#include <pgregion/error.h>
#include <pgregion/format.h>

#include <cstdint>
#include <string>

namespace pgregion
{

/// "0x1f000".
[[nodiscard]] std::string hex_text(std::uint64_t value);

[[nodiscard]] Error bad_map(const std::string &message, const std::string &hint);
[[nodiscard]] Error already_mapped(std::uint64_t iova, const Entry &entry);
[[nodiscard]] Error not_usable(std::uint64_t iova, const Entry &entry);
[[nodiscard]] Error table_shared(PhysAddr table);
/// `who` begins the sentence: "the table entry …".
[[nodiscard]] Error too_little_access(const std::string &who, std::uint64_t raw);

}  // namespace pgregion
