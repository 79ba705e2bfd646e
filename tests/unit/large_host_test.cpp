// SPDX-License-Identifier: GPL-2.0-or-later
//
// Scanning large healthy hosts: to the end, and everything named right. PGREGION_LONG=1 takes hosts with 64 MiB of tables
// (8 million leaves) and with 100 domains that share as many.
#include "support/large_host.h"
#include "support/sanitizer.h"

#include <pgregion/scan.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

using testing::ContainerEq;
using testing::SizeIs;

bool is_long() { return std::getenv("PGREGION_LONG") != nullptr; }

ScanReport scan(const LargeHost &host, ScanOptions::Inner inner = ScanOptions::Inner::leave_out)
{
    const PiecewiseMemory memory = host.image().memory();
    const Range<PhysAddr> all{PhysAddr(host.image().address(0)), host.image().bytes().size()};
    ScanOptions options;
    options.jobs = 2;
    options.inner = inner;
    return scan_memory(memory, {&all, 1}, options);
}

std::set<std::uint64_t> addresses(const ScanReport &report, CandidateKind kind)
{
    std::set<std::uint64_t> found;
    for (const Candidate &candidate : report.candidates) {
        if (candidate.kind == kind)
            found.insert(candidate.address.value());
    }
    return found;
}

void zero_page(LargeHost &host, std::uint64_t address)
{
    const std::uint64_t at = address - host.image().address(0);
    std::ranges::fill(host.image().bytes().subspan(at, kTestPageBytes), std::byte{0});
}

class LargeHostScan : public testing::TestWithParam<HostKind>
{
protected:
    /// The host, or in the long form one with `times` as many tables below each domain.
    static LargeHost make(HostRecipe recipe, std::size_t times)
    {
        recipe.kind = GetParam();
        if (is_long())
            recipe.tables *= times;
        else if (kSanitized)
            recipe.tables = std::max<std::size_t>(1, recipe.tables / 8);
        return LargeHost(recipe);
    }

    static void expect_its_directory_alone(const LargeHost &host)
    {
        const ScanReport report = scan(host);
        EXPECT_FALSE(report.truncated);
        ASSERT_THAT(report.candidates, SizeIs(1));
        const Candidate &found = report.candidates.front();
        EXPECT_EQ(found.kind, CandidateKind::directory);
        EXPECT_EQ(found.address, PhysAddr(host.directory()));
        ASSERT_TRUE(found.reading && found.reading->directory != nullptr);
        EXPECT_EQ(found.reading->directory->name, host.format());
        const ScanReport inner = scan(host, ScanOptions::Inner::list);
        EXPECT_FALSE(inner.truncated);
        EXPECT_THAT(addresses(inner, CandidateKind::page_table),
                    ContainerEq(std::set(host.roots().begin(), host.roots().end())));
    }
};

/// Long: 16,384 tables of 512 leaves.
TEST_P(LargeHostScan, OneDeviceWithAllTheTablesIsADirectory)
{
    expect_its_directory_alone(make({.devices = 1, .tables = 1024}, 16));
}

TEST_P(LargeHostScan, OneDeviceWithASingleTableOfLeavesIsADirectory)
{
    expect_its_directory_alone(make({.devices = 1, .tables = 1}, 1));
}

TEST_P(LargeHostScan, ManyDomainsOfTheirOwnAreReadToTheEnd)
{
    expect_its_directory_alone(make({.devices = 64, .tables = 16}, 16));
}

/// Long: each of 16,384 tables is reached in 100 ways.
TEST_P(LargeHostScan, AHundredDomainsThatShareTheirLastTablesAreReadToTheEnd)
{
    expect_its_directory_alone(make({.devices = 100, .tables = 512, .shared = true}, 32));
}

/// As in a dump without the pages of the directory. Those of Arm are left out: a root of one entry that happens to lie
/// at a multiple of 16 KiB reads as well with that granule.
class LargeHostWithoutDirectory : public LargeHostScan
{
};

TEST_P(LargeHostWithoutDirectory, DomainsThatShareTheirLastTablesAreRootsWhereNoDirectoryLeadsToThem)
{
    LargeHost host = make({.devices = 100, .tables = 256, .shared = true}, 32);
    for (std::uint64_t page = 0; page < 32; ++page)
        zero_page(host, host.directory() + page * kTestPageBytes);
    const ScanReport report = scan(host);
    EXPECT_FALSE(report.truncated);
    EXPECT_THAT(addresses(report, CandidateKind::page_table),
                ContainerEq(std::set(host.roots().begin(), host.roots().end())));
    for (const Candidate &candidate : report.candidates)
        EXPECT_EQ(candidate.reading->params.levels, 4U) << candidate.address.value();
}

INSTANTIATE_TEST_SUITE_P(Kinds, LargeHostScan, testing::Values(HostKind::vtd, HostKind::amd, HostKind::arm),
                         [](const auto &instance) { return LargeHost({.kind = instance.param}).name(); });

INSTANTIATE_TEST_SUITE_P(Kinds, LargeHostWithoutDirectory, testing::Values(HostKind::vtd, HostKind::amd),
                         [](const auto &instance) { return LargeHost({.kind = instance.param}).name(); });

TEST(LargeHost, AContextTableWhoseRootTableIsMissingIsNoTableOfFiveLevels)
{
    LargeHost host({.kind = HostKind::vtd, .devices = 1, .tables = 4});
    zero_page(host, host.directory());
    const ScanReport report = scan(host);
    ASSERT_THAT(report.candidates, SizeIs(1));
    EXPECT_EQ(report.candidates.front().address.value(), host.roots().front());
    EXPECT_EQ(report.candidates.front().reading->params.levels, 4U);
}

/// A copy of root and context table, as a kernel makes it that starts after a crash; and a directory of its own.
TEST(LargeHost, DirectoriesThatLeadToTheSameTablesAreNamedToEachOther)
{
    LargeHost host({.kind = HostKind::vtd, .devices = 3, .tables = 2});
    TableImage &image = host.image();
    const std::size_t root = (host.directory() - image.address(0)) / kTestPageBytes;
    const std::size_t copy = root + 8;
    image.put(copy, 0, image.address(copy + 1) | 1);
    for (std::size_t word = 0; word < 6; ++word)
        image.put(copy + 1, word, image.get(root + 1, word));
    const ScanReport report = scan(host);
    ASSERT_THAT(report.candidates, SizeIs(2));
    EXPECT_EQ(report.candidates[0].address.value(), host.directory());
    EXPECT_THAT(report.candidates[0].same_tables, testing::ElementsAre(PhysAddr(image.address(copy))));
    EXPECT_THAT(report.candidates[1].same_tables, testing::ElementsAre(PhysAddr(host.directory())));
    image.put(copy, 0, 0);
    const ScanReport alone = scan(host);
    EXPECT_THAT(alone.candidates.front().same_tables, testing::IsEmpty());
}

}  // namespace
}  // namespace pgregion::test
