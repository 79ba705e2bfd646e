// SPDX-License-Identifier: GPL-2.0-or-later
//
// Stored bytes to words and back. Nothing in pgregion overlays a struct on stored data; every word goes
// through these functions, so that alignment and the host's byte order never matter.
#pragma once

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace pgregion
{

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline constexpr std::size_t kWordBytes = sizeof(std::uint64_t);

[[nodiscard]] constexpr std::uint64_t byte_swap(std::uint64_t word) { return __builtin_bswap64(word); }

/// The 64-bit little-endian word at byte `offset`; the eight bytes must lie inside `bytes`.
[[nodiscard]] inline std::uint64_t load_le64(Bytes bytes, std::size_t offset = 0)
{
    assert(offset + kWordBytes <= bytes.size());
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + offset, sizeof word);
    return std::endian::native == std::endian::little ? word : byte_swap(word);
}

inline void store_le64(MutableBytes bytes, std::size_t offset, std::uint64_t word)
{
    assert(offset + kWordBytes <= bytes.size());
    if constexpr (std::endian::native != std::endian::little)
        word = byte_swap(word);
    std::memcpy(bytes.data() + offset, &word, sizeof word);
}

/// True when every byte is zero; an empty span is all zero.
[[nodiscard]] inline bool all_zero(Bytes bytes)
{
    constexpr std::size_t kBlock = 64;
    while (bytes.size() >= kBlock) {
        std::uint64_t any = 0;
        for (std::size_t at = 0; at < kBlock; at += kWordBytes)
            any |= load_le64(bytes, at);
        if (any != 0)
            return false;
        bytes = bytes.subspan(kBlock);
    }
    return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace pgregion
