// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a repair writes over a directory record that must not be followed. Zeros block a device everywhere but in an
// AMD-Vi device table, where they leave it unprotected: iommu-formats.md section 9, "Repair policy".
#pragma once

#include <pgregion/format.h>

#include <optional>

namespace pgregion::check
{

/// A record that makes hardware refuse all requests behind it and read nothing further, in words of the host's order;
/// the writer stores them in the byte order of `table`. Words beyond the record are zero. It never lets through what
/// `present` did not, interrupts included. Nothing for tables that belong to a guest: theirs are not ours to repair,
/// and lie at addresses that an outer stage translates.
[[nodiscard]] std::optional<RecordWords> blocking_record(const DirectoryFormat &format, const DirectoryTable &table,
                                                         const RecordWords &present);

}  // namespace pgregion::check
