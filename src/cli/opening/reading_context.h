// SPDX-License-Identifier: GPL-2.0-or-later
//
// The decoding context that the options give, before anything is opened.
#pragma once

#include "cli/opening/options.h"

#include <pgregion/guess.h>

namespace pgregion::cli
{

/// What --format, --levels, --param and --paw say together.
struct ReadingContext {
    const TableFormat *format = nullptr;
    const DirectoryFormat *directory = nullptr;
    FormatParams params;  ///< of the one that is set
    GuessLimits limits;   ///< the same for a guess: what is open stays open

    /// True when nothing is left to guess but perhaps the base.
    [[nodiscard]] bool complete() const;
};

/// Throws usage "bad-levels", "bad-parameter", "bad-paw".
[[nodiscard]] ReadingContext read_context(const DecodingOptions &options);

}  // namespace pgregion::cli
