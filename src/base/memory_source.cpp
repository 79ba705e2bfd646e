// SPDX-License-Identifier: GPL-2.0-or-later
#include <pgregion/memory_source.h>

#include <algorithm>
#include <array>

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
    if (const auto difference = difference_behind(address, bytes))
        return difference;
    const Piece added{{address, bytes.size()}, bytes};
    const auto place = std::ranges::upper_bound(pieces_, address, {}, [](const Piece &p) { return p.range.first; });
    pieces_.insert(place, added);
    return std::nullopt;
}

std::optional<PhysAddr> PiecewiseMemory::difference_behind(PhysAddr address, std::span<const std::byte> bytes) const
{
    if (behind_ == nullptr)
        return std::nullopt;
    std::array<std::byte, kPageBytes> buffer{};
    for (std::uint64_t at = 0; at < bytes.size();) {
        const PhysAddr here = address + at;
        const std::uint64_t skipped = here - page_of(here);
        const std::uint64_t length = std::min<std::uint64_t>(kPageBytes - skipped, bytes.size() - at);
        if (const auto page = behind_->page(page_of(here), buffer); !page.empty()) {
            const auto old_bytes = page.subspan(skipped, length);
            const auto difference = std::ranges::mismatch(old_bytes, bytes.subspan(at, length));
            if (difference.in1 != old_bytes.end())
                return here + static_cast<std::uint64_t>(difference.in1 - old_bytes.begin());
        }
        at += length;
    }
    return std::nullopt;
}

std::span<const std::byte> PiecewiseMemory::page(PhysAddr page_address, std::span<std::byte> buffer) const
{
    // Pieces are few (a memory, some regions); the last one that starts at or below the page comes first.
    const auto above =
        std::ranges::upper_bound(pieces_, page_address, {}, [](const Piece &piece) { return piece.range.first; });
    for (auto piece = above; piece != pieces_.begin();) {
        --piece;
        if (piece->range.contains(page_address, kPageBytes))
            return piece->bytes.subspan(page_address - piece->range.first, kPageBytes);
    }
    if (behind_ != nullptr)
        return behind_->page(page_address, buffer);
    return {};
}

std::uint64_t PiecewiseMemory::size_bytes() const
{
    std::uint64_t total = behind_ != nullptr ? behind_->size_bytes() : 0;
    for (const Piece &piece : pieces_)
        total += piece.range.size;
    return total;
}

}  // namespace pgregion
