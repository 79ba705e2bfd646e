// SPDX-License-Identifier: GPL-2.0-or-later
//
// Arm VMSAv8-64 translation tables as an SMMUv3 walks them, stage 1 and stage 2: iommu-formats.md sections 4.4 to
// 4.6; Arm Architecture Reference Manual for A-profile, sections D8.2 to D8.5. Addresses: see arm_common.h.
//
// Stage 1
//   63  62:59  58:55  54  53  52  51 50 49:48  47:shift 16 11 10 9:8 7  6   5  4:2      1:0
//   IGN PBHA   SW    UXN PXN Cont DBM GP res.     OA    nT nG AF SH AP[2:1] NS AttrIndx  x1    block, page
//   63      62:61   60       59       58:51 49:48 47:G   11:2
//   NSTable APTable UXNTable PXNTable SW    res.  next   IGN                             11    table
// Stage 2
//   63  62:59  58:55 54:53 52  51   50:48  47:shift 16 11   10 9:8 7:6  5:2     1:0
//   IGN PBHA   SW    XN   Cont DBM  res.      OA    nT res. AF SH  S2AP MemAttr  x1            block, page
//   63:59      58:51               49:48  47:G   11:2
//   res.       SW                  res.   next   IGN                             11            table
//
// The contiguous hint is no more than a field: every slot of its group has an output address of its own.
#pragma once

#include "formats/arm_common.h"
#include "formats/arm_faults.h"

namespace pgregion::formats
{

/// Requests of devices are without privilege: what only privileged ones may use gives them nothing, and says so by the
/// bar of Access.
struct ArmStage1 : arm::Tables<ArmStage1> {
    static constexpr std::string_view kName = "arm-s1";
    static constexpr TableFamily kFamily = TableFamily::arm_stage1;
    static constexpr std::string_view kTitle = "Arm stage 1 translation tables (VMSAv8-64)";
    static constexpr std::string_view kDocument =
        "Arm Architecture Reference Manual, section D8.3 (stage 1 descriptors)";

    static constexpr std::array<ParameterChoice, 2> kHalves{{{"0", 0}, {"1", 1}}};
    static constexpr std::array<ParameterSpec, 4> kParameters{{
        arm::kGranuleSpec,
        arm::kInputBitsSpec,
        {"ttbr", "half of the address space: 0 = upper bits zero, 1 = upper bits one", kHalves, 0},
        arm::kEndianSpec,
    }};
    // Slots of FormatParams::value behind those of arm_common.h. The last four are set by a directory.
    static constexpr std::size_t kTtbr = 2;
    static constexpr std::size_t kEndian = 3;
    static constexpr std::size_t kAccessFlagFaults = 4;  ///< CD.HA and CD.AFFD are 0: a clear AF faults
    static constexpr std::size_t kNoHardwareDirty = 5;   ///< CD.HD is 0: DBM is ignored
    static constexpr std::size_t kFlatPermissions = 6;   ///< CD.HAD: permissions of tables are ignored
    static constexpr std::size_t kTopByteIgnored = 7;    ///< CD.TBI: address bits 63:56 are not looked at

    static constexpr std::uint64_t kWriteBack = 1 << 2;  ///< AttrIndx as Linux fills MAIR; 0 is non-cacheable
    static constexpr std::uint64_t kDevice = 2 << 2;
    static constexpr std::uint64_t kAttributeIndex = bits(4, 2);
    static constexpr std::uint64_t kNonSecure = bit(5);
    static constexpr std::uint64_t kUnprivileged = bit(6);
    static constexpr std::uint64_t kReadOnly = bit(7);
    static constexpr std::uint64_t kNotGlobal = bit(11);
    static constexpr std::uint64_t kUxn = bit(54);
    static constexpr std::uint64_t kUxnTable = bit(60);
    static constexpr std::uint64_t kPrivilegedTable = bit(61);
    static constexpr std::uint64_t kReadOnlyTable = bit(62);
    static constexpr std::uint64_t kReserved = bits(49, 48);

    static constexpr Layout layout(unsigned level, const FormatParams &params)
    {
        Layout layout = arm::geometry(level, params);
        layout.reserved_in_table |= kReserved;
        layout.reserved_in_leaf |= kReserved | kNonSecure;
        layout.dirty = params.value[kNoHardwareDirty] != 0 ? 0 : arm::kDirtyModifier;
        layout.access_flag = params.value[kAccessFlagFaults] != 0 ? arm::kAccessFlag : 0;
        layout.hierarchical = params.value[kFlatPermissions] != 0 ? 0 : kUxnTable | kPrivilegedTable | kReadOnlyTable;
        return layout;
    }

    // Without branches: tables mix all of these.
    static constexpr Access leaf_access(std::uint64_t raw, const Layout &layout)
    {
        const std::uint64_t unprivileged = field(raw, 6, 6);
        const std::uint64_t write = field(~raw, 7, 7) | field(raw & layout.dirty, 51, 51);
        const std::uint64_t execute = field(~raw, 54, 54);
        const Access access = Access::from_bits((execute << 2 | write << 1 | 1) * unprivileged);
        return unprivileged != 0 ? access : access.supervisor_only();
    }

    static constexpr Access table_access(std::uint64_t raw, const Layout &layout)
    {
        const std::uint64_t limits = raw & layout.hierarchical;
        const std::uint64_t write = (limits & kReadOnlyTable) == 0 ? 2 : 0;
        const std::uint64_t execute = (limits & kUxnTable) == 0 ? 4 : 0;
        return Access::from_bits((limits & kPrivilegedTable) == 0 ? 1 | write | execute : 0);
    }

    /// SH = 1.
    static constexpr std::uint64_t reserved_encoding(std::uint64_t raw) { return raw & ~(raw >> 1) & bit(8); }

    static unsigned levels_of(const FormatParams &params);
    static bool consistent(const FormatParams &params);
    static bool typical(const Entry &entry, unsigned level);
    static std::span<const FieldSpec> fields(unsigned level, EntryKind kind, const FormatParams &params);
    static Iova canonical(std::uint64_t address, const FormatParams &params);
    static bool iova_valid(Iova iova, const FormatParams &params);

    static Fault fault(FaultCause cause, Access, const FormatParams &)
    {
        return arm::walk_fault(cause, arm::StageNumber::one);
    }

    static bool can_encode(Access access) { return access.allows(Access::read()); }
    static std::uint64_t attributes(const LeafSpec &leaf, const FormatParams &params);
};

struct ArmStage2 : arm::Tables<ArmStage2> {
    static constexpr std::string_view kName = "arm-s2";
    static constexpr TableFamily kFamily = TableFamily::arm_stage2;
    static constexpr std::string_view kTitle = "Arm stage 2 translation tables (VMSAv8-64)";
    static constexpr std::string_view kDocument =
        "Arm Architecture Reference Manual, section D8.3 (stage 2 descriptors)";

    static constexpr std::array<ParameterSpec, 3> kParameters{{
        arm::kGranuleSpec,
        arm::kInputBitsSpec,
        arm::kEndianSpec,
    }};
    // Slots of FormatParams::value behind those of arm_common.h. The last three are set by a directory.
    static constexpr std::size_t kEndian = 2;
    static constexpr std::size_t kAccessFlagFaults = 3;  ///< STE.S2HA and STE.S2AFFD are 0: a clear AF faults
    static constexpr std::size_t kNoHardwareDirty = 4;   ///< STE.S2HD is 0: DBM is ignored
    static constexpr std::size_t kForceWriteBack = 5;    ///< STE.S2FWB: MemAttr is encoded in another way

    // MemAttr as Linux writes it, in place.
    static constexpr std::uint64_t kMemAttr = bits(5, 2);
    static constexpr std::uint64_t kWriteBack = 0xf << 2;
    static constexpr std::uint64_t kForcedWriteBack = 0x6 << 2;  ///< under S2FWB
    static constexpr std::uint64_t kNonCacheable = 0x5 << 2;
    static constexpr std::uint64_t kDevice = 0x1 << 2;
    static constexpr std::uint64_t kRead = bit(6);
    static constexpr std::uint64_t kWrite = bit(7);
    static constexpr std::uint64_t kReservedInLeaf = bits(50, 48) | bit(11);
    static constexpr std::uint64_t kReservedInTable = bits(63, 59) | bits(49, 48);

    static constexpr Layout layout(unsigned level, const FormatParams &params)
    {
        Layout layout = arm::geometry(level, params);
        layout.reserved_in_table |= kReservedInTable;
        layout.reserved_in_leaf |= kReservedInLeaf | (params.value[kForceWriteBack] != 0 ? bit(5) : 0);
        layout.dirty = params.value[kNoHardwareDirty] != 0 ? 0 : arm::kDirtyModifier;
        layout.access_flag = params.value[kAccessFlagFaults] != 0 ? arm::kAccessFlag : 0;
        return layout;
    }

    static constexpr Access leaf_access(std::uint64_t raw, const Layout &layout)
    {
        const std::uint64_t write = field(raw, 7, 7) | field(raw & layout.dirty, 51, 51);
        const std::uint64_t execute = field(~raw, 54, 54);
        return Access::from_bits(execute << 2 | write << 1 | field(raw, 6, 6));
    }

    static constexpr Access table_access(std::uint64_t, const Layout &) { return Access::all(); }

    /// SH = 1; MemAttr xx00 with xx not 00.
    static constexpr std::uint64_t reserved_encoding(std::uint64_t raw)
    {
        const std::uint64_t memory = (raw & bits(3, 2)) == 0 ? raw & bits(5, 4) : 0;
        return memory | (raw & ~(raw >> 1) & bit(8));
    }

    static unsigned levels_of(const FormatParams &params);
    static bool consistent(const FormatParams &params);
    static bool typical(const Entry &entry, unsigned level);
    static std::span<const FieldSpec> fields(unsigned level, EntryKind kind, const FormatParams &params);

    static Iova canonical(std::uint64_t address, const FormatParams &) { return Iova(address); }

    static bool iova_valid(Iova iova, const FormatParams &params)
    {
        return iova.value() <= low_bits(arm::width_of(params));
    }

    static Fault fault(FaultCause cause, Access, const FormatParams &)
    {
        return arm::walk_fault(cause, arm::StageNumber::two);
    }

    static bool can_encode(Access access) { return !access.empty(); }
    static std::uint64_t attributes(const LeafSpec &leaf, const FormatParams &params);
};

}  // namespace pgregion::formats
