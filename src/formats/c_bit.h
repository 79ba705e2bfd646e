// SPDX-License-Identifier: GPL-2.0-or-later
//
// The C-bit of AMD memory encryption: one address bit of pointers and leaves that says "encrypted" and is no part
// of the address. iommu-formats.md section 2.4; AMD64 manual volume 2, section 7.10 (CPUID 0x8000001F gives the
// position, 47 or 51 as a rule).
#pragma once

#include "base/bits.h"

#include <pgregion/format.h>

namespace pgregion::formats
{

inline constexpr ParameterSpec kCBitParameter{
    "c-bit", "position of the memory encryption bit, which is masked out of addresses (0: there is none)", {}, 0, 12,
    51};

/// `position` as the parameter holds it.
[[nodiscard]] constexpr std::uint64_t c_bit_mask(std::uint32_t position) { return position == 0 ? 0 : bit(position); }

/// The part of an address field in which addresses can count up without running into the C-bit.
[[nodiscard]] constexpr std::uint64_t below_c_bit(std::uint64_t address_mask, std::uint64_t c_bit)
{
    return (address_mask & c_bit) != 0 ? address_mask & (c_bit - 1) : address_mask;
}

}  // namespace pgregion::formats
