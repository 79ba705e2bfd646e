// SPDX-License-Identifier: GPL-2.0-or-later
//
// What became of a recorded change in the source, and how one that was cut short is brought to either end. Both take
// words that are `before` as well as words that are `after`, so that a second run carries on where a first one ended.
#pragma once

#include "base/bytes.h"

#include <pgregion/edit.h>

#include <cstdint>
#include <optional>

namespace pgregion
{

enum class Standing : std::uint8_t {
    before,   ///< nothing of the change is in the source
    after,    ///< all of it is
    partly,   ///< each word is the old or the new one
    foreign,  ///< a word is neither: somebody else has written it
};

struct Comparison {
    Standing standing = Standing::before;
    std::uint64_t offset = 0;  ///< foreign: of the first word that is neither; partly: of the first old one
};

/// Compares as apply_edits does: whole words, but in the bitmap only the bits that the edits change. Without edits:
/// before. An edit that leaves the whole words of `live` is foreign.
[[nodiscard]] Comparison compare_edits(Bytes live, const Edits &edits, std::optional<std::uint64_t> bitmap_at);

enum class Side : std::uint8_t { before, after };

/// Gives every word the value that it has on `side`, in the order that is safe. Does nothing where compare_edits finds
/// a foreign word. Result as of apply_edits, except that after a race for a word those in front of it stay changed.
[[nodiscard]] ApplyResult settle_edits(MutableBytes live, const Edits &edits, std::optional<std::uint64_t> bitmap_at,
                                       Side side);

}  // namespace pgregion
