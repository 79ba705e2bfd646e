// SPDX-License-Identifier: GPL-2.0-or-later
//
// One translation with its path, and the fault that hardware would raise: iommu-formats.md 1.8, 1.10, 1.12.
#include "support/table_image.h"

#include <pgregion/walk.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

const Access kRead = Access::read();
const Access kWrite = Access::write();

WalkRequest request_at(std::uint64_t root, unsigned levels = 4)
{
    WalkRequest request;
    request.format = find_table_format("vtd-ss");
    request.params = default_params(*request.format, levels);
    request.root = PhysAddr(root);
    return request;
}

/// The tables of example E1, from the second-stage root on.
TableImage example()
{
    TableImage image(0x140000000, 8);
    image.put(2, 254, 0x140003003).put(3, 72, 0x140004003).put(4, 418, 0x24fe00b83);
    return image;
}

TranslationResult translate_in(const TableImage &image, std::uint64_t iova, Access wanted)
{
    const PiecewiseMemory memory = image.memory();
    return translate(memory, request_at(image.address(2)), Iova(iova), wanted);
}

unsigned fault_of(const TranslationResult &result) { return result.fault ? result.fault->fault.code : 0; }

TEST(Translate, ExampleE1GivesItsPhysicalAddressAndPath)
{
    const TranslationResult result = translate_in(example(), 0x7f1234567abc, kRead);
    EXPECT_TRUE(result.mapped);
    EXPECT_EQ(result.iova, Iova(0x7f1234567abc));
    EXPECT_EQ(result.pa, PhysAddr(0x24ff67abc));
    EXPECT_EQ(result.size_lg2, 21);
    EXPECT_EQ(result.access, kRead | kWrite);
    EXPECT_FALSE(result.fault.has_value());
    EXPECT_FALSE(result.never_translated);
    ASSERT_EQ(result.steps.size(), 3U);
    EXPECT_EQ(result.steps[0].table, PhysAddr(0x140002000));
    EXPECT_EQ(result.steps[0].index, 254U);
    EXPECT_EQ(result.steps[0].level, 3U);
    EXPECT_EQ(result.steps[0].iova, Iova(0x7f0000000000));
    EXPECT_EQ(result.steps[1].index, 72U);
    EXPECT_EQ(result.steps[1].entry.raw, 0x140004003U);
    EXPECT_EQ(result.steps[2].index, 418U);
    EXPECT_EQ(result.steps[2].level, 1U);
    EXPECT_EQ(result.steps[2].iova, Iova(0x7f1234400000));
    EXPECT_EQ(result.steps[2].entry.kind, EntryKind::leaf);
}

TEST(Translate, TheLastByteOfTheDomainIsInsideAndTheNextBeyond)
{
    TableImage image(0x140000000, 8);
    image.put(2, 511, 0x140003003).put(3, 511, 0x40000083);
    EXPECT_EQ(translate_in(image, 0xffffffffffff, kRead).pa, PhysAddr(0x7fffffff));
    for (const std::uint64_t iova : {0x1000000000000ULL, 0xffff800000000000ULL, ~0ULL}) {
        const TranslationResult result = translate_in(image, iova, kRead);
        EXPECT_FALSE(result.mapped);
        EXPECT_EQ(fault_of(result), 0x4U);
        EXPECT_FALSE(result.fault->level.has_value());
        EXPECT_TRUE(result.steps.empty());
    }
}

TEST(Translate, AnAbsentEntryFaultsForTheAccessAskedFor)
{
    const TableImage image = example();
    EXPECT_EQ(fault_of(translate_in(image, 0x1000, kRead)), 0x6U);
    EXPECT_EQ(fault_of(translate_in(image, 0x1000, kWrite)), 0x5U);
    EXPECT_EQ(translate_in(image, 0x1000, kRead).fault->level, 3);
    EXPECT_EQ(translate_in(image, 0x7f0000000000, kRead).fault->level, 2);
}

TEST(Translate, AMissingPermissionNamesTheLevelThatLacksItAndStillShowsTheLeaf)
{
    TableImage image = example();
    image.put(3, 72, 0x140004001);
    const TranslationResult result = translate_in(image, 0x7f1234567abc, kWrite);
    EXPECT_EQ(fault_of(result), 0x5U);
    EXPECT_EQ(result.fault->level, 2);
    EXPECT_TRUE(result.mapped);
    EXPECT_EQ(result.pa, PhysAddr(0x24ff67abc));
    EXPECT_EQ(result.access, kRead);
    EXPECT_EQ(fault_of(translate_in(image, 0x7f1234567abc, kRead)), 0U);
}

TEST(Translate, PermissionIsLookedAtBeforeReservedBits)
{
    TableImage image = example();
    image.put(3, 72, 0x140004801);  // read-only and bit 11
    EXPECT_EQ(fault_of(translate_in(image, 0x7f1234567abc, kWrite)), 0x5U);
    EXPECT_EQ(fault_of(translate_in(image, 0x7f1234567abc, kRead)), 0xcU);
    EXPECT_FALSE(translate_in(image, 0x7f1234567abc, kRead).mapped);
}

TEST(Translate, AMisalignedLargePageIsAReservedBitFault)
{
    TableImage image = example();
    image.put(4, 418, 0x24fe01083);
    const TranslationResult result = translate_in(image, 0x7f1234567abc, kRead);
    EXPECT_EQ(fault_of(result), 0xcU);
    EXPECT_EQ(result.fault->level, 1);
    EXPECT_FALSE(result.mapped);
}

TEST(Translate, TablesThatCannotBeReadFaultByTheirPlace)
{
    TableImage image = example();
    image.put(3, 72, 0x990000003);
    const TranslationResult below = translate_in(image, 0x7f1234567abc, kRead);
    EXPECT_EQ(fault_of(below), 0x7U);
    EXPECT_EQ(below.fault->fault.cause, FaultCause::table_unreadable);
    EXPECT_EQ(below.fault->level, 1);
    EXPECT_EQ(below.steps.size(), 2U);
    const PiecewiseMemory memory = image.memory();
    const TranslationResult root = translate(memory, request_at(0x990000000), Iova(0x1000), kRead);
    EXPECT_EQ(fault_of(root), 0x3U);
    EXPECT_EQ(root.fault->fault.cause, FaultCause::root_unreadable);
    EXPECT_TRUE(root.steps.empty());
}

TEST(Translate, AnOutputInTheInterruptWindowFaults)
{
    TableImage image = example();
    image.put(4, 418, 0xfee00083);
    const TranslationResult result = translate_in(image, 0x7f1234401000, kRead);
    EXPECT_EQ(fault_of(result), 0xeU);
    EXPECT_EQ(result.pa, PhysAddr(0xfee01000));
    EXPECT_TRUE(result.mapped);
    // The same 2 MiB page beyond the window is fine.
    EXPECT_EQ(fault_of(translate_in(image, 0x7f1234500000, kRead)), 0U);
}

TEST(Translate, AWriteToTheInterruptWindowIsAMessage)
{
    TableImage image = example();
    EXPECT_TRUE(translate_in(image, 0xfee00010, kWrite).never_translated);
    EXPECT_FALSE(translate_in(image, 0xfee00010, kRead).never_translated);
    EXPECT_FALSE(translate_in(image, 0xfef00000, kWrite).never_translated);
}

TEST(Translate, ARootThatPointsToItselfEndsAtTheLastLevel)
{
    TableImage image(0x140000000, 8);
    image.put(2, 0, 0x140002003);
    const TranslationResult result = translate_in(image, 0x123, kRead);
    EXPECT_TRUE(result.mapped);
    EXPECT_EQ(result.steps.size(), 4U);
    EXPECT_EQ(result.pa, PhysAddr(0x140002123));
}

}  // namespace
}  // namespace pgregion::test
