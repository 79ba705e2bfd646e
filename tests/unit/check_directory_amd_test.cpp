// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of the records of AMD-Vi directories: iommu-formats.md sections 2.1 to 2.3 and 9 (PT35 to PT38, PT47).
#include "unit/check_directory_support.h"

namespace pgregion::test
{
namespace
{

using enum Severity;
using enum RepairPolicy;

/// One page of device table: all blocked but 00:02.0 with host tables of three levels, domain 5, and 00:03.0 with
/// guest tables of PASID 1 and an identity for requests without PASID that may do nothing.
TableImage sound()
{
    TableImage image(kMemoryAt, 16);
    for (std::size_t entry = 0; entry < 128; ++entry)
        image.put(1, entry * 4, 0x3);
    image.put(1, 64, 0x6000000001002603).put(1, 65, 5);  // V TV Mode 3 IR IW
    image.put(2, 0, 0x6000000001003401).put(3, 0, 0x6000000001004201).put(4, 0, 0x6000000050000001);
    // V TV Mode 3 IR IW, GV, GIOV, GLX 0, GCR3 table 0x5000 of the host's addresses: host tables map it 1 to 1.
    image.put(1, 96, 0x7480000001006603).put(1, 97, 6);
    image.put(6, 0, 0x6000000001007401).put(7, 0, 0x6000000001008201).put(8, 5, 0x6000000001009001);
    image.put(9, 1, 0x100a001);
    return image;
}

DirectoryRequest unit() { return unit_of("amd-devtab", {0x1001000}); }

constexpr std::uint64_t kTable = 0x1001000;
constexpr const char *kInvalid = "directory-entry-invalid";

const std::vector<RecordCase> kCases{
    {"Mode7", kInvalid, {{1, 64, 0x6000000001002e03}}, {{kTable, 16, 16, error, safe, "Mode"}}},
    {"GcrLevels", kInvalid, {{1, 64, 0x6380000001002603}}, {{kTable, 16, 16, error, safe, "GLX"}}},
    {"GuestPagingMode",
     kInvalid,
     {{1, 64, 0x6080000001002603}, {1, 66, 0x80000000000000}},
     {{kTable, 16, 16, error, safe, "GuestPagingMode"}}},
    {"HostFlagsTwo", kInvalid, {{1, 64, 0x6000000001002703}}, {{kTable, 16, 16, warning, all, "HAD"}}},
    {"ReservedBit2", kInvalid, {{1, 64, 0x6000000001002607}}, {{kTable, 16, 16, error, safe, "reserved bits"}}},
    {"ReservedBit63", kInvalid, {{1, 64, 0xe000000001002603}}, {{kTable, 16, 16, error, safe, "reserved bits"}}},
    {"ReservedInterruptBits", kInvalid, {{1, 66, 0x10000000000001}}, {{kTable, 16, 16, error, safe, "reserved bits"}}},
    {"PassThrough", "device-pass-through", {{1, 64, 0x6000000000000003}}, {{kTable, 16, 16, warning, none, ""}}},
    {"PassThroughOfReads", "device-pass-through", {{1, 64, 0x2000000000000003}}, {{kTable, 16, 16, warning, none, ""}}},
    {"FaultsOff", "fault-reporting-off", {{1, 65, 0x400000005}}, {{kTable, 16, 16, warning, none, "SA"}}},
    {"Ats", "ats-enabled", {{1, 65, 0x100000005}}, {{kTable, 16, 16, info, none, ""}}},
    {"NoRoot",
     "directory-entry-torn",
     {{1, 64, 0x6000000000000603}},
     {{kTable, 16, 16, warning, all, "present, but its table is at address 0"}}},
    {"Unprotected", "device-unprotected", {{1, 64, 0}, {1, 65, 0}}, {{kTable, 16, 16, error, all, ""}}},
    {"UnprotectedWithData", "device-unprotected", {{1, 64, 0x6000000001002602}}, {{kTable, 16, 16, error, all, ""}}},
    // What is not wrong.
    {"InterruptBitsWithoutInterruptMap", kInvalid, {{1, 66, 0x10000000000000}}, {}},
    {"GuestCodesWithoutGuest", kInvalid, {{1, 64, 0x6300000001002603}}, {}},
    {"BlockedByLinux", kInvalid, {{1, 64, 0x1}}, {}},
    {"NotValidIsNotInvalid", kInvalid, {{1, 64, 0x6000000001002e04}}, {}},
    {"BlockedIsProtected", "device-unprotected", {{1, 64, 0x1}}, {}},
    {"BlockedIsNoPassThrough", "device-pass-through", {{1, 64, 0x3}}, {}},
    {"FaultsRecordedOnce", "fault-reporting-off", {{1, 65, 0x200000005}}, {}},
};

class AmdRecord : public testing::TestWithParam<RecordCase>
{
};

TEST_P(AmdRecord, IsFoundWhereItIsAndNotInTheSoundDirectory) { expect_case(sound(), unit(), GetParam()); }

INSTANTIATE_TEST_SUITE_P(Cases, AmdRecord, testing::ValuesIn(kCases), CaseName());

TEST(AmdDirectoryChecks, UnprotectedNeighboursAreOneFindingOfSecurity)
{
    TableImage image = sound();
    for (std::size_t entry = 20; entry < 23; ++entry)
        image.put(1, entry * 4, 0);
    image.put(1, 127 * 4, 0x2);
    const auto findings = check_units(image, {unit()}, "device-unprotected");
    ASSERT_EQ(findings.size(), 2U);
    EXPECT_EQ(findings[0].index, 20U);
    EXPECT_EQ(findings[0].device, 20U);
    EXPECT_EQ(findings[0].last_device, 22U);
    EXPECT_EQ(findings[0].record_bytes, 32);
    EXPECT_EQ(findings[0].offset, 0x1280U);
    EXPECT_TRUE(findings[0].security);
    EXPECT_EQ(findings[0].remedy, Remedy::block_record);
    EXPECT_EQ(findings[1].device, 127U);
    EXPECT_EQ(findings[1].last_device, 127U);
}

TEST(AmdDirectoryChecks, AZeroedDeviceTableIsOneRangeOf65536Devices)
{
    const TableImage image(kMemoryAt, 513);
    const auto findings = check_units(image, {unit_of("amd-devtab", {0x10011ff})}, "device-unprotected");
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].device, 0U);
    EXPECT_EQ(findings[0].last_device, 65535U);
}

// The GCR3 table of 00:03.0 is the guest's: page 9, which the host maps at 0x5000.

TEST(AmdDirectoryChecks, ARecordOfAGuestIsFoundWhereItLiesAndLeftToTheGuest)
{
    const TableImage image = with(sound(), {{9, 1, 0x100a003}});
    EXPECT_EQ(all_said(check_units(image, {unit()}, kInvalid)),
              (std::vector<Said>{{0x1009000, 1, 24, error, none, "reserved bits"}}));
    EXPECT_EQ(all_said(check_units(sound(), {unit()}, kInvalid)), std::vector<Said>{});
}

TEST(AmdDirectoryChecks, UpperReservedBitsOfAGcr3EntryAreAWarning)
{
    const TableImage image = with(sound(), {{9, 1, 0x001000000100a001}});
    EXPECT_EQ(all_said(check_units(image, {unit()}, kInvalid)),
              (std::vector<Said>{{0x1009000, 1, 24, warning, none, "reserved bits"}}));
}

TEST(AmdDirectoryChecks, AGcr3TableOfTheHostMayBeRepaired)
{
    // V TV GV GIOV GLX 0 IR IW, Mode 0; the GCR3 table's address 0x100b000 is 0x201 in bits 30:15 and 3 in bits 14:12.
    const TableImage image = with(sound(), {{1, 64, 0x6cc0000000000003}, {1, 65, 0x2010005}, {11, 0, 0x100d003}});
    const auto findings = check_units(image, {unit()}, kInvalid);
    EXPECT_EQ(all_said(findings), (std::vector<Said>{{0x100b000, 0, 16, error, safe, "reserved bits"}}));
}

}  // namespace
}  // namespace pgregion::test
