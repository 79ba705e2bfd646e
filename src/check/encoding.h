// SPDX-License-Identifier: GPL-2.0-or-later
//
// Why hardware faults on an entry: every faulting entry is of exactly one kind here, so that each is reported once,
// under the code that says most. What differs by format is gathered in this file's .cpp; a format that it does not
// know gets the general kinds. iommu-formats.md section 9, PT01 to PT11, PT26, PT49, PT53.
#pragma once

#include "base/bytes.h"
#include "check/check_row.h"

#include <cstdint>
#include <string_view>

namespace pgregion::check
{

using Family = TableFamily;

[[nodiscard]] constexpr bool is_arm(Family family)
{
    return family == Family::arm_stage1 || family == Family::arm_stage2;
}
[[nodiscard]] constexpr bool is_riscv(Family family) { return family == Family::riscv || family == Family::riscv_x4; }
/// The IOMMU is AMD's: the host format, and x86-64 tables whose faults are AMD's.
[[nodiscard]] bool is_amd_iommu(const Stage &stage);

/// A leaf that is mapped as the registers of a device. Arm stage 1: AttrIndx as Linux fills MAIR. False in formats that
/// do not say so.
[[nodiscard]] bool is_device_memory(Family family, std::uint64_t leaf);

enum class EncodingFault : std::uint8_t {
    none,
    reserved_bits,
    misaligned,            ///< a large leaf with address bits below its size
    leaf_at_table_level,   ///< the level has no leaves
    table_at_leaf_level,   ///< a pointer in a table of level 0
    next_level_not_lower,  ///< AMD: NextLevel does not lead down
    leaf_size,             ///< AMD: NextLevel 7 with a size that the level has not
    reserved_encoding,     ///< a combination of values that means nothing
    address_beyond_width,
    user_bit_clear,  ///< RISC-V second stage: U is clear in a leaf
    fill_pattern,    ///< all ones: what a failed read leaves
};

/// Where several kinds apply: all ones, then what is wrong with the entry's kind, then address bits if nothing but
/// these is wrong, then reserved bits.
[[nodiscard]] EncodingFault classify(const Entry &entry, unsigned level, const TableFormat &format,
                                     const FormatParams &params);

/// What a reserved_encoding is ("write without read"); static storage.
[[nodiscard]] std::string_view encoding_detail(const Entry &entry, unsigned level, Family family);

/// The words of a table of one page are all alike, and not zero.
[[nodiscard]] bool is_filled(Bytes table);
/// The same of the table that holds the run. Never true of a table that is larger or smaller than a page.
[[nodiscard]] bool in_filled_table(const EntryView &view);

/// The 64 bytes around the run's first entry are printable characters.
[[nodiscard]] bool in_text(const EntryView &view);

/// True when the run faults for that reason and is not part of something that was written over the table as a whole.
[[nodiscard]] bool faults_as(const EntryView &view, EncodingFault wanted);

/// The word in a slot of the piece that the view shows, in the host's order; zero outside of the piece.
[[nodiscard]] std::uint64_t word_at(const EntryView &view, std::uint32_t slot);

/// Adds `entries` to the finding of the present check, table and `found.detail`; the first adds `found`. The count is
/// in `expected`. For what may be true of many entries, where the first and a number say enough.
void add_counted(FindingSink &sink, Finding found, std::uint64_t entries);

/// The finding that the present check has made for that table (and detail) before; null when there is none.
[[nodiscard]] Finding *earlier(FindingSink &sink, const Finding &like);

}  // namespace pgregion::check
