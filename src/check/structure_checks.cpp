// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of how tables hang together: where pointers lead, and who shares a table.
// Source: region.md section 3 (D3b, D18); iommu-formats.md section 9 (PT12 to PT17, PT45).
#include "check/check_row.h"
#include "check/directory_pointers.h"
#include "check/region_pages.h"

#include <algorithm>
#include <array>

namespace pgregion::check
{

namespace
{

/// The region that an address lies in; empty for ordinary memory.
Range<PhysAddr> region_of(const Facts &facts, PhysAddr address)
{
    const CheckSubject &subject = *facts.subject;
    if (facts.page_at(address))
        return {*subject.region->base, kRegionBytes};
    const auto found = std::ranges::find_if(subject.other_regions,
                                            [&](const Range<PhysAddr> &region) { return region.contains(address); });
    return found == subject.other_regions.end() ? Range<PhysAddr>{} : *found;
}

// ---- pointers that lead out --------------------------------------------------------------------------------

bool leaves_region(const Facts &facts, const ReferenceFact &reference)
{
    const Range<PhysAddr> region = region_of(facts, facts.tables[reference.table].address);
    const bool is_enomem = reference.entry.target == region.first - kEnomemDistance;
    return !region.empty() && !is_enomem && !region.contains(reference.entry.target);
}

void table_outside_region(const Facts &facts, FindingSink &sink)
{
    for (const ReferenceFact &reference : facts.references) {
        if (leaves_region(facts, reference))
            sink.add(removable_pointer(sink, facts, reference));
    }
    directory_pointers_outside_region(facts, sink);
}

constexpr CheckRow kTableOutsideRegion{
    .about = {.code = "table-outside-region",
              .severity = Severity::error,
              .title = "a pointer to a table leads out of the region",
              .message = "{entry} points to {target}, outside of the region",
              .why = "Only the region survives the kexec. What lies outside is ordinary memory of the old kernel: the "
                     "new one hands it out, and its new owner decides where the device writes.",
              .repair = "Zeroes the entry: what is behind it is no longer translated. A record of a directory is made "
                        "one that blocks its devices, only with -y.",
              .origin = "D18"},
    .facts = table_outside_region};

void table_outside_source(const Facts &facts, FindingSink &sink)
{
    for (const ReferenceFact &reference : facts.references) {
        if (reference.fate != PointerFate::outside || !region_of(facts, facts.tables[reference.table].address).empty())
            continue;
        Finding finding = removable_pointer(sink, facts, reference);
        finding.repair = RepairPolicy::none;
        finding.remedy = Remedy::none;
        sink.add(finding);
    }
    for (const DomainFact &domain : facts.domains) {
        if (domain.root_readable || domain.users.empty() || facts.subject->region)
            continue;
        Finding finding = sink.finding();
        const Device &device = domain.users.front().device;
        finding.table = device.table;
        finding.index = device.index;
        finding.target = domain.stage.root;
        finding.detail = "root of page tables";
        name_user(finding, domain);
        sink.add(finding);
    }
    directory_pointers_outside_source(facts, sink);
}

constexpr CheckRow kTableOutsideSource{
    .about = {.code = "table-outside-source",
              .severity = Severity::warning,
              .title = "a pointer leads to a table that the source does not hold",
              .message = "{entry} points to {target}, which the source does not hold",
              .why = "What is behind it could not be checked. Either the dump lacks that page, or the pointer is "
                     "damaged and the device uses whatever lies there as a table.",
              .repair = "Nothing is repaired: the table may be sound. Add the missing memory: --with FILE@0xPA, "
                        "or, behind a hole, a part of the file: --with FILE:OFFSET+SIZE@0xPA.",
              .origin = "PT12"},
    .facts = table_outside_source};

// ---- roots -------------------------------------------------------------------------------------------------

/// The domain that a record leads to.
std::optional<std::uint32_t> domain_behind(const Facts &facts, const RecordFact &record)
{
    const auto &translation = record.step.record.translation;
    if (!translation || translation->format == nullptr)
        return std::nullopt;
    const auto found = facts.domain_at.find(physical_stage(*translation).root.value());
    return found == facts.domain_at.end() ? std::nullopt : std::optional(found->second);
}

/// A finding at a record whose page tables are something else as well.
Finding blocked_record(const FindingSink &sink, const Facts &facts, const RecordFact &record, const TableFact &root)
{
    Finding finding = record_finding(sink, facts, record);
    finding.target = root.address;
    finding.expected = root.level;
    finding.detail = "elsewhere";
    const bool in_region = !region_of(facts, root.address).empty();
    finding.severity = in_region ? Severity::error : Severity::warning;
    finding.repair = in_region ? RepairPolicy::all : RepairPolicy::none;
    finding.remedy = in_region ? Remedy::block_record : Remedy::none;
    return finding;
}

// ---- pointers that come back -------------------------------------------------------------------------------

void table_cycle(const Facts &facts, FindingSink &sink)
{
    const bool may_be_processor = !facts.has_directory();
    for (const ReferenceFact &reference : facts.references) {
        if (reference.fate != PointerFate::cycle)
            continue;
        Finding finding = removable_pointer(sink, facts, reference);
        const DomainFact &domain = facts.domain_of(facts.tables[reference.table]);
        if (may_be_processor && domain.stage.format->family == TableFamily::x86) {
            finding.severity = Severity::warning;
            finding.repair = RepairPolicy::none;
            finding.remedy = Remedy::none;
        }
        sink.add(finding);
    }
}

constexpr CheckRow kTableCycle{
    .about = {.code = "table-cycle",
              .severity = Severity::error,
              .other_severity = Severity::warning,
              .other_where = "in x86-64 tables without a directory",
              .title = "a table leads back to itself",
              .message = "{entry} points back to {target}, a table that led here",
              .why = "The hardware counts levels and ends somewhere, with a page table taken for a page of data: the "
                     "device can read or write the tables that bind it.",
              .repair = "Zeroes the entry. In x86-64 tables without a directory it is a warning that nothing repairs: "
                        "kernels map their own tables so for the processor, never for an IOMMU.",
              .origin = "PT14"},
    .facts = table_cycle};

/// Whether a page table lies on a table of the directory.
bool on_directory(const Facts &facts, const Range<PhysAddr> &table)
{
    return facts.watch.find(Watched::directory_table, table.first, table.size).has_value();
}

void table_at_two_levels(const Facts &facts, FindingSink &sink)
{
    for (const ReferenceFact &reference : facts.references) {
        const bool directory = reference.target != kNone && on_directory(facts, facts.tables[reference.target].range());
        if (reference.fate != PointerFate::level && !directory)
            continue;
        Finding finding = removable_pointer(sink, facts, reference);
        finding.repair = RepairPolicy::all;
        finding.expected = reference.entry.target_level;
        finding.detail = directory ? "as a table of the directory" : "at another level";
        sink.add(finding);
    }
    for (const RecordFact &record : facts.records) {
        const std::optional<std::uint32_t> domain = domain_behind(facts, record);
        if (!domain || facts.domains[*domain].root_table == kNone)
            continue;
        const TableFact &root = facts.tables[facts.domains[*domain].root_table];
        if (on_directory(facts, root.range()))
            sink.add(blocked_record(sink, facts, record, root));
    }
}

constexpr CheckRow kTwoLevels{
    .about = {.code = "table-at-two-levels",
              .severity = Severity::error,
              .title = "one page is used as a table in two ways",
              .message = "{entry} uses {target} as a level-{expected_count} table, but it is in use {detail} already",
              .why = "The same words mean pointers at one level and pages at the other, or devices in a directory: a "
                     "device reaches page tables as if they were data.",
              .repair = "Zeroes this entry and keeps the one that was found first. Only with -y, because which of "
                        "the two was meant is not known.",
              .origin = "PT15"},
    .facts = table_at_two_levels};

/// Who points to a table for a further time.
enum class Sharing : std::uint8_t {
    region,      ///< of a table in a region, where each page has one owner: D3b, whoever points
    two_tables,  ///< of a table in ordinary memory
    one_table,   ///< the same, from the table that points to it already
};

/// The entry that was found first to point to each table is kept; these are the others.
void further_pointers(const Facts &facts, FindingSink &sink, Sharing wanted)
{
    for (const ReferenceFact &reference : facts.references) {
        if (reference.fate != PointerFate::again)
            continue;
        const TableFact &target = facts.tables[reference.target];
        const bool in_region = !region_of(facts, target.address).empty();
        const Sharing sharing = in_region                          ? Sharing::region
                                : target.parent == reference.table ? Sharing::one_table
                                                                   : Sharing::two_tables;
        if (sharing != wanted)
            continue;
        Finding finding = removable_pointer(sink, facts, reference);
        finding.expected = target.references;
        finding.severity = in_region ? Severity::error : Severity::warning;
        finding.repair = in_region ? RepairPolicy::all : RepairPolicy::none;
        if (!in_region)
            finding.remedy = Remedy::none;
        sink.add(finding);
    }
}

void table_shared(const Facts &facts, FindingSink &sink)
{
    further_pointers(facts, sink, Sharing::region);
    further_pointers(facts, sink, Sharing::two_tables);
    for (const RecordFact &record : facts.records) {
        const std::optional<std::uint32_t> domain = domain_behind(facts, record);
        if (!domain || !facts.domains[*domain].root_in_tree || facts.domains[*domain].root_table == kNone)
            continue;
        const TableFact &root = facts.tables[facts.domains[*domain].root_table];
        sink.add(blocked_record(sink, facts, record, root));
    }
    for (const RecordFact &record : facts.shared_records) {
        Finding finding = record_finding(sink, facts, record);
        finding.target = record.step.record.next->address;
        finding.expected = 2;
        const bool in_region = !region_of(facts, *finding.target).empty();
        finding.severity = in_region ? Severity::error : Severity::warning;
        finding.repair = in_region ? RepairPolicy::all : RepairPolicy::none;
        finding.remedy = in_region ? Remedy::block_record : Remedy::none;
        sink.add(finding);
    }
}

constexpr CheckRow kTableShared{
    .about = {.code = "table-shared",
              .severity = Severity::error,
              .other_severity = Severity::warning,
              .other_where = "in ordinary memory, where tables may be shared on purpose",
              .title = "a table that several entries point to",
              .message = "{entry} points to {target}, a table that another entry points to already (at least "
                         "{expected_count} pointers)",
              .why = "The allocator gave one page to two owners: what either maps, the other's device reaches as well, "
                     "and whoever frees it first leaves the other with a table that is not its own.",
              .repair = "Zeroes this entry and keeps the one that was found first. Only with -y, because whose table "
                        "it is cannot be told. In ordinary memory, where tables may be shared on purpose, it is a "
                        "warning that nothing repairs.",
              .origin = "D3b, PT16"},
    .facts = table_shared};

void table_linked_twice(const Facts &facts, FindingSink &sink) { further_pointers(facts, sink, Sharing::one_table); }

constexpr CheckRow kLinkedTwice{
    .about = {.code = "table-linked-twice",
              .severity = Severity::warning,
              .title = "two entries of one table point to the same table",
              .message = "{entry} points to {target}, which another entry of the same table points to already",
              .why = "Two ranges of IOVAs share one table: what is mapped in one appears in the other, and when both "
                     "are unmapped the page is freed twice.",
              .repair = "Nothing is repaired: it may be meant. In a region, where each page has one owner, it is the "
                        "error table-shared.",
              .origin = "PT17"},
    .facts = table_linked_twice};

// ---- tables on the bitmap ----------------------------------------------------------------------------------

void table_on_bitmap(const Facts &facts, FindingSink &sink)
{
    const CheckSubject &subject = *facts.subject;
    if (!subject.region || !subject.region->base)
        return;
    for (const ReferenceFact &reference : facts.references) {
        if (reference.target == kNone)
            continue;
        const Range<PhysAddr> table = facts.tables[reference.target].range();
        if (table.first < *subject.region->base + kPageBytes && table.first + table.size > *subject.region->base)
            sink.add(removable_pointer(sink, facts, reference));
    }
}

constexpr CheckRow kTableOnBitmap{
    .about = {.code = "table-on-bitmap",
              .severity = Severity::error,
              .security = true,
              .title = "the allocation bitmap is used as a page table",
              .message = "{entry} points to {target}: the page of the allocation bitmap is used as a table",
              .why =
                  "The allocator's bits are entries of a page table then: each page that is handed out opens another "
                  "piece of memory to the device.",
              .repair = "Zeroes the entry: what is behind it is no longer translated.",
              .origin = "region.md section 1"},
    .facts = table_on_bitmap};

// ---- what tables hold --------------------------------------------------------------------------------------

void table_garbage(const Facts &facts, FindingSink &sink)
{
    constexpr std::uint32_t kFewest = 8;  // fewer may be single damaged entries
    constexpr std::uint32_t kHalf = 2;
    constexpr std::uint32_t kSome = 8;
    for (const TableFact &table : facts.tables) {
        if (table.faulting < kFewest || table.faulting * kSome <= table.present)
            continue;
        const bool most = table.faulting * kHalf > table.present;
        Finding finding = sink.finding();
        name_user(finding, facts.domain_of(table));
        finding.severity = most ? Severity::error : Severity::warning;
        finding.table = table.address;
        finding.level = table.level;
        finding.iova = table.first;
        finding.target = table.address;
        finding.observed = table.faulting;
        finding.expected = table.present;
        if (table.parent != kNone) {
            finding.table = facts.tables[table.parent].address;
            finding.level = facts.tables[table.parent].level;
            finding.index = table.parent_index;
            finding.repair = most ? RepairPolicy::safe : RepairPolicy::none;
            finding.remedy = most ? Remedy::clear_entry : Remedy::none;
        }
        sink.add(finding);
    }
}

constexpr CheckRow kTableGarbage{
    .about = {.code = "table-garbage",
              .severity = Severity::error,
              .other_severity = Severity::warning,
              .other_where = "where no more than half of the entries fault",
              .title = "a page that is used as a table does not read as one",
              .message = "{target} is used as a table, but hardware refuses {count} of its {expected_count} entries",
              .why = "The pointer is damaged, or the page was overwritten. Entries that look sound by accident let the "
                     "device reach memory that nobody meant.",
              .repair = "Where more than half of the entries fault: zeroes the entry that points to the page. Else, "
                        "and at the root, only the faulting entries are zeroed (reserved-bits and others).",
              .origin = "PT13"},
    .facts = table_garbage};

void table_empty(const Facts &facts, FindingSink &sink)
{
    for (const TableFact &table : facts.tables) {
        if (table.present != 0 || table.not_present != 0 || table.parent == kNone ||
            table.bytes_there != table.shape.bytes())
            continue;
        Finding finding = sink.finding();
        name_user(finding, facts.domain_of(table));
        finding.table = facts.tables[table.parent].address;
        finding.level = facts.tables[table.parent].level;
        finding.index = table.parent_index;
        finding.iova = table.first;
        finding.target = table.address;
        sink.add(finding);
    }
}

constexpr CheckRow kTableEmpty{
    .about = {.code = "table-empty",
              .severity = Severity::info,
              .title = "an empty table that is still linked",
              .message = "{entry} points to {target}, a table without entries",
              .why = "Normal: Linux keeps tables when everything in them is unmapped. Many of them use a region up.",
              .repair = "Nothing to repair. pgregion unmap --free-empty gives such tables back.",
              .origin = "PT45"},
    .facts = table_empty};

constexpr std::array<const CheckRow *, 9> kRows = {
    &kTableOnBitmap, &kTableOutsideRegion, &kTableOutsideSource, &kTableCycle, &kTwoLevels,
    &kTableShared,   &kLinkedTwice,        &kTableGarbage,       &kTableEmpty,
};

}  // namespace

std::span<const CheckRow *const> structure_rows() { return kRows; }

}  // namespace pgregion::check
