// SPDX-License-Identifier: GPL-2.0-or-later
//
// The fields of AMD-Vi host entries by name: iommu-formats.md section 2.4.
#include "formats/amd_v1.h"

namespace pgregion::formats
{

namespace
{

using enum FieldRole;

constexpr FieldSpec kPr{"PR", 0, 0, flag, "present"};
constexpr FieldSpec kIgn4{"IGN_4_1", 4, 1, ignored, "ignored"};
constexpr FieldSpec kA{"A", 5, 5, flag, "accessed, set by hardware when enabled (HAD)"};
constexpr FieldSpec kIgn8{"IGN_8_7", 8, 7, ignored, "ignored"};
constexpr FieldSpec kRsvd58{"RSVD_58_52", 58, 52, reserved, "reserved"};
constexpr FieldSpec kU{"U", 59, 59, flag, "for ATS: use untranslated requests only"};
constexpr FieldSpec kFc{"FC", 60, 60, flag, "force coherent (snoop)"};
constexpr FieldSpec kIr{"IR", 61, 61, flag, "read"};
constexpr FieldSpec kIw{"IW", 62, 62, flag, "write"};
constexpr FieldSpec kIgn63{"IGN_63", 63, 63, ignored, "ignored"};

constexpr std::array kTable{kPr,
                            kIgn4,
                            kA,
                            FieldSpec{"IGN_8_6", 8, 6, ignored, "ignored"},
                            FieldSpec{"NextLevel", 11, 9, number, "level of the next table (1 to 6), below this one"},
                            FieldSpec{"ADDR", 51, 12, address, "next table"},
                            kRsvd58,
                            FieldSpec{"RSVD_60_59", 60, 59, reserved, "reserved"},
                            kIr,
                            kIw,
                            kIgn63};

constexpr std::array kLeaf{
    kPr,
    kIgn4,
    kA,
    FieldSpec{"D", 6, 6, flag, "dirty, set by hardware when enabled (HAD)"},
    kIgn8,
    FieldSpec{"NextLevel", 11, 9, number, "0 = page of the size of a slot, 7 = size in ADDR"},
    FieldSpec{"ADDR", 51, 12, address, "output address; with NextLevel 7 the size code below it"},
    kRsvd58,
    kU,
    kFc,
    kIr,
    kIw,
    kIgn63};

constexpr std::array kInvalid{kPr,
                              kIgn4,
                              kA,
                              FieldSpec{"D", 6, 6, flag, "dirty, set by hardware when enabled (HAD)"},
                              kIgn8,
                              FieldSpec{"NextLevel", 11, 9, number, "not below this level, or 7 with a wrong size"},
                              FieldSpec{"ADDR", 51, 12, address, "address"},
                              kRsvd58,
                              kU,
                              kFc,
                              kIr,
                              kIw,
                              kIgn63};

constexpr std::array kEmpty{kPr, FieldSpec{"IGN_63_1", 63, 1, ignored, "ignored: not present"}};

}  // namespace

std::span<const FieldSpec> AmdV1::fields(unsigned, EntryKind kind, const FormatParams &)
{
    switch (kind) {
    case EntryKind::table:
        return kTable;
    case EntryKind::leaf:
        return kLeaf;
    case EntryKind::invalid:
        return kInvalid;
    case EntryKind::empty:
        break;
    }
    return kEmpty;
}

}  // namespace pgregion::formats
