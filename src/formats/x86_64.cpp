// SPDX-License-Identifier: GPL-2.0-or-later
//
// The fields of x86-64 entries by name: iommu-formats.md section 3.
#include "formats/x86_64.h"

namespace pgregion::formats
{

namespace
{

using enum FieldRole;

constexpr FieldSpec kP{"P", 0, 0, flag, "present"};
constexpr FieldSpec kRw{"R/W", 1, 1, flag, "writable"};
constexpr FieldSpec kUs{"U/S", 2, 2, flag, "for requests of user privilege, too"};
constexpr FieldSpec kPwt{"PWT", 3, 3, flag, "bit 0 of the memory type index"};
constexpr FieldSpec kPcd{"PCD", 4, 4, flag, "bit 1 of the memory type index"};
constexpr FieldSpec kA{"A", 5, 5, flag, "accessed"};
constexpr FieldSpec kD{"D", 6, 6, flag, "dirty"};
constexpr FieldSpec kIgn6{"IGN_6", 6, 6, ignored, "ignored"};
constexpr FieldSpec kPs{"PS", 7, 7, flag, "page size: 1 = leaf"};
constexpr FieldSpec kRsvd7{"RSVD_7", 7, 7, reserved, "reserved"};
constexpr FieldSpec kPatOfPte{"PAT", 7, 7, flag, "bit 2 of the memory type index"};
constexpr FieldSpec kG{"G", 8, 8, flag, "global"};
constexpr FieldSpec kIgn8{"IGN_8", 8, 8, ignored, "ignored"};
constexpr FieldSpec kRsvd8{"RSVD_8", 8, 8, reserved, "must be zero on AMD"};
constexpr FieldSpec kSw0OfTable{"SW0", 9, 9, software, "Linux: table below was flushed from the CPU cache"};
constexpr FieldSpec kSw0{"SW0", 9, 9, software, "software bit 0 of Linux"};
constexpr FieldSpec kEa{"EA", 10, 10, flag, "extended accessed (VT-d, where enabled; else ignored)"};
constexpr FieldSpec kSw1{"SW1", 11, 11, software, "software bit 1 of Linux"};
constexpr FieldSpec kNext{"ADDR", 51, 12, address, "next table"};
constexpr FieldSpec kPatOfLarge{"PAT", 12, 12, flag, "bit 2 of the memory type index"};
constexpr FieldSpec kSw2to12{"SW12_2", 62, 52, software,
                             "software bits 2 to 12 of Linux; 62:59 a CPU's protection key"};
constexpr FieldSpec kXd{"XD", 63, 63, flag, "no execution"};
constexpr FieldSpec kRsvd63{"RSVD_63", 63, 63, reserved, "reserved while no-execute is off"};

constexpr FieldSpec kRsvd20{"RSVD_20_13", 20, 13, reserved, "reserved"};
constexpr FieldSpec kRsvd29{"RSVD_29_13", 29, 13, reserved, "reserved"};
constexpr FieldSpec kAddr4K{"ADDR", 51, 12, address, "output address of the 4-KiB page"};
constexpr FieldSpec kAddr2M{"ADDR", 51, 21, address, "output address of the 2-MiB page"};
constexpr FieldSpec kAddr1G{"ADDR", 51, 30, address, "output address of the 1-GiB page"};

constexpr auto table(const FieldSpec &bit7, const FieldSpec &bit8, const FieldSpec &bit63)
{
    return std::array{kP, kRw, kUs, kPwt, kPcd, kA, kIgn6, bit7, bit8, kSw0OfTable, kEa, kSw1, kNext, kSw2to12, bit63};
}

constexpr auto small_leaf(const FieldSpec &bit63)
{
    return std::array{kP, kRw, kUs, kPwt, kPcd, kA, kD, kPatOfPte, kG, kSw0, kEa, kSw1, kAddr4K, kSw2to12, bit63};
}

constexpr auto large_leaf(const FieldSpec &low, const FieldSpec &addr, const FieldSpec &bit63)
{
    return std::array{kP,   kRw, kUs,  kPwt,        kPcd, kA,   kD,       kPs,  kG,
                      kSw0, kEa, kSw1, kPatOfLarge, low,  addr, kSw2to12, bit63};
}

/// Everything that depends on whether bit 63 is reserved.
struct Specs {
    std::array<FieldSpec, 15> upper_of_intel;
    std::array<FieldSpec, 15> upper_of_amd;
    std::array<FieldSpec, 15> lower;
    std::array<FieldSpec, 15> leaf_4k;
    std::array<FieldSpec, 17> leaf_2m;
    std::array<FieldSpec, 17> leaf_1g;
};

constexpr Specs specs(const FieldSpec &bit63)
{
    return {.upper_of_intel = table(kRsvd7, kIgn8, bit63),
            .upper_of_amd = table(kRsvd7, kRsvd8, bit63),
            .lower = table(kPs, kIgn8, bit63),
            .leaf_4k = small_leaf(bit63),
            .leaf_2m = large_leaf(kRsvd20, kAddr2M, bit63),
            .leaf_1g = large_leaf(kRsvd29, kAddr1G, bit63)};
}

constexpr Specs kSpecsWithNx = specs(kXd);
constexpr Specs kSpecsWithoutNx = specs(kRsvd63);

constexpr std::array kEmpty{kP, FieldSpec{"IGN_63_1", 63, 1, ignored, "ignored: not present"}};

}  // namespace

std::span<const FieldSpec> X86::fields(unsigned level, EntryKind kind, const FormatParams &params)
{
    const Specs &specs = params.value[kNx] != 0 ? kSpecsWithNx : kSpecsWithoutNx;
    if (kind == EntryKind::empty || kind == EntryKind::invalid)
        return kEmpty;
    if (kind == EntryKind::table && level > kTopLeafLevel)
        return params.value[kVendor] == kAmd ? specs.upper_of_amd : specs.upper_of_intel;
    if (kind == EntryKind::table)
        return specs.lower;
    switch (level) {
    case 0:
        return specs.leaf_4k;
    case 1:
        return specs.leaf_2m;
    default:
        return specs.leaf_1g;
    }
}

}  // namespace pgregion::formats
