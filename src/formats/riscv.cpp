// SPDX-License-Identifier: GPL-2.0-or-later
//
// RISC-V page tables: the fields of entries by name, the encoder, and the causes of faults (iommu-formats.md
// sections 5.5 and 5.6; RISC-V IOMMU specification, section "Fault/Event-Queue").
#include "formats/riscv.h"

namespace pgregion::formats
{

namespace
{

using enum FieldRole;

constexpr std::size_t kFields = 14;
using Fields = std::array<FieldSpec, kFields>;

constexpr FieldSpec kV{"V", 0, 0, flag, "valid"};
constexpr FieldSpec kR{"R", 1, 1, flag, "read"};
constexpr FieldSpec kW{"W", 2, 2, flag, "write"};
constexpr FieldSpec kX{"X", 3, 3, flag, "execute"};
constexpr FieldSpec kRsw{"RSW", 9, 8, software, "free for software; Linux leaves both clear here"};
constexpr FieldSpec kRsvd{"RSVD_58_54", 58, 54, reserved, "reserved"};
constexpr FieldSpec kUpperSw{"SW_60_59", 60, 59, software,
                             "free for software; Linux: 59 soft-dirty, 60 userfaultfd, in CPU tables"};
constexpr FieldSpec kRsvdTypes{"RSVD_62_61", 62, 61, reserved, "reserved: no memory types"};
constexpr FieldSpec kRsvdNapot{"RSVD_63", 63, 63, reserved, "reserved: no 64-KiB leaves"};

constexpr Fields kLeaf{
    kV,
    kR,
    kW,
    kX,
    FieldSpec{"U", 4, 4, flag, "for user privilege, as requests of devices have it"},
    FieldSpec{"G", 5, 5, flag, "global: the same in every address space"},
    FieldSpec{"A", 6, 6, flag, "accessed"},
    FieldSpec{"D", 7, 7, flag, "dirty"},
    kRsw,
    FieldSpec{"PPN", 53, 10, address,
              "page number of the output (a quarter of its address); with N the last four bits are 1000"},
    kRsvd,
    kUpperSw,
    FieldSpec{"PBMT", 62, 61, number, "memory type: 0 that of the address, 1 non-cached, 2 I/O, 3 reserved"},
    FieldSpec{"N", 63, 63, flag, "one of sixteen equal entries of a 64-KiB leaf"},
};

constexpr Fields kPointer{
    kV,
    kR,
    kW,
    kX,
    FieldSpec{"U", 4, 4, reserved, "must be zero in a pointer, else the entry faults"},
    FieldSpec{"G", 5, 5, flag, "all that the next table maps is global"},
    FieldSpec{"A", 6, 6, reserved, "must be zero in a pointer, else the entry faults"},
    FieldSpec{"D", 7, 7, reserved, "must be zero in a pointer, else the entry faults"},
    kRsw,
    FieldSpec{"PPN", 53, 10, address, "page number of the next table (a quarter of its address)"},
    kRsvd,
    kUpperSw,
    FieldSpec{"PBMT", 62, 61, number, "must be zero in a pointer, else the entry faults"},
    FieldSpec{"N", 63, 63, flag, "must be zero in a pointer, else the entry faults"},
};

constexpr std::array kEmpty{kV, FieldSpec{"IGN_63_1", 63, 1, ignored, "ignored: the entry is not valid"}};

constexpr unsigned kWithNapot = 1;
constexpr unsigned kWithTypes = 2;
constexpr unsigned kOfSecondStage = 4;
constexpr unsigned kOfPointer = 8;
constexpr unsigned kVariants = 16;

constexpr Fields fields_of_variant(unsigned variant)
{
    Fields fields = (variant & kOfPointer) != 0 ? kPointer : kLeaf;
    if ((variant & kOfSecondStage) != 0)
        fields[5] = {"G", 5, 5, ignored, "ignored in the second stage"};
    if ((variant & kWithTypes) == 0)
        fields[12] = kRsvdTypes;
    if ((variant & kWithNapot) == 0)
        fields[13] = kRsvdNapot;
    return fields;
}

constexpr std::array<Fields, kVariants> all_variants()
{
    std::array<Fields, kVariants> all{};
    for (unsigned variant = 0; variant < kVariants; ++variant)
        all[variant] = fields_of_variant(variant);
    return all;
}

constexpr std::array<Fields, kVariants> kFieldsOfVariants = all_variants();

/// The cause number for each type of access.
struct Causes {
    Fault execute;
    Fault read;
    Fault write;
};

constexpr FaultCause kAny = FaultCause::invalid_entry;  // replaced by the cause that the caller names
constexpr Causes kAccessFault{
    {kAny, 1, "instruction access fault"}, {kAny, 5, "read access fault"}, {kAny, 7, "write/AMO access fault"}};
constexpr Causes kPageFault{
    {kAny, 12, "instruction page fault"}, {kAny, 13, "read page fault"}, {kAny, 15, "write/AMO page fault"}};
constexpr Causes kGuestPageFault{{kAny, 20, "instruction guest page fault"},
                                 {kAny, 21, "read guest page fault"},
                                 {kAny, 23, "write/AMO guest page fault"}};

constexpr bool is_access_fault(FaultCause cause)
{
    return cause == FaultCause::root_unreadable || cause == FaultCause::table_unreadable ||
           cause == FaultCause::output_beyond_width || cause == FaultCause::output_forbidden;
}

constexpr Fault fault_of(FaultCause cause, Access wanted, const Causes &page_fault)
{
    const Causes &causes = is_access_fault(cause) ? kAccessFault : page_fault;
    Fault fault = causes.read;
    if (wanted.allows(Access::execute()))
        fault = causes.execute;
    if (wanted.allows(Access::write()))
        fault = causes.write;
    fault.cause = cause;
    return fault;
}

}  // namespace

std::span<const FieldSpec> RiscvEntries::fields_of(EntryKind kind, const FormatParams &params, RiscvStage stage)
{
    if (kind == EntryKind::empty)
        return kEmpty;
    unsigned variant = 0;
    variant |= params.value[kSvnapot] != 0 ? kWithNapot : 0;
    variant |= params.value[kSvpbmt] != 0 ? kWithTypes : 0;
    variant |= stage == RiscvStage::second ? kOfSecondStage : 0;
    variant |= kind == EntryKind::table ? kOfPointer : 0;
    return kFieldsOfVariants[variant];
}

std::optional<std::uint64_t> RiscvEntries::encode_leaf(const LeafSpec &leaf, unsigned level, const FormatParams &params)
{
    const bool napot = leaf.size_lg2 == kNapotSizeLg2 && level == 0 && params.value[kSvnapot] != 0;
    const bool slot = leaf.size_lg2 == shift_of(level) && level < kMaxLevels;
    const bool known_size = (napot || slot) && leaf.size_lg2 <= params.paw_bits;
    const bool known_access = leaf.access.allows(Access::read()) || leaf.access == Access::execute();
    const bool known_type = leaf.memory == MemoryType::normal || params.value[kSvpbmt] != 0;
    if (!known_size || !known_access || !known_type)
        return std::nullopt;
    const std::uint64_t address = leaf.target.value();
    if ((address & low_bits(leaf.size_lg2)) != 0 || (address & ~low_bits(params.paw_bits)) != 0)
        return std::nullopt;
    std::uint64_t raw = (address >> kAddressShift) | kValid | kUser | kAccessed;
    raw |= leaf.access.allows(Access::read()) ? kRead : 0;
    raw |= leaf.access.allows(Access::write()) ? kWrite | kDirty : 0;
    raw |= leaf.access.allows(Access::execute()) ? kExecute : 0;
    raw |= leaf.memory == MemoryType::non_cached ? kNonCached : 0;
    raw |= leaf.memory == MemoryType::device ? kDevice : 0;
    raw |= napot ? kNapot | kNapot64K : 0;
    return raw;
}

Fault RiscvFirstStage::fault(FaultCause cause, Access wanted, const FormatParams &)
{
    return fault_of(cause, wanted, kPageFault);
}

Fault RiscvSecondStage::fault(FaultCause cause, Access wanted, const FormatParams &)
{
    return fault_of(cause, wanted, kGuestPageFault);
}

}  // namespace pgregion::formats
