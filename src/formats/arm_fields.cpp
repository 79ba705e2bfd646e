// SPDX-License-Identifier: GPL-2.0-or-later
//
// The fields of Arm descriptors by name: iommu-formats.md section 4.5; Arm Architecture Reference Manual, tables
// D8-50 to D8-55. A descriptor is put together from what its stage says (lower and upper attributes) and what its
// granule and level say (the address and the bits below it).
#include "formats/arm.h"

namespace pgregion::formats
{

namespace
{

using enum FieldRole;
using namespace arm;

template <std::size_t... kSizes>
constexpr auto join(const std::array<FieldSpec, kSizes> &...parts)
{
    std::array<FieldSpec, (kSizes + ...)> all{};
    std::size_t used = 0;
    const auto append = [&all, &used](const auto &part) {
        for (const FieldSpec &spec : part)
            all[used++] = spec;
    };
    (append(parts), ...);
    return all;
}

constexpr FieldSpec kValidField{"Valid", 0, 0, flag, "valid"};
constexpr FieldSpec kTypeField{"Type", 1, 1, flag, "table, or page in the last table; 0 = block"};
constexpr FieldSpec kSh{"SH", 9, 8, number, "shareability: 0 none, 1 reserved, 2 outer, 3 inner"};
constexpr FieldSpec kAf{"AF", 10, 10, flag, "access flag"};
constexpr FieldSpec kDbm{"DBM", 51, 51, flag, "dirty bit modifier: writable, hardware clears the write protection"};
constexpr FieldSpec kContiguous{"Contiguous", 52, 52, flag, "hint: one of a group of neighbours alike"};
constexpr FieldSpec kSoftware{"SW", 58, 55, software, "for software; Linux IOMMU drivers leave it zero"};
constexpr FieldSpec kPbha{"PBHA", 62, 59, ignored, "ignored (page-based hardware attributes)"};
constexpr FieldSpec kIgn63{"IGN_63", 63, 63, ignored, "ignored"};
constexpr FieldSpec kOaHigh{"OA_51_48", 15, 12, number, "output address, bits 51:48"};
constexpr FieldSpec kNt{"nT", 16, 16, flag,
                        "block to be translated without being cached, while a table takes its place"};

constexpr std::array kEmpty{kValidField, FieldSpec{"IGN_63_1", 63, 1, ignored, "ignored: not valid"}};
constexpr std::array kInvalid{kValidField, kTypeField,
                              FieldSpec{"IGN_63_2", 63, 2, ignored, "ignored: no such type at this level"}};

// ---------------------------------------------------------------------------------------------------------
// Attributes

constexpr std::array kLower1{
    kValidField,
    kTypeField,
    FieldSpec{"AttrIndx", 4, 2, number, "byte of MAIR; Linux: 0 non-cacheable, 1 write-back, 2 device"},
    FieldSpec{"NS", 5, 5, reserved, "reserved (non-secure, in secure tables)"},
    FieldSpec{"AP1", 6, 6, flag, "requests without privilege may use it"},
    FieldSpec{"AP2", 7, 7, flag, "read-only"},
    kSh,
    kAf,
    FieldSpec{"nG", 11, 11, flag, "not global: belongs to one ASID"},
};
constexpr std::array kUpper1{
    FieldSpec{"RES0_49_48", 49, 48, reserved, "reserved"},
    FieldSpec{"GP", 50, 50, flag, "guarded page"},
    kDbm,
    kContiguous,
    FieldSpec{"PXN", 53, 53, flag, "requests with privilege cannot execute"},
    FieldSpec{"UXN", 54, 54, flag, "requests without privilege cannot execute"},
    kSoftware,
    kPbha,
    kIgn63,
};

constexpr std::array kLower2{
    kValidField,
    kTypeField,
    FieldSpec{"MemAttr", 5, 2, number, "memory type; Linux: 0xf write-back (6 under S2FWB), 5 non-cacheable, 1 device"},
    FieldSpec{"S2AP_R", 6, 6, flag, "S2AP[0]: read"},
    FieldSpec{"S2AP_W", 7, 7, flag, "S2AP[1]: write"},
    kSh,
    kAf,
    FieldSpec{"RES0_11", 11, 11, reserved, "reserved"},
};
constexpr std::array kUpper2{
    FieldSpec{"RES0_50_48", 50, 48, reserved, "reserved"},
    kDbm,
    kContiguous,
    FieldSpec{"XN", 54, 53, number, "execute: 0 all, 1 without privilege, 2 none, 3 with privilege (none without XNX)"},
    kSoftware,
    kPbha,
    kIgn63,
};

constexpr std::array kTableLower{kValidField, kTypeField, FieldSpec{"IGN_11_2", 11, 2, ignored, "ignored"}};
constexpr std::array kTableMiddle{
    FieldSpec{"RES0_49_48", 49, 48, reserved, "reserved"},
    FieldSpec{"IGN_54_50", 54, 50, ignored, "ignored"},
    FieldSpec{"SW", 58, 55, software, "for software; Linux: bit 55 = table was flushed from the CPU cache"},
};
constexpr std::array kTableUpper1{
    FieldSpec{"PXNTable", 59, 59, flag, "below: requests with privilege cannot execute"},
    FieldSpec{"UXNTable", 60, 60, flag, "below: requests without privilege cannot execute (not under HAD)"},
    FieldSpec{"APTable", 62, 61, number, "below: 1 privileged only, 2 read-only, 3 both (not under HAD)"},
    FieldSpec{"NSTable", 63, 63, flag, "non-secure, in secure tables"},
};
constexpr std::array kTableUpper2{FieldSpec{"RES0_63_59", 63, 59, reserved, "reserved"}};

// ---------------------------------------------------------------------------------------------------------
// Addresses and the bits below them

constexpr FieldSpec address_field(std::uint16_t low) { return {"OA", 47, low, address, "output address"}; }

constexpr std::array kPage4K{address_field(12)};
constexpr std::array kPage16K{FieldSpec{"RES0_13_12", 13, 12, reserved, "reserved"}, address_field(14)};
constexpr std::array kPage64K{kOaHigh, address_field(16)};

constexpr std::array kBlock2M{FieldSpec{"RES0_15_12", 15, 12, reserved, "reserved"}, kNt,
                              FieldSpec{"RES0_20_17", 20, 17, reserved, "reserved"}, address_field(21)};
constexpr std::array kBlock1G{FieldSpec{"RES0_15_12", 15, 12, reserved, "reserved"}, kNt,
                              FieldSpec{"RES0_29_17", 29, 17, reserved, "reserved"}, address_field(30)};
constexpr std::array kBlock32M{FieldSpec{"RES0_15_12", 15, 12, reserved, "reserved"}, kNt,
                               FieldSpec{"RES0_24_17", 24, 17, reserved, "reserved"}, address_field(25)};
constexpr std::array kBlock512M{kOaHigh, kNt, FieldSpec{"RES0_28_17", 28, 17, reserved, "reserved"}, address_field(29)};
constexpr std::array kBlock4T{kOaHigh, kNt, FieldSpec{"RES0_41_17", 41, 17, reserved, "reserved"}, address_field(42)};

constexpr std::array kNext4K{FieldSpec{"NEXT", 47, 12, address, "next table"}};
constexpr std::array kNext16K{FieldSpec{"RES0_13_12", 13, 12, reserved, "reserved"},
                              FieldSpec{"NEXT", 47, 14, address, "next table"}};
constexpr std::array kNext64K{FieldSpec{"NEXT_51_48", 15, 12, number, "next table, bits 51:48"},
                              FieldSpec{"NEXT", 47, 16, address, "next table"}};

// ---------------------------------------------------------------------------------------------------------
// Whole descriptors

/// The descriptors of one stage.
template <const auto &kLower, const auto &kUpper, const auto &kTableUpper>
struct Descriptors {
    template <const auto &kMiddle>
    static constexpr auto kLeaf = join(kLower, kMiddle, kUpper);
    template <const auto &kNext>
    static constexpr auto kTable = join(kTableLower, kNext, kTableMiddle, kTableUpper);

    static std::span<const FieldSpec> table(const FormatParams &params)
    {
        switch (granule_of(params)) {
        case kGranule4K:
            return kTable<kNext4K>;
        case kGranule16K:
            return kTable<kNext16K>;
        default:
            return kTable<kNext64K>;
        }
    }

    static std::span<const FieldSpec> leaf(unsigned level, const FormatParams &params)
    {
        switch (shift_of(level, params)) {
        case 12:
            return kLeaf<kPage4K>;
        case 14:
            return kLeaf<kPage16K>;
        case 16:
            return kLeaf<kPage64K>;
        case 21:
            return kLeaf<kBlock2M>;
        case 25:
            return kLeaf<kBlock32M>;
        case 29:
            return kLeaf<kBlock512M>;
        case 30:
            return kLeaf<kBlock1G>;
        case 42:
            return kLeaf<kBlock4T>;
        default:
            return kInvalid;
        }
    }

    static std::span<const FieldSpec> of(unsigned level, EntryKind kind, const FormatParams &params)
    {
        switch (kind) {
        case EntryKind::table:
            return table(params);
        case EntryKind::leaf:
            return leaf(level, params);
        case EntryKind::empty:
            return kEmpty;
        case EntryKind::invalid:
            break;
        }
        return kInvalid;
    }
};

}  // namespace

std::span<const FieldSpec> ArmStage1::fields(unsigned level, EntryKind kind, const FormatParams &params)
{
    return Descriptors<kLower1, kUpper1, kTableUpper1>::of(level, kind, params);
}

std::span<const FieldSpec> ArmStage2::fields(unsigned level, EntryKind kind, const FormatParams &params)
{
    return Descriptors<kLower2, kUpper2, kTableUpper2>::of(level, kind, params);
}

}  // namespace pgregion::formats
