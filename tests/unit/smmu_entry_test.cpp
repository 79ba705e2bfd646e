// SPDX-License-Identifier: GPL-2.0-or-later
//
// SMMUv3 stream table entries by the words of the manual: iommu-formats.md sections 4.2, 4.4, 4.6, 4.7. What
// follows them is in smmu_context_test.cpp.
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

/// Example E7, a stage 2 of 40 bits in two tables; the third word is the one that tests change.
constexpr std::uint64_t kStage2Word = 0x044a355800000099;

const DirectoryFormat &format() { return *find_directory_format("smmu-stream"); }

DirectoryRecord decode_entry(const RecordWords &words, std::uint8_t paw_bits = 52)
{
    FormatParams params = default_params(format());
    params.paw_bits = paw_bits;
    return format().decode(table_of_type(format(), kStreamTable, PhysAddr(0x160000000)), words, params);
}

DirectoryRecord decode_stage2(std::uint64_t word2, std::uint64_t table = 0x160040000, std::uint8_t paw_bits = 52)
{
    return decode_entry({0x0d, 0, word2, table}, paw_bits);
}

unsigned fault_of(const std::optional<Fault> &fault) { return fault ? fault->code : 0; }

std::uint64_t field_of(const RecordWords &words, std::string_view wanted)
{
    for (const FieldSpec &spec : format().fields(kStreamTable, words)) {
        if (spec.name == wanted)
            return field_value(spec, words);
    }
    ADD_FAILURE() << "no field " << wanted;
    return ~std::uint64_t{0};
}

// --- Config ----------------------------------------------------------------------

TEST(SmmuEntry, AnEntryThatIsNotValidIsABadOne)
{
    const DirectoryRecord record = decode_entry({0x43a70000a, 0xd6});
    EXPECT_FALSE(record.present);
    EXPECT_FALSE(record.translation.has_value());
    EXPECT_FALSE(record.next.has_value());
    EXPECT_EQ(fault_of(record.fault), 0x04U);
}

TEST(SmmuEntry, ConfigZeroToThreeAbortsWithoutAnEvent)
{
    for (const std::uint64_t word : {0x1U, 0x3U, 0x5U, 0x7U}) {
        const DirectoryRecord record = decode_entry({word, 0x100000000000, 0x99});
        EXPECT_TRUE(record.present);
        EXPECT_EQ(record.translation.value().kind, TranslationKind::blocked);
        EXPECT_EQ(record.translation->domain_id, 0U);
        ASSERT_TRUE(record.fault.has_value());
        EXPECT_EQ(record.fault->code, 0U);
        EXPECT_THAT(std::string(record.fault->name), testing::HasSubstr("without an event"));
    }
}

TEST(SmmuEntry, ConfigFourPassesThrough)
{
    const DirectoryRecord record = decode_entry({0x9, 0x100000000000});
    EXPECT_EQ(record.translation.value().kind, TranslationKind::pass_through);
    EXPECT_EQ(record.translation->format, nullptr);
    EXPECT_FALSE(record.fault.has_value());
    EXPECT_FALSE(record.next.has_value());
    EXPECT_EQ(fault_of(record.pasid_fault), 0x08U);
}

TEST(SmmuEntry, ExampleE6LeadsToOneContextDescriptor)
{
    const RecordWords words{0x16001000b, 0x1000000000d6};
    const DirectoryRecord record = decode_entry(words);
    EXPECT_FALSE(record.fault.has_value());
    EXPECT_FALSE(record.translation.has_value());
    ASSERT_TRUE(record.next.has_value());
    EXPECT_EQ(record.next->type, kSingleContext);
    EXPECT_EQ(record.next->address, PhysAddr(0x160010000));
    EXPECT_EQ(record.next->records, 1U);
    EXPECT_EQ(record.next->owner, words);
    EXPECT_EQ(record.next->outer.format, nullptr);
    EXPECT_EQ(fault_of(record.pasid_fault), 0x08U);
    EXPECT_FALSE(record.plain_fault.has_value());
    EXPECT_EQ(field_of(words, "Config"), 5U);
    EXPECT_EQ(field_of(words, "S1ContextPtr"), 0x160010000U);
    EXPECT_EQ(field_of(words, "S1DSS"), 2U);
    EXPECT_EQ(field_of(words, "S1CSH"), 3U);
    EXPECT_EQ(field_of(words, "SHCFG"), 1U);
}

TEST(SmmuEntry, ExampleE7IsASecondStageOfTwoTablesInARow)
{
    const DirectoryRecord record = decode_stage2(kStage2Word);
    EXPECT_FALSE(record.fault.has_value());
    EXPECT_EQ(fault_of(record.pasid_fault), 0x08U);
    const Translation &translation = record.translation.value();
    EXPECT_EQ(translation.kind, TranslationKind::second_stage);
    EXPECT_EQ(translation.domain_id, 0x99U);
    ASSERT_NE(translation.format, nullptr);
    EXPECT_EQ(translation.format->name, "arm-s2");
    EXPECT_EQ(translation.params.levels, 3);
    EXPECT_EQ(translation.params.paw_bits, 40);
    EXPECT_EQ(translation.params.value[0], 12U);
    EXPECT_EQ(translation.params.value[1], 40U);
    EXPECT_FALSE(translation.params.big_endian);
    EXPECT_EQ(translation.root, PhysAddr(0x160040000));
    EXPECT_EQ(translation.format->shape(2, translation.params).bytes(), 8192U);
}

TEST(SmmuEntry, TheSecondStageTableIsAlignedAsTheHardwareDoes)
{
    EXPECT_EQ(decode_stage2(kStage2Word, 0x160041ff0).translation.value().root, PhysAddr(0x160040000));
}

TEST(SmmuEntry, FlagsOfTheSecondStageBecomeItsParameters)
{
    const auto params = [](std::uint64_t word2, std::uint64_t word1 = 0) {
        return decode_entry({0x0d, word1, word2, 0x160040000}).translation.value().params;
    };
    const std::uint64_t affd = 1ULL << 53;
    const std::uint64_t hd = 1ULL << 55;
    const std::uint64_t ha = 1ULL << 56;
    EXPECT_EQ(params(kStage2Word).value[3], 1U);  // a clear access flag faults
    EXPECT_EQ(params(kStage2Word | affd).value[3], 0U);
    EXPECT_EQ(params(kStage2Word | ha).value[3], 0U);
    EXPECT_EQ(params(kStage2Word).value[4], 1U);  // dirty state is not updated
    EXPECT_EQ(params(kStage2Word | hd).value[4], 1U);
    EXPECT_EQ(params(kStage2Word | ha | hd).value[4], 0U);
    EXPECT_EQ(params(kStage2Word).value[5], 0U);
    EXPECT_EQ(params(kStage2Word, 1ULL << 25).value[5], 1U);  // S2FWB
    EXPECT_TRUE(params(kStage2Word | 1ULL << 52).big_endian);
    EXPECT_EQ(params(kStage2Word | 1ULL << 52).value[2], 1U);
}

/// Word 2 of an entry: AA64, and the fields that decide on geometry.
std::uint64_t stage2_word(std::uint64_t input_size, std::uint64_t start, std::uint64_t granule, std::uint64_t size)
{
    return 1ULL << 51 | size << 48 | granule << 46 | start << 38 | input_size << 32;
}

TEST(SmmuEntry, StartLevelsCountInTheirOwnWayForEachGranule)
{
    const auto levels = [](std::uint64_t input_size, std::uint64_t start, std::uint64_t granule) {
        const DirectoryRecord record = decode_stage2(stage2_word(input_size, start, granule, 6), 0);
        return record.fault ? 0U : unsigned{record.translation->params.levels};
    };
    EXPECT_EQ(levels(39, 0, 0), 2U);
    EXPECT_EQ(levels(30, 1, 0), 3U);
    EXPECT_EQ(levels(16, 2, 0), 4U);
    EXPECT_EQ(levels(44, 3, 0), 1U);
    EXPECT_EQ(levels(37, 0, 1), 1U);  // 2048 entries
    EXPECT_EQ(levels(30, 1, 1), 2U);
    EXPECT_EQ(levels(12, 2, 1), 3U);
    EXPECT_EQ(levels(36, 0, 2), 1U);
    EXPECT_EQ(levels(29, 1, 2), 2U);
    EXPECT_EQ(levels(16, 2, 2), 3U);
}

TEST(SmmuEntry, ContradictionsOfTheSecondStageAreABadEntry)
{
    const std::vector<std::uint64_t> words{
        stage2_word(24, 1, 3, 5),                  // granule reserved
        stage2_word(24, 1, 0, 5) & ~(1ULL << 51),  // not VMSAv8-64
        stage2_word(15, 2, 0, 5),                  // input beyond 48 bits
        stage2_word(49, 3, 0, 5),                  // input too narrow
        stage2_word(48, 0, 1, 5),                  // the same with 64K
        stage2_word(24, 0, 0, 5),                  // 512 tables in a row
        stage2_word(20, 1, 0, 5),                  // 32 tables in a row
        stage2_word(25, 2, 0, 5),                  // start table without a bit to resolve
        stage2_word(16, 3, 1, 5),                  // start level reserved
        stage2_word(16, 3, 2, 5),
    };
    for (const std::uint64_t word : words) {
        const DirectoryRecord record = decode_stage2(word, 0);
        EXPECT_TRUE(record.present);
        EXPECT_EQ(fault_of(record.fault), 0x04U) << std::hex << word;
        EXPECT_EQ(record.translation.value().kind, TranslationKind::invalid) << std::hex << word;
    }
}

TEST(SmmuEntry, ASecondStageTableBeyondTheAddressSizeIsABadEntry)
{
    EXPECT_EQ(fault_of(decode_stage2(kStage2Word, 0xffffffe000).fault), 0U);
    EXPECT_EQ(fault_of(decode_stage2(kStage2Word, 0x10000000000).fault), 0x04U);
    const DirectoryRecord far = decode_stage2(kStage2Word, 0x8010000000000, 48);
    EXPECT_EQ(fault_of(far.fault), 0x04U);
    EXPECT_EQ(far.reserved_set[3], 0x8000000000000U);
}

TEST(SmmuEntry, ThePlatformLimitsTheSecondStage)
{
    EXPECT_EQ(decode_stage2(stage2_word(16, 2, 0, 6), 0).translation.value().params.paw_bits, 48);
    EXPECT_EQ(decode_stage2(stage2_word(16, 2, 1, 6), 0).translation.value().params.paw_bits, 52);
    EXPECT_EQ(decode_stage2(stage2_word(16, 2, 1, 7), 0).translation.value().params.paw_bits, 52);
    EXPECT_EQ(decode_stage2(stage2_word(20, 2, 0, 5), 0, 44).translation.value().params.paw_bits, 44);
    EXPECT_EQ(fault_of(decode_stage2(stage2_word(19, 2, 0, 5), 0, 44).fault), 0x04U);  // 45 bits in
    EXPECT_EQ(fault_of(decode_stage2(stage2_word(24, 2, 0, 5), 0, 43).fault), 0x04U);  // L0
}

// --- substreams ---------------------------------------------------------------------------------------------

/// An entry of stage 1 with 2^bits context descriptors.
RecordWords with_substreams(std::uint64_t bits, std::uint64_t layout, std::uint64_t without_id = 2)
{
    return {bits << 59 | 0x160010000 | layout << 4 | 0xb, without_id};
}

TEST(SmmuEntry, LinearContextDescriptorsAreOneTable)
{
    for (const std::uint64_t layout : {0U, 3U}) {
        const DirectoryTable table = decode_entry(with_substreams(4, layout)).next.value();
        EXPECT_EQ(table.type, kContextTable);
        EXPECT_EQ(table.records, 16U);
        EXPECT_EQ(table.address, PhysAddr(0x160010000));
    }
    EXPECT_EQ(decode_entry(with_substreams(20, 0)).next.value().records, 0x100000U);
    EXPECT_EQ(decode_entry(with_substreams(20, 0)).next.value().address, PhysAddr(0x160000000));
}

TEST(SmmuEntry, TwoLevelContextDescriptorsBeginWithAnL1Table)
{
    const DirectoryTable small = decode_entry(with_substreams(10, 1)).next.value();
    EXPECT_EQ(small.type, kL1ContextTable);
    EXPECT_EQ(small.records, 16U);
    EXPECT_EQ(small.id_shift, 6);
    EXPECT_EQ(decode_entry(with_substreams(20, 1)).next.value().records, 16384U);
    EXPECT_EQ(decode_entry(with_substreams(3, 1)).next.value().records, 1U);
    const DirectoryTable large = decode_entry(with_substreams(12, 2)).next.value();
    EXPECT_EQ(large.records, 4U);
    EXPECT_EQ(large.id_shift, 10);
}

TEST(SmmuEntry, MoreSubstreamsThanIdsAreABadEntry)
{
    EXPECT_EQ(fault_of(decode_entry(with_substreams(21, 0)).fault), 0x04U);
    EXPECT_EQ(fault_of(decode_entry(with_substreams(31, 1)).fault), 0x04U);
}

TEST(SmmuEntry, RequestsWithoutSubstreamGetWhatS1dssSays)
{
    const DirectoryRecord ended = decode_entry(with_substreams(4, 0, 0));
    EXPECT_EQ(fault_of(ended.plain_fault), 0x06U);
    EXPECT_FALSE(ended.fault.has_value());
    EXPECT_FALSE(ended.pasid_fault.has_value());
    EXPECT_FALSE(ended.rid_pasid.has_value());
    EXPECT_EQ(fault_of(decode_entry(with_substreams(4, 0, 3)).plain_fault), 0x06U);
    const DirectoryRecord bypassed = decode_entry(with_substreams(4, 0, 1));
    EXPECT_EQ(bypassed.translation.value().kind, TranslationKind::pass_through);
    EXPECT_TRUE(bypassed.next.has_value());
    EXPECT_FALSE(bypassed.plain_fault.has_value());
    const DirectoryRecord first = decode_entry(with_substreams(4, 0, 2));
    EXPECT_EQ(first.rid_pasid, 0U);
    EXPECT_FALSE(first.translation.has_value());
}

TEST(SmmuEntry, AContextPointerBeyondThePlatformIsABadEntry)
{
    const DirectoryRecord record = decode_entry({0x1000001000b, 0}, 40);
    EXPECT_EQ(record.reserved_set[0], 0x10000000000U);
    EXPECT_EQ(fault_of(record.fault), 0x04U);
    EXPECT_FALSE(record.next.has_value());
}

TEST(SmmuEntry, AReservedOwnerOfStageOneIsABadEntry)
{
    EXPECT_EQ(fault_of(decode_entry({0x16001000b, 0x40000000}).fault), 0x04U);
    EXPECT_EQ(fault_of(decode_entry({0x16001000b, 0x80000000}).fault), 0U);
    EXPECT_EQ(fault_of(decode_entry({0x16001000f, 0x40000000, kStage2Word, 0x160040000}).fault), 0U);
}

}  // namespace
}  // namespace pgregion
