// SPDX-License-Identifier: GPL-2.0-or-later
//
// States of a region, the rule of the root page, and `liveupdate` on a kernel command line (region.md sections
// 1.1, 1.2 and 3.1). The bitmaps are those of the kernel's log where it has them.
#include "support/region_image.h"

#include <pgregion/region.h>

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace pgregion
{

namespace
{

using test::image_with;
using Reasons = std::vector<NotARegion>;

TEST(RegionState, NamesAreThoseOfTheSpecification)
{
    EXPECT_EQ(name(RegionState::never_opened), "never-opened");
    EXPECT_EQ(name(RegionState::opened), "opened");
    EXPECT_EQ(name(RegionState::initialised), "initialised");
    EXPECT_EQ(name(RegionState::in_use), "in-use");
    EXPECT_EQ(name(RegionState::full), "full");
    EXPECT_EQ(name(RegionState::not_a_region), "not-a-region");
    EXPECT_EQ(name(NotARegion::bits_without_bitmap_bit), "bits-without-bitmap-bit");
    EXPECT_EQ(name(NotARegion::data_without_bitmap_bit), "data-without-bitmap-bit");
    EXPECT_EQ(name(NotARegion::tail_not_zero), "tail-not-zero");
}

TEST(RegionState, TwoMebibytesOfZerosWereNeverOpened)
{
    const RegionReport report = describe_region(image_with({}));
    EXPECT_EQ(report.state, RegionState::never_opened);
    EXPECT_EQ(report.allocated_pages, 0U);
    EXPECT_EQ(report.free_pages, 512U);
    EXPECT_FALSE(report.bitmap_bit);
    EXPECT_FALSE(report.root_bit);
    EXPECT_EQ(report.reasons, Reasons{});
}

TEST(RegionState, BitZeroAloneIsOpenedAndBitsZeroAndOneAreInitialised)
{
    EXPECT_EQ(describe_region(image_with({{0, 0}})).state, RegionState::opened);
    const RegionReport report = describe_region(image_with({{0, 1}}));
    EXPECT_EQ(report.state, RegionState::initialised);
    EXPECT_EQ(report.allocated_pages, 2U);
    EXPECT_EQ(report.free_pages, 510U);
    EXPECT_TRUE(report.bitmap_bit);
    EXPECT_TRUE(report.root_bit);
}

TEST(RegionState, BitZeroWithAnyOtherPageIsInUse)
{
    EXPECT_EQ(describe_region(image_with({{0, 7}, {9, 11}})).state, RegionState::in_use);
    EXPECT_EQ(describe_region(image_with({{0, 510}})).state, RegionState::in_use);
    const RegionReport without_root = describe_region(image_with({{0, 0}, {2, 2}}));
    EXPECT_EQ(without_root.state, RegionState::in_use);
    EXPECT_FALSE(without_root.root_bit);
}

TEST(RegionState, AllBitsAreFull)
{
    const RegionReport report = describe_region(image_with({{0, 511}}));
    EXPECT_EQ(report.state, RegionState::full);
    EXPECT_EQ(report.free_pages, 0U);
}

TEST(RegionState, DataInAFreePageDoesNotSpeakAgainstARegion)
{
    test::Image image = image_with({{0, 1}});
    test::fill_page(image, 300, std::byte{0xaa});
    const RegionReport report = describe_region(image);
    EXPECT_EQ(report.state, RegionState::initialised);
    EXPECT_EQ(report.first_data_page, std::nullopt);
}

TEST(RegionState, OnlyTheRootBitAsInTheKernelsRegion3IsNoRegion)
{
    const RegionReport report = describe_region(image_with({{1, 1}}));
    EXPECT_EQ(report.state, RegionState::not_a_region);
    EXPECT_EQ(report.reasons, Reasons{NotARegion::bits_without_bitmap_bit});
    EXPECT_TRUE(report.root_bit);
    EXPECT_FALSE(report.bitmap_bit);
}

TEST(RegionState, DataBehindAnEmptyBitmapIsNoRegion)
{
    test::Image image = image_with({});
    image[511 * 4096 + 4095] = std::byte{1};
    const RegionReport report = describe_region(image);
    EXPECT_EQ(report.state, RegionState::not_a_region);
    EXPECT_EQ(report.reasons, Reasons{NotARegion::data_without_bitmap_bit});
    EXPECT_EQ(report.first_data_page, PageIndex(511));
}

TEST(RegionState, BitsBeyond511AreNoRegionThoughBitZeroIsSet)
{
    for (const std::size_t offset : {64U, 65U, 4095U}) {
        test::Image image = image_with({{0, 1}});
        image[offset] = std::byte{0x80};
        const RegionReport report = describe_region(image);
        EXPECT_EQ(report.state, RegionState::not_a_region);
        EXPECT_EQ(report.reasons, Reasons{NotARegion::tail_not_zero});
        EXPECT_EQ(report.first_tail_byte, offset);
    }
}

TEST(RegionState, EveryReasonIsReported)
{
    test::Image image = image_with({{1, 511}});
    image[64] = std::byte{1};
    image[4096] = std::byte{1};
    const RegionReport report = describe_region(image);
    EXPECT_EQ(report.reasons, (Reasons{NotARegion::bits_without_bitmap_bit, NotARegion::data_without_bitmap_bit,
                                       NotARegion::tail_not_zero}));
    EXPECT_EQ(report.first_data_page, PageIndex(1));
    EXPECT_EQ(report.first_tail_byte, 64U);
}

TEST(RegionState, AllOnesIsNoRegion)
{
    const test::Image image(test::kImageBytes, std::byte{0xff});
    const RegionReport report = describe_region(image);
    EXPECT_EQ(report.state, RegionState::not_a_region);
    EXPECT_EQ(report.reasons, Reasons{NotARegion::tail_not_zero});
    EXPECT_EQ(report.allocated_pages, 512U);
}

TEST(ValidateRoot, MatchesTheTableOfTheSpecification)
{
    const test::Image fresh = image_with({{0, 0}});
    const test::Image taken = image_with({{0, 1}});
    EXPECT_TRUE(validate_root(fresh, LiveUpdate::no).match);
    EXPECT_TRUE(validate_root(taken, LiveUpdate::yes).match);
    EXPECT_FALSE(validate_root(taken, LiveUpdate::no).match);
    EXPECT_FALSE(validate_root(fresh, LiveUpdate::yes).match);
}

TEST(ValidateRoot, ReportsWhatWasExpectedAndFound)
{
    const RootValidation validation = validate_root(image_with({{0, 7}, {9, 11}}), LiveUpdate::no);
    EXPECT_FALSE(validation.expected_root_bit);
    EXPECT_TRUE(validation.bitmap_bit);
    EXPECT_TRUE(validation.root_bit);
    EXPECT_EQ(validation.state, RegionState::in_use);
    EXPECT_TRUE(validate_root(image_with({}), LiveUpdate::yes).expected_root_bit);
}

TEST(ValidateRoot, ARegionThatWasNeverOpenedNeverMatches)
{
    for (const LiveUpdate liveupdate : {LiveUpdate::no, LiveUpdate::yes}) {
        const RootValidation validation = validate_root(image_with({}), liveupdate);
        EXPECT_FALSE(validation.match);
        EXPECT_EQ(validation.state, RegionState::never_opened);
    }
}

TEST(ValidateRoot, TheRightRootBitDoesNotMakeUpForBitZero)
{
    EXPECT_FALSE(validate_root(image_with({{1, 1}}), LiveUpdate::yes).match);
    EXPECT_FALSE(validate_root(image_with({{2, 2}}), LiveUpdate::no).match);
}

class LiveUpdateYes : public testing::TestWithParam<std::string>
{
};
class LiveUpdateNo : public testing::TestWithParam<std::string>
{
};

TEST_P(LiveUpdateYes, IsWhatTheKernelWouldFind) { EXPECT_EQ(liveupdate_of_command_line(GetParam()), LiveUpdate::yes); }

TEST_P(LiveUpdateNo, IsWhatTheKernelWouldFind) { EXPECT_EQ(liveupdate_of_command_line(GetParam()), LiveUpdate::no); }

INSTANTIATE_TEST_SUITE_P(CommandLines, LiveUpdateYes,
                         testing::Values("liveupdate", "liveupdate\n", "BOOT_IMAGE=/vmlinuz ro quiet liveupdate",
                                         "\t liveupdate pkernfs=1G!1G", "liveupdate -- single",
                                         // The parameter's function does not look at a value.
                                         "liveupdate=1", "liveupdate=0", "liveupdate=", "liveupdate=\"a b\" ro",
                                         // Quotes around the whole word are dropped.
                                         "\"liveupdate\"", "\"liveupdate=a b\"", "\"liveupdate",
                                         // A value ends its word at the first space outside quotes.
                                         "opts=\"x -- y\" liveupdate", "--=x liveupdate", "--x liveupdate",
                                         "\xa0liveupdate\xa0", "\" \" liveupdate"));

INSTANTIATE_TEST_SUITE_P(CommandLines, LiveUpdateNo,
                         testing::Values("", " ", "\n", "\"", "=", "ro quiet", "noliveupdate", "liveupdates",
                                         "liveupdat", "Liveupdate", "kho.liveupdate", "-liveupdate", "=liveupdate",
                                         // Behind -- it is init's.
                                         "ro -- liveupdate", "-- liveupdate", "\"--\" liveupdate",
                                         // Inside a quoted value it is text.
                                         "opts=\"a liveupdate b\"", "\"a liveupdate b\"", "opts=\"liveupdate",
                                         "live\"update\"", "\"liveupdate\"=1", "opts=a\" \"liveupdate"));

TEST(LiveUpdateOfCommandLine, EndsAtTheTextsZeroByte)
{
    using std::string_view_literals::operator""sv;
    EXPECT_EQ(liveupdate_of_command_line("ro\0 liveupdate"sv), LiveUpdate::no);
    EXPECT_EQ(liveupdate_of_command_line("liveupdate\0"sv), LiveUpdate::yes);
}

}  // namespace

}  // namespace pgregion
