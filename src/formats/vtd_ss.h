// SPDX-License-Identifier: GPL-2.0-or-later
//
// Intel VT-d second-stage page tables: iommu-formats.md section 1.8; VT-d specification 9.8 and 3.7.
//
//   63 62 61      52 51          12 11 10  9  8  7  6 5  3 2 1 0
//    -  r     -       address       S  -  D  A PS  I EMT  X W R      leaf (I = IPAT, S = SNP)
//    -  r     -       address       r  -  -  A  r  -  -   X W R      table
//
// There is no present bit: an entry is present when it allows anything at all. An entry with data and no
// permission is therefore empty to the hardware, and a reader of the raw word has to notice it.
#pragma once

#include "base/bits.h"
#include "formats/vtd_faults.h"

#include <pgregion/format.h>

namespace pgregion::formats
{

struct VtdSecondStage {
    static constexpr std::string_view kName = "vtd-ss";
    static constexpr TableFamily kFamily = TableFamily::vtd;
    static constexpr std::string_view kTitle = "Intel VT-d second-stage page tables";
    static constexpr std::string_view kDocument = "Intel VT-d specification, section 9.8 (second-stage paging entries)";
    static constexpr std::string_view kArchitecture = "vt-d";
    static constexpr std::uint8_t kMinLevels = 3;
    static constexpr std::uint8_t kMaxLevels = 5;
    static constexpr std::uint8_t kMaxPawBits = 52;
    static constexpr bool kPermissionFirst = true;
    static constexpr std::array<std::uint8_t, 3> kLeafSizes{12, 21, 30};

    static constexpr std::array<ParameterChoice, 2> kOffOn{{{"off", 0}, {"on", 1}}};
    static constexpr std::array<ParameterSpec, 2> kParameters{{
        {"snp", "snoop control: bit 11 of a leaf is SNP (off: reserved)", kOffOn, 1},
        {"tm", "device-TLB transient mapping: bit 62 of a leaf is TM (off: reserved)", kOffOn, 0},
    }};
    // Slots of FormatParams::value. The last two are set by a directory, never by a user.
    static constexpr std::size_t kSnp = 0;
    static constexpr std::size_t kTm = 1;
    static constexpr std::size_t kNoExecute = 2;  ///< requests without PASID cannot execute: bit 2 is ignored
    static constexpr std::size_t kScalable = 3;   ///< faults have the numbers of scalable mode

    static constexpr std::uint64_t kRead = bit(0);
    static constexpr std::uint64_t kWrite = bit(1);
    static constexpr std::uint64_t kExecute = bit(2);
    static constexpr std::uint64_t kPageSize = bit(7);
    static constexpr std::uint64_t kSnoop = bit(11);
    static constexpr std::uint64_t kTransient = bit(62);
    static constexpr std::uint64_t kAddress = bits(51, 12);
    static constexpr unsigned kIndexBits = 9;
    static constexpr unsigned kTopLeafLevel = 2;

    struct Layout {
        std::uint64_t present;
        std::uint64_t reserved_in_table;
        std::uint64_t reserved_in_leaf;
        std::uint64_t address_mask;  ///< of a leaf of this level
        std::uint64_t run_mask;      ///< the part of it that may vary within a run
        std::uint64_t leaf_if;       ///< a present entry is a leaf when (raw & leaf_test) == leaf_if
        std::uint64_t leaf_test;
        std::uint8_t level;
        std::uint8_t shift;
    };

    static constexpr unsigned shift_of(unsigned level) { return kPageLg2 + kIndexBits * level; }

    static constexpr Layout layout(unsigned level, const FormatParams &params)
    {
        const unsigned shift = shift_of(level);
        const std::uint64_t beyond_paw = bits(51, 12) & ~low_bits(params.paw_bits);
        const std::uint64_t everywhere = beyond_paw | kTransient;
        Layout layout{};
        layout.present = kRead | kWrite | (params.value[kNoExecute] != 0 ? 0 : kExecute);
        layout.reserved_in_table = everywhere | kSnoop | (level > kTopLeafLevel ? kPageSize : 0);
        layout.reserved_in_leaf = everywhere;
        if (params.value[kSnp] == 0)
            layout.reserved_in_leaf |= kSnoop;
        if (params.value[kTm] != 0)
            layout.reserved_in_leaf &= ~kTransient;
        if (level >= 1 && level <= kTopLeafLevel)
            layout.reserved_in_leaf |= bits(shift - 1, 12);
        layout.address_mask = shift < 52 ? bits(51, shift) : 0;
        layout.run_mask = layout.address_mask & ~beyond_paw;
        // Level 0: always a leaf (0 == 0). Levels 1 and 2: PS decides. Above: never (0 != 1).
        layout.leaf_test = level >= 1 && level <= kTopLeafLevel ? kPageSize : 0;
        layout.leaf_if = level > kTopLeafLevel ? 1 : layout.leaf_test;
        layout.level = static_cast<std::uint8_t>(level);
        layout.shift = static_cast<std::uint8_t>(shift);
        return layout;
    }

    static constexpr void decode(std::uint64_t raw, const Layout &layout, Entry &entry)
    {
        const bool present = (raw & layout.present) != 0;
        const bool leaf = (raw & layout.leaf_test) == layout.leaf_if;
        const EntryKind kind = leaf ? EntryKind::leaf : EntryKind::table;
        const std::uint64_t reserved = leaf ? layout.reserved_in_leaf : layout.reserved_in_table;
        entry = Entry{};
        entry.raw = raw;
        if (!present)
            return;
        entry.reserved_set = raw & reserved;
        entry.target = PhysAddr(raw & (leaf ? layout.address_mask : kAddress));
        entry.kind = kind;
        entry.access = Access::from_bits(raw & layout.present);
        entry.size_lg2 = layout.shift;
        entry.step_lg2 = leaf ? layout.shift : std::uint8_t{0};
        entry.target_level = leaf ? std::uint8_t{0} : static_cast<std::uint8_t>(layout.level - 1);
    }

    static TableShape shape(unsigned level, const FormatParams &)
    {
        return {.shift = static_cast<std::uint8_t>(shift_of(level)), .index_bits = kIndexBits, .align_bytes = 4096};
    }

    /// Linux: a table is pa|3 or pa|0x403; a leaf has no memory type, no software bits, PS where it belongs.
    /// That sets it apart from EPT (X, memory type), x86 (U/S, A at bit 5) and Arm (AF at bit 10).
    static bool typical(const Entry &entry, unsigned level)
    {
        if (entry.kind == EntryKind::table)
            return (entry.raw & ~kAddress & ~bit(10)) == (kRead | kWrite);
        const std::uint64_t hardware_may_set = bit(8) | bit(9);
        const std::uint64_t rest = entry.raw & ~kAddress & ~(kRead | kWrite | kSnoop | hardware_may_set);
        return entry.kind == EntryKind::leaf && rest == (level > 0 ? kPageSize : 0);
    }

    static std::span<const FieldSpec> fields(unsigned level, EntryKind kind, const FormatParams &params);

    static std::string_view entry_name(unsigned level)
    {
        static constexpr std::array<std::string_view, kMaxLevels> kNames{"SS-PTE", "SS-PDE", "SS-PDPTE", "SS-PML4E",
                                                                         "SS-PML5E"};
        return kNames.at(level);
    }

    static Iova canonical(std::uint64_t address, const FormatParams &) { return Iova(address); }

    static bool iova_valid(Iova iova, const FormatParams &params)
    {
        return iova.value() <= low_bits(shift_of(params.levels));
    }

    static bool output_forbidden(PhysAddr address, const FormatParams &) { return vtd::in_interrupt_window(address); }

    static bool never_translated(Iova iova, Access wanted, const FormatParams &)
    {
        return wanted.allows(Access::write()) && vtd::in_interrupt_window(PhysAddr(iova.value()));
    }

    static Fault fault(FaultCause cause, Access wanted, const FormatParams &params)
    {
        return vtd::second_stage_fault(cause, wanted,
                                       params.value[kScalable] != 0 ? vtd::Mode::scalable : vtd::Mode::legacy);
    }

    static std::uint64_t encode_table(PhysAddr next, unsigned, const FormatParams &)
    {
        return (next.value() & kAddress) | kRead | kWrite;
    }

    static std::optional<std::uint64_t> encode_leaf(const LeafSpec &leaf, unsigned level, const FormatParams &params)
    {
        const bool known_access = params.value[kNoExecute] == 0 || !leaf.access.allows(Access::execute());
        const bool allowed = level <= kTopLeafLevel && leaf.size_lg2 == shift_of(level) && !leaf.access.empty() &&
                             known_access && leaf.memory == MemoryType::normal;
        const std::uint64_t address = leaf.target.value();
        if (!allowed || (address & low_bits(leaf.size_lg2)) != 0 || (address & ~low_bits(params.paw_bits)) != 0)
            return std::nullopt;
        std::uint64_t raw = address | (level > 0 ? kPageSize : 0);
        raw |= leaf.access.allows(Access::read()) ? kRead : 0;
        raw |= leaf.access.allows(Access::write()) ? kWrite : 0;
        raw |= leaf.access.allows(Access::execute()) ? kExecute : 0;
        return raw;
    }
};

}  // namespace pgregion::formats
