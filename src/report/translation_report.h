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
    std::string_view architecture;               ///< whose faults they are
    const DirectoryFormat *directory = nullptr;  ///< null without a directory
    const DirectoryLookup *lookup = nullptr;     ///< the way through the directory, with it
    std::optional<TranslationResult> result;     ///< the walk of page tables, where there is one
};

/// A device and the IOMMU that it belongs to.
struct UnitDevice {
    std::uint32_t unit = 0;
    Device device;
};

/// "device 00:02.0", "devices 00:02.0-00:ff.7", "device 3a:1f.0 PASID 4660", with the unit where it is not the first.
[[nodiscard]] std::string requester_name(const UnitDevice &row);

/// Whether the request would succeed.
[[nodiscard]] bool succeeds(const TranslationView &view);

void write_translation(ResultWriter &writer, const TranslationView &view, const PageMap &pages, const Palette &palette);

/// A row of `devices`.
void write_device(ResultWriter &writer, const UnitDevice &row, const PageMap &pages, const Palette &palette);
/// The line above the rows.
[[nodiscard]] std::string device_heading();

}  // namespace pgregion::report
