// SPDX-License-Identifier: GPL-2.0-or-later
//
// A copy of a source with edits applied, written piece by piece.
#pragma once

#include "cli/opening/source.h"

#include <pgregion/edit.h>

#include <string>

namespace pgregion::cli
{

/// Makes the file `path`, whole or not at all: every byte of `source`, with `edits` (offsets from source.offset())
/// carried out. Throws as io::OutputFile.
void write_repaired_copy(const std::string &path, const OpenedSource &source, const Edits &edits);

}  // namespace pgregion::cli
