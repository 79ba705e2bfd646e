// SPDX-License-Identifier: GPL-2.0-or-later
//
// How long a directory's root table is, where only a register would say so (AMD-Vi: the size field of the device
// table base; SMMU: LOG2SIZE). Reading on behind its end would take whatever lies there for devices.
#pragma once

#include <pgregion/format.h>
#include <pgregion/memory_source.h>

namespace pgregion::scan
{

/// Sets the parameter "entries" of a format that has it to the records of the pages from `root` on that read well,
/// one page after the other; at least one page's. Where the root table has as many records as an id has values of the
/// bits in "log2size" (a linear stream table), that becomes the most for which they read well and `root` is aligned.
/// `given`: bit i says that the i-th parameter is known and stays.
void fit_entries(const MemorySource &memory, PhysAddr root, const DirectoryFormat &format, FormatParams &params,
                 std::uint32_t given);

/// True when more than half of the records that are not zero are such as an operating system writes; of zeros: false.
[[nodiscard]] bool records_read_well(std::span<const std::byte> bytes, const DirectoryFormat &format,
                                     const DirectoryTable &table);

}  // namespace pgregion::scan
