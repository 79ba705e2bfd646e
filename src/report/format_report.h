// SPDX-License-Identifier: GPL-2.0-or-later
//
// The formats that are known, for `pgregion formats`.
#pragma once

#include "report/result_writer.h"
#include "report/text.h"

namespace pgregion::report
{

/// Payload `formats`; text a few lines per format.
void write_formats(ResultWriter &writer, const Palette &palette);

}  // namespace pgregion::report
