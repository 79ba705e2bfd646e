// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sound hand-overs of every combination of versions: records, roots and proof (region.md sections 5 and 6).
#include "support/handover_reading.h"

#include <pgregion/handover.h>

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const HandoverField &field(const HandoverRecord &record, std::string_view name)
{
    static const HandoverField kNone;
    const auto found = std::ranges::find(record.fields, name, &HandoverField::name);
    if (found != record.fields.end())
        return *found;
    ADD_FAILURE() << record.kind << " has no field " << name;
    return kNone;
}

class EveryVersion : public testing::TestWithParam<HandoverRecipe>
{
protected:
    const HandoverImage image{GetParam()};
    const Handover handover = hand_over(image);
};

TEST_P(EveryVersion, IsReadWithoutAProblem)
{
    EXPECT_THAT(codes(handover), IsEmpty());
    EXPECT_FALSE(handover.incomplete() || handover.truncated() || handover.broken());
    EXPECT_EQ(handover.version, GetParam().kho);
    EXPECT_EQ(handover.deleted, 2U);
    EXPECT_THAT(kinds(handover),
                ElementsAre("kho", "subtree", "luo", "flb", "flb", "iommu-flb", "iommu-hw", "iommu-domain",
                            "iommu-domain", "iommu-device", "iommu-device", "iommu-device"));
}

TEST_P(EveryVersion, NamesItsRootsWithFormatLevelsAndDevices)
{
    ASSERT_THAT(handover.roots, SizeIs(3));
    const HandoverRoot &directory = handover.roots[0];
    EXPECT_EQ(directory.paddr, PhysAddr(0x4000e000));
    ASSERT_NE(directory.directory, nullptr);
    EXPECT_EQ(directory.directory->name, "vtd-root");
    EXPECT_EQ(directory.params.value[0], GetParam().scalable ? 1U : 0U);
    EXPECT_THAT(directory.devices, SizeIs(3));
    const HandoverRoot &first = handover.roots[1];
    EXPECT_EQ(first.paddr, PhysAddr(0x40010000));
    ASSERT_NE(first.format, nullptr);
    EXPECT_EQ(first.format->name, "vtd-ss");
    EXPECT_EQ(first.levels, 4U);
    EXPECT_THAT(first.devices, ElementsAre(HandoverDevice{0, 0x10}, HandoverDevice{0, 0x18}));
    const HandoverRoot &second = handover.roots[2];
    EXPECT_EQ(second.paddr, PhysAddr(0x40014000));
    EXPECT_EQ(second.levels, 3U);
    EXPECT_THAT(second.devices, ElementsAre(HandoverDevice{0, 0xfe}));
}

TEST_P(EveryVersion, IsProvedToBePreserved)
{
    ASSERT_THAT(handover.roots, SizeIs(3));
    for (const HandoverRoot &root : handover.roots) {
        EXPECT_EQ(root.preserved, true) << root.paddr.value();
        EXPECT_EQ(root.lost, 0U);
    }
    EXPECT_EQ(handover.roots[0].tables, GetParam().scalable ? 7U : 2U);
    EXPECT_EQ(handover.roots[0].translations, 3U);
    EXPECT_EQ(handover.roots[1].tables, 4U);
    EXPECT_EQ(handover.roots[1].leaves, 3U);
    EXPECT_EQ(handover.roots[2].tables, 3U);
    EXPECT_EQ(handover.roots[2].leaves, 2U);
}

TEST_P(EveryVersion, TellsTheSizeOfItsObjects)
{
    EXPECT_EQ(field(handover.records[7], "object_bytes").value, GetParam().domain_bytes);
    EXPECT_EQ(field(handover.records[8], "top_table").value, 0x40014000U);
    EXPECT_EQ(field(handover.records[8], "vasz").value, 39U);
    EXPECT_EQ(field(handover.records[8], "incoming").value, 1U);
    EXPECT_EQ(field(handover.records[10], "object_bytes").value, GetParam().device_bytes);
    EXPECT_EQ(field(handover.records[10], "devid").value, 0x18U);
    EXPECT_EQ(field(handover.records[10], "domain_id").value, 0x11U);
    EXPECT_EQ(field(handover.records[11], "iommu").value, 0x4000b010U);
    if (GetParam().device_token) {
        EXPECT_EQ(field(handover.records[11], "dma_owner_token").value, 0xabcdefU);
    }
}

TEST_P(EveryVersion, LosesWhatIsTakenOutOfThePreservedSet)
{
    HandoverImage lossy(GetParam());
    lossy.preserve(at::kFirstDomain + 2, false);
    const Handover lost = hand_over(lossy);
    ASSERT_THAT(lost.roots, SizeIs(3));
    EXPECT_EQ(lost.roots[1].preserved, false);
    EXPECT_EQ(lost.roots[1].first_lost, PhysAddr(0x40012000));
    EXPECT_EQ(lost.roots[1].lost, 1U);
    EXPECT_EQ(lost.roots[2].preserved, true);
    EXPECT_TRUE(lost.broken());
    EXPECT_THAT(codes(lost), ElementsAre("table-not-preserved"));
}

INSTANTIATE_TEST_SUITE_P(Handover, EveryVersion, testing::ValuesIn(handover_recipes()));

TEST(Handover, RecordsHaveTheirFields)
{
    const HandoverImage image(HandoverRecipe{});
    const Handover handover = hand_over(image);
    ASSERT_THAT(handover.records, SizeIs(12));
    EXPECT_EQ(handover.records[0].version, "kho-v1");
    EXPECT_EQ(handover.records[0].paddr, PhysAddr(0x40001000));
    EXPECT_EQ(field(handover.records[0], "preserved_memory_map").value, 0x40002000U);
    EXPECT_EQ(field(handover.records[0], "bitmap_bits").value, 32768U);
    EXPECT_EQ(field(handover.records[1], "name").text, "LUO");
    EXPECT_EQ(handover.records[1].version, "luo-v1");
    EXPECT_EQ(field(handover.records[2], "liveupdate_number").value, 3U);
    EXPECT_EQ(field(handover.records[2], "flbs").value, 0x40009000U);
    EXPECT_EQ(handover.records[3].version, "pci-v1");
    EXPECT_EQ(field(handover.records[3], "data").value, 0x5000U);
    EXPECT_EQ(handover.records[4].paddr, PhysAddr(0x40009050));
    EXPECT_EQ(handover.records[5].version, "iommu-liveupdate-v1");
    EXPECT_EQ(field(handover.records[5], "device_array").value, 0x4000d000U);
    EXPECT_EQ(field(handover.records[6], "hardware").text, "intel");
    EXPECT_EQ(field(handover.records[6], "phys_addr").value, 0xfed90000U);
    EXPECT_EQ(field(handover.records[6], "context_tables").text, "00:00");
    EXPECT_EQ(handover.records[6].preserved, true);
    EXPECT_EQ(handover.records[6].depth, 5U);
}

TEST(Handover, TheSizeOfALoneDomainIsNotTold)
{
    HandoverImage image(HandoverRecipe{});
    image.put_word(at::kDomainArray, 8, 1);
    const Handover handover = hand_over(image);
    EXPECT_TRUE(std::ranges::none_of(handover.records[7].fields,
                                     [](const HandoverField &f) { return f.name == "object_bytes"; }));
}

TEST(Handover, TheFdtCanComeFromAFile)
{
    HandoverImage image(HandoverRecipe{});
    const std::vector<std::byte> copy = image.kho_fdt();
    image.put_bytes(at::kFdt, 0, std::vector<std::byte>(4096));
    const PiecewiseMemory memory = image.memory();
    const Handover handover = read_handover(memory, {std::nullopt, copy});
    EXPECT_FALSE(handover.fdt.has_value());
    EXPECT_THAT(handover.roots, SizeIs(3));
}

TEST(Handover, TheSearchFindsEveryVersionAtTheStartOfAPage)
{
    HandoverImage image(HandoverRecipe{});
    image.put_bytes(at::kUnused, 0, image.kho_fdt("kho-v77"));
    image.put_bytes(at::kUnused + 1, 16, image.kho_fdt("kho-v2"));
    TinyFdt other;
    image.put_bytes(at::kUnused + 2, 0, other.begin("").text("compatible", "linux,dummy").end().finish());
    const PiecewiseMemory memory = image.memory();
    const std::vector<Range<PhysAddr>> ranges{{PhysAddr(kHandoverAt), 64 * 4096}};
    const HandoverSearch search = find_handovers(memory, ranges);
    EXPECT_FALSE(search.truncated);
    ASSERT_THAT(search.found, SizeIs(2));
    EXPECT_EQ(search.found[0].paddr, PhysAddr(0x40001000));
    EXPECT_EQ(search.found[0].version, "kho-v1");
    EXPECT_EQ(search.found[1].paddr, PhysAddr(0x40028000));
    EXPECT_EQ(search.found[1].version, "kho-v77");
}

TEST(Handover, WhatClaimsToBeManyLargeFdtsEndsTheSearch)
{
    HandoverImage image(HandoverRecipe{});
    for (std::size_t page = at::kUnused; page < at::kUnused + 20; ++page) {
        image.put_bytes(page, 0, image.kho_fdt());
        image.put_word(page, 0, 0x00004000edfe0dd0);  // magic, and 4 MiB
    }
    const std::vector<Range<PhysAddr>> ranges{{PhysAddr(kHandoverAt), 64 * 4096}};
    EXPECT_TRUE(find_handovers(image.memory(), ranges).truncated);
}

TEST(Handover, RfcDomainsAreRootsWithTheirDevices)
{
    HandoverImage image(HandoverRecipe{});
    image.put_bytes(at::kFdt, 0, rfc_fdt(image, {16, 17, 18, 19}));
    const Handover handover = hand_over(image);
    EXPECT_THAT(kinds(handover),
                ElementsAre("kho", "rfc-iommu", "rfc-domain", "rfc-device", "rfc-device", "rfc-domain"));
    EXPECT_THAT(codes(handover), IsEmpty());
    ASSERT_THAT(handover.roots, SizeIs(2));
    EXPECT_EQ(handover.roots[0].paddr, PhysAddr(0x40010000));
    EXPECT_EQ(handover.roots[0].levels, 4U);
    EXPECT_EQ(handover.roots[0].preserved, true);
    EXPECT_EQ(handover.roots[0].tables, 4U);
    EXPECT_THAT(handover.roots[0].devices, ElementsAre(HandoverDevice{0, 0x10}, HandoverDevice{0, 0x3a11}));
    EXPECT_EQ(handover.roots[1].levels, 3U);
    EXPECT_EQ(handover.roots[1].preserved, true);
    EXPECT_EQ(field(handover.records[2], "persistent_id").value, 7U);
    EXPECT_EQ(field(handover.records[2], "mem_ranges").value, 4U);
}

TEST(Handover, ARfcDomainThatForgetsATableIsLost)
{
    HandoverImage image(HandoverRecipe{});
    image.put_bytes(at::kFdt, 0, rfc_fdt(image, {16, 17, 19}));
    const Handover handover = hand_over(image);
    ASSERT_THAT(handover.roots, SizeIs(2));
    EXPECT_EQ(handover.roots[0].preserved, false);
    EXPECT_EQ(handover.roots[0].first_lost, PhysAddr(0x40012000));
}

TEST(Handover, AnSmmuHasNoRootsThatAreKnown)
{
    HandoverRecipe recipe;
    recipe.hw_type = 2;
    const Handover handover = hand_over(HandoverImage(recipe));
    EXPECT_EQ(field(handover.records[6], "hardware").text, "smmuv3");
    ASSERT_THAT(handover.roots, SizeIs(2));
    EXPECT_EQ(handover.roots[0].format, nullptr);
    EXPECT_EQ(handover.roots[0].levels, 4U);
    EXPECT_FALSE(handover.roots[0].preserved.has_value());
}

TEST(Handover, SignExtendedDomainsAreFirstStageTables)
{
    HandoverImage image(HandoverRecipe{});
    image.put_half(at::kDomainArray, image.domain_offset(0) + 28, 1);
    image.put_word(at::kDeviceArray, 8, 0);
    const Handover handover = hand_over(image);
    ASSERT_THAT(handover.roots, SizeIs(3));
    EXPECT_EQ(handover.roots[1].format->name, "x86-64");
    EXPECT_EQ(handover.roots[2].format->name, "vtd-ss");
}

TEST(Handover, TheDirectoryHasTheLastWordOnTheFormat)
{
    HandoverImage image(HandoverRecipe{});
    image.put_half(at::kDomainArray, image.domain_offset(0) + 28, 1);
    const Handover handover = hand_over(image);
    ASSERT_THAT(handover.roots, SizeIs(3));
    EXPECT_EQ(handover.roots[1].format->name, "vtd-ss");
}

}  // namespace
}  // namespace pgregion::test
