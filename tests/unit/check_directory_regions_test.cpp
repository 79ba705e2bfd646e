// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of directories in regions, and of their pointers: region.md sections 1.3 and 3 (D18, D19, D20),
// iommu-formats.md section 9 (PT12).
#include "unit/check_directory_support.h"

namespace pgregion::test
{
namespace
{

using enum Severity;
using enum RepairPolicy;

constexpr std::uint64_t kDomainRegion = 0x2000000;

/// A root region at 0x1000000, with or without a domain region at 0x2000000.
class Regions
{
public:
    Regions() : root_(kMemoryAt), domain_(kDomainRegion)
    {
        root_.allocate(0, 2).put(1, 0, 0x1002001);
        root_.put(2, 32, 0x2001001).put(2, 33, 0x502);  // 00:02.0: tables at page 1 of the domain region
    }

    TableImage &root() { return root_; }

    [[nodiscard]] std::vector<Finding> check(std::string_view code, std::vector<DirectoryRequest> units = {
                                                                        unit_of("vtd-root", {0x1001000})}) const
    {
        PiecewiseMemory memory;
        memory.add(PhysAddr(kMemoryAt), root_.bytes());
        memory.add(PhysAddr(kDomainRegion), domain_.bytes());
        CheckSubject subject;
        subject.memory = &memory;
        subject.region = CheckRegion{root_.bytes(), PhysAddr(kMemoryAt)};
        subject.other_regions = {{PhysAddr(kDomainRegion), kRegionBytes}};
        subject.units = std::move(units);
        return run_checks(subject, {.only = {code}}).findings;
    }

private:
    TableImage root_;
    TableImage domain_;
};

// ---- D20 ------------------------------------------------------------------------------------------------------

TEST(RootPageSkipped, ADomainThatBeginsOnPage2OfItsRegionIsFound)
{
    Regions regions;
    regions.root().put(2, 32, 0x2002001);
    const auto findings = regions.check("root-page-skipped");
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].severity, warning);
    EXPECT_EQ(findings[0].table, PhysAddr(0x1002000));
    EXPECT_EQ(findings[0].page, PageIndex(2));
    EXPECT_EQ(findings[0].index, 16U);
    EXPECT_EQ(findings[0].device, 16U);
    EXPECT_EQ(findings[0].target, PhysAddr(0x2002000));
    EXPECT_EQ(findings[0].observed, 2U);
    EXPECT_EQ(findings[0].expected, 1U);
    EXPECT_EQ(findings[0].repair, none);
}

TEST(RootPageSkipped, Page1AndOrdinaryMemoryAreNormal)
{
    Regions regions;
    EXPECT_EQ(regions.check("root-page-skipped").size(), 0U);
    regions.root().put(2, 32, 0x5002001);
    EXPECT_EQ(regions.check("root-page-skipped").size(), 0U);
}

TEST(RootPageSkipped, TablesBesideTheDirectoryAreInNoDomainRegion)
{
    Regions regions;
    regions.root().put(2, 32, 0x1003001);
    EXPECT_EQ(regions.check("root-page-skipped").size(), 0U);
}

TEST(RootPageSkipped, OtherDirectoriesHaveNoSuchRegions)
{
    Regions regions;
    regions.root().put(1, 0, 0x6000000002002603);
    EXPECT_EQ(regions.check("root-page-skipped", {unit_of("amd-devtab", {0x1001000})}).size(), 0U);
}

// ---- D19 ------------------------------------------------------------------------------------------------------

TEST(ContextTableCleared, ATableOfClearedEntriesIsFound)
{
    Regions regions;
    regions.root().put(2, 32, 0).put(2, 33, 0);
    const auto findings = regions.check("context-table-cleared");
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].severity, info);
    EXPECT_EQ(findings[0].table, PhysAddr(0x1002000));
    EXPECT_EQ(findings[0].page, PageIndex(2));
    EXPECT_EQ(findings[0].index, std::nullopt);
    EXPECT_EQ(findings[0].repair, none);
}

TEST(ContextTableCleared, AnEntryThatIsNotPresentCountsAsCleared)
{
    Regions regions;
    regions.root().put(2, 32, 0x2001000);
    EXPECT_EQ(regions.check("context-table-cleared").size(), 1U);
}

TEST(ContextTableCleared, OnePresentEntryIsEnough) { EXPECT_EQ(Regions().check("context-table-cleared").size(), 0U); }

TEST(ContextTableCleared, TheUpperHalfOfAScalableBusHasATableOfItsOwn)
{
    Regions regions;
    regions.root().put(1, 1, 0x1003001).put(2, 64, 0x1004009);
    const auto findings = regions.check("context-table-cleared", {unit_of("vtd-root", {0x1001400})});
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].table, PhysAddr(0x1003000));
    EXPECT_EQ(findings[0].device, 0x80U);
}

TEST(ContextTableCleared, ATableThatTwoRootEntriesLeadToIsSaidOnce)
{
    Regions regions;
    regions.root().put(1, 2, 0x1003001).put(1, 4, 0x1003001);
    EXPECT_EQ(regions.check("context-table-cleared").size(), 1U);
}

TEST(ContextTableCleared, InOrdinaryMemoryNobodyKeepsThem)
{
    TableImage image(kMemoryAt, 16);
    image.put(1, 0, 0x1002001);
    EXPECT_EQ(check_units(image, {unit_of("vtd-root", {0x1001000})}, "context-table-cleared").size(), 0U);
}

// ---- D18 ------------------------------------------------------------------------------------------------------

TEST(DirectoryPointers, AContextTableOutsideOfTheRootRegionIsAnError)
{
    Regions regions;
    regions.root().put(1, 2, 0x2003001);
    const auto findings = regions.check("table-outside-region");
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].severity, error);
    EXPECT_EQ(findings[0].table, PhysAddr(0x1001000));
    EXPECT_EQ(findings[0].index, 1U);
    EXPECT_EQ(findings[0].device, 0x100U);
    EXPECT_EQ(findings[0].target, PhysAddr(0x2003000));
    EXPECT_EQ(findings[0].remedy, Remedy::block_record);
    EXPECT_EQ(findings[0].repair, all);
    EXPECT_EQ(findings[0].detail, "context table");
}

TEST(DirectoryPointers, APasidDirectoryInOrdinaryMemoryIsGoneAfterKexec)
{
    Regions regions;
    regions.root().put(2, 32, 0).put(2, 33, 0).put(2, 64, 0x50003009);
    const auto units = std::vector{unit_of("vtd-root", {0x1001400})};
    const auto findings = regions.check("table-outside-region", units);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].index, 16U);
    EXPECT_EQ(findings[0].detail, "PASID directory");
    // It is not in the source either, which is not said again.
    EXPECT_EQ(regions.check("table-outside-source", units).size(), 0U);
}

TEST(DirectoryPointers, AnAddressOfTheFullAllocatorIsSaidByItsOwnCheck)
{
    Regions regions;
    regions.root().put(1, 2, 0xff4001);  // 0xc000 below the region
    EXPECT_EQ(regions.check("table-outside-region").size(), 0U);
    const auto findings = regions.check("enomem-address");
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].index, 1U);
}

TEST(DirectoryPointers, ADomainsTablesOutsideOfTheRootRegionAreNormal)
{
    EXPECT_EQ(Regions().check("table-outside-region").size(), 0U);
}

TEST(DirectoryPointers, ThoseOfOrdinaryMemoryLeadOutOfTheSource)
{
    TableImage image(kMemoryAt, 16);
    image.put(1, 4, 0x5002001);
    const auto findings = check_units(image, {unit_of("vtd-root", {0x1001000})}, "table-outside-source");
    EXPECT_EQ(all_said(findings), (std::vector<Said>{{0x1001000, 2, 0x200, warning, none, "table of a directory"}}));
    EXPECT_EQ(findings.at(0).target, PhysAddr(0x5002000));
    EXPECT_EQ(check_units(image, {unit_of("vtd-root", {0x1001000})}, "table-outside-region").size(), 0U);
}

TEST(DirectoryPointers, ATableThatTheSourceCutsOffIsSaidOnce)
{
    // 64 KiB of memory, and a stream table of 128 KiB.
    const auto findings =
        check_units(TableImage(kMemoryAt, 16), {unit_of("smmu-stream", {0x1000000, 0xb})}, "table-outside-source");
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].target, PhysAddr(0x1010000));
    EXPECT_EQ(findings[0].index, 1024U);
}

}  // namespace
}  // namespace pgregion::test
