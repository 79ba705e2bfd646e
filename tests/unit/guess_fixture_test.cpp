// SPDX-License-Identifier: GPL-2.0-or-later
//
// Guessing on tables that a real kernel made, with what is known withheld: right or refused, never wrong.
#include "support/fixtures.h"
#include "support/sanitizer.h"

#include <pgregion/guess.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

std::string words_of(const Reading &reading)
{
    const std::string_view format = reading.table != nullptr ? reading.table->name : reading.directory->name;
    return std::string(format) + "/" + std::to_string(reading.params.levels);
}

std::string readings_of(const Guess &guess)
{
    std::string text = std::string(name(guess.confidence)) + ":";
    for (const Reading &reading : guess.readings)
        text += " " + words_of(reading) + "=" + std::to_string(reading.score);
    return text;
}

// A region of one domain or of the directory, with its physical address withheld.

TEST(GuessRegionFixture, TheRegionOfTheRootTableIsADirectoryAtItsBase)
{
    const RegionFixture region = read_region(4);
    const Guess guess = guess_region(region.bytes, PageIndex(1), {});
    ASSERT_NE(guess.decided(), nullptr) << readings_of(guess);
    EXPECT_EQ(guess.decided()->directory, find_directory_format("vtd-root"));
    EXPECT_EQ(guess.decided()->table, nullptr);
    EXPECT_EQ(guess.decided()->base, PhysAddr(0x6800000));
}

class GuessDomainRegion : public testing::TestWithParam<unsigned>
{
};

TEST_P(GuessDomainRegion, IsSecondStageOfFourLevelsAtItsBase)
{
    const RegionFixture region = read_region(GetParam());
    const Guess guess = guess_region(region.bytes, PageIndex(1), {});
    ASSERT_NE(guess.decided(), nullptr) << readings_of(guess);
    EXPECT_EQ(guess.decided()->table, find_table_format("vtd-ss"));
    EXPECT_EQ(guess.decided()->params.levels, 4);
    EXPECT_EQ(guess.decided()->base, PhysAddr(region.address));
    EXPECT_EQ(guess.bases().front(), PhysAddr(region.address));
}

INSTANTIATE_TEST_SUITE_P(CopiedByModule, GuessDomainRegion, testing::Values(7U, 8U, 9U));

class GuessOtherRegion : public testing::TestWithParam<unsigned>
{
};

TEST_P(GuessOtherRegion, IsRefusedBecauseItHoldsNoTablesOrOnlyAnEmptyRoot)
{
    const RegionFixture region = read_region(GetParam());
    const Guess guess = guess_region(region.bytes, PageIndex(1), {});
    EXPECT_EQ(guess.decided(), nullptr) << readings_of(guess);
    EXPECT_EQ(guess.confidence, Confidence::none);
}

INSTANTIATE_TEST_SUITE_P(CopiedByModule, GuessOtherRegion, testing::Values(0U, 1U, 2U, 3U, 5U, 6U, 10U, 11U));

TEST(GuessRegionFixture, AWrongBaseIsNotTaken)
{
    const RegionFixture region = read_region(8);
    GuessLimits limits;
    limits.base = PhysAddr(0x7200000);
    EXPECT_EQ(guess_region(region.bytes, PageIndex(1), limits).decided(), nullptr);
}

TEST(GuessRegionFixture, WhatIsKnownIsKept)
{
    const RegionFixture region = read_region(8);
    GuessLimits limits;
    limits.table = find_table_format("vtd-ss");
    limits.levels = 4;
    limits.base = PhysAddr(region.address);
    const Guess guess = guess_region(region.bytes, PageIndex(1), limits);
    ASSERT_NE(guess.decided(), nullptr) << readings_of(guess);
    EXPECT_EQ(guess.readings.size(), 1U);
    limits.levels = 5;
    EXPECT_EQ(guess_region(region.bytes, PageIndex(1), limits).decided(), nullptr);
}

// --- memory of known addresses ------------------------------------------------------------------------------

struct MemoryCase {
    std::string folder;
    std::uint64_t directory;
};

void expect_right_or_refused(const MemorySource &memory, const DeviceRow &device)
{
    const Guess guess = guess_memory(memory, PhysAddr(device.root), {});
    if (guess.decided() == nullptr)
        return;
    EXPECT_EQ(guess.decided()->table, find_table_format("vtd-ss")) << readings_of(guess);
    EXPECT_EQ(guess.decided()->params.levels, device.levels) << readings_of(guess);
}

TEST(GuessMemoryFixture, DomainRootsAreReadRightOrRefused)
{
    for (const auto &[folder, directory] :
         {MemoryCase{"vtd-legacy-4level", 0x196000}, MemoryCase{"vtd-passthrough", 0xdc9000}}) {
        const auto &bytes = unpack(fixture(folder) / "tables.raw.xz");
        PiecewiseMemory memory;
        memory.add(PhysAddr(0), bytes);
        for (const DeviceRow &device : read_devices(fixture(folder))) {
            if (device.translation == "second-stage")
                expect_right_or_refused(memory, device);
        }
        const Guess guess = guess_memory(memory, PhysAddr(directory), {});
        ASSERT_NE(guess.decided(), nullptr) << readings_of(guess);
        EXPECT_EQ(guess.decided()->directory, find_directory_format("vtd-root"));
    }
}

TEST(GuessMemoryFixture, DomainsWithManyMappingsAreDecided)
{
    const auto &bytes = unpack(fixture("vtd-legacy-4level") / "tables.raw.xz");
    PiecewiseMemory memory;
    memory.add(PhysAddr(0), bytes);
    // 00:02.0, 00:03.0, 00:04.0, 00:1f.x (its identity map covers the tables of others), 01:00.0, 03:00.0
    for (const std::uint64_t root : {0x1d0000U, 0x1d6000U, 0x1e0000U, 0x1f7000U, 0x407000U, 0x3167000U}) {
        const Guess guess = guess_memory(memory, PhysAddr(root), {});
        ASSERT_NE(guess.decided(), nullptr) << std::hex << root << ' ' << readings_of(guess);
        EXPECT_EQ(guess.decided()->params.levels, 4);
    }
}

TEST(GuessMemoryFixture, WholeMemoryIsReadRightOrRefused)
{
    const auto file = shared_fixture("vtd-passthrough/memory.raw.zst");
    PGREGION_SKIP_WITHOUT(file, "vtd-passthrough/memory.raw.zst");
    const auto &bytes = unpack(*file);
    PiecewiseMemory memory;
    memory.add(PhysAddr(0), bytes);
    const Guess domain = guess_memory(memory, PhysAddr(0x11dc000), {});
    ASSERT_NE(domain.decided(), nullptr) << readings_of(domain);
    EXPECT_EQ(words_of(*domain.decided()), "vtd-ss/4");
    const Guess directory = guess_memory(memory, PhysAddr(0xdc9000), {});
    ASSERT_NE(directory.decided(), nullptr) << readings_of(directory);
    EXPECT_EQ(directory.decided()->directory, find_directory_format("vtd-root"));
}

/// Under a sanitizer all 32,768 pages take many minutes: there it is a stretch around each root.
bool is_looked_at(std::uint64_t address)
{
    constexpr std::uint64_t kStretch = 0x20000;
    return !kSanitized || std::ranges::any_of(std::array{0xdc9000U, 0x11dc000U, 0x1572000U}, [&](std::uint64_t root) {
        return address + kStretch > root && root + kStretch > address;
    });
}

TEST(GuessMemoryFixture, NoPageOfAWholeMemoryIsTakenForARootThatIsNone)
{
    const auto file = shared_fixture("vtd-passthrough/memory.raw.zst");
    PGREGION_SKIP_WITHOUT(file, "vtd-passthrough/memory.raw.zst");
    const auto &bytes = unpack(*file);
    PiecewiseMemory memory;
    memory.add(PhysAddr(0), bytes);
    std::vector<std::uint64_t> decided;
    for (std::uint64_t address = 0; address < bytes.size(); address += 4096) {
        if (!is_looked_at(address))
            continue;
        const Guess guess = guess_memory(memory, PhysAddr(address), {});
        if (guess.decided() == nullptr)
            continue;
        const std::string format = words_of(*guess.decided());
        if (format.starts_with("vtd"))
            decided.push_back(address);
        else  // this is the memory of an x86 machine, whose CPU has page tables, too
            EXPECT_TRUE(format.starts_with("x86-64")) << std::hex << address << ' ' << readings_of(guess);
    }
    // The root table; the root of the one domain; its table for slot 0, which is a good root of three levels.
    EXPECT_THAT(decided, testing::ElementsAre(0xdc9000, 0x11dc000, 0x1572000));
}

// --- other architectures ------------------------------------------------------------------------------------

/// A kernel-made save and what is true of it.
struct Save {
    std::string folder;
    std::uint64_t start;
    std::uint64_t directory_root;
    std::string directory;
    std::string tables;
};

const std::vector<Save> &saves()
{
    static const std::vector<Save> all{
        {"vtd-legacy-4level", 0, 0x196000, "vtd-root", "vtd-ss"},
        {"vtd-scalable", 0, 0x663c000, "vtd-root", "vtd-ss"},
        {"vtd-passthrough", 0, 0xdc9000, "vtd-root", "vtd-ss"},
        {"amd-v1", 0, 0x4dc8000, "amd-devtab", "amd-v1"},
        {"smmuv3-s1", 0x40000000, 0x4334d000, "smmu-stream", "arm-s1"},
    };
    return all;
}

TEST(GuessMemoryFixture, EveryRootOfEverySaveIsReadRightOrRefused)
{
    std::printf("%-20s %5s %8s %6s\n", "save", "right", "refused", "wrong");
    for (const Save &save : saves()) {
        const auto &bytes = unpack(fixture(save.folder) / "tables.raw.xz");
        PiecewiseMemory memory;
        memory.add(PhysAddr(save.start), bytes);
        std::map<std::uint64_t, std::string> truth{{save.directory_root, save.directory + "/0"}};
        for (const DeviceRow &device : read_devices(fixture(save.folder))) {
            if (device.root != 0)
                truth.emplace(device.root, save.tables + "/" + std::to_string(device.levels));
        }
        unsigned right = 0;
        unsigned refused = 0;
        for (const auto &[root, words] : truth) {
            const Guess guess = guess_memory(memory, PhysAddr(root), {});
            if (guess.decided() == nullptr)
                ++refused;
            else if (words_of(*guess.decided()) == words)
                ++right;
            else
                ADD_FAILURE() << save.folder << ' ' << std::hex << root << ' ' << readings_of(guess);
        }
        const auto wrong = static_cast<unsigned>(truth.size()) - right - refused;
        std::printf("%-20s %5u %8u %6u\n", save.folder.c_str(), right, refused, wrong);
        EXPECT_GT(right, 0U) << save.folder;
    }
}

}  // namespace
}  // namespace pgregion::test
