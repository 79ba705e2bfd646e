// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of the records of SMMUv3 directories: iommu-formats.md sections 4.1 to 4.4 and 9 (PT34 to PT38, PT47).
#include "unit/check_directory_support.h"

namespace pgregion::test
{
namespace
{

using enum Severity;
using enum RepairPolicy;

constexpr std::uint64_t kTable = 0x1001000;
constexpr const char *kInvalid = "directory-entry-invalid";
constexpr const char *kTorn = "directory-entry-torn";
constexpr const char *kAtZero = "present, but its table is at address 0";

/// Eight linear stream table entries: 0 aborts; 1 stage 1 (example E6); 2 stage 2 with a start table of 8 KiB (E7);
/// 3 stage 1 with four context descriptors in a row, the first of them for requests without SubstreamID.
TableImage sound()
{
    TableImage image(kMemoryAt, 16);
    image.put(1, 0, 0x1);
    image.put(1, 8, 0x100200b).put(1, 9, 0xd6);
    image.put(2, 0, 0x0055e205c0003519).put(2, 1, 0x1003000).put(2, 3, 0xf404ff44);
    image.put(3, 0, 0x1004003).put(4, 0, 0x1005003).put(5, 1, 0x50000f47);
    image.put(1, 16, 0xd).put(1, 18, 0x044a355800000099).put(1, 19, 0x1006000);
    image.put(6, 0, 0x1008003).put(8, 0, 0x1009003).put(9, 1, 0x500007ff);
    image.put(1, 24, 0x100000000100a00b).put(1, 25, 0x2);
    image.put(10, 0, 0x0056e205c0003519).put(10, 1, 0x100b000).put(10, 3, 0xf404ff44);
    image.put(11, 0, 0x100c003).put(12, 0, 0x100d003).put(13, 1, 0x60000f47);
    return image;
}

DirectoryRequest unit() { return unit_of("smmu-stream", {0x1001000, 0x3}); }

const std::vector<RecordCase> kCases{
    {"Stage2Granule3", kInvalid, {{1, 18, 0x044af55800000099}}, {{kTable, 2, 2, error, safe, "stage 2 granule S2TG"}}},
    {"Stage2OfAnotherKind",
     kInvalid,
     {{1, 18, 0x0442355800000099}},
     {{kTable, 2, 2, error, safe, "stage 2 tables of another kind, S2AA64 = 0"}}},
    {"Stage2InputSize63",
     kInvalid,
     {{1, 18, 0x044a357f00000099}},
     {{kTable, 2, 2, error, safe, "stage 2 sizes S2T0SZ, S2SL0, S2PS, S2TTB"}}},
    {"SubstreamsOf21Bits", kInvalid, {{1, 24, 0xa80000000100a00b}}, {{kTable, 3, 3, error, safe, "S1CDMax"}}},
    {"ReservedWorld", kInvalid, {{1, 9, 0x400000d6}}, {{kTable, 1, 1, error, safe, "STRW"}}},
    {"ContextFormat3", kInvalid, {{1, 24, 0x100000000100a03b}}, {{kTable, 3, 3, error, all, "S1Fmt"}}},
    {"DefaultSubstream3", kInvalid, {{1, 25, 0x3}}, {{kTable, 3, 3, error, all, "S1DSS"}}},
    {"ContextOfAnotherKind",
     kInvalid,
     {{2, 0, 0x0055e005c0003519}},
     {{0x1002000, 0, 1, error, safe, "tables of another kind, AA64 = 0"}}},
    {"ContextGranule3", kInvalid, {{2, 0, 0x0055e205c00035d9}}, {{0x1002000, 0, 1, error, safe, "granule TG0"}}},
    {"ContextInputSize63",
     kInvalid,
     {{2, 0, 0x0055e205c000353f}},
     {{0x1002000, 0, 1, error, safe, "sizes T0SZ, T1SZ, IPS, TTB0, TTB1"}}},
    {"Bypass", "device-pass-through", {{1, 8, 0x9}}, {{kTable, 1, 1, warning, none, ""}}},
    {"BypassWithoutSubstream", "device-pass-through", {{1, 25, 0x1}}, {{kTable, 3, 3, warning, none, ""}}},
    {"Stage1FaultsOff",
     "fault-reporting-off",
     {{2, 0, 0x0055c205c0003519}},
     {{0x1002000, 0, 1, warning, none, "R = 0"}}},
    {"Stage2FaultsOff",
     "fault-reporting-off",
     {{1, 18, 0x004a355800000099}},
     {{kTable, 2, 2, warning, none, "S2R = 0"}}},
    {"Ats", "ats-enabled", {{1, 9, 0x100000d6}}, {{kTable, 1, 1, info, none, ""}}},
    {"StartTableOfTwoPages",
     "root-misaligned",
     {{1, 19, 0x1007000}},
     {{kTable, 2, 2, error, all, "stage 2 start table"}}},
    {"ContextDescriptors",
     "root-misaligned",
     {{1, 24, 0x100000000100a04b}},
     {{kTable, 3, 3, error, all, "context descriptors"}}},
    {"Stage1StartTable",
     "root-misaligned",
     {{2, 1, 0x1003010}},
     {{0x1002000, 0, 1, error, all, "stage 1 start table"}}},
    {"NotValidWithData", kTorn, {{1, 8, 0x100200a}}, {{kTable, 1, 1, warning, all, "not present, but not empty"}}},
    {"NoContext", kTorn, {{1, 8, 0xb}}, {{kTable, 1, 1, warning, all, kAtZero}}},
    {"NoStage2", kTorn, {{1, 19, 0}}, {{kTable, 2, 2, warning, all, kAtZero}}},
    {"NoStage1", kTorn, {{2, 1, 0}}, {{0x1002000, 0, 1, warning, all, kAtZero}}},
    // What is not wrong.
    {"ContextFormat3WithoutSubstreams", kInvalid, {{1, 8, 0x100203b}}, {}},
    {"AbortedWithBadFields", kInvalid, {{1, 16, 0x1}, {1, 18, 0x044af55800000099}}, {}},
    {"AbortedWithAts", "ats-enabled", {{1, 8, 0x1}, {1, 9, 0x10000000}}, {}},
    {"BothHalvesOff", kInvalid, {{2, 0, 0x0055e205c0007519}}, {}},
    {"RemainsOfAContext", kTorn, {{2, 0, 0}}, {}},
};

class SmmuRecord : public testing::TestWithParam<RecordCase>
{
};

TEST_P(SmmuRecord, IsFoundWhereItIsAndNotInTheSoundDirectory) { expect_case(sound(), unit(), GetParam()); }

INSTANTIATE_TEST_SUITE_P(Cases, SmmuRecord, testing::ValuesIn(kCases), CaseName());

/// Two levels, 64 entries in a table: SPLIT 6, LOG2SIZE 7.
TableImage two_levels()
{
    TableImage image(kMemoryAt, 16);
    image.put(1, 0, 0x1002007).put(2, 0, 0x1);
    return image;
}

DirectoryRequest two_level_unit() { return unit_of("smmu-stream", {0x1001000, 0x10187}); }

const std::vector<RecordCase> kTwoLevelCases{
    {"SpanBeyondSplit", kInvalid, {{1, 0, 0x1002008}}, {{kTable, 0, 0, error, safe, "Span"}}},
    {"ReservedBit5", kInvalid, {{1, 0, 0x1002027}}, {{kTable, 0, 0, error, safe, "reserved bits"}}},
    {"Misaligned", "root-misaligned", {{1, 0, 0x1002047}}, {{kTable, 0, 0, error, all, "stream table"}}},
    {"NoTable", kTorn, {{1, 0, 0x7}}, {{kTable, 0, 0, warning, all, kAtZero}}},
    {"SmallTableNeedsLessAlignment", "root-misaligned", {{1, 0, 0x1002041}}, {}},
};

class SmmuL1Record : public testing::TestWithParam<RecordCase>
{
};

TEST_P(SmmuL1Record, IsFoundWhereItIsAndNotInTheSoundDirectory)
{
    expect_case(two_levels(), two_level_unit(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Cases, SmmuL1Record, testing::ValuesIn(kTwoLevelCases), CaseName());

TEST(SmmuDirectoryChecks, AMisalignedTableIsSaidWithItsPointerAndItsAlignment)
{
    const auto findings = check_units(with(sound(), {{1, 19, 0x1007000}}), {unit()}, "root-misaligned");
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].target, PhysAddr(0x1007000));
    EXPECT_EQ(findings[0].size_bytes, 8192U);
}

TEST(SmmuDirectoryChecks, AContextPointerBeyondTheWidthIsNamedSo)
{
    DirectoryRequest narrow = unit();
    narrow.params.paw_bits = 44;
    const TableImage image = with(sound(), {{1, 8, 0x40000100200b}});
    EXPECT_EQ(all_said(check_units(image, {narrow}, kInvalid)),
              (std::vector<Said>{{kTable, 1, 1, error, safe, "an address beyond the address width"}}));
}

TEST(SmmuDirectoryChecks, StreamsThatBypassInARowAreOneFinding)
{
    TableImage image = sound();
    for (std::size_t stream = 4; stream < 8; ++stream)
        image.put(1, stream * 8, 0x9);
    const auto findings = check_units(image, {unit()}, "device-pass-through");
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].device, 4U);
    EXPECT_EQ(findings[0].last_device, 7U);
}

}  // namespace
}  // namespace pgregion::test
