// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/device_list.h"

#include <pgregion/error.h>

#include <algorithm>

namespace pgregion::cli
{

namespace
{

bool is_unprotected(const Device &device) { return device.translation.kind == TranslationKind::unprotected; }

class Collector final : public DirectoryVisitor
{
public:
    Collector(const Tables &tables, std::uint32_t unit, report::Problems &problems)
        : tables_(tables), unit_(unit), problems_(problems)
    {
    }

    void device(const Device &device) override
    {
        if (is_unprotected(device) && !devices.empty()) {
            Device &last = devices.back().device;
            if (is_unprotected(last) && last.last_id + 1 == device.id) {
                last.last_id = device.last_id;
                return;
            }
        }
        devices.push_back({unit_, device});
        if (!root_readable(tables_, device.translation))
            problems_.add(root_problem(device));
    }

    void problem(const Problem &problem) override { problems_.add(problem); }

    std::vector<UnitDevice> devices;

private:
    const Tables &tables_;
    std::uint32_t unit_;
    report::Problems &problems_;
};

}  // namespace

std::vector<UnitDevice> list_devices(const Tables &tables, report::Problems &problems)
{
    std::vector<UnitDevice> all;
    for (std::uint32_t unit = 0; unit < tables.units.size(); ++unit) {
        Collector collector(tables, unit, problems);
        problems.add(walk_directory(tables.memory, tables.units[unit], collector));
        all.insert(all.end(), collector.devices.begin(), collector.devices.end());
    }
    return all;
}

std::vector<UnitDevice> with_upper_half(const UnitDevice &row)
{
    std::vector<UnitDevice> rows{row};
    if (const auto upper = upper_half(row.device.translation)) {
        rows.push_back(row);
        rows.back().device.translation = *upper;
    }
    return rows;
}

std::vector<UnitDevice> list_device(const Tables &tables, const Requester &requester, report::Problems &problems)
{
    if (requester.pasid)
        return with_upper_half(require_device_entry(tables, requester));
    std::vector<UnitDevice> rows;
    for (UnitDevice row : list_devices(tables, problems)) {
        if (requester.device < row.device.id || row.device.last_id < requester.device)
            continue;
        row.device.id = row.device.last_id = requester.device;
        rows.push_back(row);
    }
    return rows.empty() ? with_upper_half(require_device_entry(tables, requester)) : rows;
}

UnitLookup find_requester(const Tables &tables, const Requester &requester)
{
    std::optional<UnitLookup> first;
    for (std::uint32_t unit = 0; unit < tables.units.size(); ++unit) {
        UnitLookup found{unit, find_device(tables.memory, tables.units[unit], requester)};
        if (found.lookup.device && !is_unprotected(*found.lookup.device))
            return found;
        if (!first || (found.lookup.device && !first->lookup.device))
            first = std::move(found);
    }
    return std::move(first).value_or(UnitLookup{});
}

UnitDevice require_device_entry(const Tables &tables, const Requester &requester)
{
    const UnitLookup found = find_requester(tables, requester);
    if (found.lookup.device)
        return {found.unit, *found.lookup.device};
    const Fault fault = found.lookup.fault.value_or(Fault{});
    if (fault.cause == FaultCause::root_unreadable || fault.cause == FaultCause::table_unreadable)
        throw Error(Failure::operational, "directory-outside-source",
                    fmt::format("the directory cannot be read as far as device {}: {}",
                                report::device_name(requester.device), fault.name),
                    "add the piece of memory that holds it: --with FILE@0xPA");
    const std::string pasid = requester.pasid ? fmt::format(" PASID {}", *requester.pasid) : std::string();
    throw Error(Failure::refused, "no-such-device",
                fmt::format("the directory has no entry for device {}{}: its requests get {} fault {} ({})",
                            report::device_name(requester.device), pasid,
                            tables.units.at(found.unit).format->architecture, hex(fault.code), fault.name),
                "pgregion devices lists the devices that have one");
}

bool root_readable(const Tables &tables, const Translation &translation)
{
    if (translation.format == nullptr)
        return true;
    const PhysAddr page = page_of(translation.root);
    std::vector<std::byte> buffer(kPageBytes);
    if (translation.outer.format == nullptr)
        return !tables.memory.page(page, buffer).empty();
    return !StageMemory(tables.memory, translation.outer).page(page, buffer).empty();
}

Problem root_problem(const Device &device)
{
    return {.kind = ProblemKind::root_outside_source,
            .table = device.table,
            .level = {},
            .index = device.index,
            .iova = {},
            .device = device.id,
            .observed = device.translation.root.value()};
}

}  // namespace pgregion::cli
