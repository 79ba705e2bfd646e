// SPDX-License-Identifier: GPL-2.0-or-later
//
// AMD-Vi events (EventCode of the event log): iommu-formats.md section 2.6; AMD IOMMU specification, section 2.5.
// The names of page faults tell the flags of the event: PR present, PE permission, RZ reserved bit or bad
// encoding, GN guest tables.
#pragma once

#include <pgregion/format.h>

namespace pgregion::formats::amd
{

/// Which tables a request was in: the host's (v1), or a guest's (v2) behind a GCR3 table.
enum class Tables { host, guest };

/// What a request that is translated gets.
[[nodiscard]] Fault page_fault(FaultCause cause, Tables tables);

inline constexpr Fault kIllegalDeviceEntry{FaultCause::invalid_entry, 0x1,
                                           "ILLEGAL_DEV_TABLE_ENTRY: reserved bit or encoding in a device table entry"};
inline constexpr Fault kNoSuchDevice{FaultCause::invalid_entry, 0x1,
                                     "ILLEGAL_DEV_TABLE_ENTRY: device id beyond the device table"};
inline constexpr Fault kDeviceTableUnreadable{FaultCause::root_unreadable, 0x3,
                                              "DEV_TAB_HARDWARE_ERROR: device table cannot be read"};

}  // namespace pgregion::formats::amd
