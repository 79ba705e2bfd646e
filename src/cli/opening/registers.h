// SPDX-License-Identifier: GPL-2.0-or-later
//
// Root registers as the hardware holds them, --register NAME=VALUE and --registers FILE: they name the format, the
// root and the parameters of a directory. Each set of them is one IOMMU, a unit.
#pragma once

#include "cli/opening/options.h"

#include <pgregion/walk.h>

#include <vector>

namespace pgregion::cli
{

/// One way to read the registers of an IOMMU.
struct UnitReading {
    DirectoryRequest request;
    std::uint32_t given = 0;  ///< bit i: the registers or --param say what the i-th parameter is
};

/// The directory of one IOMMU as its registers tell it: one reading, or several between which its tables must decide.
/// Never empty.
using RegisterUnit = std::vector<UnitReading>;

/// The units that the options name, in their order; empty without these options. `params` other than those that the
/// registers hold are taken from --param and --paw.
/// Throws usage "bad-register", "register-needed", "register-without-tables" and "parameter-contradicts-register";
/// operational "registers-not-found" and what reading a file throws.
[[nodiscard]] std::vector<RegisterUnit> register_units(const DecodingOptions &options);

}  // namespace pgregion::cli
