// SPDX-License-Identifier: GPL-2.0-or-later
//
// The devices of all directories that a command is about: all, or the one of --device.
#pragma once

#include "cli/opening/tables.h"
#include "report/problems.h"
#include "report/translation_report.h"

#include <vector>

namespace pgregion::cli
{

using report::UnitDevice;

/// Every device in order of unit, id and PASID, the directories' problems on the way. Neighbours that are unprotected
/// are one row. A device whose page tables begin outside of the source is a problem, too.
[[nodiscard]] std::vector<UnitDevice> list_devices(const Tables &tables, report::Problems &problems);

/// The rows that a requester has: that of its PASID, or all of the device without one. Throws as
/// require_device_entry() when there is none.
[[nodiscard]] std::vector<UnitDevice> list_device(const Tables &tables, const Requester &requester,
                                                  report::Problems &problems);

/// A way through the directory of one unit.
struct UnitLookup {
    std::uint32_t unit = 0;
    DirectoryLookup lookup;
};

/// The row, and behind it that of the upper half of its address space, where it has tables for both.
[[nodiscard]] std::vector<UnitDevice> with_upper_half(const UnitDevice &row);

/// In the first unit that has an entry for the requester (one that leaves it unprotected counts least), or else in
/// the first unit.
[[nodiscard]] UnitLookup find_requester(const Tables &tables, const Requester &requester);

/// What find_requester() found. Throws refused "no-such-device" when no directory has an entry for it, with the
/// fault that the hardware would raise; operational "directory-outside-source" when the source does not hold so much of it.
[[nodiscard]] UnitDevice require_device_entry(const Tables &tables, const Requester &requester);

/// True when the first page of the device's tables can be read, or it has none.
[[nodiscard]] bool root_readable(const Tables &tables, const Translation &translation);

/// A device whose tables the source does not hold.
[[nodiscard]] Problem root_problem(const Device &device);

}  // namespace pgregion::cli
