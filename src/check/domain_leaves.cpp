// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/domain_leaves.h"

#include "check/encoding.h"
#include "check/table_pass.h"

namespace pgregion::check
{

namespace
{

bool goes_on(const DomainLeaves &last, const DomainLeaves &next)
{
    return last.domain == next.domain && last.registers == next.registers && last.pa + last.size_bytes == next.pa &&
           last.iova + last.size_bytes == next.iova;
}

/// Whether all of it is in a gap between the pieces of RAM that were named.
bool is_no_ram(const Watch &watch, PhysAddr first, std::uint64_t size)
{
    const auto gap = watch.find(Watched::not_ram, first, size);
    return gap && gap->contains(first, size);
}

}  // namespace

std::optional<std::vector<DomainLeaves>> writable_leaves(const Facts &facts)
{
    std::vector<DomainLeaves> leaves;
    if (facts.domains.size() < 2)
        return leaves;
    TablePass pass;
    for (const TableFact &table : facts.tables) {
        const Stage &stage = facts.domain_of(table).stage;
        pass.begin(*facts.subject->memory, stage, table);
        while (pass.next()) {
            for (const EntryRun &run : pass.runs()) {
                const Entry &entry = run.first;
                if (entry.kind != EntryKind::leaf || entry.faults() ||
                    !(table.access & entry.access).allows(Access::write()))
                    continue;
                const std::uint64_t size = std::uint64_t{run.count} << entry.size_lg2;
                const DomainLeaves found{entry.target, size, slot_iova(stage, table, run.index), table.domain,
                                         is_device_memory(stage.format->family, entry.raw) ||
                                             is_no_ram(facts.watch, entry.target, size)};
                if (!leaves.empty() && goes_on(leaves.back(), found))
                    leaves.back().size_bytes += found.size_bytes;
                else if (leaves.size() < kMostLeaves)
                    leaves.push_back(found);
                else
                    return std::nullopt;
            }
        }
    }
    return leaves;
}

}  // namespace pgregion::check
