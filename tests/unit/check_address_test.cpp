// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of where entries lead and which IOVAs they stand for: iommu-formats.md section 9, PT26 to PT32; windows in
// sections 1.11 and 2.6.
#include "check_entries.h"

#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// --- PT26 ------------------------------------------------------------------------------------------------------

TEST(CheckAddressWidth, AddressesBeyondItAreErrorsInEveryFormat)
{
    struct {
        std::string_view format;
        std::uint64_t leaf;     ///< at 2^40, in the table of level 0
        std::uint64_t pointer;  ///< to 2^40, in the table of level 1
    } const cases[] = {{"vtd-ss", 0x10000000003, 0x10000000003},           {"x86-64", 0x10000000067, 0x10000000027},
                       {"amd-v1", 0x6000010000000001, 0x6000010000000201}, {"arm-s1", 0x10000000f47, 0x10000000003},
                       {"arm-s2", 0x100000007ff, 0x10000000003},           {"riscv", 0x40000000d7, 0x4000000001}};
    for (const auto &one : cases) {
        SCOPED_TRACE(one.format);
        EntryTables tables(one.format);
        tables.put(4, 3, one.leaf).put(3, 7, one.pointer);
        tables.params.paw_bits = 41;
        EXPECT_THAT(tables.check("address-beyond-width"), IsEmpty());
        tables.params.paw_bits = 40;
        const std::vector<Finding> found = tables.check("address-beyond-width");
        ASSERT_THAT(found,
                    ElementsAre(AllOf(IsAt(3U, 7U, 1), IsSafelyCleared()), AllOf(IsAt(4U, 3U, 0), IsSafelyCleared())));
        EXPECT_EQ(found[1].target, PhysAddr(0x10000000000));
        EXPECT_EQ(found[1].expected, 0x10000000000U);
        EXPECT_THAT(tables.check("reserved-bits"), IsEmpty());
    }
}

TEST(CheckAddressWidth, TheEncryptionBitIsNoAddressBit)
{
    EntryTables tables("amd-v1");
    tables.params.paw_bits = 40;
    tables.put(4, 3, 0x6000800201000001);
    EXPECT_THAT(tables.check("address-beyond-width"), ElementsAre(IsAt(4U, 3U, 0)));
    EXPECT_THAT(tables.set("c-bit", "47").check("address-beyond-width"), IsEmpty());
}

TEST(CheckAddressWidth, UpperAddressBitsOf64KPagesStandBelow)
{
    EntryTables tables("arm-s1");
    tables.params = default_params(tables.format(), 2);
    tables.set("granule", "64k");
    tables.root = kTablesAt;
    tables.put(1, 0, 0).put(2, 0, 0).put(3, 0, 0);
    tables.put(0, 0, 0x140010003).put(16, 5, 0x201001f47);  // bits 15:12 are address bits 51:48
    tables.params.paw_bits = 48;
    EXPECT_THAT(tables.check("address-beyond-width"), ElementsAre(IsAt(16U, 5U, 0)));
    tables.params.paw_bits = 52;
    EXPECT_THAT(tables.check("address-beyond-width"), IsEmpty());
}

// --- PT27 ------------------------------------------------------------------------------------------------------

TEST(CheckRam, LeavesOutsideOfItAreAWarningOnceRamIsKnown)
{
    EntryTables tables("vtd-ss");
    for (std::uint64_t index = 0; index < 8; ++index)
        tables.put(4, 16 + index, 0x20fffc003 + (index << 12));
    EXPECT_THAT(tables.check("leaf-outside-ram"), IsEmpty());
    tables.ram = {{PhysAddr(0x100000000), 0x110000000}};
    const std::vector<Finding> found = tables.check("leaf-outside-ram");
    ASSERT_THAT(found, ElementsAre(AllOf(IsAt(4U, 20U, 0), IsLeftAlone(Severity::warning))));
    EXPECT_EQ(found[0].target, PhysAddr(0x210000000));
    EXPECT_EQ(found[0].expected, 4U);
    EXPECT_EQ(found[0].size_bytes, 0x4000U);
    EXPECT_EQ(found[0].iova, Iova(0x14000));
    tables.ram.push_back({PhysAddr(0x210000000), 0x100000});
    EXPECT_THAT(tables.check("leaf-outside-ram"), IsEmpty());
}

TEST(CheckRam, RegistersOfDevicesMayBeElsewhere)
{
    struct {
        std::string_view format;
        std::uint64_t device;
        std::uint64_t normal;
    } const cases[] = {{"arm-s1", 0x201000e4b, 0x201000f47},
                       {"arm-s2", 0x2010006c7, 0x2010007ff},
                       {"riscv", 0x40000000804000d7, 0x804000d7}};
    for (const auto &one : cases) {
        SCOPED_TRACE(one.format);
        EntryTables tables(one.format);
        tables.ram = {{PhysAddr(0x100000000), 0x100000000}};
        EXPECT_THAT(tables.put(4, 3, one.device).check("leaf-outside-ram"), IsEmpty());
        EXPECT_THAT(tables.put(4, 3, one.normal).check("leaf-outside-ram"), ElementsAre(IsAt(4U, 3U, 0)));
    }
}

// --- PT28 ------------------------------------------------------------------------------------------------------

TEST(CheckInterruptTargets, EachLeafIntoTheWindowIsFound)
{
    EntryTables tables("vtd-ss");
    for (std::uint64_t index = 0; index < 4; ++index)
        tables.put(4, 16 + index, 0xfedfe003 + (index << 12));
    EXPECT_THAT(tables.check("leaf-targets-interrupts"),
                ElementsAre(AllOf(IsAt(4U, 18U, 0), IsSafelyCleared()), AllOf(IsAt(4U, 19U, 0), IsSafelyCleared())));
    EntryTables above("vtd-ss");
    EXPECT_THAT(above.put(4, 3, 0xfedff003).put(4, 5, 0xfef00003).check("leaf-targets-interrupts"), IsEmpty());
}

TEST(CheckInterruptTargets, ALargeLeafIsNotClearedWithoutAsking)
{
    EntryTables tables("x86-64");
    const std::vector<Finding> found = tables.put(3, 5, 0xfee000e7).check("leaf-targets-interrupts");
    ASSERT_THAT(found, ElementsAre(IsAt(3U, 5U, 1)));
    EXPECT_EQ(found[0].severity, Severity::error);
    EXPECT_EQ(found[0].repair, RepairPolicy::all);
    EXPECT_EQ(found[0].remedy, Remedy::clear_entry);
}

TEST(CheckInterruptTargets, IsAWarningForAmdAndNothingForArmAndRiscv)
{
    const std::vector<Finding> amd =
        EntryTables("amd-v1").put(4, 3, 0x60000000fee00001).check("leaf-targets-interrupts");
    ASSERT_THAT(amd, ElementsAre(IsAt(4U, 3U, 0)));
    EXPECT_EQ(amd[0].severity, Severity::warning);
    EXPECT_EQ(amd[0].repair, RepairPolicy::safe);
    EXPECT_THAT(EntryTables("arm-s1").put(4, 3, 0xfee00f47).check("leaf-targets-interrupts"), IsEmpty());
    EXPECT_THAT(EntryTables("riscv").put(4, 3, 0x3fb800d7).check("leaf-targets-interrupts"), IsEmpty());
}

// --- PT29 ------------------------------------------------------------------------------------------------------

/// IOVA 0xfee00000 is entry 503 of the level-1 table behind entry 3 of the level-2 table.
EntryTables window(std::string_view format, std::uint64_t level1, std::uint64_t level0)
{
    EntryTables tables(format);
    return tables.put(2, 3, level1).put(5, 503, level0);
}

TEST(CheckInterruptIovas, LeavesThereAreAWarningOncePerTable)
{
    EntryTables tables = window("vtd-ss", 0x140005003, 0x140006003);
    for (std::uint64_t index = 0; index < 512; ++index)
        tables.put(6, index, 0x201000003 + (index << 12));
    const std::vector<Finding> found = tables.check("iova-in-interrupt-window");
    ASSERT_THAT(found, ElementsAre(AllOf(IsAt(6U, 0U, 0), IsLeftAlone(Severity::warning))));
    EXPECT_EQ(found[0].iova, Iova(0xfee00000));
    EXPECT_EQ(found[0].expected, 256U);
    for (std::uint64_t index = 0; index < 256; ++index)
        tables.put(6, index, 0);
    EXPECT_THAT(tables.check("iova-in-interrupt-window"), IsEmpty());
}

TEST(CheckInterruptIovas, LargeLeavesAroundTheWindowCount)
{
    EntryTables tables("x86-64");
    const std::vector<Finding> found = tables.put(2, 3, 0x2400000e7).check("iova-in-interrupt-window");
    ASSERT_THAT(found, ElementsAre(IsAt(2U, 3U, 2)));
    EXPECT_EQ(found[0].iova, Iova(0xc0000000));
    EXPECT_EQ(found[0].expected, 1U);
    EXPECT_THAT(EntryTables("x86-64").put(2, 2, 0x2400000e7).check("iova-in-interrupt-window"), IsEmpty());
}

TEST(CheckInterruptIovas, AmdHasTheWindowAndArmAndRiscvHaveNot)
{
    EXPECT_THAT(window("amd-v1", 0x6000000140005401, 0x6000000201000001).check("iova-in-interrupt-window"),
                ElementsAre(IsAt(5U, 503U, 1)));
    EXPECT_THAT(window("arm-s1", 0x140005003, 0x280000f45).check("iova-in-interrupt-window"), IsEmpty());
    EXPECT_THAT(window("riscv", 0x50001401, 0xa00000d7).check("iova-in-interrupt-window"), IsEmpty());
}

TEST(CheckInterruptIovas, SixLevelTablesDoNotOverflow)
{
    EntryTables tables("amd-v1");
    tables.params = default_params(tables.format(), 6);
    tables.put(1, 0, 0x6000000140002a01).put(2, 0, 0x6000000140003801).put(3, 0, 0x6000000140004601);
    tables.put(4, 0, 0x6000000140005401).put(4, 3, 0x6000000240000001).put(1, 127, 0x6000000140006a01);
    EXPECT_THAT(tables.check("iova-in-interrupt-window"), ElementsAre(IsAt(4U, 3U, 2)));
}

// --- PT30 ------------------------------------------------------------------------------------------------------

TEST(CheckHtHole, AmdLeavesThatLeadThere)
{
    EntryTables tables("amd-v1");
    tables.put(4, 3, 0x600000fcfffff001).put(4, 4, 0x600000fd00000001).put(4, 9, 0x600000ffffffe001);
    const std::vector<Finding> found = tables.check("address-in-ht-hole");
    ASSERT_THAT(found, ElementsAre(AllOf(IsAt(4U, 4U, 0), IsLeftAlone(Severity::warning))));
    EXPECT_EQ(found[0].expected, 2U);
    EXPECT_EQ(found[0].detail, "leads to");
    ASSERT_NE(found[0].lists, nullptr);
    EXPECT_THAT(found[0].lists->ranges,
                ElementsAre(AddressRange{0xfd00000000, 0xfd00000fff}, AddressRange{0xffffffe000, 0xffffffefff}));
    EXPECT_THAT(EntryTables("amd-v1").put(4, 3, 0x6000010000000001).check("address-in-ht-hole"), IsEmpty());
}

TEST(CheckHtHole, IovasThere)
{
    EntryTables tables("amd-v1");  // 0xfd00000000 is in entry 1 of the root, entry 500 below
    tables.put(1, 1, 0x6000000140005601).put(5, 499, 0x6000000240000001);
    EXPECT_THAT(tables.check("address-in-ht-hole"), IsEmpty());
    const std::vector<Finding> found = tables.put(5, 500, 0x6000000280000001).check("address-in-ht-hole");
    ASSERT_THAT(found, ElementsAre(IsAt(5U, 500U, 2)));
    EXPECT_EQ(found[0].iova, Iova(0xfd00000000));
    EXPECT_EQ(found[0].detail, "stands for the IOVAs");
    ASSERT_NE(found[0].lists, nullptr);
    EXPECT_THAT(found[0].lists->ranges, ElementsAre(AddressRange{0xfd00000000, 0xfd3fffffff}));
}

TEST(CheckHtHole, OfALeafThatIsOnlyPartlyThereThatPartIsNamed)
{
    EntryTables tables("amd-v1");
    tables.put(1, 1, 0x6000000140005601);
    // NextLevel 7 and address bits 31:12 set: 8 GiB from 0xfc00000000 on, in eight slots.
    for (std::size_t slot = 8; slot < 16; ++slot)
        tables.put(5, slot, 0x600000fcfffffe01);
    const std::vector<Finding> found = tables.check("address-in-ht-hole");
    ASSERT_THAT(found, ElementsAre(IsAt(5U, 8U, 2)));
    ASSERT_NE(found[0].lists, nullptr);
    EXPECT_THAT(found[0].lists->ranges, ElementsAre(AddressRange{0xfd00000000, 0xfdffffffff}));
    EXPECT_EQ(found[0].expected, 1U);
}

TEST(CheckHtHole, OtherMachinesHaveNone)
{
    EXPECT_THAT(EntryTables("vtd-ss").put(4, 4, 0xfd00000003).check("address-in-ht-hole"), IsEmpty());
    EntryTables x86("x86-64");
    EXPECT_THAT(x86.put(4, 4, 0xfd00000067).check("address-in-ht-hole"), IsEmpty());
    EXPECT_THAT(x86.set("vendor", "amd").check("address-in-ht-hole"), ElementsAre(IsAt(4U, 4U, 0)));
}

// --- PT31, PT32 ------------------------------------------------------------------------------------------------

TEST(CheckBeyondWidth, AmdLevel6EntriesFrom128OnAreDead)
{
    EntryTables tables("amd-v1");
    tables.params = default_params(tables.format(), 6);
    tables.put(1, 0, 0x6000000140002a01).put(1, 127, 0x6000000140002a01);
    EXPECT_THAT(tables.check("entry-beyond-width"), IsEmpty());
    tables.put(1, 127, 0).put(1, 128, 0x140002000);  // not present
    EXPECT_THAT(tables.check("entry-beyond-width"), IsEmpty());
    tables.put(1, 129, 0x6000000140002a01).put(1, 511, 0x6000000140002a01);
    const std::vector<Finding> found = tables.check("entry-beyond-width");
    ASSERT_THAT(found, ElementsAre(AllOf(IsAt(1U, 129U, 5), IsLeftAlone(Severity::warning))));
    EXPECT_EQ(found[0].observed, 0x6000000140002a01U);
    EXPECT_EQ(found[0].expected, 2U);
}

TEST(CheckUpperHalf, IsInformationInSignExtendedFormats)
{
    EntryTables x86("x86-64");
    EXPECT_THAT(x86.put(1, 255, 0x140002027).check("upper-half-mapped"), IsEmpty());
    const std::vector<Finding> found = x86.put(1, 256, 0x140002027).put(1, 300, 0x140002027).check("upper-half-mapped");
    ASSERT_THAT(found, ElementsAre(AllOf(IsAt(1U, 256U, 3), IsLeftAlone(Severity::info))));
    EXPECT_EQ(found[0].iova, Iova(0xffff800000000000));
    EXPECT_EQ(found[0].expected, 2U);
    EXPECT_THAT(EntryTables("riscv").put(1, 511, 0x50000801).check("upper-half-mapped"), SizeIs(1));
}

TEST(CheckUpperHalf, IsNothingWhereAddressesCountUp)
{
    EXPECT_THAT(EntryTables("vtd-ss").put(1, 300, 0x140002003).check("upper-half-mapped"), IsEmpty());
    EXPECT_THAT(EntryTables("riscv-x4").put(7, 300, 0x50002001).check("upper-half-mapped"), IsEmpty());
    EXPECT_THAT(EntryTables("x86-64").put(2, 300, 0x140003027).check("upper-half-mapped"), IsEmpty());
}

TEST(CheckUpperHalf, ARunAcrossTheMiddleCountsFromThereOn)
{
    EntryTables tables("riscv");
    for (std::uint64_t index = 250; index < 260; ++index)
        tables.put(1, index, 0x20000000d7 + (index << 37));
    tables.params.paw_bits = 56;
    const std::vector<Finding> found = tables.check("upper-half-mapped");
    ASSERT_THAT(found, ElementsAre(IsAt(1U, 256U, 3)));
    EXPECT_EQ(found[0].expected, 4U);
}

}  // namespace
}  // namespace pgregion::test
