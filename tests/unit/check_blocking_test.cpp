// SPDX-License-Identifier: GPL-2.0-or-later
//
// The record that a repair writes to block a device: iommu-formats.md section 9, "Repair policy". Whatever stood there,
// the new record lets nothing through and leads nowhere.
#include "check/blocking.h"
#include "support/table_image.h"
#include "support/tested_formats.h"

#include <pgregion/walk.h>

#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

/// Records of all kinds: zeros, ones, and noise.
std::vector<RecordWords> records_before()
{
    RecordWords ones{};
    ones.fill(~std::uint64_t{0});
    std::vector<RecordWords> records{{}, ones};
    Dice dice(33);
    for (int i = 0; i < 200; ++i) {
        RecordWords &noise = records.emplace_back();
        for (std::uint64_t &word : noise)
            word = dice.word();
    }
    return records;
}

void expect_blocked(const DirectoryRecord &record)
{
    EXPECT_TRUE(record.fault.has_value());
    EXPECT_FALSE(record.next.has_value());
    EXPECT_EQ(record.reserved_set, RecordWords{});
    if (record.translation) {
        EXPECT_EQ(record.translation->kind, TranslationKind::blocked);
    }
}

TEST(BlockingRecord, LetsNothingThroughInAnyTableOfAnyDirectory)
{
    for (const DirectoryFormat *format : directory_formats()) {
        EXPECT_EQ(format->table_types.size(), tested_directory(format->name).table_types) << format->name;
        for (std::uint8_t type = 0; type < format->table_types.size(); ++type) {
            SCOPED_TRACE(std::string(format->name) + ", " + std::string(format->table_types[type].name));
            const DirectoryTable table = table_of_type(*format, type, PhysAddr(0x1000000));
            for (const RecordWords &before : records_before()) {
                const auto words = check::blocking_record(*format, table, before);
                ASSERT_TRUE(words.has_value());
                expect_blocked(format->decode(table, *words, default_params(*format)));
            }
        }
    }
}

TEST(BlockingRecord, FillsNoMoreThanTheRecord)
{
    for (const DirectoryFormat *format : directory_formats()) {
        for (std::uint8_t type = 0; type < format->table_types.size(); ++type) {
            RecordWords ones{};
            ones.fill(~std::uint64_t{0});
            const auto words = check::blocking_record(*format, table_of_type(*format, type, PhysAddr(0)), ones);
            for (std::size_t i = format->table_types[type].record_bytes / 8; i < kMaxRecordWords; ++i)
                EXPECT_EQ(words.value()[i], 0U);
        }
    }
}

TEST(BlockingRecord, OfAnAmdDeviceIsValidAndTranslatedWithoutAccess)
{
    const DirectoryFormat &format = *find_directory_format("amd-devtab");
    const DirectoryTable table = table_of_type(format, 0, PhysAddr(0x1000000));
    EXPECT_EQ(check::blocking_record(format, table, {}), (RecordWords{0x3}));
    EXPECT_EQ(check::blocking_record(format, table, {0x6000000001002603, 5, 0, 0}), (RecordWords{0x3}));
}

TEST(BlockingRecord, OfAnAmdDeviceStopsInterruptsThatWereMapped)
{
    // IV, 512 entries, a table, IntCtl = 2. Without IV they would pass unmapped.
    const DirectoryFormat &format = *find_directory_format("amd-devtab");
    const DirectoryTable table = table_of_type(format, 0, PhysAddr(0x1000000));
    EXPECT_EQ(check::blocking_record(format, table, {0x3, 0, 0x2000000005000013, 0}), (RecordWords{0x3, 0, 0x1, 0}));
}

TEST(BlockingRecord, OfOtherDirectoriesIsZero)
{
    for (const std::string_view name : {"vtd-root", "smmu-stream", "riscv-ddt"}) {
        const DirectoryFormat &format = *find_directory_format(name);
        const DirectoryTable table = table_of_type(format, 1, PhysAddr(0x1000000));
        EXPECT_EQ(check::blocking_record(format, table, {0x1003001, 0x502}), RecordWords{}) << name;
    }
}

TEST(BlockingRecord, OfAGuestIsNotOurs)
{
    const DirectoryFormat &format = *find_directory_format("smmu-stream");
    DirectoryTable table = table_of_type(format, 3, PhysAddr(0x8000));
    table.outer.format = find_table_format("arm-s2");
    EXPECT_EQ(check::blocking_record(format, table, {0x80000000}), std::nullopt);
}

}  // namespace
}  // namespace pgregion::test
