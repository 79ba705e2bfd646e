// SPDX-License-Identifier: GPL-2.0-or-later
//
// Arm stage 1 descriptors by the words of the manual: iommu-formats.md sections 4.4 to 4.7, 8.2, 10.
#include "formats/arm.h"
#include "formats/make_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion
{
namespace
{

constexpr TableFormat kFormat = formats::make_format<formats::ArmStage1>();

// Slots that a directory sets.
constexpr std::size_t kAccessFlagFaults = 4;
constexpr std::size_t kNoHardwareDirty = 5;
constexpr std::size_t kFlatPermissions = 6;

const Access kReadWrite = Access::read() | Access::write();
const Access kReadExecute = Access::read() | Access::execute();

using Settings = std::vector<std::pair<std::string_view, std::string_view>>;

FormatParams params_of(unsigned levels, const Settings &settings = {}, std::uint8_t paw_bits = 52)
{
    FormatParams params = default_params(kFormat, levels);
    params.paw_bits = paw_bits;
    for (const auto &[key, value] : settings)
        set_parameter(params, kFormat.parameters, key, value);
    return params;
}

FormatParams with_slot(std::size_t slot)
{
    FormatParams params = params_of(4);
    params.value[slot] = 1;
    return params;
}

FormatParams granule_16k() { return params_of(4, {{"granule", "16k"}}); }
FormatParams granule_64k(std::uint8_t paw_bits = 52) { return params_of(3, {{"granule", "64k"}}, paw_bits); }

Entry decode(std::uint64_t raw, unsigned level, const FormatParams &params = params_of(4))
{
    return kFormat.decode(raw, level, params);
}

std::uint64_t field_of(std::uint64_t raw, unsigned level, std::string_view wanted,
                       const FormatParams &params = params_of(4))
{
    for (const FieldSpec &spec : kFormat.fields(level, decode(raw, level, params).kind, params)) {
        if (spec.name == wanted)
            return field_value(spec, std::span(&raw, 1));
    }
    ADD_FAILURE() << "no field " << wanted << " at level " << level;
    return ~std::uint64_t{0};
}

// --- worked example E6 -------------------------------------------------------------------------------------

TEST(ArmStage1, ExampleE6StartDescriptorLeadsToTheNextTable)
{
    const FormatParams params = params_of(3, {{"input-bits", "39"}});
    const Entry entry = decode(0x160021003, 2, params);
    EXPECT_EQ(entry.kind, EntryKind::table);
    EXPECT_EQ(entry.target, PhysAddr(0x160021000));
    EXPECT_EQ(entry.target_level, 1);
    EXPECT_EQ(entry.size_lg2, 30);
    EXPECT_EQ(entry.access, Access::all());
    EXPECT_FALSE(entry.faults());
    EXPECT_EQ(kFormat.entry_name(2), "L1");
    EXPECT_EQ(field_of(0x160021003, 2, "NEXT"), 0x160021000U);
    EXPECT_EQ(field_of(0x160021003, 2, "APTable"), 0U);
}

TEST(ArmStage1, ExampleE6BlockMapsTwoMegabytes)
{
    const std::uint64_t raw = 0x340c00f45;
    const Entry entry = decode(raw, 1, params_of(3, {{"input-bits", "39"}}));
    EXPECT_EQ(entry.kind, EntryKind::leaf);
    EXPECT_EQ(entry.target, PhysAddr(0x340c00000));
    EXPECT_EQ(entry.size_lg2, 21);
    EXPECT_EQ(entry.replicas_lg2, 0);
    EXPECT_EQ(entry.access, Access::all());
    EXPECT_FALSE(entry.access.is_inactive());
    EXPECT_FALSE(entry.faults());
    EXPECT_EQ(kFormat.entry_name(1), "L2");
    EXPECT_EQ(field_of(raw, 1, "AttrIndx"), 1U);
    EXPECT_EQ(field_of(raw, 1, "AP1"), 1U);
    EXPECT_EQ(field_of(raw, 1, "AP2"), 0U);
    EXPECT_EQ(field_of(raw, 1, "SH"), 3U);
    EXPECT_EQ(field_of(raw, 1, "AF"), 1U);
    EXPECT_EQ(field_of(raw, 1, "nG"), 1U);
    EXPECT_EQ(field_of(raw, 1, "OA"), 0x340c00000U);
}

TEST(ArmStage1, ExampleE6IndexesAreThoseOfTheShifts)
{
    const FormatParams params = params_of(3, {{"input-bits", "39"}});
    const std::array<std::uint64_t, 3> expected{485, 6, 191};
    for (unsigned level = 0; level < 3; ++level) {
        const TableShape shape = kFormat.shape(level, params);
        EXPECT_EQ((0x2fc0de5678U >> shape.shift) & (shape.entries() - 1), expected[level]);
        EXPECT_EQ(shape.bytes(), 4096U);
        EXPECT_EQ(shape.align_bytes, 4096U);
    }
}

TEST(ArmStage1, ExampleE8PageOf64KHasFourAddressBitsBelow)
{
    const std::uint64_t raw = 0x000012345678af47;
    const Entry entry = decode(raw, 0, granule_64k());
    EXPECT_EQ(entry.kind, EntryKind::leaf);
    EXPECT_EQ(entry.target, PhysAddr(0xa123456780000));
    EXPECT_EQ(entry.size_lg2, 16);
    EXPECT_EQ(entry.access, Access::all());
    EXPECT_FALSE(entry.faults());
    EXPECT_EQ(field_of(raw, 0, "OA_51_48", granule_64k()), 0xaU);
    EXPECT_EQ(field_of(raw, 0, "OA", granule_64k()), 0x123456780000U);
    EXPECT_EQ(kFormat.encode_leaf({PhysAddr(0xa123456780000), 16, Access::all()}, 0, granule_64k()), raw);
}

// --- kinds: section 4.4 and 4.5 ----------------------------------------------------------------------------

TEST(ArmStage1, BitZeroClearIsEmptyWhateverElseItHolds)
{
    for (unsigned level = 0; level < 4; ++level) {
        for (const std::uint64_t raw : {std::uint64_t{0}, std::uint64_t{2}, std::uint64_t{0xfffffffffffffffe}}) {
            EXPECT_EQ(decode(raw, level).kind, EntryKind::empty);
            EXPECT_EQ(decode(raw, level).reserved_set, 0U);
            EXPECT_EQ(decode(raw, level).raw, raw);
        }
    }
}

TEST(ArmStage1, TypeThreeIsAPageInTheLastTableAndATableElsewhere)
{
    EXPECT_EQ(decode(0x80000f47, 0).kind, EntryKind::leaf);
    EXPECT_EQ(decode(0x80000f47, 0).size_lg2, 12);
    for (unsigned level = 1; level < 4; ++level) {
        EXPECT_EQ(decode(0x80000003, level).kind, EntryKind::table);
        EXPECT_EQ(decode(0x80000003, level).target_level, level - 1);
    }
}

TEST(ArmStage1, TypeOneInTheLastTableIsInvalid)
{
    const Entry entry = decode(0x80000f45, 0);
    EXPECT_EQ(entry.kind, EntryKind::invalid);
    EXPECT_EQ(entry.invalid, FaultCause::invalid_entry);
    EXPECT_TRUE(entry.faults());
    EXPECT_TRUE(entry.access.empty());
}

TEST(ArmStage1, BlocksStandWhereTheGranuleHasThem)
{
    const auto kind = [](unsigned level, const FormatParams &params) { return decode(0xf45, level, params).kind; };
    EXPECT_EQ(kind(1, params_of(4)), EntryKind::leaf);
    EXPECT_EQ(kind(2, params_of(4)), EntryKind::leaf);
    EXPECT_EQ(kind(3, params_of(4)), EntryKind::invalid);
    EXPECT_EQ(kind(1, granule_16k()), EntryKind::leaf);
    EXPECT_EQ(kind(2, granule_16k()), EntryKind::invalid);
    EXPECT_EQ(kind(3, granule_16k()), EntryKind::invalid);
    EXPECT_EQ(kind(1, granule_64k()), EntryKind::leaf);
    EXPECT_EQ(kind(2, granule_64k()), EntryKind::leaf);
    EXPECT_EQ(kind(2, granule_64k(48)), EntryKind::invalid);
}

TEST(ArmStage1, SizesAreThoseOfTheGranule)
{
    EXPECT_EQ(decode(0xf45, 1).size_lg2, 21);
    EXPECT_EQ(decode(0xf45, 2).size_lg2, 30);
    EXPECT_EQ(decode(0xf47, 0, granule_16k()).size_lg2, 14);
    EXPECT_EQ(decode(0xf45, 1, granule_16k()).size_lg2, 25);
    EXPECT_EQ(decode(0xf47, 0, granule_64k()).size_lg2, 16);
    EXPECT_EQ(decode(0xf45, 1, granule_64k()).size_lg2, 29);
    EXPECT_EQ(decode(0xf45, 2, granule_64k()).size_lg2, 42);
}

TEST(ArmStage1, ATableOf64KHasFourAddressBitsBelow)
{
    EXPECT_EQ(decode(0x000012345678a003, 1, granule_64k()).target, PhysAddr(0xa123456780000));
    EXPECT_EQ(field_of(0x000012345678a003, 1, "NEXT_51_48", granule_64k()), 0xaU);
    EXPECT_EQ(kFormat.encode_table(PhysAddr(0xa123456780000), 1, granule_64k()), 0x000012345678a003U);
}

TEST(ArmStage1, TheContiguousHintIsNoMoreThanAField)
{
    const Entry entry = decode(0x0010000080001f47, 0);
    EXPECT_EQ(entry.target, PhysAddr(0x80001000));
    EXPECT_EQ(entry.size_lg2, 12);
    EXPECT_EQ(entry.replicas_lg2, 0);
    EXPECT_FALSE(entry.faults());
    EXPECT_EQ(field_of(0x0010000080001f47, 0, "Contiguous"), 1U);
}

// --- reserved bits: the table of section 4.5 ----------------------------------------------------------------

/// Every bit that, set alone beside `raw`, is reported as reserved.
std::uint64_t reserved_bits_of(std::uint64_t raw, unsigned level, const FormatParams &params)
{
    std::uint64_t found = 0;
    EXPECT_EQ(decode(raw, level, params).reserved_set, 0U);
    for (unsigned position = 2; position < 64; ++position)
        found |= decode(raw | std::uint64_t{1} << position, level, params).reserved_set;
    return found;
}

TEST(ArmStage1, ReservedBitsAreThoseOfTheManual)
{
    EXPECT_EQ(reserved_bits_of(0x247, 0, params_of(4)), 0x0003000000000020U);
    EXPECT_EQ(reserved_bits_of(0x245, 1, params_of(4)), 0x00030000001ef020U);
    EXPECT_EQ(reserved_bits_of(0x245, 2, params_of(4)), 0x000300003ffef020U);
    EXPECT_EQ(reserved_bits_of(0x3, 1, params_of(4)), 0x0003000000000000U);
    EXPECT_EQ(reserved_bits_of(0x3, 3, params_of(4)), 0x0003000000000000U);
}

TEST(ArmStage1, ReservedBitsOfLargerGranulesAreThoseOfTheManual)
{
    EXPECT_EQ(reserved_bits_of(0x247, 0, granule_16k()), 0x0003000000003020U);
    EXPECT_EQ(reserved_bits_of(0x245, 1, granule_16k()), 0x0003000001fef020U);
    EXPECT_EQ(reserved_bits_of(0x3, 1, granule_16k()), 0x0003000000003000U);
    EXPECT_EQ(reserved_bits_of(0x247, 0, granule_64k()), 0x0003000000000020U);
    EXPECT_EQ(reserved_bits_of(0x245, 1, granule_64k()), 0x000300001ffe0020U);
    EXPECT_EQ(reserved_bits_of(0x245, 2, granule_64k()), 0x000303fffffe0020U);
    EXPECT_EQ(reserved_bits_of(0x3, 1, granule_64k()), 0x0003000000000000U);
}

TEST(ArmStage1, AddressBitsBeyondTheWidthAreReported)
{
    EXPECT_EQ(reserved_bits_of(0x247, 0, params_of(4, {}, 40)), 0x0003ff0000000020U);
    EXPECT_EQ(reserved_bits_of(0x3, 1, params_of(4, {}, 40)), 0x0003ff0000000000U);
    EXPECT_EQ(reserved_bits_of(0x247, 0, granule_64k(48)), 0x000300000000f020U);
    EXPECT_EQ(reserved_bits_of(0x3, 1, granule_64k(44)), 0x0003f0000000f000U);
    EXPECT_EQ(reserved_bits_of(0x247, 0, granule_64k(50)), 0x000300000000c020U);
}

TEST(ArmStage1, AnAddressBeyondTheWidthAloneIsAnAddressSizeFault)
{
    const FormatParams params = params_of(4, {}, 40);
    EXPECT_EQ(decode(0x10000000f47, 0, params).reserved_set, 0x10000000000U);
    EXPECT_EQ(decode(0x10000000f47, 0, params).invalid, FaultCause::output_beyond_width);
    EXPECT_EQ(decode(0x10000000003, 2, params).invalid, FaultCause::output_beyond_width);
    EXPECT_EQ(decode(0x1010000000f47, 0, params).invalid, FaultCause::invalid_entry);
    EXPECT_EQ(decode(0x8000000000001f47, 0, params).reserved_set, 0U);
    EXPECT_EQ(decode(0xff47, 0, granule_64k(48)).invalid, FaultCause::output_beyond_width);
}

TEST(ArmStage1, ShareabilityOneIsReserved)
{
    EXPECT_EQ(decode(0x80000547, 0).reserved_set, 0x100U);
    for (const std::uint64_t raw : {0x80000447U, 0x80000647U, 0x80000747U})
        EXPECT_EQ(decode(raw, 0).reserved_set, 0U);
    EXPECT_EQ(decode(0x80000103, 1).reserved_set, 0U);
}

// --- permissions: section 4.5 -------------------------------------------------------------------------------

TEST(ArmStage1, AccessPermissionBitsDecide)
{
    EXPECT_EQ(decode(0x80000f07, 0).access, Access::none().supervisor_only());  // AP = 0: privileged only
    EXPECT_EQ(decode(0x80000f47, 0).access, Access::all());                     // AP = 1
    EXPECT_EQ(decode(0x80000f87, 0).access, Access::none().supervisor_only());  // AP = 2: privileged, read-only
    EXPECT_EQ(decode(0x80000fc7, 0).access, kReadExecute);                      // AP = 3
    EXPECT_EQ(decode(0x0040000080000f47, 0).access, kReadWrite);
    EXPECT_EQ(decode(0x0040000080000fc7, 0).access, Access::read());
    EXPECT_EQ(decode(0x0020000080000f47, 0).access, Access::all());  // PXN
}

TEST(ArmStage1, ADirtyBitModifierMakesAReadOnlyPageWritable)
{
    EXPECT_EQ(decode(0x0048000080000fc7, 0).access, kReadWrite);
    EXPECT_EQ(decode(0x0048000080000fc7, 0, with_slot(kNoHardwareDirty)).access, Access::read());
    EXPECT_EQ(decode(0x0048000080000f47, 0, with_slot(kNoHardwareDirty)).access, kReadWrite);
}

TEST(ArmStage1, AClearAccessFlagIsABarOnlyWhereItFaults)
{
    EXPECT_FALSE(decode(0x80000b47, 0).access.is_inactive());
    EXPECT_TRUE(decode(0x80000b47, 0, with_slot(kAccessFlagFaults)).access.is_inactive());
    EXPECT_TRUE(decode(0x80000b47, 0, with_slot(kAccessFlagFaults)).access.allows(Access::all()));
    EXPECT_FALSE(decode(0x80000f47, 0, with_slot(kAccessFlagFaults)).access.is_inactive());
    EXPECT_FALSE(decode(0x80000003, 1, with_slot(kAccessFlagFaults)).access.is_inactive());
}

TEST(ArmStage1, TablesTakePermissionsAwayUnlessTheDirectoryForbids)
{
    EXPECT_EQ(decode(0x1000000080000003, 1).access, kReadWrite);      // UXNTable
    EXPECT_EQ(decode(0x2000000080000003, 1).access, Access::none());  // APTable[0]
    EXPECT_EQ(decode(0x4000000080000003, 1).access, kReadExecute);    // APTable[1]
    EXPECT_EQ(decode(0x8800000080000003, 1).access, Access::all());   // NSTable, PXNTable
    EXPECT_EQ(decode(0x7000000080000003, 1, with_slot(kFlatPermissions)).access, Access::all());
    EXPECT_FALSE(decode(0xff80000080000003, 1).faults());
}

// --- what Linux writes --------------------------------------------------------------------------------------

TEST(ArmStage1, WhatLinuxWritesIsTypical)
{
    const auto typical = [](std::uint64_t raw, unsigned level) { return kFormat.typical(decode(raw, level), level); };
    EXPECT_TRUE(typical(0x43c10003, 3));
    EXPECT_TRUE(typical(0x0080000043c10003, 2));  // flushed by software because the walk is not coherent
    EXPECT_TRUE(typical(0x43c10f47, 0));
    EXPECT_TRUE(typical(0x43c10fc7, 0));
    EXPECT_TRUE(typical(0x0060000043c10f47, 0));  // not executable
    EXPECT_TRUE(typical(0x40000f45, 1));
    EXPECT_TRUE(typical(0x08090e4b, 0));  // device
    EXPECT_TRUE(kFormat.typical(decode(0x12345678af47, 0, granule_64k()), 0));
}

TEST(ArmStage1, WhatOthersWriteIsNotTypical)
{
    const auto typical = [](std::uint64_t raw, unsigned level) { return kFormat.typical(decode(raw, level), level); };
    EXPECT_FALSE(typical(0x43c107ff, 0));          // stage 2
    EXPECT_FALSE(typical(0x43c10003, 0));          // VT-d
    EXPECT_FALSE(typical(0x43c10067, 0));          // x86
    EXPECT_FALSE(typical(0x43c10027, 2));          // x86 table
    EXPECT_FALSE(typical(0x43c10403, 2));          // VT-d table
    EXPECT_FALSE(typical(0x43c10b47, 0));          // access flag clear
    EXPECT_FALSE(typical(0x43c10d47, 0));          // SH = 1
    EXPECT_FALSE(typical(0x0040000043c10f47, 0));  // XN of one half
}

// --- encoding: section 10 -----------------------------------------------------------------------------------

TEST(ArmStage1, EncodesTheWordsOfTheQuickReference)
{
    const FormatParams params = params_of(4);
    EXPECT_EQ(kFormat.encode_table(PhysAddr(0x160021000), 2, params), 0x160021003U);
    EXPECT_EQ(kFormat.encode_leaf({PhysAddr(0x80001000), 12, Access::all()}, 0, params), 0x80001f47U);
    EXPECT_EQ(kFormat.encode_leaf({PhysAddr(0x80200000), 21, Access::all()}, 1, params), 0x80200f45U);
    EXPECT_EQ(kFormat.encode_leaf({PhysAddr(0x80000000), 30, Access::all()}, 2, params), 0x80000f45U);
    EXPECT_EQ(kFormat.encode_leaf({PhysAddr(0x80001000), 12, kReadExecute}, 0, params), 0x80001fc7U);
    EXPECT_EQ(kFormat.encode_leaf({PhysAddr(0x80001000), 12, kReadWrite}, 0, params), 0x0060000080001f47U);
    EXPECT_EQ(kFormat.encode_leaf({PhysAddr(0x80001000), 12, Access::read()}, 0, params), 0x0060000080001fc7U);
}

TEST(ArmStage1, EncodesMemoryTypesAsLinuxFillsMair)
{
    const auto encode = [](MemoryType memory) {
        return kFormat.encode_leaf({PhysAddr(0x80001000), 12, Access::all(), memory}, 0, params_of(4));
    };
    EXPECT_EQ(encode(MemoryType::normal), 0x80001f47U);
    EXPECT_EQ(encode(MemoryType::non_cached), 0x80001e43U);
    EXPECT_EQ(encode(MemoryType::device), 0x80001e4bU);
}

TEST(ArmStage1, RefusesLeavesThatTheFormatDoesNotHave)
{
    const auto encode = [](std::uint64_t address, std::uint8_t size_lg2, Access access, unsigned level) {
        return kFormat.encode_leaf({PhysAddr(address), size_lg2, access}, level, params_of(4, {}, 46));
    };
    EXPECT_EQ(encode(0x1000, 12, Access::none(), 0), std::nullopt);
    EXPECT_EQ(encode(0x1000, 12, Access::write(), 0), std::nullopt);
    EXPECT_EQ(encode(0x1000, 12, Access::execute(), 0), std::nullopt);
    EXPECT_EQ(encode(0x1000, 12, kReadWrite, 1), std::nullopt);
    EXPECT_EQ(encode(0x200000, 21, kReadWrite, 0), std::nullopt);
    EXPECT_EQ(encode(0, 39, kReadWrite, 3), std::nullopt);
    EXPECT_EQ(encode(0x1800, 12, kReadWrite, 0), std::nullopt);
    EXPECT_EQ(encode(0x201000, 21, kReadWrite, 1), std::nullopt);
    EXPECT_EQ(encode(0x400000000000, 12, kReadWrite, 0), std::nullopt);
    EXPECT_NE(encode(0x3ffffffff000, 12, kReadWrite, 0), std::nullopt);
    EXPECT_EQ(kFormat.encode_leaf({PhysAddr(0x1000000000000), 12, kReadWrite}, 0, params_of(4)), std::nullopt);
    EXPECT_EQ(kFormat.encode_leaf({PhysAddr(0), 42, kReadWrite}, 2, granule_64k(48)), std::nullopt);
    EXPECT_NE(kFormat.encode_leaf({PhysAddr(0), 42, kReadWrite}, 2, granule_64k()), std::nullopt);
}

}  // namespace
}  // namespace pgregion
