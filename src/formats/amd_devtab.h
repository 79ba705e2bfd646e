// SPDX-License-Identifier: GPL-2.0-or-later
//
// The AMD-Vi directory: device table, and GCR3 tables from PASIDs to guest page tables. iommu-formats.md sections
// 2.1 to 2.3 and 2.6; AMD IOMMU specification, sections 2.2.2 (device table) and 2.2.6 (guest translation).
//
// device table ── device id ──► host page tables (v1)
//                           └─► GCR3 table, 1 to 3 levels ── PASID ──► guest page tables (v2), alone or on top of
//                                                                      the host's
//
// device table entry, 32 bytes, reserved bits left out:
//    63..0    62 IW | 61 IR | 60:58 GCR3[14:12] | 57:56 GLX | 55 GV | 54 GIOV | 53 GPRP | 52 PPR | 51:12 host root
//             | 11:9 Mode | 8:7 HAD | 1 TV | 0 V
//   127..64   127:107 GCR3[51:31] | 106:96 flags | 95:80 GCR3[30:15] | 79:64 DomainID
//   191..128  191:184 interrupt flags | 183:182 GuestPagingMode | 179:134 IntTabRoot[51:6] | 133 IG
//             | 132:129 IntTabLen | 128 IV
//   255..192  255:246 attributes | 239:224 GuestID | 223:208 GDeviceID | 207 vImuEn
// GCR3 entry, 8 bytes:  63:52 reserved | 51:12 address | 11:1 reserved | 0 V
//
// An entry without V does not block: its device reaches all memory untranslated. Device tables in segments, each
// with a base register of its own from 0x100 on, are read one segment at a time.
#pragma once

#include <pgregion/format.h>

namespace pgregion::formats
{

extern const DirectoryFormat kAmdDevtab;

namespace amd
{

// Indexes of DirectoryFormat::table_types.
inline constexpr std::uint8_t kDeviceTable = 0;
inline constexpr std::uint8_t kGcr3Level3 = 1;
inline constexpr std::uint8_t kGcr3Level2 = 2;
inline constexpr std::uint8_t kGcr3Level1 = 3;

/// As in DirectoryFormat.
[[nodiscard]] std::span<const FieldSpec> directory_fields(std::uint8_t type, const RecordWords &words);

}  // namespace amd

}  // namespace pgregion::formats
