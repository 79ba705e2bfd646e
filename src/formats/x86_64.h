// SPDX-License-Identifier: GPL-2.0-or-later
//
// x86-64 page tables of 4 or 5 levels: VT-d first stage, AMD guest (v2) tables, the CPU's own. iommu-formats.md
// sections 3, 1.9 and 2.5; VT-d specification 9.7; AMD64 manual volume 2, section 5.3.
//
//   63 62      52 51        13 12 11 10  9  8  7  6  5  4 3  2 1 0
//   XD    sw        address        s EA  s  - PS  -  A CD WT U W P     PDE, PDPTE: table
//   XD    sw        address        s EA  s  m  r  -  A CD WT U W P     PML4E, PML5E
//   XD    sw      address  r  PAT  s EA  s  G PS  D  A CD WT U W P     PDE, PDPTE: leaf of 2 MiB, 1 GiB
//   XD    sw        address        s EA  s  G PAT D  A CD WT U W P     PTE
//
// r reserved, m reserved on AMD and ignored on Intel, s software. XD is reserved where no-execute is off, EA is
// VT-d's extended accessed flag and ignored elsewhere.
#pragma once

#include "formats/amd_faults.h"
#include "formats/c_bit.h"
#include "formats/vtd_faults.h"

namespace pgregion::formats
{

struct X86 {
    static constexpr std::string_view kName = "x86-64";
    static constexpr TableFamily kFamily = TableFamily::x86;
    static constexpr std::string_view kTitle = "x86-64 page tables (VT-d first stage, AMD guest tables, CPU)";
    static constexpr std::string_view kDocument =
        "Intel VT-d specification, section 9.7; AMD64 manual, volume 2, section 5.3 (long-mode page translation)";
    static constexpr std::uint8_t kMinLevels = 4;
    static constexpr std::uint8_t kMaxLevels = 5;
    static constexpr std::uint8_t kMaxPawBits = 52;
    static constexpr std::array<std::uint8_t, 3> kLeafSizes{12, 21, 30};

    static constexpr std::array<ParameterChoice, 2> kNoYes{{{"no", 0}, {"yes", 1}}};
    static constexpr std::array<ParameterChoice, 2> kOffOn{{{"off", 0}, {"on", 1}}};
    static constexpr std::array<ParameterChoice, 2> kVendors{{{"intel", 0}, {"amd", 1}}};
    static constexpr std::array<ParameterSpec, 4> kParameters{{
        {"sign-extend", "addresses are canonical (no: AMD PASID 0, which counts from 0 up)", kNoYes, 1},
        {"nx", "bit 63 forbids execution (off: reserved)", kOffOn, 1},
        {"vendor", "whose faults, and on AMD bit 8 of PML4E and PML5E is reserved", kVendors, 0},
        kCBitParameter,
    }};
    // Slots of FormatParams::value.
    static constexpr std::size_t kSignExtend = 0;
    static constexpr std::size_t kNx = 1;
    static constexpr std::size_t kVendor = 2;
    static constexpr std::size_t kCBit = 3;
    static constexpr std::uint32_t kIntel = 0;
    static constexpr std::uint32_t kAmd = 1;

    static constexpr std::uint64_t kPresent = bit(0);
    static constexpr std::uint64_t kWrite = bit(1);
    static constexpr std::uint64_t kUser = bit(2);
    static constexpr std::uint64_t kAccessed = bit(5);
    static constexpr std::uint64_t kDirty = bit(6);
    static constexpr std::uint64_t kPageSize = bit(7);
    static constexpr std::uint64_t kReservedByAmd = bit(8);  ///< of PML4E and PML5E
    static constexpr std::uint64_t kFlushed = bit(9);        ///< Linux: of tables
    static constexpr std::uint64_t kExtendedAccessed = bit(10);
    static constexpr std::uint64_t kNoExecute = bit(63);
    static constexpr std::uint64_t kAddress = bits(51, 12);
    static constexpr unsigned kPatInLargeLeaf = 12;
    static constexpr unsigned kIndexBits = 9;
    static constexpr unsigned kTopLeafLevel = 2;

    struct Layout {
        std::uint64_t reserved_in_table;
        std::uint64_t reserved_in_leaf;
        std::uint64_t next_mask;     ///< address of the next table
        std::uint64_t address_mask;  ///< of a leaf of this level
        std::uint64_t run_mask;      ///< the part of it that may vary within a run
        std::uint64_t leaf_if;       ///< a present entry is a leaf when (raw & leaf_test) == leaf_if
        std::uint64_t leaf_test;
        std::uint64_t no_execute;
        std::uint8_t level;
        std::uint8_t shift;
    };

    static constexpr unsigned shift_of(unsigned level) { return kPageLg2 + kIndexBits * level; }

    static constexpr Layout layout(unsigned level, const FormatParams &params)
    {
        const unsigned shift = shift_of(level);
        const std::uint64_t c_bit = c_bit_mask(params.value[kCBit]);
        const std::uint64_t beyond_paw = kAddress & ~low_bits(params.paw_bits);
        const bool upper = level > kTopLeafLevel;
        Layout layout{};
        layout.no_execute = params.value[kNx] != 0 ? kNoExecute : 0;
        layout.next_mask = kAddress & ~c_bit;
        layout.address_mask = upper ? 0 : layout.next_mask & ~low_bits(shift);
        layout.run_mask = upper ? 0 : below_c_bit(bits(51, shift), c_bit) & ~beyond_paw;
        const std::uint64_t bit63 = kNoExecute & ~layout.no_execute;
        layout.reserved_in_table = (layout.next_mask & beyond_paw) | bit63 | (upper ? kPageSize : 0);
        if (upper && params.value[kVendor] == kAmd)
            layout.reserved_in_table |= kReservedByAmd;
        layout.reserved_in_leaf = (layout.address_mask & beyond_paw) | bit63;
        if (level >= 1 && !upper)
            layout.reserved_in_leaf |= bits(shift - 1, kPatInLargeLeaf + 1);
        // Level 0: always a leaf (0 == 0). Levels 1 and 2: PS decides. Above: never (0 != 1).
        layout.leaf_test = level >= 1 && !upper ? kPageSize : 0;
        layout.leaf_if = upper ? 1 : layout.leaf_test;
        layout.level = static_cast<std::uint8_t>(level);
        layout.shift = static_cast<std::uint8_t>(shift);
        return layout;
    }

    static constexpr void decode(std::uint64_t raw, const Layout &layout, Entry &entry)
    {
        const bool leaf = (raw & layout.leaf_test) == layout.leaf_if;
        const EntryKind kind = leaf ? EntryKind::leaf : EntryKind::table;
        const std::uint64_t reserved = leaf ? layout.reserved_in_leaf : layout.reserved_in_table;
        entry = Entry{};
        entry.raw = raw;
        if ((raw & kPresent) == 0)
            return;
        entry.reserved_set = raw & reserved;
        entry.target = PhysAddr(raw & (leaf ? layout.address_mask : layout.next_mask));
        entry.kind = kind;
        entry.access = access_of(raw, layout);
        entry.size_lg2 = layout.shift;
        entry.step_lg2 = leaf ? layout.shift : std::uint8_t{0};
        entry.target_level = leaf ? std::uint8_t{0} : static_cast<std::uint8_t>(layout.level - 1);
    }

    /// A present entry is readable, and executable unless it says otherwise; user privilege is a bar.
    static constexpr Access access_of(std::uint64_t raw, const Layout &layout)
    {
        constexpr std::uint64_t kRead = 1;
        constexpr std::uint64_t kExecute = 4;
        const std::uint64_t execute = (raw & layout.no_execute) != 0 ? 0 : kExecute;
        const Access access = Access::from_bits(kRead | (raw & kWrite) | execute);
        return (raw & kUser) != 0 ? access : access.supervisor_only();
    }

    static TableShape shape(unsigned level, const FormatParams &)
    {
        return {.shift = static_cast<std::uint8_t>(shift_of(level)), .index_bits = kIndexBits, .align_bytes = 4096};
    }

    /// Linux's IOMMU drivers: tables and leaves are for users and accessed, a writable leaf is dirty from the start,
    /// which a table is not. XD was set by VT-d drivers for some years. The CPU's own tables have G or no U.
    static bool typical(const Entry &entry, unsigned level)
    {
        constexpr std::uint64_t kAlways = kPresent | kUser | kAccessed;
        const std::uint64_t rest = entry.raw & ~(kAddress | kExtendedAccessed | kNoExecute);
        if (entry.kind == EntryKind::table)
            return (rest & ~kFlushed) == (kAlways | kWrite);
        const bool dirty_when_writable = (rest & (kWrite | kDirty)) != kWrite;
        const std::uint64_t size = level > 0 ? kPageSize : 0;
        return entry.kind == EntryKind::leaf && dirty_when_writable && (rest & ~(kWrite | kDirty)) == (kAlways | size);
    }

    static std::span<const FieldSpec> fields(unsigned level, EntryKind kind, const FormatParams &params);

    static std::string_view entry_name(unsigned level)
    {
        static constexpr std::array<std::string_view, kMaxLevels> kNames{"PTE", "PDE", "PDPTE", "PML4E", "PML5E"};
        return kNames.at(level);
    }

    static Iova canonical(std::uint64_t address, const FormatParams &params)
    {
        const unsigned width = shift_of(params.levels);
        const bool negative = params.value[kSignExtend] != 0 && (address & bit(width - 1)) != 0;
        return Iova(negative ? address | ~low_bits(width) : address);
    }

    /// Without sign extension every bit of the index counts: 2^48 and 2^57 bytes. Linux leaves the upper half of
    /// such tables empty, so that they also do for a PASID with canonical addresses; hardware does not ask for it.
    static bool iova_valid(Iova iova, const FormatParams &params)
    {
        return canonical(iova.value() & low_bits(shift_of(params.levels)), params) == iova;
    }

    static bool output_forbidden(PhysAddr address, const FormatParams &) { return vtd::in_interrupt_window(address); }

    static bool never_translated(Iova iova, Access wanted, const FormatParams &)
    {
        return wanted.allows(Access::write()) && vtd::in_interrupt_window(PhysAddr(iova.value()));
    }

    static std::string_view architecture(const FormatParams &params)
    {
        return params.value[kVendor] == kAmd ? "amd-vi" : "vt-d";
    }

    static Fault fault(FaultCause cause, Access, const FormatParams &params)
    {
        return params.value[kVendor] == kAmd ? amd::page_fault(cause, amd::Tables::guest)
                                             : vtd::first_stage_fault(cause);
    }

    static std::uint64_t encode_table(PhysAddr next, unsigned, const FormatParams &params)
    {
        const std::uint64_t c_bit = c_bit_mask(params.value[kCBit]);
        return (next.value() & kAddress) | c_bit | kPresent | kWrite | kUser | kAccessed;
    }

    /// A leaf without execute has XD, which Linux leaves out: to its drivers every mapping may be executed.
    static std::optional<std::uint64_t> encode_leaf(const LeafSpec &leaf, unsigned level, const FormatParams &params)
    {
        const std::uint64_t c_bit = c_bit_mask(params.value[kCBit]);
        const bool executable = leaf.access.allows(Access::execute());
        const bool writable = leaf.access.allows(Access::write());
        const bool known_access = leaf.access.allows(Access::read()) && (executable || params.value[kNx] != 0);
        const bool allowed = level <= kTopLeafLevel && leaf.size_lg2 == shift_of(level) && known_access &&
                             leaf.memory == MemoryType::normal;
        const std::uint64_t address = leaf.target.value();
        const std::uint64_t below_address = low_bits(shift_of(level));
        const std::uint64_t must_be_zero = below_address | ~low_bits(params.paw_bits) | c_bit;
        if (!allowed || (address & must_be_zero) != 0 || (c_bit & below_address) != 0)
            return std::nullopt;
        std::uint64_t raw = address | c_bit | kPresent | kUser | kAccessed | (level > 0 ? kPageSize : 0);
        raw |= writable ? kWrite | kDirty : 0;
        raw |= executable ? 0 : kNoExecute;
        return raw;
    }
};

}  // namespace pgregion::formats
