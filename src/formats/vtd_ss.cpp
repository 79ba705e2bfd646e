// SPDX-License-Identifier: GPL-2.0-or-later
//
// The fields of VT-d second-stage entries by name: iommu-formats.md section 1.8.
#include "formats/vtd_ss.h"

namespace pgregion::formats
{

namespace
{

using enum FieldRole;

constexpr FieldSpec kR{"R", 0, 0, flag, "read"};
constexpr FieldSpec kW{"W", 1, 1, flag, "write"};
constexpr FieldSpec kX{"X", 2, 2, flag, "execute"};
constexpr FieldSpec kPs{"PS", 7, 7, flag, "page size: 1 = leaf"};
constexpr FieldSpec kA{"A", 8, 8, flag, "accessed, set by hardware when enabled"};
constexpr FieldSpec kSw0{"SW0", 10, 10, software, "Linux: table below was flushed from the CPU cache"};
constexpr FieldSpec kSw1to9{"SW9_1", 60, 52, software, "software bits 1 to 9 of Linux"};
constexpr FieldSpec kIgn61{"IGN_61", 61, 61, ignored, "ignored"};
constexpr FieldSpec kSw10{"SW10", 63, 63, software, "software bit 10 of Linux"};
constexpr FieldSpec kNext{"ADDR", 51, 12, address, "next table"};
constexpr FieldSpec kRsvd62{"RSVD_62", 62, 62, reserved, "reserved"};
constexpr FieldSpec kRsvd11{"RSVD_11", 11, 11, reserved, "reserved"};
constexpr FieldSpec kEmt{"EMT", 5, 3, number, "extended memory type, where supported"};
constexpr FieldSpec kIpat{"IPAT", 6, 6, flag, "ignore PAT, where supported"};
constexpr FieldSpec kD{"D", 9, 9, flag, "dirty, set by hardware when enabled"};
constexpr FieldSpec kSnp{"SNP", 11, 11, flag, "snoop (reserved without snoop control)"};
constexpr FieldSpec kTm{"TM", 62, 62, flag, "transient mapping (reserved without device-TLB support)"};

constexpr std::array kUpperTable{kR,
                                 kW,
                                 kX,
                                 FieldSpec{"IGN_6_3", 6, 3, ignored, "ignored"},
                                 FieldSpec{"RSVD_7", 7, 7, reserved, "reserved"},
                                 kA,
                                 FieldSpec{"IGN_9", 9, 9, ignored, "ignored"},
                                 kSw0,
                                 kRsvd11,
                                 kNext,
                                 kSw1to9,
                                 kIgn61,
                                 kRsvd62,
                                 kSw10};

constexpr std::array kLowerTable{kR,
                                 kW,
                                 kX,
                                 FieldSpec{"IGN_6_3", 6, 3, ignored, "ignored"},
                                 kPs,
                                 kA,
                                 FieldSpec{"IGN_9", 9, 9, ignored, "ignored"},
                                 kSw0,
                                 kRsvd11,
                                 kNext,
                                 kSw1to9,
                                 kIgn61,
                                 kRsvd62,
                                 kSw10};

constexpr std::array kLeaf1G{kR,
                             kW,
                             kX,
                             kEmt,
                             kIpat,
                             kPs,
                             kA,
                             kD,
                             kSw0,
                             kSnp,
                             FieldSpec{"RSVD_29_12", 29, 12, reserved, "reserved"},
                             FieldSpec{"ADDR", 51, 30, address, "output address of the 1-GiB page"},
                             kSw1to9,
                             kIgn61,
                             kTm,
                             kSw10};

constexpr std::array kLeaf2M{kR,
                             kW,
                             kX,
                             kEmt,
                             kIpat,
                             kPs,
                             kA,
                             kD,
                             kSw0,
                             kSnp,
                             FieldSpec{"RSVD_20_12", 20, 12, reserved, "reserved"},
                             FieldSpec{"ADDR", 51, 21, address, "output address of the 2-MiB page"},
                             kSw1to9,
                             kIgn61,
                             kTm,
                             kSw10};

constexpr std::array kLeaf4K{kR,
                             kW,
                             kX,
                             kEmt,
                             kIpat,
                             FieldSpec{"IGN_7", 7, 7, ignored, "ignored"},
                             kA,
                             kD,
                             kSw0,
                             kSnp,
                             FieldSpec{"ADDR", 51, 12, address, "output address of the 4-KiB page"},
                             kSw1to9,
                             kIgn61,
                             kTm,
                             kSw10};

constexpr std::array kEmpty{kR, kW, kX, FieldSpec{"IGN_63_3", 63, 3, ignored, "ignored: nothing is allowed"}};

}  // namespace

std::span<const FieldSpec> VtdSecondStage::fields(unsigned level, EntryKind kind, const FormatParams &)
{
    if (kind == EntryKind::empty || kind == EntryKind::invalid)
        return kEmpty;
    if (kind == EntryKind::table)
        return level > kTopLeafLevel ? std::span<const FieldSpec>(kUpperTable) : kLowerTable;
    switch (level) {
    case 0:
        return kLeaf4K;
    case 1:
        return kLeaf2M;
    default:
        return kLeaf1G;
    }
}

}  // namespace pgregion::formats
