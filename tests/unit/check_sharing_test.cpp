// SPDX-License-Identifier: GPL-2.0-or-later
//
// memory-shared: which domains can write the same memory, how much, where, and how bad that is. VT-d legacy tables by
// hand, of which the words are from iommu-formats.md section 1; what real kernels share is in
// tests/cli/healthy_kernels_test.cpp.
#include "unit/check_directory_support.h"

namespace pgregion::test
{
namespace
{

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t kReadWrite = 3;

/// Domains of three levels, one page each: domain n is the device with id n, its tables are pages 4n to 4n + 2.
class Domains
{
public:
    explicit Domains(std::size_t count) : image_(kMemoryAt, 4 * count + 8)
    {
        image_.put(1, 0, image_.address(2) | 1);
        for (std::size_t n = 1; n <= count; ++n) {
            const std::size_t root = 4 * n;
            image_.put(2, 2 * n, image_.address(root) | 1);
            image_.put(2, 2 * n + 1, n << 8 | 1);  // DID n, AW = 1: 39 bits
            image_.put(root, 0, image_.address(root + 1) | kReadWrite);
            image_.put(root + 1, 0, image_.address(root + 2) | kReadWrite);
        }
    }

    Domains &map(std::size_t domain, std::size_t slot, std::uint64_t leaf)
    {
        image_.put(4 * domain + 2, slot, leaf);
        return *this;
    }

    /// A leaf of 2 MiB.
    Domains &map_large(std::size_t domain, std::size_t slot, std::uint64_t leaf)
    {
        image_.put(4 * domain + 1, slot, leaf);
        return *this;
    }

    Domains &ram(std::uint64_t first, std::uint64_t size)
    {
        ram_.push_back({PhysAddr(first), size});
        return *this;
    }

    [[nodiscard]] CheckReport check() const
    {
        const PiecewiseMemory memory = image_.memory();
        CheckSubject subject;
        subject.memory = &memory;
        subject.memory_base = PhysAddr(kMemoryAt);
        subject.units = {unit_of("vtd-root", {kMemoryAt + 0x1000})};
        subject.ram = ram_;
        return run_checks(subject, {.only = {"memory-shared"}});
    }
    [[nodiscard]] std::vector<Finding> findings() const { return check().findings; }

private:
    TableImage image_;
    std::vector<Range<PhysAddr>> ram_;
};

MATCHER_P3(Shares, severity, pages, bytes, "is of that severity, over so many pages and bytes")
{
    return arg.severity == severity && arg.expected == std::uint64_t{pages} && arg.size_bytes == std::uint64_t{bytes};
}

std::vector<AddressRange> ranges_of(const Finding &finding) { return finding.lists->ranges; }

TEST(Sharing, OnePageOfTwoDriversBuffersIsInformation)
{
    Domains domains(2);
    domains.map(1, 3, 0x50003003).map(2, 5, 0x50003003);
    const std::vector<Finding> found = domains.findings();
    ASSERT_THAT(found, ElementsAre(Shares(Severity::info, 1U, 0x1000U)));
    EXPECT_EQ(found[0].detail, "memory");
    EXPECT_THAT(ranges_of(found[0]), ElementsAre(AddressRange{0x50003000, 0x50003fff}));
}

TEST(Sharing, MoreThanOnePageIsAWarningAlsoWhereThePagesAreApart)
{
    Domains domains(2);
    domains.map(1, 3, 0x50003003).map(1, 4, 0x60000003).map(1, 5, 0x60001003);
    domains.map(2, 30, 0x60001003).map(2, 40, 0x50003003).map(2, 50, 0x60000003);
    const std::vector<Finding> found = domains.findings();
    ASSERT_THAT(found, ElementsAre(Shares(Severity::warning, 3U, 0x3000U)));
    EXPECT_THAT(ranges_of(found[0]),
                ElementsAre(AddressRange{0x50003000, 0x50003fff}, AddressRange{0x60000000, 0x60001fff}));
}

TEST(Sharing, BothDomainsAreNamed)
{
    Domains domains(2);
    domains.map(1, 3, 0x50003003).map(1, 4, 0x50004003).map_large(2, 1, 0x50000083);
    const std::vector<Finding> found = domains.findings();
    ASSERT_THAT(found, ElementsAre(Shares(Severity::warning, 2U, 0x2000U)));
    const std::vector<FindingDomain> &named = found[0].lists->domains;
    ASSERT_THAT(named, SizeIs(2));
    EXPECT_EQ(named[0].device, 1U);
    EXPECT_EQ(named[0].domain_id, 1U);
    EXPECT_EQ(named[0].users, 1U);
    EXPECT_EQ(named[0].root, PhysAddr(kMemoryAt + 0x4000));
    EXPECT_EQ(named[0].iova, Iova(0x3000));
    EXPECT_EQ(named[1].device, 2U);
    EXPECT_EQ(named[1].domain_id, 2U);
    EXPECT_EQ(named[1].root, PhysAddr(kMemoryAt + 0x8000));
    EXPECT_EQ(named[1].iova, Iova(0x203000));
}

TEST(Sharing, APageThatADomainHasTwiceCountsOnce)
{
    Domains domains(2);
    domains.map(1, 3, 0x50003003).map(1, 9, 0x50003003).map(2, 5, 0x50003003).map(2, 6, 0x50003003);
    const std::vector<Finding> found = domains.findings();
    ASSERT_THAT(found, ElementsAre(Shares(Severity::info, 1U, 0x1000U)));
    EXPECT_EQ(found[0].lists->domains[0].iova, Iova(0x3000));
    EXPECT_EQ(found[0].lists->domains[1].iova, Iova(0x5000));
}

TEST(Sharing, EveryPairIsNamedAndNotTheNeighboursAlone)
{
    Domains domains(3);
    for (std::size_t domain = 1; domain <= 3; ++domain)
        domains.map(domain, 1, 0x50003003).map(domain, 2, 0x50004003);
    std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;
    for (const Finding &finding : domains.findings())
        pairs.emplace_back(*finding.lists->domains[0].domain_id, *finding.lists->domains[1].domain_id);
    EXPECT_THAT(pairs, testing::UnorderedElementsAre(std::pair(1U, 2U), std::pair(1U, 3U), std::pair(2U, 3U)));
}

TEST(Sharing, ReadOnlyMemoryIsNotShared)
{
    Domains domains(2);
    domains.map(1, 3, 0x50003003).map(1, 4, 0x50004003).map(2, 5, 0x50003001).map(2, 6, 0x50004001);
    EXPECT_THAT(domains.findings(), IsEmpty());
}

TEST(Sharing, WhatIsKnownNotToBeRamIsRegistersAndNamedWithTheFirstThatHasThem)
{
    Domains domains(3);
    for (std::size_t domain = 1; domain <= 3; ++domain)
        domains.map(domain, 1, 0x8090003).map(domain, 2, 0x8091003);
    EXPECT_THAT(domains.findings(), testing::Each(Shares(Severity::warning, 2U, 0x2000U)));
    const std::vector<Finding> found = domains.ram(0x40000000, 0x40000000).findings();
    ASSERT_THAT(found, ElementsAre(Shares(Severity::info, 2U, 0x2000U), Shares(Severity::info, 2U, 0x2000U)));
    for (const Finding &finding : found) {
        EXPECT_EQ(finding.detail, "registers of a device");
        EXPECT_EQ(finding.lists->domains[0].domain_id, 1U);
    }
}

TEST(Sharing, MemoryBesideSharedRegistersStaysWhatItIs)
{
    Domains domains(2);
    domains.ram(0x40000000, 0x40000000);
    for (std::size_t domain = 1; domain <= 2; ++domain)
        domains.map(domain, 1, 0x8090003).map(domain, 2, 0x50003003).map(domain, 3, 0x50004003);
    EXPECT_THAT(domains.findings(), testing::UnorderedElementsAre(Shares(Severity::info, 1U, 0x1000U),
                                                                  Shares(Severity::warning, 2U, 0x2000U)));
}

TEST(Sharing, OfManyRangesTheFirst64AreKeptAndTheOthersCounted)
{
    Domains domains(2);
    for (std::size_t i = 0; i < 100; ++i) {
        const std::uint64_t leaf = 0x50000003 + i * 0x2000;
        domains.map(1, i, leaf).map(2, 2 * i, leaf);
    }
    const std::vector<Finding> found = domains.findings();
    ASSERT_THAT(found, ElementsAre(Shares(Severity::warning, 100U, 0x64000U)));
    EXPECT_THAT(ranges_of(found[0]), SizeIs(64));
    EXPECT_EQ(found[0].lists->ranges_left_out, 36U);
}

CheckReport all_share(std::size_t count)
{
    Domains domains(count);
    for (std::size_t domain = 1; domain <= count; ++domain)
        domains.map_large(domain, 1, 0x50000083);
    return domains.check();
}

TEST(Sharing, MorePairsThanTheWorkAllowsAreSaidToBeMore)
{
    const CheckReport few = all_share(45);
    EXPECT_EQ(few.findings.size(), 990U);
    EXPECT_FALSE(few.truncated);
    const CheckReport many = all_share(46);
    EXPECT_EQ(many.findings.size(), 1000U);
    EXPECT_TRUE(many.truncated);
}

}  // namespace
}  // namespace pgregion::test
