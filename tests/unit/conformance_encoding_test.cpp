// SPDX-License-Identifier: GPL-2.0-or-later
//
// The conformance suite of table formats, second part: what the encoders make is what the decoders read; shapes of
// tables and the addresses that they resolve. Each test runs for every format with every setting of its parameters.
#include "support/conformance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

constexpr std::array kMemoryTypes{MemoryType::normal, MemoryType::non_cached, MemoryType::device};

using EncodingConformance = TableConformance;

TEST_P(EncodingConformance, ATableThatIsEncodedIsDecodedAgain)
{
    Dice dice(1);
    for (const FormatParams &params : every_setting_of_directories(format())) {
        const std::uint64_t bits = output_bits(format(), params);
        for (unsigned level = 1; level < params.levels; ++level) {
            const std::uint64_t align = format().shape(level - 1, params).align_bytes;
            for (int i = 0; i < 30; ++i) {
                const std::uint64_t address = (i == 0 ? bits : dice.word() & bits) & ~(align - 1);
                const Entry entry =
                    format().decode(format().encode_table(PhysAddr(address), level, params), level, params);
                EXPECT_EQ(entry.kind, EntryKind::table);
                EXPECT_EQ(entry.target, PhysAddr(address));
                EXPECT_EQ(entry.target_level, level - 1);
                EXPECT_TRUE(entry.access.allows(Access::read() | Access::write()));
                EXPECT_EQ(entry.reserved_set, 0U);
                EXPECT_TRUE(format().typical(entry, level));
            }
        }
        ASSERT_FALSE(HasFailure()) << words(params);
    }
}

TEST_P(EncodingConformance, ALeafThatIsEncodedIsDecodedAgain)
{
    Dice dice(2);
    for (const FormatParams &params : every_setting_of_directories(format())) {
        const std::uint64_t all_bits = output_bits(format(), params);
        for (unsigned level = 0; level < params.levels; ++level) {
            for (const std::uint8_t size_lg2 : format().leaf_sizes_lg2) {
                for (unsigned i = 0; i < 8 * kMemoryTypes.size(); ++i) {
                    const Access access = Access::from_bits(i);
                    const std::uint64_t address = (dice.word() & all_bits) >> size_lg2 << size_lg2;
                    const auto raw =
                        format().encode_leaf({PhysAddr(address), size_lg2, access, kMemoryTypes[i / 8]}, level, params);
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
        ASSERT_FALSE(HasFailure()) << words(params);
    }
}

TEST_P(EncodingConformance, EveryAddressIsEncodedOrTheSettingHasNoSuchBits)
{
    for (const FormatParams &params : every_setting(format())) {
        const std::uint64_t bits = output_bits(format(), params);
        const std::uint8_t size_lg2 = format().shape(0, params).shift;
        EXPECT_NE(bits >> 47, 0U) << words(params);  // no format is narrower than 48 bits
        const PhysAddr highest(bits);
        const auto raw = format().encode_leaf({highest, size_lg2, Access::read() | Access::write()}, 0, params);
        const auto executable = format().encode_leaf({highest, size_lg2, Access::all()}, 0, params);
        EXPECT_TRUE(raw || executable) << words(params);
    }
}

TEST_P(EncodingConformance, EveryLeafSizeCanBeEncodedInSomeSettingAndIsTypical)
{
    std::vector<std::uint8_t> found;
    for (const FormatParams &params : every_setting(format())) {
        for (unsigned level = 0; level < params.levels; ++level) {
            for (const std::uint8_t size_lg2 : format().leaf_sizes_lg2) {
                for (const Access access : {Access::read() | Access::write(), Access::read(), Access::all()}) {
                    const auto raw = format().encode_leaf({PhysAddr(0), size_lg2, access}, level, params);
                    if (!raw)
                        continue;
                    found.push_back(size_lg2);
                    const bool usual = access != Access::all();
                    EXPECT_TRUE(!usual || format().typical(format().decode(*raw, level, params), level))
                        << std::hex << *raw << " level " << level << ", " << words(params);
                }
            }
        }
    }
    std::ranges::sort(found);
    found.erase(std::unique(found.begin(), found.end()), found.end());
    EXPECT_THAT(found, testing::ElementsAreArray(format().leaf_sizes_lg2.begin(), format().leaf_sizes_lg2.end()));
}

TEST_P(EncodingConformance, TheSmallestLeafStandsAtTheLowestLevelInEverySetting)
{
    for (const FormatParams &params : every_setting(format())) {
        const std::uint8_t size_lg2 = format().shape(0, params).shift;
        const auto two = format().encode_leaf({PhysAddr(0), size_lg2, Access::read() | Access::write()}, 0, params);
        const auto all = format().encode_leaf({PhysAddr(0), size_lg2, Access::all()}, 0, params);
        EXPECT_TRUE(two || all) << words(params);
    }
}

TEST_P(EncodingConformance, UnalignedForbiddenAndFarLeavesAreRefusedAtEveryLevel)
{
    constexpr std::uint8_t kWidth = 46;
    const Access read_write = Access::read() | Access::write();
    for (FormatParams params : every_setting_of_directories(format())) {
        params.paw_bits = kWidth;
        if (!format().consistent(params))
            continue;
        for (unsigned level = 0; level < params.levels; ++level) {
            const auto refuses = [&](std::uint64_t target, std::uint8_t size_lg2, Access access) {
                return !format().encode_leaf({PhysAddr(target), size_lg2, access}, level, params);
            };
            for (const std::uint8_t size_lg2 : format().leaf_sizes_lg2) {
                const std::uint64_t size = std::uint64_t{1} << size_lg2;
                for (const std::uint64_t skew : {std::uint64_t{1}, size / 2, size - 1})
                    EXPECT_TRUE(refuses(skew, size_lg2, read_write)) << skew;
                EXPECT_TRUE(refuses(std::uint64_t{1} << std::max(kWidth, size_lg2), size_lg2, read_write));
                EXPECT_TRUE(refuses(0, size_lg2, Access::none()));
                EXPECT_TRUE(size_lg2 <= kWidth || refuses(0, size_lg2, read_write));
            }
            for (std::uint8_t size_lg2 = 0; size_lg2 < 64; ++size_lg2) {
                const bool known = std::ranges::binary_search(format().leaf_sizes_lg2, size_lg2);
                EXPECT_TRUE(known || refuses(0, size_lg2, read_write)) << int{size_lg2};
            }
        }
        ASSERT_FALSE(HasFailure()) << words(params);
    }
}

TEST_P(EncodingConformance, ShapesOfLevelsJoinWithoutGapAndCoverTheWidth)
{
    for (const FormatParams &params : every_setting(format())) {
        unsigned next = format().shape(0, params).shift;
        EXPECT_TRUE(std::ranges::binary_search(format().leaf_sizes_lg2, static_cast<std::uint8_t>(next)));
        for (unsigned level = 0; level < params.levels; ++level) {
            const TableShape shape = format().shape(level, params);
            EXPECT_EQ(shape.shift, next) << "level " << level;
            EXPECT_GE(shape.index_bits, 1);
            EXPECT_GE(shape.align_bytes, 8U);
            EXPECT_EQ(shape.align_bytes & (shape.align_bytes - 1), 0U);
            EXPECT_GE(shape.align_bytes, std::min(shape.bytes(), 4096U));
            next = shape.shift + unsigned{shape.index_bits};
        }
        ASSERT_LE(next, 64U) << words(params);
        const std::uint64_t last = ~std::uint64_t{0} >> (64 - next);
        EXPECT_TRUE(format().iova_valid(format().canonical(last, params), params)) << words(params);
    }
}

TEST_P(EncodingConformance, AnAddressIsValidExactlyWhenItIsTheCanonicalFormOfItsLowBits)
{
    Dice dice(3);
    for (const FormatParams &params : every_setting(format())) {
        const TableShape top = format().shape(params.levels - 1U, params);
        const unsigned width = top.shift + unsigned{top.index_bits};
        const std::uint64_t mask = ~std::uint64_t{0} >> (64 - width);
        const std::uint64_t half = std::uint64_t{1} << (width - 1);
        std::vector<std::uint64_t> tries{0,        1,     half - 1,  half,  mask - 1,         mask,
                                         mask + 1, ~half, ~half + 1, ~mask, ~std::uint64_t{0}};
        for (int i = 0; i < 100; ++i)
            tries.push_back(dice.one_in(4) ? ~(dice.word() >> dice.below(64)) : dice.word() >> dice.below(64));
        for (const std::uint64_t iova : tries) {
            EXPECT_EQ(format().canonical(iova & mask, params).value() & mask, iova & mask);
            EXPECT_EQ(format().iova_valid(Iova(iova), params), format().canonical(iova & mask, params) == Iova(iova))
                << std::hex << iova << " " << words(params);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, EncodingConformance,
                         testing::ValuesIn(table_formats().begin(), table_formats().end()), test_name<TableFormat>);

}  // namespace
}  // namespace pgregion::test
