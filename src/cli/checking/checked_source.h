// SPDX-License-Identifier: GPL-2.0-or-later
//
// Runs the checks on an opened source and says how it was read, for `check` and `repair` alike.
#pragma once

#include "cli/checking/check_subject.h"
#include "report/check_report.h"

namespace pgregion::cli
{

/// Checks the bytes as they are now. Whether they kept still is for the caller to find out.
[[nodiscard]] report::CheckedSource check_source(const OpenedSource &source, const OpenedSubject &opened,
                                                 const CheckOptions &options);

/// 4 for findings at or above `limit` and for a report that was cut short, else 0. Without a limit always 0.
[[nodiscard]] int status_of(const CheckReport &report, std::optional<Severity> limit);

/// `reading` with the place of `source` and the reading of `opened` spelled out, so that other bytes of the same kind
/// are read at the same offset and in the same way, and not looked for or guessed anew. `source` is flat.
[[nodiscard]] SourceReading same_reading(const SourceReading &reading, const OpenedSource &source,
                                         const OpenedSubject &opened);

}  // namespace pgregion::cli
