// SPDX-License-Identifier: GPL-2.0-or-later
//
// AMD-Vi leaves with a size of their own (NextLevel 7) and their copies: the table of iommu-formats.md section 2.4.
#include "formats/amd_v1.h"
#include "formats/make_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion
{
namespace
{

constexpr TableFormat kFormat = formats::make_format<formats::AmdV1>();
constexpr std::uint64_t kRwCoded = 0x6000000000000e01;
const FormatParams kParams = default_params(kFormat, 6);

Entry decode(std::uint64_t raw, unsigned level) { return kFormat.decode(raw, level, kParams); }

// --- sizes: the table of section 2.4 ------------------------------------------------------------------------

struct SizeRow {
    std::uint8_t size_lg2;
    std::uint64_t code;
    unsigned level;
    std::uint8_t replicas_lg2;
};

constexpr std::array<SizeRow, 13> kSizes{{
    {13, 0x0, 0, 1},
    {14, 0x1000, 0, 2},
    {16, 0x7000, 0, 4},
    {20, 0x7f000, 0, 8},
    {22, 0x1ff000, 1, 1},
    {25, 0xfff000, 1, 4},
    {29, 0xffff000, 1, 8},
    {31, 0x3ffff000, 2, 1},
    {32, 0x7ffff000, 2, 2},
    {38, 0x1ffffff000, 2, 8},
    {40, 0x7ffffff000, 3, 1},
    {47, 0x3ffffffff000, 3, 8},
    {51, 0x3fffffffff000, 4, 3},
}};

TEST(AmdV1Sizes, NextLevelSevenTakesTheSizeFromTheAddressBits)
{
    for (const SizeRow &row : kSizes) {
        const std::uint64_t target = row.size_lg2 < 51 ? std::uint64_t{1} << (row.size_lg2 + 1) : 0;
        const Entry entry = decode(kRwCoded | row.code | target, row.level);
        EXPECT_EQ(entry.kind, EntryKind::leaf) << int{row.size_lg2};
        EXPECT_EQ(entry.size_lg2, row.size_lg2);
        EXPECT_EQ(entry.replicas_lg2, row.replicas_lg2) << int{row.size_lg2};
        EXPECT_EQ(entry.target, PhysAddr(target)) << int{row.size_lg2};
        EXPECT_FALSE(entry.faults());
    }
}

TEST(AmdV1Sizes, ASizeOutsideOfItsLevelIsInvalid)
{
    for (const SizeRow &row : kSizes) {
        for (unsigned level = 0; level < 6; ++level) {
            const EntryKind expected = level == row.level ? EntryKind::leaf : EntryKind::invalid;
            EXPECT_EQ(decode(kRwCoded | row.code, level).kind, expected) << int{row.size_lg2} << " at " << level;
        }
    }
    EXPECT_EQ(decode(kRwCoded | 0xff000, 0).kind, EntryKind::invalid);          // 2 MiB
    EXPECT_EQ(decode(kRwCoded | 0xff000, 1).kind, EntryKind::invalid);          // is NextLevel 0 there
    EXPECT_EQ(decode(kRwCoded | 0x7fffffffff000, 4).kind, EntryKind::invalid);  // 2^52: all there is
    EXPECT_EQ(decode(kRwCoded | 0xffffffffff000, 4).kind, EntryKind::invalid);  // no zero at all
}

TEST(AmdV1Sizes, EverySizeHasTheWordOfTheTable)
{
    for (const SizeRow &row : kSizes) {
        const auto raw =
            kFormat.encode_leaf({PhysAddr(0), row.size_lg2, Access::read() | Access::write()}, row.level, kParams);
        EXPECT_EQ(raw, kRwCoded | row.code) << int{row.size_lg2};
    }
}

// --- whole tables -------------------------------------------------------------------------------------------

struct Table {
    std::array<std::byte, 4096> bytes{};
    std::array<EntryRun, 512> runs{};

    void put(std::size_t slot, std::size_t count, std::uint64_t raw)
    {
        for (std::size_t i = 0; i < count; ++i)
            store_le64(bytes, (slot + i) * 8, raw);
    }
    DecodedTable decode(unsigned level) { return kFormat.decode_table(bytes, 0, level, kParams, runs); }
};

TEST(AmdV1Sizes, TheCopiesOfALeafAreOneEntryWhateverTheirFlags)
{
    Table table;
    table.put(352, 16, 0x7000000200567e01);
    table.put(357, 1, 0x7000000200567e61);
    const DecodedTable decoded = table.decode(0);
    ASSERT_EQ(decoded.runs, 1U);
    EXPECT_TRUE(decoded.only_leaves);
    EXPECT_EQ(table.runs[0].index, 352U);
    EXPECT_EQ(table.runs[0].count, 1U);
    EXPECT_EQ(table.runs[0].first.raw, 0x7000000200567e61U);
    EXPECT_FALSE(table.runs[0].first.torn);
}

TEST(AmdV1Sizes, LeavesThatGoOnAreOneRun)
{
    Table table;
    for (std::uint64_t i = 0; i < 32; ++i)
        table.put(i * 16, 16, 0x7000000200567e01 + (i << 16));
    ASSERT_EQ(table.decode(0).runs, 1U);
    EXPECT_EQ(table.runs[0].count, 32U);
    EXPECT_EQ(table.runs[0].entry(31).target, PhysAddr(0x200750000));
    EXPECT_EQ(table.runs[0].entry(31).raw, 0x7000000200757e01U);
    EXPECT_EQ(table.runs[0].slot(31), 496U);
}

TEST(AmdV1Sizes, ALeafWithACopyThatDiffersIsTornIntoItsSlots)
{
    Table table;
    table.put(4, 4, kRwCoded | 0x40001000);
    table.put(6, 1, kRwCoded | 0x80001000);
    const DecodedTable decoded = table.decode(0);
    ASSERT_EQ(decoded.runs, 4U);
    EXPECT_FALSE(decoded.only_leaves);
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_TRUE(table.runs.at(i).first.torn);
        EXPECT_EQ(table.runs.at(i).first.size_lg2, 12);
        EXPECT_EQ(table.runs.at(i).first.target, PhysAddr((i == 2 ? 0x80000000 : 0x40000000) + i * 0x1000));
    }
}

}  // namespace
}  // namespace pgregion
