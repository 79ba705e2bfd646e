// SPDX-License-Identifier: GPL-2.0-or-later
//
// The fields of the RISC-V IOMMU's directory records by name: iommu-formats.md sections 5.2 to 5.4.
#include "formats/riscv_records.h"

namespace pgregion::formats::riscv
{

namespace
{

using enum FieldRole;

constexpr FieldSpec kV{"V", 0, 0, flag, "valid"};

constexpr std::array kEntryFields{
    kV,
    FieldSpec{"RSVD_9_1", 9, 1, reserved, "reserved"},
    FieldSpec{"PPN", 53, 10, number, "page number of the next table of the directory"},
    FieldSpec{"RSVD_63_54", 63, 54, reserved, "reserved"},
};

constexpr std::array kProcessFields{
    kV,
    FieldSpec{"ENS", 1, 1, flag, "requests of supervisor privilege allowed"},
    FieldSpec{"SUM", 2, 2, flag, "requests of supervisor privilege may use pages with U"},
    FieldSpec{"RSVD_11_3", 11, 3, reserved, "reserved"},
    FieldSpec{"PSCID", 31, 12, number, "process soft-context id: tells address spaces apart"},
    FieldSpec{"RSVD_63_32", 63, 32, reserved, "reserved"},
    FieldSpec{"fsc.PPN", 107, 64, number, "page number of the first-stage root"},
    FieldSpec{"RSVD_123_108", 123, 108, reserved, "reserved"},
    FieldSpec{"fsc.MODE", 127, 124, number, "first stage: 0 Bare, 8 Sv39, 9 Sv48, 10 Sv57"},
};

constexpr std::size_t kBaseCount = 26;  ///< the base format has the first four words alone
constexpr std::size_t kExtendedCount = 34;
using DeviceFields = std::array<FieldSpec, kExtendedCount>;

/// With PDTV = 0: fsc is iosatp.
constexpr DeviceFields kDeviceFields{{
    kV,
    {"EN_ATS", 1, 1, flag, "ATS requests allowed"},
    {"EN_PRI", 2, 2, flag, "page requests allowed"},
    {"T2GPA", 3, 3, flag, "ATS translations end at guest physical addresses"},
    {"DTF", 4, 4, flag, "translation faults are not reported"},
    {"PDTV", 5, 5, flag, "fsc points to a process directory"},
    {"PRPR", 6, 6, flag, "page-request responses carry the process id"},
    {"GADE", 7, 7, flag, "hardware sets A and D of the second stage"},
    {"SADE", 8, 8, flag, "hardware sets A and D of the first stage"},
    {"DPE", 9, 9, flag, "requests without process id use process 0"},
    {"SBE", 10, 10, flag, "process directory and first stage are big-endian"},
    {"SXL", 11, 11, flag, "first stage of 32 bits"},
    {"RSVD_23_12", 23, 12, reserved, "reserved"},
    {"CUSTOM_31_24", 31, 24, ignored, "for custom use"},
    {"RSVD_63_32", 63, 32, reserved, "reserved"},
    {"iohgatp.PPN", 107, 64, number, "page number of the second-stage root, 16 KiB aligned"},
    {"iohgatp.GSCID", 123, 108, number, "guest soft-context id: tells virtual machines apart"},
    {"iohgatp.MODE", 127, 124, number, "second stage: 0 Bare, 8 Sv39x4, 9 Sv48x4, 10 Sv57x4"},
    {"RSVD_139_128", 139, 128, reserved, "reserved"},
    {"PSCID", 159, 140, number, "process soft-context id: tells address spaces apart"},
    {"RSVD_167_160", 167, 160, reserved, "reserved"},
    {"RCID", 179, 168, number, "resource control id, where the IOMMU has quality of service"},
    {"MCID", 191, 180, number, "monitoring counter id, where the IOMMU has quality of service"},
    {"iosatp.PPN", 235, 192, number, "page number of the first-stage root"},
    {"RSVD_251_236", 251, 236, reserved, "reserved"},
    {"iosatp.MODE", 255, 252, number, "first stage: 0 Bare, 8 Sv39, 9 Sv48, 10 Sv57"},
    {"msiptp.PPN", 299, 256, number, "page number of the message table"},
    {"RSVD_315_300", 315, 300, reserved, "reserved"},
    {"msiptp.MODE", 319, 316, number, "messages: 0 off, 1 flat"},
    {"msi_addr_mask", 371, 320, number, "address bits that number interrupt files"},
    {"RSVD_383_372", 383, 372, reserved, "reserved"},
    {"msi_addr_pattern", 435, 384, number, "address bits that make an address one of an interrupt file"},
    {"RSVD_447_436", 447, 436, reserved, "reserved"},
    {"RSVD_511_448", 511, 448, reserved, "reserved"},
}};

/// With PDTV = 1: fsc is pdtp.
constexpr DeviceFields with_process_directory()
{
    DeviceFields fields = kDeviceFields;
    for (FieldSpec &spec : fields) {
        if (spec.name == "iosatp.PPN")
            spec = {"pdtp.PPN", spec.high, spec.low, number, "page number of the process directory's root"};
        if (spec.name == "iosatp.MODE")
            spec = {"pdtp.MODE", spec.high, spec.low, number, "process directory: 0 Bare, 1 PD8, 2 PD17, 3 PD20"};
    }
    return fields;
}

constexpr DeviceFields kDeviceFieldsWithProcesses = with_process_directory();

static_assert(kDeviceFields[kBaseCount - 1].high == 255 && kDeviceFields.back().high == 511);

}  // namespace

std::span<const FieldSpec> fields(std::uint8_t type, const RecordWords &words)
{
    const bool processes = (words[kTc] & kProcessDirectory) != 0;
    const std::span<const FieldSpec> device = processes ? kDeviceFieldsWithProcesses : kDeviceFields;
    switch (type) {
    case kExtendedContexts:
        return device;
    case kBaseContexts:
        return device.first(kBaseCount);
    case kProcessContexts:
        return kProcessFields;
    default:
        return kEntryFields;
    }
}

}  // namespace pgregion::formats::riscv
