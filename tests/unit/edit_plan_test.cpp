// SPDX-License-Identifier: GPL-2.0-or-later
//
// The plans of init, alloc, free and root: what they would write, and what they refuse.
#include "support/edit_steps.h"
#include "support/naive_allocator.h"
#include "support/region_image.h"

#include <pgregion/edit.h>

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pgregion
{

namespace
{

using test::alloc;
using test::alloc_error;
using test::allocated;
using test::carry_out;
using test::error_of;
using test::first_pages;
using test::Firsts;
using test::Image;
using test::image_with;
using test::Pages;
using test::release;

std::vector<std::byte> bytes(std::initializer_list<unsigned> values)
{
    std::vector<std::byte> result;
    for (const unsigned value : values)
        result.push_back(static_cast<std::byte>(value));
    return result;
}

// ---- init

TEST(PlanInit, OfZerosSetsBitZeroAndNothingElse)
{
    const Image image = image_with({});
    const Edits expected{{0, bytes({0, 0, 0, 0, 0, 0, 0, 0}), bytes({1, 0, 0, 0, 0, 0, 0, 0})}};
    EXPECT_EQ(plan_init(image, {}), expected);
    EXPECT_EQ(first_data_byte(image), std::nullopt);
}

TEST(PlanInit, TakeRootSetsBitOneToo)
{
    const Edits expected{{0, bytes({0, 0, 0, 0, 0, 0, 0, 0}), bytes({3, 0, 0, 0, 0, 0, 0, 0})}};
    EXPECT_EQ(plan_init(image_with({}), {.take_root = true}), expected);
}

TEST(PlanInit, RefusesATargetWithASingleByteOfData)
{
    for (const std::size_t offset : {0U, 64U, 4097U, 2097151U}) {
        Image image = image_with({});
        image[offset] = std::byte{1};
        EXPECT_EQ(first_data_byte(image), offset);
        const Error error = error_of([&] { return plan_init(image, {}); });
        EXPECT_EQ(error.code(), "target-not-empty");
        EXPECT_EQ(error.failure(), Failure::refused);
        EXPECT_NE(std::string(error.what()).find("offset " + std::to_string(offset)), std::string::npos);
        EXPECT_NE(error.hint().find("--overwrite"), std::string::npos);
    }
}

TEST(PlanInit, OverwriteLeavesZerosAndTheBitsAndWritesTheBitmapLast)
{
    Image image(test::kImageBytes, std::byte{0xff});
    const Edits edits = plan_init(image, {.take_root = true, .overwrite = true});
    ASSERT_EQ(edits.size(), 9U);
    EXPECT_EQ(edits[0].offset, 64U);
    EXPECT_EQ(edits[0].after.size(), 2097088U);
    EXPECT_EQ(edits[1].offset, 0U);
    EXPECT_EQ(edits[8].offset, 56U);
    carry_out(image, edits);
    EXPECT_EQ(image, image_with({{0, 1}}));
}

// ---- alloc

TEST(PlanAlloc, WritesOneWordOfTheBitmapAndThenZeroesWhatHeldData)
{
    Image image = image_with({{0, 1}});
    image[2 * 4096 + 16] = std::byte{0xaa};
    image[2 * 4096 + 31] = std::byte{0xbb};
    image[2 * 4096 + 4088] = std::byte{0xcc};
    const AllocPlan plan = plan_alloc(image, {});
    const Edits expected{
        {0, bytes({3, 0, 0, 0, 0, 0, 0, 0}), bytes({7, 0, 0, 0, 0, 0, 0, 0})},
        {8208, bytes({0xaa, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xbb}), std::vector<std::byte>(16)},
        {12280, bytes({0xcc, 0, 0, 0, 0, 0, 0, 0}), std::vector<std::byte>(8)},
    };
    EXPECT_EQ(plan.edits, expected);
    EXPECT_EQ(plan.runs, (std::vector<Range<PageIndex>>{{PageIndex(2), 1}}));
}

TEST(PlanAlloc, WithoutZeroingThePageKeepsItsData)
{
    Image image = image_with({{0, 1}});
    test::fill_page(image, 2, std::byte{0x55});
    EXPECT_EQ(alloc(image, {.zero = false}), Firsts{2});
    EXPECT_EQ(image[2 * 4096], std::byte{0x55});
    EXPECT_EQ(allocated(image), (Pages{{0, 2}}));
}

TEST(PlanAlloc, AWholeRunIsZeroedAndItsNeighboursAreNot)
{
    Image image = image_with({{0, 1}});
    for (std::size_t page = 2; page < 16; ++page)
        test::fill_page(image, page, std::byte{0x55});
    EXPECT_EQ(alloc(image, {.order = 2, .count = 2}), (Firsts{4, 8}));
    for (std::size_t page = 2; page < 16; ++page) {
        const std::byte expected = page >= 4 && page < 12 ? std::byte{0} : std::byte{0x55};
        EXPECT_EQ(image[page * 4096], expected) << page;
        EXPECT_EQ(image[page * 4096 + 4095], expected) << page;
    }
}

TEST(PlanAlloc, OpenSetsBitZeroWithTheSameEdit)
{
    const Image image = image_with({{1, 1}});
    const AllocPlan plan = plan_alloc(image, {.open = true});
    EXPECT_EQ(plan.edits, (Edits{{0, bytes({2, 0, 0, 0, 0, 0, 0, 0}), bytes({7, 0, 0, 0, 0, 0, 0, 0})}}));
}

TEST(PlanAlloc, RefusesPageOneWhileTheRootIsNotTaken)
{
    const Error error = alloc_error(image_with({{0, 0}}), {});
    EXPECT_EQ(error.code(), "root-page-not-taken");
    EXPECT_EQ(error.failure(), Failure::refused);
    EXPECT_NE(error.hint().find("pgregion root"), std::string::npos);
    EXPECT_NE(error.hint().find("--allow-root"), std::string::npos);
    EXPECT_EQ(alloc_error(image_with({}), {.open = true}).code(), "root-page-not-taken");
}

TEST(PlanAlloc, AllowRootHandsOutPageOneAsTheKernelDoes)
{
    Image image = image_with({{0, 0}});
    EXPECT_EQ(alloc(image, {.count = 2, .allow_root = true}), (Firsts{1, 2}));
    Image unopened = image_with({});
    EXPECT_EQ(alloc(unopened, {.open = true, .allow_root = true}), Firsts{1});
    EXPECT_EQ(allocated(unopened), (Pages{{0, 1}}));
}

TEST(PlanAlloc, ARunThatPassesPageOneByNeedsNoRoot)
{
    Image image = image_with({{0, 0}});
    EXPECT_EQ(alloc(image, {.order = 1}), Firsts{2});
}

TEST(PlanAlloc, ManyRunsAreAllOrNothing)
{
    const Image image = image_with({{0, 1}});
    EXPECT_EQ(first_pages(plan_alloc(image, {.order = 7, .count = 3}).runs), (Firsts{128, 256, 384}));
    const Error error = alloc_error(image, {.order = 7, .count = 4});
    EXPECT_EQ(error.code(), "region-full");
    EXPECT_EQ(std::string(error.what()),
              "no room for 4 aligned runs of 128 pages: 510 of 512 pages are free, the largest aligned free run has "
              "256 pages; nothing was changed");
    EXPECT_EQ(alloc_error(image, {.count = 511}).code(), "region-full");
    EXPECT_EQ(alloc_error(image, {.count = ~std::uint64_t{0}}).code(), "region-full");
}

TEST(PlanAlloc, OrderNineNeverFitsAnOpenedRegion)
{
    EXPECT_EQ(alloc_error(image_with({{0, 0}}), {.order = 9}).code(), "region-full");
    EXPECT_EQ(alloc_error(image_with({}), {.order = 9, .open = true}).code(), "region-full");
}

TEST(PlanAlloc, WrongNumbersAreUsageErrors)
{
    const Image image = image_with({{0, 1}});
    for (const unsigned order : {10U, 64U, 4294967295U}) {
        const Error error = alloc_error(image, {.order = order});
        EXPECT_EQ(error.code(), "order-too-large");
        EXPECT_EQ(error.failure(), Failure::usage);
    }
    const Error error = alloc_error(image, {.count = 0});
    EXPECT_EQ(error.code(), "count-zero");
    EXPECT_EQ(error.failure(), Failure::usage);
}

// ---- free

TEST(PlanFree, ZeroesThePagesBeforeItClearsTheirBits)
{
    Image image = image_with({{0, 70}});
    image[70 * 4096] = std::byte{9};
    image[2 * 4096 + 8] = std::byte{8};
    const Edits expected{
        {8200, bytes({8, 0, 0, 0, 0, 0, 0, 0}), std::vector<std::byte>(8)},
        {286720, bytes({9, 0, 0, 0, 0, 0, 0, 0}), std::vector<std::byte>(8)},
        {0, std::vector<std::byte>(8, std::byte{0xff}), bytes({0xfb, 255, 255, 255, 255, 255, 255, 255})},
        {8, bytes({0x7f, 0, 0, 0, 0, 0, 0, 0}), bytes({0x3f, 0, 0, 0, 0, 0, 0, 0})},
    };
    EXPECT_EQ(plan_free(image, std::vector{PageIndex(70), PageIndex(2)}), expected);
}

TEST(PlanFree, RefusesWhatIsNotTheCallersToFree)
{
    const Image image = image_with({{0, 5}});
    const auto code_of = [&](std::vector<PageIndex> pages) {
        return error_of([&] { return plan_free(image, pages); });
    };
    for (const std::uint64_t page : {0U, 1U}) {
        EXPECT_EQ(code_of({PageIndex(2), PageIndex(page)}).code(), "page-reserved");
        EXPECT_EQ(code_of({PageIndex(page)}).failure(), Failure::refused);
    }
    EXPECT_EQ(code_of({PageIndex(2), PageIndex(6)}).code(), "page-not-allocated");
    EXPECT_EQ(code_of({PageIndex(6)}).failure(), Failure::refused);
    for (const std::uint64_t page : {std::uint64_t{512}, ~std::uint64_t{0}}) {
        EXPECT_EQ(code_of({PageIndex(page)}).code(), "page-out-of-range");
        EXPECT_EQ(code_of({PageIndex(page)}).failure(), Failure::usage);
    }
    EXPECT_EQ(code_of({PageIndex(3), PageIndex(2), PageIndex(3)}).code(), "page-given-twice");
    EXPECT_EQ(code_of({PageIndex(3), PageIndex(3)}).failure(), Failure::usage);
    EXPECT_EQ(plan_free(image, {}), Edits{});
}

TEST(PlanFree, OfARegionNobodyOpenedIsRefusedUnlessItIsOpened)
{
    Image image = image_with({{1, 3}});
    const Error error = error_of([&] { return plan_free(image, std::vector{PageIndex(2)}); });
    EXPECT_EQ(error.code(), "region-not-opened");
    EXPECT_EQ(error.failure(), Failure::refused);
    release(image, {PageIndex(2)}, {.open = true});
    EXPECT_EQ(allocated(image), (Pages{{0, 1}, {3, 3}}));
}

// ---- root

TEST(PlanRoot, TakesTheRootPageOnAColdBoot)
{
    const RootPlan plan = plan_root(image_with({{0, 0}}), LiveUpdate::no);
    EXPECT_TRUE(plan.validation.match);
    EXPECT_FALSE(plan.validation.root_bit);
    EXPECT_EQ(plan.edits, (Edits{{0, bytes({1, 0, 0, 0, 0, 0, 0, 0}), bytes({3, 0, 0, 0, 0, 0, 0, 0})}}));
}

TEST(PlanRoot, ChangesNothingWhenALiveUpdateFindsItsRoot)
{
    const RootPlan plan = plan_root(image_with({{0, 7}}), LiveUpdate::yes);
    EXPECT_TRUE(plan.validation.match);
    EXPECT_TRUE(plan.validation.root_bit);
    EXPECT_EQ(plan.edits, Edits{});
}

TEST(PlanRoot, AMismatchFailsWithTheKernelsWordsAndTheirMeaning)
{
    const Image image = image_with({{0, 1}});
    const Error error = error_of([&] { return plan_root(image, LiveUpdate::no); });
    EXPECT_EQ(error.code(), "root-bit-mismatch");
    EXPECT_EQ(error.failure(), Failure::refused);
    EXPECT_EQ(std::string(error.what()),
              "NOT doing a liveupdate but root pg bit incorrect: the cold boot finds a retained root page, stale "
              "translations would be used");
    EXPECT_EQ(error_of([&] { return plan_root(image_with({{0, 0}}), LiveUpdate::yes); }).code(), "root-bit-mismatch");
}

TEST(PlanRoot, OpenSetsBitZeroAndStillComparesTheRootBit)
{
    const RootPlan plan = plan_root(image_with({}), LiveUpdate::no, {.open = true});
    EXPECT_TRUE(plan.validation.match);
    EXPECT_FALSE(plan.validation.bitmap_bit);
    EXPECT_EQ(plan.validation.state, RegionState::never_opened);
    EXPECT_EQ(plan.edits, (Edits{{0, bytes({0, 0, 0, 0, 0, 0, 0, 0}), bytes({3, 0, 0, 0, 0, 0, 0, 0})}}));
    EXPECT_EQ(plan_root(image_with({{1, 1}}), LiveUpdate::yes, {.open = true}).edits,
              (Edits{{0, bytes({2, 0, 0, 0, 0, 0, 0, 0}), bytes({3, 0, 0, 0, 0, 0, 0, 0})}}));
    EXPECT_EQ(error_of([&] {
                  return plan_root(image_with({{1, 1}}), LiveUpdate::no, {.open = true});
              }).code(),
              "root-bit-mismatch");
}

// ---- against the naive allocator

// Runs of the naive allocator for the request; nothing when they do not all fit.
std::optional<Firsts> naive_alloc(test::NaiveAllocator &naive, const AllocRequest &request)
{
    test::NaiveAllocator trial = naive;
    Firsts firsts;
    for (std::uint64_t run = 0; run < request.count; ++run) {
        const auto first = trial.find(request.order);
        if (!first)
            return std::nullopt;
        trial.mark(*first, std::size_t{1} << request.order, true);
        firsts.push_back(*first);
    }
    naive = trial;
    return firsts;
}

RC_GTEST_PROP(PlanProperty, AllocAndFreeDoWhatTheNaiveAllocatorDoes, ())
{
    Image image = image_with({{0, 1}});
    test::NaiveAllocator naive;
    naive.mark(0, 2, true);
    const auto steps = *rc::gen::container<std::vector<unsigned>>(rc::gen::inRange(0U, 100000U));
    for (const unsigned step : steps) {
        const std::size_t page = step % 512;
        if (step % 2 == 0 && page >= 2 && naive.taken[page]) {
            release(image, {PageIndex(page)});
            naive.mark(page, 1, false);
        } else {
            const AllocRequest request{.order = (step / 512) % 9, .count = 1 + (step / 7) % 3};
            const std::optional<Firsts> expected = naive_alloc(naive, request);
            if (expected)
                RC_ASSERT(alloc(image, request) == *expected);
            else
                RC_ASSERT(error_of([&] { return plan_alloc(image, request); }).code() == "region-full");
        }
    }
    const Bitmap bitmap = Bitmap::read(image);
    for (std::size_t page = 0; page < 512; ++page)
        RC_ASSERT(bitmap.test(PageIndex(page)) == naive.taken[page]);
}

RC_GTEST_PROP(PlanProperty, EveryPlanCanBeTakenBack, ())
{
    Image image = image_with({{0, 1}});
    for (const unsigned page : *rc::gen::container<std::vector<unsigned>>(rc::gen::inRange(2U, 40U))) {
        test::set_bit(image, page);
        image[page * 4096 + page] = static_cast<std::byte>(page);
        image[(page + 40) * 4096 + page * 9] = std::byte{0xee};
    }
    const Image original = image;
    const AllocPlan plan = plan_alloc(image, {.order = *rc::gen::inRange(0U, 7U)});
    RC_ASSERT(image == original);
    RC_ASSERT(apply_edits(image, plan.edits).applied);
    RC_ASSERT(apply_edits(image, invert(plan.edits)).applied);
    RC_ASSERT(image == original);
    const Edits init = plan_init(image, {.overwrite = true});
    RC_ASSERT(apply_edits(image, init).applied);
    RC_ASSERT(image == image_with({{0, 0}}));
    RC_ASSERT(apply_edits(image, invert(init)).applied);
    RC_ASSERT(image == original);
}

}  // namespace

}  // namespace pgregion
