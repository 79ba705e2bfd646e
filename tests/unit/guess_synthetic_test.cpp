// SPDX-License-Identifier: GPL-2.0-or-later
//
// Guessing on tables made by hand: VT-d regions of 3, 4 and 5 levels are recognised with their base, tables of
// other kinds and noise are not called VT-d (iommu-formats.md sections 8.1, 8.2 and 10).
#include "support/table_image.h"

#include <pgregion/guess.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

constexpr std::uint64_t kBase = 0x140000000;

std::string readings_of(const Guess &guess)
{
    std::string text(name(guess.confidence));
    for (const Reading &reading : guess.readings) {
        text += ' ';
        text += reading.table != nullptr ? reading.table->name : reading.directory->name;
        text += '/' + std::to_string(reading.params.levels) + '=' + std::to_string(reading.score);
    }
    return text;
}

/// How one kind of tables is written: what stands beside the address of a table and of the smallest leaf.
struct Style {
    std::uint64_t table = 3;
    std::uint64_t leaf = 3;
    bool amd = false;  ///< NextLevel in bits 11:9 of a table
};

/// A region as a driver fills it: root in page 1, tables allocated one after the other, some leaf tables with
/// leaves at addresses outside of the region.
TableImage region_of(unsigned levels, const Style &style, std::size_t leaf_tables = 4, std::uint64_t base = kBase)
{
    TableImage image(base);
    std::size_t next = 2;
    std::size_t page = 1;
    const auto table = [&](std::size_t child, unsigned level) {
        return image.address(child) | style.table | (style.amd ? std::uint64_t{level} << 9 : 0);
    };
    for (unsigned level = levels - 1; level > 1; --level) {
        image.put(page, level, table(next, level));
        page = next++;
    }
    for (std::size_t i = 0; i < leaf_tables; ++i) {
        image.put(page, 3 + i, table(next, 1));
        for (std::size_t index = 0; index < 64; ++index)
            image.put(next, 100 + index * 5, (0x80000000 + ((i * 64 + index * 7) << 12)) | style.leaf);
        ++next;
    }
    image.allocate(0, next - 1);
    return image;
}

void expect_vtd(const Guess &guess, unsigned levels)
{
    ASSERT_NE(guess.decided(), nullptr) << readings_of(guess);
    EXPECT_EQ(guess.decided()->table, find_table_format("vtd-ss")) << readings_of(guess);
    EXPECT_EQ(guess.decided()->params.levels, levels) << readings_of(guess);
}

void expect_not_vtd(const Guess &guess)
{
    const bool vtd = guess.decided() != nullptr && guess.decided()->table == find_table_format("vtd-ss");
    EXPECT_FALSE(vtd) << readings_of(guess);
}

/// As a region of unknown base, as one of known base, and as memory.
void expect_nobody_calls_it_vtd(const TableImage &image)
{
    expect_not_vtd(guess_region(image.bytes(), PageIndex(1), {}));
    GuessLimits limits;
    limits.base = PhysAddr(image.address(0));
    expect_not_vtd(guess_region(image.bytes(), PageIndex(1), limits));
    const PiecewiseMemory memory = image.memory();
    expect_not_vtd(guess_memory(memory, PhysAddr(image.address(1)), {}));
}

class GuessLevels : public testing::TestWithParam<unsigned>
{
};

TEST_P(GuessLevels, ARegionOfVtdTablesIsRecognisedWithItsBase)
{
    for (const std::uint64_t base : {std::uint64_t{0x200000}, kBase, std::uint64_t{0x3fffe00000}}) {
        const TableImage image = region_of(GetParam(), {}, 4, base);
        const Guess guess = guess_region(image.bytes(), PageIndex(1), {});
        expect_vtd(guess, GetParam());
        EXPECT_EQ(guess.decided()->base, PhysAddr(base));
    }
}

TEST_P(GuessLevels, SnoopAccessedDirtyAndTheFlushMarkDoNotMatter)
{
    const TableImage image = region_of(GetParam(), {.table = 0x403, .leaf = 0xb03});
    expect_vtd(guess_region(image.bytes(), PageIndex(1), {}), GetParam());
}

TEST_P(GuessLevels, TheSameTablesInMemoryAreRecognised)
{
    const TableImage image = region_of(GetParam(), {});
    const PiecewiseMemory memory = image.memory();
    expect_vtd(guess_memory(memory, PhysAddr(image.address(1)), {}), GetParam());
}

TEST_P(GuessLevels, OneLeafTableIsEnough)
{
    const TableImage image = region_of(GetParam(), {}, 1);
    expect_vtd(guess_region(image.bytes(), PageIndex(1), {}), GetParam());
}

TEST_P(GuessLevels, MuchDataBehindTheLeavesDoesNotMatter)
{
    TableImage image = region_of(GetParam(), {}, 4);
    TableImage data(0x80000000, 2048);
    Dice dice(1);
    for (std::size_t page = 0; page < data.pages(); ++page) {
        for (std::size_t index = 0; index < 512; index += 1 + dice.below(40))
            data.put(page, index, dice.one_in(2) ? dice.word() : dice.below(100000));
    }
    PiecewiseMemory memory = image.memory();
    memory.add(PhysAddr(data.address(0)), data.bytes());
    expect_vtd(guess_memory(memory, PhysAddr(image.address(1)), {}), GetParam());
}

// Tables of other architectures, as their operating systems write them.

TEST_P(GuessLevels, ArmStageTwoIsNotVtd)
{
    expect_nobody_calls_it_vtd(region_of(GetParam(), {.table = 0x3, .leaf = 0x7ff}));
}

TEST_P(GuessLevels, ArmStageOneIsNotVtd)
{
    expect_nobody_calls_it_vtd(region_of(GetParam(), {.table = 0x3, .leaf = 0xf47}));
    expect_nobody_calls_it_vtd(region_of(GetParam(), {.table = 0x3, .leaf = 0x60000000000f4b}));
}

TEST_P(GuessLevels, X86TablesAreNotVtd)
{
    expect_nobody_calls_it_vtd(region_of(GetParam(), {.table = 0x27, .leaf = 0x67}));
    expect_nobody_calls_it_vtd(region_of(GetParam(), {.table = 0x67, .leaf = 0x8000000000000163}));
    expect_nobody_calls_it_vtd(region_of(GetParam(), {.table = 0x63, .leaf = 0x183}));
}

TEST_P(GuessLevels, ExtendedPageTablesAreNotVtd)
{
    expect_nobody_calls_it_vtd(region_of(GetParam(), {.table = 0x7, .leaf = 0x37}));
    expect_nobody_calls_it_vtd(region_of(GetParam(), {.table = 0x107, .leaf = 0xf77}));
}

TEST_P(GuessLevels, AmdTablesAreNotVtd)
{
    const std::uint64_t access = 0x6000000000000000;
    expect_nobody_calls_it_vtd(region_of(GetParam(), {.table = access | 1, .leaf = access | 1, .amd = true}));
    expect_nobody_calls_it_vtd(
        region_of(GetParam(), {.table = access | 1, .leaf = access | 0x1000000000000001, .amd = true}));
}

INSTANTIATE_TEST_SUITE_P(Levels, GuessLevels, testing::Values(3U, 4U, 5U));

// --- too little -----------------------------------------------------------------------------------------------

TEST(GuessThin, AnEmptyRegionIsRefused)
{
    TableImage image(kBase);
    EXPECT_EQ(guess_region(image.bytes(), PageIndex(1), {}).decided(), nullptr);
    EXPECT_TRUE(guess_region(image.bytes(), PageIndex(1), {}).bases().empty());
    image.allocate(0, 1);
    EXPECT_EQ(guess_region(image.bytes(), PageIndex(1), {}).decided(), nullptr);
}

TEST(GuessThin, TablesWithoutALeafAreRefused)
{
    TableImage image(kBase);
    image.allocate(0, 5);
    image.put(1, 0, image.address(2) | 3).put(2, 0, image.address(3) | 3).put(3, 0, image.address(4) | 3);
    image.put(3, 1, image.address(5) | 3);
    EXPECT_EQ(guess_region(image.bytes(), PageIndex(1), {}).decided(), nullptr);
}

/// A root, tables on one path below it, and `children` of the last one that are all zero: what is left of a
/// domain when everything was unmapped.
TableImage unmapped_domain(std::size_t children)
{
    TableImage image(kBase);
    image.put(1, 0, image.address(2) | 3).put(2, 0, image.address(3) | 3);
    for (std::size_t i = 0; i < children; ++i)
        image.put(3, i, image.address(4 + i) | 3);
    image.allocate(0, 3 + children);
    return image;
}

TEST(GuessThin, EmptyTablesOfARegionAreNotTakenForMappedPages)
{
    for (const std::size_t children : {1U, 2U, 8U, 40U, 400U}) {
        const TableImage image = unmapped_domain(children);
        const Guess guess = guess_region(image.bytes(), PageIndex(1), {});
        EXPECT_TRUE(guess.decided() == nullptr || guess.decided()->params.levels == 4) << readings_of(guess);
    }
}

TEST(GuessThin, AFewEmptyTablesInMemoryAreNotTakenForMappedPages)
{
    for (const std::size_t children : {1U, 2U, 8U}) {
        const TableImage image = unmapped_domain(children);
        const PiecewiseMemory memory = image.memory();
        const Guess guess = guess_memory(memory, PhysAddr(image.address(1)), {});
        EXPECT_TRUE(guess.decided() == nullptr || guess.decided()->params.levels == 4) << readings_of(guess);
    }
}

TEST(GuessThin, ARootOutsideTheMemoryIsRefused)
{
    const TableImage image = region_of(4, {});
    const PiecewiseMemory memory = image.memory();
    EXPECT_EQ(guess_memory(memory, PhysAddr(0), {}).decided(), nullptr);
}

// --- noise --------------------------------------------------------------------------------------------------

TEST(GuessNoise, RandomRegionsAreRefused)
{
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
        TableImage image(kBase);
        Dice dice(seed);
        for (std::size_t page = 0; page < 512; ++page) {
            for (std::size_t index = 0; index < 512; ++index)
                image.put(page, index, dice.word());
        }
        expect_nobody_calls_it_vtd(image);
        EXPECT_EQ(guess_region(image.bytes(), PageIndex(1), {}).decided(), nullptr);
    }
}

TEST(GuessNoise, TextIsRefused)
{
    TableImage image(kBase);
    const std::string text = "The quick brown fox jumps over the lazy dog. 0123456789\n";
    for (std::size_t i = 0; i < image.bytes().size(); ++i)
        image.bytes()[i] = static_cast<std::byte>(text[i % text.size()]);
    EXPECT_EQ(guess_region(image.bytes(), PageIndex(1), {}).decided(), nullptr);
    expect_nobody_calls_it_vtd(image);
}

TEST(GuessNoise, OnesAndOtherFillPatternsAreRefused)
{
    for (const int value : {0xff, 0x01, 0x03, 0x55, 0xa1, 0xaa, 0xb0}) {
        TableImage image(kBase);
        std::ranges::fill(image.bytes(), static_cast<std::byte>(value));
        EXPECT_EQ(guess_region(image.bytes(), PageIndex(1), {}).decided(), nullptr) << value;
        expect_nobody_calls_it_vtd(image);
    }
}

TEST(GuessNoise, SmallNumbersAreRefused)
{
    TableImage image(kBase);
    Dice dice(3);
    for (std::size_t page = 1; page < 512; ++page) {
        for (std::size_t index = 0; index < 512; ++index)
            image.put(page, index, dice.below(100000));
    }
    image.allocate(0, 511);
    EXPECT_EQ(guess_region(image.bytes(), PageIndex(1), {}).decided(), nullptr);
}

TEST(GuessNoise, KernelPointersAreRefused)
{
    TableImage image(kBase);
    Dice dice(4);
    for (std::size_t page = 1; page < 512; ++page) {
        for (std::size_t index = 0; index < 512; ++index)
            image.put(page, index, 0xffff888000000000 | dice.below(0x8000000) * 8);
    }
    image.allocate(0, 511);
    EXPECT_EQ(guess_region(image.bytes(), PageIndex(1), {}).decided(), nullptr);
}

TEST(GuessNoise, ATableThatPointsToItselfIsRefused)
{
    TableImage image(kBase);
    image.allocate(0, 1);
    for (std::size_t index = 0; index < 512; ++index)
        image.put(1, index, image.address(1) | 3);
    EXPECT_EQ(guess_region(image.bytes(), PageIndex(1), {}).decided(), nullptr);
}

TEST(GuessNoise, ArraysOfTablePointersAreNotPageTables)
{
    // Root and context tables, PASID directories, GCR3 tables: pa|1.
    TableImage image(kBase);
    image.allocate(0, 40);
    for (std::size_t index = 0; index < 32; ++index)
        image.put(1, index, image.address(2 + index) | 1);
    for (std::size_t page = 2; page < 34; ++page)
        image.put(page, 0, 0x80000049).put(page, 1, 0x180002a);
    expect_nobody_calls_it_vtd(image);
}

// --- names --------------------------------------------------------------------------------------------------

TEST(GuessNames, OfConfidenceAreTheWordsOfTheOutput)
{
    EXPECT_EQ(name(Confidence::none), "none");
    EXPECT_EQ(name(Confidence::low), "low");
    EXPECT_EQ(name(Confidence::medium), "medium");
    EXPECT_EQ(name(Confidence::high), "high");
}

}  // namespace
}  // namespace pgregion::test
