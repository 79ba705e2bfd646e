// SPDX-License-Identifier: GPL-2.0-or-later
//
// The table behind looks_like(): signatures as data. A new file type is a new row.
#pragma once

#include "io/unpack.h"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace pgregion::io
{

/// Bytes that must stand at `offset`; an empty piece always fits.
struct Piece {
    std::size_t offset = 0;
    std::string_view bytes;
};

enum class Content {
    memory,    ///< opened as it is
    packed,    ///< unpacked first, see unpack.h
    elf_core,  ///< these three are dumps
    kdump,
    lime,
    other,  ///< refused, with the next step
};

struct Signature {
    std::string_view name;
    std::string_view next_step;  ///< FILE stands for the file
    Content content;
    std::array<Piece, 3> pieces;                               ///< all must fit
    std::optional<Packing> packing = {};                       ///< of what is packed
    bool (*proof)(std::span<const std::byte> head) = nullptr;  ///< where they say too little: must be true, too
};

/// Every signature known; where two fit, the earlier one is meant.
[[nodiscard]] std::span<const Signature> signatures();

/// The one that fits the first bytes of a source, as looks_like() says; null when none does.
[[nodiscard]] const Signature *find_signature(std::span<const std::byte> head);

}  // namespace pgregion::io
