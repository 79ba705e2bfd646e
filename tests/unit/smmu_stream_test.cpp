// SPDX-License-Identifier: GPL-2.0-or-later
//
// SMMUv3 stream tables by the words of the manual: iommu-formats.md sections 4.1 and 4.6; and what all records of
// the directory share. Entries are in smmu_entry_test.cpp, context descriptors in smmu_context_test.cpp.
#include <pgregion/format.h>

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion
{
namespace
{

constexpr std::uint8_t kL1StreamTable = 0;
constexpr std::uint8_t kStreamTable = 1;
constexpr std::uint8_t kL1ContextTable = 2;
constexpr std::uint8_t kContextTable = 3;
constexpr std::uint8_t kSingleContext = 4;

const DirectoryFormat &format() { return *find_directory_format("smmu-stream"); }

using Settings = std::vector<std::pair<std::string_view, std::string_view>>;

FormatParams params_of(const Settings &settings = {}, std::uint8_t paw_bits = 52)
{
    FormatParams params = default_params(format());
    params.paw_bits = paw_bits;
    for (const auto &[key, value] : settings)
        set_parameter(params, format().parameters, key, value);
    return params;
}

DirectoryRecord decode(std::uint8_t type, const RecordWords &words, const FormatParams &params = params_of())
{
    return format().decode(table_of_type(format(), type, PhysAddr(0x160000000)), words, params);
}

unsigned fault_of(const std::optional<Fault> &fault) { return fault ? fault->code : 0; }

std::uint64_t field_of(std::uint8_t type, const RecordWords &words, std::string_view wanted)
{
    for (const FieldSpec &spec : format().fields(type, words)) {
        if (spec.name == wanted)
            return field_value(spec, words);
    }
    ADD_FAILURE() << "no field " << wanted;
    return ~std::uint64_t{0};
}

// --- tables: section 4.1 ------------------------------------------------------------------------------------

TEST(SmmuStream, HasTwoLevelsOfStreamTablesAndOfContextTables)
{
    ASSERT_EQ(format().table_types.size(), 5U);
    EXPECT_EQ(format().table_types[kL1StreamTable].record_bytes, 8);
    EXPECT_EQ(format().table_types[kStreamTable].record_bytes, 64);
    EXPECT_EQ(format().table_types[kL1ContextTable].record_bytes, 8);
    EXPECT_EQ(format().table_types[kContextTable].record_bytes, 64);
    EXPECT_EQ(format().table_types[kSingleContext].record_bytes, 64);
    EXPECT_EQ(format().table_types[kSingleContext].records, 1U);
    EXPECT_EQ(format().table_types[kStreamTable].key, DirectoryKey::device);
    EXPECT_EQ(format().table_types[kContextTable].key, DirectoryKey::pasid);
    EXPECT_EQ(format().table_types[kL1ContextTable].key, DirectoryKey::pasid);
    EXPECT_EQ(format().table_types[kSingleContext].key, DirectoryKey::device);
    EXPECT_EQ(format().devices, 0x100000000U);
}

TEST(SmmuStream, TheRootFollowsFormatSplitAndSize)
{
    const auto root = [](const Settings &settings) { return format().root(PhysAddr(0x4334d000), params_of(settings)); };
    EXPECT_EQ(root({}).type, kL1StreamTable);
    EXPECT_EQ(root({}).records, 256U);
    EXPECT_EQ(root({}).id_shift, 8);
    EXPECT_EQ(root({{"split", "6"}, {"log2size", "32"}}).records, 0x4000000U);
    EXPECT_EQ(root({{"split", "6"}, {"log2size", "32"}}).id_shift, 6);
    EXPECT_EQ(root({{"split", "10"}, {"log2size", "5"}}).records, 1U);
    EXPECT_EQ(root({{"fmt", "linear"}}).type, kStreamTable);
    EXPECT_EQ(root({{"fmt", "linear"}}).records, 65536U);
    EXPECT_EQ(root({{"fmt", "linear"}}).id_shift, 0);
    EXPECT_EQ(root({{"fmt", "linear"}, {"log2size", "0"}}).records, 1U);
    EXPECT_EQ(root({{"fmt", "linear"}, {"log2size", "32"}}).records, 0xffffffffU);
    EXPECT_EQ(root({}).address, PhysAddr(0x4334d000));
}

TEST(SmmuStream, AnL1DescriptorLeadsToItsStreamTable)
{
    const DirectoryRecord record = decode(kL1StreamTable, {0x43a70009});
    EXPECT_TRUE(record.present);
    EXPECT_FALSE(record.fault.has_value());
    ASSERT_TRUE(record.next.has_value());
    EXPECT_EQ(record.next->type, kStreamTable);
    EXPECT_EQ(record.next->address, PhysAddr(0x43a70000));
    EXPECT_EQ(record.next->records, 256U);
    EXPECT_EQ(record.next->id_shift, 0);
    EXPECT_EQ(field_of(kL1StreamTable, {0x43a70009}, "Span"), 9U);
    EXPECT_EQ(field_of(kL1StreamTable, {0x43a70009}, "L2Ptr"), 0x43a70000U);
}

TEST(SmmuStream, SpanIsTheSizeOfTheStreamTable)
{
    EXPECT_EQ(decode(kL1StreamTable, {0x43a70001}).next.value().records, 1U);
    EXPECT_EQ(decode(kL1StreamTable, {0x43a70007}).next.value().records, 64U);
    EXPECT_EQ(decode(kL1StreamTable, {0x43a73fc9}).next.value().address, PhysAddr(0x43a70000));
    EXPECT_EQ(decode(kL1StreamTable, {0x43a73fc1}).next.value().address, PhysAddr(0x43a73fc0));
    EXPECT_EQ(decode(kL1StreamTable, {0x43a70009}, params_of({{"log2size", "4"}})).next.value().records, 16U);
}

TEST(SmmuStream, ASpanOfZeroOrBeyondTheSplitHasNoStreams)
{
    const DirectoryRecord none = decode(kL1StreamTable, {0x43a70000});
    EXPECT_FALSE(none.present);
    EXPECT_EQ(fault_of(none.fault), 0x02U);
    for (const std::uint64_t word : {0x43a7000aU, 0x43a7000cU, 0x43a7001fU}) {
        const DirectoryRecord record = decode(kL1StreamTable, {word});
        EXPECT_TRUE(record.present);
        EXPECT_EQ(fault_of(record.fault), 0x02U);
        EXPECT_FALSE(record.next.has_value());
    }
}

TEST(SmmuStream, ReservedBitsOfAnL1DescriptorAreThoseOfTheManual)
{
    std::uint64_t found = 0;
    for (unsigned position = 5; position < 64; ++position) {
        const DirectoryRecord record = decode(kL1StreamTable, {std::uint64_t{1} << position | 9}, params_of({}, 40));
        found |= record.reserved_set[0];
        EXPECT_EQ(record.next.has_value(), record.reserved_set[0] == 0) << position;
        EXPECT_EQ(record.fault.has_value(), record.reserved_set[0] != 0) << position;
    }
    EXPECT_EQ(found, 0xffffff0000000020U);
    EXPECT_EQ(fault_of(decode(kL1StreamTable, {0x10000000009}, params_of({}, 40)).fault), 0x03U);
}

// --- registers, faults, fields ------------------------------------------------------------------------------

TEST(SmmuRegisters, BaseAndConfigurationGiveTheRoot)
{
    const std::array<std::optional<std::uint64_t>, 2> values{0x400000004334d000, 0x00010210};
    const RegisterReading reading = format().from_registers(values, params_of({{"log2size", "4"}}));
    EXPECT_EQ(reading.root, PhysAddr(0x4334d000));
    EXPECT_EQ(reading.params, params_of());
    EXPECT_TRUE(reading.complaint.empty());
    EXPECT_EQ(format().registers[0].name, "strtab-base");
    EXPECT_EQ(format().registers[0].offset, 0x80);
    EXPECT_EQ(format().registers[1].name, "strtab-base-cfg");
    EXPECT_EQ(format().registers[1].offset, 0x88);
    EXPECT_EQ(format().registers[1].bytes, 4);
}

TEST(SmmuRegisters, TheBaseIsAlignedToTheTableThatIsConfigured)
{
    const auto reading = [](std::uint64_t base, std::optional<std::uint64_t> configuration) {
        return format().from_registers(std::array<std::optional<std::uint64_t>, 2>{base, configuration}, params_of());
    };
    EXPECT_EQ(reading(0x43341fc0, 0x00010210).root, PhysAddr(0x43341800));  // 256 descriptors
    EXPECT_EQ(reading(0x43341fc0, 0x00010204).root, PhysAddr(0x43341fc0));  // one descriptor
    EXPECT_EQ(reading(0x43341fc0, 0x00000008).root, PhysAddr(0x43340000));  // 256 entries
    EXPECT_EQ(reading(0x43341fc0, std::nullopt).root, PhysAddr(0x43341fc0));
    EXPECT_EQ(reading(0x43341fc0, 0x00000008).params,
              params_of({{"fmt", "linear"}, {"split", "6"}, {"log2size", "8"}}));
    EXPECT_EQ(reading(0, 0x000303ff).params, params_of({{"fmt", "linear"}, {"split", "6"}, {"log2size", "32"}}));
}

TEST(SmmuFaults, TablesThatCannotBeReadAreFetchEvents)
{
    EXPECT_EQ(format().unreadable(kL1StreamTable).code, 0x03);
    EXPECT_EQ(format().unreadable(kStreamTable).code, 0x03);
    EXPECT_EQ(format().unreadable(kL1ContextTable).code, 0x09);
    EXPECT_EQ(format().unreadable(kContextTable).code, 0x09);
    EXPECT_EQ(format().unreadable(kSingleContext).code, 0x09);
    EXPECT_EQ(format().out_of_range(kL1StreamTable).code, 0x02);
    EXPECT_EQ(format().out_of_range(kStreamTable).code, 0x02);
    EXPECT_EQ(format().out_of_range(kL1ContextTable).code, 0x08);
    EXPECT_EQ(format().out_of_range(kContextTable).code, 0x08);
}

TEST(SmmuFields, CoverEveryBitOfEveryRecord)
{
    for (std::uint8_t type = 0; type < format().table_types.size(); ++type) {
        unsigned next = 0;
        std::set<std::string_view> names;
        for (const FieldSpec &spec : format().fields(type, {})) {
            EXPECT_EQ(spec.low, next) << spec.name;
            EXPECT_EQ(spec.low / 64, spec.high / 64) << spec.name;
            EXPECT_TRUE(names.insert(spec.name).second) << spec.name;
            next = spec.high + 1U;
        }
        EXPECT_EQ(next, format().table_types[type].record_bytes * 8U);
    }
}

TEST(SmmuTypical, WhatLinuxWritesIsTypical)
{
    EXPECT_TRUE(format().typical(kL1StreamTable, {0x43a70009}));
    EXPECT_TRUE(format().typical(kStreamTable, {0x43c0e00b, 0xd6}));
    EXPECT_TRUE(format().typical(kStreamTable, {0x1, 0x100000000000}));
    EXPECT_TRUE(format().typical(kStreamTable, {0xd, 0, 0x044a355800000099, 0x160040000}));
    EXPECT_FALSE(format().typical(kL1StreamTable, {0x43a70003}));
    EXPECT_FALSE(format().typical(kStreamTable, {0x43c0e00b, 0xd6, 0, 0, 0, 1}));
}

}  // namespace
}  // namespace pgregion
