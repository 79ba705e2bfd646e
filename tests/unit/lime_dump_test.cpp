// SPDX-License-Identifier: GPL-2.0-or-later
//
// LiME dumps as memory: what can be read in one way only is read, what contradicts itself is refused.
#include "dump_test_support.h"
#include "io/lime_dump.h"
#include "io_test_support.h"
#include "support/lime_image.h"
#include "support/sanitizer.h"
#include "support/table_image.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pgregion::io
{
namespace
{

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string what_of_open(const File &file)
{
    const Error error = error_of([&] { (void)open_lime_dump("/tmp/lime", file); });
    EXPECT_EQ(error.code(), "damaged-dump");
    EXPECT_EQ(error.source(), "/tmp/lime");
    return error.what();
}

TEST(LimeDump, RangesAreReadInAnyOrder)
{
    const File file =
        lime_image({{.first = 0x100000, .bytes = filled(2 * kPage, 2)}, {.first = 0x1000, .bytes = filled(kPage, 1)}});
    const auto memory = open_lime_dump("dump", file);
    EXPECT_THAT(ranges_of(*memory), ElementsAre(range(0x1000, kPage), range(0x100000, 2 * kPage)));
    EXPECT_EQ(memory->size_bytes(), 3 * kPage);
    EXPECT_EQ(copy_of_page(*memory, 0x1000), filled(kPage, 1));
    EXPECT_EQ(copy_of_page(*memory, 0x101000), filled(kPage, 2));
    EXPECT_THAT(copy_of_page(*memory, 0), IsEmpty());
    EXPECT_THAT(copy_of_page(*memory, 0x102000), IsEmpty());
    EXPECT_FALSE(memory->shortfall());
}

TEST(LimeDump, EndAddressIsInclusive)
{
    const File file = lime_image({{.first = 0x1000, .bytes = filled(kPage, 1), .last = 0x1fff}});
    EXPECT_THAT(ranges_of(*open_lime_dump("dump", file)), ElementsAre(range(0x1000, kPage)));
}

TEST(LimeDump, PageInsideOneRangeIsAViewOfTheFile)
{
    const File file = lime_image({{.first = 0x1000, .bytes = filled(kPage, 1)}});
    const auto memory = open_lime_dump("dump", file);
    std::array<std::byte, kPage> buffer{};
    EXPECT_EQ(memory->page(PhysAddr(0x1000), buffer).data(), file.data() + 32);
}

TEST(LimeDump, PageOfTwoAdjoiningRangesIsPutTogether)
{
    const File file =
        lime_image({{.first = 0x1000, .bytes = filled(0x400, 1)}, {.first = 0x1400, .bytes = filled(0xc00, 2)}});
    const auto memory = open_lime_dump("dump", file);
    File expected = filled(0x400, 1);
    expected.resize(kPage, std::byte{2});
    EXPECT_EQ(copy_of_page(*memory, 0x1000), expected);
}

TEST(LimeDump, PartOfAPageIsAHole)
{
    const File file = lime_image({{.first = 0x1001, .bytes = filled(2 * kPage, 1)}});
    const auto memory = open_lime_dump("dump", file);
    EXPECT_THAT(ranges_of(*memory), ElementsAre(range(0x2000, kPage)));
    EXPECT_THAT(copy_of_page(*memory, 0x1000), IsEmpty());
    EXPECT_THAT(copy_of_page(*memory, 0x3000), IsEmpty());
}

TEST(LimeDump, RangeThatRepeatsAnotherIsReadAndOneThatContradictsIsRefused)
{
    const std::vector<LimeRange> ranges{{.first = 0x1000, .bytes = filled(2 * kPage, 1)},
                                        {.first = 0x2000, .bytes = filled(2 * kPage, 1)}};
    File file = lime_image(ranges);
    EXPECT_THAT(ranges_of(*open_lime_dump("dump", file)), ElementsAre(range(0x1000, 3 * kPage)));
    file[32 + 2 * kPage + 32 + kPage - 1] = std::byte{2};
    EXPECT_THAT(what_of_open(file),
                HasSubstr("with a range that overlaps an earlier one and differs from it at byte 8224"));
    file = lime_image(ranges);
    file[32 + 2 * kPage + 32 + kPage] = std::byte{2};
    EXPECT_EQ(ranges_of(*open_lime_dump("dump", file)).size(), 1U);
}

TEST(LimeDump, LastRangeCutShortIsTruncatedAndItsPagesAreHoles)
{
    File file =
        lime_image({{.first = 0x1000, .bytes = filled(kPage, 1)}, {.first = 0x100000, .bytes = filled(3 * kPage, 2)}});
    file.resize(file.size() - kPage - 1);
    const auto memory = open_lime_dump("/tmp/lime", file);
    EXPECT_THAT(ranges_of(*memory), ElementsAre(range(0x1000, kPage), range(0x100000, kPage)));
    ASSERT_TRUE(memory->shortfall());
    EXPECT_EQ(memory->shortfall()->code(), "truncated-dump");
    EXPECT_STREQ(memory->shortfall()->what(),
                 "is cut short: it has 12351 of the 16448 bytes that its headers describe; "
                 "the memory in the other 4097 is missing, not zero");
}

TEST(LimeDump, FileCutAnywhereTellsAndHoldsNothingElse)
{
    const std::vector<LimeRange> ranges{{.first = 0x3000, .bytes = filled(kPage + 0x800, 1)},
                                        {.first = 0x4800, .bytes = filled(0x1800, 2)}};
    const File whole = lime_image(ranges);
    const auto complete = open_lime_dump("dump", whole);
    for (std::size_t size = 1; size < whole.size(); size += kSanitized ? 31 : 1) {
        const File cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        const auto memory = open_lime_dump("dump", cut);
        constexpr std::size_t kFirstEnds = 32 + kPage + 0x800;
        EXPECT_EQ(memory->shortfall().has_value(), size != kFirstEnds) << size;
        for (std::uint64_t page = 0x2000; page < 0x7000; page += kPage) {
            const File got = copy_of_page(*memory, page);
            EXPECT_TRUE(got.empty() || got == copy_of_page(*complete, page)) << size << " " << page;
        }
    }
}

TEST(LimeDump, ZerosBehindTheLastRangeArePadding)
{
    File file = lime_image({{.first = 0x1000, .bytes = filled(kPage, 1)}});
    file.resize(file.size() + 5000);
    const auto memory = open_lime_dump("dump", file);
    EXPECT_THAT(ranges_of(*memory), ElementsAre(range(0x1000, kPage)));
    EXPECT_FALSE(memory->shortfall());
}

TEST(LimeDump, WhatContradictsItselfIsRefusedWithItsPlace)
{
    const LimeRange good{.first = 0x1000, .bytes = filled(kPage, 1)};
    LimeRange bad = good;
    bad.first = 0x10000;
    bad.magic = 0x4C694D46;
    EXPECT_THAT(what_of_open(lime_image({good, bad})),
                HasSubstr("bytes that are no header where one is due at byte 4128"));
    bad.magic = 0x4C694D45;
    bad.version = 2;
    EXPECT_THAT(what_of_open(lime_image({good, bad})),
                HasSubstr("a header of version 2 (only 1 is known) at byte 4128"));
    bad.version = 1;
    bad.last = 0xffff;
    EXPECT_THAT(what_of_open(lime_image({good, bad})), HasSubstr("a range that ends before it starts"));
    bad.first = 0;
    bad.last = ~std::uint64_t{0};
    EXPECT_THAT(what_of_open(lime_image({bad})), HasSubstr("beyond all memory"));
    File garbage = lime_image({good});
    garbage.push_back(std::byte{1});
    EXPECT_THAT(what_of_open(garbage), HasSubstr("at byte 4128"));
}

TEST(LimeDump, RangeThatClaimsAllMemoryIsTruncatedAndCostsNothing)
{
    const File file = lime_image({{.first = 0, .bytes = filled(2 * kPage, 1), .last = ~std::uint64_t{1}}});
    const auto memory = open_lime_dump("dump", file);
    EXPECT_THAT(ranges_of(*memory), ElementsAre(range(0, 2 * kPage)));
    ASSERT_TRUE(memory->shortfall());
    EXPECT_THAT(memory->shortfall()->what(), HasSubstr("of the 18446744073709551615 bytes"));
}

TEST(LimeDump, MoreRangesThanAnyMachineHasAreRefused)
{
    if (kSanitized)
        GTEST_SKIP() << "makes 33 MiB byte by byte";
    constexpr std::size_t kRanges = (1U << 20) + 1;
    File file;
    file.reserve(kRanges * 33);
    const File one = lime_image({{.first = 0x1000, .bytes = filled(1, 1)}});
    for (std::size_t i = 0; i < kRanges; ++i)
        file.insert(file.end(), one.begin(), one.end());
    EXPECT_THAT(what_of_open(file), HasSubstr("in more than 1048576 pieces"));
    file.resize(file.size() - one.size());
    EXPECT_THAT(ranges_of(*open_lime_dump("dump", file)), IsEmpty());
}

RC_GTEST_PROP(LimeDump, RandomRangesReadLikeANaiveReader, (std::uint64_t seed))
{
    constexpr std::uint64_t kEnd = 16 * kPage;
    Dice dice(seed);
    File truth(kEnd);
    for (std::byte &byte : truth)
        byte = static_cast<std::byte>(dice.word());
    std::vector<LimeRange> ranges;
    NaiveMemory naive;
    for (std::uint64_t count = 1 + dice.below(8); count != 0; --count) {
        const std::uint64_t unit = dice.one_in(2) ? 1 : 0x800;
        const std::uint64_t first = dice.below(kEnd / unit) * unit;
        const std::uint64_t size = std::min(unit + dice.below(4 * kPage / unit) * unit, kEnd - first);
        const auto bytes = std::span(truth).subspan(first, size);
        ranges.push_back({.first = first, .bytes = {bytes.begin(), bytes.end()}});
        naive.add(first, bytes);
    }
    const File file = lime_image(ranges);
    const auto memory = open_lime_dump("dump", file);
    for (std::uint64_t address = 0; address < kEnd; address += kPage)
        RC_ASSERT(copy_of_page(*memory, address) == naive.page(address));
    RC_ASSERT(ranges_of(*memory) == naive.ranges(kEnd));
}

}  // namespace
}  // namespace pgregion::io
