// SPDX-License-Identifier: GPL-2.0-or-later
//
// AMD-Vi host entries by the words of the manual: iommu-formats.md sections 2.4, 2.6, 2.7, 10.
#include "formats/amd_v1.h"
#include "formats/make_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion
{
namespace
{

constexpr TableFormat kFormat = formats::make_format<formats::AmdV1>();

FormatParams params_of(unsigned levels, std::uint8_t paw_bits = 52)
{
    FormatParams params = default_params(kFormat, levels);
    params.paw_bits = paw_bits;
    return params;
}

FormatParams with_c_bit(FormatParams params, std::string_view position)
{
    set_parameter(params, kFormat.parameters, "c-bit", position);
    return params;
}

Entry decode(std::uint64_t raw, unsigned level, const FormatParams &params = params_of(6))
{
    return kFormat.decode(raw, level, params);
}

std::uint64_t field_of(std::uint64_t raw, unsigned level, std::string_view wanted)
{
    for (const FieldSpec &spec : kFormat.fields(level, decode(raw, level).kind, params_of(6))) {
        if (spec.name == wanted)
            return field_value(spec, std::span(&raw, 1));
    }
    ADD_FAILURE() << "no field " << wanted << " at level " << level;
    return ~std::uint64_t{0};
}

const Access kReadWrite = Access::read() | Access::write();
constexpr std::uint64_t kRwLeaf = 0x6000000000000001;
constexpr std::uint64_t kRwCoded = 0x6000000000000e01;

// --- worked example E5 -------------------------------------------------------------------------------------

TEST(AmdV1, ExampleE5PdesLeadToTheNextLevel)
{
    const std::array<std::pair<std::uint64_t, std::uint64_t>, 2> rows{
        {{0x6000000150202201, 0x150202000}, {0x6000000150201401, 0x150201000}}};
    for (unsigned level = 1; level <= 2; ++level) {
        const auto &[raw, next] = rows.at(level - 1);
        const Entry entry = decode(raw, level, params_of(3));
        EXPECT_EQ(entry.kind, EntryKind::table);
        EXPECT_EQ(entry.target, PhysAddr(next));
        EXPECT_EQ(entry.target_level, level - 1);
        EXPECT_EQ(entry.size_lg2, 12 + 9 * level);
        EXPECT_EQ(entry.access, kReadWrite);
        EXPECT_FALSE(entry.faults());
        EXPECT_EQ(field_of(raw, level, "NextLevel"), level);
        EXPECT_EQ(field_of(raw, level, "ADDR"), next);
    }
}

TEST(AmdV1, ExampleE5PteIsA64KilobytePageInSixteenSlots)
{
    const std::uint64_t raw = 0x7000000200567e61;
    const Entry entry = decode(raw, 0, params_of(3));
    EXPECT_EQ(entry.kind, EntryKind::leaf);
    EXPECT_EQ(entry.target, PhysAddr(0x200560000));
    EXPECT_EQ(entry.size_lg2, 16);
    EXPECT_EQ(entry.replicas_lg2, 4);
    EXPECT_EQ(letters(entry.access), "rw");
    EXPECT_FALSE(entry.faults());
    for (const std::string_view flag : {"PR", "A", "D", "FC", "IR", "IW"})
        EXPECT_EQ(field_of(raw, 0, flag), 1U) << flag;
    EXPECT_EQ(field_of(raw, 0, "U"), 0U);
    EXPECT_EQ(field_of(raw, 0, "NextLevel"), 7U);
    EXPECT_EQ(field_of(raw, 0, "ADDR"), 0x200567000U);
}

TEST(AmdV1, ExampleE5IndexesAreThoseOfTheShifts)
{
    const std::uint64_t iova = 0x123456789a;
    const std::array<std::uint64_t, 3> expected{359, 418, 72};
    for (unsigned level = 0; level < 3; ++level) {
        const TableShape shape = kFormat.shape(level, params_of(3));
        EXPECT_EQ((iova >> shape.shift) & (shape.entries() - 1), expected.at(level));
        EXPECT_EQ(shape.bytes(), 4096U);
    }
}

TEST(AmdV1, ExampleOfALevelSkipSpansWhatTheNextTableSpans)
{
    const Entry entry = decode(0x6000000150202201, 3);
    EXPECT_EQ(entry.kind, EntryKind::table);
    EXPECT_EQ(entry.target_level, 0);
    EXPECT_EQ(entry.size_lg2, 21);
    EXPECT_EQ(entry.target, PhysAddr(0x150202000));
    EXPECT_FALSE(entry.faults());
}

TEST(AmdV1, TheTopTableHas128EntriesInAPageOfItsOwn)
{
    const TableShape shape = kFormat.shape(5, params_of(6));
    EXPECT_EQ(shape.shift, 57);
    EXPECT_EQ(shape.entries(), 128U);
    EXPECT_EQ(shape.align_bytes, 4096U);
    EXPECT_EQ(kFormat.shape(4, params_of(6)).entries(), 512U);
}

// --- kinds -------------------------------------------------------------------------------------------------

TEST(AmdV1, NextLevelMustLeadDown)
{
    for (unsigned level = 0; level < 6; ++level) {
        for (std::uint64_t next = 1; next <= 6; ++next) {
            const Entry entry = decode(0x6000000150200001 | next << 9, level);
            const bool down = next <= level;
            EXPECT_EQ(entry.kind, down ? EntryKind::table : EntryKind::invalid) << level << " to " << next;
            EXPECT_EQ(entry.invalid, FaultCause::invalid_entry);
            EXPECT_EQ(entry.faults(), !down);
            if (down) {
                EXPECT_EQ(entry.target_level, next - 1);
            }
        }
    }
}

TEST(AmdV1, NextLevelZeroIsALeafOfTheSizeOfASlot)
{
    for (unsigned level = 0; level < 5; ++level) {
        const Entry entry = decode(kRwLeaf, level);
        EXPECT_EQ(entry.kind, EntryKind::leaf);
        EXPECT_EQ(entry.size_lg2, 12 + 9 * level);
        EXPECT_EQ(entry.replicas_lg2, 0);
        EXPECT_FALSE(entry.faults());
    }
}

TEST(AmdV1, TheTopTableHasNoLeaves)
{
    EXPECT_EQ(decode(kRwLeaf, 5).kind, EntryKind::invalid);
    for (const std::uint64_t address : {0x0ULL, 0x7000ULL, 0x3fffffffff000ULL, 0xffffffffff000ULL})
        EXPECT_EQ(decode(kRwCoded | address, 5).kind, EntryKind::invalid);
}

TEST(AmdV1, WithoutPresentAnEntryIsEmptyWhateverElseItHolds)
{
    for (unsigned level = 0; level < 6; ++level) {
        for (const std::uint64_t raw : {std::uint64_t{0}, std::uint64_t{0x6000000150200c00}, ~std::uint64_t{1}}) {
            EXPECT_EQ(decode(raw, level).kind, EntryKind::empty);
            EXPECT_FALSE(decode(raw, level).faults());
        }
    }
}

TEST(AmdV1, LowAddressBitsOfALeafWithoutSizeCodeAreReserved)
{
    EXPECT_EQ(decode(kRwLeaf | 0x40201000, 1).reserved_set, 0x1000U);
    EXPECT_EQ(decode(kRwLeaf | 0x40201000, 1).target, PhysAddr(0x40200000));
    EXPECT_EQ(decode(kRwLeaf | 0x60203000, 2).reserved_set, 0x20203000U);
    EXPECT_EQ(decode(kRwLeaf | 0x40201000, 0).reserved_set, 0U);
}

TEST(AmdV1, PermissionsAreReadAndWriteAndALeafMayHaveNone)
{
    EXPECT_EQ(letters(decode(0x2000000000001001, 0).access), "r");
    EXPECT_EQ(letters(decode(0x4000000000001001, 0).access), "w");
    EXPECT_EQ(letters(decode(0x6000000000001001, 0).access), "rw");
    const Entry blocked = decode(0x1001, 0);
    EXPECT_EQ(blocked.kind, EntryKind::leaf);
    EXPECT_TRUE(blocked.access.empty());
    EXPECT_FALSE(blocked.faults());
}

// --- reserved bits ------------------------------------------------------------------------------------------

std::uint64_t reserved_bits_of(std::uint64_t raw, unsigned level, const FormatParams &params)
{
    std::uint64_t found = 0;
    const Entry before = decode(raw, level, params);
    EXPECT_EQ(before.reserved_set, 0U);
    for (unsigned position = 0; position < 64; ++position) {
        const Entry after = decode(raw | std::uint64_t{1} << position, level, params);
        if (after.kind == before.kind)
            found |= after.reserved_set;
    }
    return found;
}

TEST(AmdV1, ReservedBitsAreThoseOfTheManual)
{
    EXPECT_EQ(reserved_bits_of(kRwLeaf, 0, params_of(6)), 0x07f0000000000000U);
    EXPECT_EQ(reserved_bits_of(0x6000000000000201, 1, params_of(6)), 0x1ff0000000000000U);
    EXPECT_EQ(reserved_bits_of(0x6000000000000a01, 5, params_of(6)), 0x1ff0000000000000U);
    EXPECT_EQ(reserved_bits_of(kRwLeaf, 1, params_of(6)), 0x07f00000001ff000U);
    EXPECT_EQ(reserved_bits_of(0x6000000000000201, 0, params_of(6)), 0x07f0000000000000U);  // invalid
    EXPECT_EQ(reserved_bits_of(kRwLeaf, 0, params_of(6, 48)), 0x07ff000000000000U);
    EXPECT_EQ(reserved_bits_of(0x6000000000000201, 1, params_of(6, 48)), 0x1fff000000000000U);
}

TEST(AmdV1, FieldsNameAsReservedWhatIsReported)
{
    for (const auto &[raw, level] : {std::pair{kRwLeaf, 0U},
                                     {kRwCoded, 0U},
                                     {kRwCoded, 5U},
                                     {0x6000000000000201U, 1U},
                                     {0x6000000000000201U, 0U},
                                     {0U, 0U}}) {
        std::uint64_t named = 0;
        for (const FieldSpec &spec : kFormat.fields(level, decode(raw, level).kind, params_of(6)))
            named |= spec.role == FieldRole::reserved ? bits(spec.high, spec.low) : 0;
        EXPECT_EQ(named, reserved_bits_of(raw, level, params_of(6))) << std::hex << raw;
    }
}

// --- the C-bit ----------------------------------------------------------------------------------------------

TEST(AmdV1, TheEncryptionBitIsNoPartOfAnAddressNorOfASize)
{
    const FormatParams params = with_c_bit(params_of(6, 46), "47");
    EXPECT_EQ(decode(0x6000800150201401, 2, params).target, PhysAddr(0x150201000));
    EXPECT_FALSE(decode(0x6000800150201401, 2, params).faults());
    EXPECT_EQ(decode(0x7000800200567e61, 0, params).target, PhysAddr(0x200560000));
    EXPECT_FALSE(decode(0x7000800200567e61, 0, params).faults());
    EXPECT_TRUE(decode(0x7000800200567e61, 0, params_of(6, 46)).faults());
    const FormatParams low = with_c_bit(params_of(6), "14");
    EXPECT_EQ(decode(kRwCoded | 0x7000, 0, low).size_lg2, 15);
}

TEST(AmdV1, TheEncodersSetTheEncryptionBit)
{
    const FormatParams params = with_c_bit(params_of(6), "47");
    const auto encode = [&params](std::uint64_t address, std::uint8_t size_lg2, unsigned level) {
        return kFormat.encode_leaf({PhysAddr(address), size_lg2, kReadWrite}, level, params);
    };
    EXPECT_EQ(kFormat.encode_table(PhysAddr(0x150201000), 2, params), 0x6000800150201401U);
    EXPECT_EQ(encode(0x40000000, 12, 0), 0x6000800040000001U);
    EXPECT_EQ(encode(0, 48, 4), 0x6000800000000001U);
    EXPECT_EQ(encode(0x800000000000, 12, 0), std::nullopt);
    EXPECT_EQ(encode(0, 49, 4), std::nullopt);  // the size code would need the bit
}

// --- what Linux writes --------------------------------------------------------------------------------------

TEST(AmdV1, WhatLinuxWritesIsTypicalAndOtherThingsAreNot)
{
    const auto typical = [](std::uint64_t raw, unsigned level) { return kFormat.typical(decode(raw, level), level); };
    EXPECT_TRUE(typical(0x6000000150201401, 2));
    EXPECT_TRUE(typical(0x7000000200567e61, 0));
    EXPECT_TRUE(typical(0x4000000006caa001, 0));  // write-only
    EXPECT_TRUE(typical(0x7000000040000001, 1));
    EXPECT_FALSE(typical(0x6000000150202201, 3));  // legal, but Linux skips no levels
    EXPECT_FALSE(typical(0x2000000150201401, 2));
    EXPECT_FALSE(typical(0x1001, 0));
    EXPECT_FALSE(typical(0x1d2003, 0));
    EXPECT_FALSE(typical(0x6000000150201401, 0));
}

// --- encoding -----------------------------------------------------------------------------------------------

TEST(AmdV1, EncodesTheWordsOfTheQuickReference)
{
    const auto encode = [](std::uint64_t address, std::uint8_t size_lg2, Access access, unsigned level) {
        return kFormat.encode_leaf({PhysAddr(address), size_lg2, access}, level, params_of(6));
    };
    EXPECT_EQ(kFormat.encode_table(PhysAddr(0x150201000), 2, params_of(3)), 0x6000000150201401U);
    EXPECT_EQ(encode(0x150202000, 12, kReadWrite, 0), 0x6000000150202001U);
    EXPECT_EQ(encode(0x40200000, 21, kReadWrite, 1), 0x6000000040200001U);
    EXPECT_EQ(encode(0x8000000000, 39, kReadWrite, 3), 0x6000008000000001U);
    EXPECT_EQ(encode(0x200560000, 16, Access::write(), 0), 0x4000000200567e01U);
    EXPECT_EQ(encode(0x200560000, 16, Access::read(), 0), 0x2000000200567e01U);
}

TEST(AmdV1, RefusesLeavesThatTheFormatDoesNotHave)
{
    const auto encode = [](const LeafSpec &leaf, unsigned level) {
        return kFormat.encode_leaf(leaf, level, params_of(6, 46));
    };
    EXPECT_EQ(encode({PhysAddr(0x1000), 12, Access::none()}, 0), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0x1000), 12, Access::all()}, 0), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0x1000), 12, kReadWrite, MemoryType::device}, 0), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0x1000), 13, kReadWrite}, 0), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0x2001), 13, kReadWrite}, 0), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0), 21, kReadWrite}, 0), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0), 20, kReadWrite}, 1), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0), 47, kReadWrite}, 3), std::nullopt);  // more than there can be
    EXPECT_EQ(encode({PhysAddr(0x400000000000), 12, kReadWrite}, 0), std::nullopt);
    EXPECT_EQ(kFormat.encode_leaf({PhysAddr(0), 52, kReadWrite}, 4, params_of(6)), std::nullopt);
    EXPECT_EQ(kFormat.encode_leaf({PhysAddr(0), 57, kReadWrite}, 5, params_of(6)), std::nullopt);
}

// --- addresses and events -----------------------------------------------------------------------------------

TEST(AmdV1, TheWidthIsThatOfTheModeAndSixHasAllBits)
{
    const auto valid = [](std::uint64_t iova, unsigned levels) {
        return kFormat.iova_valid(Iova(iova), params_of(levels));
    };
    EXPECT_TRUE(valid(0x1fffff, 1));
    EXPECT_FALSE(valid(0x200000, 1));
    EXPECT_TRUE(valid(0x7fffffffff, 3));
    EXPECT_FALSE(valid(0x8000000000, 3));
    EXPECT_TRUE(valid(0x1ffffffffffffff, 5));
    EXPECT_FALSE(valid(0x200000000000000, 5));
    EXPECT_TRUE(valid(~std::uint64_t{0}, 6));
    EXPECT_EQ(kFormat.canonical(0x8000000000, params_of(4)), Iova(0x8000000000));
    EXPECT_TRUE(kFormat.never_translated(Iova(0xfee00000), Access::write(), params_of(4)));
    EXPECT_FALSE(kFormat.never_translated(Iova(0xfee00000), Access::read(), params_of(4)));
    EXPECT_TRUE(kFormat.output_forbidden(PhysAddr(0xfee00000), params_of(4)));
    EXPECT_FALSE(kFormat.output_forbidden(PhysAddr(0xfd00000000), params_of(4)));
}

TEST(AmdV1, EveryCauseHasItsEvent)
{
    const auto event = [](FaultCause cause) { return kFormat.fault(cause, Access::read(), params_of(4)); };
    EXPECT_EQ(kFormat.architecture(params_of(4)), "amd-vi");
    for (const FaultCause cause : {FaultCause::no_read, FaultCause::no_write, FaultCause::no_execute}) {
        EXPECT_EQ(event(cause).code, 2);
        EXPECT_EQ(event(cause).name, "IO_PAGE_FAULT (PR=1, PE=1): no permission");
    }
    for (const FaultCause cause : {FaultCause::invalid_entry, FaultCause::reserved_bits}) {
        EXPECT_EQ(event(cause).code, 2);
        EXPECT_EQ(event(cause).name, "IO_PAGE_FAULT (PR=1, RZ=1): reserved bit or bad level or size");
    }
    EXPECT_EQ(event(FaultCause::not_present).code, 2);
    EXPECT_EQ(event(FaultCause::not_present).name, "IO_PAGE_FAULT (PR=0): not present");
    EXPECT_EQ(event(FaultCause::iova_beyond_width).code, 2);
    EXPECT_EQ(event(FaultCause::output_forbidden).code, 2);
    EXPECT_EQ(event(FaultCause::table_unreadable).code, 4);
    EXPECT_EQ(event(FaultCause::root_unreadable).code, 4);
}

}  // namespace
}  // namespace pgregion
