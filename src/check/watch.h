// SPDX-License-Identifier: GPL-2.0-or-later
//
// Watched addresses: where page tables, directories and bitmaps lie, which no device may reach. Every leaf is
// held against them, hundreds of thousands in a full region, so most are passed over by one look at a filter.
#pragma once

#include <pgregion/address.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace pgregion::check
{

/// What lies at watched addresses.
enum class Watched : std::uint8_t {
    page_table,       ///< a page table that was reached
    directory_table,  ///< a table of a directory that was reached
    region,           ///< a page of a region: bitmap and free pages count as tables
    interrupts,       ///< 0xfee00000 to 0xfeefffff, where a format's hardware refuses it or means messages
    ht_hole,          ///< 0xfd00000000 to 0xffffffffff of AMD machines
    not_ram,          ///< outside of the RAM that was named
};
inline constexpr std::size_t kWatchedKinds = 6;

class Watch
{
public:
    /// An empty range is passed over. Ranges may be added in any order and overlap; seal() comes after the last.
    void add(Watched what, Range<PhysAddr> range);
    void seal();

    /// False when surely nothing of [first, first + size) is watched. `size` is not 0.
    [[nodiscard]] bool may_touch(PhysAddr first, std::uint64_t size) const
    {
        const std::uint64_t low = first.value() >> kFrameLg2;
        const std::uint64_t high = (first.value() + (size - 1)) >> kFrameLg2;
        if (high - low >= kFramesLookedAt)
            return true;
        for (std::uint64_t frame = low; frame <= high; ++frame) {
            if (test(frame))
                return true;
        }
        return false;
    }

    /// The lowest range of that kind that [first, first + size) touches; nothing when none does.
    [[nodiscard]] std::optional<Range<PhysAddr>> find(Watched what, PhysAddr first, std::uint64_t size) const;

    /// Sorted by address; they neither overlap nor touch once sealed.
    [[nodiscard]] const std::vector<Range<PhysAddr>> &ranges(Watched what) const
    {
        return ranges_[static_cast<std::size_t>(what)];
    }

private:
    static constexpr unsigned kFrameLg2 = 21;
    static constexpr std::uint64_t kFramesLookedAt = 4;
    static constexpr std::size_t kFilterBits = std::size_t{1} << 16;

    [[nodiscard]] bool test(std::uint64_t frame) const
    {
        const std::uint64_t slot = frame % kFilterBits;
        return (filter_[slot / 64] >> (slot % 64) & 1) != 0;
    }

    std::array<std::vector<Range<PhysAddr>>, kWatchedKinds> ranges_;
    /// A bit for each frame of 2 MiB (modulo the size of the filter) in which something is watched.
    std::vector<std::uint64_t> filter_ = std::vector<std::uint64_t>(kFilterBits / 64);
};

}  // namespace pgregion::check
