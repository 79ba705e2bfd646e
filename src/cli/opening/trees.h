// SPDX-License-Identifier: GPL-2.0-or-later
//
// Every tree of page tables that a command is about: those of all devices of all units, of the devices that were asked
// for, or the one that the source itself is.
#pragma once

#include "cli/opening/device_list.h"

#include <optional>
#include <vector>

namespace pgregion::cli
{

struct Tree {
    std::optional<UnitDevice> device;    ///< whose it is; none for page tables without a directory
    std::optional<WalkRequest> request;  ///< none: it has no tables, or the source does not hold their root
};

/// In order of unit, device and PASID, or as asked for. What is wrong on the way through the directories is added to
/// `problems`. Throws as wanted_requesters() and require_device_entry(); for a device that was asked for operational
/// "root-outside-source".
[[nodiscard]] std::vector<Tree> wanted_trees(const Tables &tables, const SourceReading &reading,
                                             report::Problems &problems);

/// All there are, whatever was asked for.
[[nodiscard]] std::vector<Tree> all_trees(const Tables &tables, report::Problems &problems);

}  // namespace pgregion::cli
