// SPDX-License-Identifier: GPL-2.0-or-later
//
// The conformance suite of table formats: names, parameters, fields, single bits, bounds. Each test runs for every
// format of table_formats(), with every setting of its parameters; words of a particular manual stand in that
// format's own test. What the encoders make, shapes and addresses: conformance_encoding_test.cpp.
#include "support/conformance.h"

#include <pgregion/error.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

constexpr std::array kKinds{EntryKind::empty, EntryKind::table, EntryKind::leaf, EntryKind::invalid};

TEST_P(TableConformance, NamesAndLimitsAreFilledIn)
{
    EXPECT_FALSE(format().name.empty());
    EXPECT_FALSE(format().title.empty());
    EXPECT_FALSE(format().document.empty());
    EXPECT_LE(1, format().min_levels);
    EXPECT_LE(format().min_levels, format().max_levels);
    EXPECT_LE(format().max_paw_bits, 64);
    EXPECT_FALSE(format().leaf_sizes_lg2.empty());
    EXPECT_TRUE(std::ranges::is_sorted(format().leaf_sizes_lg2));
    for (unsigned level = 0; level < format().max_levels; ++level)
        EXPECT_FALSE(format().entry_name(level).empty());
    for (const FormatParams &params : every_setting(format()))
        EXPECT_FALSE(format().architecture(params).empty());
}

TEST_P(TableConformance, ParametersTakeTheirChoicesAndLimitsAndNothingElse)
{
    EXPECT_LE(format().parameters.size(), kMaxParameters);
    FormatParams params = default_params(format(), format().max_levels);
    for (const ParameterSpec &spec : format().parameters) {
        EXPECT_FALSE(spec.key.empty());
        EXPECT_FALSE(spec.meaning.empty()) << spec.key;
        EXPECT_THROW(set_parameter(params, format().parameters, spec.key, "nonsense"), Error) << spec.key;
        for (const std::string &value : tried_values(spec))
            EXPECT_NO_THROW(set_parameter(params, format().parameters, spec.key, value)) << spec.key;
        if (spec.choices.empty()) {
            EXPECT_LE(spec.min, spec.max) << spec.key;
            EXPECT_THROW(set_parameter(params, format().parameters, spec.key, std::to_string(spec.max + 1)), Error);
        } else {
            EXPECT_FALSE(choice_name(spec, spec.default_value).empty()) << spec.key;
        }
    }
    EXPECT_THROW(set_parameter(params, format().parameters, "no-such-key", "1"), Error);
}

TEST_P(TableConformance, EveryNumberOfLevelsHasASettingAndNoOtherHas)
{
    std::vector<bool> found(format().max_levels + 2U);
    for (const FormatParams &params : every_setting(format()))
        found[params.levels] = true;
    for (unsigned levels = format().min_levels; levels <= format().max_levels; ++levels)
        EXPECT_TRUE(found[levels]) << levels;
    for (const FormatParams &setting : every_setting(format())) {
        for (const unsigned levels : {format().min_levels - 1U, format().max_levels + 1U}) {
            FormatParams params = setting;
            params.levels = static_cast<std::uint8_t>(levels);
            EXPECT_FALSE(format().consistent(params)) << words(params);
        }
    }
}

TEST_P(TableConformance, TheLevelsThatParametersNameGoTogetherWithThem)
{
    for (const FormatParams &setting : every_setting(format())) {
        FormatParams params = setting;
        params.levels = static_cast<std::uint8_t>(format().levels_of(setting));
        EXPECT_TRUE(params.levels == 0 || format().consistent(params)) << words(params);
    }
}

TEST_P(TableConformance, FieldsCoverEveryBitOnceLowestFirst)
{
    for (const FormatParams &params : every_setting_of_directories(format())) {
        for (unsigned level = 0; level < params.levels; ++level) {
            for (const EntryKind kind : kKinds)
                expect_full_cover(format().fields(level, kind, params), 64);
        }
        ASSERT_FALSE(HasFailure()) << words(params);
    }
}

TEST_P(TableConformance, ZeroIsEmptyAtEveryLevel)
{
    for (const FormatParams &params : every_setting_of_directories(format())) {
        for (unsigned level = 0; level < params.levels; ++level) {
            const Entry entry = format().decode(0, level, params);
            EXPECT_EQ(entry.kind, EntryKind::empty);
            EXPECT_EQ(entry.raw, 0U);
            EXPECT_EQ(entry.reserved_set, 0U);
            EXPECT_TRUE(entry.access.empty());
        }
    }
}

TEST_P(TableConformance, ReservedFieldsAreReportedAndNoOthersButAddressesNumbersAndFlags)
{
    for_every_word([this](std::uint64_t raw, unsigned level, const FormatParams &params) {
        const auto specs = format().fields(level, format().decode(raw, level, params).kind, params);
        const std::uint64_t reserved = role_bits(specs, FieldRole::reserved);
        const std::uint64_t may_be = role_bits(specs, FieldRole::address) | role_bits(specs, FieldRole::number) |
                                     role_bits(specs, FieldRole::flag);
        const std::uint64_t found = reported(raw, level, params);
        EXPECT_EQ(reserved & ~found, 0U);
        EXPECT_EQ(found & ~reserved & ~may_be, 0U);
        EXPECT_EQ(raw & reserved, 0U);
    });
}

TEST_P(TableConformance, AReservedBitIsReportedAloneAndLeavesTheKind)
{
    for_every_word([this](std::uint64_t raw, unsigned level, const FormatParams &params) {
        const Entry before = format().decode(raw, level, params);
        const std::uint64_t reserved = role_bits(format().fields(level, before.kind, params), FieldRole::reserved);
        for (unsigned position = 0; position < 64; ++position) {
            const std::uint64_t flip = reserved & std::uint64_t{1} << position;
            if (flip == 0)
                continue;
            const Entry after = format().decode(raw | flip, level, params);
            EXPECT_EQ(after.reserved_set, flip) << "bit " << position;
            EXPECT_EQ(after.kind, before.kind) << "bit " << position;
            EXPECT_TRUE(after.faults());
        }
    });
}

TEST_P(TableConformance, AnIgnoredOrSoftwareBitChangesNothing)
{
    const auto meaning = [](const Entry &e) {
        return std::tuple(e.reserved_set, e.kind, e.target, e.size_lg2, e.target_level, e.replicas_lg2, e.step_lg2,
                          e.access.is_clean(), e.access.is_inactive(), e.access.is_supervisor_only(),
                          letters(e.access));
    };
    for_every_word([&](std::uint64_t raw, unsigned level, const FormatParams &params) {
        const Entry before = format().decode(raw, level, params);
        const auto specs = format().fields(level, before.kind, params);
        const std::uint64_t free = role_bits(specs, FieldRole::ignored) | role_bits(specs, FieldRole::software);
        EXPECT_TRUE(meaning(format().decode(raw | free, level, params)) == meaning(before));
        for (unsigned position = 0; position < 64; ++position) {
            const std::uint64_t flip = free & std::uint64_t{1} << position;
            if (flip != 0) {
                EXPECT_TRUE(meaning(format().decode(raw ^ flip, level, params)) == meaning(before)) << position;
            }
        }
    });
}

TEST_P(TableConformance, ANotPresentEntryIgnoresWhatItsFieldsCallIgnored)
{
    Dice dice(5);
    for (const FormatParams &params : every_setting_of_directories(format())) {
        for (unsigned level = 0; level < params.levels; ++level) {
            const auto specs = format().fields(level, EntryKind::empty, params);
            const std::uint64_t free = role_bits(specs, FieldRole::ignored) | role_bits(specs, FieldRole::software);
            for (int i = 0; i < 20; ++i)
                EXPECT_EQ(format().decode(dice.word() & free, level, params).kind, EntryKind::empty) << words(params);
        }
    }
}

TEST_P(TableConformance, ATargetBeyondTheAddressWidthFaults)
{
    for (const unsigned paw_bits : {format().max_paw_bits - 1U, 46U, 39U}) {
        for_every_word([&](std::uint64_t raw, unsigned level, const FormatParams &params) {
            FormatParams narrow = params;
            narrow.paw_bits = static_cast<std::uint8_t>(paw_bits);
            if (!format().consistent(narrow))
                return;
            for (unsigned position = 0; position < 64; ++position) {
                const Entry entry = format().decode(raw | std::uint64_t{1} << position, level, narrow);
                const bool beyond = entry.present() && entry.target.value() >> paw_bits != 0;
                EXPECT_TRUE(!beyond || entry.faults()) << "bit " << position << " width " << paw_bits;
            }
        });
    }
}

TEST_P(TableConformance, EveryCauseAndAccessHasAFaultWithAName)
{
    for (const FormatParams &params : every_setting_of_directories(format())) {
        for (unsigned cause = 0; cause <= static_cast<unsigned>(FaultCause::output_beyond_width); ++cause) {
            for (const Access wanted : {Access::read(), Access::write(), Access::execute()}) {
                const Fault fault = format().fault(static_cast<FaultCause>(cause), wanted, params);
                EXPECT_EQ(fault.cause, static_cast<FaultCause>(cause));
                EXPECT_FALSE(fault.name.empty());
            }
        }
    }
}

/// What holds for any word of any table.
void expect_within_bounds(const TableFormat &format, const Entry &entry, unsigned level, const FormatParams &params)
{
    const unsigned shift = format.shape(level, params).shift;
    EXPECT_EQ(entry.reserved_set & ~entry.raw, 0U);
    EXPECT_FALSE(entry.torn);
    if (entry.kind == EntryKind::table) {
        EXPECT_LT(entry.target_level, level);
        EXPECT_EQ(entry.target.value() & 0xfff, 0U);
        EXPECT_FALSE(format.fields(level, entry.kind, params).empty());
    }
    if (entry.kind == EntryKind::leaf) {
        EXPECT_TRUE(std::ranges::binary_search(format.leaf_sizes_lg2, entry.size_lg2));
        EXPECT_EQ(entry.target.value() & ((std::uint64_t{1} << entry.size_lg2) - 1), 0U);
        EXPECT_EQ(entry.size_lg2, shift + entry.replicas_lg2);
        EXPECT_LT(entry.replicas_lg2, format.shape(level, params).index_bits);
    } else {
        EXPECT_EQ(entry.replicas_lg2, 0);
        EXPECT_EQ(entry.step_lg2, 0);
    }
    if (entry.kind == EntryKind::empty) {
        EXPECT_EQ(entry.reserved_set, 0U);
        EXPECT_FALSE(format.typical(entry, level));
    }
}

TEST_P(TableConformance, AnyWordAtAnyLevelDecodesWithinTheBoundsOfTheFormat)
{
    Dice dice(4);
    for (const FormatParams &params : every_setting_of_directories(format())) {
        for (unsigned level = 0; level < params.levels; ++level) {
            for (int i = 0; i < 300; ++i) {
                const std::uint64_t raw = dice.one_in(2) ? dice.word() : dice.word() & dice.word() & dice.word();
                const Entry entry = format().decode(raw, level, params);
                EXPECT_EQ(entry.raw, raw);
                expect_within_bounds(format(), entry, level, params);
                ASSERT_FALSE(HasFailure()) << std::hex << raw << " level " << level << ", " << words(params);
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, TableConformance, testing::ValuesIn(table_formats().begin(), table_formats().end()),
                         test_name<TableFormat>);

}  // namespace
}  // namespace pgregion::test
