// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sessions and memory files of luo-v5, sound and damaged, word by word as Linux 7.3 lays them out.
#include "support/handover_reading.h"
#include "support/region_image.h"

#include <pgregion/handover.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t kSessions = 41;
constexpr std::size_t kFiles = 42;
constexpr std::size_t kMemfd = 43;
constexpr std::size_t kChunk = 44;
constexpr std::size_t kFolios = 45;
constexpr std::size_t kData = 46;  // two pages of a file

/// The image of a luo-v5 with one session, one file and two pages in it: 0 and 7.
HandoverImage with_a_file()
{
    HandoverImage image(HandoverRecipe{.kho = "kho-v4", .luo = "luo-v5"});
    image.put_word(at::kLuo, 16, image.address(kSessions));
    image.put_word(kSessions, 8, 1);
    image.put_text(kSessions, 16, "vm", 64);
    image.put_word(kSessions, 80, image.address(kFiles));
    image.put_word(kSessions, 88, 1);
    image.put_word(kFiles, 8, 1);
    image.put_text(kFiles, 16, "memfd-v2", 48);
    image.put_word(kFiles, 64, image.address(kMemfd));
    image.put_word(kFiles, 72, 0x11);
    image.put_word(kMemfd, 8, 0x8000);  // size
    image.put_word(kMemfd, 24, 2);      // folios
    image.put_word(kMemfd, 32, image.address(kChunk));
    image.put_word(kMemfd, 40, 1 | std::uint64_t{1} << 32);  // one page, flags 1, order 0
    image.put_word(kChunk, 8, image.address(kFolios));
    image.put_word(kFolios, 0, image.address(kData) >> 12 | std::uint64_t{3} << 52);
    image.put_word(kFolios, 16, image.address(kData + 1) >> 12 | std::uint64_t{3} << 52);
    image.put_word(kFolios, 24, 7);
    for (std::size_t page = kSessions; page <= kData + 1; ++page)
        image.preserve(page);
    return image;
}

TEST(HandoverFiles, AFileHasItsPages)
{
    const Handover handover = hand_over(with_a_file());
    EXPECT_THAT(codes(handover), IsEmpty());
    EXPECT_TRUE(handover.proved());
    ASSERT_THAT(handover.pages, SizeIs(2));
    EXPECT_EQ(handover.pages[0].paddr, PhysAddr(0x4002e000));
    EXPECT_EQ(handover.pages[0].index, 0U);
    EXPECT_EQ(handover.pages[0].flags, 3U);
    EXPECT_EQ(handover.pages[1].paddr, PhysAddr(0x4002f000));
    EXPECT_EQ(handover.pages[1].index, 7U);
    EXPECT_EQ(handover.pages[1].preserved, true);
}

TEST(HandoverFiles, APageOfAFileThatIsNotPreservedIsALoss)
{
    HandoverImage image = with_a_file();
    image.preserve(kData + 1, false);
    const Handover handover = hand_over(image);
    EXPECT_THAT(codes(handover), ElementsAre("memory-not-preserved"));
    EXPECT_EQ(handover.problems[0].observed, 0x4002f000U);
    EXPECT_TRUE(handover.broken());
    EXPECT_FALSE(handover.proved());
}

TEST(HandoverFiles, RecordsOfFilesMustBePreservedToo)
{
    for (const std::size_t page : {kSessions, kFiles, kMemfd, kChunk, kFolios}) {
        HandoverImage image = with_a_file();
        image.preserve(page, false);
        EXPECT_THAT(codes(hand_over(image)), ElementsAre("record-not-preserved")) << page;
    }
}

TEST(HandoverFiles, AnotherVersionOfAFileIsNamedAndLeavesDoubt)
{
    HandoverImage image = with_a_file();
    image.put_text(kFiles, 16, "memfd-v3", 48);
    const Handover handover = hand_over(image);
    EXPECT_THAT(codes(handover), ElementsAre("version-unknown"));
    EXPECT_THAT(handover.pages, IsEmpty());
    EXPECT_FALSE(handover.proved());
}

TEST(HandoverFiles, AnotherHandlerIsNamed)
{
    HandoverImage image = with_a_file();
    image.put_text(kFiles, 16, "vfio-pci-v1", 48);
    const Handover handover = hand_over(image);
    const auto file = std::ranges::find(handover.records, "file", &HandoverRecord::kind);
    ASSERT_NE(file, handover.records.end());
    EXPECT_EQ(file->version, "vfio-pci-v1");
    EXPECT_FALSE(file->decoded);
}

TEST(HandoverFiles, ChainsThatComeBackEnd)
{
    HandoverImage sessions = with_a_file();
    sessions.put_word(kSessions, 0, sessions.address(kSessions));
    EXPECT_THAT(codes(hand_over(sessions)), ElementsAre("chain-cycle"));
    HandoverImage chunks = with_a_file();
    chunks.put_word(kMemfd, 24, std::uint64_t{1} << 40);
    for (std::size_t i = 1; i < 512; ++i)
        chunks.put_word(kChunk, i * 8, chunks.address(kFolios));
    chunks.put_word(kChunk, 0, chunks.address(kChunk));
    EXPECT_THAT(codes(hand_over(chunks)), Contains("chain-cycle"));
}

TEST(HandoverFiles, CountsThatAreNotThereAreSaid)
{
    HandoverImage image = with_a_file();
    image.put_word(kMemfd, 24, 300);  // one page of the array has room for 256
    EXPECT_THAT(codes(hand_over(image)), Contains("array-too-short"));
    image = with_a_file();
    image.put_word(kSessions, 88, 2);
    EXPECT_THAT(codes(hand_over(image)), ElementsAre("count-too-big"));
}

/// The hand-over of the kernel before beside that of the image: its own LUO counts one less, its tracker is gone.
void add_incoming(HandoverImage &image)
{
    constexpr std::size_t kOldFdt = 50;
    constexpr std::size_t kOldLuo = 51;
    constexpr std::size_t kOldMap = 52;
    TinyFdt fdt;
    fdt.begin("").text("compatible", "kho-v4").word("preserved-memory-map", image.address(kOldMap));
    fdt.begin("LUO").word("preserved-data", image.address(kOldLuo)).word("blob-size", 32).end();
    image.put_bytes(kOldFdt, 0, fdt.end().finish());
    image.put_text(kOldLuo, 0, "luo-v5", 8);
    image.put_word(kOldLuo, 8, 2);
}

HandoverChoice choose(const HandoverImage &image)
{
    const std::vector<Range<PhysAddr>> ranges{{PhysAddr(kHandoverAt), 64 * 4096}};
    return choose_handover(image.memory(), ranges);
}

TEST(HandoverChoice, AKernelOnItsWayDownHandsItsOwnTreeOver)
{
    HandoverImage image = with_a_file();
    add_incoming(image);
    const HandoverChoice choice = choose(image);
    ASSERT_THAT(choice.search.found, SizeIs(2));
    EXPECT_EQ(choice.search.found[0].role, HandoverRole::outgoing);
    EXPECT_EQ(choice.search.found[1].role, HandoverRole::incoming);
    EXPECT_TRUE(choice.search.found[1].tracker_consumed);
    ASSERT_TRUE(choice.handover.has_value());
    EXPECT_EQ(choice.handover->fdt, PhysAddr(0x40001000));
}

TEST(HandoverChoice, BeforeThatTheIncomingOneIsTheHandover)
{
    HandoverImage image = with_a_file();
    image.put_word(at::kLuo, 16, 0);
    image.put_word(at::kFlbList, 8, 0);
    add_incoming(image);
    const HandoverChoice choice = choose(image);
    ASSERT_TRUE(choice.handover.has_value());
    EXPECT_EQ(choice.handover->fdt, PhysAddr(0x40032000));
    EXPECT_TRUE(choice.search.found[0].pending);
}

// A page cache has an FDT that was read before the kernel added the next subtree.
TEST(HandoverChoice, AnEarlierStateOfAnFdtIsACopyOfIt)
{
    HandoverImage image = with_a_file();
    TinyFdt fdt;
    fdt.begin("").text("compatible", "kho-v4").word("preserved-memory-map", image.address(at::kMap));
    image.put_bytes(0, 0, fdt.end().finish());
    const HandoverChoice choice = choose(image);
    ASSERT_THAT(choice.search.found, SizeIs(1));
    EXPECT_EQ(choice.search.found[0].paddr, PhysAddr(0x40001000));
    EXPECT_THAT(choice.search.found[0].copies, ElementsAre(PhysAddr(0x40000000)));
}

// What a kernel that takes the hand-over in leaves of it: the page of LUO's head is used for text of another program.
TEST(HandoverFiles, WithoutTheHeadTheyAreFoundByTheirForm)
{
    HandoverImage image = with_a_file();
    image.put_text(at::kLuo, 0, "some other text", 4096);
    const Handover lost = hand_over(image);
    EXPECT_TRUE(lost.head_lost);
    EXPECT_THAT(lost.roots, IsEmpty());
    const Handover found = hand_over(image, {{PhysAddr(kHandoverAt), 64 * 4096}});
    EXPECT_THAT(codes(found), ElementsAre("fdt-malformed"));
    EXPECT_THAT(found.roots, SizeIs(3));
    EXPECT_THAT(found.pages, SizeIs(2));
    EXPECT_THAT(kinds(found), Contains("session-page"));
    EXPECT_THAT(kinds(found), Contains("flb-page"));
    EXPECT_FALSE(found.proved());
}

TEST(HandoverFiles, WhatIsLikeAPageOfFlbsAndHasMoreBehindItIsNone)
{
    HandoverImage image = with_a_file();
    image.put_text(at::kLuo, 0, "some other text", 4096);
    image.put_word(at::kFlbList, 2048, 1);
    image.put_word(kSessions, 2048, 1);
    const Handover found = hand_over(image, {{PhysAddr(kHandoverAt), 64 * 4096}});
    EXPECT_THAT(found.roots, IsEmpty());
    EXPECT_THAT(found.pages, IsEmpty());
}

}  // namespace
}  // namespace pgregion::test
