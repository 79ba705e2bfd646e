// SPDX-License-Identifier: GPL-2.0-or-later
//
// The conformance suite of directory formats: each test runs for every format of directory_formats(), with every
// setting of its parameters.
#include "support/conformance.h"

#include <pgregion/error.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

RecordWords bit_of(unsigned position)
{
    RecordWords words{};
    words[position / 64] = std::uint64_t{1} << (position % 64);
    return words;
}

RecordWords with_bit(RecordWords words, unsigned position)
{
    words[position / 64] |= std::uint64_t{1} << (position % 64);
    return words;
}

bool has_role(const FieldSpec &spec, std::initializer_list<FieldRole> roles)
{
    return std::ranges::find(roles, spec.role) != roles.end();
}

TEST_P(DirectoryConformance, NamesAndTableTypesAreFilledIn)
{
    EXPECT_FALSE(format().name.empty());
    EXPECT_FALSE(format().title.empty());
    EXPECT_FALSE(format().document.empty());
    EXPECT_FALSE(format().architecture.empty());
    EXPECT_GT(format().devices, 0U);
    EXPECT_LE(format().min_levels, format().max_levels);
    ASSERT_FALSE(format().table_types.empty());
    for (const DirectoryTableType &type : format().table_types) {
        EXPECT_FALSE(type.name.empty());
        EXPECT_FALSE(type.record_name.empty());
        EXPECT_EQ(type.record_bytes % 8, 0) << type.name;
        EXPECT_GE(type.record_bytes, 8) << type.name;
        EXPECT_LE(type.record_bytes, 64) << type.name;
        EXPECT_GE(type.records, 1U) << type.name;
    }
    ASSERT_FALSE(format().registers.empty());
    for (const RegisterSpec &spec : format().registers) {
        EXPECT_FALSE(spec.name.empty());
        EXPECT_FALSE(spec.meaning.empty());
        EXPECT_TRUE(spec.bytes == 4 || spec.bytes == 8) << spec.name;
    }
}

TEST_P(DirectoryConformance, ParametersTakeTheirChoicesAndLimitsAndNothingElse)
{
    EXPECT_LE(format().parameters.size(), kMaxParameters);
    FormatParams params = default_params(format());
    for (const ParameterSpec &spec : format().parameters) {
        EXPECT_FALSE(spec.meaning.empty()) << spec.key;
        for (const std::string &value : tried_values(spec))
            EXPECT_NO_THROW(set_parameter(params, format().parameters, spec.key, value)) << spec.key;
        EXPECT_THROW(set_parameter(params, format().parameters, spec.key, "nonsense"), Error) << spec.key;
        if (spec.choices.empty()) {
            EXPECT_THROW(set_parameter(params, format().parameters, spec.key, std::to_string(spec.max + 1)), Error);
        } else {
            EXPECT_FALSE(choice_name(spec, spec.default_value).empty()) << spec.key;
        }
    }
}

TEST_P(DirectoryConformance, TheRootIsATableOfTheFormatInEverySetting)
{
    for (const FormatParams &params : every_setting(format())) {
        const DirectoryTable root = format().root(PhysAddr(0x40000000), params);
        ASSERT_LT(root.type, format().table_types.size()) << words(params);
        EXPECT_EQ(root.address, PhysAddr(0x40000000)) << words(params);
        EXPECT_GE(root.records, 1U) << words(params);
        EXPECT_LE(std::uint64_t{root.records} << root.id_shift, std::uint64_t{1} << 32) << words(params);
        EXPECT_EQ(format().table_types[root.type].key, DirectoryKey::device);
        EXPECT_EQ(root.outer.format, nullptr);
    }
}

TEST_P(DirectoryConformance, ABigEndianParameterMakesTheRootBigEndian)
{
    for (const FormatParams &params : every_setting(format())) {
        const bool big = format().root(PhysAddr(0), params).big_endian;
        EXPECT_EQ(big, params.big_endian) << words(params);
    }
}

TEST_P(DirectoryConformance, FieldsCoverEveryBitOfAnyRecordOnce)
{
    Dice dice(1);
    for (std::uint8_t type = 0; type < format().table_types.size(); ++type) {
        SCOPED_TRACE(format().table_types[type].name);
        for (int i = 0; i < 50; ++i) {
            RecordWords record{};
            for (unsigned word = 0; word < record_words(type) && i > 0; ++word)
                record[word] = dice.word();
            expect_full_cover(format().fields(type, record), record_words(type) * 64);
        }
    }
}

void expect_good_stage(const Stage &stage)
{
    if (stage.format == nullptr)
        return;
    EXPECT_TRUE(stage.format->consistent(stage.params)) << words_of(*stage.format, stage.params);
    EXPECT_LE(stage.params.paw_bits, stage.format->max_paw_bits);
    EXPECT_EQ(stage.root.value() & 7, 0U);
}

/// What holds for any record of any table.
void expect_within_bounds(const DirectoryFormat &format, const DirectoryRecord &record, const RecordWords &words)
{
    for (unsigned word = 0; word < kMaxRecordWords; ++word)
        EXPECT_EQ(record.reserved_set[word] & ~words[word], 0U);
    if (record.reserved_set != RecordWords{}) {
        EXPECT_TRUE(record.present);
        EXPECT_TRUE(record.fault.has_value());
    }
    if (record.next) {
        const DirectoryTable &next = *record.next;
        ASSERT_LT(next.type, format.table_types.size());
        EXPECT_FALSE(record.fault.has_value());
        EXPECT_GE(next.records, 1U);
        EXPECT_LE(std::uint64_t{next.records} << next.id_shift, std::uint64_t{1} << 32);
        // A record that ends the walk leads on for requests with a PASID alone.
        EXPECT_TRUE(!record.translation || format.table_types[next.type].key == DirectoryKey::pasid);
        expect_good_stage(next.outer);
    }
    if (record.translation) {
        const Translation &found = *record.translation;
        expect_good_stage({found.format, found.params, found.root});
        expect_good_stage(found.outer);
        EXPECT_EQ(found.kind == TranslationKind::nested, found.format != nullptr && found.outer.format != nullptr);
        EXPECT_TRUE(!record.fault || found.format == nullptr);
    }
    for (const auto &fault : {record.fault, record.pasid_fault, record.plain_fault})
        EXPECT_TRUE(!fault || !fault->name.empty());
}

TEST_P(DirectoryConformance, AnyRecordDecodesWithinTheBoundsOfTheFormat)
{
    Dice dice(2);
    for (const FormatParams &params : every_setting(format())) {
        for (std::uint8_t type = 0; type < format().table_types.size(); ++type) {
            for (int i = 0; i < 200; ++i) {
                RecordWords record{};
                if (dice.one_in(20))
                    record = good_record(type, params, dice);
                for (unsigned word = 0; word < record_words(type); ++word)
                    record[word] ^= dice.one_in(2) ? dice.word() : dice.word() & dice.word() & dice.word();
                expect_within_bounds(format(), decode(type, record, params), record);
                static_cast<void>(format().typical(type, record));
            }
            ASSERT_FALSE(HasFailure()) << format().table_types[type].name << ", " << words(params);
        }
    }
}

TEST_P(DirectoryConformance, GoodRecordsAreWithinTheBoundsOfTheFormat)
{
    for (std::uint64_t seed = 10; seed < 20 && !HasFailure(); ++seed) {
        for_good_records(seed, [this](const RecordWords &good, std::uint8_t type, const FormatParams &params) {
            const DirectoryRecord record = decode(type, good, params);
            expect_within_bounds(format(), record, good);
            EXPECT_TRUE(record.next || record.translation);
        });
    }
}

TEST_P(DirectoryConformance, AReservedBitIsReportedAloneAndFaults)
{
    for_good_records(3, [this](const RecordWords &good, std::uint8_t type, const FormatParams &params) {
        for (const FieldSpec &spec : format().fields(type, good)) {
            for (unsigned position = spec.low; position <= spec.high; ++position) {
                if (!has_role(spec, {FieldRole::reserved}))
                    continue;
                const DirectoryRecord record = decode(type, with_bit(good, position), params);
                EXPECT_TRUE(record.present);
                EXPECT_EQ(record.reserved_set, bit_of(position)) << spec.name;
                EXPECT_TRUE(record.fault.has_value()) << spec.name;
                EXPECT_FALSE(record.next.has_value()) << spec.name;
            }
        }
    });
}

TEST_P(DirectoryConformance, AnIgnoredOrSoftwareBitChangesNothing)
{
    for_good_records(4, [this](const RecordWords &good, std::uint8_t type, const FormatParams &params) {
        const DirectoryRecord before = decode(type, good, params);
        for (const FieldSpec &spec : format().fields(type, good)) {
            for (unsigned position = spec.low; position <= spec.high; ++position) {
                if (!has_role(spec, {FieldRole::ignored, FieldRole::software}))
                    continue;
                const DirectoryRecord after = decode(type, with_bit(good, position), params);
                EXPECT_FALSE(after.fault.has_value()) << spec.name;
                EXPECT_EQ(after.reserved_set, RecordWords{}) << spec.name;
                EXPECT_EQ(after.rid_pasid, before.rid_pasid) << spec.name;
                ASSERT_EQ(after.next.has_value(), before.next.has_value()) << spec.name;
                ASSERT_EQ(after.translation.has_value(), before.translation.has_value()) << spec.name;
                if (before.next) {
                    EXPECT_EQ(after.next->address, before.next->address) << spec.name;
                    EXPECT_EQ(after.next->records, before.next->records) << spec.name;
                }
                if (before.translation) {
                    EXPECT_EQ(after.translation->kind, before.translation->kind) << spec.name;
                    EXPECT_EQ(after.translation->root, before.translation->root) << spec.name;
                    EXPECT_EQ(after.translation->params, before.translation->params) << spec.name;
                }
            }
        }
    });
}

/// Addresses that the platform itself uses; those behind an outer stage are measured by that stage's input.
TEST_P(DirectoryConformance, AnAddressBeyondTheWidthIsReported)
{
    Dice dice(5);
    constexpr std::uint8_t kWidth = 36;
    for (const FormatParams &params : every_setting(format())) {
        FormatParams narrow = params;
        narrow.paw_bits = kWidth;
        for (std::uint8_t type = 0; type < format().table_types.size(); ++type) {
            for (int i = 0; i < 5; ++i) {
                const RecordWords good = good_record(type, params, dice);
                const DirectoryRecord record = decode(type, good, narrow);
                expect_within_bounds(format(), record, good);
                if (record.next && record.next->outer.format == nullptr) {
                    EXPECT_EQ(record.next->address.value() >> kWidth, 0U);
                }
                if (!record.translation || record.translation->format == nullptr)
                    continue;
                const bool nested = record.translation->outer.format != nullptr;
                const PhysAddr root = nested ? record.translation->outer.root : record.translation->root;
                EXPECT_EQ(root.value() >> kWidth, 0U);
            }
            ASSERT_FALSE(HasFailure()) << format().table_types[type].name << ", " << words(narrow);
        }
    }
}

TEST_P(DirectoryConformance, ATableThatCannotBeReadOrIsTooShortHasAFaultWithAName)
{
    for (std::uint8_t type = 0; type < format().table_types.size(); ++type) {
        EXPECT_FALSE(format().unreadable(type).name.empty());
        EXPECT_FALSE(format().out_of_range(type).name.empty());
    }
}

TEST_P(DirectoryConformance, AnyRegisterGivesARootOfTheFormatOrAComplaint)
{
    Dice dice(7);
    for (int i = 0; i < 2000; ++i) {
        std::vector<std::optional<std::uint64_t>> values(format().registers.size());
        for (std::size_t k = 0; k < values.size(); ++k) {
            const std::uint64_t mask = format().registers[k].bytes == 8 ? ~std::uint64_t{0} : 0xffffffff;
            if (k == 0 || !dice.one_in(3))
                values[k] = (dice.one_in(2) ? dice.word() : dice.below(0x1000)) & mask;
        }
        const RegisterReading reading = format().from_registers(values, default_params(format()));
        if (!reading.complaint.empty())
            continue;
        const DirectoryTable root = format().root(reading.root, reading.params);
        EXPECT_LT(root.type, format().table_types.size());
        EXPECT_GE(root.records, 1U);
        EXPECT_GE(reading.params.levels, format().min_levels);
        EXPECT_LE(reading.params.levels, format().max_levels);
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, DirectoryConformance,
                         testing::ValuesIn(directory_formats().begin(), directory_formats().end()),
                         test_name<DirectoryFormat>);

}  // namespace
}  // namespace pgregion::test
