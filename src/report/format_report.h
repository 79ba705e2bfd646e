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

/// What --version says under --json: version, schema and formats.
[[nodiscard]] std::string version_document(std::string_view version);

}  // namespace pgregion::report
