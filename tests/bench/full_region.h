// SPDX-License-Identifier: GPL-2.0-or-later
//
// A region whose 510 tables are full, 260,611 leaves in three levels: page 1 the root (one table, 511 leaves of
// 1 GiB), page 2 below it (508 tables, 4 leaves of 2 MiB), pages 3 to 510 with 512 leaves of 4 KiB each.
#pragma once

#include "base/bytes.h"

#include <pgregion/region.h>

#include <cstdint>
#include <random>
#include <vector>

namespace pgregion::bench
{

inline constexpr PhysAddr kBase(0x140000000);
inline constexpr std::uint64_t kLeaves = 511 + 4 + 508 * 512;

/// Where the 4-KiB leaves point: one page after the other (a guest's memory in huge pieces), or anywhere (the
/// worst case: no two leaves can be told as one run).
enum class Layout { contiguous, scattered };

inline std::vector<std::byte> full_region(Layout layout)
{
    constexpr std::uint64_t kTable = 3;
    constexpr std::uint64_t kLarge = 0x83;
    constexpr std::uint64_t kSlots = 512;
    constexpr std::uint64_t kLeafPages = 508;
    std::vector<std::byte> image(kRegionBytes);
    std::mt19937_64 random(1);
    const auto put = [&image](std::uint64_t page, std::uint64_t slot, std::uint64_t word) {
        store_le64(image, page * kPageBytes + slot * kWordBytes, word);
    };
    for (std::uint64_t word = 0; word < kBitmapWords; ++word)
        put(0, word, ~std::uint64_t{0});
    put(1, 0, (kBase.value() + 2 * kPageBytes) | kTable);
    for (std::uint64_t slot = 1; slot < kSlots; ++slot)
        put(1, slot, slot << 30 | kLarge);
    for (std::uint64_t slot = 0; slot < kLeafPages; ++slot)
        put(2, slot, (kBase.value() + (3 + slot) * kPageBytes) | kTable);
    for (std::uint64_t slot = kLeafPages; slot < kSlots; ++slot)
        put(2, slot, (std::uint64_t{0x200000000} + (slot << 21)) | kLarge);
    for (std::uint64_t page = 0; page < kLeafPages; ++page) {
        for (std::uint64_t slot = 0; slot < kSlots; ++slot) {
            const std::uint64_t next = 0x400000000 + (page * kSlots + slot) * kPageBytes;
            const std::uint64_t anywhere = 0x1000000000 | (random() & 0x3fffff) << 12;
            put(3 + page, slot, (layout == Layout::contiguous ? next : anywhere) | kTable);
        }
    }
    return image;
}

}  // namespace pgregion::bench
