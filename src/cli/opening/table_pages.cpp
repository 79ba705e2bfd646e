// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/table_pages.h"

#include "cli/opening/trees.h"

namespace pgregion::cli
{

namespace
{

class RoleCollector final : public WalkVisitor
{
public:
    explicit RoleCollector(std::map<PhysAddr, TableRole> &roles) : roles_(roles) {}

    void enter(const TableVisit &visit) override
    {
        TableRole role;
        role.format = visit.format;
        role.params = *visit.params;
        role.level = visit.level;
        role.first = visit.first;
        role.address = visit.table;
        role.entries = visit.shape.entries();
        role.entry_bytes = visit.shape.bytes() / visit.shape.entries();
        roles_.emplace(visit.table, role);
    }

    Visit runs(const TableVisit &, std::span<const EntryRun>) override { return Visit::go_on; }

private:
    std::map<PhysAddr, TableRole> &roles_;
};

class DirectoryRoles final : public DirectoryVisitor
{
public:
    DirectoryRoles(const DirectoryRequest &unit, std::map<PhysAddr, TableRole> &roles) : unit_(unit), roles_(roles) {}

    void add_table(const DirectoryTable &table)
    {
        TableRole role;
        role.directory = unit_.format;
        role.params = unit_.params;
        role.directory_table = table;
        role.address = table.address;
        role.entries = table.records;
        role.entry_bytes = unit_.format->table_types[table.type].record_bytes;
        roles_.emplace(table.address, role);
    }

    // Tables behind an outer stage are the guest's, at addresses of the guest.
    void record(const DirectoryStep &step, const DirectoryPlace &) override
    {
        if (step.record.next && step.record.next->outer.format == nullptr)
            add_table(*step.record.next);
    }

private:
    const DirectoryRequest &unit_;
    std::map<PhysAddr, TableRole> &roles_;
};

}  // namespace

std::map<PhysAddr, TableRole> table_roles(const Tables &tables)
{
    std::map<PhysAddr, TableRole> roles;
    for (const DirectoryRequest &unit : tables.units) {
        DirectoryRoles collector(unit, roles);
        collector.add_table(unit.format->root(unit.root, unit.params));
        walk_directory(tables.memory, unit, collector);
    }
    report::Problems problems;  // other commands tell them
    WalkBudget budget = WalkBudget::for_memory(tables.memory);
    for (const Tree &tree : all_trees(tables, problems)) {
        if (!tree.request)
            continue;
        // Tables behind an outer stage are the guest's: those of the outer stage lie in this memory.
        WalkRequest request =
            tree.device ? walk_request(physical_stage(tree.device->device.translation)) : *tree.request;
        RoleCollector collector(roles);
        request.budget = &budget;
        walk_tables(tables.memory, request, collector);
    }
    return roles;
}

}  // namespace pgregion::cli
