// SPDX-License-Identifier: GPL-2.0-or-later
//
// What directory records say to other checks: whether a device uses ATS (iommu-formats.md sections 1.3, 1.5, 2.2, 4.2,
// 5.3), asked of its own record and of the tables of its PASIDs.
#include "check/directory_codes.h"

#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

bool ats(std::string_view name, std::uint8_t type, const RecordWords &words, const RecordWords &owner = {})
{
    const DirectoryFormat &format = *find_directory_format(name);
    DirectoryTable table = table_of_type(format, type, PhysAddr(0x1000000));
    table.owner = owner;
    return check::uses_ats(format, table, words);
}

TEST(DirectoryAts, OfVtdIsTranslationType1OrTheDeviceTlb)
{
    EXPECT_TRUE(ats("vtd-root", 1, {0x1003005, 0x502}));
    EXPECT_FALSE(ats("vtd-root", 1, {0x1003001, 0x502}));
    EXPECT_FALSE(ats("vtd-root", 1, {0x9, 0x502}));
    EXPECT_FALSE(ats("vtd-root", 1, {0x1003004, 0x502}));
    EXPECT_TRUE(ats("vtd-root", 3, {0x100300d}));
    EXPECT_FALSE(ats("vtd-root", 3, {0x1003009}));
    EXPECT_FALSE(ats("vtd-root", 3, {0x100300c}));
}

TEST(DirectoryAts, OfAmdIsI)
{
    EXPECT_TRUE(ats("amd-devtab", 0, {0x6000000001002603, 0x100000005}));
    EXPECT_FALSE(ats("amd-devtab", 0, {0x6000000001002603, 0x5}));
    EXPECT_FALSE(ats("amd-devtab", 0, {0x6000000001002602, 0x100000005}));
}

TEST(DirectoryAts, OfSmmuIsEatsOfAnEntryThatTranslates)
{
    EXPECT_TRUE(ats("smmu-stream", 1, {0x100200b, 0x10000000}));
    EXPECT_TRUE(ats("smmu-stream", 1, {0x100200b, 0x20000000}));
    EXPECT_FALSE(ats("smmu-stream", 1, {0x100200b, 0xd6}));
    EXPECT_FALSE(ats("smmu-stream", 1, {0x1, 0x10000000}));
    EXPECT_FALSE(ats("smmu-stream", 1, {0x100200a, 0x10000000}));
}

TEST(DirectoryAts, OfRiscvIsEnAts)
{
    EXPECT_TRUE(ats("riscv-ddt", 2, {0x3}));
    EXPECT_FALSE(ats("riscv-ddt", 2, {0x1}));
    EXPECT_TRUE(ats("riscv-ddt", 3, {0x3}));
    EXPECT_FALSE(ats("riscv-ddt", 3, {0x2}));
}

TEST(DirectoryAts, InTablesOfPasidsIsThatOfTheDevice)
{
    EXPECT_TRUE(ats("vtd-root", 5, {0x89}, {0x100300d}));
    EXPECT_FALSE(ats("vtd-root", 5, {0x8d}, {0x1003009}));
    EXPECT_TRUE(ats("amd-devtab", 3, {0x100a001}, {0x3, 0x100000000}));
    EXPECT_TRUE(ats("smmu-stream", 4, {0x80000000}, {0x100200b, 0x10000000}));
    EXPECT_TRUE(ats("riscv-ddt", 6, {0x1}, {0x23}));
    EXPECT_FALSE(ats("riscv-ddt", 6, {0x3}, {0x21}));
}

TEST(DirectoryAts, AboveTheDevicesIsNotSaid)
{
    EXPECT_FALSE(ats("vtd-root", 0, {0x1002005}));
    EXPECT_FALSE(ats("vtd-root", 2, {0x1002005}));
    EXPECT_FALSE(ats("smmu-stream", 0, {0x1002007, 0x10000000}));
    EXPECT_FALSE(ats("riscv-ddt", 0, {0x400803}));
}

}  // namespace
}  // namespace pgregion::test
