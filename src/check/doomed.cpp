// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/doomed.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

namespace pgregion::check
{

namespace
{

constexpr std::string_view kTwoLevels = "table-at-two-levels";
/// Findings at records that doubt how the tables are read, not what the device may do.
constexpr std::array<std::string_view, 3> kReadingDoubted{"depth-mismatch", "root-levels-differ", "root-misaligned"};

using Record = std::tuple<std::uint32_t, PhysAddr, std::uint32_t>;  // unit, table, index

std::set<Record> blocked_records(const std::vector<Finding> &findings)
{
    std::set<Record> blocked;
    for (const Finding &finding : findings) {
        const bool doubted = std::ranges::find(kReadingDoubted, finding.check->code) != kReadingDoubted.end();
        if (doubted && finding.remedy == Remedy::block_record && finding.unit && finding.table && finding.index)
            blocked.emplace(*finding.unit, *finding.table, *finding.index);
    }
    return blocked;
}

/// True when each record that leads to the domain will be blocked.
bool is_doomed(const DomainFact &domain, const std::set<Record> &blocked)
{
    return !domain.users.empty() && domain.user_count == domain.users.size() &&
           std::ranges::all_of(domain.users, [&](const DomainUser &user) {
               return blocked.contains({user.unit, user.device.table, user.device.index});
           });
}

/// The tables that stay in use, one flag for each of facts.tables.
std::vector<bool> tables_that_stay(const Facts &facts, const std::set<Record> &blocked)
{
    std::vector<std::vector<std::uint32_t>> below(facts.tables.size());
    for (const ReferenceFact &reference : facts.references) {
        if (reference.fate == PointerFate::first || reference.fate == PointerFate::again)
            below[reference.table].push_back(reference.target);
    }
    std::vector<std::uint32_t> open;
    for (const DomainFact &domain : facts.domains) {
        if (domain.root_table != kNone && !is_doomed(domain, blocked))
            open.push_back(domain.root_table);
    }
    std::vector<bool> stays(facts.tables.size());
    while (!open.empty()) {
        const std::uint32_t table = open.back();
        open.pop_back();
        if (stays[table])
            continue;
        stays[table] = true;
        open.insert(open.end(), below[table].begin(), below[table].end());
    }
    return stays;
}

using Reading = std::tuple<PhysAddr, unsigned, std::optional<std::uint32_t>, std::optional<std::uint32_t>,
                           std::optional<std::uint32_t>>;  // table, level, and the device that is named

Reading reading_of(const Facts &facts, const TableFact &table)
{
    const DomainFact &domain = facts.domain_of(table);
    if (domain.users.empty())
        return {table.address, table.level, std::nullopt, std::nullopt, std::nullopt};
    const DomainUser &user = domain.users.front();
    return {table.address, table.level, user.unit, user.device.id, user.device.pasid};
}

}  // namespace

void spare_doomed_readings(const Facts &facts, std::vector<Finding> &findings)
{
    const std::set<Record> blocked = blocked_records(findings);
    const bool two_levels =
        std::ranges::any_of(findings, [](const Finding &finding) { return finding.check->code == kTwoLevels; });
    if (blocked.empty() && !two_levels)
        return;
    const std::vector<bool> stays = tables_that_stay(facts, blocked);
    std::set<Reading> doomed;
    for (std::size_t i = 0; i < stays.size(); ++i) {
        if (!stays[i])
            doomed.insert(reading_of(facts, facts.tables[i]));
    }
    for (std::size_t i = 0; i < stays.size(); ++i) {
        if (stays[i])
            doomed.erase(reading_of(facts, facts.tables[i]));
    }
    for (Finding &finding : findings) {
        if (finding.remedy != Remedy::clear_entry || !finding.table ||
            !doomed.contains({*finding.table, finding.level.value_or(0), finding.unit, finding.device, finding.pasid}))
            continue;
        finding.repair = RepairPolicy::none;
        finding.remedy = Remedy::none;
    }
}

}  // namespace pgregion::check
