// SPDX-License-Identifier: GPL-2.0-or-later
//
// What holds for every dump that opened, whatever bytes it came from: its ranges are whole pages, sorted and apart from
// each other, and page() answers inside of them and nowhere else.
#pragma once

#include "io/addressed_memory.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

namespace pgregion::fuzz
{

inline void require(bool holds)
{
    if (!holds)
        std::abort();
}

/// Asks for the page and reads all of it; returns a sum so that nothing is left out.
inline std::uint64_t ask(const io::AddressedMemory &memory, PhysAddr page, const Range<PhysAddr> *inside)
{
    std::array<std::byte, kPageBytes> buffer{};
    const auto bytes = memory.page(page, buffer);
    require(bytes.size() == (inside != nullptr ? kPageBytes : 0));
    std::uint64_t sum = 0;
    for (const std::byte byte : bytes)
        sum += std::to_integer<std::uint64_t>(byte);
    return sum;
}

inline const Range<PhysAddr> *range_of(const io::AddressedMemory &memory, PhysAddr page)
{
    const auto ranges = memory.ranges();
    const auto found = std::ranges::find_if(ranges, [&](const auto &range) { return range.contains(page); });
    return found == ranges.end() ? nullptr : &*found;
}

/// `seed` chooses some pages beside the ends of each range.
inline std::uint64_t check_dump(const io::AddressedMemory &memory, std::uint64_t seed)
{
    constexpr std::size_t kMostRanges = 64;
    constexpr int kRandomPages = 16;
    const auto ranges = memory.ranges();
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        require(!ranges[i].empty() && ranges[i].size % kPageBytes == 0 && page_of(ranges[i].first) == ranges[i].first);
        require(ranges[i].first.value() <= ~std::uint64_t{0} - ranges[i].size);
        require(i == 0 || ranges[i - 1].first + ranges[i - 1].size < ranges[i].first);
    }
    std::uint64_t sum = 0;
    for (const Range<PhysAddr> &range : ranges.first(std::min(ranges.size(), kMostRanges))) {
        const PhysAddr end = range.first + range.size;
        for (const PhysAddr page : {range.first - kPageBytes, range.first, end - kPageBytes, end})
            sum += ask(memory, page, range_of(memory, page));
    }
    for (int i = 0; i < kRandomPages; ++i) {
        seed = seed * 0x5851f42d4c957f2d + 0x14057b7ef767814f;
        const PhysAddr page = page_of(PhysAddr(seed >> (i * 3)));
        sum += ask(memory, page, range_of(memory, page));
    }
    return sum;
}

}  // namespace pgregion::fuzz
