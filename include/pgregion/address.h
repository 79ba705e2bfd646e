// SPDX-License-Identifier: GPL-2.0-or-later
//
// Address types. An IOVA (what a device asks for), a physical address (what memory answers to) and a page
// index (a page of a region) are all 64-bit numbers at heart; giving each its own type makes mixing them a
// compile error. Ranges are half-open.
#pragma once

#include <compare>
#include <cstdint>

namespace pgregion
{

namespace detail
{

/// A 64-bit number that only mixes with its own kind. Differences are plain numbers (bytes or pages).
template <class Tag>
class Number
{
public:
    constexpr Number() = default;
    constexpr explicit Number(std::uint64_t value) : value_(value) {}

    [[nodiscard]] constexpr std::uint64_t value() const { return value_; }

    friend constexpr auto operator<=>(Number, Number) = default;
    /// Moves by `distance` units; wraps at 2^64 like the hardware's adders do.
    friend constexpr Number operator+(Number a, std::uint64_t distance) { return Number(a.value_ + distance); }
    friend constexpr Number operator-(Number a, std::uint64_t distance) { return Number(a.value_ - distance); }
    friend constexpr std::uint64_t operator-(Number a, Number b) { return a.value_ - b.value_; }
    constexpr Number &operator+=(std::uint64_t distance)
    {
        value_ += distance;
        return *this;
    }

private:
    std::uint64_t value_ = 0;
};

}  // namespace detail

/// Device-side address, before translation.
using Iova = detail::Number<struct IovaTag>;
/// Physical (output) address, after translation; the address of a table.
using PhysAddr = detail::Number<struct PhysAddrTag>;
/// Page of a region: 0 is the bitmap, 1 the root page.
using PageIndex = detail::Number<struct PageIndexTag>;

/// Half-open range [first, first + size). `size` counts bytes (pages for PageIndex). A range that ends at
/// 2^64 is representable because the end itself is never stored.
template <class Address>
struct Range {
    Address first;
    std::uint64_t size = 0;

    friend constexpr bool operator==(const Range &, const Range &) = default;
    [[nodiscard]] constexpr bool empty() const { return size == 0; }
    [[nodiscard]] constexpr bool contains(Address address) const { return address - first < size; }
    /// True when `[address, address + length)` lies inside; an empty piece never does.
    [[nodiscard]] constexpr bool contains(Address address, std::uint64_t length) const
    {
        const std::uint64_t skipped = address - first;
        return length != 0 && skipped < size && length <= size - skipped;
    }
};

inline constexpr unsigned kPageLg2 = 12;
inline constexpr std::uint64_t kPageBytes = std::uint64_t{1} << kPageLg2;

/// First byte of the 4-KiB page that holds `address`.
[[nodiscard]] constexpr PhysAddr page_of(PhysAddr address) { return PhysAddr(address.value() & ~(kPageBytes - 1)); }

}  // namespace pgregion
