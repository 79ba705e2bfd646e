// SPDX-License-Identifier: GPL-2.0-or-later
//
// The sums of the undo journal, and of whatever else is compared by a sum: XXH3, 64 bits (xxHash 0.8,
// doc/xxhash_spec.md), in a file of its own because the library comes as one large header.
#pragma once

#include "base/bytes.h"

#include <cstdint>

namespace pgregion
{

/// XXH3_64bits_withSeed.
[[nodiscard]] std::uint64_t journal_sum(Bytes bytes, std::uint64_t seed);

}  // namespace pgregion
