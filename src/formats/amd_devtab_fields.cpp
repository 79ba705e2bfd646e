// SPDX-License-Identifier: GPL-2.0-or-later
//
// The fields of device table and GCR3 entries by name: iommu-formats.md sections 2.2 and 2.3.
#include "base/bits.h"
#include "formats/amd_devtab.h"

namespace pgregion::formats::amd
{

namespace
{

using enum FieldRole;

constexpr std::array kDeviceFields{
    FieldSpec{"V", 0, 0, flag, "bits 127:1 are valid; without it requests pass untranslated"},
    FieldSpec{"TV", 1, 1, flag, "translation is valid; without it requests that need one fault"},
    FieldSpec{"RSVD_6_2", 6, 2, reserved, "reserved"},
    FieldSpec{"HAD", 8, 7, number, "host flags set by hardware: 0 none, 1 accessed, 3 accessed and dirty"},
    FieldSpec{"Mode", 11, 9, number, "levels of the host page tables, 0 = none: addresses pass as they are"},
    FieldSpec{"HostPTRoot", 51, 12, address, "root of the host page tables"},
    FieldSpec{"PPR", 52, 52, flag, "peripheral page requests"},
    FieldSpec{"GPRP", 53, 53, flag, "guest page response has a PASID"},
    FieldSpec{"GIOV", 54, 54, flag, "requests without PASID use PASID 0"},
    FieldSpec{"GV", 55, 55, flag, "guest translation is valid"},
    FieldSpec{"GLX", 57, 56, number, "levels of the GCR3 table, less one"},
    FieldSpec{"GCR3_14_12", 60, 58, number, "bits 14:12 of the GCR3 table's address"},
    FieldSpec{"IR", 61, 61, flag, "read"},
    FieldSpec{"IW", 62, 62, flag, "write"},
    FieldSpec{"RSVD_63", 63, 63, reserved, "reserved"},
    FieldSpec{"DomainID", 79, 64, number, "domain id"},
    FieldSpec{"GCR3_30_15", 95, 80, number, "bits 30:15 of the GCR3 table's address"},
    FieldSpec{"I", 96, 96, flag, "device TLB (ATS) enabled"},
    FieldSpec{"SE", 97, 97, flag, "page faults are recorded once"},
    FieldSpec{"SA", 98, 98, flag, "page faults are not recorded"},
    FieldSpec{"IoCtl", 100, 99, number, "port I/O: 0 abort, 1 forward, 2 translate"},
    FieldSpec{"Cache", 101, 101, flag, "hint not to cache host translations"},
    FieldSpec{"SD", 102, 102, flag, "snoop disabled for page table walks of the host"},
    FieldSpec{"EX", 103, 103, flag, "exclusion range applies"},
    FieldSpec{"SysMgt", 105, 104, number, "system management range: 0 abort, 1 forward, 2 interrupts, 3 translate"},
    FieldSpec{"SATS", 106, 106, flag, "secure ATS (older parts: reserved, not checked here)"},
    FieldSpec{"GCR3_51_31", 127, 107, number, "bits 51:31 of the GCR3 table's address"},
    FieldSpec{"IV", 128, 128, flag, "interrupt map is valid"},
    FieldSpec{"IntTabLen", 132, 129, number, "entries of the interrupt table as a power of two, up to 11"},
    FieldSpec{"IG", 133, 133, flag, "unmapped interrupts are not recorded"},
    FieldSpec{"IntTabRoot", 179, 134, address, "interrupt table"},
    FieldSpec{"RSVD_181_180", 181, 180, reserved, "reserved"},
    FieldSpec{"GuestPagingMode", 183, 182, number, "guest page tables: 0 = 4 levels, 1 = 5 levels"},
    FieldSpec{"INITPass", 184, 184, flag, "INIT passes"},
    FieldSpec{"EIntPass", 185, 185, flag, "external interrupts pass"},
    FieldSpec{"NMIPass", 186, 186, flag, "NMI passes"},
    FieldSpec{"HPTMode", 187, 187, flag, "host page table mode (older parts: reserved, not checked here)"},
    FieldSpec{"IntCtl", 189, 188, number, "fixed interrupts: 0 abort, 1 forward unmapped, 2 remap"},
    FieldSpec{"Lint0Pass", 190, 190, flag, "LINT0 passes"},
    FieldSpec{"Lint1Pass", 191, 191, flag, "LINT1 passes"},
    FieldSpec{"RSVD_206_192", 206, 192, reserved, "reserved"},
    FieldSpec{"vImuEn", 207, 207, flag, "virtual IOMMU"},
    FieldSpec{"GDeviceID", 223, 208, number, "device id in the guest"},
    FieldSpec{"GuestID", 239, 224, number, "guest id"},
    FieldSpec{"RSVD_245_240", 245, 240, reserved, "reserved"},
    FieldSpec{"AttrV", 246, 246, flag, "attributes are valid"},
    FieldSpec{"Mode0FC", 247, 247, flag, "force coherent while Mode is 0"},
    FieldSpec{"SnoopAttribute", 255, 248, number, "snoop attribute"},
};

/// The same fields where hardware does not look at the reserved ones from bit `first` on.
constexpr auto unchecked_from(unsigned first)
{
    auto specs = kDeviceFields;
    for (FieldSpec &spec : specs) {
        if (spec.role == reserved && spec.low >= first) {
            spec.role = ignored;
            spec.meaning = "reserved, not looked at in this entry";
        }
    }
    return specs;
}

constexpr unsigned kInterruptHalf = 128;
constexpr auto kDeviceFieldsWithoutV = unchecked_from(0);
constexpr auto kDeviceFieldsWithoutIv = unchecked_from(kInterruptHalf);

constexpr FieldSpec kGcr3Valid{"V", 0, 0, flag, "valid"};
constexpr FieldSpec kGcr3Low{"RSVD_11_1", 11, 1, reserved, "reserved"};
constexpr FieldSpec kGcr3High{"RSVD_63_52", 63, 52, reserved, "reserved"};

constexpr std::array kGcr3Upper{kGcr3Valid, kGcr3Low, FieldSpec{"ADDR", 51, 12, address, "next GCR3 table"}, kGcr3High};
constexpr std::array kGcr3Last{kGcr3Valid, kGcr3Low,
                               FieldSpec{"ADDR", 51, 12, address, "root of the guest page tables"}, kGcr3High};
constexpr std::array kGcr3Empty{kGcr3Valid, FieldSpec{"IGN_63_1", 63, 1, ignored, "ignored: not valid"}};

}  // namespace

std::span<const FieldSpec> directory_fields(std::uint8_t type, const RecordWords &words)
{
    const bool valid = (words[0] & bit(0)) != 0;
    if (type != kDeviceTable) {
        const auto specs = type == kGcr3Level1 ? std::span<const FieldSpec>(kGcr3Last) : kGcr3Upper;
        return valid ? specs : kGcr3Empty;
    }
    if (!valid)
        return kDeviceFieldsWithoutV;
    const bool interrupt_map_valid = (words[2] & bit(0)) != 0;
    return interrupt_map_valid ? kDeviceFields : kDeviceFieldsWithoutIv;
}

}  // namespace pgregion::formats::amd
