// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of what devices can reach: tables, directories, each other's memory. These matter most: a device that can
// write its own tables is bound by nothing. Source: iommu-formats.md section 9 (PT18 to PT21, PT42).
#include "check/check_row.h"
#include "check/sharing.h"

#include <algorithm>
#include <array>

namespace pgregion::check
{

namespace
{

/// What of a leaf's output is watched, page tables before the rest of a region.
std::optional<Range<PhysAddr>> watched_tables(const Watch &watch, PhysAddr first, std::uint64_t size)
{
    const auto table = watch.find(Watched::page_table, first, size);
    return table ? table : watch.find(Watched::region, first, size);
}

enum class LeafSize : std::uint8_t { smallest, large };

LeafSize size_of(const EntryView &view)
{
    return view.run.first.size_lg2 > view.format().leaf_sizes_lg2.front() && view.table.level > 0 ? LeafSize::large
                                                                                                  : LeafSize::smallest;
}

/// One finding for each leaf of the run whose output touches what `find` finds.
template <class Find>
void report_leaves(const EntryView &view, FindingSink &sink, Find find)
{
    const EntryRun &run = view.run;
    const std::uint64_t size = std::uint64_t{1} << run.first.size_lg2;
    if (!find(view.facts.watch, run.first.target, size * run.count))
        return;
    for (std::uint32_t k = 0; k < run.count; ++k) {
        const PhysAddr target = run.entry(k).target;
        const std::optional<Range<PhysAddr>> hit = find(view.facts.watch, target, size);
        if (!hit)
            continue;
        Finding finding = view.removable(sink, k);
        finding.target = std::max(target, hit->first);
        finding.detail =
            view.facts.domain_of(view.table).ats ? "the device may ask for translations itself (ATS), too" : "";
        sink.add(finding);
    }
}

void leaf_maps_tables(const EntryView &view, FindingSink &sink)
{
    if (view.access().allows(Access::write()) && size_of(view) == LeafSize::smallest)
        report_leaves(view, sink, watched_tables);
}

constexpr CheckRow kLeafMapsTables{
    .about = {.code = "leaf-maps-tables",
              .severity = Severity::error,
              .security = true,
              .title = "a device can write page tables or the bitmap",
              .message = "{device} can write {target} through IOVA {iova}: {entry} maps a page of the tables",
              .why = "A device that writes page tables decides by itself which memory it reaches, and all of it is "
                     "then in reach. A page of a region counts even while it is free: it will be a table.",
              .repair = "Zeroes the entry, with all its copies: the device loses this IOVA.",
              .origin = "PT18"},
    .entry = leaf_maps_tables,
    .entries = kWatchedLeaf};

void large_leaf_covers_tables(const EntryView &view, FindingSink &sink)
{
    if (view.access().allows(Access::write()) && size_of(view) == LeafSize::large)
        report_leaves(view, sink, watched_tables);
}

constexpr CheckRow kLargeLeaf{
    .about =
        {.code = "large-leaf-covers-tables",
         .severity = Severity::error,
         .security = true,
         .title = "a large leaf covers page tables or the bitmap",
         .message =
             "{device} can write {target}: the leaf of {size} at IOVA {iova} ({entry}) covers a page of the tables",
         .why = "Mostly an identity mapping that was made without leaving the tables out. A device that writes "
                "page tables decides by itself which memory it reaches.",
         .repair = "Zeroes the entry: the device loses the whole leaf. To keep the rest of it, unmap only the "
                   "pages of the tables: pgregion unmap SOURCE IOVA SIZE.",
         .origin = "PT21"},
    .entry = large_leaf_covers_tables,
    .entries = kWatchedLeaf};

void leaf_reads_tables(const EntryView &view, FindingSink &sink)
{
    if (!view.access().empty() && !view.access().allows(Access::write()))
        report_leaves(view, sink, watched_tables);
}

constexpr CheckRow kLeafReads{
    .about = {.code = "leaf-reads-tables",
              .severity = Severity::warning,
              .title = "a device can read page tables or the bitmap",
              .message = "{device} can read {target} through IOVA {iova}: {entry} maps a page of the tables",
              .why = "What page tables say about the host's memory is of use to an attacker, and one bit more makes "
                     "them writable.",
              .repair = "Zeroes the entry, with all its copies: the device loses this IOVA.",
              .origin = "PT19"},
    .entry = leaf_reads_tables,
    .entries = kWatchedLeaf};

void leaf_maps_directory(const EntryView &view, FindingSink &sink)
{
    if (view.access().empty())
        return;
    const std::size_t before = sink.findings().size();
    report_leaves(view, sink, [](const Watch &watch, PhysAddr first, std::uint64_t size) {
        return watch.find(Watched::directory_table, first, size);
    });
    if (view.access().allows(Access::write()))
        return;
    for (std::size_t i = before; i < sink.findings().size(); ++i) {
        sink.findings()[i].severity = Severity::warning;
        sink.findings()[i].security = false;
    }
}

constexpr CheckRow kLeafMapsDirectory{
    .about = {.code = "leaf-maps-directory",
              .severity = Severity::error,
              .other_severity = Severity::warning,
              .other_where = "where the device can only read it",
              .security = true,
              .title = "a device can reach the tables that say which page tables it uses",
              .message = "{device} reaches {target}, a table of the directory, through IOVA {iova}: {entry} maps it",
              .why = "The directory (root, context and PASID tables, device table, stream table) says which page "
                     "tables a device uses. A device that writes it gives itself any others, or none. One that only "
                     "reads it learns where they are: a warning.",
              .repair = "Zeroes the entry, with all its copies: the device loses this IOVA.",
              .origin = "PT20"},
    .entry = leaf_maps_directory,
    .entries = kWatchedLeaf};

// ---- memory of several domains -----------------------------------------------------------------------------

/// A domain of a pair: who uses it, and where the shared memory is for them.
FindingDomain named(const DomainFact &domain, Iova iova)
{
    FindingDomain name;
    name.users = domain.user_count;
    name.root = domain.stage.root;
    name.iova = iova;
    if (!domain.users.empty()) {
        const DomainUser &user = domain.users.front();
        name.unit = user.unit;
        name.device = user.device.id;
        name.pasid = user.device.pasid;
        name.domain_id = user.device.translation.domain_id;
    }
    return name;
}

std::uint64_t page_bytes(const DomainFact &domain)
{
    return std::uint64_t{1} << domain.stage.format->shape(0, domain.stage.params).shift;
}

/// `expected` is the number of pages, `observed` the root of the second domain.
void add_shared(const Facts &facts, FindingSink &sink, const SharedPair &pair)
{
    const DomainFact &first = facts.domains[pair.first];
    const DomainFact &second = facts.domains[pair.second];
    const std::uint64_t page = std::min(page_bytes(first), page_bytes(second));
    Finding finding = sink.finding();
    finding.table = first.stage.root;
    finding.iova = pair.first_iova;
    finding.target = PhysAddr(pair.lists.ranges.front().first);
    finding.observed = second.stage.root.value();
    finding.expected = pair.bytes / page;
    finding.size_bytes = pair.bytes;
    finding.detail = pair.kind == SharedKind::registers ? "registers of a device" : "memory";
    if (pair.kind == SharedKind::registers || pair.bytes <= page)
        finding.severity = Severity::info;
    name_user(finding, first);
    auto lists = std::make_shared<FindingLists>(pair.lists);
    lists->domains = {named(first, pair.first_iova), named(second, pair.second_iova)};
    finding.lists = std::move(lists);
    sink.add(std::move(finding));
}

/// Both halves of the address space of one context: what they share is shared with nobody else.
bool are_halves_of_one(const DomainFact &a, const DomainFact &b)
{
    if (a.users.empty() || b.users.empty() || a.user_count != b.user_count)
        return false;
    const DomainUser &first = a.users.front();
    const DomainUser &second = b.users.front();
    return first.unit == second.unit && first.device.table == second.device.table &&
           first.device.index == second.device.index;
}

void memory_shared(const Facts &facts, FindingSink &sink)
{
    const Sharing sharing = find_sharing(facts);
    for (const SharedPair &pair : sharing.pairs) {
        if (!are_halves_of_one(facts.domains[pair.first], facts.domains[pair.second]))
            add_shared(facts, sink, pair);
    }
    if (sharing.cut_short)
        sink.cut_short();
}

constexpr CheckRow kMemoryShared{
    .about = {.code = "memory-shared",
              .severity = Severity::warning,
              .other_severity = Severity::info,
              .other_where = "for the registers of a device, and where all that two domains share is one page",
              .title = "devices of two domains can write the same memory",
              .message = "{domains} can write the same {detail}: {ranges}; {size} in all, pages: {expected_count}",
              .why = "Two domains are to be kept apart. Shared memory between devices is legal where it was meant; "
                     "else data of one owner reaches the other. A healthy host shows two kinds: registers, such as "
                     "the doorbell to which all devices send their interrupt messages on Arm, and a page with small "
                     "buffers of two drivers, such as receive buffers of two network cards. Of registers each domain "
                     "is named once, with the first that has them.",
              .repair = "Nothing is repaired: which of the two was meant is not known. pgregion mappings shows all.",
              .origin = "PT42"},
    .facts = memory_shared};

constexpr std::array<const CheckRow *, 5> kRows = {&kLeafMapsTables, &kLargeLeaf, &kLeafReads, &kLeafMapsDirectory,
                                                   &kMemoryShared};

}  // namespace

std::span<const CheckRow *const> isolation_rows() { return kRows; }

}  // namespace pgregion::check
