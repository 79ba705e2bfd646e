// SPDX-License-Identifier: GPL-2.0-or-later
//
// Scanning memories made by hand: what a candidate is, what is none, and that hostile memory ends in time.
#include "support/sanitizer.h"
#include "support/table_image.h"

#include <pgregion/error.h>
#include <pgregion/scan.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kRegionSize = 0x200000;

/// Memory from address 0 on.
class Memory
{
public:
    explicit Memory(std::uint64_t size_bytes) : bytes_(size_bytes) {}

    void word(std::uint64_t address, std::uint64_t value) { std::memcpy(&bytes_.at(address), &value, sizeof value); }

    void copy(std::uint64_t address, std::span<const std::byte> bytes)
    {
        std::ranges::copy(bytes, bytes_.begin() + static_cast<std::ptrdiff_t>(address));
    }

    [[nodiscard]] ScanReport scan(const ScanOptions &options = {}) const
    {
        PiecewiseMemory memory;
        memory.add(PhysAddr(0), bytes_);
        const Range<PhysAddr> all{PhysAddr(0), bytes_.size()};
        return scan_memory(memory, {&all, 1}, options);
    }

private:
    std::vector<std::byte> bytes_;
};

/// A region of VT-d tables of four levels at `base`: root, two levels, four tables of leaves.
TableImage vtd_region(std::uint64_t base)
{
    TableImage image(base);
    image.put(1, 0, image.address(2) | 3);
    image.put(2, 3, image.address(3) | 3);
    for (std::size_t i = 0; i < 4; ++i) {
        image.put(3, 5 + i, image.address(4 + i) | 3);
        for (std::size_t index = 0; index < 64; ++index)
            image.put(4 + i, 100 + index * 5, (0x80000000 + ((i * 64 + index * 7) << 12)) | 3);
    }
    image.allocate(0, 7);
    return image;
}

std::vector<std::string> found(const ScanReport &report)
{
    std::vector<std::string> all;
    for (const Candidate &candidate : report.candidates) {
        char text[64];
        std::snprintf(text, sizeof text, "%s %#lx", std::string(name(candidate.kind)).c_str(),
                      candidate.address.value());
        all.emplace_back(text);
    }
    return all;
}

// --- regions ------------------------------------------------------------------------------------------------

TEST(Scan, ARegionWhereItBelongsScoresMost)
{
    Memory memory(4 * kRegionSize);
    memory.copy(kRegionSize, vtd_region(kRegionSize).bytes());
    const ScanReport report = memory.scan();
    ASSERT_THAT(found(report), ElementsAre("region 0x200000"));
    const Candidate &candidate = report.candidates.front();
    EXPECT_EQ(candidate.score, 100U);
    EXPECT_EQ(candidate.confidence, Confidence::high);
    EXPECT_EQ(candidate.region->allocated, 8U);
    EXPECT_EQ(candidate.region->table_pages, 7U);
    EXPECT_EQ(candidate.region->free_pages, 504U);
    EXPECT_EQ(candidate.reading->table, find_table_format("vtd-ss"));
    EXPECT_EQ(candidate.reading->params.levels, 4);
}

TEST(Scan, ACopyOfARegionSaysWhereItLayAndScoresLess)
{
    Memory memory(4 * kRegionSize);
    memory.copy(kRegionSize, vtd_region(0x140000000).bytes());
    const ScanReport report = memory.scan();
    ASSERT_THAT(found(report), ElementsAre("region 0x200000"));
    EXPECT_EQ(report.candidates.front().reading->base, PhysAddr(0x140000000));
    EXPECT_EQ(report.candidates.front().score, 90U);
}

TEST(Scan, ARegionAtAnyPageIsFoundUnlessAlignmentIsAskedFor)
{
    Memory memory(4 * kRegionSize);
    memory.copy(kRegionSize + 0x5000, vtd_region(0x140000000).bytes());
    EXPECT_THAT(found(memory.scan()), ElementsAre("region 0x205000"));
    ScanOptions options;
    options.align_bytes = kRegionSize;
    options.kinds = {true, false, false, false};
    EXPECT_THAT(found(memory.scan(options)), IsEmpty());
}

TEST(Scan, AnOpenedEmptyRegionIsOfLowScoreAtTwoMebibytesAndNothingElsewhere)
{
    Memory memory(8 * kRegionSize);
    memory.word(kRegionSize, 1);
    memory.word(5 * kRegionSize + 0x3000, 1);
    const ScanReport report = memory.scan();
    ASSERT_THAT(found(report), ElementsAre("region 0x200000"));
    EXPECT_EQ(report.candidates.front().score, 10U);
    EXPECT_FALSE(report.candidates.front().reading.has_value());
}

TEST(Scan, ABitmapWithoutBitZeroScoresLessThanOneWithIt)
{
    Memory memory(4 * kRegionSize);
    memory.word(kRegionSize, 2);
    const ScanReport report = memory.scan();
    ASSERT_THAT(found(report), ElementsAre("region 0x200000"));
    EXPECT_FALSE(report.candidates.front().region->bitmap_bit);
    EXPECT_EQ(report.candidates.front().score, 5U);
}

TEST(Scan, DataBehindTheBitmapMeansNoRegion)
{
    TableImage image = vtd_region(kRegionSize);
    image.put(0, 8, 1);
    Memory memory(4 * kRegionSize);
    memory.copy(kRegionSize, image.bytes());
    ScanOptions options;
    options.kinds = {true, false, false, false};
    EXPECT_THAT(found(memory.scan(options)), IsEmpty());
}

TEST(Scan, AFewFreePagesWithDataLowerTheScoreManyMeanNoRegion)
{
    TableImage image = vtd_region(kRegionSize);
    image.put(100, 0, 0x1234);
    Memory memory(4 * kRegionSize);
    memory.copy(kRegionSize, image.bytes());
    ScanOptions options;
    options.kinds = {true, false, false, false};
    const ScanReport few = memory.scan(options);
    ASSERT_THAT(found(few), ElementsAre("region 0x200000"));
    EXPECT_EQ(few.candidates.front().region->dirty_pages, 1U);
    EXPECT_EQ(few.candidates.front().score, 95U);
    for (std::size_t page = 200; page < 400; ++page)
        image.put(page, 0, 0x1234);
    memory.copy(kRegionSize, image.bytes());
    EXPECT_THAT(found(memory.scan(options)), IsEmpty());
}

TEST(Scan, PagesOfARegionThatLookLikeABitmapAreNoRegions)
{
    TableImage image = vtd_region(kRegionSize);
    image.put(7, 0, 0x3);  // a leaf to page 0: as a bitmap, an initialised region
    for (std::size_t index = 1; index < 512; ++index)
        image.put(7, index, 0);
    Memory memory(4 * kRegionSize);
    memory.copy(kRegionSize, image.bytes());
    EXPECT_THAT(found(memory.scan()), ElementsAre("region 0x200000"));
}

TEST(Scan, PagesThatADumpLeftOutAreNoDataAndNoZeros)
{
    const TableImage image = vtd_region(kRegionSize);
    PiecewiseMemory memory;
    memory.add(PhysAddr(kRegionSize), image.bytes().first(0x8000));
    const Range<PhysAddr> all{PhysAddr(0), 4 * kRegionSize};
    const ScanReport report = scan_memory(memory, {&all, 1}, {});
    ASSERT_THAT(found(report), ElementsAre("region 0x200000"));
    EXPECT_EQ(report.candidates.front().region->missing_pages, 504U);
    EXPECT_EQ(report.candidates.front().region->free_pages, 0U);
}

// --- areas --------------------------------------------------------------------------------------------------

TEST(Scan, AnAreaIsKnownByItsMagicAndScoredByItsBitmapAndItsRoot)
{
    Memory memory(8 * kRegionSize);
    memory.word(kRegionSize, 0x706b65726e6673);
    memory.word(kRegionSize + 8, 4);
    memory.word(kRegionSize + 0x100000, 0x7);
    memory.word(2 * kRegionSize, 0x2);
    memory.word(6 * kRegionSize + 0x7000, 0x706b65726e6673);
    memory.word(6 * kRegionSize + 0x7008, 1000000);
    const ScanReport report = memory.scan({.kinds = {false, true, false, false}});
    ASSERT_THAT(found(report), ElementsAre("area 0x200000", "area 0xc07000"));
    EXPECT_EQ(report.candidates.at(0).score, 100U);
    EXPECT_EQ(report.candidates.at(0).area->next_free_inode, 4U);
    EXPECT_EQ(report.candidates.at(1).score, 25U);
    EXPECT_FALSE(report.candidates.at(1).area->inode_in_range);
}

// --- tables and directories ---------------------------------------------------------------------------------

TEST(Scan, TablesWithoutARegionAreOneRootAndNotEachOfTheirTables)
{
    Memory memory(4 * kRegionSize);
    TableImage image = vtd_region(kRegionSize);
    image.put(0, 0, 0);  // no bitmap
    memory.copy(kRegionSize, image.bytes());
    const ScanReport report = memory.scan();
    ASSERT_THAT(found(report), ElementsAre("page-table 0x201000"));
    EXPECT_EQ(report.candidates.front().reading->params.levels, 4);
    EXPECT_GT(report.candidates.front().score, 50U);
}

/// Tables of a process, with kernel mappings in one of them: a CPU's.
TEST(Scan, TablesWithGlobalOrSupervisorEntriesAreSaidToBeACpusAndScoreLow)
{
    TableImage image(kRegionSize);
    image.put(1, 0, image.address(2) | 0x27);
    image.put(2, 0, image.address(3) | 0x27);
    image.put(3, 0, image.address(4) | 0x27);
    image.put(3, 1, image.address(5) | 0x27);
    for (std::size_t index = 0; index < 200; ++index) {
        image.put(4, index, (0x80000000 + (index << 13)) | 0x67);
        image.put(5, index, (0x90000000 + (index << 13)) | (index < 3 ? 0x163 : 0x67));
    }
    Memory memory(4 * kRegionSize);
    memory.copy(kRegionSize, image.bytes());
    const ScanReport report = memory.scan();
    ASSERT_THAT(found(report), ElementsAre("page-table 0x201000"));
    EXPECT_EQ(report.candidates.front().cpu.global, 3U);
    EXPECT_EQ(report.candidates.front().cpu.supervisor, 3U);
    EXPECT_LE(report.candidates.front().score, 15U);
}

/// A legacy root table with one bus whose two devices use the tables of a region.
TEST(Scan, TheDomainsOfADirectoryAreListedUnderItWhenAskedFor)
{
    Memory memory(8 * kRegionSize);
    TableImage image = vtd_region(kRegionSize);
    image.put(0, 0, 0);
    memory.copy(kRegionSize, image.bytes());
    memory.word(0x600000, 0x601001);
    for (std::uint64_t device = 0; device < 4; ++device) {
        memory.word(0x601000 + device * 16, (kRegionSize + 0x1000) | 1);
        memory.word(0x601008 + device * 16, 0x102);
    }
    EXPECT_THAT(found(memory.scan()), ElementsAre("directory 0x600000"));
    const ScanReport all = memory.scan({.inner = ScanOptions::Inner::list});
    ASSERT_THAT(found(all), ElementsAre("directory 0x600000", "page-table 0x201000"));
    EXPECT_EQ(all.candidates.back().inside, PhysAddr(0x600000));
    EXPECT_EQ(all.candidates.back().reading->params.levels, 4);
    EXPECT_THAT(found(memory.scan({.kinds = {true, true, false, true}})), IsEmpty());
}

// --- threads, progress, failures ----------------------------------------------------------------------------

TEST(Scan, ThreadsChangeNothingInTheReport)
{
    Memory memory(16 * kRegionSize);
    for (const std::uint64_t at : {3U, 7U, 11U})
        memory.copy(at * kRegionSize, vtd_region(at * kRegionSize).bytes());
    memory.word(5 * kRegionSize, 1);
    const std::vector<std::string> one = found(memory.scan());
    EXPECT_THAT(one, ElementsAre("region 0x600000", "region 0xe00000", "region 0x1600000", "region 0xa00000"));
    EXPECT_EQ(found(memory.scan({.jobs = 4})), one);
}

TEST(Scan, ProgressEndsWithAllBytesAndNeverGoesBack)
{
    std::vector<std::uint64_t> done;
    const Memory memory(16 * kRegionSize);
    ScanOptions options;
    options.jobs = 2;
    options.progress = [&](const ScanProgress &step) {
        if (step.stage == ScanStage::pages)
            done.push_back(step.done);
    };
    EXPECT_EQ(memory.scan(options).bytes, 16 * kRegionSize);
    EXPECT_TRUE(std::ranges::is_sorted(done));
    ASSERT_FALSE(done.empty());
    EXPECT_EQ(done.back(), 16 * kRegionSize);
}

class BrokenMemory final : public MemorySource
{
public:
    [[nodiscard]] std::span<const std::byte> page(PhysAddr address, std::span<std::byte> buffer) const override
    {
        if (address == PhysAddr(0x700000))
            throw Error(Failure::operational, "read-failed", "a page cannot be read");
        std::ranges::fill(buffer.first(4096), std::byte{0});
        return buffer.first(4096);
    }
    [[nodiscard]] std::uint64_t size_bytes() const override { return 0x1000000; }
};

TEST(Scan, AFailureOfTheMemoryReachesTheCallerFromAnyThread)
{
    const Range<PhysAddr> all{PhysAddr(0), 0x1000000};
    EXPECT_THROW(static_cast<void>(scan_memory(BrokenMemory(), {&all, 1}, {.jobs = 3})), Error);
}

TEST(Scan, NoMemoryIsNothingFound)
{
    const PiecewiseMemory memory;
    EXPECT_TRUE(scan_memory(memory, {}, {}).candidates.empty());
    const Range<PhysAddr> top{PhysAddr(0xfffffffffffff000), 0x1000};
    EXPECT_TRUE(scan_memory(memory, {&top, 1}, {}).candidates.empty());
}

// --- hostile memory -----------------------------------------------------------------------------------------

/// Every page is a page 0, a table and a root at once.
TEST(Scan, WhereEveryPageLooksLikeEverythingTheScanEndsAndFindsFewRegions)
{
    constexpr std::uint64_t kSize = kSanitized ? 2 * kRegionSize : 8 * kRegionSize;
    for (const std::uint64_t word : {0x201003ULL, 0x3ULL, 0xffffffffffffffffULL, 0x7fffffULL}) {
        Memory memory(kSize);
        for (std::uint64_t page = 0; page < kSize; page += 4096) {
            for (std::uint64_t i = 0; i < 8; ++i)
                memory.word(page + i * 8, word);
        }
        const ScanReport report = memory.scan({.jobs = 2});
        EXPECT_LE(report.candidates.size(), 512U) << word;
    }
}

TEST(Scan, TablesThatAllPointToEachOtherEndInTime)
{
    constexpr std::uint64_t kSize = kSanitized ? kRegionSize / 32 : 2 * kRegionSize;
    Dice dice(3);
    Memory memory(kSize);
    for (std::uint64_t at = 0; at < kSize; at += 8)
        memory.word(at, dice.below(kSize / 4096) << 12 | 3);
    const ScanReport report = memory.scan({.jobs = 2});
    EXPECT_LE(report.candidates.size(), kSize / 4096);
}

}  // namespace
}  // namespace pgregion::test
