// SPDX-License-Identifier: GPL-2.0-or-later
#include <pgregion/memory_source.h>

#include <algorithm>

namespace pgregion
{

std::optional<PhysAddr> PiecewiseMemory::add(PhysAddr address, std::span<const std::byte> bytes)
{
    if (bytes.empty())
        return std::nullopt;
    const PhysAddr new_last = address + (bytes.size() - 1);  // the end itself may be 2^64
    for (const Piece &piece : pieces_) {
        const PhysAddr first = std::max(piece.range.first, address);
        const PhysAddr last = std::min(piece.range.first + (piece.range.size - 1), new_last);
        if (first > last)
            continue;
        const std::size_t length = last - first + 1;
        const auto old_bytes = piece.bytes.subspan(first - piece.range.first, length);
        const auto new_bytes = bytes.subspan(first - address, length);
        const auto difference = std::ranges::mismatch(old_bytes, new_bytes);
        if (difference.in1 != old_bytes.end())
            return first + static_cast<std::uint64_t>(difference.in1 - old_bytes.begin());
    }
    const Piece added{{address, bytes.size()}, bytes};
    const auto place = std::ranges::upper_bound(pieces_, address, {}, [](const Piece &p) { return p.range.first; });
    pieces_.insert(place, added);
    return std::nullopt;
}

std::span<const std::byte> PiecewiseMemory::page(PhysAddr page_address, std::span<std::byte>) const
{
    // Pieces are few (a memory, some regions); the last one that starts at or below the page comes first.
    const auto above =
        std::ranges::upper_bound(pieces_, page_address, {}, [](const Piece &piece) { return piece.range.first; });
    for (auto piece = above; piece != pieces_.begin();) {
        --piece;
        if (piece->range.contains(page_address, kPageBytes))
            return piece->bytes.subspan(page_address - piece->range.first, kPageBytes);
    }
    return {};
}

std::uint64_t PiecewiseMemory::size_bytes() const
{
    std::uint64_t total = 0;
    for (const Piece &piece : pieces_)
        total += piece.range.size;
    return total;
}

}  // namespace pgregion
