// SPDX-License-Identifier: GPL-2.0-or-later
//
// The fields of VT-d scalable-mode records by name: iommu-formats.md sections 1.4 to 1.7.
#include "formats/vtd_directory.h"

namespace pgregion::formats::vtd::scalable
{

namespace
{

using enum FieldRole;

constexpr FieldSpec kP{"P", 0, 0, flag, "present"};
constexpr FieldSpec kFpd{"FPD", 1, 1, flag, "fault processing disabled: faults are not recorded"};

constexpr std::array kRootHalfFields{
    kP,
    FieldSpec{"RSVD_11_1", 11, 1, reserved, "reserved"},
    FieldSpec{"CTP", 63, 12, address, "context table of 128 functions"},
};

constexpr std::array kContextFields{
    kP,
    kFpd,
    FieldSpec{"DTE", 2, 2, flag, "device-TLB enable: ATS"},
    FieldSpec{"PASIDE", 3, 3, flag, "requests with PASID allowed"},
    FieldSpec{"PRE", 4, 4, flag, "page requests allowed"},
    FieldSpec{"RSVD_8_5", 8, 5, reserved, "reserved"},
    FieldSpec{"PDTS", 11, 9, number, "size: the PASID directory has 2^(PDTS + 7) entries"},
    FieldSpec{"PASIDDIRPTR", 63, 12, address, "PASID directory"},
    FieldSpec{"RID_PASID", 83, 64, number, "PASID of requests without PASID"},
    FieldSpec{"RID_PRIV", 84, 84, flag, "requests without PASID have supervisor privilege"},
    FieldSpec{"RSVD_127_85", 127, 85, reserved, "reserved"},
    FieldSpec{"RSVD_191_128", 191, 128, reserved, "reserved"},
    FieldSpec{"RSVD_255_192", 255, 192, reserved, "reserved"},
};

constexpr std::array kDirectoryFields{
    kP,
    kFpd,
    FieldSpec{"RSVD_11_2", 11, 2, reserved, "reserved"},
    FieldSpec{"SMPTBLPTR", 63, 12, address, "PASID table"},
};

constexpr std::array kEntryFields{
    kP,
    kFpd,
    FieldSpec{"AW", 4, 2, number, "address width of the second stage: 1 = 39 bit, 2 = 48 bit, 3 = 57 bit"},
    FieldSpec{"SLEE", 5, 5, flag, "second-level execute enable (old revisions)"},
    FieldSpec{"PGTT", 8, 6, number, "translation type: 1 first stage, 2 second stage, 3 nested, 4 pass-through"},
    FieldSpec{"SSADE", 9, 9, flag, "accessed and dirty flags of the second stage are set"},
    FieldSpec{"RSVD_11_10", 11, 10, reserved, "reserved"},
    FieldSpec{"SSPTPTR", 63, 12, address, "second-stage root"},
    FieldSpec{"DID", 79, 64, number, "domain id"},
    FieldSpec{"RSVD_86_80", 86, 80, reserved, "reserved"},
    FieldSpec{"PWSNP", 87, 87, flag, "page walks snoop the CPU caches"},
    FieldSpec{"PGSNP", 88, 88, flag, "accesses to pages snoop the CPU caches"},
    FieldSpec{"CD", 89, 89, flag, "cache disable, with memory-type support"},
    FieldSpec{"EMTE", 90, 90, flag, "extended memory types enabled, with memory-type support"},
    FieldSpec{"EMT", 93, 91, number, "extended memory type, with memory-type support"},
    FieldSpec{"PWT", 94, 94, flag, "page-level write-through, with memory-type support"},
    FieldSpec{"PCD", 95, 95, flag, "page-level cache disable, with memory-type support"},
    FieldSpec{"PAT", 127, 96, number, "page attribute table, with memory-type support"},
    FieldSpec{"SRE", 128, 128, flag, "supervisor requests allowed"},
    FieldSpec{"ERE", 129, 129, flag, "execute requests allowed (old revisions)"},
    FieldSpec{"FSPM", 131, 130, number, "first-stage paging mode: 0 four levels, 1 five levels"},
    FieldSpec{"WPE", 132, 132, flag, "write protection holds for supervisor requests"},
    FieldSpec{"NXE", 133, 133, flag, "no-execute enable: bit 63 of first-stage entries is XD"},
    FieldSpec{"SMEP", 134, 134, flag, "supervisor requests do not execute user pages"},
    FieldSpec{"EAFE", 135, 135, flag, "extended accessed flag of the first stage is set"},
    FieldSpec{"RSVD_139_136", 139, 136, reserved, "reserved"},
    FieldSpec{"FSPTPTR", 191, 140, address, "first-stage root; nested: an address of the second stage"},
    FieldSpec{"RSVD_255_192", 255, 192, reserved, "reserved"},
    FieldSpec{"RSVD_319_256", 319, 256, reserved, "reserved"},
    FieldSpec{"RSVD_383_320", 383, 320, reserved, "reserved"},
    FieldSpec{"RSVD_447_384", 447, 384, reserved, "reserved"},
    FieldSpec{"RSVD_511_448", 511, 448, reserved, "reserved"},
};

}  // namespace

std::span<const FieldSpec> fields(std::uint8_t type)
{
    switch (type) {
    case kScalableRootTable:
        return kRootHalfFields;
    case kScalableContextTable:
        return kContextFields;
    case kPasidDirectory:
        return kDirectoryFields;
    default:
        return kEntryFields;
    }
}

}  // namespace pgregion::formats::vtd::scalable
