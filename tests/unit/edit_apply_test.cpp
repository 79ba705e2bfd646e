// SPDX-License-Identifier: GPL-2.0-or-later
//
// Carrying edits out: comparison first, whole words, single bits in the bitmap, taking back, and several processes
// at once.
#include "edit/word_steps.h"
#include "support/processes.h"
#include "support/region_image.h"

#include <pgregion/edit.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pgregion
{

namespace
{

using test::allocated;
using test::error_of;
using test::Image;
using test::image_with;
using test::Pages;

std::vector<std::byte> bytes(std::initializer_list<unsigned> values)
{
    std::vector<std::byte> result;
    for (const unsigned value : values)
        result.push_back(static_cast<std::byte>(value));
    return result;
}

// Bytes 0, 1, 2, … so that every place is told from its neighbours.
Image counting(std::size_t size)
{
    Image image(size);
    for (std::size_t at = 0; at < size; ++at)
        image[at] = static_cast<std::byte>(at);
    return image;
}

TEST(Apply, WritesWhatTheEditsSay)
{
    Image live = counting(32);
    const ApplyResult result =
        apply_edits(live, {{8, bytes({8, 9, 10, 11, 12, 13, 14, 15}), bytes({1, 2, 3, 4, 5, 6, 7, 8})}}, std::nullopt);
    EXPECT_TRUE(result.applied);
    EXPECT_EQ(result.conflict, std::nullopt);
    Image expected = counting(32);
    for (std::size_t at = 0; at < 8; ++at)
        expected[8 + at] = static_cast<std::byte>(at + 1);
    EXPECT_EQ(live, expected);
}

TEST(Apply, AnEditMayStartAndEndInsideAWord)
{
    Image live = counting(32);
    EXPECT_TRUE(
        apply_edits(live, {{5, bytes({5, 6, 7, 8, 9}), bytes({0xa, 0xb, 0xc, 0xd, 0xe})}}, std::nullopt).applied);
    Image expected = counting(32);
    for (std::size_t at = 0; at < 5; ++at)
        expected[5 + at] = static_cast<std::byte>(at + 10);
    EXPECT_EQ(live, expected);
    EXPECT_TRUE(apply_edits(live, {{31, bytes({31}), bytes({0})}, {0, {}, {}}}, std::nullopt).applied);
    EXPECT_EQ(live[31], std::byte{0});
}

TEST(Apply, BytesBesideTheEditAreNotCompared)
{
    Image live = counting(16);
    live[4] = std::byte{0xff};
    live[6] = std::byte{0xff};
    EXPECT_TRUE(apply_edits(live, {{5, bytes({5}), bytes({50})}}, std::nullopt).applied);
    EXPECT_EQ(live[4], std::byte{0xff});
    EXPECT_EQ(live[5], std::byte{50});
    EXPECT_EQ(live[6], std::byte{0xff});
}

TEST(Apply, AConflictTakesEverythingBackAndSaysWhere)
{
    const Image original = counting(64);
    Image live = original;
    const ApplyResult result = apply_edits(live,
                                           {{0, bytes({0, 1, 2}), bytes({9, 9, 9})},
                                            {12, bytes({12, 13, 14, 15, 16, 17}), bytes({9, 9, 9, 9, 9, 9})},
                                            {41, bytes({41, 99}), bytes({9, 9})}},
                                           std::nullopt);
    EXPECT_FALSE(result.applied);
    EXPECT_EQ(result.conflict, 40U);
    EXPECT_EQ(live, original);
}

TEST(Apply, AConflictInTheMiddleOfAnEditTakesItsFirstWordsBack)
{
    Image live(64);
    live[32] = std::byte{1};
    const Image original = live;
    const Edit edit{0, std::vector<std::byte>(64), std::vector<std::byte>(64, std::byte{7})};
    EXPECT_EQ(apply_edits(live, {edit}, std::nullopt).conflict, 32U);
    EXPECT_EQ(live, original);
}

TEST(Apply, EditsThatChangeNothingStillCompare)
{
    Image live = counting(16);
    EXPECT_TRUE(apply_edits(live, {{2, bytes({2, 3}), bytes({2, 3})}}, std::nullopt).applied);
    EXPECT_EQ(apply_edits(live, {{2, bytes({2, 4}), bytes({2, 4})}}, std::nullopt).conflict, 0U);
}

TEST(Apply, InTheBitmapOnlyTheChangedBitsAreCompared)
{
    // Planned when pages 0 and 1 were taken; another process has taken 2, 3 and 40 since.
    Image live = image_with({{0, 3}, {40, 40}});
    const Edits take_5{{0, bytes({3, 0, 0, 0, 0, 0, 0, 0}), bytes({0x23, 0, 0, 0, 0, 0, 0, 0})}};
    EXPECT_TRUE(apply_edits(live, take_5).applied);
    EXPECT_EQ(allocated(live), (Pages{{0, 3}, {5, 5}, {40, 40}}));
    EXPECT_EQ(apply_edits(live, take_5).conflict, 0U);
    EXPECT_TRUE(apply_edits(live, invert(take_5)).applied);
    EXPECT_EQ(allocated(live), (Pages{{0, 3}, {40, 40}}));
}

TEST(Apply, TheBitmapsRuleEndsWithItsSixtyFourBytes)
{
    Image live = image_with({{0, 1}, {511, 511}});
    live[64] = std::byte{2};
    EXPECT_TRUE(apply_edits(live, {{56, bytes({0, 0, 0, 0, 0, 0, 0, 0}), bytes({1, 0, 0, 0, 0, 0, 0, 0})}}).applied);
    EXPECT_EQ(allocated(live), (Pages{{0, 1}, {448, 448}, {511, 511}}));
    EXPECT_EQ(apply_edits(live, {{64, bytes({0}), bytes({1})}}).conflict, 64U);
}

TEST(Apply, TheRegionMayStartInsideTheSource)
{
    Image live(16384);
    live[8192] = std::byte{0x07};
    live[0] = std::byte{0x04};
    const Edits take_3{{0, bytes({3, 0, 0, 0, 0, 0, 0, 0}), bytes({0x0b, 0, 0, 0, 0, 0, 0, 0})}};
    EXPECT_TRUE(apply_edits(live, shifted(take_3, 8192), 8192).applied);
    EXPECT_EQ(live[8192], std::byte{0x0f});
    EXPECT_EQ(apply_edits(live, take_3, 8192).conflict, 0U);
    EXPECT_EQ(apply_edits(live, shifted(take_3, 8192), std::nullopt).conflict, 8192U);
}

TEST(Apply, EditsThatLeaveTheSourceAreRefusedBeforeAnyWrite)
{
    const Image original = counting(20);
    const Edit good{0, bytes({0}), bytes({1})};
    const Edit wrong[] = {{24, bytes({0}), bytes({1})},
                          {15, bytes({15, 16}), bytes({1, 1})},  // the last four bytes are no whole word
                          {~std::uint64_t{0}, bytes({0, 0}), bytes({1, 1})},
                          {0, bytes({0, 1}), bytes({1})}};
    for (const Edit &edit : wrong) {
        Image live = original;
        const Error error = error_of([&] { return apply_edits(live, {good, edit}, std::nullopt).applied; });
        EXPECT_EQ(error.code(), "edit-outside-source");
        EXPECT_EQ(error.failure(), Failure::operational);
        EXPECT_EQ(live, original);
    }
}

TEST(Apply, OrThrowNamesThePlaceThatChanged)
{
    Image live = counting(16);
    apply_edits_or_throw(live, {{0, bytes({0}), bytes({1})}}, std::nullopt);
    EXPECT_EQ(live[0], std::byte{1});
    const Error error = error_of([&] {
        apply_edits_or_throw(live, {{9, bytes({0}), bytes({1})}}, std::nullopt);
        return 0;
    });
    EXPECT_EQ(error.code(), "source-changed");
    EXPECT_EQ(error.failure(), Failure::operational);
    EXPECT_NE(std::string(error.what()).find("offset 8"), std::string::npos);
}

TEST(Invert, ReversesOrderAndDirection)
{
    const Edits edits{{0, bytes({1}), bytes({2})}, {0, bytes({2}), bytes({3})}};
    EXPECT_EQ(invert(edits), (Edits{{0, bytes({3}), bytes({2})}, {0, bytes({2}), bytes({1})}}));
}

// A free that fails late must not write the old table into a page that another process was given meanwhile.
TEST(TakeBack, LeavesAPageAloneThatSomebodyElseAllocatedMeanwhile)
{
    Image live = image_with({{0, 6}});
    test::fill_page(live, 5, std::byte{0x55});
    test::fill_page(live, 6, std::byte{0x66});
    const Edits edits = plan_free(live, std::vector{PageIndex(5), PageIndex(6)});
    ASSERT_TRUE(apply_edits(live, edits).applied);
    ASSERT_EQ(allocated(live), (Pages{{0, 4}}));
    test::set_bit(live, 5);
    take_back(live, edits, {edits.size(), 0}, 0);
    EXPECT_EQ(allocated(live), (Pages{{0, 6}}));
    EXPECT_EQ(live[5 * 4096], std::byte{0});
    EXPECT_EQ(live[5 * 4096 + 4095], std::byte{0});
    EXPECT_EQ(live[6 * 4096], std::byte{0x66});
    EXPECT_EQ(live[6 * 4096 + 4095], std::byte{0x66});
}

TEST(TakeBack, LeavesWordsThatSomebodyElseChangedSince)
{
    Image live = counting(32);
    const Edits edits{{0, bytes({0}), bytes({100})}, {8, bytes({8}), bytes({100})}};
    ASSERT_TRUE(apply_edits(live, edits, std::nullopt).applied);
    live[8] = std::byte{77};
    take_back(live, edits, {2, 0}, std::nullopt);
    EXPECT_EQ(live[0], std::byte{0});
    EXPECT_EQ(live[8], std::byte{77});
}

RC_GTEST_PROP(ApplyProperty, AnyEditsGoThroughAndCanBeTakenBack, ())
{
    const Image original = counting(256);
    Image live = original;
    Image expected = original;
    Edits edits;
    for (int number = 0; number < 6; ++number) {
        const auto offset = *rc::gen::inRange<std::size_t>(0, 257);
        const auto size = *rc::gen::inRange<std::size_t>(0, 257 - offset);
        Edit edit{offset, {}, {}};
        for (std::size_t at = offset; at < offset + size; ++at) {
            edit.before.push_back(expected[at]);
            expected[at] = static_cast<std::byte>(*rc::gen::arbitrary<unsigned char>());
            edit.after.push_back(expected[at]);
        }
        edits.push_back(edit);
    }
    // With and without a bitmap in the first 64 bytes: alone with the memory there is no difference.
    const auto bitmap_at = *rc::gen::element<std::optional<std::uint64_t>>(std::nullopt, 0);
    RC_ASSERT(apply_edits(live, edits, bitmap_at).applied);
    RC_ASSERT(live == expected);
    RC_ASSERT(apply_edits(live, invert(edits), bitmap_at).applied);
    RC_ASSERT(live == original);
}

// ---- several processes

TEST(AllocateLive, DoesWhatThePlanSays)
{
    Image live = image_with({{0, 1}});
    test::fill_page(live, 4, std::byte{0x55});
    EXPECT_EQ(test::first_pages(allocate_live(live, {.order = 2, .count = 2})), (std::vector<std::uint64_t>{4, 8}));
    EXPECT_EQ(allocated(live), (Pages{{0, 1}, {4, 11}}));
    EXPECT_EQ(live[4 * 4096], std::byte{0});
}

TEST(AllocateLive, FullRegionIsAnErrorThatChangesNothing)
{
    Image live = image_with({{0, 511}});
    test::fill_page(live, 100, std::byte{0x55});
    const Image original = live;
    EXPECT_EQ(error_of([&] { return allocate_live(live, {}); }).code(), "region-full");
    EXPECT_EQ(live, original);
}

constexpr unsigned kProcesses = 8;

void fill(std::span<std::byte> region, std::uint64_t page, unsigned number)
{
    for (std::byte &byte : region.subspan(page * 4096, 4096))
        byte = static_cast<std::byte>(number + 1);
}

bool holds_only(std::span<const std::byte> region, std::uint64_t page, unsigned value)
{
    for (const std::byte byte : region.subspan(page * 4096, 4096)) {
        if (byte != static_cast<std::byte>(value))
            return false;
    }
    return true;
}

// Allocates until the region is full; each page must come zeroed, and is then filled with the process's number.
bool take_pages(std::span<std::byte> region, unsigned number, const test::PageCounters &counters)
{
    for (;;) {
        std::uint64_t page = 0;
        try {
            page = allocate_live(region, {}).front().first.value();
        } catch (const Error &error) {
            return error.code() == "region-full";
        }
        if (!holds_only(region, page, 0))
            return false;
        counters.of(page).fetch_add(number * 1000 + 1001);
        fill(region, page, number);
    }
}

// One call hands out one page: a counter of 1001 to 8001 in whole thousands plus one names its only owner.
void expect_every_page_once(std::span<const std::byte> region, const test::PageCounters &counters)
{
    for (std::uint64_t page = 2; page < 512; ++page) {
        const std::uint32_t count = counters.of(page).load();
        ASSERT_EQ(count % 1000, 1U) << "page " << page;
        ASSERT_TRUE(holds_only(region, page, count / 1000)) << "page " << page;
    }
}

TEST(AllocateLive, EightProcessesTakeAll510PagesAndNoPageTwice)
{
    const test::SharedMemory region(test::kImageBytes);
    const test::PageCounters counters;
    // Stale data everywhere, as the kernel leaves it: the zeroing is part of the race.
    for (std::uint64_t page = 2; page < 512; ++page)
        fill(region.bytes(), page, 0xee);
    region.bytes()[0] = std::byte{3};
    EXPECT_TRUE(
        test::run_processes(kProcesses, [&](unsigned number) { return take_pages(region.bytes(), number, counters); }));
    EXPECT_EQ(allocated(region.bytes()), (Pages{{0, 511}}));
    expect_every_page_once(region.bytes(), counters);
}

TEST(AllocateLive, EightProcessesThatMapOneFileThemselvesGetNoPageTwice)
{
    std::FILE *file = std::tmpfile();
    ASSERT_NE(file, nullptr);
    const int descriptor = fileno(file);
    ASSERT_EQ(ftruncate(descriptor, test::kImageBytes), 0);
    const test::SharedMemory region(test::kImageBytes, descriptor);
    const test::PageCounters counters;
    region.bytes()[0] = std::byte{3};
    EXPECT_TRUE(test::run_processes(kProcesses, [&](unsigned number) {
        const test::SharedMemory own(test::kImageBytes, descriptor);
        return take_pages(own.bytes(), number, counters);
    }));
    EXPECT_EQ(allocated(region.bytes()), (Pages{{0, 511}}));
    expect_every_page_once(region.bytes(), counters);
    std::fclose(file);
}

// Allocating, writing and freeing in turn: nobody's page changes under its owner, and every page comes zeroed.
TEST(AllocateLive, EightProcessesThatAllocateAndFreeNeverShareAPage)
{
    const test::SharedMemory region(test::kImageBytes);
    region.bytes()[0] = std::byte{3};
    const bool good = test::run_processes(kProcesses, [&](unsigned number) {
        for (unsigned turn = 0; turn < 200; ++turn) {
            const AllocRequest request{.order = turn % 3, .count = 1 + turn % 2};
            std::vector<PageIndex> pages;
            for (const Range<PageIndex> run : allocate_live(region.bytes(), request)) {
                for (std::uint64_t page = 0; page < run.size; ++page)
                    pages.push_back(run.first + page);
            }
            for (const PageIndex page : pages) {
                if (!holds_only(region.bytes(), page.value(), 0))
                    return false;
                fill(region.bytes(), page.value(), number);
            }
            for (const PageIndex page : pages) {
                if (!holds_only(region.bytes(), page.value(), number + 1))
                    return false;
            }
            if (!apply_edits(region.bytes(), plan_free(region.bytes(), pages)).applied)
                return false;
        }
        return true;
    });
    EXPECT_TRUE(good);
    EXPECT_EQ(allocated(region.bytes()), (Pages{{0, 1}}));
}

}  // namespace

}  // namespace pgregion
