// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of leaves that take several slots: iommu-formats.md section 9, PT09 and PT10; sections 2.4, 2.7 (AMD), 4.4
// (Arm), 5.5 and 5.7 (RISC-V).
#include "check_entries.h"

#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;

/// One word in `count` slots of the level-0 table.
EntryTables replicated(std::string_view format, std::uint64_t word, std::size_t first = 352, std::size_t count = 16)
{
    EntryTables tables(format);
    for (std::size_t index = first; index < first + count; ++index)
        tables.put(4, index, word);
    return tables;
}

// The leaves of the worked examples E5 and E10: 64 KiB in slots 352 to 367 and 320 to 335.
constexpr std::uint64_t kAmd64K = 0x7000000200567e01;
constexpr std::uint64_t kRiscv64K = 0xa00000021d9520d7;

TEST(CheckReplicas, AllAlikeIsSoundAlsoWithFlagsThatHardwareSet)
{
    EntryTables amd = replicated("amd-v1", kAmd64K);
    amd.put(4, 355, kAmd64K | 0x60);
    EXPECT_THAT(amd.check("replicas-differ"), IsEmpty());
    EXPECT_THAT(amd.check("replicas-missing"), IsEmpty());
    const EntryTables riscv = replicated("riscv", kRiscv64K, 320);
    EXPECT_THAT(riscv.check("replicas-differ"), IsEmpty());
    EXPECT_THAT(riscv.check("replicas-missing"), IsEmpty());
}

TEST(CheckReplicas, ADifferentAmdCopyIsFoundOncePerGroupWhichGoesAsAWhole)
{
    EntryTables tables = replicated("amd-v1", kAmd64K);
    tables.put(4, 360, 0x7000000200577e01);
    const std::vector<Finding> found = tables.check("replicas-differ");
    ASSERT_THAT(found, ElementsAre(AllOf(IsAt(4U, 352U, 0), IsSafelyCleared())));
    EXPECT_EQ(found[0].expected, 16U);
    EXPECT_EQ(found[0].replicas_lg2, 4U);
    EXPECT_THAT(tables.check("replicas-missing"), IsEmpty());
}

TEST(CheckReplicas, ASmallLeafAmongTheCopiesGoesWithThem)
{
    EntryTables tables = replicated("amd-v1", kAmd64K);
    tables.put(4, 352, 0x6000000200567001);  // 4 KiB
    const std::vector<Finding> found = tables.check("replicas-differ");
    ASSERT_THAT(found, ElementsAre(AllOf(IsAt(4U, 353U, 0), IsSafelyCleared())));
    EXPECT_EQ(found[0].replicas_lg2, 4U);
}

TEST(CheckReplicas, ASizeThatGrewDoesNotTakeItsNeighboursAway)
{
    EntryTables tables = replicated("amd-v1", kAmd64K);
    for (std::size_t index = 368; index < 384; ++index)
        tables.put(4, index, 0x7000000200767e01);
    tables.put(4, 370, 0x700000020076fe01);  // 128 KiB: slots 352 to 383
    const std::vector<Finding> found = tables.check("replicas-differ");
    ASSERT_THAT(found, ElementsAre(IsAt(4U, 368U, 0), IsAt(4U, 370U, 0)));
    EXPECT_EQ(found[0].replicas_lg2, 4U);
    EXPECT_EQ(found[1].replicas_lg2, 0U);
    EXPECT_EQ(found[1].expected, 32U);
}

TEST(CheckReplicas, AnEmptyAmdCopyIsMissing)
{
    EntryTables tables = replicated("amd-v1", kAmd64K);
    tables.put(4, 352, 0);
    const std::vector<Finding> found = tables.check("replicas-missing");
    ASSERT_THAT(found, ElementsAre(AllOf(IsAt(4U, 353U, 0), IsSafelyCleared())));
    EXPECT_EQ(found[0].expected, 16U);
    EXPECT_THAT(tables.check("replicas-differ"), IsEmpty());
}

TEST(CheckReplicas, AGroupThatIsNotAlignedIsMissingInBothHalves)
{
    const EntryTables tables = replicated("amd-v1", kAmd64K, 360);
    EXPECT_THAT(tables.check("replicas-missing"), ElementsAre(IsAt(4U, 360U, 0), IsAt(4U, 368U, 0)));
}

TEST(CheckReplicas, AmdLeafOfAHigherLevel)
{
    EntryTables tables("amd-v1");
    tables.put(3, 6, 0x60000000001ffe01);  // 4 MiB in slots 6 and 7
    EXPECT_THAT(tables.check("replicas-missing"), ElementsAre(IsAt(3U, 6U, 1)));
    tables.put(3, 7, 0x60000000001ffe01);
    EXPECT_THAT(tables.check("replicas-missing"), IsEmpty());
}

TEST(CheckReplicas, RiscvCopiesAreFoundAsWell)
{
    EntryTables tables = replicated("riscv", kRiscv64K, 320);
    tables.put(4, 335, 0x21d953cd7);
    EXPECT_THAT(tables.check("replicas-differ"), ElementsAre(AllOf(IsAt(4U, 320U, 0), IsSafelyCleared())));
    EXPECT_THAT(tables.put(4, 335, 0).check("replicas-missing"), ElementsAre(IsAt(4U, 320U, 0)));
}

TEST(CheckReplicas, BigEndianCopiesAreRead)
{
    EntryTables tables("riscv");
    tables.set("endian", "big");
    tables.params.big_endian = true;
    for (std::size_t page = 1; page <= 3; ++page)
        tables.put(page, 0, __builtin_bswap64(tables.image.get(page, 0)));
    for (std::size_t index = 320; index < 335; ++index)
        tables.put(4, index, __builtin_bswap64(kRiscv64K));
    EXPECT_THAT(tables.check("replicas-missing"), ElementsAre(IsAt(4U, 320U, 0)));
    tables.put(4, 335, __builtin_bswap64(kRiscv64K));
    EXPECT_THAT(tables.check("replicas-missing"), IsEmpty());
    EXPECT_THAT(tables.check("reserved-bits"), IsEmpty());
}

// --- the contiguous hint of Arm ------------------------------------------------------------------------------

/// Sixteen pages of 4 KiB with the hint, from slot 32 on, at 0x201000000.
EntryTables contiguous()
{
    EntryTables tables("arm-s1");
    for (std::uint64_t index = 0; index < 16; ++index)
        tables.put(4, 32 + index, 0x0010000201000f47 + (index << 12));
    return tables;
}

void expect_sound(const EntryTables &tables)
{
    EXPECT_THAT(tables.check("replicas-differ"), IsEmpty());
    EXPECT_THAT(tables.check("replicas-missing"), IsEmpty());
}

TEST(CheckContiguous, AGroupWithRisingAddressesIsSound)
{
    expect_sound(contiguous());
    EntryTables tables = contiguous();
    expect_sound(tables.put(4, 35, 0x0010000201003b47));  // AF is clear
    // DBM: what is dirty is not read-only.
    for (std::uint64_t index = 0; index < 16; ++index)
        tables.put(4, 32 + index, 0x0018000201000fc7 + (index << 12));
    expect_sound(tables.put(4, 36, 0x0018000201004f47));
}

TEST(CheckContiguous, AnAddressOutOfTheRowConcernsTheGroup)
{
    EntryTables tables = contiguous();
    const std::vector<Finding> found = tables.put(4, 40, 0x0010000201108f47).check("replicas-differ");
    ASSERT_THAT(found, ElementsAre(AllOf(IsAt(4U, 32U, 0), IsSafelyCleared())));
    EXPECT_EQ(found[0].expected, 16U);
    EXPECT_EQ(found[0].replicas_lg2, 4U);
    EXPECT_THAT(tables.check("replicas-missing"), IsEmpty());
}

TEST(CheckContiguous, OtherAttributesInOneSlotDiffer)
{
    EntryTables tables = contiguous();
    EXPECT_THAT(tables.put(4, 32, 0x0010000201000f4b).check("replicas-differ"), ElementsAre(IsAt(4U, 32U, 0)));
}

TEST(CheckContiguous, WhatMostSlotsSayDecides)
{
    EntryTables without_one = contiguous();
    const std::vector<Finding> most = without_one.put(4, 32, 0x0000000201000f47).check("replicas-differ");
    ASSERT_THAT(most, ElementsAre(AllOf(IsAt(4U, 33U, 0), IsSafelyCleared())));
    EXPECT_EQ(most[0].replicas_lg2, 4U);

    EntryTables with_one("arm-s1");
    for (std::uint64_t index = 0; index < 16; ++index)
        with_one.put(4, 32 + index, 0x0000000201000f47 + (index << 12));
    const std::vector<Finding> few = with_one.put(4, 37, 0x0010000201005f47).check("replicas-differ");
    ASSERT_THAT(few, ElementsAre(AllOf(IsAt(4U, 37U, 0), IsSafelyCleared())));
    EXPECT_EQ(few[0].replicas_lg2, 0U);
}

TEST(CheckContiguous, AnAddressThatIsNotAlignedToTheGroupDiffers)
{
    EntryTables tables("arm-s1");
    for (std::uint64_t index = 0; index < 16; ++index)
        tables.put(4, 32 + index, 0x0010000201001f47 + (index << 12));
    EXPECT_THAT(tables.check("replicas-differ"), ElementsAre(IsAt(4U, 32U, 0)));
}

TEST(CheckContiguous, AnEmptySlotIsMissing)
{
    EntryTables tables = contiguous();
    EXPECT_THAT(tables.put(4, 32, 0).check("replicas-missing"),
                ElementsAre(AllOf(IsAt(4U, 33U, 0), IsSafelyCleared())));
    EXPECT_THAT(tables.check("replicas-differ"), IsEmpty());
}

TEST(CheckContiguous, ARunOfSeveralGroupsIsSplit)
{
    EntryTables tables("arm-s2");
    for (std::uint64_t index = 0; index < 40; ++index)
        tables.put(4, 40 + index, 0x00100002010087ff + (index << 12));
    EXPECT_THAT(tables.check("replicas-missing"), ElementsAre(IsAt(4U, 40U, 0)));
    EXPECT_THAT(tables.put(4, 79, 0).check("replicas-missing"), ElementsAre(IsAt(4U, 40U, 0), IsAt(4U, 64U, 0)));
}

TEST(CheckContiguous, GroupsOf16KAndBlocksHaveOtherSizes)
{
    EntryTables blocks("arm-s1");
    for (std::uint64_t index = 0; index < 15; ++index)
        blocks.put(3, 16 + index, 0x0010000280000f45 + (index << 21));
    EXPECT_THAT(blocks.check("replicas-missing"), ElementsAre(IsAt(3U, 16U, 1)));
    expect_sound(blocks.put(3, 31, 0x0010000280000f45 + (15ULL << 21)));

    EntryTables tables("arm-s1");
    tables.params = default_params(tables.format(), 2);
    tables.set("granule", "16k");
    tables.root = kTablesAt;
    tables.put(0, 0, 0x140004003);
    for (std::uint64_t index = 0; index < 127; ++index)
        tables.put(4, 128 + index, 0x0010000200000f47 + (index << 14));
    const std::vector<Finding> found = tables.check("replicas-missing");
    ASSERT_THAT(found, ElementsAre(IsAt(4U, 128U, 0)));
    EXPECT_EQ(found[0].expected, 128U);
    EXPECT_EQ(found[0].replicas_lg2, 7U);
    expect_sound(tables.put(4, 255, 0x0010000200000f47 + (127ULL << 14)));
}

}  // namespace
}  // namespace pgregion::test
