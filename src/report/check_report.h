// SPDX-License-Identifier: GPL-2.0-or-later
//
// What `check` found in a source, for people and for scripts, and what `explain` says about the checks themselves.
//
//   root.img: region-image at 0x6800000 (inferred)
//   error leaf-maps-tables (security): a leaf maps a page table          the worst first
//     entry 5 of the level-0 table at …                                  at most 20 of a code
//     and 491 more (all with --json)
//     why   …
//     next  pgregion repair -n root.img
//   1 error (1 of security), 0 warnings, 0 notes
//   checked: …
#pragma once

#include "report/finding_report.h"
#include "report/next_command.h"

#include <pgregion/finding.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgregion::report
{

/// One root, and how what begins there was read.
struct CheckedRoot {
    std::string_view format;
    unsigned levels = 0;  ///< 0: a directory that has no number of them
    PhysAddr root;
};

/// One source with its findings.
struct CheckedSource {
    SourceInfo info;
    FindingPlaces places;
    CheckReport report;
    std::size_t checks = 0;          ///< how many were run
    std::vector<CheckedRoot> roots;  ///< empty: the tables could not be read, see `notes`
    ReadingOrigin reading = ReadingOrigin::given;
    std::vector<std::string> notes;  ///< what keeps the findings from being the whole truth
    bool changed = false;            ///< the source changed while it was read
    SourceWords next;                ///< of the next command
};

/// "given", "inferred".
[[nodiscard]] std::string_view reading_name(ReadingOrigin origin);

/// "3 errors (1 of security), 2 warnings, 5 notes"; "no findings".
[[nodiscard]] std::string findings_summary(const CheckReport &report);

/// "12 tables with 3456 entries; vtd-ss, 4 levels, root 0x6e01000 (page 1), inferred from the tables".
[[nodiscard]] std::string checked_text(const CheckedSource &source);

/// Whether text lists all findings or the first of each code.
enum class FindingsShown { first, all };

/// One source as text.
[[nodiscard]] std::string check_text(const CheckedSource &source, const Palette &palette, FindingsShown shown);

/// Payload `findings`, `summary`, `truncated`, `checked`, `changed`, `notes`, into a result that was begun.
void put_check(ResultWriter &writer, const CheckedSource &source);

/// Payload `codes`; text: one check at length, several as a list.
void write_codes(ResultWriter &writer, std::span<const Check *const> checks, const Palette &palette);

}  // namespace pgregion::report
