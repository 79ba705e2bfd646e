// SPDX-License-Identifier: GPL-2.0-or-later
//
// Damaged and hostile hand-overs: what is wrong is said, what is right is still shown, and nothing hangs.
#include "support/handover_reading.h"
#include "support/region_image.h"

#include <pgregion/handover.h>

#include <algorithm>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::size_t count(const Handover &handover, std::string_view kind)
{
    return static_cast<std::size_t>(std::ranges::count(handover.records, kind, &HandoverRecord::kind));
}

/// The sound image with a change.
Handover with(const std::function<void(HandoverImage &)> &damage, const HandoverRecipe &recipe = {})
{
    HandoverImage image(recipe);
    damage(image);
    return hand_over(image);
}

TEST(HandoverDamage, ACycleOfArraysIsReadOnce)
{
    const Handover handover =
        with([](HandoverImage &image) { image.put_word(at::kDomainArray, 0, image.address(at::kDomainArray)); });
    EXPECT_THAT(codes(handover), ElementsAre("chain-cycle"));
    EXPECT_EQ(count(handover, "iommu-domain"), 2U);
    EXPECT_TRUE(handover.incomplete());
}

TEST(HandoverDamage, AnArrayInAHoleEndsItsChainAlone)
{
    const Handover handover = with([](HandoverImage &image) { image.put_word(at::kDomainArray, 0, 0x123450000); });
    EXPECT_THAT(codes(handover), ElementsAre("page-missing"));
    EXPECT_EQ(handover.problems[0].at, PhysAddr(0x123450000));
    EXPECT_EQ(count(handover, "iommu-domain"), 2U);
    EXPECT_EQ(count(handover, "iommu-device"), 3U);
}

TEST(HandoverDamage, AnArrayOffAPageIsNotFollowed)
{
    const Handover handover = with([](HandoverImage &image) { image.put_word(at::kFlb, 8, 0x4000c008); });
    EXPECT_THAT(codes(handover), Contains("pointer-misaligned"));
    EXPECT_EQ(count(handover, "iommu-domain"), 0U);
}

TEST(HandoverDamage, ACountBeyondThePageIsCutToIt)
{
    const Handover handover = with([](HandoverImage &image) { image.put_word(at::kHwArray, 8, ~std::uint64_t{0}); });
    EXPECT_THAT(codes(handover), Contains("count-too-big"));
    EXPECT_LE(count(handover, "iommu-hw"), 36U);
    EXPECT_EQ(handover.roots.size(), 3U);
}

TEST(HandoverDamage, ALongListOfFlbsIsCutToItsPages)
{
    const Handover handover = with([](HandoverImage &image) { image.put_word(at::kFlbList, 8, 1000); });
    EXPECT_THAT(codes(handover), Contains("count-too-big"));
    EXPECT_EQ(count(handover, "flb"), 63U);
}

TEST(HandoverDamage, ManyFlbsOfTheSameArraysEnd)
{
    const Handover handover = with([](HandoverImage &image) {
        image.put_word(at::kFlbList, 0, 24);
        image.put_word(at::kFlbList, 8, 63);
        for (std::size_t i = 1; i < 63; ++i) {
            image.put_text(at::kFlbList, 16 + 64 * i, "iommu-liveupdate-v1", 48);
            image.put_word(at::kFlbList, 16 + 64 * i + 48, image.address(at::kFlb));
        }
    });
    EXPECT_EQ(count(handover, "iommu-flb"), 62U);
    EXPECT_EQ(handover.roots.size(), 62U * 3);
}

TEST(HandoverDamage, RecordsThatAreNotPreservedBreakTheHandover)
{
    for (const std::size_t page :
         {at::kLuo, at::kFlbList, at::kFlb, at::kHwArray, at::kDomainArray, at::kDeviceArray}) {
        const Handover handover = with([&](HandoverImage &image) { image.preserve(page, false); });
        EXPECT_THAT(codes(handover), ElementsAre("record-not-preserved")) << page;
        EXPECT_EQ(handover.problems[0].at, PhysAddr(kHandoverAt + page * 4096)) << page;
        EXPECT_TRUE(handover.broken()) << page;
    }
}

TEST(HandoverDamage, RootsThatNoTableCanHaveAreNotWalked)
{
    const Handover handover = with([](HandoverImage &image) {
        image.put_word(at::kDomainArray, image.domain_offset(0) + 8, 0);
        image.put_word(at::kHwArray, 16 + 40, 0x1008);
    });
    EXPECT_THAT(codes(handover), Contains("root-missing"));
    EXPECT_THAT(handover.roots, SizeIs(1));
}

TEST(HandoverDamage, ALevelThatNoFormatHasIsSaid)
{
    for (const std::uint64_t level : {1U, 5U, 6U, 77U}) {
        const Handover handover =
            with([&](HandoverImage &image) { image.put_word(at::kDomainArray, image.domain_offset(0) + 16, level); });
        EXPECT_THAT(codes(handover), Contains("level-out-of-range")) << level;
    }
}

TEST(HandoverDamage, ObjectsThatFitNoSizeAreSaidToBeGuessed)
{
    const Handover handover =
        with([](HandoverImage &image) { image.put_half(at::kDomainArray, image.domain_offset(0) + 4, 0xdead00); });
    EXPECT_THAT(codes(handover), Contains("object-implausible"));
}

TEST(HandoverDamage, AHardwareTypeThatIsNotKnownHasNoRoots)
{
    HandoverRecipe recipe;
    recipe.hw_type = 9;
    const Handover handover = with([](HandoverImage &) {}, recipe);
    EXPECT_THAT(codes(handover), ElementsAre("hw-type-unknown"));
    EXPECT_EQ(handover.problems[0].observed, 9U);
    ASSERT_THAT(handover.roots, SizeIs(2));
    EXPECT_EQ(handover.roots[0].format, nullptr);
}

TEST(HandoverDamage, TheFirstPostingOfIommuV1IsToldAndNotRead)
{
    HandoverRecipe recipe;
    recipe.flb = "iommu-v1";
    const Handover handover = with([](HandoverImage &image) { image.put_word(at::kFlb, 8, 1); }, recipe);
    EXPECT_THAT(codes(handover), ElementsAre("layout-unknown"));
    EXPECT_THAT(handover.roots, IsEmpty());
}

TEST(HandoverDamage, ATableInAHoleLeavesDoubt)
{
    const Handover handover = with([](HandoverImage &image) {
        image.image.put(at::kFirstDomain + 1, 1, 0x50000003);
        image.preserve(at::kBitmap, true);
    });
    EXPECT_THAT(codes(handover), Contains("table-missing"));
    EXPECT_EQ(handover.roots[1].preserved, false);  // the page that is named is not in the preserved set either
    EXPECT_EQ(handover.roots[1].first_lost, PhysAddr(0x50000000));
}

TEST(HandoverDamage, TablesThatPointAtEachOtherEnd)
{
    const Handover handover = with([](HandoverImage &image) {
        for (std::size_t i = 0; i < 512; ++i) {
            image.image.put(at::kFirstDomain, i, image.address(at::kFirstDomain + 1) | 3);
            image.image.put(at::kFirstDomain + 1, i, image.address(at::kFirstDomain + 2) | 3);
        }
    });
    EXPECT_EQ(handover.roots[1].preserved, true);
    EXPECT_FALSE(handover.broken());
}

TEST(HandoverDamage, ADirectoryThatSendsADeviceElsewhereIsSaid)
{
    const Handover handover = with([](HandoverImage &image) {
        image.image.put(at::kContextTable, 0xfe * 2, image.address(at::kFirstDomain) | 1);
        image.image.put(at::kContextTable, 0xfe * 2 + 1, 0x1202);
    });
    ASSERT_THAT(codes(handover), ElementsAre("domain-mismatch"));
    EXPECT_EQ(handover.problems[0].device, (HandoverDevice{0, 0xfe}));
    EXPECT_EQ(handover.problems[0].at, PhysAddr(0x40014000));
    EXPECT_EQ(handover.problems[0].observed, 0x40010000U);
}

TEST(HandoverDamage, ADeviceThatTheDirectoryDoesNotKnowIsSaid)
{
    const Handover handover = with([](HandoverImage &image) {
        image.image.put(at::kContextTable, 0x18 * 2, 0).put(at::kContextTable, 0x18 * 2 + 1, 0);
    });
    ASSERT_THAT(codes(handover), ElementsAre("device-missing"));
    EXPECT_EQ(handover.problems[0].device, (HandoverDevice{0, 0x18}));
}

TEST(HandoverDamage, AContextTableThatIsNotHandedOverNeedNotBePreserved)
{
    const Handover handover = with([](HandoverImage &image) {
        image.image.put(at::kRootTable, 2 * 0x3a, image.address(at::kUnused) | 1);
        image.image.put(at::kUnused, 2, image.address(at::kUnused + 1) | 1).put(at::kUnused, 3, 0x1302);
    });
    EXPECT_THAT(codes(handover), IsEmpty());
    EXPECT_EQ(handover.roots[0].preserved, true);
}

TEST(HandoverDamage, AContextTableThatIsHandedOverMustBePreserved)
{
    const Handover handover = with([](HandoverImage &image) { image.preserve(at::kContextTable, false); });
    EXPECT_EQ(handover.roots[0].preserved, false);
    EXPECT_EQ(handover.roots[0].first_lost, PhysAddr(0x4000f000));
    EXPECT_THAT(codes(handover), ElementsAre("table-not-preserved"));
}

TEST(HandoverDamage, WithoutAMapNothingIsProved)
{
    const Handover handover = with([](HandoverImage &image) {
        TinyFdt fdt;
        fdt.begin("").text("compatible", "kho-v1").word("preserved-memory-map", 0);
        image.put_bytes(at::kFdt, 0, fdt.begin("LUO").word("fdt", image.address(at::kLuo)).end().end().finish());
    });
    EXPECT_THAT(codes(handover), ElementsAre("no-preserved-map"));
    ASSERT_THAT(handover.roots, SizeIs(3));
    EXPECT_FALSE(handover.roots[1].preserved.has_value());
    EXPECT_FALSE(handover.broken());
}

TEST(HandoverDamage, LuoDataThatIsNoneIsSaid)
{
    const Handover handover =
        with([](HandoverImage &image) { image.put_bytes(at::kLuo, 0, std::vector<std::byte>(64, std::byte{0xff})); });
    EXPECT_THAT(codes(handover), ElementsAre("fdt-malformed"));
    EXPECT_THAT(handover.roots, IsEmpty());
}

TEST(HandoverDamage, AStructureOfAnotherLuoVersionIsRefusedByName)
{
    HandoverImage image(HandoverRecipe{.kho = "kho-v4", .luo = "luo-v5"});
    image.put_text(at::kLuo, 0, "luo-v6", 8);
    const Error error = error_of([&] { return hand_over(image); });
    EXPECT_EQ(error.code(), "unknown-handover-version");
    EXPECT_THAT(error.what(), HasSubstr("luo-v6"));
    EXPECT_THAT(error.hint(), HasSubstr("luo-v1, luo-v5"));
}

TEST(HandoverDamage, AnotherVersionOfTheRfcIsRefusedByName)
{
    HandoverImage image(HandoverRecipe{});
    image.put_bytes(at::kFdt, 0, rfc_fdt(image, {16}, "intel-iommu-v1"));
    EXPECT_THAT(error_of([&] { return hand_over(image); }).what(), HasSubstr("intel-iommu-v1"));
}

TEST(HandoverDamage, AnyWordOfTheRecordsMayLie)
{
    Dice dice(20261122);
    const HandoverImage good(HandoverRecipe{});
    for (unsigned round = 0; round < 2000; ++round) {
        HandoverImage image = good;
        const std::size_t page = at::kMap + dice.below(at::kPasids - at::kMap);
        const std::vector<std::uint64_t> lies{dice.word(), ~std::uint64_t{0}, image.address(dice.below(64)),
                                              image.address(page), dice.below(0x10000)};
        image.put_word(page, 8 * dice.below(dice.one_in(2) ? 20 : 512), lies[dice.below(lies.size())]);
        try {
            const Handover handover = hand_over(image);
            EXPECT_LE(handover.records.size(), Handover::kMaxRecords);
        } catch (const Error &error) {
            EXPECT_EQ(error.code(), "unknown-handover-version");
        }
    }
}

}  // namespace
}  // namespace pgregion::test
