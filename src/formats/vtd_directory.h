// SPDX-License-Identifier: GPL-2.0-or-later
//
// The two halves of the Intel VT-d directory, by the mode of the root table: iommu-formats.md sections 1.2 to 1.7;
// VT-d specification, sections 9.1 to 9.6. Entries are little-endian.
//
// legacy     root table ── bus ──► context table ── device, function ──► second stage
// scalable   root table ── bus, upper half of the devices ──► context table ──► PASID directory ──► PASID table
//            ──► first stage, second stage or both
#pragma once

#include "base/bits.h"

#include <pgregion/format.h>

namespace pgregion::formats::vtd
{

/// Indexes of DirectoryFormat::table_types.
inline constexpr std::uint8_t kRootTable = 0;
inline constexpr std::uint8_t kContextTable = 1;
inline constexpr std::uint8_t kScalableRootTable = 2;
inline constexpr std::uint8_t kScalableContextTable = 3;
inline constexpr std::uint8_t kPasidDirectory = 4;
inline constexpr std::uint8_t kPasidTable = 5;

/// What most records begin with.
inline constexpr std::uint64_t kPresent = bit(0);
inline constexpr std::uint64_t kFaultsDisabled = bit(1);
inline constexpr std::uint64_t kPointer = bits(63, 12);

/// Address width code AW to levels: 1 = 39 bit/3, 2 = 48/4, 3 = 57/5; the rest is obsolete or reserved.
[[nodiscard]] constexpr std::optional<std::uint8_t> levels_of_width(std::uint64_t width_code)
{
    if (width_code < 1 || width_code > 3)
        return std::nullopt;
    return static_cast<std::uint8_t>(width_code + 2);
}

[[nodiscard]] constexpr bool any_reserved(const DirectoryRecord &record)
{
    return record.reserved_set != RecordWords{};
}

/// Second-stage tables of `levels` levels at `root`; the address width is that of `params`.
[[nodiscard]] Stage second_stage(std::uint8_t levels, PhysAddr root, const FormatParams &params);

/// The same, made the whole of a translation.
void use_stage(Translation &translation, const Stage &stage);

// The functions of DirectoryFormat for the table types of one mode.
namespace legacy
{
[[nodiscard]] DirectoryRecord decode(const DirectoryTable &table, const RecordWords &words, const FormatParams &params);
[[nodiscard]] bool typical(std::uint8_t type, const RecordWords &words);
[[nodiscard]] std::span<const FieldSpec> fields(std::uint8_t type);
[[nodiscard]] Fault unreadable(std::uint8_t type);
}  // namespace legacy

namespace scalable
{
[[nodiscard]] DirectoryRecord decode(const DirectoryTable &table, const RecordWords &words, const FormatParams &params);
[[nodiscard]] bool typical(std::uint8_t type, const RecordWords &words);
[[nodiscard]] std::span<const FieldSpec> fields(std::uint8_t type);
[[nodiscard]] Fault unreadable(std::uint8_t type);
[[nodiscard]] Fault out_of_range(std::uint8_t type);
}  // namespace scalable

}  // namespace pgregion::formats::vtd
