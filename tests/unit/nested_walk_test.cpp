// SPDX-License-Identifier: GPL-2.0-or-later
//
// Nested translation, written by hand for VT-d scalable mode (iommu-formats.md sections 1.4 to 1.8 and 3): the inner
// tables stand at guest addresses, and so do the pages that they map; the outer stage translates both.
#include "support/table_image.h"
#include "support/walk_record.h"

#include <pgregion/mapping.h>
#include <pgregion/walk.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

using testing::ElementsAre;

constexpr std::uint64_t kBase = 0x40000000;
constexpr std::uint32_t kDevice = 0x0010;
constexpr std::uint32_t kPasid = 5;

/// Pages 0 to 3: the directory. 4 to 6: the outer stage, three levels, of which GPA 0x10000 to 0x13fff are pages 8 to
/// 11, GPA 0x20000 and 0x21000 two pages elsewhere, and GPA 0x200000 a page of 2 MiB. 8 to 11: the inner tables.
TableImage example()
{
    TableImage image(kBase, 12);
    image.put(0, 0, image.address(1) | 1);                                   // root, lower half of bus 0
    image.put(1, 0x10 * 4, image.address(2) | 0x9).put(1, 0x10 * 4 + 1, 7);  // context: P, PASIDE, RID_PASID 7
    image.put(2, 0, image.address(3) | 1);                                   // PASID directory
    image.put(3, kPasid * 8, image.address(4) | 3 << 6 | 1 << 2 | 1);        // PGTT nested, AW 39 bit
    image.put(3, kPasid * 8 + 1, 0x2a).put(3, kPasid * 8 + 2, 0x10000);      // DID, FSPTPTR
    image.put(4, 0, image.address(5) | 3).put(5, 0, image.address(6) | 3);   // outer stage
    for (std::uint64_t i = 0; i < 4; ++i)
        image.put(6, 0x10 + i, image.address(8 + i) | 3);
    image.put(6, 0x20, 0x90000003).put(6, 0x21, 0x90005001).put(5, 1, 0xa0000083);
    image.put(8, 0, 0x11027).put(9, 0, 0x12027).put(10, 0, 0x13027);  // inner stage, at guest addresses
    image.put(11, 1, 0x20067).put(11, 2, 0x21067).put(11, 3, 0x22067).put(10, 1, 0x2000e7);
    return image;
}

DirectoryRequest directory()
{
    const DirectoryFormat *format = find_directory_format("vtd-root");
    FormatParams params = default_params(*format);
    set_parameter(params, format->parameters, "mode", "scalable");
    return {format, params, PhysAddr(kBase)};
}

DirectoryLookup look_up(const MemorySource &memory, std::optional<std::uint32_t> pasid)
{
    return find_device(memory, directory(), {kDevice, pasid});
}

TranslationResult walk(const TableImage &image, std::uint64_t iova, Access wanted = Access::read())
{
    const PiecewiseMemory memory = image.memory();
    const DirectoryLookup lookup = look_up(memory, kPasid);
    EXPECT_TRUE(lookup.device.has_value());
    return translate(memory, walk_request(lookup.device.value().translation), Iova(iova), wanted);
}

struct Listed {
    MapRows rows;
    std::vector<Problem> problems;
};

Listed list(const TableImage &image)
{
    const PiecewiseMemory memory = image.memory();
    const DirectoryLookup lookup = look_up(memory, kPasid);
    const WalkRequest request = walk_request(lookup.device.value().translation);
    OuterStage outer(memory, request.outer);
    LeafRecord record;
    record.set_outer(&outer);
    walk_tables(memory, request, record);
    return {record.rows, record.problems};
}

TEST(Nested, TheDirectoryHandsOnBothStages)
{
    const TableImage image = example();
    const PiecewiseMemory memory = image.memory();
    const DirectoryLookup lookup = look_up(memory, kPasid);
    ASSERT_TRUE(lookup.device.has_value());
    EXPECT_FALSE(lookup.fault.has_value());
    const Translation &translation = lookup.device->translation;
    EXPECT_EQ(translation.kind, TranslationKind::nested);
    EXPECT_EQ(translation.domain_id, 0x2aU);
    EXPECT_EQ(translation.format, find_table_format("x86-64"));
    EXPECT_EQ(translation.root, PhysAddr(0x10000));
    EXPECT_EQ(translation.outer.format, find_table_format("vtd-ss"));
    EXPECT_EQ(translation.outer.params.levels, 3);
    EXPECT_EQ(translation.outer.root, PhysAddr(image.address(4)));
    EXPECT_EQ(lookup.device->pasid, kPasid);
}

TEST(Nested, RequestsWithoutPasidUseRidPasid)
{
    const TableImage image = example();
    const PiecewiseMemory memory = image.memory();
    const DirectoryLookup lookup = look_up(memory, {});
    EXPECT_FALSE(lookup.device.has_value());  // PASID 7 has no entry
    ASSERT_TRUE(lookup.fault.has_value());
    EXPECT_EQ(lookup.fault->code, 0x59);
}

TEST(Nested, AnAddressGoesThroughBothStages)
{
    const TableImage image = example();
    const TranslationResult small = walk(image, 0x1abc);
    EXPECT_TRUE(small.mapped);
    EXPECT_FALSE(small.fault.has_value());
    EXPECT_EQ(small.pa, PhysAddr(0x90000abc));
    EXPECT_EQ(small.size_lg2, 12);
    EXPECT_EQ(small.steps.size(), 4U + 3U);
    EXPECT_FALSE(small.steps[3].outer);
    EXPECT_TRUE(small.steps[4].outer);
    EXPECT_EQ(small.steps[4].table, PhysAddr(image.address(4)));
    const TranslationResult large = walk(image, 0x212345);
    EXPECT_EQ(large.pa, PhysAddr(0xa0012345));
    EXPECT_EQ(large.size_lg2, 21);
}

TEST(Nested, WhatTheOuterStageForbidsFaultsWithItsReason)
{
    const TableImage image = example();
    EXPECT_FALSE(walk(image, 0x2000, Access::read()).fault.has_value());
    const TranslationResult read_only = walk(image, 0x2000, Access::write());
    ASSERT_TRUE(read_only.fault.has_value());
    EXPECT_EQ(read_only.fault->fault.code, 0x79);
    EXPECT_TRUE(read_only.mapped);
    const TranslationResult unmapped = walk(image, 0x3000);
    EXPECT_FALSE(unmapped.mapped);
    ASSERT_TRUE(unmapped.fault.has_value());
    EXPECT_EQ(unmapped.fault->fault.code, 0x79);
}

TEST(Nested, AnInnerTableThatTheOuterStageDoesNotMapFaultsWithTheOuterReason)
{
    TableImage image = example();
    image.put(6, 0x13, 0);  // GPA 0x13000, the inner table of level 0
    const TranslationResult result = walk(image, 0x1000);
    EXPECT_FALSE(result.mapped);
    ASSERT_TRUE(result.fault.has_value());
    EXPECT_EQ(result.fault->fault.code, 0x79);
    const Listed listed = list(image);
    EXPECT_THAT(listed.rows, ElementsAre(MapRow{0x200000, 0xa0000000, 0x200000, "rw"}));
    ASSERT_EQ(listed.problems.size(), 1U);
    EXPECT_EQ(listed.problems[0].kind, ProblemKind::table_outside_source);
    EXPECT_EQ(listed.problems[0].observed, 0x13000U);
}

TEST(Nested, MappingsAreThoseOfBothStages)
{
    const Listed listed = list(example());
    EXPECT_THAT(listed.rows,
                ElementsAre(MapRow{0x1000, 0x90000000, 0x1000, "rw"}, MapRow{0x2000, 0x90005000, 0x1000, "r"},
                            MapRow{0x200000, 0xa0000000, 0x200000, "rw"}));
    ASSERT_EQ(listed.problems.size(), 1U);
    EXPECT_EQ(listed.problems[0].kind, ProblemKind::not_in_outer_stage);
    EXPECT_EQ(listed.problems[0].iova, Iova(0x3000));
    EXPECT_EQ(listed.problems[0].observed, 0x22000U);
}

TEST(Nested, ALargeInnerPageIsCutWhereTheOuterPagesAreSmaller)
{
    TableImage image = example();
    image.put(10, 1, 0x0000e7);  // 2 MiB at GPA 0, where the outer stage has single pages
    const Listed listed = list(image);
    EXPECT_THAT(listed.rows,
                ElementsAre(MapRow{0x1000, 0x90000000, 0x1000, "rw"}, MapRow{0x2000, 0x90005000, 0x1000, "r"},
                            MapRow{0x210000, image.address(8), 0x1000, "rw"},
                            MapRow{0x211000, image.address(9), 0x1000, "rw"},
                            MapRow{0x212000, image.address(10), 0x1000, "rw"},
                            MapRow{0x213000, image.address(11), 0x1000, "rw"},
                            MapRow{0x220000, 0x90000000, 0x1000, "rw"}, MapRow{0x221000, 0x90005000, 0x1000, "r"}));
}

TEST(Nested, ManySmallInnerPagesInOneLargeOuterPageStayOneRun)
{
    TableImage image = example();
    for (std::uint64_t slot = 0; slot < 512; ++slot)
        image.put(11, slot, (0x200000 + slot * 0x1000) | 0x67);
    const Listed listed = list(image);
    ASSERT_EQ(listed.rows.size(), 513U);
    EXPECT_EQ(listed.rows[511], (MapRow{0x1ff000, 0xa01ff000, 0x1000, "rw"}));
    EXPECT_TRUE(listed.problems.empty());
}

TEST(Nested, AnOuterStageOfWhichEveryEntryIsTheSameEndsInBoundedWork)
{
    TableImage image = example();
    for (std::uint64_t slot = 0; slot < 512; ++slot)  // every guest address is the inner root
        image.put(4, slot, image.address(5) | 3).put(5, slot, image.address(6) | 3).put(6, slot, image.address(8) | 3);
    for (std::uint64_t slot = 0; slot < 512; ++slot)
        image.put(8, slot, (slot << 12) | 0x27);
    const PiecewiseMemory memory = image.memory();
    const DirectoryLookup lookup = look_up(memory, kPasid);
    const WalkRequest request = walk_request(lookup.device.value().translation);
    OuterStage outer(memory, request.outer);
    LeafRecord record;
    record.set_outer(&outer);
    const WalkOutcome outcome = walk_tables(memory, request, record);
    EXPECT_TRUE(outcome.truncated || outcome.stopped);
    EXPECT_LE(record.rows.size(), 300'000U);
    EXPECT_FALSE(record.problems.empty());
}

}  // namespace
}  // namespace pgregion::test
