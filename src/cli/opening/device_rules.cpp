// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/device_rules.h"

#include <pgregion/report.h>

#include <fmt/core.h>

namespace pgregion::cli
{

void refuse_wrong_devices(const SourceReading &reading, const TableFormat *format, const DirectoryFormat *directory)
{
    if (reading.names_device() && format != nullptr && directory == nullptr)
        throw Error(Failure::usage, "device-without-directory",
                    fmt::format("--device needs a directory, but {} is page tables without one", format->name),
                    "give the format and the root of the directory, or its register: --register NAME=VALUE");
    for (const std::uint32_t id : reading.devices.ids) {
        if (directory != nullptr && id >= directory->devices)
            throw Error(Failure::usage, "bad-device",
                        fmt::format("{} has device ids below {}, and {} is none", directory->name,
                                    hex(directory->devices), hex(id)),
                        "check the id");
    }
}

void require_one_device(const SourceReading &reading)
{
    if (reading.context.directory != nullptr && reading.devices.ids.size() != 1)
        throw device_needed();
}

Error device_needed()
{
    return {Failure::usage, "device-needed",
            "an IOVA means something only for one device, and this is a directory of devices",
            "give one --device ID; list them: pgregion devices SOURCE"};
}

}  // namespace pgregion::cli
