// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of what entries allow, and of flags: iommu-formats.md section 9, PT22 to PT25, PT43, PT44, PT48 to PT52.
// Nothing here is an error of the hardware's making except PT49. What is true of many entries is said once per table
// or domain. Leaves such as operating systems write are never shown one by one: write-only and read-only ones are
// told from what the leaves of a domain have in common.
#include "base/bits.h"
#include "check/encoding.h"
#include "check/leaf_kind_checks.h"
#include "formats/amd_v1.h"
#include "formats/arm.h"
#include "formats/riscv.h"
#include "formats/vtd_ss.h"
#include "formats/x86_64.h"
#include "walk/table_reader.h"

#include <array>

namespace pgregion::check
{

namespace
{

using formats::AmdV1;
using formats::ArmStage2;
using formats::RiscvEntries;
using formats::VtdSecondStage;
using formats::X86;

// ---------------------------------------------------------------------------------------------------------
// PT22

void leaf_without_access(const EntryView &view, FindingSink &sink)
{
    const Access access = view.run.first.access;
    if (!access.is_supervisor_only() && !access.allows(Access::read()) && !access.allows(Access::write()))
        add_counted(sink, view.finding(sink), view.run.count);
}

constexpr CheckRow kLeafWithoutAccess{
    .about =
        {.code = "leaf-without-access",
         .severity = Severity::warning,
         .title = "leaves allow neither reading nor writing",
         .message =
             "{entry} is a leaf that allows neither reading nor writing; such leaves in this table: {expected_count}",
         .why = "It is legal (AMD: IR and IW clear; Arm stage 2: S2AP 0) and blocks the device. A driver that maps "
                "something wants it to be reached, so the permission may have been lost.",
         .repair = "Nothing is changed: the device is blocked already, and the address may be of use.",
         .origin = "PT22"},
    .entry = &leaf_without_access,
    .entries = kOddLeaf};

// ---------------------------------------------------------------------------------------------------------
// PT23

struct Narrowing {
    Access access;
    std::string_view detail;
};

constexpr std::array kNarrowings{Narrowing{Access::write(), "writing"}, Narrowing{Access::read(), "reading"}};

/// Whether an entry of the table grants something that does not come through.
bool any_allows(std::span<const EntryRun> runs, Access wanted)
{
    for (const EntryRun &run : runs) {
        const EntryKind kind = run.first.kind;
        const bool leads_on = kind == EntryKind::leaf || kind == EntryKind::table;
        if (leads_on && !run.first.faults() && run.first.access.allows(wanted))
            return true;
    }
    return false;
}

/// The word of the entry that leads to the table, for the report.
std::uint64_t word_of_parent(const TableView &view, const TableFact &parent)
{
    walk::TableReader reader(*view.facts.subject->memory);
    const Bytes bytes = reader.read(parent.address + std::uint64_t{view.table.parent_index} * kWordBytes, kWordBytes);
    if (bytes.size() < kWordBytes)
        return 0;
    return view.stage().params.big_endian ? byte_swap(load_le64(bytes)) : load_le64(bytes);
}

void add_narrowing(const TableView &view, FindingSink &sink, const TableFact &parent, std::string_view detail)
{
    Finding found = sink.finding();
    found.table = parent.address;
    found.index = view.table.parent_index;
    found.level = parent.level;
    found.iova = view.table.first;
    found.target = view.table.address;
    found.observed = word_of_parent(view, parent);
    found.detail = detail;
    name_user(found, view.facts.domain_of(view.table));
    const Finding *const before = earlier(sink, found);
    if (before == nullptr || before->index != found.index)
        sink.add(found);
}

/// Looked at from the table below, on the first way to it: what the levels above it let through is known there.
void table_narrows_access(const TableView &view, FindingSink &sink)
{
    constexpr Access kBoth = Access::read() | Access::write();
    if (view.table.access.allows(kBoth) || view.table.parent == kNone)
        return;
    const TableFact &parent = view.facts.tables[view.table.parent];
    for (const Narrowing &narrowing : kNarrowings) {
        const bool lost_here = parent.access.allows(narrowing.access) && !view.table.access.allows(narrowing.access);
        if (lost_here && any_allows(view.runs, narrowing.access))
            add_narrowing(view, sink, parent, narrowing.detail);
    }
}

constexpr CheckRow kTableNarrowsAccess{
    .about = {.code = "table-narrows-access",
              .severity = Severity::warning,
              .title = "a pointer to a table takes away what entries below it allow",
              .message =
                  "{entry} forbids {detail} for all of the table at {target}, whose entries allow it: {observed}",
              .why =
                  "Only what every level allows is allowed. Linux leaves pointers open and decides at the leaf, so a "
                  "pointer that takes access away was made by somebody else, or has lost a bit: the device gets "
                  "faults on what its driver mapped.",
              .repair = "Nothing is changed: giving access is not for a repair. Restore the pointer from a backup, or "
                        "let the driver map again.",
              .origin = "PT23"},
    .table = &table_narrows_access};

// ---------------------------------------------------------------------------------------------------------
// PT24

void leaf_write_only(const DomainView &view, FindingSink &sink)
{
    if (view.leaves.write_only)
        sink.add(view.finding(sink));
}

constexpr CheckRow kLeafWriteOnly{
    .about = {.code = "leaf-write-only",
              .severity = Severity::info,
              .title = "leaves can be written and not read",
              .message = "{entry}: leaves below this root can be written but not read",
              .why =
                  "It is legal in VT-d second-stage, AMD host and Arm stage 2 tables. Linux maps so what a device only "
                  "fills, a receive buffer for example. Some devices read before they write and then fault.",
              .repair = "Nothing is changed.",
              .origin = "PT24"},
    .domain = &leaf_write_only};

// ---------------------------------------------------------------------------------------------------------
// PT25

struct DirtyBits {
    std::uint64_t write = 0;
    std::uint64_t dirty = 0;
};

/// Formats whose dirty flag surely means something. VT-d and AMD ignore it unless dirty tracking is on.
DirtyBits dirty_bits(Family family)
{
    if (family == Family::x86)
        return {X86::kWrite, X86::kDirty};
    if (is_riscv(family))
        return {RiscvEntries::kWrite, RiscvEntries::kDirty};
    return {};
}

void dirty_not_writable(const EntryView &view, FindingSink &sink)
{
    const DirtyBits bits = dirty_bits(view.format().family);
    const Entry &entry = view.run.first;
    const bool writable = (entry.raw & bits.write) != 0;
    if (writable == ((entry.raw & bits.dirty) != 0))
        return;
    Finding found = view.finding(sink);
    found.detail = writable ? "can be written and is not dirty" : "is dirty and cannot be written";
    if (entry.access.is_clean()) {
        found.severity = Severity::warning;
        found.detail = "can be written and is not dirty, so writes fault";
    }
    add_counted(sink, found, view.run.count);
}

constexpr CheckRow kDirtyNotWritable{
    .about = {.code = "dirty-not-writable",
              .severity = Severity::info,
              .other_severity = Severity::warning,
              .other_where = "where hardware does not set the flag by itself",
              .title = "dirty flag and write permission of leaves do not agree",
              .message = "{entry} {detail}: {observed}; such leaves in this table: {expected_count}",
              .why = "Linux sets the dirty flag of an IOMMU leaf when it makes it writable. One without the other says "
                     "that somebody follows what is written, took the write permission away later, or that a bit was "
                     "lost. A warning where hardware does not set the flag by itself: the device cannot write then.",
              .repair = "Nothing is changed: both are legal.",
              .origin = "PT25"},
    .entry = &dirty_not_writable,
    .entries = kOddLeaf};

// ---------------------------------------------------------------------------------------------------------
// PT44

/// What Linux's IOMMU drivers set of the bits that are software's: "the table below is flushed".
std::uint64_t linux_bits(Family family, EntryKind kind)
{
    if (kind != EntryKind::table)
        return 0;
    switch (family) {
    case Family::vtd:
        return bit(10);
    case Family::x86:
        return X86::kFlushed;
    case Family::arm_stage1:
    case Family::arm_stage2:
        return formats::arm::kSyncedTable;
    default:
        return 0;
    }
}

std::uint64_t bits_without_meaning(const EntryView &view)
{
    const Entry &entry = view.run.first;
    std::uint64_t mask = 0;
    for (const FieldSpec &spec : view.format().fields(view.table.level, entry.kind, view.params())) {
        if (spec.role == FieldRole::ignored || spec.role == FieldRole::software)
            mask |= bits(spec.high, spec.low);
    }
    return entry.raw & mask & ~linux_bits(view.format().family, entry.kind);
}

/// Once per table; `expected` gathers the bits.
void ignored_bits_set(const EntryView &view, FindingSink &sink)
{
    if (view.format().typical(view.run.first, view.table.level))
        return;
    const std::uint64_t set = bits_without_meaning(view);
    if (set == 0)
        return;
    Finding found = view.finding(sink);
    if (Finding *const before = earlier(sink, found)) {
        before->expected = before->expected.value_or(0) | set;
        return;
    }
    found.expected = set;
    sink.add(found);
}

constexpr CheckRow kIgnoredBitsSet{
    .about = {.code = "ignored-bits-set",
              .severity = Severity::info,
              .title = "bits are set that neither hardware nor Linux looks at",
              .message = "{entry} is the first of its table with bits set that mean nothing to hardware or Linux: "
                         "{expected} in all, {observed} here",
              .why = "Hardware ignores them. Another operating system may keep notes there; otherwise they are a sign "
                     "of damage, and the bits beside them deserve a look.",
              .repair = "Nothing is changed: the bits do no harm.",
              .origin = "PT44"},
    .entry = &ignored_bits_set,
    .entries = kPointer | kOddLeaf};

// ---------------------------------------------------------------------------------------------------------
// PT48, PT49, PT50

void accessed_flag_clear(const EntryView &view, FindingSink &sink)
{
    if (view.run.first.access.is_inactive())
        add_counted(sink, view.finding(sink), view.run.count);
}

constexpr CheckRow kAccessedFlagClear{
    .about = {.code = "accessed-flag-clear",
              .severity = Severity::warning,
              .title = "the accessed flag of leaves is clear and hardware does not set it",
              .message = "{entry} has a clear accessed flag, so requests fault; such leaves in this "
                         "table: {expected_count}",
              .why = "The directory says that hardware does not set the flag (Arm: HA and AFFD clear; RISC-V: SADE or "
                     "GADE clear). Requests then fault until software sets it, and IOMMU drivers of Linux never do.",
              .repair = "Nothing is changed: setting the flag would give access.",
              .origin = "PT48"},
    .entry = &accessed_flag_clear,
    .entries = kOddLeaf};

void user_bit_clear(const EntryView &view, FindingSink &sink)
{
    if (faults_as(view, EncodingFault::user_bit_clear))
        sink.add(view.removable(sink));
}

constexpr CheckRow kUserBitClear{
    .about = {.code = "user-bit-clear",
              .severity = Severity::error,
              .title = "a second-stage leaf is not for user privilege",
              .message = "{entry} is a second-stage leaf with U clear: {observed}",
              .why =
                  "RISC-V hardware treats every request in the second stage as one of user privilege, so that all of "
                  "them fault at this leaf. First-stage tables that are read as second-stage ones look like this.",
              .repair = "Clears the entry, which translates nothing.",
              .origin = "PT49"},
    .entry = &user_bit_clear,
    .entries = kFaulting};

/// Arm: Linux makes such leaves for drivers that ask for them (IOMMU_PRIV), and their devices make such requests.
void supervisor_only(const EntryView &view, FindingSink &sink)
{
    if (!view.run.first.access.is_supervisor_only())
        return;
    Finding found = view.finding(sink);
    if (is_arm(view.format().family))
        found.severity = Severity::info;
    add_counted(sink, found, view.run.count);
}

constexpr CheckRow kSupervisorOnly{
    .about = {.code = "supervisor-only",
              .severity = Severity::warning,
              .other_severity = Severity::info,
              .other_where = "in Arm tables",
              .title = "entries are not for requests of user privilege",
              .message = "{entry} is for requests with privilege alone; such entries in this table: {expected_count}",
              .why =
                  "Requests of devices are of user privilege unless they say otherwise, and fault there. The tables of "
                  "a CPU's kernel look like this; a device that is given them could reach the kernel's memory as soon "
                  "as it asks for the privilege. Linux maps so on Arm (IOMMU_PRIV) for devices that do ask for it, "
                  "such as DMA controllers that fetch their instructions.",
              .repair = "Nothing is changed: who may use the memory is as it was asked for.",
              .origin = "PT50"},
    .entry = &supervisor_only,
    .entries = kPointer | kOddLeaf};

constexpr std::array kRows{&kLeafWithoutAccess, &kTableNarrowsAccess,   &kLeafWriteOnly,     &kDirtyNotWritable,
                           &kMemoryTypeMixed,   &kIgnoredBitsSet,       &kAccessedFlagClear, &kUserBitClear,
                           &kSupervisorOnly,    &kNestedParentReadOnly, &kLeaf512G};

}  // namespace

std::span<const CheckRow *const> permission_rows() { return kRows; }

}  // namespace pgregion::check
