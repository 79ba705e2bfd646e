// SPDX-License-Identifier: GPL-2.0-or-later
//
// VT-d second-stage entries by the words of the manual: iommu-formats.md sections 1.8, 1.10, 1.12.
#include <pgregion/format.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion
{
namespace
{

const TableFormat &format() { return *find_table_format("vtd-ss"); }

FormatParams params_of(unsigned levels, std::uint8_t paw_bits = 52)
{
    FormatParams params = default_params(format(), levels);
    params.paw_bits = paw_bits;
    return params;
}

FormatParams with(FormatParams params, std::string_view key, std::string_view value)
{
    set_parameter(params, format().parameters, key, value);
    return params;
}

Entry decode(std::uint64_t raw, unsigned level, const FormatParams &params = params_of(5))
{
    return format().decode(raw, level, params);
}

std::uint64_t field_of(std::uint64_t raw, unsigned level, std::string_view wanted)
{
    const Entry entry = decode(raw, level);
    for (const FieldSpec &spec : format().fields(level, entry.kind, params_of(4))) {
        if (spec.name == wanted)
            return field_value(spec, std::span(&raw, 1));
    }
    ADD_FAILURE() << "no field " << wanted << " at level " << level;
    return ~std::uint64_t{0};
}

const Access kReadWrite = Access::read() | Access::write();

// --- worked example E1 -------------------------------------------------------------------------------------

TEST(VtdSecondStage, ExampleE1Pml4eLeadsToTheNextTable)
{
    const Entry entry = decode(0x140003003, 3);
    EXPECT_EQ(entry.kind, EntryKind::table);
    EXPECT_EQ(entry.target, PhysAddr(0x140003000));
    EXPECT_EQ(entry.target_level, 2);
    EXPECT_EQ(entry.access, kReadWrite);
    EXPECT_EQ(entry.reserved_set, 0U);
    EXPECT_EQ(entry.size_lg2, 39);
    EXPECT_EQ(field_of(0x140003003, 3, "R"), 1U);
    EXPECT_EQ(field_of(0x140003003, 3, "W"), 1U);
    EXPECT_EQ(field_of(0x140003003, 3, "X"), 0U);
    EXPECT_EQ(field_of(0x140003003, 3, "ADDR"), 0x140003000U);
    EXPECT_EQ(format().entry_name(3), "SS-PML4E");
}

TEST(VtdSecondStage, ExampleE1PdpteLeadsToTheNextTable)
{
    const Entry entry = decode(0x140004003, 2);
    EXPECT_EQ(entry.kind, EntryKind::table);
    EXPECT_EQ(entry.target, PhysAddr(0x140004000));
    EXPECT_EQ(entry.target_level, 1);
    EXPECT_EQ(field_of(0x140004003, 2, "PS"), 0U);
    EXPECT_EQ(format().entry_name(2), "SS-PDPTE");
}

TEST(VtdSecondStage, ExampleE1PdeIsATwoMegabyteLeafWithAccessedDirtyAndSnoop)
{
    const Entry entry = decode(0x24fe00b83, 1);
    EXPECT_EQ(entry.kind, EntryKind::leaf);
    EXPECT_EQ(entry.target, PhysAddr(0x24fe00000));
    EXPECT_EQ(entry.size_lg2, 21);
    EXPECT_EQ(entry.replicas_lg2, 0);
    EXPECT_EQ(entry.access, kReadWrite);
    EXPECT_FALSE(entry.faults());
    for (const std::string_view flag : {"R", "W", "PS", "A", "D", "SNP"})
        EXPECT_EQ(field_of(0x24fe00b83, 1, flag), 1U) << flag;
    for (const std::string_view field : {"X", "EMT", "IPAT", "SW0", "TM", "SW9_1", "SW10"})
        EXPECT_EQ(field_of(0x24fe00b83, 1, field), 0U) << field;
    EXPECT_EQ(field_of(0x24fe00b83, 1, "ADDR"), 0x24fe00000U);
    EXPECT_EQ(format().entry_name(1), "SS-PDE");
}

TEST(VtdSecondStage, ExampleE1IndexesAreThoseOfTheShifts)
{
    const std::uint64_t iova = 0x7f1234567abc;
    const std::array<std::uint64_t, 4> expected{359, 418, 72, 254};
    for (unsigned level = 0; level < 4; ++level) {
        const TableShape shape = format().shape(level, params_of(4));
        EXPECT_EQ((iova >> shape.shift) & (shape.entries() - 1), expected[level]);
        EXPECT_EQ(shape.bytes(), 4096U);
        EXPECT_EQ(shape.align_bytes, 4096U);
    }
}

// --- kinds -------------------------------------------------------------------------------------------------

TEST(VtdSecondStage, BitSevenMakesALeafAtLevelsOneAndTwoAlone)
{
    EXPECT_EQ(decode(0x40000083, 0).kind, EntryKind::leaf);
    EXPECT_EQ(decode(0x40000003, 0).kind, EntryKind::leaf);
    EXPECT_EQ(decode(0x40000083, 1).kind, EntryKind::leaf);
    EXPECT_EQ(decode(0x40000003, 1).kind, EntryKind::table);
    EXPECT_EQ(decode(0x40000083, 2).kind, EntryKind::leaf);
    EXPECT_EQ(decode(0x40000003, 2).kind, EntryKind::table);
    EXPECT_EQ(decode(0x40000083, 3).kind, EntryKind::table);
    EXPECT_EQ(decode(0x40000083, 3).reserved_set, 0x80U);
    EXPECT_EQ(decode(0x40000083, 4).kind, EntryKind::table);
    EXPECT_EQ(decode(0x40000083, 4).reserved_set, 0x80U);
}

TEST(VtdSecondStage, BitSevenOfASmallLeafIsIgnored)
{
    EXPECT_EQ(decode(0x40000083, 0).reserved_set, 0U);
    EXPECT_EQ(decode(0x40000083, 0).size_lg2, 12);
    EXPECT_EQ(decode(0x40000083, 0).target, PhysAddr(0x40000000));
}

TEST(VtdSecondStage, AnEntryThatAllowsNothingIsEmptyWhateverElseItHolds)
{
    for (unsigned level = 0; level < 5; ++level) {
        for (const std::uint64_t raw :
             {std::uint64_t{0}, std::uint64_t{0x140003000}, std::uint64_t{0x80}, std::uint64_t{0xfffffffffffffff8}}) {
            const Entry entry = decode(raw, level);
            EXPECT_EQ(entry.kind, EntryKind::empty);
            EXPECT_EQ(entry.reserved_set, 0U);
            EXPECT_FALSE(entry.present());
            EXPECT_FALSE(entry.faults());
            EXPECT_EQ(entry.raw, raw);
        }
    }
}

TEST(VtdSecondStage, EachPermissionBitAloneMakesTheEntryPresent)
{
    EXPECT_EQ(decode(0x1001, 0).access, Access::read());
    EXPECT_EQ(decode(0x1002, 0).access, Access::write());
    EXPECT_EQ(decode(0x1004, 0).access, Access::execute());
    EXPECT_EQ(decode(0x1007, 0).access, Access::all());
    for (const std::uint64_t raw : {0x1001U, 0x1002U, 0x1004U})
        EXPECT_TRUE(decode(raw, 3).present());
}

TEST(VtdSecondStage, ADirectoryOfLegacyModeMakesExecuteAnIgnoredBit)
{
    const DirectoryFormat &directory = *find_directory_format("vtd-root");
    const DirectoryRecord record =
        directory.decode(table_of_type(directory, 1, PhysAddr(0)), {0x140002001, 0x1702}, default_params(directory));
    const FormatParams &params = record.translation.value().params;
    EXPECT_EQ(decode(0x1004, 0, params).kind, EntryKind::empty);
    EXPECT_EQ(decode(0x1007, 0, params).access, kReadWrite);
}

TEST(VtdSecondStage, TargetsOfLargeLeavesLeaveOutTheirReservedLowBits)
{
    EXPECT_EQ(decode(0x40001083, 1).target, PhysAddr(0x40000000));
    EXPECT_EQ(decode(0x40001083, 1).reserved_set, 0x1000U);
    EXPECT_EQ(decode(0x60200083, 2).target, PhysAddr(0x40000000));
    EXPECT_EQ(decode(0x60200083, 2).reserved_set, 0x20200000U);
}

TEST(VtdSecondStage, LeafOfTheWidestAddressIsDecoded)
{
    EXPECT_EQ(decode(0x000ffffffffff003, 0).target, PhysAddr(0xffffffffff000));
    EXPECT_EQ(decode(0x000fffffffe00083, 1).target, PhysAddr(0xfffffffe00000));
    EXPECT_EQ(decode(0x000fffffc0000083, 2).target, PhysAddr(0xfffffc0000000));
    EXPECT_EQ(decode(0x000ffffffffff003, 3).target, PhysAddr(0xffffffffff000));
}

// --- reserved bits: the table of section 1.8 for HAW = 46 ---------------------------------------------------

/// Every bit that, set alone beside `raw`, is reported as reserved. Bits that change the kind are left out.
std::uint64_t reserved_bits_of(std::uint64_t raw, unsigned level, const FormatParams &params)
{
    std::uint64_t found = 0;
    const Entry before = decode(raw, level, params);
    EXPECT_EQ(before.reserved_set, 0U);
    for (unsigned position = 0; position < 64; ++position) {
        const std::uint64_t flip = std::uint64_t{1} << position;
        if ((raw & flip) != 0)
            continue;
        const Entry after = decode(raw | flip, level, params);
        if (after.kind != before.kind)
            continue;
        EXPECT_TRUE(after.reserved_set == 0 || after.reserved_set == flip);
        found |= after.reserved_set;
    }
    return found;
}

TEST(VtdSecondStage, ReservedBitsAreThoseOfTheManualForAddressesOf46Bits)
{
    const FormatParams params = params_of(5, 46);
    EXPECT_EQ(reserved_bits_of(0x3, 0, params), 0x400fc00000000000U);
    EXPECT_EQ(reserved_bits_of(0x83, 1, params), 0x400fc000001ff000U);
    EXPECT_EQ(reserved_bits_of(0x83, 2, params), 0x400fc0003ffff000U);
    EXPECT_EQ(reserved_bits_of(0x3, 1, params), 0x400fc00000000800U);
    EXPECT_EQ(reserved_bits_of(0x3, 2, params), 0x400fc00000000800U);
    EXPECT_EQ(reserved_bits_of(0x3, 3, params), 0x400fc00000000880U);
    EXPECT_EQ(reserved_bits_of(0x3, 4, params), 0x400fc00000000880U);
}

TEST(VtdSecondStage, WithoutSnoopControlBitElevenOfLeavesIsReserved)
{
    const FormatParams params = with(params_of(5, 46), "snp", "off");
    EXPECT_EQ(reserved_bits_of(0x3, 0, params), 0x400fc00000000800U);
    EXPECT_EQ(reserved_bits_of(0x83, 1, params), 0x400fc000001ff800U);
    EXPECT_EQ(reserved_bits_of(0x83, 2, params), 0x400fc0003ffff800U);
    EXPECT_EQ(reserved_bits_of(0x3, 3, params), 0x400fc00000000880U);
}

TEST(VtdSecondStage, WithTransientMappingBit62OfLeavesIsAllowed)
{
    const FormatParams params = with(params_of(5, 46), "tm", "on");
    EXPECT_EQ(reserved_bits_of(0x3, 0, params), 0x000fc00000000000U);
    EXPECT_EQ(reserved_bits_of(0x83, 1, params), 0x000fc000001ff000U);
    EXPECT_EQ(reserved_bits_of(0x83, 2, params), 0x000fc0003ffff000U);
    EXPECT_EQ(reserved_bits_of(0x3, 1, params), 0x400fc00000000800U);
}

TEST(VtdSecondStage, ReservedAddressBitsFollowTheAddressWidth)
{
    EXPECT_EQ(reserved_bits_of(0x3, 0, params_of(4, 39)), 0x400fff8000000000U);
    EXPECT_EQ(reserved_bits_of(0x3, 0, params_of(4, 52)), 0x4000000000000000U);
    EXPECT_EQ(reserved_bits_of(0x3, 0, params_of(4, 51)), 0x4008000000000000U);
}

TEST(VtdSecondStage, AllOnesIsALeafOrTableWithEveryReservedBitReported)
{
    const std::uint64_t ones = ~std::uint64_t{0};
    EXPECT_EQ(decode(ones, 0, params_of(5, 46)).reserved_set, 0x400fc00000000000U);
    EXPECT_EQ(decode(ones, 1, params_of(5, 46)).reserved_set, 0x400fc000001ff000U);
    EXPECT_EQ(decode(ones, 3, params_of(5, 46)).reserved_set, 0x400fc00000000880U);
}

// --- what Linux writes --------------------------------------------------------------------------------------

TEST(VtdSecondStage, WhatLinuxWritesIsTypical)
{
    const auto typical = [](std::uint64_t raw, unsigned level) { return format().typical(decode(raw, level), level); };
    EXPECT_TRUE(typical(0x1d2003, 3));
    EXPECT_TRUE(typical(0x1d2403, 3));  // table flushed by software because the walk is not coherent
    EXPECT_TRUE(typical(0x3148003, 0));
    EXPECT_TRUE(typical(0x3148001, 0));
    EXPECT_TRUE(typical(0x3148002, 0));
    EXPECT_TRUE(typical(0x3148803, 0));  // SNP
    EXPECT_TRUE(typical(0x3148303, 0));  // A and D set by hardware
    EXPECT_TRUE(typical(0x600083, 1));
    EXPECT_TRUE(typical(0x40000081, 2));
}

TEST(VtdSecondStage, WhatOthersWriteIsNotTypical)
{
    const auto typical = [](std::uint64_t raw, unsigned level) { return format().typical(decode(raw, level), level); };
    EXPECT_FALSE(typical(0x1d2027, 3));  // x86 table
    EXPECT_FALSE(typical(0x1d2067, 0));  // x86 leaf
    EXPECT_FALSE(typical(0x1d2007, 3));  // EPT table
    EXPECT_FALSE(typical(0x1d2037, 0));  // EPT leaf, write-back
    EXPECT_FALSE(typical(0x1d27ff, 0));  // Arm stage 2 page
    EXPECT_FALSE(typical(0x1d2f47, 0));  // Arm stage 1 page
    EXPECT_FALSE(typical(0x1d2001, 3));  // pointer array of directories
}

// --- encoding -----------------------------------------------------------------------------------------------

TEST(VtdSecondStage, EncodesTheWordsOfTheQuickReference)
{
    EXPECT_EQ(format().encode_table(PhysAddr(0x140003000), 3, params_of(4)), 0x140003003U);
    EXPECT_EQ(format().encode_leaf({PhysAddr(0x140003000), 12, kReadWrite}, 0, params_of(4)), 0x140003003U);
    EXPECT_EQ(format().encode_leaf({PhysAddr(0x140000000), 21, kReadWrite}, 1, params_of(4)), 0x140000083U);
    EXPECT_EQ(format().encode_leaf({PhysAddr(0x140000000), 30, kReadWrite}, 2, params_of(4)), 0x140000083U);
    EXPECT_EQ(format().encode_leaf({PhysAddr(0x140003000), 12, Access::read()}, 0, params_of(4)), 0x140003001U);
    EXPECT_EQ(format().encode_leaf({PhysAddr(0x140003000), 12, Access::write()}, 0, params_of(4)), 0x140003002U);
}

TEST(VtdSecondStage, RefusesLeavesThatTheFormatDoesNotHave)
{
    const auto encode = [](std::uint64_t address, std::uint8_t size_lg2, Access access, unsigned level) {
        return format().encode_leaf({PhysAddr(address), size_lg2, access}, level, params_of(5, 46));
    };
    EXPECT_EQ(encode(0x1000, 12, Access::none(), 0), std::nullopt);
    EXPECT_EQ(encode(0x1000, 12, kReadWrite, 1), std::nullopt);
    EXPECT_EQ(encode(0x200000, 21, kReadWrite, 0), std::nullopt);
    EXPECT_EQ(encode(0x1001, 12, kReadWrite, 0), std::nullopt);
    EXPECT_EQ(encode(0x201000, 21, kReadWrite, 1), std::nullopt);
    EXPECT_EQ(encode(0x40200000, 30, kReadWrite, 2), std::nullopt);
    EXPECT_EQ(encode(0, 39, kReadWrite, 3), std::nullopt);
    EXPECT_EQ(encode(0, 48, kReadWrite, 4), std::nullopt);
    EXPECT_EQ(encode(0x400000000000, 12, kReadWrite, 0), std::nullopt);
    EXPECT_NE(encode(0x3ffffffff000, 12, kReadWrite, 0), std::nullopt);
    EXPECT_EQ(encode(0x8000000000001000, 12, kReadWrite, 0), std::nullopt);
}

TEST(VtdSecondStage, RefusesExecuteWhereTheBitIsIgnored)
{
    const DirectoryFormat &directory = *find_directory_format("vtd-root");
    const DirectoryRecord record =
        directory.decode(table_of_type(directory, 1, PhysAddr(0)), {0x140002001, 0x1702}, default_params(directory));
    const FormatParams &params = record.translation.value().params;
    EXPECT_EQ(format().encode_leaf({PhysAddr(0x1000), 12, Access::all()}, 0, params), std::nullopt);
    EXPECT_EQ(format().encode_leaf({PhysAddr(0x1000), 12, Access::execute()}, 0, params), std::nullopt);
    EXPECT_EQ(format().encode_leaf({PhysAddr(0x1000), 12, kReadWrite}, 0, params), 0x1003U);
}

// --- addresses ----------------------------------------------------------------------------------------------

TEST(VtdSecondStage, TheWidthIsThatOfTheLevelsAndIsNotSignExtended)
{
    for (const auto &[levels, last] :
         {std::pair{3U, 0x7fffffffffULL}, {4U, 0xffffffffffffULL}, {5U, 0x1ffffffffffffffULL}}) {
        EXPECT_TRUE(format().iova_valid(Iova(0), params_of(levels)));
        EXPECT_TRUE(format().iova_valid(Iova(last), params_of(levels)));
        EXPECT_FALSE(format().iova_valid(Iova(last + 1), params_of(levels)));
        EXPECT_FALSE(format().iova_valid(Iova(~std::uint64_t{0}), params_of(levels)));
        EXPECT_EQ(format().canonical(last, params_of(levels)), Iova(last));
    }
}

TEST(VtdSecondStage, WritesToTheInterruptWindowAreNeverTranslated)
{
    const auto never = [](std::uint64_t iova, Access wanted) {
        return format().never_translated(Iova(iova), wanted, params_of(4));
    };
    EXPECT_TRUE(never(0xfee00000, Access::write()));
    EXPECT_TRUE(never(0xfeefffff, Access::write()));
    EXPECT_FALSE(never(0xfee00000, Access::read()));
    EXPECT_FALSE(never(0xfedfffff, Access::write()));
    EXPECT_FALSE(never(0xfef00000, Access::write()));
    EXPECT_FALSE(never(0x1fee00000, Access::write()));
}

TEST(VtdSecondStage, OutputsInTheInterruptWindowAreForbidden)
{
    const auto forbidden = [](std::uint64_t pa) { return format().output_forbidden(PhysAddr(pa), params_of(4)); };
    EXPECT_TRUE(forbidden(0xfee00000));
    EXPECT_TRUE(forbidden(0xfeefffff));
    EXPECT_FALSE(forbidden(0xfedff000));
    EXPECT_FALSE(forbidden(0xfef00000));
}

// --- fault reasons: section 1.10 ----------------------------------------------------------------------------

FormatParams scalable_params()
{
    FormatParams params = params_of(4);
    params.value[3] = 1;  // the directory's own slot: faults have the numbers of scalable mode
    return params;
}

struct FaultRow {
    FaultCause cause;
    Access wanted;
    unsigned legacy;
    unsigned scalable;
};

TEST(VtdFaults, EveryCauseHasTheNumbersOfLegacyAndScalableMode)
{
    const Access read = Access::read();
    const Access write = Access::write();
    const std::array<FaultRow, 14> rows{{
        {FaultCause::not_present, read, 0x6, 0x79},
        {FaultCause::not_present, write, 0x5, 0x79},
        {FaultCause::no_read, read, 0x6, 0x79},
        {FaultCause::no_write, write, 0x5, 0x79},
        {FaultCause::no_execute, Access::execute(), 0x6, 0x79},
        {FaultCause::reserved_bits, read, 0xc, 0x7a},
        {FaultCause::reserved_bits, write, 0xc, 0x7a},
        {FaultCause::invalid_entry, read, 0xc, 0x7a},
        {FaultCause::iova_beyond_width, read, 0x4, 0x84},
        {FaultCause::iova_beyond_width, write, 0x4, 0x84},
        {FaultCause::root_unreadable, read, 0x3, 0x7b},
        {FaultCause::table_unreadable, write, 0x7, 0x78},
        {FaultCause::output_forbidden, read, 0xe, 0x87},
        {FaultCause::output_forbidden, write, 0xe, 0x87},
    }};
    for (const FaultRow &row : rows) {
        const Fault legacy = format().fault(row.cause, row.wanted, params_of(4));
        EXPECT_EQ(legacy.code, row.legacy) << static_cast<int>(row.cause);
        EXPECT_EQ(legacy.cause, row.cause);
        EXPECT_FALSE(legacy.name.empty());
        const Fault scalable = format().fault(row.cause, row.wanted, scalable_params());
        EXPECT_EQ(scalable.code, row.scalable) << static_cast<int>(row.cause);
        EXPECT_EQ(scalable.cause, row.cause);
        EXPECT_FALSE(scalable.name.empty());
    }
}

}  // namespace
}  // namespace pgregion
