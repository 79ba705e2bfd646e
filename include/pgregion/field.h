// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fields: the named bits of an entry or record, as its manual has them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace pgregion
{

enum class FieldRole : std::uint8_t {
    flag,      ///< one bit with a name
    number,    ///< a small value
    address,   ///< an address; shown in place, that is with the bits below the field as zero
    reserved,  ///< hardware faults when set
    ignored,   ///< hardware never looks
    software,  ///< ignored by hardware and known to be used by an operating system
};

/// One named field of an entry or record: bits `high`:`low`, both inclusive, at most 64 of them, not across a
/// 64-bit word. The specs of one entry cover every bit once, lowest first.
struct FieldSpec {
    std::string_view name;  ///< as the manual names it; unique within the entry
    std::uint16_t high;
    std::uint16_t low;
    FieldRole role;
    std::string_view meaning;
};

/// The field's bits, moved down to bit 0, or in place when the role is address. `record` holds little-endian
/// 64-bit words and must reach the field.
[[nodiscard]] std::uint64_t field_value(const FieldSpec &spec, std::span<const std::uint64_t> record);

}  // namespace pgregion
