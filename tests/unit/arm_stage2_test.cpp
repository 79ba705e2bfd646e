// SPDX-License-Identifier: GPL-2.0-or-later
//
// Arm stage 2 descriptors by the words of the manual: iommu-formats.md sections 4.4 to 4.7, 8.2, 10. What both
// stages share is in arm_stage1_test.cpp and arm_geometry_test.cpp.
#include "formats/arm.h"
#include "formats/make_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion
{
namespace
{

constexpr TableFormat kFormat = formats::make_format<formats::ArmStage2>();

// Slots that a directory sets.
constexpr std::size_t kAccessFlagFaults = 3;
constexpr std::size_t kNoHardwareDirty = 4;
constexpr std::size_t kForceWriteBack = 5;

const Access kReadWrite = Access::read() | Access::write();

FormatParams params_of(unsigned levels, std::string_view granule = "4k", std::uint8_t paw_bits = 52)
{
    FormatParams params = default_params(kFormat, levels);
    params.paw_bits = paw_bits;
    set_parameter(params, kFormat.parameters, "granule", granule);
    return params;
}

FormatParams with_slot(std::size_t slot)
{
    FormatParams params = params_of(3);
    params.value[slot] = 1;
    return params;
}

Entry decode(std::uint64_t raw, unsigned level, const FormatParams &params = params_of(4))
{
    return kFormat.decode(raw, level, params);
}

std::uint64_t field_of(std::uint64_t raw, unsigned level, std::string_view wanted)
{
    for (const FieldSpec &spec : kFormat.fields(level, decode(raw, level).kind, params_of(4))) {
        if (spec.name == wanted)
            return field_value(spec, std::span(&raw, 1));
    }
    ADD_FAILURE() << "no field " << wanted << " at level " << level;
    return ~std::uint64_t{0};
}

// --- worked example E7 -------------------------------------------------------------------------------------

TEST(ArmStage2, ExampleE7BlockOfAConcatenatedStartTableMapsOneGigabyte)
{
    FormatParams params = params_of(3);
    set_parameter(params, kFormat.parameters, "input-bits", "40");
    const std::uint64_t raw = 0x7c00007fd;
    const Entry entry = decode(raw, 2, params);
    EXPECT_EQ(entry.kind, EntryKind::leaf);
    EXPECT_EQ(entry.target, PhysAddr(0x7c0000000));
    EXPECT_EQ(entry.size_lg2, 30);
    EXPECT_EQ(entry.access, Access::all());
    EXPECT_FALSE(entry.faults());
    EXPECT_EQ(field_of(raw, 2, "MemAttr"), 0xfU);
    EXPECT_EQ(field_of(raw, 2, "S2AP_R"), 1U);
    EXPECT_EQ(field_of(raw, 2, "S2AP_W"), 1U);
    EXPECT_EQ(field_of(raw, 2, "SH"), 3U);
    EXPECT_EQ(field_of(raw, 2, "AF"), 1U);
    EXPECT_EQ(field_of(raw, 2, "OA"), 0x7c0000000U);
}

TEST(ArmStage2, ExampleE7IndexGoesOverBothTables)
{
    FormatParams params = params_of(3);
    set_parameter(params, kFormat.parameters, "input-bits", "40");
    ASSERT_TRUE(kFormat.consistent(params));
    const TableShape shape = kFormat.shape(2, params);
    EXPECT_EQ(shape.shift, 30);
    EXPECT_EQ(shape.bytes(), 8192U);
    EXPECT_EQ(shape.align_bytes, 8192U);
    EXPECT_EQ((0xc987654321U >> shape.shift) & (shape.entries() - 1), 806U);
}

// --- kinds and reserved bits --------------------------------------------------------------------------------

TEST(ArmStage2, TypesAreThoseOfStageOne)
{
    EXPECT_EQ(decode(0x800007fe, 0).kind, EntryKind::empty);
    EXPECT_EQ(decode(0x800007fd, 0).kind, EntryKind::invalid);
    EXPECT_EQ(decode(0x800007ff, 0).kind, EntryKind::leaf);
    EXPECT_EQ(decode(0x800007fd, 1).kind, EntryKind::leaf);
    EXPECT_EQ(decode(0x80000003, 1).kind, EntryKind::table);
    EXPECT_EQ(decode(0x800007fd, 3).kind, EntryKind::invalid);
    EXPECT_EQ(decode(0x80000003, 3).target, PhysAddr(0x80000000));
    EXPECT_EQ(decode(0x80000003, 3).target_level, 2);
    EXPECT_EQ(decode(0x80000003, 3).access, Access::all());
}

/// Every bit that, set alone beside `raw`, is reported as reserved.
std::uint64_t reserved_bits_of(std::uint64_t raw, unsigned level, const FormatParams &params)
{
    std::uint64_t found = 0;
    EXPECT_EQ(decode(raw, level, params).reserved_set, 0U);
    for (unsigned position = 2; position < 64; ++position)
        found |= decode(raw | std::uint64_t{1} << position, level, params).reserved_set;
    return found;
}

TEST(ArmStage2, ReservedBitsAreThoseOfTheManual)
{
    EXPECT_EQ(reserved_bits_of(0x2c7, 0, params_of(4)), 0x0007000000000800U);
    EXPECT_EQ(reserved_bits_of(0x2c5, 1, params_of(4)), 0x00070000001ef800U);
    EXPECT_EQ(reserved_bits_of(0x2c5, 2, params_of(4)), 0x000700003ffef800U);
    EXPECT_EQ(reserved_bits_of(0x3, 2, params_of(4)), 0xf803000000000000U);
    EXPECT_EQ(reserved_bits_of(0x2c7, 0, params_of(3, "16k")), 0x0007000000003800U);
    EXPECT_EQ(reserved_bits_of(0x2c5, 1, params_of(3, "16k")), 0x0007000001fef800U);
    EXPECT_EQ(reserved_bits_of(0x3, 2, params_of(3, "16k")), 0xf803000000003000U);
    EXPECT_EQ(reserved_bits_of(0x2c7, 0, params_of(3, "64k")), 0x0007000000000800U);
    EXPECT_EQ(reserved_bits_of(0x2c5, 1, params_of(3, "64k")), 0x000700001ffe0800U);
    EXPECT_EQ(reserved_bits_of(0x3, 2, params_of(3, "64k")), 0xf803000000000000U);
}

TEST(ArmStage2, AddressBitsBeyondTheWidthAreReported)
{
    EXPECT_EQ(reserved_bits_of(0x2c7, 0, params_of(3, "4k", 40)), 0x0007ff0000000800U);
    EXPECT_EQ(reserved_bits_of(0x2c7, 0, params_of(3, "64k", 48)), 0x000700000000f800U);
    EXPECT_EQ(decode(0x100000007ff, 0, params_of(3, "4k", 40)).invalid, FaultCause::output_beyond_width);
    EXPECT_EQ(decode(0x10000000fff, 0, params_of(3, "4k", 40)).invalid, FaultCause::invalid_entry);
}

TEST(ArmStage2, MemoryAttributesOfNoMeaningAreReserved)
{
    // MemAttr 4, 8 and 0xc; every other value means something.
    const std::array<std::uint64_t, 16> expected{0, 0, 0, 0, 0x10, 0, 0, 0, 0x20, 0, 0, 0, 0x30, 0, 0, 0};
    for (std::uint64_t memory = 0; memory < 16; ++memory)
        EXPECT_EQ(decode(0x800006c3 | memory << 2, 0).reserved_set, expected.at(memory)) << memory;
}

TEST(ArmStage2, UnderForcedWriteBackTheUpperMemoryAttributeBitIsReserved)
{
    EXPECT_EQ(decode(0x800007db, 0, with_slot(kForceWriteBack)).reserved_set, 0U);     // 6
    EXPECT_EQ(decode(0x800007ff, 0, with_slot(kForceWriteBack)).reserved_set, 0x20U);  // 0xf
}

TEST(ArmStage2, ShareabilityOneIsReserved)
{
    EXPECT_EQ(decode(0x800005ff, 0).reserved_set, 0x100U);
    EXPECT_EQ(decode(0x800007ff, 0).reserved_set, 0U);
    EXPECT_EQ(decode(0x800006ff, 0).reserved_set, 0U);
}

// --- permissions --------------------------------------------------------------------------------------------

TEST(ArmStage2, ReadAndWriteStandEachForThemselves)
{
    EXPECT_EQ(decode(0x006000008000073f, 0).access, Access::none());
    EXPECT_EQ(decode(0x006000008000077f, 0).access, Access::read());
    EXPECT_EQ(decode(0x00600000800007bf, 0).access, Access::write());
    EXPECT_EQ(decode(0x00600000800007ff, 0).access, kReadWrite);
    EXPECT_EQ(decode(0x800007ff, 0).access, Access::all());
    EXPECT_EQ(decode(0x8000073f, 0).access, Access::execute());
}

TEST(ArmStage2, ExecutionWithoutPrivilegeIsDecidedByTheUpperBitOfXn)
{
    EXPECT_EQ(decode(0x00000000800007ff, 0).access, Access::all());
    EXPECT_EQ(decode(0x00200000800007ff, 0).access, Access::all());
    EXPECT_EQ(decode(0x00400000800007ff, 0).access, kReadWrite);
    EXPECT_EQ(decode(0x00600000800007ff, 0).access, kReadWrite);
}

TEST(ArmStage2, ADirtyBitModifierMakesAPageWritable)
{
    EXPECT_EQ(decode(0x006800008000077f, 0).access, kReadWrite);
    EXPECT_EQ(decode(0x006800008000077f, 0, with_slot(kNoHardwareDirty)).access, Access::read());
}

TEST(ArmStage2, AClearAccessFlagIsABarOnlyWhereItFaults)
{
    EXPECT_FALSE(decode(0x800003ff, 0).access.is_inactive());
    EXPECT_TRUE(decode(0x800003ff, 0, with_slot(kAccessFlagFaults)).access.is_inactive());
    EXPECT_FALSE(decode(0x800007ff, 0, with_slot(kAccessFlagFaults)).access.is_inactive());
}

// --- what Linux writes --------------------------------------------------------------------------------------

TEST(ArmStage2, WhatLinuxWritesIsTypical)
{
    const auto typical = [](std::uint64_t raw, unsigned level) { return kFormat.typical(decode(raw, level), level); };
    EXPECT_TRUE(typical(0x43c10003, 3));
    EXPECT_TRUE(typical(0x0080000043c10003, 2));
    EXPECT_TRUE(typical(0x43c107ff, 0));
    EXPECT_TRUE(typical(0x43c1077f, 0));
    EXPECT_TRUE(typical(0x43c107bf, 0));
    EXPECT_TRUE(typical(0x43c106d7, 0));  // non-cacheable
    EXPECT_TRUE(typical(0x43c106c7, 0));  // device
    EXPECT_TRUE(typical(0x43c107db, 0));  // forced write-back
    EXPECT_TRUE(typical(0x00600000400007fd, 1));
}

TEST(ArmStage2, WhatOthersWriteIsNotTypical)
{
    const auto typical = [](std::uint64_t raw, unsigned level) { return kFormat.typical(decode(raw, level), level); };
    EXPECT_FALSE(typical(0x43c10f47, 0));  // stage 1
    EXPECT_FALSE(typical(0x43c10003, 0));  // VT-d
    EXPECT_FALSE(typical(0x43c10067, 0));  // x86
    EXPECT_FALSE(typical(0x43c10403, 2));  // VT-d table
    EXPECT_FALSE(typical(0x43c103ff, 0));  // access flag clear
    EXPECT_FALSE(typical(0x43c1073f, 0));  // no access
}

// --- encoding: section 10 -----------------------------------------------------------------------------------

TEST(ArmStage2, EncodesTheWordsOfTheQuickReference)
{
    const FormatParams params = params_of(4);
    EXPECT_EQ(kFormat.encode_table(PhysAddr(0x160021000), 2, params), 0x160021003U);
    EXPECT_EQ(kFormat.encode_leaf({PhysAddr(0x80001000), 12, Access::all()}, 0, params), 0x800017ffU);
    EXPECT_EQ(kFormat.encode_leaf({PhysAddr(0x80200000), 21, Access::all()}, 1, params), 0x802007fdU);
    EXPECT_EQ(kFormat.encode_leaf({PhysAddr(0x7c0000000), 30, Access::all()}, 2, params), 0x7c00007fdU);
    EXPECT_EQ(kFormat.encode_leaf({PhysAddr(0x80001000), 12, kReadWrite}, 0, params), 0x00600000800017ffU);
    EXPECT_EQ(kFormat.encode_leaf({PhysAddr(0x80001000), 12, Access::read()}, 0, params), 0x006000008000177fU);
    EXPECT_EQ(kFormat.encode_leaf({PhysAddr(0x80001000), 12, Access::write()}, 0, params), 0x00600000800017bfU);
}

TEST(ArmStage2, EncodesMemoryTypes)
{
    const auto encode = [](MemoryType memory, const FormatParams &params) {
        return kFormat.encode_leaf({PhysAddr(0x80001000), 12, Access::all(), memory}, 0, params);
    };
    EXPECT_EQ(encode(MemoryType::non_cached, params_of(3)), 0x800016d7U);
    EXPECT_EQ(encode(MemoryType::device, params_of(3)), 0x800016c7U);
    EXPECT_EQ(encode(MemoryType::normal, with_slot(kForceWriteBack)), 0x800017dbU);
}

TEST(ArmStage2, RefusesLeavesThatTheFormatDoesNotHave)
{
    const auto encode = [](std::uint64_t address, std::uint8_t size_lg2, Access access, unsigned level) {
        return kFormat.encode_leaf({PhysAddr(address), size_lg2, access}, level, params_of(3, "4k", 46));
    };
    EXPECT_EQ(encode(0x1000, 12, Access::none(), 0), std::nullopt);
    EXPECT_EQ(encode(0x1000, 12, kReadWrite, 1), std::nullopt);
    EXPECT_EQ(encode(0x1800, 12, kReadWrite, 0), std::nullopt);
    EXPECT_EQ(encode(0x400000000000, 12, kReadWrite, 0), std::nullopt);
    EXPECT_EQ(encode(0, 14, kReadWrite, 0), std::nullopt);
}

}  // namespace
}  // namespace pgregion
