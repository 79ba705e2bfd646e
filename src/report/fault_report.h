// SPDX-License-Identifier: GPL-2.0-or-later
//
// Faults by their number, for `explain`.
#pragma once

#include "report/result_writer.h"
#include "report/text.h"

#include <pgregion/faults.h>

#include <span>

namespace pgregion::report
{

/// Payload `faults`; text a line each.
void write_faults(ResultWriter &writer, std::span<const KnownFault> faults, const Palette &palette);

}  // namespace pgregion::report
