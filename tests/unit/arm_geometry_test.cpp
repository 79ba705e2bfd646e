// SPDX-License-Identifier: GPL-2.0-or-later
//
// What stage 1 and stage 2 of Arm have in common: geometry (iommu-formats.md section 4.4), parameters, addresses,
// events (section 4.6), names of fields, runs.
#include "formats/arm.h"
#include "formats/make_format.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion
{
namespace
{

constexpr TableFormat kStage1 = formats::make_format<formats::ArmStage1>();
constexpr TableFormat kStage2 = formats::make_format<formats::ArmStage2>();

using Settings = std::vector<std::pair<std::string_view, std::string_view>>;

FormatParams params_of(const TableFormat &format, unsigned levels, const Settings &settings = {})
{
    FormatParams params = default_params(format, levels);
    for (const auto &[key, value] : settings)
        set_parameter(params, format.parameters, key, value);
    return params;
}

/// Index bits of the start table; 0 when the parameters contradict each other.
unsigned start_bits(const TableFormat &format, unsigned levels, const Settings &settings)
{
    const FormatParams params = params_of(format, levels, settings);
    return format.consistent(params) ? format.shape(levels - 1, params).index_bits : 0;
}

// --- start tables -------------------------------------------------------------------------------------------

TEST(ArmGeometry, WithoutInputBitsTheStartTableIsFullUpTo48Bits)
{
    EXPECT_EQ(start_bits(kStage1, 1, {}), 9U);
    EXPECT_EQ(start_bits(kStage1, 3, {}), 9U);
    EXPECT_EQ(start_bits(kStage1, 4, {}), 9U);
    EXPECT_EQ(start_bits(kStage1, 3, {{"granule", "16k"}}), 11U);
    EXPECT_EQ(start_bits(kStage1, 4, {{"granule", "16k"}}), 1U);
    EXPECT_EQ(start_bits(kStage1, 2, {{"granule", "64k"}}), 13U);
    EXPECT_EQ(start_bits(kStage1, 3, {{"granule", "64k"}}), 6U);
    EXPECT_EQ(start_bits(kStage1, 4, {{"granule", "64k"}}), 0U);
    EXPECT_EQ(start_bits(kStage2, 3, {{"granule", "64k"}}), 6U);
    EXPECT_EQ(start_bits(kStage2, 4, {{"granule", "16k"}}), 0U);  // S2SL0 cannot say it
}

TEST(ArmGeometry, StageOneLevelsFollowFromInputBits)
{
    const auto levels = [](const Settings &settings) { return kStage1.levels_of(params_of(kStage1, 1, settings)); };
    EXPECT_EQ(levels({}), 0U);
    EXPECT_EQ(levels({{"input-bits", "25"}}), 2U);
    EXPECT_EQ(levels({{"input-bits", "39"}}), 3U);
    EXPECT_EQ(levels({{"input-bits", "40"}}), 4U);
    EXPECT_EQ(levels({{"input-bits", "48"}}), 4U);
    EXPECT_EQ(levels({{"input-bits", "47"}, {"granule", "16k"}}), 3U);
    EXPECT_EQ(levels({{"input-bits", "48"}, {"granule", "16k"}}), 4U);
    EXPECT_EQ(levels({{"input-bits", "42"}, {"granule", "64k"}}), 2U);
    EXPECT_EQ(levels({{"input-bits", "52"}, {"granule", "64k"}}), 3U);
}

TEST(ArmGeometry, StageOneTakesInputBitsOnlyWithTheirLevels)
{
    EXPECT_EQ(start_bits(kStage1, 4, {{"input-bits", "39"}}), 0U);
    EXPECT_EQ(start_bits(kStage1, 2, {{"input-bits", "39"}}), 0U);
    EXPECT_EQ(start_bits(kStage1, 3, {{"input-bits", "32"}}), 2U);
    EXPECT_EQ(start_bits(kStage1, 4, {{"input-bits", "40"}}), 1U);
    EXPECT_EQ(start_bits(kStage1, 4, {{"input-bits", "49"}}), 0U);
    EXPECT_EQ(start_bits(kStage1, 3, {{"input-bits", "52"}, {"granule", "64k"}}), 10U);
    EXPECT_EQ(start_bits(kStage1, 4, {{"input-bits", "52"}, {"granule", "16k"}}), 0U);
}

TEST(ArmGeometry, AShortStartTableIsAlignedToItsSizeAndTo64BytesAtLeast)
{
    const FormatParams two = params_of(kStage1, 4, {{"input-bits", "40"}});
    EXPECT_EQ(kStage1.shape(3, two).bytes(), 16U);
    EXPECT_EQ(kStage1.shape(3, two).align_bytes, 64U);
    const FormatParams thirty_two = params_of(kStage1, 3, {{"input-bits", "35"}});
    EXPECT_EQ(kStage1.shape(2, thirty_two).bytes(), 256U);
    EXPECT_EQ(kStage1.shape(2, thirty_two).align_bytes, 256U);
    EXPECT_EQ(kStage1.shape(1, thirty_two).bytes(), 4096U);
    EXPECT_EQ(kStage1.shape(1, thirty_two).align_bytes, 4096U);
}

TEST(ArmGeometry, OtherTablesFillTheirGranule)
{
    const FormatParams params16 = params_of(kStage1, 4, {{"granule", "16k"}});
    const FormatParams params64 = params_of(kStage1, 3, {{"granule", "64k"}});
    EXPECT_EQ(kStage1.shape(0, params16).shift, 14);
    EXPECT_EQ(kStage1.shape(1, params16).shift, 25);
    EXPECT_EQ(kStage1.shape(2, params16).shift, 36);
    EXPECT_EQ(kStage1.shape(3, params16).shift, 47);
    EXPECT_EQ(kStage1.shape(0, params16).bytes(), 16384U);
    EXPECT_EQ(kStage1.shape(0, params64).shift, 16);
    EXPECT_EQ(kStage1.shape(1, params64).shift, 29);
    EXPECT_EQ(kStage1.shape(2, params64).shift, 42);
    EXPECT_EQ(kStage1.shape(1, params64).bytes(), 65536U);
    EXPECT_EQ(kStage1.shape(1, params64).align_bytes, 65536U);
}

TEST(ArmGeometry, StageTwoPutsUpToSixteenTablesInARow)
{
    EXPECT_EQ(start_bits(kStage2, 3, {{"input-bits", "40"}}), 10U);
    EXPECT_EQ(start_bits(kStage2, 3, {{"input-bits", "43"}}), 13U);
    EXPECT_EQ(start_bits(kStage2, 3, {{"input-bits", "44"}}), 0U);
    EXPECT_EQ(start_bits(kStage2, 4, {{"input-bits", "40"}}), 1U);
    EXPECT_EQ(start_bits(kStage2, 4, {{"input-bits", "39"}}), 0U);
    EXPECT_EQ(start_bits(kStage2, 2, {{"input-bits", "46"}, {"granule", "64k"}}), 17U);
    EXPECT_EQ(start_bits(kStage2, 3, {{"input-bits", "52"}, {"granule", "64k"}}), 10U);
    EXPECT_EQ(start_bits(kStage2, 3, {{"input-bits", "48"}, {"granule", "16k"}}), 12U);
    const FormatParams sixteen = params_of(kStage2, 2, {{"input-bits", "46"}, {"granule", "64k"}});
    EXPECT_EQ(kStage2.shape(1, sixteen).bytes(), 16U * 65536U);
    EXPECT_EQ(kStage2.shape(1, sixteen).align_bytes, 16U * 65536U);
}

TEST(ArmGeometry, StageTwoLevelsAreThoseThatLinuxChooses)
{
    const auto levels = [](const Settings &settings) { return kStage2.levels_of(params_of(kStage2, 1, settings)); };
    EXPECT_EQ(levels({}), 0U);
    EXPECT_EQ(levels({{"input-bits", "39"}}), 3U);
    EXPECT_EQ(levels({{"input-bits", "40"}}), 3U);
    EXPECT_EQ(levels({{"input-bits", "43"}}), 3U);
    EXPECT_EQ(levels({{"input-bits", "44"}}), 4U);
    EXPECT_EQ(levels({{"input-bits", "48"}, {"granule", "16k"}}), 3U);
    EXPECT_EQ(levels({{"input-bits", "48"}, {"granule", "64k"}}), 3U);
}

// --- addresses ----------------------------------------------------------------------------------------------

TEST(ArmAddresses, TheLowHalfHasUpperBitsZero)
{
    for (const TableFormat *format : {&kStage1, &kStage2}) {
        const FormatParams params = params_of(*format, 3, {{"input-bits", "39"}});
        EXPECT_TRUE(format->iova_valid(Iova(0x7fffffffff), params));
        EXPECT_FALSE(format->iova_valid(Iova(0x8000000000), params));
        EXPECT_FALSE(format->iova_valid(Iova(0xffffff8000000000), params));
        EXPECT_EQ(format->canonical(0x7fffffffff, params), Iova(0x7fffffffff));
        EXPECT_TRUE(format->iova_valid(Iova(0xffffffffffff), params_of(*format, 4)));
        EXPECT_FALSE(format->iova_valid(Iova(0x1000000000000), params_of(*format, 4)));
    }
}

TEST(ArmAddresses, TheHighHalfHasUpperBitsOne)
{
    const FormatParams params = params_of(kStage1, 3, {{"input-bits", "39"}, {"ttbr", "1"}});
    EXPECT_TRUE(kStage1.iova_valid(Iova(0xffffff8000000000), params));
    EXPECT_TRUE(kStage1.iova_valid(Iova(~std::uint64_t{0}), params));
    EXPECT_FALSE(kStage1.iova_valid(Iova(0xffffff7fffffffff), params));
    EXPECT_FALSE(kStage1.iova_valid(Iova(0), params));
    EXPECT_EQ(kStage1.canonical(0x1000, params), Iova(0xffffff8000001000));
}

TEST(ArmAddresses, TheTopByteCountsUnlessTheDirectoryForbids)
{
    FormatParams params = params_of(kStage1, 3, {{"input-bits", "39"}});
    EXPECT_FALSE(kStage1.iova_valid(Iova(0x1200000000001000), params));
    params.value[7] = 1;
    EXPECT_TRUE(kStage1.iova_valid(Iova(0x1200000000001000), params));
    EXPECT_FALSE(kStage1.iova_valid(Iova(0x1210000000001000), params));
}

TEST(ArmAddresses, NothingIsAnInterruptWindow)
{
    for (const TableFormat *format : {&kStage1, &kStage2}) {
        EXPECT_FALSE(format->never_translated(Iova(0x8000000), Access::write(), params_of(*format, 4)));
        EXPECT_FALSE(format->output_forbidden(PhysAddr(0xfee00000), params_of(*format, 4)));
    }
}

// --- parameters ---------------------------------------------------------------------------------------------

TEST(ArmParameters, AreGranuleInputBitsHalfAndByteOrder)
{
    ASSERT_EQ(kStage1.parameters.size(), 4U);
    ASSERT_EQ(kStage2.parameters.size(), 3U);
    EXPECT_EQ(kStage1.parameters[0].key, "granule");
    EXPECT_EQ(kStage1.parameters[0].when_open, WhenOpen::guess);
    EXPECT_EQ(kStage1.parameters[1].key, "input-bits");
    EXPECT_EQ(kStage1.parameters[2].key, "ttbr");
    EXPECT_EQ(kStage1.parameters[3].key, "endian");
    EXPECT_EQ(kStage2.parameters[2].key, "endian");
    EXPECT_EQ(params_of(kStage1, 4).value[0], 12U);
    EXPECT_EQ(params_of(kStage1, 4, {{"granule", "64k"}}).value[0], 16U);
    EXPECT_TRUE(params_of(kStage1, 4, {{"endian", "big"}}).big_endian);
    EXPECT_TRUE(params_of(kStage2, 4, {{"endian", "big"}}).big_endian);
    EXPECT_FALSE(params_of(kStage2, 4, {{"endian", "little"}}).big_endian);
}

// --- events: section 4.6 ------------------------------------------------------------------------------------

TEST(ArmFaults, EveryCauseHasItsEventAndTellsItsStage)
{
    const std::array<std::pair<FaultCause, unsigned>, 11> rows{{
        {FaultCause::not_present, 0x10},
        {FaultCause::invalid_entry, 0x10},
        {FaultCause::reserved_bits, 0x10},
        {FaultCause::iova_beyond_width, 0x10},
        {FaultCause::output_beyond_width, 0x11},
        {FaultCause::access_flag, 0x12},
        {FaultCause::no_read, 0x13},
        {FaultCause::no_write, 0x13},
        {FaultCause::no_execute, 0x13},
        {FaultCause::root_unreadable, 0x0b},
        {FaultCause::table_unreadable, 0x0b},
    }};
    for (const auto &[cause, code] : rows) {
        const Fault fault1 = kStage1.fault(cause, Access::read(), params_of(kStage1, 4));
        const Fault fault2 = kStage2.fault(cause, Access::read(), params_of(kStage2, 4));
        EXPECT_EQ(fault1.code, code);
        EXPECT_EQ(fault2.code, code);
        EXPECT_EQ(fault1.cause, cause);
        EXPECT_THAT(std::string(fault1.name), testing::HasSubstr("stage 1"));
        EXPECT_THAT(std::string(fault2.name), testing::HasSubstr("stage 2"));
    }
    EXPECT_EQ(kStage1.architecture(params_of(kStage1, 4)), "smmuv3");
}

// --- fields -------------------------------------------------------------------------------------------------

void expect_cover(std::span<const FieldSpec> specs)
{
    unsigned next = 0;
    std::set<std::string_view> names;
    for (const FieldSpec &spec : specs) {
        EXPECT_EQ(spec.low, next) << spec.name;
        EXPECT_TRUE(names.insert(spec.name).second) << spec.name;
        next = spec.high + 1U;
    }
    EXPECT_EQ(next, 64U);
}

TEST(ArmFields, CoverEveryBitOfEveryKind)
{
    for (const TableFormat *format : {&kStage1, &kStage2}) {
        for (const std::string_view granule : {"4k", "16k", "64k"}) {
            for (unsigned level = 0; level < 3; ++level) {
                const FormatParams params = params_of(*format, 3, {{"granule", granule}});
                for (const EntryKind kind : {EntryKind::empty, EntryKind::table, EntryKind::leaf, EntryKind::invalid})
                    expect_cover(format->fields(level, kind, params));
            }
        }
    }
}

// --- runs ---------------------------------------------------------------------------------------------------

TEST(ArmRuns, EndBeforeAnAddressGoesOnIntoOtherBits)
{
    const FormatParams params = params_of(kStage1, 3, {{"granule", "64k"}});
    // The last 64 KiB below 2^48, then what adding 64 KiB makes of the word: a reserved bit.
    const std::array<std::uint64_t, 2> words{0x0000ffffffff0f47, 0x0001000000000f47};
    std::array<EntryRun, 2> runs;
    const DecodedTable decoded = kStage1.decode_table(std::as_bytes(std::span(words)), 0, 0, params, runs);
    ASSERT_EQ(decoded.runs, 2U);
    EXPECT_FALSE(decoded.only_leaves);
    EXPECT_EQ(runs[0].first.target, PhysAddr(0xffffffff0000));
    EXPECT_EQ(runs[1].first.reserved_set, 0x1000000000000U);
}

TEST(ArmRuns, BigEndianDescriptorsAreSwapped)
{
    const FormatParams params = params_of(kStage2, 3, {{"endian", "big"}});
    const std::array<std::uint64_t, 2> words{0xff07008000000000, 0xff17008000000000};
    std::array<EntryRun, 2> runs;
    const DecodedTable decoded = kStage2.decode_table(std::as_bytes(std::span(words)), 5, 0, params, runs);
    ASSERT_EQ(decoded.runs, 1U);
    EXPECT_TRUE(decoded.only_leaves);
    EXPECT_EQ(runs[0].first.target, PhysAddr(0x80000000));
    EXPECT_EQ(runs[0].index, 5U);
    EXPECT_EQ(runs[0].count, 2U);
}

}  // namespace
}  // namespace pgregion
