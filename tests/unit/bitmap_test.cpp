// SPDX-License-Identifier: GPL-2.0-or-later
//
// The allocation bitmap as a value: layout, runs, and the kernel's way to find room (region.md section 1).
#include "support/naive_allocator.h"
#include "support/region_image.h"

#include <pgregion/region.h>

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pgregion
{

namespace
{

using Runs = std::vector<Range<PageIndex>>;

Bitmap with(std::initializer_list<Range<PageIndex>> runs)
{
    Bitmap bitmap;
    for (const Range<PageIndex> run : runs)
        bitmap.set(run);
    return bitmap;
}

Range<PageIndex> run(std::uint64_t first, std::uint64_t pages) { return {PageIndex(first), pages}; }

TEST(Bitmap, BitNIsBitNModulo8OfByteNDividedBy8)
{
    test::Image image(test::kImageBytes);
    image[0] = std::byte{0x03};
    image[1] = std::byte{0x80};
    image[63] = std::byte{0x80};
    const Bitmap bitmap = Bitmap::read(image);
    EXPECT_EQ(bitmap.allocated_runs(), (Runs{run(0, 2), run(15, 1), run(511, 1)}));
    EXPECT_EQ(bitmap.count(), 4U);
    EXPECT_EQ(bitmap.word(0), 0x8003U);
    EXPECT_EQ(bitmap.word(7), 0x8000000000000000U);
    EXPECT_TRUE(bitmap.test(PageIndex(15)));
    EXPECT_FALSE(bitmap.test(PageIndex(14)));
}

TEST(Bitmap, ReadsNothingBehindItsSixtyFourBytes)
{
    test::Image image(test::kImageBytes, std::byte{0xff});
    for (std::size_t at = 0; at < 64; ++at)
        image[at] = std::byte{0};
    EXPECT_EQ(Bitmap::read(image), Bitmap());
    EXPECT_EQ(Bitmap::read(std::span(image).first(64)).count(), 0U);
}

TEST(Bitmap, RunsCrossWordsAndMayBeEmpty)
{
    Bitmap bitmap;
    bitmap.set(run(60, 136));
    EXPECT_EQ(bitmap.words(), (Bitmap::Words{0xf000000000000000, 0xffffffffffffffff, 0xffffffffffffffff, 0xf}));
    bitmap.clear(run(64, 64));
    EXPECT_EQ(bitmap.allocated_runs(), (Runs{run(60, 4), run(128, 68)}));
    bitmap.set(run(512, 0));
    bitmap.clear(run(60, 0));
    EXPECT_EQ(bitmap.count(), 72U);
    EXPECT_TRUE(bitmap.all_clear(run(61, 0)));
    EXPECT_TRUE(bitmap.all_clear(run(64, 64)));
    EXPECT_FALSE(bitmap.all_clear(run(64, 65)));
}

TEST(Bitmap, FullHasOneRunAndNoRoom)
{
    const Bitmap bitmap = with({run(0, 512)});
    EXPECT_EQ(bitmap.allocated_runs(), (Runs{run(0, 512)}));
    EXPECT_EQ(bitmap.count(), 512U);
    for (unsigned order = 0; order <= 9; ++order)
        EXPECT_EQ(bitmap.find_free_run(order), std::nullopt) << order;
    EXPECT_EQ(bitmap.largest_free_order(), std::nullopt);
}

TEST(Bitmap, OrderNineFitsAnEmptyBitmapOnly)
{
    EXPECT_EQ(Bitmap().find_free_run(9), PageIndex(0));
    EXPECT_EQ(Bitmap().largest_free_order(), 9U);
    for (const std::uint64_t page : {0U, 1U, 255U, 256U, 511U})
        EXPECT_EQ(with({run(page, 1)}).find_free_run(9), std::nullopt) << page;
}

TEST(Bitmap, OrdersAboveNineNeverFit)
{
    for (const unsigned order : {10U, 31U, 63U, 64U, 4294967295U})
        EXPECT_EQ(Bitmap().find_free_run(order), std::nullopt) << order;
}

TEST(Bitmap, TheLowestAlignedRunIsFound)
{
    const Bitmap initialised = with({run(0, 2)});
    EXPECT_EQ(initialised.find_free_run(0), PageIndex(2));
    EXPECT_EQ(initialised.find_free_run(1), PageIndex(2));
    EXPECT_EQ(initialised.find_free_run(2), PageIndex(4));
    EXPECT_EQ(initialised.find_free_run(3), PageIndex(8));
    EXPECT_EQ(initialised.find_free_run(6), PageIndex(64));
    EXPECT_EQ(initialised.find_free_run(7), PageIndex(128));
    EXPECT_EQ(initialised.find_free_run(8), PageIndex(256));
    EXPECT_EQ(initialised.find_free_run(9), std::nullopt);
    EXPECT_EQ(initialised.largest_free_order(), 8U);
}

TEST(Bitmap, FreePagesThatAreNotAlignedMakeNoRun)
{
    // Pages 3 to 6 are four free pages in a row, but none of the runs 0-3 and 4-7 is free.
    const Bitmap bitmap = with({run(0, 3), run(7, 505)});
    EXPECT_EQ(bitmap.find_free_run(2), std::nullopt);
    EXPECT_EQ(bitmap.find_free_run(1), PageIndex(4));
    EXPECT_EQ(bitmap.find_free_run(0), PageIndex(3));
    EXPECT_EQ(bitmap.largest_free_order(), 1U);
}

RC_GTEST_PROP(BitmapProperty, FindsTheRunThatTheNaiveAllocatorFinds, ())
{
    test::NaiveAllocator naive;
    Bitmap bitmap;
    const auto pages = *rc::gen::container<std::vector<unsigned>>(rc::gen::inRange(0U, 512U));
    for (const unsigned page : pages) {
        naive.mark(page, 1, true);
        bitmap.set(PageIndex(page));
    }
    for (unsigned order = 0; order <= 10; ++order) {
        const auto expected = naive.find(order);
        const auto found = bitmap.find_free_run(order);
        RC_ASSERT(found.has_value() == expected.has_value());
        if (found)
            RC_ASSERT(found->value() == *expected);
    }
}

RC_GTEST_PROP(BitmapProperty, RangesChangeTheBitsThatSingleStepsWould, ())
{
    test::NaiveAllocator naive;
    Bitmap bitmap;
    for (int step = 0; step < 8; ++step) {
        const auto first = *rc::gen::inRange<std::size_t>(0, 513);
        const auto pages = *rc::gen::inRange<std::size_t>(0, 513 - first);
        const bool value = *rc::gen::arbitrary<bool>();
        naive.mark(first, pages, value);
        if (value)
            bitmap.set(run(first, pages));
        else
            bitmap.clear(run(first, pages));
    }
    std::uint64_t expected_count = 0;
    for (std::size_t page = 0; page < 512; ++page) {
        RC_ASSERT(bitmap.test(PageIndex(page)) == naive.taken[page]);
        expected_count += naive.taken[page] ? 1U : 0U;
    }
    RC_ASSERT(bitmap.count() == expected_count);
    Bitmap again;
    for (const Range<PageIndex> &piece : bitmap.allocated_runs())
        again.set(piece);
    RC_ASSERT(again == bitmap);
}

}  // namespace

}  // namespace pgregion
