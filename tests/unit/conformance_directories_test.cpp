// SPDX-License-Identifier: GPL-2.0-or-later
//
// The conformance suite of directory formats: each test runs for every format of directory_formats().
#include "support/conformance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

bool has_bit(const RecordWords &words, unsigned position) { return (words[position / 64] >> (position % 64) & 1) != 0; }

RecordWords with_bit(RecordWords words, unsigned position)
{
    words[position / 64] |= std::uint64_t{1} << (position % 64);
    return words;
}

TEST_P(DirectoryConformance, NamesAndTableTypesAreFilledIn)
{
    EXPECT_FALSE(format().name.empty());
    EXPECT_FALSE(format().title.empty());
    EXPECT_FALSE(format().document.empty());
    EXPECT_FALSE(format().architecture.empty());
    EXPECT_GT(format().devices, 0U);
    ASSERT_FALSE(format().table_types.empty());
    for (const DirectoryTableType &type : format().table_types) {
        EXPECT_FALSE(type.name.empty());
        EXPECT_FALSE(type.record_name.empty());
        EXPECT_EQ(type.record_bytes % 8, 0) << type.name;
        EXPECT_GE(type.record_bytes, 8) << type.name;
        EXPECT_LE(type.record_bytes, 64) << type.name;
        EXPECT_GE(type.records, 1U) << type.name;
    }
}

TEST_P(DirectoryConformance, FieldsCoverEveryBitOfAnyRecordOnce)
{
    Dice dice(1);
    for (std::uint8_t type = 0; type < format().table_types.size(); ++type) {
        const unsigned words = format().table_types[type].record_bytes / 8U;
        SCOPED_TRACE(format().table_types[type].name);
        for (int i = 0; i < 50; ++i) {
            RecordWords record{};
            for (unsigned word = 0; word < words && i > 0; ++word)
                record[word] = dice.word();
            expect_full_cover(format().fields(type, record), words * 64);
        }
    }
}

TEST_P(DirectoryConformance, AnyRecordDecodesWithinTheBoundsOfTheFormat)
{
    Dice dice(2);
    for (std::uint8_t type = 0; type < format().table_types.size(); ++type) {
        for (int i = 0; i < 5000; ++i) {
            RecordWords words{};
            for (unsigned word = 0; word < format().table_types[type].record_bytes / 8U; ++word)
                words[word] = dice.one_in(2) ? dice.word() : dice.word() & dice.word() & dice.word();
            const DirectoryRecord record = format().decode(type, words, default_params(format()));
            for (unsigned word = 0; word < kMaxRecordWords; ++word)
                EXPECT_EQ(record.reserved_set[word] & ~words[word], 0U);
            if (record.reserved_set != RecordWords{}) {
                EXPECT_TRUE(record.present);
                EXPECT_TRUE(record.fault.has_value());
            }
            if (record.next) {
                EXPECT_LT(record.next->type, format().table_types.size());
                EXPECT_GE(record.next->records, 1U);
                EXPECT_FALSE(record.translation.has_value());
            }
            if (record.translation && record.translation->format != nullptr) {
                EXPECT_GE(record.translation->params.levels, record.translation->format->min_levels);
                EXPECT_LE(record.translation->params.levels, record.translation->format->max_levels);
            }
        }
    }
}

TEST_P(DirectoryConformance, AReservedBitIsReportedAloneAndFaults)
{
    Dice dice(3);
    for (std::uint8_t type = 0; type < format().table_types.size(); ++type) {
        SCOPED_TRACE(format().table_types[type].name);
        const RecordWords good = good_record(type, dice);
        ASSERT_NE(good, RecordWords{});
        for (const FieldSpec &spec : format().fields(type, good)) {
            for (unsigned position = spec.low; position <= spec.high; ++position) {
                if (spec.role != FieldRole::reserved)
                    continue;
                const DirectoryRecord record =
                    format().decode(type, with_bit(good, position), default_params(format()));
                EXPECT_TRUE(record.present);
                EXPECT_EQ(record.reserved_set, with_bit({}, position)) << spec.name;
                EXPECT_TRUE(record.fault.has_value()) << spec.name;
                EXPECT_FALSE(record.next.has_value()) << spec.name;
            }
        }
    }
}

TEST_P(DirectoryConformance, AnIgnoredOrSoftwareBitChangesNothing)
{
    Dice dice(4);
    for (std::uint8_t type = 0; type < format().table_types.size(); ++type) {
        SCOPED_TRACE(format().table_types[type].name);
        const RecordWords good = good_record(type, dice);
        const DirectoryRecord before = format().decode(type, good, default_params(format()));
        for (const FieldSpec &spec : format().fields(type, good)) {
            for (unsigned position = spec.low; position <= spec.high; ++position) {
                if (spec.role != FieldRole::ignored && spec.role != FieldRole::software)
                    continue;
                const DirectoryRecord after = format().decode(type, with_bit(good, position), default_params(format()));
                EXPECT_FALSE(after.fault.has_value()) << spec.name;
                EXPECT_EQ(after.reserved_set, RecordWords{}) << spec.name;
                EXPECT_EQ(after.next.has_value(), before.next.has_value()) << spec.name;
                EXPECT_EQ(after.translation.has_value(), before.translation.has_value()) << spec.name;
                if (after.translation && before.translation) {
                    EXPECT_EQ(after.translation->kind, before.translation->kind) << spec.name;
                    EXPECT_EQ(after.translation->root, before.translation->root) << spec.name;
                }
            }
        }
    }
}

TEST_P(DirectoryConformance, AnAddressBeyondTheWidthIsReserved)
{
    Dice dice(5);
    FormatParams narrow = default_params(format());
    narrow.paw_bits = 36;
    for (std::uint8_t type = 0; type < format().table_types.size(); ++type) {
        for (int i = 0; i < 20; ++i) {
            const RecordWords good = good_record(type, dice);
            const DirectoryRecord record = format().decode(type, good, narrow);
            for (unsigned position = 0; position < 64 * kMaxRecordWords; ++position) {
                if (has_bit(record.reserved_set, position)) {
                    EXPECT_TRUE(has_bit(good, position));
                }
            }
            if (record.next) {
                EXPECT_EQ(record.next->address.value() >> 36, 0U);
            }
            if (record.translation && record.translation->format != nullptr) {
                EXPECT_EQ(record.translation->root.value() >> 36, 0U);
            }
        }
    }
}

TEST_P(DirectoryConformance, ATableThatCannotBeReadHasAFaultWithAName)
{
    for (std::uint8_t type = 0; type < format().table_types.size(); ++type)
        EXPECT_FALSE(format().unreadable(type).name.empty());
}

INSTANTIATE_TEST_SUITE_P(Formats, DirectoryConformance,
                         testing::ValuesIn(directory_formats().begin(), directory_formats().end()),
                         test_name<DirectoryFormat>);

}  // namespace
}  // namespace pgregion::test
