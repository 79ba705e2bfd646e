// SPDX-License-Identifier: GPL-2.0-or-later
//
// From a source and the decoding context to something that can be walked: memory, format, parameters, root.
// What is not given is inferred from the tables; what cannot be inferred is refused with its candidates.
#pragma once

#include "cli/opening/reading_context.h"
#include "cli/opening/source.h"
#include "cli/session/session.h"

#include <pgregion/error.h>
#include <pgregion/guess.h>
#include <pgregion/walk.h>

#include <deque>

namespace pgregion::cli
{

/// Ready to be walked. Holds the additional sources (--with) that the memory looks into.
struct Tables {
    PiecewiseMemory memory;
    const TableFormat *format = nullptr;         ///< of page tables; null where there are directories
    const DirectoryFormat *directory = nullptr;  ///< of the first unit; null for page tables
    FormatParams params;                         ///< of the page tables or the first unit
    PhysAddr root;                               ///< the same
    std::vector<DirectoryRequest> units;         ///< the directories, one per IOMMU; empty for page tables
    report::PageMap pages;
    SourceInfo info;
    std::optional<Guess> guess;  ///< where something was inferred
    std::deque<Source> pieces;

    [[nodiscard]] WalkRequest request() const;
    /// Throws when a source changed under the reading; call it before results are believed.
    void ensure_intact(const OpenedSource &source) const;
};

/// Throws usage errors for a context that contradicts itself, operational "root-needed", "root-outside-source",
/// "root-misaligned", "format-undecided", "levels-undecided", "base-undecided", "pieces-disagree".
[[nodiscard]] Tables open_tables(const OpenedSource &source, const SharedOptions &options);

/// True when open_tables() failed because the tables do not say what they are and nobody else did: commands that
/// can do without them go on.
[[nodiscard]] bool is_undecided(const Error &error);

/// The requester that --device and --pasid name; nothing without --device. Throws usage "device-without-directory",
/// "bad-device", "bad-pasid".
[[nodiscard]] std::optional<Requester> wanted_device(const Tables &tables, const DecodingOptions &options);

}  // namespace pgregion::cli
