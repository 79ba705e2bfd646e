// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/device_list.h"

#include <pgregion/error.h>

namespace pgregion::cli
{

namespace
{

class Collector final : public DirectoryVisitor
{
public:
    Collector(const Tables &tables, report::Problems &problems) : tables_(tables), problems_(problems) {}

    void device(const Device &device) override
    {
        devices.push_back(device);
        if (root_readable(tables_, device))
            return;
        problems_.set_incomplete();
        problems_.add({.kind = ProblemKind::root_outside_source,
                       .table = device.table,
                       .level = {},
                       .index = device.index,
                       .iova = {},
                       .device = device.id,
                       .observed = device.translation.root.value()});
    }

    void problem(const Problem &problem) override { problems_.add(problem); }

    std::vector<Device> devices;

private:
    const Tables &tables_;
    report::Problems &problems_;
};

}  // namespace

std::vector<Device> list_devices(const Tables &tables, report::Problems &problems)
{
    Collector collector(tables, problems);
    problems.add(walk_directory(tables.memory, tables.directory_request(), collector));
    return std::move(collector.devices);
}

Device require_device_entry(const Tables &tables, std::uint32_t id)
{
    const DirectoryLookup lookup = find_device(tables.memory, tables.directory_request(), id);
    if (lookup.device)
        return *lookup.device;
    throw Error(Failure::refused, "no-such-device",
                fmt::format("the directory has no entry for device {}: its requests get {} fault {} ({})",
                            report::device_name(id), tables.directory->architecture, hex(lookup.fault->code),
                            lookup.fault->name),
                "pgregion devices lists the devices that have one");
}

bool root_readable(const Tables &tables, const Device &device)
{
    if (device.translation.format == nullptr)
        return true;
    std::vector<std::byte> buffer(kPageBytes);
    return !tables.memory.page(page_of(device.translation.root), buffer).empty();
}

WalkRequest request_for(const Device &device)
{
    WalkRequest request;
    request.format = device.translation.format;
    request.params = device.translation.params;
    request.root = device.translation.root;
    return request;
}

}  // namespace pgregion::cli
