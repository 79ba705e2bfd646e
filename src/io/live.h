// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which devices are memory that a running kernel may be using: persistent memory is both a disk and the machine's
// memory, where the IOMMU reads its tables.
#pragma once

#include <optional>
#include <string>

namespace pgregion::io
{

/// Why the block device `path` is live memory: nothing for files, disks and loop devices. `sysfs` is where sysfs is
/// mounted.
[[nodiscard]] std::optional<std::string> live_reason(const std::string &path, const std::string &sysfs = "/sys");

/// The same for a block device by its number, "259:0".
[[nodiscard]] std::optional<std::string> live_reason_of_device(const std::string &number, const std::string &sysfs);

}  // namespace pgregion::io
