// SPDX-License-Identifier: GPL-2.0-or-later
//
// XXH3, compiled in; see journal_sum.h.
#include "edit/journal_sum.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace pgregion
{

std::uint64_t journal_sum(Bytes bytes, std::uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace pgregion
