// SPDX-License-Identifier: GPL-2.0-or-later
//
// Page tables made by hand, word by word: an image of some pages at a physical address, to be walked as memory
// or, with 512 pages, to be taken for a region. Nothing of the code under test writes it.
#pragma once

#include <pgregion/memory_source.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pgregion::test
{

inline constexpr std::size_t kTestPageBytes = 4096;
inline constexpr std::size_t kTestRegionPages = 512;

class TableImage
{
public:
    explicit TableImage(std::uint64_t base, std::size_t pages = kTestRegionPages)
        : base_(base), bytes_(pages * kTestPageBytes)
    {
    }

    /// Physical address of a page.
    [[nodiscard]] std::uint64_t address(std::size_t page) const { return base_ + page * kTestPageBytes; }
    [[nodiscard]] std::size_t pages() const { return bytes_.size() / kTestPageBytes; }

    /// Stores a little-endian word; `index` counts words of the page.
    TableImage &put(std::size_t page, std::size_t index, std::uint64_t word)
    {
        for (std::size_t i = 0; i < 8; ++i)
            bytes_.at(page * kTestPageBytes + index * 8 + i) = static_cast<std::byte>(word >> (8 * i));
        return *this;
    }

    [[nodiscard]] std::uint64_t get(std::size_t page, std::size_t index) const
    {
        std::uint64_t word = 0;
        for (std::size_t i = 8; i-- > 0;)
            word = word << 8 | std::to_integer<std::uint64_t>(bytes_.at(page * kTestPageBytes + index * 8 + i));
        return word;
    }

    /// Sets the bits of pages `first` to `last`, both inclusive, in the bitmap at the start of page 0.
    TableImage &allocate(std::size_t first, std::size_t last)
    {
        for (std::size_t page = first; page <= last; ++page)
            bytes_.at(page / 8) |= std::byte{1} << (page % 8);
        return *this;
    }

    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
    [[nodiscard]] std::span<std::byte> bytes() { return bytes_; }

    /// The image as memory; it must outlive the result.
    [[nodiscard]] PiecewiseMemory memory() const
    {
        PiecewiseMemory memory;
        memory.add(PhysAddr(base_), bytes_);
        return memory;
    }

private:
    std::uint64_t base_;
    std::vector<std::byte> bytes_;
};

/// Random numbers that are the same on every machine (the standard's distributions are not).
class Dice
{
public:
    explicit Dice(std::uint64_t seed) : state_(seed) {}

    /// Any 64-bit number: splitmix64.
    std::uint64_t word()
    {
        state_ += 0x9e3779b97f4a7c15;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    /// 0 to `limit` - 1.
    std::uint64_t below(std::uint64_t limit) { return word() % limit; }
    bool one_in(std::uint64_t chances) { return below(chances) == 0; }

private:
    std::uint64_t state_;
};

}  // namespace pgregion::test
