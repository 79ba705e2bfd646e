// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of the records of RISC-V directories: iommu-formats.md sections 5.1 to 5.4 and 9 (PT34 to PT38, PT47).
#include "unit/check_directory_support.h"

namespace pgregion::test
{
namespace
{

using enum Severity;
using enum RepairPolicy;

constexpr std::uint64_t kTable = 0x1001000;
constexpr std::uint64_t kProcesses = 0x100c000;
constexpr const char *kInvalid = "directory-entry-invalid";
constexpr const char *kTorn = "directory-entry-torn";
constexpr const char *kAtZero = "present, but its table is at address 0";

/// Extended device contexts on one page: 1 first stage (Sv39, PSCID 0x77), 2 second stage (Sv39x4, GSCID 0x12), 3 a
/// process directory (PD8) with process 0, which requests without process use.
TableImage sound()
{
    TableImage image(kMemoryAt, 20);
    image.put(1, 8, 0x181).put(1, 10, 0x77000).put(1, 11, 0x8000000000001002);
    image.put(2, 0, 0x400c01).put(3, 0, 0x404001).put(16, 1, 0x140000d7);
    image.put(1, 16, 0x81).put(1, 17, 0x8001200000001004);
    image.put(4, 0, 0x402001).put(8, 0, 0x402401).put(9, 1, 0x140000df);
    image.put(1, 24, 0x321).put(1, 27, 0x100000000000100c);
    image.put(12, 0, 0x5001).put(12, 1, 0x800000000000100d);
    image.put(13, 0, 0x403801).put(14, 0, 0x403c01).put(15, 3, 0x180000d7);
    return image;
}

DirectoryRequest unit() { return unit_of("riscv-ddt", {0x400402}); }

const std::vector<RecordCase> kCases{
    {"ReservedBit12", kInvalid, {{1, 8, 0x1181}}, {{kTable, 1, 1, error, safe, "reserved bits"}}},
    {"ReservedBitsOfRootPointer",
     kInvalid,
     {{1, 11, 0x8000100000001002}},
     {{kTable, 1, 1, error, safe, "reserved bits"}}},
    {"ReservedWord7", kInvalid, {{1, 15, 1}}, {{kTable, 1, 1, error, safe, "reserved bits"}}},
    {"PageRequestsWithoutAts",
     kInvalid,
     {{1, 8, 0x185}},
     {{kTable, 1, 1, error, safe, "EN_PRI or T2GPA without EN_ATS"}}},
    {"PasidsInAnswersWithoutPageRequests",
     kInvalid,
     {{1, 8, 0x1c3}},
     {{kTable, 1, 1, error, safe, "PRPR without EN_PRI"}}},
    {"GuestAddressesWithoutSecondStage",
     kInvalid,
     {{1, 8, 0x18b}},
     {{kTable, 1, 1, error, safe, "T2GPA without a second stage"}}},
    {"DefaultProcessWithoutDirectory", kInvalid, {{1, 8, 0x381}}, {{kTable, 1, 1, error, safe, "DPE without PDTV"}}},
    {"SecondStageMode5", kInvalid, {{1, 17, 0x5001200000001004}}, {{kTable, 2, 2, error, safe, "MODE of iohgatp"}}},
    {"FirstStageMode4", kInvalid, {{1, 11, 0x4000000000001002}}, {{kTable, 1, 1, error, safe, "MODE of fsc"}}},
    {"ProcessDirectoryMode4", kInvalid, {{1, 27, 0x400000000000100c}}, {{kTable, 3, 3, error, safe, "MODE of fsc"}}},
    {"MessageMode2", kInvalid, {{1, 12, 0x2000000000000000}}, {{kTable, 1, 1, error, safe, "MODE of msiptp"}}},
    {"ReservedBitOfProcess", kInvalid, {{12, 0, 0x5009}}, {{kProcesses, 0, 3, error, safe, "reserved bits"}}},
    {"ModeOfProcess", kInvalid, {{12, 1, 0x500000000000100d}}, {{kProcesses, 0, 3, error, safe, "MODE of fsc"}}},
    {"BareDevice", "device-pass-through", {{1, 11, 0}}, {{kTable, 1, 1, warning, none, ""}}},
    {"BareProcess", "device-pass-through", {{12, 1, 0}}, {{kProcesses, 0, 3, warning, none, ""}}},
    {"FaultsOff", "fault-reporting-off", {{1, 8, 0x191}}, {{kTable, 1, 1, warning, none, "DTF"}}},
    {"Ats", "ats-enabled", {{1, 8, 0x183}}, {{kTable, 1, 1, info, none, ""}}},
    {"SecondStageRoot",
     "root-misaligned",
     {{1, 17, 0x8001200000001005}},
     {{kTable, 2, 2, error, safe, "second-stage root"}}},
    {"SecondStageRootIsNamedOnce", kInvalid, {{1, 17, 0x8001200000001005}}, {}},
    {"NoFirstStage", kTorn, {{1, 11, 0x8000000000000000}}, {{kTable, 1, 1, warning, all, kAtZero}}},
    {"NoSecondStage", kTorn, {{1, 17, 0x8001200000000000}}, {{kTable, 2, 2, warning, all, kAtZero}}},
    {"NoProcessDirectory", kTorn, {{1, 27, 0x1000000000000000}}, {{kTable, 3, 3, warning, all, kAtZero}}},
    // What is not wrong.
    {"CustomBits", kInvalid, {{1, 8, 0xff000181}}, {}},
    {"NotValidBelongsToSoftware", kTorn, {{1, 8, 0x180}}, {}},
    {"NotValidIsNotInvalid", kInvalid, {{1, 8, 0x1180}}, {}},
};

class RiscvRecord : public testing::TestWithParam<RecordCase>
{
};

TEST_P(RiscvRecord, IsFoundWhereItIsAndNotInTheSoundDirectory) { expect_case(sound(), unit(), GetParam()); }

INSTANTIATE_TEST_SUITE_P(Cases, RiscvRecord, testing::ValuesIn(kCases), CaseName());

/// Two levels: the entry on page 1 leads to contexts on page 2.
TableImage two_levels()
{
    TableImage image(kMemoryAt, 16);
    image.put(1, 0, 0x400801);
    return image;
}

// Bits 9:1 of a directory entry are reserved; D, A and U of a page-table entry are among them.
const std::vector<RecordCase> kEntryCases{
    {"ReservedBit1", kInvalid, {{1, 0, 0x400803}}, {{kTable, 0, 0, error, safe, "reserved bits"}}},
    {"Dirty", kInvalid, {{1, 0, 0x400881}}, {{kTable, 0, 0, error, safe, "reserved bits"}}},
    {"Accessed", kInvalid, {{1, 0, 0x400841}}, {{kTable, 0, 0, error, safe, "reserved bits"}}},
    {"User", kInvalid, {{1, 0, 0x400811}}, {{kTable, 0, 0, error, safe, "reserved bits"}}},
    {"ReservedBit63", kInvalid, {{1, 0, 0x8000000000400801}}, {{kTable, 0, 0, error, safe, "reserved bits"}}},
    {"NotValid", kInvalid, {{1, 0, 0x400880}}, {}},
};

class RiscvEntry : public testing::TestWithParam<RecordCase>
{
};

TEST_P(RiscvEntry, IsFoundWhereItIsAndNotInTheSoundDirectory)
{
    expect_case(two_levels(), unit_of("riscv-ddt", {0x400403}), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Cases, RiscvEntry, testing::ValuesIn(kEntryCases), CaseName());

TEST(RiscvDirectoryChecks, AnAddressBeyondTheWidthIsNamedSo)
{
    DirectoryRequest narrow = unit();
    narrow.params.paw_bits = 40;
    const TableImage image = with(sound(), {{1, 11, 0x8000000010001002}});
    EXPECT_EQ(all_said(check_units(image, {narrow}, kInvalid)),
              (std::vector<Said>{{kTable, 1, 1, error, safe, "an address beyond the address width"}}));
}

TEST(RiscvDirectoryChecks, RecordsOfABigEndianDirectoryAreReadAsSuch)
{
    const auto swapped = [](std::uint64_t word) { return __builtin_bswap64(word); };
    DirectoryRequest big = unit();
    set_parameter(big.params, big.format->parameters, "endian", "big");
    big.params.big_endian = true;
    TableImage image(kMemoryAt, 4);
    image.put(1, 8, swapped(0x185)).put(1, 11, swapped(0x8000000000001002));
    const auto findings = check_units(image, {big}, kInvalid);
    EXPECT_EQ(all_said(findings), (std::vector<Said>{{kTable, 1, 1, error, safe, "EN_PRI or T2GPA without EN_ATS"}}));
    EXPECT_EQ(findings.at(0).observed, 0x185U);
    EXPECT_EQ(check_units(image, {unit()}, kInvalid).size(), 0U);
}

}  // namespace
}  // namespace pgregion::test
