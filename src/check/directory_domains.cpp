// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of domains as directories name them: an id that stands for several page tables, page tables that are read in
// several ways. Records are sorted by what should be alike; of those that are not, the largest group (of equals the
// one that comes first in the directory) is taken for right and the others are reported.
//
// Source: region.md section 3 (D16); iommu-formats.md section 9 (PT39, PT40).
#include "base/bytes.h"
#include "check/directory_checks.h"
#include "check/directory_codes.h"

#include <algorithm>
#include <tuple>

namespace pgregion::check
{

namespace
{

/// How one record uses page tables.
struct Use {
    std::uint32_t record = 0;  ///< of facts.records
    std::uint32_t unit = 0;
    std::uint64_t tag = 0;  ///< id in the caches of the unit
    Stage stage;
    std::uint64_t extent = 0;
};

Use use_of(const Facts &facts, std::uint32_t number)
{
    const RecordFact &record = facts.records[number];
    Use use;
    use.record = number;
    use.unit = record.unit;
    use.stage = physical_stage(*record.step.record.translation);
    use.extent = extent_of(use.stage);
    return use;
}

/// The records that end in page tables.
std::vector<Use> uses_of_tables(const Facts &facts)
{
    std::vector<Use> uses;
    for (std::uint32_t number = 0; number < facts.records.size(); ++number) {
        const auto &translation = facts.records[number].step.record.translation;
        if (translation && translation->format != nullptr)
            uses.push_back(use_of(facts, number));
    }
    return uses;
}

std::vector<Use> tagged_uses(const Facts &facts)
{
    std::vector<Use> uses;
    for (Use &use : uses_of_tables(facts)) {
        const RecordFact &record = facts.records[use.record];
        const auto tag = cache_tag(facts.directory(record.unit), record.step, record.place.pasid);
        if (!tag)
            continue;
        use.tag = *tag;
        uses.push_back(use);
    }
    return uses;
}

using Uses = std::span<const Use>;

/// The first uses of `uses`, as many as have the same key.
template <class Key>
Uses first_alike(Uses uses, Key key)
{
    const auto end = std::ranges::find_if(uses, [&](const Use &use) { return key(use) != key(uses.front()); });
    return uses.first(static_cast<std::size_t>(end - uses.begin()));
}

/// Sorts by `group`, then `part`; shows `differs` every use whose part is not that of most of its group, and one of
/// these.
template <class Group, class Part, class Differs>
void hold_against_most(std::vector<Use> uses, Group group, Part part, Differs differs)
{
    std::ranges::stable_sort(uses, {}, [&](const Use &use) { return std::tuple(group(use), part(use)); });
    for (Uses rest(uses); !rest.empty();) {
        const Uses alike = first_alike(rest, group);
        rest = rest.subspan(alike.size());
        Uses most;
        for (Uses left = alike; !left.empty();) {
            const Uses same = first_alike(left, part);
            left = left.subspan(same.size());
            const bool earlier = same.size() == most.size() && same.front().record < most.front().record;
            if (same.size() > most.size() || earlier)
                most = same;
        }
        for (const Use &use : alike) {
            if (part(use) != part(most.front()))
                differs(use, most.front());
        }
    }
}

/// While AMD's driver adds a level on top, records of one domain lead to the new root and the old one, to which slot 0
/// of the new one points.
bool is_growth(const Facts &facts, const Stage &a, const Stage &b)
{
    const Stage &low = a.params.levels < b.params.levels ? a : b;
    const Stage &high = a.params.levels < b.params.levels ? b : a;
    if (a.format != b.format || a.format->family != TableFamily::amd || low.params.levels == high.params.levels)
        return false;
    std::vector<std::byte> buffer(kPageBytes);
    const Bytes page = facts.subject->memory->page(page_of(high.root), buffer);
    if (page.empty())
        return false;
    const Entry entry = high.format->decode(load_le64(page, 0), high.params.levels - 1U, high.params);
    return entry.kind == EntryKind::table && entry.target == low.root && entry.target_level + 1U == low.params.levels;
}

void domain_id_shared(const Facts &facts, FindingSink &sink)
{
    const auto group = [](const Use &use) { return std::tuple(use.unit, use.tag); };
    const auto part = [](const Use &use) { return std::tuple(use.stage.root, use.extent); };
    hold_against_most(tagged_uses(facts), group, part, [&](const Use &use, const Use &other) {
        const RecordFact &record = facts.records[use.record];
        Finding finding = blockable(sink, facts, record, RepairPolicy::all);
        finding.observed = record.step.record.translation->domain_id;
        finding.target = use.stage.root;
        finding.expected = other.stage.root.value();
        finding.detail = use.stage.root == other.stage.root ? "the same tables, read in another way" : "other tables";
        if (is_growth(facts, use.stage, other.stage)) {
            finding.severity = Severity::warning;
            finding.security = false;
            finding.repair = RepairPolicy::none;
            finding.remedy = Remedy::none;
        }
        sink.add(finding);
    });
}

void root_levels_differ(const Facts &facts, FindingSink &sink)
{
    const auto group = [](const Use &use) { return use.stage.root; };
    const auto part = [](const Use &use) { return std::tuple(use.stage.format->name, use.extent); };
    hold_against_most(uses_of_tables(facts), group, part, [&](const Use &use, const Use &other) {
        const RecordFact &record = facts.records[use.record];
        Finding finding = blockable(sink, facts, record, RepairPolicy::all);
        finding.target = use.stage.root;
        finding.observed = use.stage.params.levels;
        finding.expected = other.stage.params.levels;
        finding.detail = use.stage.params.levels != other.stage.params.levels ? "levels" : "widths";
        if (use.stage.format != other.stage.format)
            finding.detail = "formats";
        if (facts.directory(record.unit).family == DirectoryFamily::amd && use.stage.format == other.stage.format)
            finding.severity = Severity::warning;
        sink.add(finding);
    });
}

}  // namespace

constexpr CheckRow kDomainIdShared{
    .about = {.code = "domain-id-shared",
              .severity = Severity::error,
              .other_severity = Severity::warning,
              .other_where = "while AMD-Vi tables grow by a level",
              .security = true,
              .title = "one domain id stands for several page tables",
              .message =
                  "{record} uses id {observed} for the page tables at {target}, but other records of its unit use "
                  "it for {detail} ({expected})",
              .why = "The IOMMU keeps translations by id (domain id, VMID, GSCID; ASID or PSCID with PASIDs). With one "
                     "id for two sets of tables a device is answered from the other's: it reads and writes memory "
                     "that is not its own.",
              .repair = "Blocks the records that are fewer, and keeps the others; only with -y, because which of the "
                        "tables was meant is not known. While AMD-Vi tables grow by a level it is a warning that "
                        "nothing repairs.",
              .origin = "D16, PT39"},
    .facts = domain_id_shared};

constexpr CheckRow kRootLevelsDiffer{
    .about = {.code = "root-levels-differ",
              .severity = Severity::error,
              .other_severity = Severity::warning,
              .other_where = "in AMD-Vi, whose tables grow",
              .title = "the same page tables are read in different ways",
              .message = "{record} reads the page tables at {target} with {count} levels, other records read them with "
                         "{expected_count}: {detail} differ",
              .why = "Only one way can be right. In the other, pages of data are taken for tables, or tables for pages "
                     "of data that the device may write. In AMD-Vi it is a warning: while tables grow, a record may "
                     "still have the old number of levels.",
              .repair = "Blocks the records that are fewer, and keeps the others; only with -y, because which way was "
                        "meant is not known.",
              .origin = "PT40"},
    .facts = root_levels_differ};

}  // namespace pgregion::check
