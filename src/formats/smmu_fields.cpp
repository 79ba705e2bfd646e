// SPDX-License-Identifier: GPL-2.0-or-later
//
// The fields of SMMUv3 stream table entries and context descriptors by name: iommu-formats.md sections 4.1 to 4.3;
// SMMUv3 specification, sections 5.1 to 5.4. Bits that hardware takes as zero, or that belong to secure and realm
// streams, are shown as ignored.
#include "formats/smmu_records.h"

namespace pgregion::formats::smmu
{

namespace
{

using enum FieldRole;

constexpr std::array kL1StreamFields{
    FieldSpec{"Span", 4, 0, number, "the table has 2^(Span - 1) entries; 0 = none"},
    FieldSpec{"RES0_5", 5, 5, reserved, "reserved"},
    FieldSpec{"L2Ptr", 55, 6, address, "stream table"},
    FieldSpec{"RES0_63_56", 63, 56, reserved, "reserved"},
};

constexpr std::array kL1ContextFields{
    FieldSpec{"V", 0, 0, flag, "valid"},
    FieldSpec{"RES0_11_1", 11, 1, reserved, "reserved"},
    FieldSpec{"L2Ptr", 55, 12, address, "table of context descriptors"},
    FieldSpec{"RES0_63_56", 63, 56, reserved, "reserved"},
};

constexpr std::array kStreamFields{
    FieldSpec{"V", 0, 0, flag, "valid"},
    FieldSpec{"Config", 3, 1, number, "0 to 3 abort, 4 bypass, 5 stage 1, 6 stage 2, 7 both"},
    FieldSpec{"S1Fmt", 5, 4, number, "context descriptors: 0 linear, 1 in tables of 4 KiB, 2 in tables of 64 KiB"},
    FieldSpec{"S1ContextPtr", 55, 6, address, "context descriptors; an intermediate address where stage 2 is on"},
    FieldSpec{"IGN_58_56", 58, 56, ignored, "not used"},
    FieldSpec{"S1CDMax", 63, 59, number, "there are 2^S1CDMax context descriptors; 0 = one, without substreams"},
    FieldSpec{"S1DSS", 65, 64, number, "without SubstreamID: 0 abort, 1 bypass stage 1, 2 use descriptor 0"},
    FieldSpec{"S1CIR", 67, 66, number, "inner cacheability of context descriptors"},
    FieldSpec{"S1COR", 69, 68, number, "outer cacheability of context descriptors"},
    FieldSpec{"S1CSH", 71, 70, number, "shareability of context descriptors"},
    FieldSpec{"S2HWU", 75, 72, number, "hardware use of bits 62:59 of stage 2 descriptors"},
    FieldSpec{"DRE", 76, 76, flag, "destructive reads enabled"},
    FieldSpec{"CONT", 80, 77, number, "hint: alike with its neighbours, 2^CONT of them"},
    FieldSpec{"DCP", 81, 81, flag, "directed cache prefetch"},
    FieldSpec{"PPAR", 82, 82, flag, "page responses have a PASID"},
    FieldSpec{"MEV", 83, 83, flag, "events may be merged"},
    FieldSpec{"SW_RESERVED", 87, 84, software, "for software; Linux leaves it zero"},
    FieldSpec{"S1PIE", 88, 88, flag, "stage 1 permissions are indirect"},
    FieldSpec{"S2FWB", 89, 89, flag, "stage 2 MemAttr forces write-back"},
    FieldSpec{"S1MPAM", 90, 90, flag, "partition from the context descriptor"},
    FieldSpec{"S1STALLD", 91, 91, flag, "stage 1 cannot stall"},
    FieldSpec{"EATS", 93, 92, number, "ATS: 0 off, 1 full, 2 split, 3 with checks"},
    FieldSpec{"STRW", 95, 94, number, "owner of stage 1: 0 EL1, 2 EL2"},
    FieldSpec{"MemAttr", 99, 96, number, "memory type to be used"},
    FieldSpec{"MTCFG", 100, 100, flag, "use MemAttr"},
    FieldSpec{"ALLOCCFG", 104, 101, number, "allocation hints to be used"},
    FieldSpec{"IGN_107_105", 107, 105, ignored, "not used"},
    FieldSpec{"SHCFG", 109, 108, number, "shareability: 1 as it comes in"},
    FieldSpec{"NSCFG", 111, 110, number, "security of secure streams"},
    FieldSpec{"PRIVCFG", 113, 112, number, "privilege: 0 as it comes in, 2 unprivileged, 3 privileged"},
    FieldSpec{"INSTCFG", 115, 114, number, "0 as it comes in, 2 data, 3 instructions"},
    FieldSpec{"IMPDEF_127_116", 127, 116, number, "implementation defined"},
    FieldSpec{"S2VMID", 143, 128, number, "virtual machine id"},
    FieldSpec{"IMPDEF_159_144", 159, 144, number, "implementation defined"},
    FieldSpec{"S2T0SZ", 165, 160, number, "intermediate addresses have 64 - S2T0SZ bits"},
    FieldSpec{"S2SL0", 167, 166, number, "start level; its meaning depends on S2TG"},
    FieldSpec{"S2IR0", 169, 168, number, "inner cacheability of stage 2 tables"},
    FieldSpec{"S2OR0", 171, 170, number, "outer cacheability of stage 2 tables"},
    FieldSpec{"S2SH0", 173, 172, number, "shareability of stage 2 tables"},
    FieldSpec{"S2TG", 175, 174, number, "granule: 0 4K, 1 64K, 2 16K, 3 reserved"},
    FieldSpec{"S2PS", 178, 176, number, "address size: 0 to 7 = 32, 36, 40, 42, 44, 48, 52, 56 bits"},
    FieldSpec{"S2AA64", 179, 179, flag, "tables are VMSAv8-64"},
    FieldSpec{"S2ENDI", 180, 180, flag, "tables are big-endian"},
    FieldSpec{"S2AFFD", 181, 181, flag, "a clear access flag does not fault"},
    FieldSpec{"S2PTW", 182, 182, flag, "stage 1 tables in device memory fault"},
    FieldSpec{"S2HD", 183, 183, flag, "hardware updates dirty state (with S2HA)"},
    FieldSpec{"S2HA", 184, 184, flag, "hardware updates the access flag"},
    FieldSpec{"S2S", 185, 185, flag, "stage 2 faults stall"},
    FieldSpec{"S2R", 186, 186, flag, "stage 2 faults are recorded"},
    FieldSpec{"S2HAFT", 187, 187, flag, "hardware updates the access flag of tables"},
    FieldSpec{"S2PIE", 188, 188, flag, "stage 2 permissions are indirect"},
    FieldSpec{"S2POE", 189, 189, flag, "stage 2 permission overlay"},
    FieldSpec{"DPT_VMATCH", 191, 190, number, "device permission table: which VMIDs match"},
    FieldSpec{"IGN_193_192", 193, 192, ignored, "of secure streams"},
    FieldSpec{"S2SL0_2", 194, 194, flag, "start level, third bit (52-bit tables with small granules)"},
    FieldSpec{"S2DS", 195, 195, flag, "52-bit tables with small granules"},
    FieldSpec{"S2TTB", 243, 196, address, "stage 2 start table"},
    FieldSpec{"IGN_252_244", 252, 244, ignored, "not used"},
    FieldSpec{"S2SKL", 254, 253, number, "skipped levels of 128-bit tables"},
    FieldSpec{"IGN_255", 255, 255, ignored, "not used"},
    FieldSpec{"IMPDEF_271_256", 271, 256, number, "implementation defined"},
    FieldSpec{"PARTID", 287, 272, number, "memory partition"},
    FieldSpec{"IGN_319_288", 319, 288, ignored, "of secure and realm streams"},
    FieldSpec{"PMG", 327, 320, number, "performance monitoring group"},
    FieldSpec{"MPAM_NS", 328, 328, flag, "partition space, of secure streams"},
    FieldSpec{"AssuredOnly", 329, 329, flag, "stage 2 pages may be for assured accesses only"},
    FieldSpec{"TL0", 330, 330, flag, "checks of table writes by stage 1"},
    FieldSpec{"TL1", 331, 331, flag, "checks of table writes by stage 1"},
    FieldSpec{"VMSPtr", 375, 332, address, "virtual machine structure"},
    FieldSpec{"IGN_383_376", 383, 376, ignored, "not used"},
    FieldSpec{"IGN_447_384", 447, 384, ignored, "of secure streams"},
    FieldSpec{"S2POI", 511, 448, number, "meanings of stage 2 permission overlays"},
};

constexpr std::array kContextFields{
    FieldSpec{"T0SZ", 5, 0, number, "low half: addresses have 64 - T0SZ bits"},
    FieldSpec{"TG0", 7, 6, number, "low half, granule: 0 4K, 1 64K, 2 16K, 3 reserved"},
    FieldSpec{"IR0", 9, 8, number, "low half, inner cacheability of tables"},
    FieldSpec{"OR0", 11, 10, number, "low half, outer cacheability of tables"},
    FieldSpec{"SH0", 13, 12, number, "low half, shareability of tables"},
    FieldSpec{"EPD0", 14, 14, flag, "low half disabled"},
    FieldSpec{"ENDI", 15, 15, flag, "tables are big-endian"},
    FieldSpec{"T1SZ", 21, 16, number, "high half: addresses have 64 - T1SZ bits"},
    FieldSpec{"TG1", 23, 22, number, "high half, granule: 0 reserved, 1 16K, 2 4K, 3 64K"},
    FieldSpec{"IR1", 25, 24, number, "high half, inner cacheability of tables"},
    FieldSpec{"OR1", 27, 26, number, "high half, outer cacheability of tables"},
    FieldSpec{"SH1", 29, 28, number, "high half, shareability of tables"},
    FieldSpec{"EPD1", 30, 30, flag, "high half disabled"},
    FieldSpec{"V", 31, 31, flag, "valid"},
    FieldSpec{"IPS", 34, 32, number, "address size: 0 to 7 = 32, 36, 40, 42, 44, 48, 52, 56 bits"},
    FieldSpec{"AFFD", 35, 35, flag, "a clear access flag does not fault"},
    FieldSpec{"WXN", 36, 36, flag, "what is writable cannot be executed"},
    FieldSpec{"UWXN", 37, 37, flag, "what is writable without privilege cannot be executed with it"},
    FieldSpec{"TBI0", 38, 38, flag, "low half: the top byte of addresses is ignored"},
    FieldSpec{"TBI1", 39, 39, flag, "high half: the top byte of addresses is ignored"},
    FieldSpec{"PAN", 40, 40, flag, "what is accessible without privilege is not with it"},
    FieldSpec{"AA64", 41, 41, flag, "tables are VMSAv8-64"},
    FieldSpec{"HD", 42, 42, flag, "hardware updates dirty state (with HA)"},
    FieldSpec{"HA", 43, 43, flag, "hardware updates the access flag"},
    FieldSpec{"S", 44, 44, flag, "faults stall"},
    FieldSpec{"R", 45, 45, flag, "faults are recorded"},
    FieldSpec{"A", 46, 46, flag, "faulting requests are aborted"},
    FieldSpec{"ASET", 47, 47, flag, "ASID is not shared with the CPU's"},
    FieldSpec{"ASID", 63, 48, number, "address space id"},
    FieldSpec{"NSCFG0", 64, 64, flag, "low half, of secure streams"},
    FieldSpec{"HAD0", 65, 65, flag, "low half: permissions of tables are ignored"},
    FieldSpec{"E0PD0", 66, 66, flag, "low half: not for requests without privilege"},
    FieldSpec{"HAFT", 67, 67, flag, "hardware updates the access flag of tables"},
    FieldSpec{"TTB0", 115, 68, address, "low half, start table"},
    FieldSpec{"IGN_121_116", 121, 116, ignored, "not used"},
    FieldSpec{"PnCH", 122, 122, flag, "bit 52 of descriptors is Protected"},
    FieldSpec{"EPAN", 123, 123, flag, "PAN counts executable pages too"},
    FieldSpec{"HWU0", 127, 124, number, "low half: hardware use of bits 62:59 of descriptors"},
    FieldSpec{"NSCFG1", 128, 128, flag, "high half, of secure streams"},
    FieldSpec{"HAD1", 129, 129, flag, "high half: permissions of tables are ignored"},
    FieldSpec{"E0PD1", 130, 130, flag, "high half: not for requests without privilege"},
    FieldSpec{"AIE", 131, 131, flag, "memory attributes of 4 index bits"},
    FieldSpec{"TTB1", 179, 132, address, "high half, start table"},
    FieldSpec{"IGN_185_180", 185, 180, ignored, "not used"},
    FieldSpec{"DS", 186, 186, flag, "52-bit tables with small granules"},
    FieldSpec{"PIE", 187, 187, flag, "permissions are indirect"},
    FieldSpec{"HWU1", 191, 188, number, "high half: hardware use of bits 62:59 of descriptors"},
    FieldSpec{"MAIR", 255, 192, number, "memory types, one byte for each AttrIndx"},
    FieldSpec{"AMAIR", 319, 256, number, "implementation-defined memory types"},
    FieldSpec{"IMPDEF_351_320", 351, 320, number, "implementation defined"},
    FieldSpec{"PARTID", 367, 352, number, "memory partition"},
    FieldSpec{"PMG", 375, 368, number, "performance monitoring group"},
    FieldSpec{"IGN_383_376", 383, 376, ignored, "not used"},
    FieldSpec{"PIIU", 431, 384, number, "indirect permissions without privilege"},
    FieldSpec{"IGN_447_432", 447, 432, ignored, "not used"},
    FieldSpec{"PIIP", 495, 448, number, "indirect permissions with privilege"},
    FieldSpec{"IGN_511_496", 511, 496, ignored, "not used"},
};

}  // namespace

std::span<const FieldSpec> fields_of(std::uint8_t type)
{
    switch (type) {
    case kL1StreamTable:
        return kL1StreamFields;
    case kStreamTable:
        return kStreamFields;
    case kL1ContextTable:
        return kL1ContextFields;
    default:
        return kContextFields;
    }
}

}  // namespace pgregion::formats::smmu
