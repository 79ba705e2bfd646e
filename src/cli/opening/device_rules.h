// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a format says of --device: asked when the command line is read where that names the format, and again when the
// tables are open where they had to say what they are.
#pragma once

#include "cli/opening/reading.h"

#include <pgregion/error.h>

namespace pgregion::cli
{

/// Throws usage "device-without-directory" for a device of page tables, and "bad-device" for an id that the directory
/// cannot hold. One of `format` and `directory` is set, or none where nothing is known.
void refuse_wrong_devices(const SourceReading &reading, const TableFormat *format, const DirectoryFormat *directory);

/// For a command whose question has an answer only for one device: throws device_needed() where a directory is named
/// and not one device of it.
void require_one_device(const SourceReading &reading);

/// Usage "device-needed".
[[nodiscard]] Error device_needed();

}  // namespace pgregion::cli
