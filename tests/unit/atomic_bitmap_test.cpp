// SPDX-License-Identifier: GPL-2.0-or-later
//
// The bitmap of a live region: the kernel's allocation, made safe between processes.
#include "support/naive_allocator.h"
#include "support/processes.h"
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

using test::allocated;
using test::image_with;
using test::Pages;

Range<PageIndex> run(std::uint64_t first, std::uint64_t pages) { return {PageIndex(first), pages}; }

// Region 1 of the kernel's log: bit 0 was not preset, root(liveupdate=0) had taken page 1.
TEST(AtomicBitmap, HandsOutPageZeroLikeTheKernelWhenBitZeroIsClear)
{
    test::Image image = image_with({{1, 1}});
    AtomicBitmap bitmap(image);
    for (const std::uint64_t page : {0U, 2U, 3U, 4U, 5U, 6U, 7U, 8U, 9U, 10U})
        EXPECT_EQ(bitmap.claim(0), PageIndex(page));
    EXPECT_TRUE(bitmap.release(run(5, 1)));
    EXPECT_TRUE(bitmap.release(run(8, 1)));
    EXPECT_EQ(bitmap.claim(0), PageIndex(5));
    EXPECT_EQ(allocated(image), (Pages{{0, 7}, {9, 10}}));
}

// Region 2 of the kernel's log.
TEST(AtomicBitmap, ExhaustsAndReleasesLikeTheKernel)
{
    test::Image image = image_with({{0, 1}});
    AtomicBitmap bitmap(image);
    for (std::uint64_t page = 2; page < 512; ++page)
        ASSERT_EQ(bitmap.claim(0), PageIndex(page));
    EXPECT_EQ(allocated(image), (Pages{{0, 511}}));
    EXPECT_EQ(bitmap.claim(0), std::nullopt);
    EXPECT_EQ(allocated(image), (Pages{{0, 511}}));
    for (const std::uint64_t page : {511U, 64U, 63U})
        EXPECT_TRUE(bitmap.release(run(page, 1)));
    EXPECT_EQ(allocated(image), (Pages{{0, 62}, {65, 510}}));
}

TEST(AtomicBitmap, LongRunsSpanWords)
{
    test::Image image = image_with({{0, 1}});
    AtomicBitmap bitmap(image);
    EXPECT_EQ(bitmap.claim(8), PageIndex(256));
    EXPECT_EQ(bitmap.claim(7), PageIndex(128));
    EXPECT_EQ(bitmap.claim(7), std::nullopt);
    EXPECT_EQ(bitmap.claim(9), std::nullopt);
    EXPECT_EQ(bitmap.claim(10), std::nullopt);
    EXPECT_EQ(bitmap.claim(6), PageIndex(64));
    EXPECT_EQ(allocated(image), (Pages{{0, 1}, {64, 511}}));
}

TEST(AtomicBitmap, ATakeThatMeetsATakenPageChangesNothing)
{
    test::Image image = image_with({{0, 1}, {300, 300}});
    AtomicBitmap bitmap(image);
    EXPECT_FALSE(bitmap.take(run(2, 510)));
    EXPECT_FALSE(bitmap.take(run(256, 256)));
    EXPECT_EQ(allocated(image), (Pages{{0, 1}, {300, 300}}));
    EXPECT_TRUE(bitmap.take(run(2, 298)));
    EXPECT_EQ(allocated(image), (Pages{{0, 300}}));
}

TEST(AtomicBitmap, AReleaseThatMeetsAFreePageChangesNothing)
{
    test::Image image = image_with({{0, 299}, {301, 511}});
    AtomicBitmap bitmap(image);
    EXPECT_FALSE(bitmap.release(run(2, 510)));
    EXPECT_FALSE(bitmap.release(run(300, 1)));
    EXPECT_EQ(allocated(image), (Pages{{0, 299}, {301, 511}}));
    EXPECT_TRUE(bitmap.release(run(2, 298)));
    EXPECT_EQ(allocated(image), (Pages{{0, 1}, {301, 511}}));
}

TEST(AtomicBitmap, SixtyFourBytesAreEnough)
{
    alignas(8) std::array<std::byte, 64> bytes{};
    AtomicBitmap bitmap(bytes);
    EXPECT_EQ(bitmap.claim(9), PageIndex(0));
    EXPECT_EQ(bitmap.snapshot().count(), 512U);
    EXPECT_TRUE(bitmap.release(run(0, 512)));
    EXPECT_EQ(bitmap.snapshot(), Bitmap());
}

RC_GTEST_PROP(AtomicBitmapProperty, ClaimsAndReleasesAsTheNaiveAllocatorDoes, ())
{
    test::NaiveAllocator naive;
    alignas(8) std::array<std::byte, 64> bytes{};
    AtomicBitmap bitmap(bytes);
    std::vector<Range<PageIndex>> owned;
    const auto steps = *rc::gen::container<std::vector<unsigned>>(rc::gen::inRange(0U, 1000U));
    for (const unsigned step : steps) {
        if (step % 3 == 0 && !owned.empty()) {
            const auto which = owned.begin() + static_cast<std::ptrdiff_t>(step % owned.size());
            RC_ASSERT(bitmap.release(*which));
            naive.mark(which->first.value(), which->size, false);
            owned.erase(which);
            continue;
        }
        const unsigned order = step % 10;
        const auto expected = naive.find(order);
        const auto page = bitmap.claim(order);
        RC_ASSERT(page.has_value() == expected.has_value());
        if (!page)
            continue;
        RC_ASSERT(page->value() == *expected);
        owned.push_back({*page, std::uint64_t{1} << order});
        naive.mark(*expected, owned.back().size, true);
    }
    const Bitmap now = bitmap.snapshot();
    for (std::size_t page = 0; page < 512; ++page)
        RC_ASSERT(now.test(PageIndex(page)) == naive.taken[page]);
}

constexpr unsigned kProcesses = 8;

void count_pages(const test::PageCounters &counters, Range<PageIndex> pages)
{
    for (std::uint64_t page = 0; page < pages.size; ++page)
        counters.of(pages.first.value() + page).fetch_add(1);
}

// Each claims orders 7 down to 0 in turn, and single pages once nothing larger is left.
TEST(AtomicBitmap, EightProcessesWithMixedOrdersGetNoPageTwice)
{
    for (int round = 0; round < 20; ++round) {
        const test::SharedMemory region(test::kImageBytes);
        const test::PageCounters counters;
        ASSERT_TRUE(AtomicBitmap(region.bytes()).take(run(0, 2)));
        const bool good = test::run_processes(kProcesses, [&](unsigned number) {
            AtomicBitmap bitmap(region.bytes());
            for (unsigned turn = number; turn < number + 64; ++turn) {
                const unsigned order = turn % 8;
                if (const auto page = bitmap.claim(order))
                    count_pages(counters, run(page->value(), std::uint64_t{1} << order));
            }
            return true;
        });
        ASSERT_TRUE(good);
        // A request that is being taken back may have hidden a page from the others: what is left is single pages.
        AtomicBitmap bitmap(region.bytes());
        while (const auto page = bitmap.claim(0))
            count_pages(counters, run(page->value(), 1));
        for (std::uint64_t page = 0; page < 512; ++page)
            ASSERT_EQ(counters.of(page).load(), page < 2 ? 0U : 1U) << "page " << page;
    }
}

// All work on the same word all the time: an update that is not one atomic step is soon lost here.
TEST(AtomicBitmap, EightProcessesThatShareOneWordLoseNoUpdate)
{
    const test::SharedMemory region(test::kImageBytes);
    const bool good = test::run_processes(kProcesses, [&](unsigned number) {
        AtomicBitmap bitmap(region.bytes());
        for (unsigned turn = 0; turn < 50000; ++turn) {
            if (!bitmap.take(run(std::uint64_t{number} * 8, 8)) || !bitmap.release(run(std::uint64_t{number} * 8, 8)))
                return false;
        }
        return true;
    });
    EXPECT_TRUE(good);
    EXPECT_EQ(AtomicBitmap(region.bytes()).snapshot(), Bitmap());
}

// Claims and releases of runs that span words, so that the taking back of half-made claims is part of the race.
TEST(AtomicBitmap, EightProcessesThatClaimAndReleaseNeverShareAPage)
{
    const test::SharedMemory region(test::kImageBytes);
    const test::PageCounters owners;
    const bool good = test::run_processes(kProcesses, [&](unsigned number) {
        AtomicBitmap bitmap(region.bytes());
        for (unsigned turn = 0; turn < 2000; ++turn) {
            const unsigned order = (turn + number) % 10;
            const auto first = bitmap.claim(order);
            if (!first)
                continue;
            const Range<PageIndex> pages = run(first->value(), std::uint64_t{1} << order);
            for (std::uint64_t page = 0; page < pages.size; ++page) {
                if (owners.of(first->value() + page).exchange(number + 1) != 0)
                    return false;
            }
            for (std::uint64_t page = 0; page < pages.size; ++page) {
                if (owners.of(first->value() + page).exchange(0) != number + 1)
                    return false;
            }
            if (!bitmap.release(pages))
                return false;
        }
        return true;
    });
    EXPECT_TRUE(good);
    EXPECT_EQ(AtomicBitmap(region.bytes()).snapshot(), Bitmap());
}

}  // namespace

}  // namespace pgregion
