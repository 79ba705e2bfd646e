// SPDX-License-Identifier: GPL-2.0-or-later
//
// The conformance suite of table formats: fields, reserved bits, round trips, shapes, addresses. Each test runs
// for every format of table_formats(); words of a particular manual stand in that format's own test.
#include "support/conformance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

constexpr std::array kKinds{EntryKind::empty, EntryKind::table, EntryKind::leaf, EntryKind::invalid};
const Access kReadWrite = Access::read() | Access::write();

TEST_P(TableConformance, NamesAndLimitsAreFilledIn)
{
    EXPECT_FALSE(format().name.empty());
    EXPECT_FALSE(format().title.empty());
    EXPECT_FALSE(format().document.empty());
    EXPECT_FALSE(format().architecture.empty());
    EXPECT_LE(1, format().min_levels);
    EXPECT_LE(format().min_levels, format().max_levels);
    EXPECT_LE(format().max_paw_bits, 64);
    EXPECT_FALSE(format().leaf_sizes_lg2.empty());
    EXPECT_TRUE(std::ranges::is_sorted(format().leaf_sizes_lg2));
    for (unsigned level = 0; level < format().max_levels; ++level)
        EXPECT_FALSE(format().entry_name(level).empty());
}

TEST_P(TableConformance, ParametersHaveDefaultsThatTheyTake)
{
    EXPECT_LE(format().parameters.size(), kMaxParameters);
    for (const ParameterSpec &spec : format().parameters) {
        EXPECT_FALSE(spec.key.empty());
        EXPECT_FALSE(spec.meaning.empty()) << spec.key;
        if (spec.choices.empty()) {
            EXPECT_LE(spec.min, spec.default_value) << spec.key;
            EXPECT_LE(spec.default_value, spec.max) << spec.key;
        } else {
            EXPECT_FALSE(choice_name(spec, spec.default_value).empty()) << spec.key;
        }
    }
}

TEST_P(TableConformance, FieldsCoverEveryBitOnceLowestFirst)
{
    for (unsigned level = 0; level < format().max_levels; ++level) {
        for (const EntryKind kind : kKinds) {
            SCOPED_TRACE(testing::Message() << "level " << level << ", " << name(kind));
            expect_full_cover(format().fields(level, kind), 64);
        }
    }
}

TEST_P(TableConformance, ZeroIsEmptyAtEveryLevel)
{
    for (unsigned level = 0; level < format().max_levels; ++level) {
        const Entry entry = format().decode(0, level, widest());
        EXPECT_EQ(entry.kind, EntryKind::empty);
        EXPECT_EQ(entry.raw, 0U);
        EXPECT_EQ(entry.reserved_set, 0U);
        EXPECT_TRUE(entry.access.empty());
    }
}

TEST_P(TableConformance, ReservedFieldsAreWhatIsReportedUnderEveryChoiceOfParameters)
{
    for (unsigned level = 0; level < format().max_levels; ++level) {
        for (const std::uint64_t raw : encoded(level, widest())) {
            SCOPED_TRACE(testing::Message() << "level " << level << ", entry 0x" << std::hex << raw);
            const auto specs = format().fields(level, format().decode(raw, level, widest()).kind);
            std::uint64_t always = ~std::uint64_t{0};
            std::uint64_t ever = 0;
            for (const FormatParams &params : every_choice(widest(), format().parameters)) {
                always &= reported(raw, level, params);
                ever |= reported(raw, level, params);
            }
            EXPECT_EQ(always, role_bits(specs, FieldRole::reserved));
            // A parameter may reserve what is a flag or a number otherwise, and nothing else.
            const std::uint64_t conditional = role_bits(specs, FieldRole::flag) | role_bits(specs, FieldRole::number);
            EXPECT_EQ(ever & ~always & ~conditional, 0U);
        }
    }
}

TEST_P(TableConformance, AReservedBitIsReportedAloneAndLeavesTheKind)
{
    for (unsigned level = 0; level < format().max_levels; ++level) {
        for (const std::uint64_t raw : encoded(level, widest())) {
            const Entry before = format().decode(raw, level, widest());
            const std::uint64_t reserved = role_bits(format().fields(level, before.kind), FieldRole::reserved);
            for (unsigned position = 0; position < 64; ++position) {
                const std::uint64_t flip = std::uint64_t{1} << position;
                if ((reserved & flip) == 0)
                    continue;
                const Entry after = format().decode(raw | flip, level, widest());
                EXPECT_EQ(after.reserved_set, flip) << "level " << level << " bit " << position;
                EXPECT_EQ(after.kind, before.kind) << "level " << level << " bit " << position;
                EXPECT_TRUE(after.faults());
            }
        }
    }
}

TEST_P(TableConformance, AnIgnoredOrSoftwareBitChangesNothing)
{
    for (unsigned level = 0; level < format().max_levels; ++level) {
        for (const std::uint64_t raw : encoded(level, widest())) {
            const Entry before = format().decode(raw, level, widest());
            const auto specs = format().fields(level, before.kind);
            const std::uint64_t free = role_bits(specs, FieldRole::ignored) | role_bits(specs, FieldRole::software);
            std::vector<std::uint64_t> flips{free};
            for (unsigned position = 0; position < 64; ++position)
                flips.push_back(free & (std::uint64_t{1} << position));
            for (const std::uint64_t flip : flips) {
                Entry after = format().decode(raw | flip, level, widest());
                EXPECT_EQ(after.reserved_set, 0U) << std::hex << (raw | flip);
                EXPECT_EQ(after.kind, before.kind) << std::hex << (raw | flip);
                EXPECT_EQ(after.target, before.target) << std::hex << (raw | flip);
                EXPECT_EQ(after.access, before.access) << std::hex << (raw | flip);
                EXPECT_EQ(after.size_lg2, before.size_lg2) << std::hex << (raw | flip);
                EXPECT_EQ(after.target_level, before.target_level) << std::hex << (raw | flip);
            }
        }
    }
}

TEST_P(TableConformance, ATargetBeyondTheAddressWidthFaults)
{
    for (const unsigned paw_bits : {format().max_paw_bits - 1U, 46U, 39U}) {
        FormatParams narrow = widest();
        narrow.paw_bits = static_cast<std::uint8_t>(paw_bits);
        for (unsigned level = 0; level < format().max_levels; ++level) {
            for (const std::uint64_t raw : encoded(level, widest())) {
                for (unsigned position = 0; position < 64; ++position) {
                    const Entry entry = format().decode(raw | std::uint64_t{1} << position, level, narrow);
                    if (!entry.present())
                        continue;
                    EXPECT_EQ(entry.target.value() >> paw_bits != 0 && !entry.faults(), false)
                        << "level " << level << " bit " << position << " width " << paw_bits;
                }
            }
        }
    }
}

TEST_P(TableConformance, ATableThatIsEncodedIsDecodedAgain)
{
    const FormatParams params = widest();
    Dice dice(1);
    for (unsigned level = 1; level < format().max_levels; ++level) {
        const std::uint64_t align = format().shape(level - 1, params).align_bytes;
        for (int i = 0; i < 200; ++i) {
            const std::uint64_t address = dice.below(std::uint64_t{1} << format().max_paw_bits) / align * align;
            const std::uint64_t raw = format().encode_table(PhysAddr(address), level, params);
            const Entry entry = format().decode(raw, level, params);
            EXPECT_EQ(entry.kind, EntryKind::table);
            EXPECT_EQ(entry.target, PhysAddr(address));
            EXPECT_EQ(entry.target_level, level - 1);
            EXPECT_TRUE(entry.access.allows(kReadWrite));
            EXPECT_EQ(entry.reserved_set, 0U);
            EXPECT_TRUE(format().typical(entry, level));
        }
    }
}

TEST_P(TableConformance, ALeafThatIsEncodedIsDecodedAgain)
{
    const FormatParams params = widest();
    Dice dice(2);
    for (unsigned level = 0; level < format().max_levels; ++level) {
        for (const std::uint8_t size_lg2 : format().leaf_sizes_lg2) {
            for (unsigned bits = 0; bits < 8; ++bits) {
                const Access access = Access::from_bits(bits);
                const std::uint64_t address = dice.below(std::uint64_t{1} << format().max_paw_bits) >> size_lg2
                                                                                                           << size_lg2;
                const auto raw = format().encode_leaf({PhysAddr(address), size_lg2, access}, level, params);
                if (!raw)
                    continue;
                const Entry entry = format().decode(*raw, level, params);
                EXPECT_EQ(entry.kind, EntryKind::leaf);
                EXPECT_EQ(entry.target, PhysAddr(address));
                EXPECT_EQ(entry.size_lg2, size_lg2);
                EXPECT_EQ(entry.access, access);
                EXPECT_EQ(entry.reserved_set, 0U);
            }
        }
    }
}

TEST_P(TableConformance, EveryLeafSizeCanBeEncodedReadWriteAtSomeLevelAndIsTypical)
{
    for (const std::uint8_t size_lg2 : format().leaf_sizes_lg2) {
        unsigned found = 0;
        for (unsigned level = 0; level < format().max_levels; ++level) {
            const auto raw = format().encode_leaf({PhysAddr(0), size_lg2, kReadWrite}, level, widest());
            found += raw ? 1U : 0U;
            EXPECT_TRUE(!raw || format().typical(format().decode(*raw, level, widest()), level));
        }
        EXPECT_GE(found, 1U) << int{size_lg2};
    }
}

TEST_P(TableConformance, UnalignedForbiddenAndFarLeavesAreRefusedAtEveryLevel)
{
    FormatParams params = widest();
    params.paw_bits = 46;
    for (unsigned level = 0; level < format().max_levels; ++level) {
        for (const std::uint8_t size_lg2 : format().leaf_sizes_lg2) {
            const std::uint64_t size = std::uint64_t{1} << size_lg2;
            for (const std::uint64_t skew : {std::uint64_t{1}, size / 2, size - 1, size - 4096}) {
                if (skew != 0) {
                    EXPECT_EQ(format().encode_leaf({PhysAddr(skew), size_lg2, kReadWrite}, level, params),
                              std::nullopt);
                }
            }
            const PhysAddr far(std::uint64_t{1} << std::max<unsigned>(46, size_lg2));
            EXPECT_EQ(format().encode_leaf({far, size_lg2, kReadWrite}, level, params), std::nullopt);
            EXPECT_EQ(format().encode_leaf({PhysAddr(0), size_lg2, Access::none()}, level, params), std::nullopt);
        }
        for (std::uint8_t size_lg2 = 0; size_lg2 < 64; ++size_lg2) {
            if (!std::ranges::binary_search(format().leaf_sizes_lg2, size_lg2)) {
                EXPECT_EQ(format().encode_leaf({PhysAddr(0), size_lg2, kReadWrite}, level, params), std::nullopt);
            }
        }
    }
}

TEST_P(TableConformance, ShapesOfLevelsJoinWithoutGapAndCoverTheWidth)
{
    for (unsigned levels = format().min_levels; levels <= format().max_levels; ++levels) {
        const FormatParams params = default_params(format(), levels);
        unsigned next = format().leaf_sizes_lg2.front();
        for (unsigned level = 0; level < levels; ++level) {
            const TableShape shape = format().shape(level, params);
            EXPECT_EQ(shape.shift, next) << "level " << level;
            EXPECT_GE(shape.index_bits, 1);
            EXPECT_GE(shape.align_bytes, 8U);
            next = shape.shift + unsigned{shape.index_bits};
        }
        ASSERT_LE(next, 64U);
        const std::uint64_t last = ~std::uint64_t{0} >> (64 - next);
        EXPECT_TRUE(format().iova_valid(format().canonical(last, params), params));
    }
}

TEST_P(TableConformance, AnAddressIsValidExactlyWhenItIsTheCanonicalFormOfItsLowBits)
{
    Dice dice(3);
    for (unsigned levels = format().min_levels; levels <= format().max_levels; ++levels) {
        const FormatParams params = default_params(format(), levels);
        const TableShape top = format().shape(levels - 1, params);
        const unsigned width = top.shift + unsigned{top.index_bits};
        const std::uint64_t mask = ~std::uint64_t{0} >> (64 - width);
        const std::uint64_t half = std::uint64_t{1} << (width - 1);
        std::vector<std::uint64_t> tries{0,        1,     half - 1,  half,  mask - 1,         mask,
                                         mask + 1, ~half, ~half + 1, ~mask, ~std::uint64_t{0}};
        for (int i = 0; i < 1000; ++i)
            tries.push_back(dice.word() >> dice.below(64));
        for (const std::uint64_t iova : tries) {
            EXPECT_EQ(format().canonical(iova & mask, params).value() & mask, iova & mask);
            EXPECT_EQ(format().iova_valid(Iova(iova), params), format().canonical(iova & mask, params) == Iova(iova))
                << std::hex << iova << " levels " << levels;
        }
    }
}

TEST_P(TableConformance, EveryCauseAndAccessHasAFaultWithAName)
{
    for (unsigned cause = 0; cause <= static_cast<unsigned>(FaultCause::output_forbidden); ++cause) {
        for (const Access wanted : {Access::read(), Access::write(), Access::execute()}) {
            const Fault fault = format().fault(static_cast<FaultCause>(cause), wanted, widest());
            EXPECT_EQ(fault.cause, static_cast<FaultCause>(cause));
            EXPECT_FALSE(fault.name.empty());
        }
    }
}

TEST_P(TableConformance, AnyWordAtAnyLevelDecodesWithinTheBoundsOfTheFormat)
{
    Dice dice(4);
    for (unsigned level = 0; level < format().max_levels; ++level) {
        for (int i = 0; i < 20000; ++i) {
            const std::uint64_t raw = dice.one_in(2) ? dice.word() : dice.word() & dice.word() & dice.word();
            const Entry entry = format().decode(raw, level, widest());
            EXPECT_EQ(entry.raw, raw);
            EXPECT_EQ(entry.reserved_set & ~raw, 0U);
            if (entry.kind == EntryKind::table) {
                EXPECT_LT(entry.target_level, level);
            }
            if (entry.kind == EntryKind::leaf) {
                EXPECT_TRUE(std::ranges::binary_search(format().leaf_sizes_lg2, entry.size_lg2)) << std::hex << raw;
                EXPECT_EQ(entry.target.value() & ((std::uint64_t{1} << entry.size_lg2) - 1), 0U) << std::hex << raw;
            }
            if (entry.kind == EntryKind::empty) {
                EXPECT_EQ(entry.reserved_set, 0U);
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, TableConformance, testing::ValuesIn(table_formats().begin(), table_formats().end()),
                         test_name<TableFormat>);

}  // namespace
}  // namespace pgregion::test
