// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/domain_leaves.h"

#include "check/table_pass.h"

namespace pgregion::check
{

namespace
{

bool goes_on(const DomainLeaves &last, const DomainLeaves &next)
{
    return last.domain == next.domain && last.pa + last.size_bytes == next.pa &&
           last.iova + last.size_bytes == next.iova;
}

}  // namespace

std::vector<DomainLeaves> writable_leaves(const Facts &facts)
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
                const DomainLeaves found{entry.target, std::uint64_t{run.count} << entry.size_lg2,
                                         slot_iova(stage, table, run.index), table.domain};
                if (!leaves.empty() && goes_on(leaves.back(), found))
                    leaves.back().size_bytes += found.size_bytes;
                else if (leaves.size() < kMostLeaves)
                    leaves.push_back(found);
                else
                    return {};
            }
        }
    }
    return leaves;
}

}  // namespace pgregion::check
