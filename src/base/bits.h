// SPDX-License-Identifier: GPL-2.0-or-later
//
// Bits as the manuals print them: bit(7), bits(51, 12); bit 0 is the least significant.
#pragma once

#include <cassert>
#include <cstdint>

namespace pgregion
{

[[nodiscard]] constexpr std::uint64_t bit(unsigned position)
{
    assert(position < 64);
    return std::uint64_t{1} << position;
}

/// The mask of bits `high` down to `low`, both inclusive.
[[nodiscard]] constexpr std::uint64_t bits(unsigned high, unsigned low)
{
    assert(high < 64 && low <= high);
    return (~std::uint64_t{0} >> (63 - high)) & (~std::uint64_t{0} << low);
}

/// The lowest `count` bits, 0 to 64 of them.
[[nodiscard]] constexpr std::uint64_t low_bits(unsigned count)
{
    assert(count <= 64);
    return count == 0 ? 0 : bits(count - 1, 0);
}

/// The value of the field in bits `high`:`low`, moved down to bit 0.
[[nodiscard]] constexpr std::uint64_t field(std::uint64_t word, unsigned high, unsigned low)
{
    return (word & bits(high, low)) >> low;
}

}  // namespace pgregion
