// SPDX-License-Identifier: GPL-2.0-or-later
//
// Pages kept for a while are those of the memory, whatever order they are asked in.
#include "walk/page_cache.h"

#include <pgregion/error.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pgregion
{
namespace
{

/// Page n holds the byte n; every third page is missing. Counts what it is asked.
class Numbered final : public MemorySource
{
public:
    std::span<const std::byte> page(PhysAddr address, std::span<std::byte> buffer) const override
    {
        ++reads_;
        const std::uint64_t number = address.value() / kPageBytes;
        if (broken_)
            throw Error(Failure::operational, "cannot-read", "broken");
        if (number % 3 == 2)
            return {};
        const auto page = buffer.first(kPageBytes);
        std::ranges::fill(page, static_cast<std::byte>(number % 251));
        return page;
    }
    std::uint64_t size_bytes() const override { return 1U << 30; }

    mutable std::atomic<unsigned> reads_{0};
    bool broken_ = false;
};

std::vector<std::byte> page_of(const MemorySource &memory, std::uint64_t number)
{
    std::vector<std::byte> buffer(kPageBytes);
    const auto page = memory.page(PhysAddr(number * kPageBytes), buffer);
    return {page.begin(), page.end()};
}

TEST(PageCache, AsksForAPageOnceAndForAHoleOnce)
{
    const Numbered memory;
    const PageCache cache(memory);
    for (int again = 0; again < 3; ++again) {
        EXPECT_EQ(page_of(cache, 4), std::vector<std::byte>(4096, std::byte{4}));
        EXPECT_TRUE(page_of(cache, 5).empty());
    }
    EXPECT_EQ(memory.reads_, 2U);
    EXPECT_EQ(cache.size_bytes(), 1U << 30);
}

TEST(PageCache, PageZeroIsNotTakenForAnEmptyPlace)
{
    const Numbered memory;
    const PageCache cache(memory);
    EXPECT_EQ(page_of(cache, 0).size(), 4096U);
    EXPECT_EQ(memory.reads_, 1U);
}

TEST(PageCache, FailureIsPassedOnAndNothingIsKeptOfIt)
{
    Numbered memory;
    const PageCache cache(memory);
    memory.broken_ = true;
    EXPECT_THROW((void)page_of(cache, 7), Error);
    memory.broken_ = false;
    EXPECT_EQ(page_of(cache, 7), std::vector<std::byte>(4096, std::byte{7}));
}

RC_GTEST_PROP(PageCache, GivesWhatTheMemoryGives, (const std::vector<std::uint16_t> &asked))
{
    const Numbered memory;
    const PageCache cache(memory);
    for (const std::uint16_t number : asked)
        RC_ASSERT(page_of(cache, number) == page_of(memory, number));
}

TEST(PageCache, ThreadsThatAskForPagesOfOnePlaceGetTheirOwn)
{
    const Numbered memory;
    const PageCache cache(memory);
    std::atomic<unsigned> wrong{0};
    const auto ask = [&](std::uint64_t first) {
        // 6144 apart: the same place.
        for (std::uint64_t i = 0; i < 2000; ++i) {
            const std::uint64_t number = first + (i % 7) * 6144;
            if (page_of(cache, number) != page_of(memory, number))
                ++wrong;
        }
    };
    std::thread other(ask, 3);
    ask(3);
    other.join();
    EXPECT_EQ(wrong, 0U);
}

}  // namespace
}  // namespace pgregion
