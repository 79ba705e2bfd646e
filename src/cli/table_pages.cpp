// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/table_pages.h"

#include "cli/device_list.h"

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
        roles_.emplace(page_of(visit.table), role);
    }

    Visit runs(const TableVisit &, std::span<const EntryRun>) override { return Visit::go_on; }

private:
    std::map<PhysAddr, TableRole> &roles_;
};

class DirectoryRoles final : public DirectoryVisitor
{
public:
    DirectoryRoles(const Tables &tables, std::map<PhysAddr, TableRole> &roles)
        : tables_(tables), roles_(roles), budget_(WalkBudget::for_memory(tables.memory))
    {
    }

    void add_table(const DirectoryTable &table)
    {
        TableRole role;
        role.directory = tables_.directory;
        role.params = tables_.params;
        role.type = table.type;
        role.address = table.address;
        role.entries = table.records;
        roles_.emplace(page_of(table.address), role);
    }

    void record(const DirectoryStep &step, std::uint32_t) override
    {
        if (step.record.next)
            add_table(*step.record.next);
    }

    void device(const Device &device) override
    {
        if (device.translation.format == nullptr || !root_readable(tables_, device))
            return;
        RoleCollector collector(roles_);
        WalkRequest request = request_for(device);
        request.budget = &budget_;
        walk_tables(tables_.memory, request, collector);
    }

private:
    const Tables &tables_;
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
    DirectoryRoles collector(tables, roles);
    collector.add_table(tables.directory->root(tables.root, tables.params));
    walk_directory(tables.memory, tables.directory_request(), collector);
    return roles;
}

}  // namespace pgregion::cli
