// SPDX-License-Identifier: GPL-2.0-or-later
//
// x86-64 entries by the words of the manuals: iommu-formats.md sections 3, 1.9, 1.10, 2.5, 2.6, 10.
#include "formats/make_format.h"
#include "formats/x86_64.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion
{
namespace
{

constexpr TableFormat kFormat = formats::make_format<formats::X86>();

FormatParams params_of(unsigned levels, std::uint8_t paw_bits = 52)
{
    FormatParams params = default_params(kFormat, levels);
    params.paw_bits = paw_bits;
    return params;
}

FormatParams with(FormatParams params, std::string_view key, std::string_view value)
{
    set_parameter(params, kFormat.parameters, key, value);
    return params;
}

Entry decode(std::uint64_t raw, unsigned level, const FormatParams &params = params_of(5))
{
    return kFormat.decode(raw, level, params);
}

std::uint64_t field_of(std::uint64_t raw, unsigned level, std::string_view wanted)
{
    for (const FieldSpec &spec : kFormat.fields(level, decode(raw, level).kind, params_of(5))) {
        if (spec.name == wanted)
            return field_value(spec, std::span(&raw, 1));
    }
    ADD_FAILURE() << "no field " << wanted << " at level " << level;
    return ~std::uint64_t{0};
}

const Access kRead = Access::read();
const Access kReadWrite = Access::read() | Access::write();

// --- worked example E3 -------------------------------------------------------------------------------------

TEST(X86, ExampleE3TablesLeadToTheNextOne)
{
    const std::array<std::pair<std::uint64_t, std::uint64_t>, 3> rows{
        {{0x140018027, 0x140018000}, {0x140017027, 0x140017000}, {0x140016027, 0x140016000}}};
    for (unsigned level = 1; level <= 3; ++level) {
        const auto &[raw, next] = rows.at(level - 1);
        const Entry entry = decode(raw, level, params_of(4));
        EXPECT_EQ(entry.kind, EntryKind::table);
        EXPECT_EQ(entry.target, PhysAddr(next));
        EXPECT_EQ(entry.target_level, level - 1);
        EXPECT_EQ(entry.access, Access::all());
        EXPECT_FALSE(entry.faults());
        EXPECT_EQ(field_of(raw, level, "A"), 1U);
        EXPECT_EQ(field_of(raw, level, "ADDR"), next);
    }
    EXPECT_EQ(kFormat.entry_name(3), "PML4E");
}

TEST(X86, ExampleE3PteIsAWritablePageThatCannotBeExecuted)
{
    const std::uint64_t raw = 0x800000032107b467;
    const Entry entry = decode(raw, 0, params_of(4));
    EXPECT_EQ(entry.kind, EntryKind::leaf);
    EXPECT_EQ(entry.target, PhysAddr(0x32107b000));
    EXPECT_EQ(entry.size_lg2, 12);
    EXPECT_EQ(entry.access, kReadWrite);
    EXPECT_FALSE(entry.faults());
    for (const std::string_view flag : {"P", "R/W", "U/S", "A", "D", "EA", "XD"})
        EXPECT_EQ(field_of(raw, 0, flag), 1U) << flag;
    EXPECT_EQ(kFormat.entry_name(0), "PTE");
}

TEST(X86, ExampleE3IndexesAreThoseOfTheShifts)
{
    const std::uint64_t iova = 0xffff8000deadb123;
    const std::array<std::uint64_t, 4> expected{219, 245, 3, 256};
    for (unsigned level = 0; level < 4; ++level) {
        const TableShape shape = kFormat.shape(level, params_of(4));
        EXPECT_EQ((iova >> shape.shift) & (shape.entries() - 1), expected.at(level));
        EXPECT_EQ(shape.bytes(), 4096U);
        EXPECT_EQ(shape.align_bytes, 4096U);
    }
    EXPECT_TRUE(kFormat.iova_valid(Iova(iova), params_of(4)));
}

TEST(X86, TheSampleOfAOneGigabyteLeafHasItsPatAtBitTwelve)
{
    const Entry entry = decode(0x8400010e7, 2);
    EXPECT_EQ(entry.kind, EntryKind::leaf);
    EXPECT_EQ(entry.target, PhysAddr(0x840000000));
    EXPECT_EQ(entry.size_lg2, 30);
    EXPECT_EQ(entry.access, Access::all());
    EXPECT_FALSE(entry.faults());
    EXPECT_EQ(field_of(0x8400010e7, 2, "PAT"), 1U);
    EXPECT_EQ(field_of(0x8400010e7, 2, "PS"), 1U);
    EXPECT_EQ(decode(0xe7, 0).kind, EntryKind::leaf);
    EXPECT_EQ(field_of(0xe7, 0, "PAT"), 1U);  // bit 7, where large leaves have PS
}

// --- kinds -------------------------------------------------------------------------------------------------

TEST(X86, BitSevenMakesALeafAtLevelsOneAndTwoAlone)
{
    EXPECT_EQ(decode(0x40000067, 0).kind, EntryKind::leaf);
    EXPECT_EQ(decode(0x40000027, 1).kind, EntryKind::table);
    EXPECT_EQ(decode(0x400000e7, 1).kind, EntryKind::leaf);
    EXPECT_EQ(decode(0x400000e7, 1).size_lg2, 21);
    EXPECT_EQ(decode(0x40000027, 2).kind, EntryKind::table);
    EXPECT_EQ(decode(0x400000e7, 2).kind, EntryKind::leaf);
    EXPECT_EQ(decode(0x400000a7, 3).kind, EntryKind::table);
    EXPECT_EQ(decode(0x400000a7, 3).reserved_set, 0x80U);
    EXPECT_EQ(decode(0x400000a7, 4).reserved_set, 0x80U);
}

TEST(X86, WithoutPresentAnEntryIsEmptyWhateverElseItHolds)
{
    for (unsigned level = 0; level < 5; ++level) {
        for (const std::uint64_t raw : {std::uint64_t{0}, std::uint64_t{0x66}, ~std::uint64_t{1}}) {
            EXPECT_EQ(decode(raw, level).kind, EntryKind::empty);
            EXPECT_FALSE(decode(raw, level).faults());
            EXPECT_EQ(decode(raw, level).raw, raw);
        }
    }
}

TEST(X86, APresentEntryIsReadableAndTheOtherRightsHaveABitEach)
{
    EXPECT_EQ(letters(decode(0x5, 0).access), "rx");
    EXPECT_EQ(letters(decode(0x7, 0).access), "rwx");
    EXPECT_EQ(letters(decode(0x8000000000000005, 0).access), "r");
    EXPECT_EQ(letters(decode(0x8000000000000007, 0).access), "rw");
    EXPECT_EQ(letters(decode(0x8000000000000027, 3).access), "rw");
}

TEST(X86, AnEntryForTheSupervisorKeepsItsLettersAndHasABar)
{
    for (unsigned level = 0; level < 5; ++level) {
        EXPECT_TRUE(decode(0x63, level).access.is_supervisor_only());
        EXPECT_EQ(letters(decode(0x63, level).access), "rwx");
        EXPECT_FALSE(decode(0x67, level).access.is_supervisor_only());
    }
}

// --- reserved bits: the masks of section 3 for HAW = 46 -----------------------------------------------------

/// Every bit that, set alone beside `raw`, is reported as reserved. Bits that change the kind are left out.
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

TEST(X86, ReservedBitsAreThoseOfTheManualForAddressesOf46Bits)
{
    const FormatParams params = params_of(5, 46);
    EXPECT_EQ(reserved_bits_of(0x67, 0, params), 0x000fc00000000000U);
    EXPECT_EQ(reserved_bits_of(0x27, 1, params), 0x000fc00000000000U);
    EXPECT_EQ(reserved_bits_of(0x27, 2, params), 0x000fc00000000000U);
    EXPECT_EQ(reserved_bits_of(0xe7, 1, params), 0x000fc000001fe000U);
    EXPECT_EQ(reserved_bits_of(0xe7, 2, params), 0x000fc0003fffe000U);
    EXPECT_EQ(reserved_bits_of(0x27, 3, params), 0x000fc00000000080U);
    EXPECT_EQ(reserved_bits_of(0x27, 4, params), 0x000fc00000000080U);
}

TEST(X86, WithoutNoExecuteBit63IsReservedAndEverythingIsExecutable)
{
    const FormatParams params = with(params_of(5, 46), "nx", "off");
    EXPECT_EQ(reserved_bits_of(0x67, 0, params), 0x800fc00000000000U);
    EXPECT_EQ(reserved_bits_of(0x27, 3, params), 0x800fc00000000080U);
    EXPECT_EQ(letters(decode(0x8000000000000067, 0, params).access), "rwx");
}

TEST(X86, OnAmdBitEightOfTheUpperTablesMustBeZero)
{
    const FormatParams params = with(params_of(5, 46), "vendor", "amd");
    EXPECT_EQ(reserved_bits_of(0x27, 3, params), 0x000fc00000000180U);
    EXPECT_EQ(reserved_bits_of(0x27, 4, params), 0x000fc00000000180U);
    EXPECT_EQ(reserved_bits_of(0x27, 2, params), 0x000fc00000000000U);
    EXPECT_EQ(reserved_bits_of(0x67, 0, params), 0x000fc00000000000U);
}

TEST(X86, FieldsNameAsReservedWhatIsReportedUnderTheSameParameters)
{
    for (const std::string_view nx : {"on", "off"}) {
        for (const std::string_view vendor : {"intel", "amd"}) {
            const FormatParams params = with(with(params_of(5), "nx", nx), "vendor", vendor);
            for (const auto &[raw, level] :
                 {std::pair{0x27U, 4U}, {0x27U, 3U}, {0x27U, 2U}, {0x27U, 1U}, {0xe7U, 2U}, {0xe7U, 1U}, {0x67U, 0U}}) {
                std::uint64_t named = 0;
                for (const FieldSpec &spec : kFormat.fields(level, decode(raw, level, params).kind, params))
                    named |= spec.role == FieldRole::reserved ? bits(spec.high, spec.low) : 0;
                EXPECT_EQ(named, reserved_bits_of(raw, level, params)) << nx << vendor << level;
            }
        }
    }
}

TEST(X86, MisalignedLargeLeavesKeepThePatOutOfTheirAddress)
{
    EXPECT_EQ(decode(0x402030e7, 1).target, PhysAddr(0x40200000));
    EXPECT_EQ(decode(0x402030e7, 1).reserved_set, 0x2000U);
    EXPECT_EQ(decode(0x602000e7, 2).target, PhysAddr(0x40000000));
    EXPECT_EQ(decode(0x602000e7, 2).reserved_set, 0x20200000U);
}

// --- the C-bit -----------------------------------------------------------------------------------------------

TEST(X86, TheEncryptionBitIsNoPartOfAnAddressAndNeverReserved)
{
    const FormatParams params = with(params_of(5, 46), "c-bit", "47");
    EXPECT_EQ(decode(0x0000800140018027, 1, params).target, PhysAddr(0x140018000));
    EXPECT_EQ(decode(0x0000800140018027, 1, params).reserved_set, 0U);
    EXPECT_EQ(decode(0x0000800040200067, 0, params).target, PhysAddr(0x40200000));
    EXPECT_EQ(decode(0x00008000402000e7, 1, params).reserved_set, 0U);
    EXPECT_EQ(reserved_bits_of(0x67, 0, params), 0x000f400000000000U);
    EXPECT_EQ(decode(0x0000800040200067, 0, params_of(5, 46)).reserved_set, 0x800000000000U);
}

TEST(X86, TheEncodersSetTheEncryptionBit)
{
    const FormatParams params = with(params_of(4), "c-bit", "47");
    EXPECT_EQ(kFormat.encode_table(PhysAddr(0x140018000), 1, params), 0x0000800140018027U);
    EXPECT_EQ(kFormat.encode_leaf({PhysAddr(0x200000), 21, Access::all()}, 1, params), 0x00008000002000e7U);
    EXPECT_EQ(kFormat.encode_leaf({PhysAddr(0x800000200000), 21, Access::all()}, 1, params), std::nullopt);
}

TEST(X86, ARunEndsWhereItsAddressesWouldRunIntoTheEncryptionBit)
{
    std::array<std::byte, 16> bytes{};
    store_le64(bytes, 0, 0x00007ffffffff067);
    store_le64(bytes, 8, 0x0000800000000067);
    std::array<EntryRun, 2> runs;
    const auto count = [&](const FormatParams &params) { return kFormat.decode_table(bytes, 0, 0, params, runs).runs; };
    EXPECT_EQ(count(params_of(4)), 1U);
    EXPECT_EQ(count(with(params_of(4), "c-bit", "47")), 2U);
    EXPECT_EQ(runs[1].first.target, PhysAddr(0));
}

// --- what Linux writes --------------------------------------------------------------------------------------

TEST(X86, WhatLinuxDriversForIommusWriteIsTypical)
{
    const auto typical = [](std::uint64_t raw, unsigned level) { return kFormat.typical(decode(raw, level), level); };
    EXPECT_TRUE(typical(0x140018027, 3));
    EXPECT_TRUE(typical(0x140018227, 1));  // flushed
    EXPECT_TRUE(typical(0x800140018027, 2));
    EXPECT_TRUE(typical(0x140018067, 0));
    EXPECT_TRUE(typical(0x140018025, 0));
    EXPECT_TRUE(typical(0x140018065, 0));         // older AMD drivers: dirty though read-only
    EXPECT_TRUE(typical(0x800000032107b467, 0));  // E3
    EXPECT_TRUE(typical(0x402000e7, 1));
    EXPECT_TRUE(typical(0x400000a5, 2));
}

TEST(X86, WhatOthersWriteIsNotTypical)
{
    const auto typical = [](std::uint64_t raw, unsigned level) { return kFormat.typical(decode(raw, level), level); };
    EXPECT_FALSE(typical(0x1d2003, 3));            // VT-d second stage
    EXPECT_FALSE(typical(0x1d2007, 0));            // EPT
    EXPECT_FALSE(typical(0x1d2027, 0));            // a table read as a page
    EXPECT_FALSE(typical(0x1d2067, 3));            // a CPU's table
    EXPECT_FALSE(typical(0x8000000000000163, 0));  // a kernel's page: global, not for users
    EXPECT_FALSE(typical(0x6000000150201401, 3));  // AMD host table
    EXPECT_FALSE(typical(0x66, 0));
}

// --- encoding -----------------------------------------------------------------------------------------------

TEST(X86, EncodesTheWordsOfTheQuickReference)
{
    const auto encode = [](std::uint64_t address, std::uint8_t size_lg2, Access access, unsigned level) {
        return kFormat.encode_leaf({PhysAddr(address), size_lg2, access}, level, params_of(4));
    };
    EXPECT_EQ(kFormat.encode_table(PhysAddr(0x140018000), 1, params_of(4)), 0x140018027U);
    EXPECT_EQ(encode(0x32107b000, 12, Access::all(), 0), 0x32107b067U);
    EXPECT_EQ(encode(0x40200000, 21, Access::all(), 1), 0x402000e7U);
    EXPECT_EQ(encode(0x40000000, 30, Access::all(), 2), 0x400000e7U);
    EXPECT_EQ(encode(0x32107b000, 12, kRead | Access::execute(), 0), 0x32107b025U);
    EXPECT_EQ(encode(0x32107b000, 12, kReadWrite, 0), 0x800000032107b067U);
    EXPECT_EQ(encode(0x40200000, 21, kRead, 1), 0x80000000402000a5U);
}

TEST(X86, RefusesLeavesThatTheFormatDoesNotHave)
{
    const auto encode = [](const LeafSpec &leaf, unsigned level, const FormatParams &params = params_of(5, 46)) {
        return kFormat.encode_leaf(leaf, level, params);
    };
    EXPECT_EQ(encode({PhysAddr(0x1000), 12, Access::none()}, 0), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0x1000), 12, Access::write()}, 0), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0x1000), 12, Access::execute()}, 0), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0x1000), 12, kReadWrite, MemoryType::device}, 0), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0x1000), 12, kReadWrite}, 1), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0x1001), 12, kReadWrite}, 0), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0x201000), 21, kReadWrite}, 1), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0), 39, kReadWrite}, 3), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0x400000000000), 12, kReadWrite}, 0), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0x1000), 12, kReadWrite}, 0, with(params_of(4), "nx", "off")), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0x1000), 12, Access::all()}, 0, with(params_of(4), "nx", "off")), 0x1067U);
}

// --- addresses ----------------------------------------------------------------------------------------------

TEST(X86, AddressesAreCanonicalAsAreThoseOfTheIndexes)
{
    const auto valid = [](std::uint64_t iova, unsigned levels) {
        return kFormat.iova_valid(Iova(iova), params_of(levels));
    };
    EXPECT_TRUE(valid(0x7fffffffffff, 4));
    EXPECT_FALSE(valid(0x800000000000, 4));
    EXPECT_FALSE(valid(0xffff7fffffffffff, 4));
    EXPECT_TRUE(valid(0xffff800000000000, 4));
    EXPECT_TRUE(valid(0xffffffffffffffff, 4));
    EXPECT_TRUE(valid(0xffffffffffffff, 5));
    EXPECT_FALSE(valid(0x100000000000000, 5));
    EXPECT_TRUE(valid(0xff00000000000000, 5));
    EXPECT_EQ(kFormat.canonical(0x800000000000, params_of(4)), Iova(0xffff800000000000));
    EXPECT_EQ(kFormat.canonical(0x7fffffffffff, params_of(4)), Iova(0x7fffffffffff));
    EXPECT_EQ(kFormat.canonical(0x800000000000, params_of(5)), Iova(0x800000000000));
}

TEST(X86, WithoutSignExtensionEveryIndexStandsForAnAddressFromZeroUp)
{
    for (const auto &[levels, last] : {std::pair{4U, 0xffffffffffffULL}, {5U, 0x1ffffffffffffffULL}}) {
        const FormatParams params = with(params_of(levels), "sign-extend", "no");
        EXPECT_TRUE(kFormat.iova_valid(Iova(last), params));
        EXPECT_FALSE(kFormat.iova_valid(Iova(last + 1), params));
        EXPECT_FALSE(kFormat.iova_valid(Iova(~std::uint64_t{0}), params));
        EXPECT_EQ(kFormat.canonical(last, params), Iova(last));
    }
}

TEST(X86, TheInterruptWindowTakesWritesAndIsNoOutput)
{
    EXPECT_TRUE(kFormat.never_translated(Iova(0xfee00000), Access::write(), params_of(4)));
    EXPECT_FALSE(kFormat.never_translated(Iova(0xfee00000), kRead, params_of(4)));
    EXPECT_FALSE(kFormat.never_translated(Iova(0xfef00000), Access::write(), params_of(4)));
    EXPECT_TRUE(kFormat.output_forbidden(PhysAddr(0xfeefffff), params_of(4)));
    EXPECT_FALSE(kFormat.output_forbidden(PhysAddr(0xfedfffff), params_of(4)));
}

// --- faults -------------------------------------------------------------------------------------------------

struct FaultRow {
    FaultCause cause;
    unsigned intel;
    unsigned amd;
    std::string_view amd_flags;
};

TEST(X86, EveryCauseHasTheReasonOfVtdAndTheEventOfAmd)
{
    const std::array<FaultRow, 13> rows{{
        {FaultCause::not_present, 0x71, 2, "IO_PAGE_FAULT (GN=1, PR=0)"},
        {FaultCause::reserved_bits, 0x72, 2, "IO_PAGE_FAULT (GN=1, PR=1, RZ=1)"},
        {FaultCause::invalid_entry, 0x72, 2, "IO_PAGE_FAULT (GN=1, PR=1, RZ=1)"},
        {FaultCause::output_beyond_width, 0x72, 2, "IO_PAGE_FAULT (GN=1, PR=1, RZ=1)"},
        {FaultCause::root_unreadable, 0x73, 4, "PAGE_TAB_HARDWARE_ERROR (GN=1)"},
        {FaultCause::table_unreadable, 0x70, 4, "PAGE_TAB_HARDWARE_ERROR (GN=1)"},
        {FaultCause::iova_beyond_width, 0x80, 2, "IO_PAGE_FAULT (GN=1, PR=0)"},
        {FaultCause::supervisor_only, 0x81, 2, "IO_PAGE_FAULT (GN=1, PR=1, PE=1)"},
        {FaultCause::no_execute, 0x82, 2, "IO_PAGE_FAULT (GN=1, PR=1, PE=1)"},
        {FaultCause::no_write, 0x85, 2, "IO_PAGE_FAULT (GN=1, PR=1, PE=1)"},
        {FaultCause::no_read, 0x86, 2, "IO_PAGE_FAULT (GN=1, PR=1, PE=1)"},
        {FaultCause::output_forbidden, 0x87, 2, "IO_PAGE_FAULT (GN=1)"},
        {FaultCause::access_flag, 0x90, 2, "IO_PAGE_FAULT (GN=1, PR=1, PE=1)"},
    }};
    const FormatParams amd = with(params_of(4), "vendor", "amd");
    EXPECT_EQ(kFormat.architecture(params_of(4)), "vt-d");
    EXPECT_EQ(kFormat.architecture(amd), "amd-vi");
    for (const FaultRow &row : rows) {
        const Fault intel_fault = kFormat.fault(row.cause, kRead, params_of(4));
        EXPECT_EQ(intel_fault.code, row.intel) << static_cast<int>(row.cause);
        EXPECT_EQ(intel_fault.cause, row.cause);
        EXPECT_FALSE(intel_fault.name.empty());
        const Fault amd_fault = kFormat.fault(row.cause, kRead, amd);
        EXPECT_EQ(amd_fault.code, row.amd) << static_cast<int>(row.cause);
        EXPECT_EQ(amd_fault.cause, row.cause);
        EXPECT_TRUE(amd_fault.name.starts_with(row.amd_flags)) << amd_fault.name;
    }
}

}  // namespace
}  // namespace pgregion
