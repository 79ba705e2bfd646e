// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of the records of VT-d directories, in legacy and scalable mode: iommu-formats.md sections 1.2 to 1.7 and 9
// (PT34 to PT38, PT47).
#include "unit/check_directory_support.h"

namespace pgregion::test
{
namespace
{

using enum Severity;
using enum RepairPolicy;

/// 00:02.0 with second-stage tables of four levels, domain 5.
TableImage legacy()
{
    TableImage image(kMemoryAt, 16);
    image.put(1, 0, 0x1002001);                     // root entry, bus 0: P, context table
    image.put(2, 32, 0x1003001).put(2, 33, 0x502);  // context entry 16: P, TT 0, AW 2, DID 5
    image.put(3, 0, 0x1004003).put(4, 0, 0x1005003).put(5, 0, 0x1006003).put(6, 1, 0x50000003);
    return image;
}

DirectoryRequest legacy_unit() { return unit_of("vtd-root", {0x1001000}); }

/// 00:02.0: PASID 0 second stage, domain 7 (which requests without PASID use); PASID 1 first stage, domain 8.
TableImage scalable()
{
    TableImage image(kMemoryAt, 32);
    image.put(1, 0, 0x1002001);                                // root entry: devices 0 to 127
    image.put(2, 64, 0x1003009);                               // context entry 16: PASID directory, PASIDE, P
    image.put(3, 0, 0x1004001);                                // PASID directory entry
    image.put(4, 0, 0x1005089).put(4, 1, 7);                   // PGTT 2, AW 2, domain 7
    image.put(4, 8, 0x41).put(4, 9, 8).put(4, 10, 0x1008000);  // PGTT 1, domain 8, first-stage root
    image.put(5, 0, 0x1006003).put(6, 0, 0x1007003).put(7, 0, 0x1009003);
    image.put(8, 0, 0x100a027).put(10, 0, 0x100b027).put(11, 0, 0x100c027).put(12, 0, 0x60000067);
    return image;
}

DirectoryRequest scalable_unit() { return unit_of("vtd-root", {0x1001400}); }

constexpr std::uint64_t kContext = 0x1002000;
constexpr std::uint64_t kPasids = 0x1004000;
constexpr const char *kInvalid = "directory-entry-invalid";
constexpr const char *kTorn = "directory-entry-torn";

const std::vector<RecordCase> kLegacyCases{
    {"TranslationType3", kInvalid, {{2, 32, 0x100300d}}, {{kContext, 16, 16, error, safe, "translation type TT"}}},
    {"AddressWidth0", kInvalid, {{2, 33, 0x500}}, {{kContext, 16, 16, error, safe, "address width AW"}}},
    {"AddressWidth4", kInvalid, {{2, 33, 0x504}}, {{kContext, 16, 16, error, safe, "address width AW"}}},
    {"ReservedBit4", kInvalid, {{2, 32, 0x1003011}}, {{kContext, 16, 16, error, safe, "reserved bits"}}},
    {"ReservedBit71", kInvalid, {{2, 33, 0x582}}, {{kContext, 16, 16, error, safe, "reserved bits"}}},
    {"ReservedBitOfRootEntry", kInvalid, {{1, 0, 0x1002003}}, {{0x1001000, 0, 0, error, safe, "reserved bits"}}},
    {"UpperHalfOfRootEntry", kInvalid, {{1, 1, 0x1002001}}, {{0x1001000, 0, 0, error, safe, "reserved bits"}}},
    {"PassThrough", "device-pass-through", {{2, 32, 0x9}}, {{kContext, 16, 16, warning, none, ""}}},
    {"FaultsOff", "fault-reporting-off", {{2, 32, 0x1003003}}, {{kContext, 16, 16, warning, none, "FPD"}}},
    {"Ats", "ats-enabled", {{2, 32, 0x1003005}}, {{kContext, 16, 16, info, none, ""}}},
    {"NoRoot", kTorn, {{2, 32, 0x1}}, {{kContext, 16, 16, warning, all, "present, but its table is at address 0"}}},
    {"NoContextTable",
     kTorn,
     {{1, 0, 0x1}},
     {{0x1001000, 0, 0, warning, all, "present, but its table is at address 0"}}},
    {"NotPresentWithData",
     kTorn,
     {{2, 32, 0x1003000}},
     {{kContext, 16, 16, warning, all, "not present, but not empty"}}},
    {"NotPresentWithDomain", kTorn, {{2, 32, 0}}, {{kContext, 16, 16, warning, all, "not present, but not empty"}}},
    // What is not wrong.
    {"IgnoredBits", kInvalid, {{2, 33, 0x57a}}, {}},
    {"FaultsOffButNotPresent", "fault-reporting-off", {{2, 32, 0x2}, {2, 33, 0}}, {}},
    {"FaultsOffAloneIsNotTorn", kTorn, {{2, 32, 0x2}, {2, 33, 0}}, {}},
    {"PassThroughHasNoPointer", kTorn, {{2, 32, 0x9}}, {}},
    {"BlockedIsNotInvalid", kInvalid, {{2, 32, 0}, {2, 33, 0}}, {}},
};

const std::vector<RecordCase> kScalableCases{
    {"TranslationType7", kInvalid, {{4, 0, 0x10051c9}}, {{kPasids, 0, 16, error, safe, "translation type PGTT"}}},
    {"TranslationType0", kInvalid, {{4, 0, 0x1005009}}, {{kPasids, 0, 16, error, safe, "translation type PGTT"}}},
    {"SecondStageWidth", kInvalid, {{4, 0, 0x1005081}}, {{kPasids, 0, 16, error, safe, "address width AW"}}},
    {"PagingMode2", kInvalid, {{4, 10, 0x1008008}}, {{kPasids, 1, 16, error, safe, "first-stage paging mode FSPM"}}},
    {"ReservedBit80", kInvalid, {{4, 1, 0x10007}}, {{kPasids, 0, 16, error, safe, "reserved bits"}}},
    {"ReservedWord7", kInvalid, {{4, 7, 1}}, {{kPasids, 0, 16, error, safe, "reserved bits"}}},
    {"ReservedBitOfDirectory", kInvalid, {{3, 0, 0x1004005}}, {{0x1003000, 0, 16, error, safe, "reserved bits"}}},
    {"ReservedBitOfRootHalf", kInvalid, {{1, 0, 0x1002005}}, {{0x1001000, 0, 0, error, safe, "reserved bits"}}},
    {"ReservedWordOfContext", kInvalid, {{2, 66, 1}}, {{kContext, 16, 16, error, safe, "reserved bits"}}},
    {"BitsOfNewerRevisions", kInvalid, {{2, 64, 0x1003029}}, {{kContext, 16, 16, warning, all, "reserved bits"}}},
    {"RidPasidTooLarge",
     kInvalid,
     {{2, 65, 0x2000}},
     {{kContext, 16, 16, error, all, "RID_PASID beyond the PASID directory"}}},
    {"PassThrough", "device-pass-through", {{4, 0, 0x109}}, {{kPasids, 0, 16, warning, none, ""}}},
    {"FaultsOffInContext", "fault-reporting-off", {{2, 64, 0x100300b}}, {{kContext, 16, 16, warning, none, "FPD"}}},
    {"FaultsOffInPasidEntry", "fault-reporting-off", {{4, 0, 0x100508b}}, {{kPasids, 0, 16, warning, none, "FPD"}}},
    {"DeviceTlb", "ats-enabled", {{2, 64, 0x100300d}}, {{kContext, 16, 16, info, none, ""}}},
    {"FirstStageWithoutRoot",
     kTorn,
     {{4, 10, 0}},
     {{kPasids, 1, 16, warning, all, "present, but its table is at address 0"}}},
    {"SecondStageWithoutRoot",
     kTorn,
     {{4, 0, 0x89}},
     {{kPasids, 0, 16, warning, all, "present, but its table is at address 0"}}},
    {"HalfBuiltPasidEntry", kTorn, {{4, 8, 0x40}}, {{kPasids, 1, 16, warning, all, "not present, but not empty"}}},
    {"PasidDirectoryOfTwoPages",
     "root-misaligned",
     {{2, 64, 0x1003609}},
     {{kContext, 16, 16, warning, none, "PASID directory"}}},
    // What is not wrong.
    {"TornDownEntry", kTorn, {{4, 8, 0x2}, {4, 9, 0}, {4, 10, 0}}, {}},
    {"SmallPasidDirectory", "root-misaligned", {{2, 64, 0x1003409}}, {}},
};

class VtdLegacyRecord : public testing::TestWithParam<RecordCase>
{
};

TEST_P(VtdLegacyRecord, IsFoundWhereItIsAndNotInTheSoundDirectory) { expect_case(legacy(), legacy_unit(), GetParam()); }

INSTANTIATE_TEST_SUITE_P(Cases, VtdLegacyRecord, testing::ValuesIn(kLegacyCases), CaseName());

class VtdScalableRecord : public testing::TestWithParam<RecordCase>
{
};

TEST_P(VtdScalableRecord, IsFoundWhereItIsAndNotInTheSoundDirectory)
{
    expect_case(scalable(), scalable_unit(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Cases, VtdScalableRecord, testing::ValuesIn(kScalableCases), CaseName());

TEST(VtdDirectoryChecks, AReservedBitIsNamedByTheWordThatWouldBeWithoutIt)
{
    const auto findings = check_units(with(legacy(), {{2, 33, 0x582}}), {legacy_unit()}, kInvalid);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].observed, 0x582U);
    EXPECT_EQ(findings[0].expected, 0x502U);
    EXPECT_EQ(findings[0].remedy, Remedy::block_record);
    EXPECT_EQ(findings[0].record_bytes, 16);
}

TEST(VtdDirectoryChecks, AReservedCodeHasNoExpectedWord)
{
    const auto findings = check_units(with(legacy(), {{2, 32, 0x100300d}}), {legacy_unit()}, kInvalid);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].observed, 0x100300dU);
    EXPECT_EQ(findings[0].expected, std::nullopt);
}

TEST(VtdDirectoryChecks, APasidEntryIsNamedWithItsPasid)
{
    const auto findings = check_units(with(scalable(), {{4, 8, 0x1c1}}), {scalable_unit()}, kInvalid);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].pasid, 1U);
    EXPECT_EQ(findings[0].offset, 0x4040U);
    EXPECT_EQ(findings[0].record_bytes, 64);
}

TEST(VtdDirectoryChecks, FunctionsOfADeviceThatPassThroughAreOneFinding)
{
    const TableImage image =
        with(legacy(),
             {{2, 32, 0x9}, {2, 34, 0x9}, {2, 35, 0x502}, {2, 36, 0x9}, {2, 37, 0x502}, {2, 48, 0x9}, {2, 49, 0x502}});
    const auto findings = check_units(image, {legacy_unit()}, "device-pass-through");
    ASSERT_EQ(findings.size(), 2U);
    EXPECT_EQ(findings[0].device, 16U);
    EXPECT_EQ(findings[0].last_device, 18U);
    EXPECT_EQ(findings[1].device, 24U);
    EXPECT_EQ(findings[1].last_device, 24U);
}

TEST(VtdDirectoryChecks, PasidsThatPassThroughAreFindingsOfTheirOwn)
{
    TableImage image(kMemoryAt, 16);
    image.put(1, 0, 0x1002001).put(2, 4, 0x1003009).put(3, 0, 0x1004001);  // 00:00.1
    image.put(4, 0, 0x109).put(4, 1, 1).put(4, 8, 0x109).put(4, 9, 1);
    const auto findings = check_units(image, {scalable_unit()}, "device-pass-through");
    ASSERT_EQ(findings.size(), 2U);
    EXPECT_EQ(findings[0].device, 1U);
    EXPECT_EQ(findings[0].last_device, std::nullopt);
    EXPECT_EQ(findings[0].pasid, 0U);
    EXPECT_EQ(findings[1].pasid, 1U);
}

TEST(VtdDirectoryChecks, AnAddressBeyondTheWidthIsReserved)
{
    DirectoryRequest unit = legacy_unit();
    unit.params.paw_bits = 39;
    const TableImage image = with(legacy(), {{2, 32, 0x8001003001}});
    EXPECT_EQ(all_said(check_units(image, {unit}, kInvalid)),
              (std::vector<Said>{{kContext, 16, 16, error, safe, "reserved bits"}}));
    EXPECT_EQ(all_said(check_units(image, {legacy_unit()}, kInvalid)), std::vector<Said>{});
}

TEST(VtdDirectoryChecks, TheUnitOfARecordIsSaid)
{
    TableImage image = legacy();
    image.put(13, 0, 0x100e001).put(14, 32, 0x100300d).put(14, 33, 0x502);
    const auto findings = check_units(image, {legacy_unit(), unit_of("vtd-root", {0x100d000})}, kInvalid);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].unit, 1U);
    EXPECT_EQ(findings[0].table, PhysAddr(0x100e000));
}

}  // namespace
}  // namespace pgregion::test
