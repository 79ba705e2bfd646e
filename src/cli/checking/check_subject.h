// SPDX-License-Identifier: GPL-2.0-or-later
//
// From a source and the options to what is checked.
//
//   region, tables readable     bitmap, pages and tables
//   region, format undecided    the bitmap alone; the check format-undecided says so
//   memory with its root        the tables
#pragma once

#include "cli/checking/check_choices.h"
#include "cli/opening/source.h"
#include "cli/opening/tables.h"

#include <pgregion/check.h>
#include <pgregion/error.h>

#include <memory>
#include <optional>

namespace pgregion::cli
{

/// Ready to be checked. Holds what `subject` points to, except for the bytes of the source.
struct OpenedSubject {
    std::unique_ptr<Tables> tables;  ///< null when nothing says how the tables are to be read
    std::optional<Error> undecided;  ///< why, then
    CheckSubject subject;
    SourceInfo info;
    report::PageMap pages;

    /// Throws when a source changed under the reading; call it before results are believed.
    void ensure_intact(const OpenedSource &source) const;
};

/// Throws usage "bad-option" for --device and --pasid: checks look at everything.
void refuse_one_device(const DecodingOptions &options);

/// Throws as open_tables(), except that an undecided region is fine. Precondition: no device is named.
[[nodiscard]] OpenedSubject open_subject(const OpenedSource &source, const SourceReading &reading,
                                         const CheckArguments &arguments);

}  // namespace pgregion::cli
