// SPDX-License-Identifier: GPL-2.0-or-later
//
// How well scanning finds what is there, and nothing else: in memories of real kernels, with and without regions. The
// tables that it prints are the measure; what must not get worse is expected.
#include "support/fixtures.h"
#include "support/sanitizer.h"

#include <pgregion/area.h>
#include <pgregion/region.h>
#include <pgregion/scan.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

using testing::ElementsAre;
using testing::IsEmpty;

constexpr unsigned kRegionFixtures = 12;
/// Regions that hold tables; the others hold test data, or nothing.
constexpr std::array<unsigned, 4> kWithTables{4, 7, 8, 9};

using Image = std::vector<std::byte>;

ScanReport scan(const MemorySource &memory, Range<PhysAddr> range, ScanOptions options = {})
{
    options.jobs = 2;
    return scan_memory(memory, {&range, 1}, options);
}

ScanReport scan(const Image &image, std::uint64_t start = 0, const ScanOptions &options = {})
{
    PiecewiseMemory memory;
    memory.add(PhysAddr(start), image);
    return scan(memory, {PhysAddr(start), image.size() / 4096 * 4096}, options);
}

std::vector<std::uint64_t> addresses(const ScanReport &report, CandidateKind kind)
{
    std::vector<std::uint64_t> found;
    for (const Candidate &candidate : report.candidates) {
        if (candidate.kind == kind)
            found.push_back(candidate.address.value());
    }
    return found;
}

std::string format_of(const Candidate &candidate)
{
    if (!candidate.reading)
        return "-";
    const Reading &reading = *candidate.reading;
    return std::string(reading.table != nullptr ? reading.table->name : reading.directory->name);
}

// --- directories --------------------------------------------------------------------------------------------

struct Save {
    std::string folder;
    std::uint64_t start;
    std::uint64_t directory;
    std::string format;
};

class ScanSave : public testing::TestWithParam<Save>
{
};

TEST_P(ScanSave, TheDirectoryOfTheRegistersIsTheOnlyCandidateAndLeadsToEveryDomain)
{
    const Save &save = GetParam();
    const Image &image = unpack(fixture(save.folder) / "tables.raw.xz");
    const ScanReport report = scan(image, save.start);
    ASSERT_THAT(addresses(report, CandidateKind::directory), ElementsAre(save.directory));
    EXPECT_EQ(format_of(report.candidates.front()), save.format);
    EXPECT_THAT(addresses(report, CandidateKind::page_table), IsEmpty());
    EXPECT_THAT(addresses(report, CandidateKind::region), IsEmpty());
    EXPECT_EQ(report.bytes, image.size());
    EXPECT_FALSE(report.truncated);
    ScanOptions all;
    all.inner = ScanOptions::Inner::list;
    const std::vector<std::uint64_t> roots = addresses(scan(image, save.start, all), CandidateKind::page_table);
    std::set<std::uint64_t> expected;
    for (const DeviceRow &device : read_devices(fixture(save.folder))) {
        if (device.root != 0)
            expected.insert(device.root);
    }
    EXPECT_THAT(std::set(roots.begin(), roots.end()), testing::ContainerEq(expected));
    std::printf("%-20s domains under the directory: %zu of %zu, other candidates: %zu\n", save.folder.c_str(),
                roots.size(), expected.size(), report.candidates.size() - 1);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, ScanSave,
                         testing::Values(Save{"vtd-legacy-4level", 0, 0x196000, "vtd-root"},
                                         Save{"vtd-scalable", 0, 0x663c000, "vtd-root"},
                                         Save{"vtd-passthrough", 0, 0xdc9000, "vtd-root"},
                                         Save{"amd-v1", 0, 0x4dc8000, "amd-devtab"},
                                         Save{"smmuv3-s1", 0x40000000, 0x4334d000, "smmu-stream"}),
                         [](const auto &instance) {
                             std::string text = instance.param.folder;
                             std::ranges::replace(text, '-', '_');
                             return text;
                         });

struct SharedSave {
    std::string folder;
    std::uint64_t start;
    std::vector<std::uint64_t> directories;
};

class ScanSharedSave : public testing::TestWithParam<SharedSave>
{
};

/// The registers of the README; pages of 16K and 4K. Second-level stream tables have only a few words that are set.
TEST_P(ScanSharedSave, StreamTablesOfTwoLevelsAreListedByTheirFirstAndNoSecondLevelIsALinearOne)
{
    const SharedSave &save = GetParam();
    const auto file = shared_fixture(save.folder + "/tables.raw.xz");
    PGREGION_SKIP_WITHOUT(file, save.folder + "/tables.raw.xz");
    const ScanReport report = scan(unpack(*file), save.start);
    std::vector<std::uint64_t> found = addresses(report, CandidateKind::directory);
    std::ranges::sort(found);
    EXPECT_EQ(found, save.directories);
    for (const Candidate &candidate : report.candidates) {
        if (candidate.kind == CandidateKind::directory) {
            EXPECT_EQ(candidate.reading->params.value[0], 1U) << "fmt of " << candidate.address.value();
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, ScanSharedSave,
                         testing::Values(SharedSave{"smmuv3-4k-linux7.3", 0x40000000, {0x452c4000}},
                                         SharedSave{"smmuv3-16k-linux7.3", 0x40000000, {0x456a4000}},
                                         SharedSave{"smmuv3-two-units-linux7.3", 0x40000000, {0x41975000, 0x41bad000}}),
                         [](const auto &instance) { return "save" + std::to_string(instance.index); });

TEST(ScanMemory, TheCopyThatACrashKernelMadeOfItsDirectoryIsSaidToLeadToTheSameTables)
{
    const std::string name = "vtd-legacy-crash-kernel-copy-7.3/tables.raw.xz";
    const auto file = shared_fixture(name);
    PGREGION_SKIP_WITHOUT(file, name);
    const ScanReport report = scan(unpack(*file));
    ASSERT_EQ(report.candidates.size(), 2U);
    EXPECT_EQ(report.candidates[0].address, PhysAddr(0x2a6c000));
    EXPECT_THAT(report.candidates[0].same_tables, ElementsAre(PhysAddr(0xa98a000)));
    EXPECT_EQ(report.candidates[1].address, PhysAddr(0xa98a000));
    EXPECT_THAT(report.candidates[1].same_tables, ElementsAre(PhysAddr(0x2a6c000)));
}

// --- a whole memory -----------------------------------------------------------------------------------------

TEST(ScanMemory, AWholeMemoryWithoutRegionsHasItsRootTableAndNothingElse)
{
    const auto file = shared_fixture("vtd-passthrough/memory.raw.zst");
    PGREGION_SKIP_WITHOUT(file, "vtd-passthrough/memory.raw.zst");
    const ScanReport report = scan(unpack(*file));
    std::printf("128 MiB without regions: false regions %zu, false tables %zu, directories %zu of 1\n",
                addresses(report, CandidateKind::region).size(), addresses(report, CandidateKind::page_table).size(),
                addresses(report, CandidateKind::directory).size());
    ASSERT_EQ(report.candidates.size(), 1U);
    EXPECT_EQ(report.candidates.front().address, PhysAddr(0xdc9000));
    EXPECT_EQ(report.candidates.front().kind, CandidateKind::directory);
}

struct Planted {
    unsigned number;
    std::uint64_t address;
};

/// What a scan made of regions that were put into a memory.
struct Counts {
    unsigned in_first_places = 0;
    unsigned found = 0;
    unsigned false_regions = 0;
};

Counts count(const ScanReport &report, const std::vector<Planted> &planted)
{
    Counts counts;
    unsigned place = 0;
    for (const std::uint64_t address : addresses(report, CandidateKind::region)) {
        const auto same = [&](const Planted &region) { return region.address == address; };
        const bool real = std::ranges::any_of(planted, same);
        counts.found += real ? 1U : 0U;
        counts.false_regions += real ? 0U : 1U;
        counts.in_first_places += real && place < planted.size() ? 1U : 0U;
        ++place;
    }
    return counts;
}

void print(const char *label, const Counts &counts, std::size_t planted, std::uint64_t bytes)
{
    const double per_gib = counts.false_regions * 1073741824.0 / static_cast<double>(bytes);
    std::printf("%-34s regions %zu, found %u, in first places %u, false per GiB %.1f\n", label, planted, counts.found,
                counts.in_first_places, per_gib);
}

TEST(ScanMemory, AllRegionsAtTheirOwnAddressesAreFoundInFirstPlaces)
{
    const auto file = shared_fixture("vtd-passthrough/memory.raw.zst");
    PGREGION_SKIP_WITHOUT(file, "vtd-passthrough/memory.raw.zst");
    Image image = unpack(*file);
    std::vector<Planted> planted;
    for (unsigned number = 0; number < kRegionFixtures; ++number) {
        const RegionFixture region = read_region(number);
        ASSERT_LE(region.address + region.bytes.size(), image.size());
        std::ranges::copy(region.bytes, image.begin() + static_cast<std::ptrdiff_t>(region.address));
        planted.push_back({number, region.address});
    }
    const ScanReport report = scan(image);
    const Counts counts = count(report, planted);
    print("at their own addresses", counts, planted.size(), image.size());
    EXPECT_EQ(counts.found, kRegionFixtures);
    EXPECT_EQ(counts.in_first_places, kRegionFixtures);
    EXPECT_EQ(counts.false_regions, 0U);
    // Tables first, and each with its own base.
    for (std::size_t i = 0; i < kWithTables.size(); ++i) {
        ASSERT_EQ(report.candidates.at(i).kind, CandidateKind::region);
        ASSERT_TRUE(report.candidates.at(i).reading.has_value());
        EXPECT_EQ(report.candidates.at(i).reading->base, report.candidates.at(i).address);
    }
}

/// Puts every second region 1 MiB + 12 KiB behind a multiple of 2 MiB, and all of them elsewhere than they lay.
TEST(ScanMemory, RegionsCopiedElsewhereAreFoundAndTheirOwnBaseIsNamed)
{
    const auto file = shared_fixture("vtd-passthrough/memory.raw.zst");
    PGREGION_SKIP_WITHOUT(file, "vtd-passthrough/memory.raw.zst");
    Image image = unpack(*file);
    std::vector<Planted> planted;
    for (std::size_t i = 0; i < kWithTables.size(); ++i) {
        const RegionFixture region = read_region(kWithTables.at(i));
        const std::uint64_t address = 0x4000000 + i * 0x400000 + (i % 2) * 0x103000;
        std::ranges::copy(region.bytes, image.begin() + static_cast<std::ptrdiff_t>(address));
        planted.push_back({region.number, address});
    }
    const ScanReport report = scan(image);
    const Counts counts = count(report, planted);
    print("copied elsewhere, half unaligned", counts, planted.size(), image.size());
    EXPECT_EQ(counts.found, planted.size());
    EXPECT_EQ(counts.in_first_places, planted.size());
    EXPECT_EQ(counts.false_regions, 0U);
    for (const Planted &region : planted) {
        const auto candidate = std::ranges::find(report.candidates, PhysAddr(region.address), &Candidate::address);
        ASSERT_NE(candidate, report.candidates.end());
        EXPECT_EQ(candidate->reading->base, PhysAddr(read_region(region.number).address));
    }
}

TEST(ScanMemory, OfAMemoryWithHolesOnlyWhatIsThereIsLookedAt)
{
    const RegionFixture low = read_region(8);
    const RegionFixture high = read_region(9);
    PiecewiseMemory memory;
    memory.add(PhysAddr(low.address), low.bytes);
    memory.add(PhysAddr(0x4000000000), high.bytes);
    const std::vector<Range<PhysAddr>> ranges{{PhysAddr(low.address), 0x200000}, {PhysAddr(0x4000000000), 0x200000}};
    const ScanReport report = scan_memory(memory, ranges, {});
    EXPECT_THAT(addresses(report, CandidateKind::region), ElementsAre(0x7000000, 0x4000000000));
    EXPECT_EQ(report.candidates.back().reading->base, PhysAddr(0x7200000));
    EXPECT_EQ(report.bytes, 0x400000U);
}

// --- collections --------------------------------------------------------------------------------------------

Image collection(std::size_t skipped)
{
    Image image(skipped, std::byte{0x5a});
    for (unsigned number = 0; number < kRegionFixtures; ++number) {
        const RegionFixture region = read_region(number);
        image.insert(image.end(), region.bytes.begin(), region.bytes.end());
    }
    return image;
}

TEST(ScanMemory, ACollectionOfRegionsIsFoundWholeThoseWithTablesFirst)
{
    const ScanReport report = scan(collection(0));
    const std::vector<std::uint64_t> found = addresses(report, CandidateKind::region);
    EXPECT_EQ(found.size(), kRegionFixtures);
    EXPECT_EQ(report.candidates.size(), kRegionFixtures);
    ASSERT_GE(found.size(), 4U);
    EXPECT_THAT(std::vector(found.begin(), found.begin() + 4), ElementsAre(0x800000, 0xe00000, 0x1000000, 0x1200000));
    EXPECT_EQ(report.candidates.at(1).reading->base, PhysAddr(0x6e00000));
}

TEST(ScanMemory, BehindAHeaderThoseWithTablesAreFound)
{
    const ScanReport report = scan(collection(3 * 4096));
    EXPECT_THAT(addresses(report, CandidateKind::region),
                testing::IsSupersetOf({0x803000U, 0xe03000U, 0x1003000U, 0x1203000U}));
    EXPECT_EQ(report.candidates.front().reading->base, PhysAddr(0x6800000));
    ScanOptions aligned;
    aligned.align_bytes = 0x200000;
    EXPECT_THAT(addresses(scan(collection(3 * 4096), 0, aligned), CandidateKind::region), IsEmpty());
}

// --- nothing there ------------------------------------------------------------------------------------------

TEST(ScanMemory, RandomDataHasNothing)
{
    std::mt19937_64 dice(7);
    Image image(std::size_t{kSanitized ? 4U : 32U} << 20);
    for (std::size_t at = 0; at < image.size(); at += 8) {
        const std::uint64_t word = dice();
        std::memcpy(&image[at], &word, 8);
    }
    EXPECT_TRUE(scan(image).candidates.empty());
}

TEST(ScanMemory, AProgramHasNothing)
{
    std::ifstream in("/proc/self/exe", std::ios::binary);
    const std::string content((std::istreambuf_iterator<char>(in)), {});
    ASSERT_GT(content.size(), 1000000U);
    // With a sanitizer's code in it the program is many times as large.
    Image image(std::min<std::size_t>(content.size(), 16U << 20) / 4096 * 4096);
    std::memcpy(image.data(), content.data(), image.size());
    // The program's own constant may stand where a super block begins.
    for (std::size_t page = 0; page < image.size(); page += 4096) {
        std::uint64_t word = 0;
        std::memcpy(&word, image.data() + page, sizeof word);
        if (word == kAreaMagic)
            image[page] = std::byte{0};
    }
    EXPECT_TRUE(scan(image).candidates.empty());
}

TEST(ScanMemory, ZerosHaveNothing) { EXPECT_TRUE(scan(Image(8U << 20)).candidates.empty()); }

}  // namespace
}  // namespace pgregion::test
