// SPDX-License-Identifier: GPL-2.0-or-later
//
// scan --extract DIR: each region found as a file of its own, with what was found beside it.
//
//   DIR/region-0xPA.img    the 2 MiB
//   DIR/region-0xPA.json   the candidate as under --json, and its source
//
// PA is where it lies in the memory that was scanned; offsets are addresses where nobody says otherwise.
#pragma once

#include "cli/opening/source.h"
#include "report/scan_report.h"

#include <string>
#include <vector>

namespace pgregion::cli
{

class ExtractedRegions
{
public:
    explicit ExtractedRegions(std::string folder) : folder_(std::move(folder)) {}

    /// Throws "file-exists" when a file would be written that is there already: then nothing is.
    void check(const std::vector<report::PlacedCandidate> &candidates) const;

    /// Writes both files and sets `extracted`. False, and nothing written, where pages of it are not in the source.
    /// Throws as io::create_file, and as Source::ensure_intact.
    [[nodiscard]] bool write(const OpenedSource &source, report::PlacedCandidate &placed) const;

private:
    [[nodiscard]] std::string path_of(const Candidate &candidate, std::string_view ending) const;

    std::string folder_;
};

}  // namespace pgregion::cli
