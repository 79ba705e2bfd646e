// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of ids and roots that several records share: region.md section 3 (D16), iommu-formats.md section 9 (PT39,
// PT40). What is cached under which id: sections 1.3, 1.7, 2.2, 4.2, 4.3, 5.3 and 5.4.
#include "unit/check_directory_support.h"

namespace pgregion::test
{
namespace
{

using enum Severity;
using enum RepairPolicy;

constexpr const char *kShared = "domain-id-shared";
constexpr const char *kLevels = "root-levels-differ";
constexpr const char *kOtherTables = "other tables";
constexpr const char *kOtherWay = "the same tables, read in another way";

// ---- VT-d, legacy mode: DID -----------------------------------------------------------------------------------

constexpr std::uint64_t kContext = 0x1002000;

/// A context table on page 2; tables are empty pages.
TableImage legacy(const std::vector<Word> &words)
{
    TableImage image(kMemoryAt, 16);
    image.put(1, 0, 0x1002001);
    return with(image, words);
}

DirectoryRequest legacy_unit() { return unit_of("vtd-root", {0x1001000}); }

TEST(DomainIds, OfTwoRootsUnderOneIdTheSecondIsReported)
{
    const TableImage image = legacy({{2, 32, 0x1003001}, {2, 33, 0x502}, {2, 48, 0x1007001}, {2, 49, 0x502}});
    const auto findings = check_units(image, {legacy_unit()}, kShared);
    EXPECT_EQ(all_said(findings), (std::vector<Said>{{kContext, 24, 24, error, all, kOtherTables}}));
    EXPECT_EQ(findings.at(0).observed, 5U);
    EXPECT_EQ(findings.at(0).target, PhysAddr(0x1007000));
    EXPECT_EQ(findings.at(0).expected, 0x1003000U);
    EXPECT_EQ(findings.at(0).remedy, Remedy::block_record);
    EXPECT_TRUE(findings.at(0).security);
}

TEST(DomainIds, TheFewerAreReportedWhereverTheyStand)
{
    const TableImage image = legacy(
        {{2, 32, 0x1003001}, {2, 33, 0x502}, {2, 48, 0x1007001}, {2, 49, 0x502}, {2, 64, 0x1007001}, {2, 65, 0x502}});
    EXPECT_EQ(all_said(check_units(image, {legacy_unit()}, kShared)),
              (std::vector<Said>{{kContext, 16, 16, error, all, kOtherTables}}));
}

TEST(DomainIds, AnotherWidthUnderOneIdIsReportedAndSoIsTheRoot)
{
    const TableImage image = legacy({{2, 32, 0x1003001}, {2, 33, 0x501}, {2, 48, 0x1003001}, {2, 49, 0x502}});
    EXPECT_EQ(all_said(check_units(image, {legacy_unit()}, kShared)),
              (std::vector<Said>{{kContext, 24, 24, error, all, kOtherWay}}));
    const auto findings = check_units(image, {legacy_unit()}, kLevels);
    EXPECT_EQ(all_said(findings), (std::vector<Said>{{kContext, 24, 24, error, all, "levels"}}));
    EXPECT_EQ(findings.at(0).observed, 4U);
    EXPECT_EQ(findings.at(0).expected, 3U);
    EXPECT_EQ(findings.at(0).target, PhysAddr(0x1003000));
    EXPECT_FALSE(findings.at(0).security);
}

TEST(DomainIds, DevicesOfOneDomainShareItAll)
{
    const TableImage image = legacy({{2, 32, 0x1003001}, {2, 33, 0x502}, {2, 48, 0x1003001}, {2, 49, 0x502}});
    EXPECT_EQ(check_units(image, {legacy_unit()}, kShared).size(), 0U);
    EXPECT_EQ(check_units(image, {legacy_unit()}, kLevels).size(), 0U);
}

TEST(DomainIds, PassThroughHasNoTablesThatCouldDiffer)
{
    const TableImage image =
        legacy({{2, 32, 0x1003009}, {2, 33, 0x502}, {2, 48, 0x9}, {2, 49, 0x502}, {2, 64, 0x1007001}, {2, 65, 0x502}});
    EXPECT_EQ(check_units(image, {legacy_unit()}, kShared).size(), 0U);
}

TEST(DomainIds, AnIdHoldsForItsUnitAloneButARootForAll)
{
    TableImage image = legacy({{2, 32, 0x1003001}, {2, 33, 0x502}});
    image.put(8, 0, 0x1009001).put(9, 32, 0x1007001).put(9, 33, 0x502);
    const std::vector<DirectoryRequest> units{legacy_unit(), unit_of("vtd-root", {0x1008000})};
    EXPECT_EQ(check_units(image, units, kShared).size(), 0U);
    image.put(9, 32, 0x1003001).put(9, 33, 0x503);
    const auto findings = check_units(image, units, kLevels);
    EXPECT_EQ(all_said(findings), (std::vector<Said>{{0x1009000, 16, 16, error, all, "levels"}}));
    EXPECT_EQ(findings.at(0).unit, 1U);
}

// ---- VT-d, scalable mode: DID, and PASID in the first stage -----------------------------------------------------

constexpr std::uint64_t kPasids = 0x1004000;
constexpr std::uint64_t kOtherPasids = 0x1006000;

/// 00:02.0 and 00:03.0 with a PASID table each: pages 4 and 6.
TableImage scalable(const std::vector<Word> &words)
{
    TableImage image(kMemoryAt, 16);
    image.put(1, 0, 0x1002001).put(2, 64, 0x1003009).put(3, 0, 0x1004001);
    image.put(2, 96, 0x1005009).put(5, 0, 0x1006001);
    return with(image, words);
}

std::vector<Said> scalable_shared(const std::vector<Word> &words)
{
    return all_said(check_units(scalable(words), {unit_of("vtd-root", {0x1001400})}, kShared));
}

TEST(DomainIds, SecondStageTablesOfPasidsCountByDomain)
{
    EXPECT_EQ(scalable_shared({{4, 0, 0x1008089}, {4, 1, 7}, {6, 8, 0x1009089}, {6, 9, 7}}),
              (std::vector<Said>{{kOtherPasids, 1, 24, error, all, kOtherTables}}));
}

TEST(DomainIds, FirstStageTablesOfOneDomainMayDifferByPasid)
{
    EXPECT_EQ(
        scalable_shared({{4, 0, 0x41}, {4, 1, 7}, {4, 2, 0x1008000}, {4, 8, 0x41}, {4, 9, 7}, {4, 10, 0x1009000}}),
        std::vector<Said>{});
    EXPECT_EQ(scalable_shared({{4, 0, 0x41}, {4, 1, 7}, {4, 2, 0x1008000}, {6, 0, 0x41}, {6, 1, 7}, {6, 2, 0x1009000}}),
              (std::vector<Said>{{kOtherPasids, 0, 24, error, all, kOtherTables}}));
}

TEST(DomainIds, DomainOneStandsForAllFirstStageTables)
{
    EXPECT_EQ(scalable_shared({{4, 0, 0x41}, {4, 1, 1}, {4, 2, 0x1008000}, {6, 0, 0x41}, {6, 1, 1}, {6, 2, 0x1009000}}),
              std::vector<Said>{});
}

TEST(DomainIds, OfNestedTablesTheOuterOnesCount)
{
    EXPECT_EQ(
        scalable_shared({{4, 0, 0x10080c9}, {4, 1, 7}, {4, 2, 0x8000}, {6, 0, 0x10080c9}, {6, 1, 7}, {6, 2, 0x9000}}),
        std::vector<Said>{});
    EXPECT_EQ(
        scalable_shared({{4, 0, 0x10080c9}, {4, 1, 7}, {4, 2, 0x8000}, {6, 0, 0x10090c9}, {6, 1, 7}, {6, 2, 0x8000}}),
        (std::vector<Said>{{kOtherPasids, 0, 24, error, all, kOtherTables}}));
}

TEST(RootLevels, OneRootInTwoFormatsIsReported)
{
    const TableImage image = scalable(
        {{4, 0, 0x1008089}, {4, 1, 7}, {4, 8, 0x41}, {4, 9, 8}, {4, 10, 0x1008000}, {6, 0, 0x1008089}, {6, 1, 7}});
    EXPECT_EQ(all_said(check_units(image, {unit_of("vtd-root", {0x1001400})}, kLevels)),
              (std::vector<Said>{{kPasids, 1, 16, error, all, "formats"}}));
}

// ---- AMD-Vi: DomainID -------------------------------------------------------------------------------------------

TableImage amd(const std::vector<Word> &words)
{
    TableImage image(kMemoryAt, 16);
    for (std::size_t entry = 0; entry < 128; ++entry)
        image.put(1, entry * 4, 0x3);
    return with(image, words);
}

std::vector<Finding> amd_findings(const std::vector<Word> &words, const char *code)
{
    return check_units(amd(words), {unit_of("amd-devtab", {0x1001000})}, code);
}

TEST(DomainIds, OfAmdDevicesAreFound)
{
    const std::vector<Word> words{{1, 64, 0x6000000001002603}, {1, 65, 5}, {1, 68, 0x6000000001003603}, {1, 69, 5}};
    EXPECT_EQ(all_said(amd_findings(words, kShared)),
              (std::vector<Said>{{0x1001000, 17, 17, error, all, kOtherTables}}));
}

TEST(DomainIds, WhileAmdTablesGrowItIsAWarning)
{
    // Mode 3 at page 2; Mode 4 at page 3, whose slot 0 leads to page 2.
    const std::vector<Word> words{
        {1, 64, 0x6000000001002603}, {1, 65, 5}, {1, 68, 0x6000000001003803}, {1, 69, 5}, {3, 0, 0x6000000001002601}};
    const auto findings = amd_findings(words, kShared);
    EXPECT_EQ(all_said(findings), (std::vector<Said>{{0x1001000, 17, 17, warning, none, kOtherTables}}));
    EXPECT_FALSE(findings.at(0).security);
}

TEST(DomainIds, ANewRootThatLeadsElsewhereIsNoGrowth)
{
    const std::vector<Word> words{
        {1, 64, 0x6000000001002603}, {1, 65, 5}, {1, 68, 0x6000000001003803}, {1, 69, 5}, {3, 0, 0x6000000001004601}};
    EXPECT_EQ(all_said(amd_findings(words, kShared)),
              (std::vector<Said>{{0x1001000, 17, 17, error, all, kOtherTables}}));
}

TEST(RootLevels, OfAmdDevicesAreAWarning)
{
    const std::vector<Word> words{{1, 64, 0x6000000001002603}, {1, 65, 5}, {1, 68, 0x6000000001002803}, {1, 69, 6}};
    EXPECT_EQ(all_said(amd_findings(words, kLevels)), (std::vector<Said>{{0x1001000, 17, 17, warning, all, "levels"}}));
}

// ---- SMMUv3: VMID, and ASID of a VMID -----------------------------------------------------------------------------

/// Streams with word 0, 1, 2, 3 of their entries each; context descriptors on pages 2 and 3.
std::vector<Finding> smmu_findings(const std::vector<Word> &words, const char *code)
{
    return check_units(with(TableImage(kMemoryAt, 24), words), {unit_of("smmu-stream", {0x1001000, 0x3})}, code);
}

std::vector<Word> two_contexts(std::uint64_t second_words1, std::uint64_t second_vmid, std::uint64_t second_word0)
{
    return {{1, 8, 0x100200b},    {1, 9, 0xd6},         {2, 0, 0x0055e205c0003519},
            {2, 1, 0x1004000},    {1, 16, 0x100300b},   {1, 17, second_words1},
            {1, 18, second_vmid}, {3, 0, second_word0}, {3, 1, 0x1005000}};
}

TEST(DomainIds, VmidsAreFound)
{
    const auto findings = smmu_findings({{1, 8, 0xd},
                                         {1, 10, 0x044a355800000099},
                                         {1, 11, 0x1006000},
                                         {1, 16, 0xd},
                                         {1, 18, 0x044a355800000099},
                                         {1, 19, 0x1008000}},
                                        kShared);
    EXPECT_EQ(all_said(findings), (std::vector<Said>{{0x1001000, 2, 2, error, all, kOtherTables}}));
    EXPECT_EQ(findings.at(0).observed, 0x99U);
}

TEST(DomainIds, AsidsCountWithinTheirVmidAndWorld)
{
    EXPECT_EQ(all_said(smmu_findings(two_contexts(0xd6, 0, 0x0055e205c0003519), kShared)),
              (std::vector<Said>{{0x1003000, 0, 2, error, all, kOtherTables}}));
    EXPECT_EQ(smmu_findings(two_contexts(0xd6, 1, 0x0055e205c0003519), kShared).size(), 0U);
    EXPECT_EQ(smmu_findings(two_contexts(0x800000d6, 0, 0x0055e205c0003519), kShared).size(), 0U);
    EXPECT_EQ(smmu_findings(two_contexts(0xd6, 0, 0x0056e205c0003519), kShared).size(), 0U);
}

TEST(RootLevels, AnotherWidthWithAsManyLevelsIsReported)
{
    // T0SZ 25 and 26: three levels, start tables of 512 and of 256 entries.
    const std::vector<Word> words{{1, 8, 0x100200b},  {2, 0, 0x0055e205c0003519}, {2, 1, 0x1004000},
                                  {1, 16, 0x100300b}, {3, 0, 0x0056e205c000351a}, {3, 1, 0x1004000}};
    EXPECT_EQ(all_said(smmu_findings(words, kLevels)), (std::vector<Said>{{0x1003000, 0, 2, error, all, "widths"}}));
}

// ---- RISC-V: GSCID, and PSCID ---------------------------------------------------------------------------------------

std::vector<Said> riscv_shared(const std::vector<Word> &words)
{
    return all_said(check_units(with(TableImage(kMemoryAt, 24), words), {unit_of("riscv-ddt", {0x400402})}, kShared));
}

TEST(DomainIds, GscidsAreFound)
{
    EXPECT_EQ(riscv_shared({{1, 8, 0x1}, {1, 9, 0x8001200000001004}, {1, 16, 0x1}, {1, 17, 0x8001200000001008}}),
              (std::vector<Said>{{0x1001000, 2, 2, error, all, kOtherTables}}));
    EXPECT_EQ(riscv_shared({{1, 8, 0x1}, {1, 9, 0x8001200000001004}, {1, 16, 0x1}, {1, 17, 0x8001300000001008}}),
              std::vector<Said>{});
}

TEST(DomainIds, PscidsAreFoundInDeviceAndProcessContexts)
{
    EXPECT_EQ(riscv_shared({{1, 8, 0x1},
                            {1, 10, 0x77000},
                            {1, 11, 0x8000000000001002},
                            {1, 16, 0x21},
                            {1, 19, 0x1000000000001003},
                            {3, 2, 0x77001},
                            {3, 3, 0x8000000000001004}}),
              (std::vector<Said>{{0x1003000, 1, 2, error, all, kOtherTables}}));
}

TEST(DomainIds, AGuestsPscidsAreItsOwn)
{
    // Both nested, GSCID 0x12, tables of the guest under one PSCID.
    EXPECT_EQ(riscv_shared({{1, 8, 0x1},
                            {1, 9, 0x8001200000001004},
                            {1, 10, 0x77000},
                            {1, 11, 0x8000000000000002},
                            {1, 16, 0x1},
                            {1, 17, 0x8001200000001004},
                            {1, 18, 0x77000},
                            {1, 19, 0x8000000000000003}}),
              std::vector<Said>{});
}

}  // namespace
}  // namespace pgregion::test
