// SPDX-License-Identifier: GPL-2.0-or-later
//
// Cases of checks of areas: tests/cases/CODE/NAME.area says what a kernel did, what was damaged then, and what
// `pgregion area --check` finds, line by line; tests/cases/healthy/NAME.area are areas without a finding:
//
//   # what happened, one line
//   blocks 8                            size of the area; the lines that follow are done in their order
//   boot                                the kernel makes iommu and iommu/root-pgtables
//   domain dom0                         and iommu/dom0, and so on
//   directory vms
//   file vms/guest 3                    with three data blocks
//   remove vms/guest
//   region iommu/dom0 vtd-ss            the region is healthy/vtd-ss.pgtext
//   inode 4 flags 3                     damage; also sibling, child, block, mappings
//   inode 4 name a/b                    `name` alone: none; `name-full`: 255 letters and no end
//   next-free 9
//   bit 5 clear                         or set, of the block bitmap
//   word 0x400000 0x55                  at an offset in the area
//   options --size 4M                   of `area`
//   expect area-kind-invalid error index=4 observed=0x3
//
// A line `expect` holds, in this order, code, severity, index=, observed= and `security`; what a finding does not have is
// left out. All findings are listed.
#pragma once

#include "support/area_image.h"

#include <optional>
#include <string>
#include <vector>

namespace pgregion::test
{

struct AreaCase {
    std::string code;   ///< the folder's name
    std::string title;  ///< what happened
    std::optional<AreaImage> area;
    std::vector<std::string> options;
    std::vector<std::string> expect;
};

/// `name` is CODE/NAME. Throws std::runtime_error, with path and line, when the text is not in the form above.
[[nodiscard]] AreaCase read_area_case(const std::string &name);

/// CODE/NAME of every case, healthy ones included, sorted.
[[nodiscard]] std::vector<std::string> area_case_names();

}  // namespace pgregion::test
