// SPDX-License-Identifier: GPL-2.0-or-later
//
// Bytes at any physical address, across pages; and the narrower words that hand-over structures have.
#pragma once

#include "base/bytes.h"

#include <pgregion/memory_source.h>

#include <algorithm>
#include <array>

namespace pgregion::handover
{

/// Fills `out` from `address` on; false when the memory does not hold all of it, or it would end beyond 2^64.
[[nodiscard]] inline bool read_bytes(const MemorySource &memory, PhysAddr address, MutableBytes out)
{
    if (!out.empty() && address.value() + (out.size() - 1) < address.value())
        return false;
    alignas(kWordBytes) std::array<std::byte, kPageBytes> buffer{};
    while (!out.empty()) {
        const Bytes page = memory.page(page_of(address), buffer);
        if (page.empty())
            return false;
        const std::size_t skipped = address - page_of(address);
        const std::size_t length = std::min<std::size_t>(out.size(), kPageBytes - skipped);
        std::ranges::copy(page.subspan(skipped, length), out.begin());
        out = out.subspan(length);
        address += length;
    }
    return true;
}

/// The 64-bit word at `address`; nothing when it is not there.
[[nodiscard]] inline std::optional<std::uint64_t> read_word(const MemorySource &memory, PhysAddr address)
{
    std::array<std::byte, kWordBytes> word{};
    return read_bytes(memory, address, word) ? std::optional(load_le64(word)) : std::nullopt;
}

/// The four bytes must lie inside `bytes`.
[[nodiscard]] inline std::uint32_t load_le32(Bytes bytes, std::size_t offset = 0)
{
    std::uint32_t word = 0;
    for (std::size_t i = 4; i-- > 0;)
        word = word << 8 | std::to_integer<std::uint32_t>(bytes[offset + i]);
    return word;
}

[[nodiscard]] inline std::uint32_t load_be32(Bytes bytes)
{
    std::uint32_t word = 0;
    for (std::size_t i = 0; i < 4; ++i)
        word = word << 8 | std::to_integer<std::uint32_t>(bytes[i]);
    return word;
}

}  // namespace pgregion::handover
