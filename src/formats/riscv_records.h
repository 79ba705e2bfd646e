// SPDX-License-Identifier: GPL-2.0-or-later
//
// The records of the RISC-V IOMMU's directory: iommu-formats.md sections 5.2 to 5.4; RISC-V IOMMU specification,
// sections "Device-Directory-Table", "Process-Directory-Table".
//
//   directory entry   63 reserved 54 | 53 PPN 10 | 9 reserved 1 | 0 V                      8 bytes, DDT and PDT alike
//
//   device context    32 bytes, or 64 where the IOMMU translates messages (capabilities.MSI_FLAT)
//   0 tc       63 reserved 32 | 31 custom 24 | 23 reserved 12 | 11 SXL | 10 SBE | 9 DPE | 8 SADE | 7 GADE | 6 PRPR |
//              5 PDTV | 4 DTF | 3 T2GPA | 2 EN_PRI | 1 EN_ATS | 0 V
//   1 iohgatp  63 MODE 60 | 59 GSCID 44 | 43 PPN 0       root of the second stage
//   2 ta       63 MCID 52 | 51 RCID 40 | 39 reserved 32 | 31 PSCID 12 | 11 reserved 0
//   3 fsc      63 MODE 60 | 59 reserved 44 | 43 PPN 0    PDTV = 0: root of the first stage; PDTV = 1: root of the PDT
//   4 msiptp   63 MODE 60 | 59 reserved 44 | 43 PPN 0
//   5, 6       63 reserved 52 | 51 mask, pattern 0
//   7          reserved
//
//   process context   16 bytes
//   0 ta       63 reserved 32 | 31 PSCID 12 | 11 reserved 3 | 2 SUM | 1 ENS | 0 V
//   1 fsc      63 MODE 60 | 59 reserved 44 | 43 PPN 0    root of the first stage
#pragma once

#include "base/bits.h"

#include <pgregion/format.h>

namespace pgregion::formats::riscv
{

/// Indexes of DirectoryFormat::table_types. A directory of fewer levels begins further down.
inline constexpr std::uint8_t kDeviceLevel2 = 0;
inline constexpr std::uint8_t kDeviceLevel1 = 1;
inline constexpr std::uint8_t kExtendedContexts = 2;
inline constexpr std::uint8_t kBaseContexts = 3;
inline constexpr std::uint8_t kProcessLevel2 = 4;
inline constexpr std::uint8_t kProcessLevel1 = 5;
inline constexpr std::uint8_t kProcessContexts = 6;

// Slots of FormatParams::value of the directory.
inline constexpr std::size_t kDdt = 0;
inline constexpr std::size_t kEndian = 1;
inline constexpr std::uint32_t kBase = 0;
inline constexpr std::uint32_t kExtended = 1;

inline constexpr std::uint64_t kValid = bit(0);
inline constexpr std::uint64_t kEntryPpn = bits(53, 10);  ///< of a directory entry
inline constexpr std::uint64_t kRootPpn = bits(43, 0);    ///< of iohgatp, fsc and msiptp

// DC.tc.
inline constexpr std::uint64_t kEnableAts = bit(1);
inline constexpr std::uint64_t kEnablePri = bit(2);
inline constexpr std::uint64_t kTranslateToGpa = bit(3);
inline constexpr std::uint64_t kProcessDirectory = bit(5);
inline constexpr std::uint64_t kPrpr = bit(6);
inline constexpr std::uint64_t kSecondStageUpdates = bit(7);
inline constexpr std::uint64_t kFirstStageUpdates = bit(8);
inline constexpr std::uint64_t kDefaultProcess = bit(9);
inline constexpr std::uint64_t kBigEndian = bit(10);
inline constexpr std::uint64_t kSxl = bit(11);

/// The words of a device context.
inline constexpr std::size_t kTc = 0;
inline constexpr std::size_t kIohgatp = 1;
inline constexpr std::size_t kTa = 2;
inline constexpr std::size_t kFsc = 3;
inline constexpr std::size_t kMsiptp = 4;

[[nodiscard]] constexpr bool is_process_table(std::uint8_t type) { return type >= kProcessLevel2; }

/// MODE of iohgatp, iosatp, pdtp and msiptp.
[[nodiscard]] constexpr std::uint64_t mode_of(std::uint64_t pointer) { return field(pointer, 63, 60); }

[[nodiscard]] constexpr PhysAddr root_of(std::uint64_t pointer) { return PhysAddr((pointer & kRootPpn) << 12); }

/// A table of the device directory: 0 the contexts, 1 and 2 the levels above.
[[nodiscard]] DirectoryTable device_table(unsigned level, PhysAddr address, const FormatParams &params);

[[nodiscard]] DirectoryRecord decode_entry(const DirectoryTable &table, const RecordWords &words,
                                           const FormatParams &params);
[[nodiscard]] DirectoryRecord decode_device(const DirectoryTable &table, const RecordWords &words,
                                            const FormatParams &params);
[[nodiscard]] DirectoryRecord decode_process(const DirectoryTable &table, const RecordWords &words,
                                             const FormatParams &params);

[[nodiscard]] std::span<const FieldSpec> fields(std::uint8_t type, const RecordWords &words);

}  // namespace pgregion::formats::riscv
