// SPDX-License-Identifier: GPL-2.0-or-later
//
// --param and --paw, applied to the parameters of a format.
#pragma once

#include "cli/opening/options.h"

#include <pgregion/format.h>

namespace pgregion::cli
{

/// Sets what the options say and returns a set of the parameters given, bit i for the i-th of `specs`.
/// Throws usage "bad-parameter", "bad-paw".
std::uint32_t apply_params(FormatParams &params, std::span<const ParameterSpec> specs, std::uint8_t max_paw,
                           const DecodingOptions &options);

}  // namespace pgregion::cli
