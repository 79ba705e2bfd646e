// SPDX-License-Identifier: GPL-2.0-or-later
//
// The devices of a directory that a command is about: all, or the one of --device.
#pragma once

#include "cli/tables.h"
#include "report/problems.h"

#include <vector>

namespace pgregion::cli
{

/// Every device in order of its id, the directory's problems on the way. A device whose page tables begin outside
/// of the source is a problem, too.
[[nodiscard]] std::vector<Device> list_devices(const Tables &tables, report::Problems &problems);

/// As list_devices for one id. Throws refused "no-such-device" when the directory has no entry for it, with the
/// fault that the hardware would raise.
[[nodiscard]] Device require_device_entry(const Tables &tables, std::uint32_t id);

/// True when the first page of the device's tables can be read, or it has none.
[[nodiscard]] bool root_readable(const Tables &tables, const Device &device);

[[nodiscard]] WalkRequest request_for(const Device &device);

}  // namespace pgregion::cli
