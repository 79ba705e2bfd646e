// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/blocking.h"

#include "base/bits.h"
#include "formats/amd_devtab.h"

namespace pgregion::check
{

namespace
{

/// AMD-Vi device table entry: V and TV with Mode = 0, IR = 0 and IW = 0 (iommu-formats.md section 2.2). Without IV
/// interrupts of the device would pass unmapped; where they did not so far, IV with IntCtl = 0 stops them.
constexpr std::uint64_t kValidAndTranslated = bits(1, 0);
constexpr std::uint64_t kInterruptMapValid = bit(0);
constexpr std::size_t kInterruptWord = 2;

}  // namespace

std::optional<RecordWords> blocking_record(const DirectoryFormat &format, const DirectoryTable &table,
                                           const RecordWords &present)
{
    if (table.outer.format != nullptr)
        return std::nullopt;
    RecordWords words{};
    if (format.family == DirectoryFamily::amd && table.type == formats::amd::kDeviceTable) {
        words[0] = kValidAndTranslated;
        words[kInterruptWord] = present[kInterruptWord] & kInterruptMapValid;
    }
    return words;
}

}  // namespace pgregion::check
