// SPDX-License-Identifier: GPL-2.0-or-later
//
// What Arm's stage 1 and stage 2 tables (VMSAv8-64) have in common: iommu-formats.md sections 4.4 and 4.5; Arm
// Architecture Reference Manual for A-profile, chapter D8.
//
//   63      55 54          48 47                     12 11          2 1 0
//   upper attr.   …  reserved       address              lower attr.  type    block or page
//   attributes       reserved       next table           ignored      1 1     table
//
//   type: bit 0 = 0 not valid; 01 block; 11 table, or page in the last table (level 3, which is our level 0)
//   granule (page, full table) 4K, 16K, 64K: G = 12, 14, 16 address bits, S = G - 3 index bits
//   64K: bits 15:12 are bits 51:48 of the address
//
// The start table is as large as the input width wants it: a few entries, or in stage 2 up to sixteen full tables
// in a row.
#pragma once

#include "base/bits.h"

#include <pgregion/format.h>

#include <algorithm>

namespace pgregion::formats::arm
{

// Slots of FormatParams::value, the same in both stages.
inline constexpr std::size_t kGranule = 0;    ///< 12, 14 or 16
inline constexpr std::size_t kInputBits = 1;  ///< 64 - TxSZ; 0: not given

inline constexpr unsigned kGranule4K = 12;
inline constexpr unsigned kGranule16K = 14;
inline constexpr unsigned kGranule64K = 16;

inline constexpr std::array<ParameterChoice, 3> kGranules{
    {{"4k", kGranule4K}, {"16k", kGranule16K}, {"64k", kGranule64K}}};
inline constexpr std::array<ParameterChoice, 2> kByteOrders{{{"little", 0}, {"big", 1}}};
inline constexpr ParameterSpec kGranuleSpec{
    "granule", "size of a page and of a full table", kGranules, kGranule4K, 0, 0, WhenOpen::guess};
inline constexpr ParameterSpec kInputBitsSpec{
    kInputBitsKey,
    "width of input addresses, 64 - TxSZ (not given: what the levels resolve, at most 48)",
    {},
    0,
    25,
    52};
inline constexpr ParameterSpec kEndianSpec{kEndianKey, "byte order of the descriptors", kByteOrders, 0};

inline constexpr std::uint64_t kValid = bit(0);
inline constexpr std::uint64_t kTypeMask = bits(1, 0);
inline constexpr std::uint64_t kBlock = 1;
inline constexpr std::uint64_t kTableOrPage = 3;
inline constexpr std::uint64_t kNoSuchType = 4;  ///< equal to no type: the level has no such descriptors
inline constexpr std::uint64_t kInnerShareable = bits(9, 8);
inline constexpr std::uint64_t kOuterShareable = bit(9);
inline constexpr std::uint64_t kAccessFlag = bit(10);
inline constexpr std::uint64_t kHighAddress = bits(15, 12);  ///< 64K granule: address bits 51:48
inline constexpr std::uint64_t kNoTables = bit(16);          ///< nT, in blocks
inline constexpr std::uint64_t kAddress = bits(47, 12);
inline constexpr std::uint64_t kDirtyModifier = bit(51);
inline constexpr std::uint64_t kNoExecute = bits(54, 53);  ///< for requests without privilege bit 54 decides
inline constexpr std::uint64_t kSyncedTable = bit(55);     ///< Linux: SW_SYNC in table descriptors
inline constexpr unsigned kHighAddressMove = 36;           ///< from bits 15:12 to bits 51:48
inline constexpr unsigned kFieldBits = 48;                 ///< addresses without bits 51:48
inline constexpr unsigned kWideBits = 52;
inline constexpr unsigned kMaxConcatenatedLg2 = 4;
inline constexpr std::uint32_t kMinAlignBytes = 64;

constexpr unsigned granule_of(const FormatParams &params) { return params.value[kGranule]; }
constexpr unsigned full_index_bits(const FormatParams &params) { return granule_of(params) - 3; }

constexpr unsigned shift_of(unsigned level, const FormatParams &params)
{
    return granule_of(params) + full_index_bits(params) * level;
}

/// Widest address that a descriptor of this granule can hold, and widest input address.
constexpr unsigned max_bits(const FormatParams &params)
{
    return granule_of(params) == kGranule64K ? kWideBits : kFieldBits;
}

/// Width of input addresses.
constexpr unsigned width_of(const FormatParams &params)
{
    const unsigned given = params.value[kInputBits];
    return given != 0 ? given : std::min(shift_of(params.levels, params), kFieldBits);
}

/// Levels that resolve `width` input bits without concatenation; 0 when one page is wider already.
constexpr unsigned levels_for(unsigned width, const FormatParams &params)
{
    const unsigned granule = granule_of(params);
    const unsigned index_bits = full_index_bits(params);
    return width <= granule ? 0 : (width - granule + index_bits - 1) / index_bits;
}

/// True where a block may stand: L1 and L2 of 4K, L2 of 16K and 64K; L1 of 64K (4 TiB) only when physical
/// addresses have 52 bits. Blocks of 52-bit tables with small granules (LPA2) are not known here.
constexpr bool has_blocks(unsigned level, const FormatParams &params)
{
    const bool huge =
        granule_of(params) == kGranule4K || (granule_of(params) == kGranule64K && params.paw_bits >= kWideBits);
    return level == 1 || (level == 2 && huge);
}

/// The parameters say something that exists and the start table has at least two entries; what is particular to a
/// stage comes on top.
constexpr bool plausible(const FormatParams &params)
{
    const unsigned granule = granule_of(params);
    const bool known = granule == kGranule4K || granule == kGranule16K || granule == kGranule64K;
    if (!known || (granule == kGranule64K && params.levels > 3))
        return false;
    const unsigned width = width_of(params);
    return width <= max_bits(params) && width > shift_of(params.levels - 1U, params);
}

/// Masks of one level.
struct Layout {
    std::uint64_t reserved_in_table;
    std::uint64_t reserved_in_leaf;
    std::uint64_t beyond_paw;    ///< the bits of an address beyond the address width, as a descriptor holds them
    std::uint64_t address_mask;  ///< of a leaf of this level, without bits 51:48
    std::uint64_t next_mask;     ///< of a table
    std::uint64_t high_address;  ///< the bits that hold bits 51:48 of an address
    std::uint64_t run_mask;
    std::uint64_t dirty;         ///< DBM where hardware manages the dirty state
    std::uint64_t access_flag;   ///< AF where requests fault when it is clear
    std::uint64_t hierarchical;  ///< bits of a table that take permissions away
    std::uint8_t leaf_type;
    std::uint8_t table_type;
    std::uint8_t level;
    std::uint8_t shift;
};

/// What follows from level, granule and address width alone.
constexpr Layout geometry(unsigned level, const FormatParams &params)
{
    const unsigned shift = shift_of(level, params);
    const unsigned granule = granule_of(params);
    const std::uint64_t beyond = ~low_bits(params.paw_bits);
    Layout layout{};
    layout.high_address = granule == kGranule64K ? kHighAddress : 0;
    layout.address_mask = bits(47, shift);
    layout.next_mask = bits(47, granule);
    layout.beyond_paw = (layout.next_mask & beyond) | (layout.high_address & beyond >> kHighAddressMove);
    layout.reserved_in_table = (kAddress & ~layout.next_mask & ~layout.high_address) | layout.beyond_paw;
    layout.reserved_in_leaf = (kAddress & ~layout.address_mask & ~layout.high_address) | layout.beyond_paw;
    if (level > 0)
        layout.reserved_in_leaf &= ~kNoTables;
    // Runs of a 64K granule do not go on beyond bit 47, where the address continues at another place.
    layout.run_mask = layout.address_mask & ~beyond;
    layout.table_type = static_cast<std::uint8_t>(level > 0 ? kTableOrPage : kNoSuchType);
    layout.leaf_type = static_cast<std::uint8_t>(level == 0                  ? kTableOrPage
                                                 : has_blocks(level, params) ? kBlock
                                                                             : kNoSuchType);
    layout.level = static_cast<std::uint8_t>(level);
    layout.shift = static_cast<std::uint8_t>(shift);
    return layout;
}

/// The functions of TableFormat that differ between the stages by a few masks only. `Stage` gives
/// layout(level, params), leaf_access(raw, layout), table_access(raw, layout), reserved_encoding(raw),
/// can_encode(access), attributes(leaf, params).
template <class Stage>
struct Tables {
    using Layout = arm::Layout;

    static constexpr std::string_view kArchitecture = "smmuv3";
    static constexpr std::uint8_t kMinLevels = 1;
    static constexpr std::uint8_t kMaxLevels = 4;
    static constexpr std::uint8_t kMaxPawBits = kWideBits;
    static constexpr std::array<std::uint8_t, 8> kLeafSizes{12, 14, 16, 21, 25, 29, 30, 42};

    // Left alone, the compiler finds this too much to repeat for both byte orders, and a call costs as much again.
    [[gnu::always_inline]] static constexpr void decode(std::uint64_t raw, const Layout &layout, Entry &entry)
    {
        const std::uint64_t type = raw & kTypeMask;
        if (type == layout.leaf_type)
            decode_leaf(raw, layout, entry);
        else if (type == layout.table_type)
            decode_table(raw, layout, entry);
        else
            decode_other(raw, entry);
    }

    static TableShape shape(unsigned level, const FormatParams &params)
    {
        const unsigned shift = shift_of(level, params);
        const bool start = level + 1U == params.levels;
        TableShape shape;
        shape.shift = static_cast<std::uint8_t>(shift);
        shape.index_bits = static_cast<std::uint8_t>(start ? width_of(params) - shift : full_index_bits(params));
        shape.align_bytes = std::max(shape.bytes(), kMinAlignBytes);
        return shape;
    }

    static std::string_view entry_name(unsigned level)
    {
        static constexpr std::array<std::string_view, kMaxLevels> kNames{"L3", "L2", "L1", "L0"};
        return kNames.at(level);
    }

    static bool output_forbidden(PhysAddr, const FormatParams &) { return false; }

    // The software MSI window of Linux is an ordinary mapping.
    static bool never_translated(Iova, Access, const FormatParams &) { return false; }

    static std::uint64_t encode_table(PhysAddr next, unsigned level, const FormatParams &params)
    {
        return in_place(next, Stage::layout(level, params)) | kTableOrPage;
    }

    static std::optional<std::uint64_t> encode_leaf(const LeafSpec &leaf, unsigned level, const FormatParams &params)
    {
        const Layout layout = Stage::layout(level, params);
        const unsigned widest = std::min<unsigned>(params.paw_bits, max_bits(params));
        const std::uint64_t address = leaf.target.value();
        if (layout.leaf_type == kNoSuchType || leaf.size_lg2 != layout.shift || !Stage::can_encode(leaf.access))
            return std::nullopt;
        if ((address & low_bits(leaf.size_lg2)) != 0 || (address & ~low_bits(widest)) != 0)
            return std::nullopt;
        return in_place(leaf.target, layout) | kAccessFlag | Stage::attributes(leaf, params) | layout.leaf_type;
    }

private:
    // Everything is worked out before the first store: for all the compiler knows, the stores could change `layout`.
    [[gnu::always_inline]] static constexpr void decode_leaf(std::uint64_t raw, const Layout &layout, Entry &entry)
    {
        const std::uint64_t reserved = (raw & layout.reserved_in_leaf) | Stage::reserved_encoding(raw);
        const FaultCause invalid = cause_of(reserved, layout);
        const std::uint64_t target = (raw & layout.address_mask) | (raw & layout.high_address) << kHighAddressMove;
        const Access access = Stage::leaf_access(raw, layout);
        const bool inactive = (~raw & layout.access_flag) != 0;
        const std::uint8_t shift = layout.shift;
        entry = Entry{};
        entry.raw = raw;
        entry.reserved_set = reserved;
        entry.target = PhysAddr(target);
        entry.kind = EntryKind::leaf;
        entry.size_lg2 = shift;
        entry.step_lg2 = shift;
        entry.access = inactive ? access.inactive() : access;
        entry.invalid = invalid;
    }

    static constexpr void decode_table(std::uint64_t raw, const Layout &layout, Entry &entry)
    {
        const std::uint64_t reserved = raw & layout.reserved_in_table;
        const std::uint64_t target = (raw & layout.next_mask) | (raw & layout.high_address) << kHighAddressMove;
        entry = Entry{};
        entry.raw = raw;
        entry.reserved_set = reserved;
        entry.target = PhysAddr(target);
        entry.kind = EntryKind::table;
        entry.size_lg2 = layout.shift;
        entry.target_level = static_cast<std::uint8_t>(layout.level - 1);
        entry.access = Stage::table_access(raw, layout);
        entry.invalid = cause_of(reserved, layout);
    }

    static constexpr void decode_other(std::uint64_t raw, Entry &entry)
    {
        entry = Entry{};
        entry.raw = raw;
        entry.kind = (raw & kValid) != 0 ? EntryKind::invalid : EntryKind::empty;
    }

    static constexpr FaultCause cause_of(std::uint64_t reserved, const Layout &layout)
    {
        const bool address_alone = reserved != 0 && (reserved & ~layout.beyond_paw) == 0;
        return address_alone ? FaultCause::output_beyond_width : FaultCause::invalid_entry;
    }

    static constexpr std::uint64_t in_place(PhysAddr address, const Layout &layout)
    {
        return (address.value() & layout.next_mask) | (address.value() >> kHighAddressMove & layout.high_address);
    }
};

}  // namespace pgregion::formats::arm
