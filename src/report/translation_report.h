// SPDX-License-Identifier: GPL-2.0-or-later
//
// Single translations with their walk, and the devices of a directory.
#pragma once

#include "report/place.h"
#include "report/text.h"

#include <pgregion/walk.h>

namespace pgregion::report
{

/// One requested translation: of page tables, or of a device that may not have any.
struct TranslationView {
    Iova iova;
    Access wanted;
    const DirectoryFormat *directory = nullptr;  ///< null without a directory
    const DirectoryLookup *lookup = nullptr;     ///< the way through the directory, with it
    const TableFormat *format = nullptr;         ///< null where no page table is walked
    std::optional<TranslationResult> result;     ///< the walk, where there is one
};

/// Whether the request would succeed.
[[nodiscard]] bool succeeds(const TranslationView &view);

void write_translation(ResultWriter &writer, const TranslationView &view, const PageMap &pages, const Palette &palette);

/// A row of `devices`.
void write_device(ResultWriter &writer, const Device &device, const PageMap &pages, const Palette &palette);
/// The line above the rows.
[[nodiscard]] std::string device_heading();

}  // namespace pgregion::report
