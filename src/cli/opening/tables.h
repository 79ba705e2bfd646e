// SPDX-License-Identifier: GPL-2.0-or-later
//
// From a source and the decoding context to something that can be walked: memory, format, parameters, root.
// What is not given is inferred from the tables; what cannot be inferred is refused with its candidates.
#pragma once

#include "cli/opening/source.h"
#include "report/place.h"

#include <pgregion/error.h>
#include <pgregion/guess.h>
#include <pgregion/walk.h>

#include <deque>

namespace pgregion::cli
{

/// Bytes and where they lie.
struct Placed {
    PhysAddr first;
    std::span<const std::byte> bytes;
};

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
    std::optional<Guess> guess;           ///< where something was inferred
    std::deque<Source> pieces;            ///< files of --with
    std::vector<Placed> placed;           ///< what --with placed in memory, in the order given
    std::optional<Range<PhysAddr>> flat;  ///< where a flat memory lies that is in one piece

    [[nodiscard]] WalkRequest request() const;
    /// Throws when a source changed under the reading; call it before results are believed.
    void ensure_intact(const OpenedSource &source) const;
};

/// The decoding context that was given; where none was, what an area says of its region: the flag of a root region means
/// VT-d root and context tables.
[[nodiscard]] ReadingContext context_of(const OpenedSource &source, const SourceReading &reading);

/// Throws usage errors for a context that contradicts itself, operational "root-needed", "root-outside-source",
/// "root-misaligned", and what put_memory_together() throws (pieces.h); and of
/// ErrorClass::undecided, with which commands that can do without tables go on, "format-undecided", "levels-undecided",
/// "base-undecided".
[[nodiscard]] Tables open_tables(const OpenedSource &source, const SourceReading &reading);

/// The requesters that --device and --pasid name, in the order given; empty: all there are. Throws usage
/// "device-without-directory" and "bad-device".
[[nodiscard]] std::vector<Requester> wanted_requesters(const Tables &tables, const SourceReading &reading);

/// The only one of them; nothing for page tables. Throws usage "device-needed" for none and for several, for a command
/// whose question has an answer only for one device.
[[nodiscard]] std::optional<Requester> wanted_requester(const Tables &tables, const SourceReading &reading);

}  // namespace pgregion::cli
