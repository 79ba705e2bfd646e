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

/// The units that the options name, in their order; empty without these options. `params` other than those that the
/// registers hold are taken from --param and --paw.
/// Throws usage "bad-register", "register-needed" and "register-without-tables"; operational "registers-not-found"
/// and what reading a file throws.
[[nodiscard]] std::vector<DirectoryRequest> register_units(const DecodingOptions &options);

}  // namespace pgregion::cli
