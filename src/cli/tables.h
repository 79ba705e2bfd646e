// SPDX-License-Identifier: GPL-2.0-or-later
//
// From a source and the decoding context to something that can be walked: memory, format, parameters, root.
// What is not given is inferred from the tables; what cannot be inferred is refused with its candidates.
#pragma once

#include "cli/session.h"
#include "cli/source.h"

#include <pgregion/error.h>
#include <pgregion/scan.h>
#include <pgregion/walk.h>

#include <deque>

namespace pgregion::cli
{

/// Ready to be walked. Holds the additional sources (--with) that the memory looks into.
struct Tables {
    PiecewiseMemory memory;
    const TableFormat *format = nullptr;  ///< one of the two is set
    const DirectoryFormat *directory = nullptr;
    FormatParams params;
    PhysAddr root;
    report::PageMap pages;
    SourceInfo info;
    std::optional<Guess> guess;  ///< where something was inferred
    std::deque<Source> pieces;

    [[nodiscard]] WalkRequest request() const;
    [[nodiscard]] DirectoryRequest directory_request() const { return {directory, params, root}; }
    /// Throws when a source changed under the reading; call it before results are believed.
    void ensure_intact(const OpenedSource &source) const;
};

/// What --format, --levels, --param and --paw say together.
struct ReadingContext {
    const TableFormat *format = nullptr;
    const DirectoryFormat *directory = nullptr;
    FormatParams params;  ///< of the one that is set
    GuessLimits limits;   ///< the same for a guess: what is open stays open

    /// True when nothing is left to guess but perhaps the base.
    [[nodiscard]] bool complete() const { return directory != nullptr || (format != nullptr && limits.levels); }
};

/// Throws usage "bad-levels", "bad-parameter", "bad-paw".
[[nodiscard]] ReadingContext read_context(const DecodingOptions &options);

/// Throws usage errors for a context that contradicts itself, operational "root-needed", "root-outside-source",
/// "root-misaligned", "format-undecided", "levels-undecided", "base-undecided", "pieces-disagree".
[[nodiscard]] Tables open_tables(const OpenedSource &source, const SharedOptions &options);

/// True when open_tables() failed because the tables do not say what they are and nobody else did: commands that
/// can do without them go on.
[[nodiscard]] bool is_undecided(const Error &error);

/// The device that --device names; nothing without the option. Throws usage "device-without-directory".
[[nodiscard]] std::optional<std::uint32_t> wanted_device(const Tables &tables, const DecodingOptions &options);

}  // namespace pgregion::cli
