// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/table_pages.h"

#include "cli/opening/device_list.h"

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
    DirectoryRoles(const Tables &tables, const DirectoryRequest &unit, std::map<PhysAddr, TableRole> &roles)
        : tables_(tables), unit_(unit), roles_(roles), budget_(WalkBudget::for_memory(tables.memory))
    {
    }

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

    void device(const Device &device) override
    {
        const Translation &translation = device.translation;
        if (translation.format == nullptr)
            return;
        WalkRequest request = walk_request(physical_stage(translation));
        RoleCollector collector(roles_);
        request.budget = &budget_;
        walk_tables(tables_.memory, request, collector);
    }

private:
    const Tables &tables_;
    const DirectoryRequest &unit_;
    std::map<PhysAddr, TableRole> &roles_;
    WalkBudget budget_;
};

}  // namespace

std::map<PhysAddr, TableRole> table_roles(const Tables &tables)
{
    std::map<PhysAddr, TableRole> roles;
    if (tables.directory == nullptr) {
        RoleCollector collector(roles);
        walk_tables(tables.memory, tables.request(), collector);
        return roles;
    }
    for (const DirectoryRequest &unit : tables.units) {
        DirectoryRoles collector(tables, unit, roles);
        collector.add_table(unit.format->root(unit.root, unit.params));
        walk_directory(tables.memory, unit, collector);
    }
    return roles;
}

}  // namespace pgregion::cli
