// SPDX-License-Identifier: GPL-2.0-or-later
//
// RISC-V page tables as its IOMMU reads them: Sv39, Sv48, Sv57 (first stage) and Sv39x4, Sv48x4, Sv57x4 (second
// stage, with a root of 16 KiB). iommu-formats.md section 5.5; RISC-V Privileged Architecture, chapters
// "Supervisor-Level ISA" (Sv39 to Sv57, Svnapot, Svpbmt, Svrsw60t59b) and "Hypervisor Extension" (Sv39x4 to Sv57x4).
//
//   63 62  61 60 59 58    54 53        10 9   8 7 6 5 4 3 2 1 0
//    N  PBMT   SW    reserved     PPN      RSW   D A G U X W R V     leaf: R, W or X is set
//    0  0  0   SW    reserved     PPN      RSW   0 0 G 0 0 0 0 V     pointer
//
// The page number begins at bit 10 and addresses pages of 4 KiB: addresses lie two bits lower than their value.
// A leaf may stand at every level. N marks one sixteenth of a 64-KiB leaf: sixteen slots hold the same word, whose
// lowest four PPN bits are 1000.
#pragma once

#include "base/bits.h"

#include <pgregion/format.h>

namespace pgregion::formats
{

enum class RiscvStage : std::uint8_t { first, second };

/// What both stages have in common.
struct RiscvEntries {
    static constexpr std::string_view kArchitecture = "riscv-iommu";
    static constexpr std::uint8_t kMinLevels = 3;
    static constexpr std::uint8_t kMaxLevels = 5;
    static constexpr std::uint8_t kMaxPawBits = 56;
    static constexpr std::array<std::uint8_t, 6> kLeafSizes{12, 16, 21, 30, 39, 48};

    static constexpr std::array<ParameterChoice, 2> kOffOn{{{"off", 0}, {"on", 1}}};
    static constexpr std::array<ParameterChoice, 2> kByteOrders{{{"little", 0}, {"big", 1}}};
    static constexpr std::array<ParameterSpec, 3> kParameters{{
        {"svnapot", "64-KiB leaves: bit 63 is N (off: reserved)", kOffOn, 1},
        {"svpbmt", "memory types: bits 62:61 are PBMT (off: reserved)", kOffOn, 1},
        {kEndianKey, "byte order of the entries", kByteOrders, 0},
    }};
    // Slots of FormatParams::value. The last is set by a directory, never by a user.
    static constexpr std::size_t kSvnapot = 0;
    static constexpr std::size_t kSvpbmt = 1;
    static constexpr std::size_t kEndian = 2;
    static constexpr std::size_t kNoFlagUpdate = 3;  ///< SADE or GADE is 0: hardware does not set A and D

    static constexpr std::uint64_t kValid = bit(0);
    static constexpr std::uint64_t kRead = bit(1);
    static constexpr std::uint64_t kWrite = bit(2);
    static constexpr std::uint64_t kExecute = bit(3);
    static constexpr std::uint64_t kUser = bit(4);
    static constexpr std::uint64_t kAccessed = bit(6);
    static constexpr std::uint64_t kDirty = bit(7);
    static constexpr std::uint64_t kRsw = bits(9, 8);
    static constexpr std::uint64_t kPpn = bits(53, 10);
    static constexpr std::uint64_t kReserved = bits(58, 54);
    static constexpr std::uint64_t kUpperSoftware = bits(60, 59);
    static constexpr std::uint64_t kMemoryType = bits(62, 61);
    static constexpr std::uint64_t kNonCached = bit(61);
    static constexpr std::uint64_t kDevice = bit(62);
    static constexpr std::uint64_t kNapot = bit(63);
    static constexpr std::uint64_t kNapotSize = bits(13, 10);  ///< PPN[3:0] of a leaf with N …
    static constexpr std::uint64_t kNapot64K = bit(13);        ///< … must be 1000
    static constexpr std::uint64_t kPermissions = kRead | kWrite | kExecute;
    static constexpr std::uint64_t kReplicaFlags = kAccessed | kDirty;
    static constexpr std::uint64_t kReservedInPointer = kUser | kAccessed | kDirty;  ///< set: a page fault

    static constexpr unsigned kIndexBits = 9;
    static constexpr unsigned kNapotSizeLg2 = 16;
    static constexpr unsigned kNapotCopiesLg2 = 4;
    static constexpr unsigned kAddressShift = 2;  ///< an address bit is this much higher than the raw bit

    struct Layout {
        std::uint64_t reserved_in_pointer;
        std::uint64_t reserved_in_leaf;
        std::uint64_t beyond_paw;
        std::uint64_t invalid_in_pointer;  ///< a pointer with one of these is an encoding that faults
        std::uint64_t required_in_leaf;    ///< a leaf without one of these faults
        std::uint64_t napot;               ///< N where the extension is there
        std::uint64_t napot_size;          ///< the bits of a leaf with N that must be kNapot64K; none above level 0
        std::uint64_t memory_type;         ///< PBMT where the extension is there
        std::uint64_t flags_given;         ///< A and D where hardware sets them when it needs to
        std::uint64_t ppn_mask;            ///< of a leaf of this level
        std::uint64_t run_mask;
        std::uint8_t level;
        std::uint8_t shift;
    };

    static constexpr unsigned shift_of(unsigned level) { return kPageLg2 + kIndexBits * level; }

    static constexpr Layout layout_of(unsigned level, const FormatParams &params, RiscvStage stage)
    {
        const bool napot = params.value[kSvnapot] != 0;
        const bool memory_types = params.value[kSvpbmt] != 0;
        const unsigned shift = shift_of(level);
        Layout layout{};
        layout.beyond_paw = kPpn & ~(low_bits(params.paw_bits) >> kAddressShift);
        layout.napot = napot ? kNapot : 0;
        layout.napot_size = level == 0 ? kNapotSize : 0;
        layout.memory_type = memory_types ? kMemoryType : 0;
        const std::uint64_t reserved =
            kReserved | ((kNapot | kMemoryType) & ~(layout.napot | layout.memory_type)) | layout.beyond_paw;
        layout.reserved_in_pointer = reserved | kReservedInPointer;
        layout.ppn_mask = bits(53, shift - kAddressShift);
        layout.reserved_in_leaf = reserved | (kPpn & ~layout.ppn_mask);
        // V is set in every pointer: at level 0 all of them are invalid.
        layout.invalid_in_pointer = layout.napot | layout.memory_type | (level == 0 ? kValid : 0);
        layout.required_in_leaf = stage == RiscvStage::second ? kUser : 0;
        layout.flags_given = params.value[kNoFlagUpdate] != 0 ? 0 : kReplicaFlags;
        layout.run_mask = layout.ppn_mask & ~layout.beyond_paw;
        layout.level = static_cast<std::uint8_t>(level);
        layout.shift = static_cast<std::uint8_t>(shift);
        return layout;
    }

    static constexpr void decode(std::uint64_t raw, const Layout &layout, Entry &entry)
    {
        const bool leaf = (raw & kPermissions) != 0;
        entry = Entry{};
        entry.raw = raw;
        if ((raw & kValid) == 0)
            return;
        entry.reserved_set = raw & (leaf ? layout.reserved_in_leaf : layout.reserved_in_pointer);
        if (entry.reserved_set != 0 && (entry.reserved_set & ~layout.beyond_paw) == 0)
            entry.invalid = FaultCause::output_beyond_width;
        if (leaf)
            decode_leaf(raw, layout, entry);
        else
            decode_pointer(raw, layout, entry);
        if (entry.kind == EntryKind::invalid)
            entry.invalid = FaultCause::invalid_entry;
    }

    /// Linux: a pointer is the page number and V; a leaf has A and U, D where it may be written, no software bits.
    static bool typical(const Entry &entry, unsigned)
    {
        if (entry.kind == EntryKind::table)
            return (entry.raw & ~kPpn) == kValid;
        const std::uint64_t flags = entry.raw & ~(kPpn | kNapot | kMemoryType | kExecute);
        const std::uint64_t read_only = kValid | kRead | kUser | kAccessed;
        return entry.kind == EntryKind::leaf && (flags == read_only || flags == (read_only | kWrite | kDirty));
    }

    static std::string_view entry_name(unsigned level)
    {
        static constexpr std::array<std::string_view, kMaxLevels> kNames{"PTE[0]", "PTE[1]", "PTE[2]", "PTE[3]",
                                                                         "PTE[4]"};
        return kNames.at(level);
    }

    static bool output_forbidden(PhysAddr, const FormatParams &) { return false; }

    static bool never_translated(Iova, Access, const FormatParams &) { return false; }

    static std::uint64_t encode_table(PhysAddr next, unsigned, const FormatParams &)
    {
        return ((next.value() >> kAddressShift) & kPpn) | kValid;
    }

    static std::optional<std::uint64_t> encode_leaf(const LeafSpec &leaf, unsigned level, const FormatParams &params);

    static std::span<const FieldSpec> fields_of(EntryKind kind, const FormatParams &params, RiscvStage stage);

private:
    static constexpr void decode_pointer(std::uint64_t raw, const Layout &layout, Entry &entry)
    {
        entry.kind = EntryKind::invalid;
        if ((raw & layout.invalid_in_pointer) != 0)
            return;
        entry.kind = EntryKind::table;
        entry.target = PhysAddr((raw & kPpn) << kAddressShift);
        entry.target_level = static_cast<std::uint8_t>(layout.level - 1);
        entry.size_lg2 = layout.shift;
        entry.access = Access::all();
    }

    static constexpr void decode_leaf(std::uint64_t raw, const Layout &layout, Entry &entry)
    {
        const bool napot = (raw & layout.napot) != 0;
        const bool write_only = (raw & (kRead | kWrite)) == kWrite;
        const bool bad_type = (raw & layout.memory_type) == kMemoryType;
        const bool bad_size = napot && (raw & layout.napot_size) != kNapot64K;
        const bool incomplete = (raw & layout.required_in_leaf) != layout.required_in_leaf;
        entry.kind = EntryKind::invalid;
        if (write_only || bad_type || bad_size || incomplete)
            return;
        entry.kind = EntryKind::leaf;
        entry.target = PhysAddr((raw & layout.ppn_mask & ~(napot ? kNapotSize : 0)) << kAddressShift);
        entry.size_lg2 = napot ? std::uint8_t{kNapotSizeLg2} : layout.shift;
        entry.replicas_lg2 = napot ? kNapotCopiesLg2 : 0;
        entry.step_lg2 = static_cast<std::uint8_t>(entry.size_lg2 - kAddressShift);
        entry.access = access_of(raw, raw | layout.flags_given);
    }

    static constexpr Access access_of(std::uint64_t raw, std::uint64_t flags)
    {
        Access access = Access::from_bits(field(raw, 3, 1));
        if ((raw & kUser) == 0)
            access = access.supervisor_only();
        if ((flags & kAccessed) == 0)
            access = access.inactive();
        if ((flags & kDirty) == 0 && (raw & kWrite) != 0)
            access = access.clean();
        return access;
    }
};

/// Sv39, Sv48, Sv57: addresses are sign-extended.
struct RiscvFirstStage : RiscvEntries {
    static constexpr std::string_view kName = "riscv";
    static constexpr TableFamily kFamily = TableFamily::riscv;
    static constexpr std::string_view kTitle = "RISC-V first-stage page tables (Sv39, Sv48, Sv57)";
    static constexpr std::string_view kDocument = "RISC-V Privileged Architecture, sections Sv39, Sv48, Sv57";

    static constexpr Layout layout(unsigned level, const FormatParams &params)
    {
        return layout_of(level, params, RiscvStage::first);
    }

    static TableShape shape(unsigned level, const FormatParams &)
    {
        return {.shift = static_cast<std::uint8_t>(shift_of(level)), .index_bits = kIndexBits, .align_bytes = 4096};
    }

    static std::span<const FieldSpec> fields(unsigned, EntryKind kind, const FormatParams &params)
    {
        return fields_of(kind, params, RiscvStage::first);
    }

    static Iova canonical(std::uint64_t address, const FormatParams &params)
    {
        const std::uint64_t sign = bit(shift_of(params.levels) - 1);
        const std::uint64_t low = address & (sign | (sign - 1));
        return Iova((low ^ sign) - sign);
    }

    static bool iova_valid(Iova iova, const FormatParams &params) { return canonical(iova.value(), params) == iova; }

    static Fault fault(FaultCause cause, Access wanted, const FormatParams &params);
};

/// Sv39x4, Sv48x4, Sv57x4: the root is four tables in a row, addresses are two bits wider and zero-extended.
struct RiscvSecondStage : RiscvEntries {
    static constexpr std::string_view kName = "riscv-x4";
    static constexpr TableFamily kFamily = TableFamily::riscv_x4;
    static constexpr std::string_view kTitle = "RISC-V second-stage page tables (Sv39x4, Sv48x4, Sv57x4)";
    static constexpr std::string_view kDocument = "RISC-V Privileged Architecture, sections Sv39x4, Sv48x4, Sv57x4";

    static constexpr unsigned kRootExtraBits = 2;

    static constexpr Layout layout(unsigned level, const FormatParams &params)
    {
        return layout_of(level, params, RiscvStage::second);
    }

    static TableShape shape(unsigned level, const FormatParams &params)
    {
        const auto shift = static_cast<std::uint8_t>(shift_of(level));
        if (level + 1 == params.levels)
            return {.shift = shift, .index_bits = kIndexBits + kRootExtraBits, .align_bytes = 16384};
        return {.shift = shift, .index_bits = kIndexBits, .align_bytes = 4096};
    }

    static std::span<const FieldSpec> fields(unsigned, EntryKind kind, const FormatParams &params)
    {
        return fields_of(kind, params, RiscvStage::second);
    }

    static Iova canonical(std::uint64_t address, const FormatParams &) { return Iova(address); }

    static bool iova_valid(Iova iova, const FormatParams &params)
    {
        return iova.value() <= low_bits(shift_of(params.levels) + kRootExtraBits);
    }

    static Fault fault(FaultCause cause, Access wanted, const FormatParams &params);
};

}  // namespace pgregion::formats
