// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of what an entry's bits mean by themselves: iommu-formats.md section 9, PT01 to PT11 and PT53. An entry at
// which hardware faults translates nothing, so taking it away is safe; each comes once, under one code
// (encoding.h). Copies of one leaf are in replica_checks.cpp.
#include "check/encoding.h"
#include "check/replica_checks.h"
#include "formats/amd_v1.h"
#include "formats/riscv.h"
#include "formats/x86_64.h"
#include "walk/table_reader.h"

#include <array>

namespace pgregion::check
{

namespace
{

using formats::AmdV1;
using formats::RiscvEntries;

/// A finding with the safe remedy for each entry of a faulting run; `expected` holds the bits in question.
void add_faulting(const EntryView &view, FindingSink &sink, std::uint64_t bits_in_question)
{
    for (std::uint32_t k = 0; k < view.run.count; ++k) {
        Finding found = view.removable(sink, k);
        found.expected = bits_in_question;
        sink.add(found);
    }
}

// ---------------------------------------------------------------------------------------------------------
// PT01

/// iommu-formats.md section 2.5 has this bit from memory alone ([R]): no error, and no repair without asking.
bool only_by_recollection(const EntryView &view)
{
    return view.format().family == Family::x86 && view.run.first.reserved_set == formats::X86::kReservedByAmd &&
           view.run.first.kind == EntryKind::table;
}

/// `expected` holds the reserved bits that are set.
void reserved_bits(const EntryView &view, FindingSink &sink)
{
    const Entry &entry = view.run.first;
    if (!faults_as(view, EncodingFault::reserved_bits))
        return;
    if (!only_by_recollection(view)) {
        add_faulting(view, sink, entry.reserved_set);
        return;
    }
    Finding found = view.removable(sink);
    found.severity = Severity::warning;
    found.repair = RepairPolicy::all;
    found.expected = entry.reserved_set;
    sink.add(found);
}

constexpr CheckRow kReservedBits{
    .about = {.code = "reserved-bits",
              .severity = Severity::error,
              .other_severity = Severity::warning,
              .other_where = "for bit 8 of a PML4E of AMD alone",
              .title = "an entry has reserved bits set",
              .message = "{entry} has reserved bits set: {expected} of {observed}",
              .why = "Hardware faults on every request that reaches the entry, so the device cannot use what is behind "
                     "it. No kernel sets these bits: the word was damaged, or the tables are read with the wrong "
                     "parameters (address width, snoop control, no-execute). A warning where it is not certain that "
                     "hardware looks at the bits: bit 8 of a PML4E of AMD.",
              .repair = "Clears the whole entry, with all copies of its leaf. Clearing the reserved bits alone could "
                        "let a damaged address take effect. An entry that hardware may still follow is cleared only "
                        "when everything is to be repaired.",
              .origin = "PT01"},
    .entry = &reserved_bits,
    .entries = kFaulting};

// ---------------------------------------------------------------------------------------------------------
// PT02

/// `expected` counts the entries of the table. VT-d has no present bit: there, data without permission is odd.
void not_present_data(const EntryView &view, FindingSink &sink)
{
    if (in_filled_table(view))
        return;
    Finding found = view.finding(sink);
    if (view.format().family == Family::vtd)
        found.severity = Severity::warning;
    add_counted(sink, found, 1);
}

constexpr CheckRow kNotPresentData{
    .about = {.code = "not-present-data",
              .severity = Severity::info,
              .other_severity = Severity::warning,
              .other_where = "in VT-d second-stage tables",
              .title = "entries are not present but hold data",
              .message = "{entry} is not present but holds {observed}; such entries in this table: {expected_count}",
              .why = "Hardware ignores the data. In formats with a present bit, software may keep notes there, though "
                     "IOMMU drivers of Linux do not. VT-d second-stage entries have no present bit, so there it is a "
                     "warning: an entry lost its read and write bits, or something else wrote to the table.",
              .repair = "Nothing is changed: such an entry lets no device through.",
              .origin = "PT02"},
    .entry = &not_present_data,
    .entries = kNotPresent};

// ---------------------------------------------------------------------------------------------------------
// PT03

/// `expected` holds the address bits below the size that are set.
void leaf_misaligned(const EntryView &view, FindingSink &sink)
{
    if (faults_as(view, EncodingFault::misaligned))
        add_faulting(view, sink, view.run.first.reserved_set);
}

constexpr CheckRow kLeafMisaligned{
    .about = {.code = "leaf-misaligned",
              .severity = Severity::error,
              .title = "a large leaf has an address that is not a multiple of its size",
              .message = "{entry} is a leaf of {size} with address bits below its size set: {expected} of {observed}",
              .why = "The low address bits of a large leaf are reserved, so hardware faults on every request that "
                     "reaches it. A leaf bit that was set in a pointer to a table looks like this, too.",
              .repair = "Clears the entry. Which address was meant is not known.",
              .origin = "PT03"},
    .entry = &leaf_misaligned,
    .entries = kFaulting};

// ---------------------------------------------------------------------------------------------------------
// PT04, PT05

void leaf_at_table_level(const EntryView &view, FindingSink &sink)
{
    if (!faults_as(view, EncodingFault::leaf_at_table_level))
        return;
    Finding found = view.removable(sink);
    found.target.reset();
    sink.add(found);
}

constexpr CheckRow kLeafAtTableLevel{
    .about = {.code = "leaf-at-table-level",
              .severity = Severity::error,
              .title = "an entry is marked as a leaf at a level that has no leaves",
              .message = "{entry} is marked as a leaf, and this level has none: {observed}",
              .why = "Hardware faults on every request that reaches it. Whole gigabytes may be behind the entry. The "
                     "number of levels may be wrong, or the word is damaged.",
              .repair = "Clears the entry.",
              .origin = "PT04"},
    .entry = &leaf_at_table_level,
    .entries = kFaulting};

void table_at_leaf_level(const EntryView &view, FindingSink &sink)
{
    if (faults_as(view, EncodingFault::table_at_leaf_level))
        sink.add(view.removable(sink));
}

constexpr CheckRow kTableAtLeafLevel{
    .about = {.code = "table-at-leaf-level",
              .severity = Severity::error,
              .title = "an entry of a table of leaves points to a table",
              .message = "{entry} points to a table, and tables of level 0 hold leaves alone: {observed}",
              .why = "Hardware faults on every request that reaches it. Many of these say that the tables are read "
                     "with too few levels; a single one is a damaged word.",
              .repair = "Clears the entry.",
              .origin = "PT05"},
    .entry = &table_at_leaf_level,
    .entries = kFaulting};

// ---------------------------------------------------------------------------------------------------------
// PT06, PT07, PT08

std::uint64_t next_level(const Entry &entry) { return (entry.raw & AmdV1::kNextLevel) >> AmdV1::kNextLevelShift; }

/// `expected` is NextLevel, as the manual counts levels.
void next_level_not_lower(const EntryView &view, FindingSink &sink)
{
    if (!faults_as(view, EncodingFault::next_level_not_lower))
        return;
    Finding found = view.removable(sink);
    found.expected = next_level(view.run.first);
    sink.add(found);
}

constexpr CheckRow kNextLevelNotLower{
    .about = {.code = "next-level-not-lower",
              .severity = Severity::error,
              .title = "NextLevel of a pointer does not lead down",
              .message =
                  "{entry} has NextLevel {expected_count}, which is not below the level of its table: {observed}",
              .why = "AMD hardware refuses a pointer that does not lead to a lower level and faults on every request "
                     "that reaches it.",
              .repair = "Clears the entry.",
              .origin = "PT06"},
    .entry = &next_level_not_lower,
    .entries = kFaulting};

/// Once per table; `expected` counts.
void level_skipped(const EntryView &view, FindingSink &sink)
{
    if (view.run.first.target_level + 1U < view.table.level)
        add_counted(sink, view.finding(sink), 1);
}

constexpr CheckRow kLevelSkipped{
    .about = {.code = "level-skipped",
              .severity = Severity::info,
              .title = "pointers skip levels",
              .message = "{entry} leads past at least one level to the table at {target}; such entries in this "
                         "table: {expected_count}",
              .why = "AMD hardware allows it: only the first part of what the entry spans is mapped then, and the rest "
                     "faults. Linux does not write such pointers, so whoever made the table is somebody else.",
              .repair = "Nothing is changed: the entry is legal.",
              .origin = "PT07"},
    .entry = &level_skipped,
    .entries = kPointer};

void leaf_size_invalid(const EntryView &view, FindingSink &sink)
{
    if (faults_as(view, EncodingFault::leaf_size))
        sink.add(view.removable(sink));
}

constexpr CheckRow kLeafSizeInvalid{
    .about = {.code = "leaf-size-invalid",
              .severity = Severity::error,
              .title = "a leaf has a size that its level does not hold",
              .message = "{entry} is a leaf with a size in its address bits that this level does not have: {observed}",
              .why =
                  "With NextLevel 7, the lowest zero among the address bits tells the size of an AMD leaf. It must be "
                  "larger than one slot and smaller than the table's whole span, or hardware faults.",
              .repair = "Clears the entry.",
              .origin = "PT08"},
    .entry = &leaf_size_invalid,
    .entries = kFaulting};

// ---------------------------------------------------------------------------------------------------------
// PT11

void reserved_encoding(const EntryView &view, FindingSink &sink)
{
    if (!faults_as(view, EncodingFault::reserved_encoding))
        return;
    for (std::uint32_t k = 0; k < view.run.count; ++k) {
        Finding found = view.removable(sink, k);
        found.detail = encoding_detail(view.run.first, view.table.level, view.format().family);
        sink.add(found);
    }
}

constexpr CheckRow kReservedEncoding{
    .about = {.code = "reserved-encoding",
              .severity = Severity::error,
              .title = "an entry holds a combination of values that means nothing",
              .message = "{entry} holds a reserved encoding ({detail}): {observed}",
              .why = "Hardware faults on it, or does what no manual says. RISC-V: write without read, memory type 3, "
                     "a 64-KiB leaf of a wrong size code, leaf attributes in a pointer. Arm: shareability 1, reserved "
                     "memory attributes, a block in the last table.",
              .repair = "Clears the entry.",
              .origin = "PT11"},
    .entry = &reserved_encoding,
    .entries = kFaulting};

// ---------------------------------------------------------------------------------------------------------
// PT53

constexpr std::uint64_t kAllOnes = ~std::uint64_t{0};

/// What one word would do in every slot of a table: nothing (it faults or is not present), or translate.
bool translates(const Stage &stage, std::uint64_t raw, unsigned level)
{
    const Entry entry = stage.format->decode(raw, level, stage.params);
    return raw != kAllOnes && entry.present() && !entry.faults();
}

/// The whole table behind a pointer: the pointer is what is taken away, unless the table may be in use.
void filled_table_behind(const EntryView &view, FindingSink &sink)
{
    const Entry &entry = view.run.first;
    const Stage &stage = view.stage();
    const TableShape shape = stage.format->shape(entry.target_level, stage.params);
    if (shape.bytes() != kPageBytes || entry.target == view.table.address)
        return;
    walk::TableReader reader(*view.facts.subject->memory);
    const Bytes table = reader.read(entry.target, kPageBytes);
    if (table.empty() || !is_filled(table))
        return;
    const std::uint64_t word = stage.params.big_endian ? byte_swap(load_le64(table)) : load_le64(table);
    const bool in_use = translates(stage, word, entry.target_level);
    Finding found = in_use ? view.finding(sink) : view.removable(sink);
    found.severity = in_use ? Severity::warning : Severity::error;
    found.detail = "leads to a table whose words are all alike";
    found.expected = word;
    sink.add(found);
}

/// Nothing leads to a root that could be taken away.
void filled_root(const EntryView &view, FindingSink &sink)
{
    Finding found = view.finding(sink);
    const bool in_use = translates(view.stage(), view.run.first.raw, view.table.level);
    found.severity = in_use ? Severity::warning : Severity::error;
    found.detail = "begins a root table whose words are all alike";
    found.expected = view.run.first.raw;
    sink.add(found);
}

/// `expected` is the word that repeats itself.
void fill_pattern(const EntryView &view, FindingSink &sink)
{
    const Entry &entry = view.run.first;
    if (in_filled_table(view)) {
        if (view.table.is_root && view.run.index == 0)
            filled_root(view, sink);
    } else if (entry.raw == kAllOnes || (entry.faults() && in_text(view))) {
        Finding found = view.removable(sink);
        found.detail = entry.raw == kAllOnes ? "is all ones" : "is text";
        found.expected = entry.raw;
        found.target.reset();
        sink.add(found);
    }
    if (entry.kind == EntryKind::table && !entry.faults())
        filled_table_behind(view, sink);
}

constexpr CheckRow kFillPattern{
    .about = {.code = "fill-pattern",
              .severity = Severity::error,
              .other_severity = Severity::warning,
              .other_where = "where every word of the table still translates",
              .title = "a pattern was written over entries or a whole table",
              .message = "{entry} {detail}: {expected}",
              .why = "All ones is what a read from broken memory or a missing device leaves; a page of one word, or of "
                     "text, was poisoned or used for something else while tables still led to it. What was mapped "
                     "there is lost. A warning where every word of the table still translates: each slot then leads "
                     "to the same place, which may be meant.",
              .repair = "Clears the entry, or the entry that leads to a table of one word where no word of it "
                        "translates. The page itself stays as it is, and so does a root table.",
              .origin = "PT53"},
    .entry = &fill_pattern,
    .entries = kFaulting | kPointer | kNotPresent | kOddLeaf};

constexpr std::array kRows{&kReservedBits,     &kNotPresentData,    &kLeafMisaligned, &kLeafAtTableLevel,
                           &kTableAtLeafLevel, &kNextLevelNotLower, &kLevelSkipped,   &kLeafSizeInvalid,
                           &kReservedEncoding, &kFillPattern,       &kReplicasDiffer, &kReplicasMissing};

}  // namespace

std::span<const CheckRow *const> encoding_rows() { return kRows; }

}  // namespace pgregion::check
