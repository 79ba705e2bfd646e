// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of directories that lie in regions, or lead into them: region.md sections 1.3 and 3 (D18, D19, D20).
//
//   root region                                 domain region
//   page 1  root table ──► context table ─────► page 1  root of one domain's tables
#include "check/directory_checks.h"
#include "check/directory_codes.h"
#include "check/directory_pointers.h"
#include "check/region_pages.h"

#include <algorithm>
#include <set>

namespace pgregion::check
{

namespace
{

bool is_vtd(const DirectoryFormat &format) { return format.family == DirectoryFamily::vtd; }

/// True when a record at `from`, in a region, holds the allocator's error code.
bool is_enomem(const Facts &facts, PhysAddr from, PhysAddr to)
{
    const Range<PhysAddr> region = region_with(facts, from);
    return !region.empty() && to == region.first - kEnomemDistance;
}

/// True when a record at `from`, in a region, leads out of it.
bool leaves_region(const Facts &facts, PhysAddr from, PhysAddr to)
{
    const Range<PhysAddr> region = region_with(facts, from);
    return !region.empty() && !region.contains(to) && !is_enomem(facts, from, to);
}

/// Units and addresses of the context tables that hold a present entry.
std::set<std::pair<std::uint32_t, PhysAddr>> tables_in_use(const Facts &facts)
{
    std::set<std::pair<std::uint32_t, PhysAddr>> used;
    for (const RecordFact &record : facts.records) {
        if (record.step.record.present && holds_devices(facts.directory(record.unit), record.step.table))
            used.insert({record.unit, record.step.table.address});
    }
    return used;
}

void context_table_cleared(const Facts &facts, FindingSink &sink)
{
    auto known = tables_in_use(facts);
    std::vector<std::byte> buffer(kPageBytes);
    LimitedSink out(sink);
    for (const RecordFact &record : facts.records) {
        const DirectoryFormat &format = facts.directory(record.unit);
        const auto &next = record.step.record.next;
        if (!next || !is_vtd(format) || !holds_devices(format, *next) || region_with(facts, next->address).empty())
            continue;
        const bool is_new = known.insert({record.unit, next->address}).second;
        if (!is_new || facts.subject->memory->page(next->address, buffer).empty())
            continue;
        Finding finding = sink.finding();
        finding.table = next->address;
        finding.unit = record.unit;
        finding.device = record.place.device;
        out.add(finding);
    }
}

void root_page_skipped(const Facts &facts, FindingSink &sink)
{
    LimitedSink out(sink);
    for (const RecordFact &record : facts.records) {
        const auto &translation = record.step.record.translation;
        if (!translation || translation->format == nullptr || !is_vtd(facts.directory(record.unit)))
            continue;
        const PhysAddr root = physical_stage(*translation).root;
        const Range<PhysAddr> region = region_with(facts, root);
        const bool holds_directory = std::ranges::any_of(
            facts.subject->units, [&](const DirectoryRequest &unit) { return region.contains(unit.root); });
        const PhysAddr page1 = region.first + kRootPage.value() * kPageBytes;
        if (region.empty() || holds_directory || root == page1)
            continue;
        Finding finding = finding_at(sink, facts, record);
        finding.target = root;
        finding.observed = (root - region.first) / kPageBytes;
        finding.expected = kRootPage.value();
        out.add(finding);
    }
}

}  // namespace

constexpr CheckRow kContextTableCleared{
    .about = {.code = "context-table-cleared",
              .severity = Severity::info,
              .title = "a context table in which no entry is present",
              .message = "the context table at {table}, for {device} and those after it, holds no present entry",
              .why =
                  "The kernel makes a context table when it attaches a device, and clears the entries of the devices "
                  "that it takes over. Devices behind this table are blocked until they are attached again.",
              .repair = "Nothing is repaired: it is normal after a live update.",
              .origin = "D19"},
    .facts = context_table_cleared};

constexpr CheckRow kRootPageSkipped{
    .about = {.code = "root-page-skipped",
              .severity = Severity::warning,
              .title = "a domain's page tables do not begin on page 1 of their region",
              .message = "{record} leads to {target}, page {count} of a region whose tables begin on page "
                         "{expected_count}",
              .why = "The driver leaves out upper levels that an IOMMU does not have, and enters at a table below the "
                     "root page. Whoever reads the region from page 1 sees one level more; pages from page 1 to the "
                     "table in use look leaked and are not.",
              .repair = "Nothing is repaired: the tables work. Check that region with --root and the levels of the "
                        "context entry.",
              .origin = "D20"},
    .facts = root_page_skipped};

void directory_pointers_outside_region(const Facts &facts, FindingSink &sink)
{
    for (const RecordFact &record : facts.records) {
        const auto &next = record.step.record.next;
        if (!next || next->outer.format != nullptr || !leaves_region(facts, record.step.table.address, next->address))
            continue;
        Finding finding = blockable(sink, facts, record, RepairPolicy::all);
        finding.target = next->address;
        finding.detail = facts.directory(record.unit).table_types[next->type].name;
        sink.add(finding);
    }
}

void directory_pointers_outside_source(const Facts &facts, FindingSink &sink)
{
    const RecordFinder records(facts);
    LimitedSink out(sink);
    for (const DirectoryProblem &one : facts.directory_problems) {
        const Problem &problem = one.problem;
        const PhysAddr target(problem.observed);
        if (problem.kind != ProblemKind::table_outside_source || leaves_region(facts, problem.table, target) ||
            is_enomem(facts, problem.table, target))
            continue;
        const RecordFact *record = records.find(one.unit, problem.table, problem.index);
        Finding finding = record != nullptr ? finding_at(sink, facts, *record) : sink.finding();
        finding.table = finding.table.value_or(problem.table);
        finding.index = problem.index;
        finding.unit = one.unit;
        finding.device = problem.device;
        finding.target = target;
        finding.detail = "table of a directory";
        out.add(finding);
    }
}

}  // namespace pgregion::check
