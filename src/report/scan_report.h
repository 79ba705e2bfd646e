// SPDX-License-Identifier: GPL-2.0-or-later
//
// Candidates of a scan as text and JSON (cli.md section 5, scan).
#pragma once

#include "report/result_writer.h"
#include "report/text.h"

#include <pgregion/scan.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pgregion::report
{

/// A candidate, and where it lies in its source.
struct PlacedCandidate {
    const Candidate *candidate = nullptr;
    std::optional<std::uint64_t> offset;   ///< of a flat source
    std::optional<PhysAddr> paddr;         ///< where it is known, or its tables say it
    std::optional<std::string> extracted;  ///< the file that holds a copy of it
};

/// Why it is a candidate and what speaks against it, one sentence each, weightiest first.
[[nodiscard]] std::vector<std::string> candidate_evidence(const Candidate &candidate);

/// The list `candidates`; text one line each with its evidence below.
void write_candidates(ResultWriter &writer, std::span<const PlacedCandidate> rows, const Palette &palette);

/// What stands beside an extracted region: the candidate, and where it was found.
[[nodiscard]] std::string candidate_document(const PlacedCandidate &placed, const SourceInfo &source);

}  // namespace pgregion::report
