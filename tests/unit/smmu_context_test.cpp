// SPDX-License-Identifier: GPL-2.0-or-later
//
// SMMUv3 context descriptors, and both stages together, by the words of the manual: iommu-formats.md sections 4.3
// and 4.7.
#include <pgregion/format.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion
{
namespace
{

constexpr std::uint8_t kStreamTable = 1;
constexpr std::uint8_t kL1ContextTable = 2;
constexpr std::uint8_t kContextTable = 3;
constexpr std::uint8_t kSingleContext = 4;

/// Word 0 of example E6.
constexpr std::uint64_t kContextWord = 0x0055e205c0003519;

const DirectoryFormat &format() { return *find_directory_format("smmu-stream"); }

FormatParams params_of(std::uint8_t paw_bits = 52)
{
    FormatParams params = default_params(format());
    params.paw_bits = paw_bits;
    return params;
}

DirectoryRecord decode(std::uint64_t word0, std::uint64_t low = 0x160020000, std::uint64_t high = 0,
                       std::uint8_t paw_bits = 52)
{
    const DirectoryTable table = table_of_type(format(), kSingleContext, PhysAddr(0x160010000));
    return format().decode(table, {word0, low, high, 0xf404ff44}, params_of(paw_bits));
}

/// Example E7 with stage 1 on: context descriptors at an intermediate address.
RecordWords nested_entry(std::uint64_t pointer, std::uint64_t substream_bits = 0, std::uint64_t without_id = 2)
{
    return {substream_bits << 59 | pointer | 0xf, without_id, 0x044a355800000099, 0x160040000};
}

DirectoryRecord decode_entry(const RecordWords &words)
{
    return format().decode(table_of_type(format(), kStreamTable, PhysAddr(0x16000d000)), words, params_of());
}

unsigned fault_of(const std::optional<Fault> &fault) { return fault ? fault->code : 0; }

// --- context descriptors ------------------------------------------------------------------------------------

TEST(SmmuContext, ExampleE6IsAFirstStageOf39Bits)
{
    const DirectoryRecord record = decode(kContextWord);
    EXPECT_TRUE(record.present);
    EXPECT_FALSE(record.fault.has_value());
    const Translation &translation = record.translation.value();
    EXPECT_EQ(translation.kind, TranslationKind::first_stage);
    EXPECT_EQ(translation.domain_id, 0x55U);
    ASSERT_NE(translation.format, nullptr);
    EXPECT_EQ(translation.format->name, "arm-s1");
    EXPECT_EQ(translation.params.levels, 3);
    EXPECT_EQ(translation.params.paw_bits, 48);
    EXPECT_EQ(translation.params.value[0], 12U);
    EXPECT_EQ(translation.params.value[1], 39U);
    EXPECT_EQ(translation.params.value[2], 0U);
    EXPECT_FALSE(translation.params.big_endian);
    EXPECT_EQ(translation.root, PhysAddr(0x160020000));
    EXPECT_EQ(translation.outer.format, nullptr);
}

TEST(SmmuContext, TheKernelMadeDescriptorHasFourLevels)
{
    const Translation translation = decode(0x3e204c0003510, 0x43c0f000).translation.value();
    EXPECT_EQ(translation.domain_id, 3U);
    EXPECT_EQ(translation.params.levels, 4);
    EXPECT_EQ(translation.params.paw_bits, 44);
    EXPECT_EQ(translation.root, PhysAddr(0x43c0f000));
}

TEST(SmmuContext, ADescriptorThatIsNotValidIsABadOne)
{
    const DirectoryRecord record = decode(kContextWord & ~(1ULL << 31));
    EXPECT_FALSE(record.present);
    EXPECT_FALSE(record.translation.has_value());
    EXPECT_EQ(fault_of(record.fault), 0x0aU);
}

TEST(SmmuContext, FlagsBecomeParameters)
{
    const auto params = [](std::uint64_t bits, std::uint64_t low = 0x160020000) {
        return decode(kContextWord | bits, low).translation.value().params;
    };
    const std::uint64_t hd = 1ULL << 42;
    const std::uint64_t ha = 1ULL << 43;
    EXPECT_EQ(params(0).value[4], 1U);  // a clear access flag faults
    EXPECT_EQ(params(1ULL << 35).value[4], 0U);
    EXPECT_EQ(params(ha).value[4], 0U);
    EXPECT_EQ(params(0).value[5], 1U);  // dirty state is not updated
    EXPECT_EQ(params(hd).value[5], 1U);
    EXPECT_EQ(params(ha | hd).value[5], 0U);
    EXPECT_EQ(params(0).value[6], 0U);
    EXPECT_EQ(params(0, 0x160020002).value[6], 1U);  // HAD0
    EXPECT_EQ(params(0).value[7], 0U);
    EXPECT_EQ(params(1ULL << 38).value[7], 1U);  // TBI0
    EXPECT_EQ(params(1ULL << 39).value[7], 0U);
    EXPECT_TRUE(params(1ULL << 15).big_endian);
    EXPECT_EQ(params(1ULL << 15).value[3], 1U);
}

/// Word 0 with the low half alone: V, AA64, EPD1, IPS 52 bits.
std::uint64_t low_word(std::uint64_t input_size, std::uint64_t granule)
{
    return 1ULL << 41 | 6ULL << 32 | 1ULL << 31 | 1ULL << 30 | granule << 6 | input_size;
}

TEST(SmmuContext, InputSizeAndGranuleGiveTheLevels)
{
    const auto levels = [](std::uint64_t input_size, std::uint64_t granule) {
        const DirectoryRecord record = decode(low_word(input_size, granule), 0);
        return record.fault ? 0U : unsigned{record.translation->params.levels};
    };
    EXPECT_EQ(levels(16, 0), 4U);
    EXPECT_EQ(levels(25, 0), 3U);
    EXPECT_EQ(levels(39, 0), 2U);
    EXPECT_EQ(levels(48, 0), 1U);
    EXPECT_EQ(levels(12, 1), 3U);
    EXPECT_EQ(levels(22, 1), 2U);
    EXPECT_EQ(levels(47, 1), 1U);
    EXPECT_EQ(levels(16, 2), 4U);
    EXPECT_EQ(levels(17, 2), 3U);
}

TEST(SmmuContext, ContradictionsAreABadDescriptor)
{
    const std::vector<std::uint64_t> words{
        low_word(25, 3),  // granule reserved
        low_word(15, 0),  // input beyond 48 bits
        low_word(11, 1),  // input beyond 52 bits
        low_word(49, 0),  // input too narrow
        low_word(48, 1),
        low_word(25, 0) & ~(1ULL << 41),  // not VMSAv8-64
        low_word(25, 0) & ~(1ULL << 30),  // the high half is on and TG1 is reserved
    };
    for (const std::uint64_t word : words) {
        const DirectoryRecord record = decode(word, 0);
        EXPECT_TRUE(record.present);
        EXPECT_EQ(fault_of(record.fault), 0x0aU) << std::hex << word;
        EXPECT_EQ(record.translation.value().kind, TranslationKind::invalid) << std::hex << word;
    }
}

TEST(SmmuContext, AStartTableBeyondTheAddressSizeIsABadDescriptor)
{
    EXPECT_EQ(fault_of(decode(kContextWord, 0xfffffffff000).fault), 0U);
    EXPECT_EQ(fault_of(decode(kContextWord, 0x1000000000000).fault), 0x0aU);
    EXPECT_EQ(fault_of(decode(low_word(16, 1), 0x8000000000000).fault), 0U);
    EXPECT_EQ(fault_of(decode(low_word(16, 0), 0x8000000000000).fault), 0x0aU);
    const DirectoryRecord far = decode(kContextWord, 0x10000020000, 0, 40);
    EXPECT_EQ(far.reserved_set[1], 0x10000000000U);
    EXPECT_EQ(fault_of(far.fault), 0x0aU);
}

TEST(SmmuContext, AShortStartTableMayLieInsideAPage)
{
    const Translation translation = decode(low_word(32, 0), 0x160020fe0).translation.value();
    EXPECT_EQ(translation.params.levels, 3);
    EXPECT_EQ(translation.root, PhysAddr(0x160020fc0));
}

/// Word 0 with the high half alone: V, AA64, EPD0, IPS 48 bits.
std::uint64_t high_word(std::uint64_t input_size, std::uint64_t granule)
{
    return 1ULL << 41 | 5ULL << 32 | 1ULL << 31 | 1ULL << 14 | granule << 22 | input_size << 16;
}

TEST(SmmuContext, TheHighHalfAloneHasItsOwnGranuleCodes)
{
    const auto granule = [](std::uint64_t code) {
        const DirectoryRecord record = decode(high_word(25, code) | 0x3f, 0xfffffffffffffff0, 0x160030002);
        return record.fault ? 0U : record.translation->params.value[0];
    };
    EXPECT_EQ(granule(0), 0U);
    EXPECT_EQ(granule(1), 14U);
    EXPECT_EQ(granule(2), 12U);
    EXPECT_EQ(granule(3), 16U);
    const Translation translation = decode(high_word(25, 2), 0, 0x160030002).translation.value();
    EXPECT_EQ(translation.root, PhysAddr(0x160030000));
    EXPECT_EQ(translation.params.value[1], 39U);
    EXPECT_EQ(translation.params.value[2], 1U);  // ttbr
    EXPECT_EQ(translation.params.value[6], 1U);  // HAD1
}

TEST(SmmuContext, OfTwoHalvesTheLowOneIsTaken)
{
    const std::uint64_t both = (kContextWord & ~(1ULL << 30)) | 2ULL << 22 | 16ULL << 16;
    const Translation translation = decode(both, 0x160020000, 0x160030000).translation.value();
    EXPECT_EQ(translation.root, PhysAddr(0x160020000));
    EXPECT_EQ(translation.params.value[2], 0U);
}

TEST(SmmuContext, WithBothHalvesOffNothingIsTranslated)
{
    const DirectoryRecord record = decode(kContextWord | 1ULL << 14);
    EXPECT_EQ(record.translation.value().kind, TranslationKind::blocked);
    EXPECT_EQ(fault_of(record.fault), 0x10U);
}

// --- L1 context descriptors ---------------------------------------------------------------------------------

DirectoryTable l1_table(std::uint8_t id_shift, std::uint64_t substream_bits)
{
    DirectoryTable table = table_of_type(format(), kL1ContextTable, PhysAddr(0x160010000));
    table.id_shift = id_shift;
    table.owner[0] = substream_bits << 59 | 0xb;
    return table;
}

TEST(SmmuL1Context, LeadsToATableOfContextDescriptors)
{
    const DirectoryRecord record = format().decode(l1_table(6, 10), {0x160011001}, params_of());
    ASSERT_TRUE(record.next.has_value());
    EXPECT_EQ(record.next->type, kContextTable);
    EXPECT_EQ(record.next->address, PhysAddr(0x160011000));
    EXPECT_EQ(record.next->records, 64U);
    EXPECT_EQ(record.next->owner[0], 10ULL << 59 | 0xb);
    const DirectoryRecord large = format().decode(l1_table(10, 12), {0x160011001}, params_of());
    EXPECT_EQ(large.next.value().records, 1024U);
    EXPECT_EQ(large.next->address, PhysAddr(0x160010000));
    EXPECT_EQ(format().decode(l1_table(6, 3), {0x160011001}, params_of()).next.value().records, 8U);
}

TEST(SmmuL1Context, WithoutValidOrBeyondTheAddressSizeIsABadSubstream)
{
    const DirectoryRecord none = format().decode(l1_table(6, 10), {0x160011000}, params_of());
    EXPECT_FALSE(none.present);
    EXPECT_EQ(fault_of(none.fault), 0x08U);
    const DirectoryRecord far = format().decode(l1_table(6, 10), {0x10000011001}, params_of(40));
    EXPECT_EQ(far.reserved_set[0], 0x10000000000U);
    EXPECT_EQ(fault_of(far.fault), 0x08U);
    EXPECT_FALSE(far.next.has_value());
}

TEST(SmmuL1Context, ReservedBitsAreThoseOfTheManual)
{
    std::uint64_t found = 0;
    for (unsigned position = 1; position < 64; ++position)
        found |= format().decode(l1_table(6, 10), {std::uint64_t{1} << position | 1}, params_of()).reserved_set[0];
    EXPECT_EQ(found, 0xfff0000000000ffeU);
}

// --- both stages --------------------------------------------------------------------------------------------

TEST(SmmuNested, ContextDescriptorsLieBehindTheSecondStage)
{
    const DirectoryRecord record = decode_entry(nested_entry(0x10000));
    EXPECT_FALSE(record.fault.has_value());
    EXPECT_FALSE(record.translation.has_value());
    ASSERT_TRUE(record.next.has_value());
    EXPECT_EQ(record.next->address, PhysAddr(0x10000));
    ASSERT_NE(record.next->outer.format, nullptr);
    EXPECT_EQ(record.next->outer.format->name, "arm-s2");
    EXPECT_EQ(record.next->outer.root, PhysAddr(0x160040000));
    EXPECT_EQ(record.next->outer.params.levels, 3);

    const DirectoryRecord context = format().decode(*record.next, {kContextWord, 0x20000}, params_of());
    const Translation &translation = context.translation.value();
    EXPECT_EQ(translation.kind, TranslationKind::nested);
    EXPECT_EQ(translation.domain_id, 0x55U);
    EXPECT_EQ(translation.format->name, "arm-s1");
    EXPECT_EQ(translation.root, PhysAddr(0x20000));
    EXPECT_EQ(translation.outer.root, PhysAddr(0x160040000));
}

TEST(SmmuNested, L1DescriptorsHandTheSecondStageOn)
{
    const DirectoryRecord record = decode_entry(nested_entry(0x10010, 10));
    ASSERT_EQ(record.next.value().type, kL1ContextTable);
    const DirectoryRecord inner = format().decode(*record.next, {0x11001}, params_of());
    EXPECT_EQ(inner.next.value().outer.root, PhysAddr(0x160040000));
}

TEST(SmmuNested, IntermediateAddressesBeyondTheSecondStageAreRefused)
{
    const DirectoryRecord record = decode_entry(nested_entry(0x10000000000));
    EXPECT_EQ(record.reserved_set[0], 0x10000000000U);
    EXPECT_EQ(fault_of(record.fault), 0x04U);
    DirectoryTable table = decode_entry(nested_entry(0x10010, 10)).next.value();
    EXPECT_EQ(fault_of(format().decode(table, {0x10000011001}, params_of()).fault), 0x08U);
}

TEST(SmmuNested, BypassOfStageOneLeavesTheSecondStage)
{
    const DirectoryRecord record = decode_entry(nested_entry(0x10000, 4, 1));
    EXPECT_TRUE(record.next.has_value());
    const Translation &translation = record.translation.value();
    EXPECT_EQ(translation.kind, TranslationKind::second_stage);
    EXPECT_EQ(translation.domain_id, 0x99U);
    EXPECT_EQ(translation.root, PhysAddr(0x160040000));
}

}  // namespace
}  // namespace pgregion
