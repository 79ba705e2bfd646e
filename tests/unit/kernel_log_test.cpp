// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a kernel with the allocator of the series did with regions 0 to 3 of its test module, and what it printed:
// the same steps with our plans must give the same pages, except where the kernel went wrong and we refuse.
#include "support/edit_steps.h"
#include "support/region_image.h"

#include <pgregion/edit.h>

#include <string>

#include <gtest/gtest.h>

namespace pgregion
{

namespace
{

using test::alloc;
using test::alloc_error;
using test::allocated;
using test::carry_out;
using test::error_of;
using test::Firsts;
using test::Image;
using test::image_with;
using test::Pages;
using test::release;

TEST(KernelLog, Region0AllocatesReleasesAndAllocatesAgain)
{
    Image image = image_with({});
    carry_out(image, plan_init(image, {}));
    const RootPlan root = plan_root(image, LiveUpdate::no);
    EXPECT_TRUE(root.validation.match);
    carry_out(image, root.edits);
    for (const std::uint64_t page : {2U, 3U, 4U, 5U, 6U, 7U, 8U, 9U, 10U, 11U})
        EXPECT_EQ(alloc(image), Firsts{page});
    release(image, {PageIndex(5)});
    release(image, {PageIndex(8)});
    EXPECT_EQ(alloc(image), Firsts{5});
    EXPECT_EQ(allocated(image), (Pages{{0, 7}, {9, 11}}));
}

TEST(KernelLog, Region1WhereTheKernelHandedOutPageZeroIsRefused)
{
    // Bit 0 was not preset and root(liveupdate=0) had set bit 1: alloc #0 -> page 0.
    Image image = image_with({{1, 1}});
    const Error error = alloc_error(image, {});
    EXPECT_EQ(error.code(), "region-not-opened");
    EXPECT_EQ(error.failure(), Failure::refused);
    EXPECT_NE(error.hint().find("pgregion alloc SOURCE --open"), std::string::npos);
    EXPECT_EQ(alloc(image, {.count = 9, .open = true}), (Firsts{2, 3, 4, 5, 6, 7, 8, 9, 10}));
    release(image, {PageIndex(5)});
    release(image, {PageIndex(8)});
    EXPECT_EQ(alloc(image), Firsts{5});
    EXPECT_EQ(allocated(image), (Pages{{0, 7}, {9, 10}}));
}

TEST(KernelLog, Region2IsExhaustedAndAnErrorChangesNothing)
{
    Image image = image_with({{0, 1}});
    EXPECT_EQ(alloc(image, {.count = 510}).size(), 510U);
    EXPECT_EQ(allocated(image), (Pages{{0, 511}}));
    // The kernel: "alloc when full -> page index -12 (outside of the region)".
    const Error error = alloc_error(image, {});
    EXPECT_EQ(error.code(), "region-full");
    EXPECT_EQ(error.failure(), Failure::operational);
    EXPECT_NE(std::string(error.what()).find("0 of 512 pages are free"), std::string::npos);
    release(image, {PageIndex(511), PageIndex(64), PageIndex(63)});
    EXPECT_EQ(allocated(image), (Pages{{0, 62}, {65, 510}}));
    // root(liveupdate=1) was silent, root(liveupdate=0) complained.
    EXPECT_EQ(plan_root(image, LiveUpdate::yes).edits, Edits{});
    const Error complaint = error_of([&] { return plan_root(image, LiveUpdate::no); });
    EXPECT_EQ(std::string(complaint.what()).find("NOT doing a liveupdate but root pg bit incorrect"), 0U);
    EXPECT_EQ(alloc(image, {.count = 3}), (Firsts{63, 64, 511}));
}

TEST(KernelLog, Region3ComplainsAboutALiveUpdateOfAnEmptyRegion)
{
    const Image image = image_with({});
    const Error unopened = error_of([&] { return plan_root(image, LiveUpdate::yes); });
    EXPECT_EQ(unopened.code(), "region-not-opened");
    const Error error = error_of([&] { return plan_root(image, LiveUpdate::yes, {.open = true}); });
    EXPECT_EQ(error.code(), "root-bit-mismatch");
    EXPECT_EQ(error.failure(), Failure::refused);
    EXPECT_EQ(std::string(error.what()).find("doing a liveupdate but root pg bit incorrect"), 0U);
    EXPECT_NE(std::string(error.what()).find("devices would lose their translations"), std::string::npos);
}

}  // namespace

}  // namespace pgregion
