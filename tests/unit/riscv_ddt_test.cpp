// SPDX-License-Identifier: GPL-2.0-or-later
//
// The RISC-V device directory and device contexts by the words of the manual: iommu-formats.md sections 5.1 to 5.3,
// 5.6, 5.7. Process directories are in riscv_pdt_test.cpp.
#include <pgregion/format.h>

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion
{
namespace
{

constexpr std::uint8_t kLevel2 = 0;
constexpr std::uint8_t kLevel1 = 1;
constexpr std::uint8_t kExtended = 2;
constexpr std::uint8_t kBase = 3;

constexpr std::uint64_t kSv39Root = 0x8000000000170003;    // fsc: Sv39, root 0x170003000
constexpr std::uint64_t kSv39x4Root = 0x8001200000170010;  // iohgatp: Sv39x4, GSCID 0x12, root 0x170010000

const DirectoryFormat &format() { return *find_directory_format("riscv-ddt"); }

FormatParams params_of(std::uint8_t levels = 3, std::string_view contexts = "extended")
{
    FormatParams params = default_params(format());
    set_parameter(params, format().parameters, "ddt", contexts);
    params.levels = levels;
    return params;
}

DirectoryRecord decode(std::uint8_t type, const RecordWords &words, const FormatParams &params = params_of())
{
    return format().decode(table_of_type(format(), type, PhysAddr(0)), words, params);
}

DirectoryRecord decode_device(const RecordWords &words) { return decode(kExtended, words); }

unsigned code_of(const std::optional<Fault> &fault) { return fault ? fault->code : 0; }

std::uint64_t field_of(const RecordWords &words, std::string_view wanted)
{
    for (const FieldSpec &spec : format().fields(kExtended, words)) {
        if (spec.name == wanted)
            return field_value(spec, words);
    }
    ADD_FAILURE() << "no field " << wanted;
    return ~std::uint64_t{0};
}

void expect_misconfigured(const RecordWords &words)
{
    const DirectoryRecord record = decode_device(words);
    EXPECT_TRUE(record.present);
    EXPECT_EQ(code_of(record.fault), 259U);
    EXPECT_EQ(record.translation.value().kind, TranslationKind::invalid);
    EXPECT_FALSE(record.next.has_value());
}

// --- the register and the directory levels ----------------------------------------------------------------------

RegisterReading reading_of(std::uint64_t ddtp)
{
    const std::optional<std::uint64_t> value = ddtp;
    return format().from_registers({&value, 1}, params_of());
}

TEST(RiscvDdt, TheRegisterGivesRootAndLevels)
{
    EXPECT_EQ(format().registers[0].name, "ddtp");
    EXPECT_EQ(format().registers[0].offset, 0x10);
    EXPECT_EQ(format().registers[0].bytes, 8);
    const RegisterReading reading = reading_of(0x5c000004);
    EXPECT_EQ(reading.root, PhysAddr(0x170000000));
    EXPECT_EQ(reading.params.levels, 3);
    EXPECT_TRUE(reading.complaint.empty());
    EXPECT_EQ(reading_of(0x5c000012).params.levels, 1) << "bit 4 is busy";
    EXPECT_EQ(reading_of(0x5c000003).params.levels, 2);
    for (const std::uint64_t mode : {0U, 1U, 5U, 8U, 15U})
        EXPECT_FALSE(reading_of(0x5c000000 | mode).complaint.empty()) << mode;
}

TEST(RiscvDdt, TheRootIsTheTableOfTheNumberOfLevels)
{
    const auto root = [](std::uint8_t levels, std::string_view contexts) {
        return format().root(PhysAddr(0x170000000), params_of(levels, contexts));
    };
    EXPECT_EQ(root(1, "extended").type, kExtended);
    EXPECT_EQ(root(1, "extended").records, 64U);
    EXPECT_EQ(root(1, "base").type, kBase);
    EXPECT_EQ(root(1, "base").records, 128U);
    EXPECT_EQ(root(2, "extended").type, kLevel1);
    EXPECT_EQ(root(2, "extended").id_shift, 6);
    EXPECT_EQ(root(2, "base").id_shift, 7);
    EXPECT_EQ(root(2, "base").records, 512U);
    EXPECT_EQ(root(3, "extended").type, kLevel2);
    EXPECT_EQ(root(3, "extended").id_shift, 15);
    EXPECT_EQ(root(3, "extended").records, 512U);
    EXPECT_EQ(root(3, "base").id_shift, 16);
    EXPECT_EQ(root(3, "base").records, 256U);
    EXPECT_EQ(format().devices, 0x1000000U);
    EXPECT_EQ(format().table_types[kExtended].record_bytes, 64);
    EXPECT_EQ(format().table_types[kBase].record_bytes, 32);
}

TEST(RiscvDdt, ExampleE9DirectoryEntriesLeadToTheContexts)
{
    const DirectoryTable root = format().root(PhysAddr(0x170000000), params_of());
    EXPECT_EQ(0x012345U >> root.id_shift, 2U);
    const DirectoryRecord first = format().decode(root, {0x5c000401}, params_of());
    EXPECT_FALSE(first.fault.has_value());
    ASSERT_TRUE(first.next.has_value());
    EXPECT_EQ(first.next->address, PhysAddr(0x170001000));
    EXPECT_EQ(first.next->type, kLevel1);
    EXPECT_EQ((0x012345U & 0x7fff) >> first.next->id_shift, 141U);
    const DirectoryRecord second = format().decode(*first.next, {0x5c000801}, params_of());
    ASSERT_TRUE(second.next.has_value());
    EXPECT_EQ(second.next->address, PhysAddr(0x170002000));
    EXPECT_EQ(second.next->type, kExtended);
    EXPECT_EQ(format().decode(*first.next, {0x5c000801}, params_of(3, "base")).next.value().type, kBase);
    EXPECT_TRUE(format().typical(kLevel1, {0x5c000801}));
    EXPECT_FALSE(format().typical(kLevel1, {0x5c000803}));
}

TEST(RiscvDdt, DirectoryEntriesHaveCauses257To259)
{
    const auto cause = [](std::uint64_t word, std::uint8_t paw_bits) {
        FormatParams params = params_of();
        params.paw_bits = paw_bits;
        return code_of(decode(kLevel1, {word}, params).fault);
    };
    EXPECT_EQ(cause(0x5c000400, 56), 258U);
    EXPECT_EQ(cause(0x5c000403, 56), 259U);
    EXPECT_EQ(cause(0x4000005c000401, 56), 259U);
    EXPECT_EQ(cause(0x105c000401, 38), 257U);
    EXPECT_EQ(cause(0x105c000403, 38), 259U);
    EXPECT_EQ(decode(kLevel1, {0xffffffffffffffff}).reserved_set[0], 0xffc00000000003feU);
    EXPECT_EQ(format().unreadable(kLevel2).code, 257);
    EXPECT_EQ(format().unreadable(kExtended).code, 257);
    EXPECT_EQ(format().out_of_range(kLevel1).code, 260);
}

TEST(RiscvDdt, TheByteOrderOfTheDirectoryGoesOnAndOnToTheSecondStageAlone)
{
    FormatParams params = params_of();
    set_parameter(params, format().parameters, "endian", "big");
    const DirectoryTable root = format().root(PhysAddr(0x170000000), params);
    EXPECT_TRUE(root.big_endian);
    EXPECT_TRUE(format().decode(root, {0x5c000401}, params).next.value().big_endian);
    const Translation second = decode(kExtended, {0x81, kSv39x4Root}, params).translation.value();
    EXPECT_TRUE(second.params.big_endian);
    const Translation nested = decode(kExtended, {0x1, kSv39x4Root, 0, kSv39Root}, params).translation.value();
    EXPECT_FALSE(nested.params.big_endian);
    EXPECT_TRUE(nested.outer.params.big_endian);
    const Translation first = decode_device({0x401, 0, 0, kSv39Root}).translation.value();
    EXPECT_TRUE(first.params.big_endian) << "SBE";
}

// --- device contexts ---------------------------------------------------------------------------------------------

TEST(RiscvDdt, ExampleE9ContextIsAFirstStageOfThreeLevels)
{
    const RecordWords words{0x1, 0, 0x77000, kSv39Root};
    const DirectoryRecord record = decode_device(words);
    EXPECT_TRUE(record.present);
    EXPECT_FALSE(record.fault.has_value());
    EXPECT_FALSE(record.next.has_value());
    EXPECT_EQ(code_of(record.pasid_fault), 260U);
    const Translation translation = record.translation.value();
    EXPECT_EQ(translation.kind, TranslationKind::first_stage);
    EXPECT_EQ(translation.domain_id, 0x77U);
    EXPECT_EQ(translation.format, find_table_format("riscv"));
    EXPECT_EQ(translation.params.levels, 3);
    EXPECT_EQ(translation.root, PhysAddr(0x170003000));
    EXPECT_EQ(translation.outer.format, nullptr);
    EXPECT_EQ(field_of(words, "PSCID"), 0x77U);
    EXPECT_EQ(field_of(words, "iosatp.MODE"), 8U);
    EXPECT_EQ(field_of(words, "iosatp.PPN"), 0x170003U);
    EXPECT_TRUE(format().typical(kExtended, words));
}

TEST(RiscvDdt, ExampleE9BaseContextIsASecondStageOfThreeLevels)
{
    const DirectoryRecord record = decode(kBase, {0x81, kSv39x4Root}, params_of(1, "base"));
    const Translation translation = record.translation.value();
    EXPECT_EQ(translation.kind, TranslationKind::second_stage);
    EXPECT_EQ(translation.domain_id, 0x12U);
    EXPECT_EQ(translation.format, find_table_format("riscv-x4"));
    EXPECT_EQ(translation.params.levels, 3);
    EXPECT_EQ(translation.root, PhysAddr(0x170010000));
    EXPECT_FALSE(record.fault.has_value());
}

TEST(RiscvDdt, BothStagesAreNestedAndTheOuterOneHasItsOwnWidth)
{
    FormatParams params = params_of();
    params.paw_bits = 40;
    const DirectoryRecord record = decode(kExtended, {0x1, kSv39x4Root, 0x77000, 0xa00000ffffffffff}, params);
    EXPECT_FALSE(record.fault.has_value()) << "the first-stage root is an address of the second stage";
    const Translation translation = record.translation.value();
    EXPECT_EQ(translation.kind, TranslationKind::nested);
    EXPECT_EQ(translation.domain_id, 0x12U);
    EXPECT_EQ(translation.format, find_table_format("riscv"));
    EXPECT_EQ(translation.params.levels, 5);
    EXPECT_EQ(translation.params.paw_bits, 56);
    EXPECT_EQ(translation.root, PhysAddr(0xffffffffff000));
    EXPECT_EQ(translation.outer.format, find_table_format("riscv-x4"));
    EXPECT_EQ(translation.outer.params.paw_bits, 40);
    EXPECT_EQ(translation.outer.root, PhysAddr(0x170010000));
}

TEST(RiscvDdt, BothBareIsPassThrough)
{
    const Translation translation = decode_device({0x1, 0, 0x77000}).translation.value();
    EXPECT_EQ(translation.kind, TranslationKind::pass_through);
    EXPECT_EQ(translation.format, nullptr);
    EXPECT_EQ(translation.domain_id, 0x77U);
}

TEST(RiscvDdt, ModesEightNineTenAreThreeFourFiveLevelsAndTheRestIsMisconfigured)
{
    for (std::uint64_t mode = 1; mode < 16; ++mode) {
        const RecordWords first{0x1, 0, 0, mode << 60 | 0x170000};
        const RecordWords second{0x1, mode << 60 | 0x170000};
        if (mode >= 8 && mode <= 10) {
            EXPECT_EQ(decode_device(first).translation.value().params.levels, mode - 5);
            EXPECT_EQ(decode_device(second).translation.value().params.levels, mode - 5);
        } else {
            expect_misconfigured(first);
            expect_misconfigured(second);
        }
    }
}

TEST(RiscvDdt, HardwareThatDoesNotSetFlagsMakesClearOnesBars)
{
    const Translation without = decode_device({0x1, kSv39x4Root, 0, kSv39Root}).translation.value();
    const Translation with = decode_device({0x181, kSv39x4Root, 0, kSv39Root}).translation.value();
    const auto access = [](const TableFormat *table, const FormatParams &params) {
        return table->decode(0x17, 0, params).access;
    };
    const Access bare = Access::read() | Access::write();
    EXPECT_EQ(access(with.format, with.params), bare);
    EXPECT_EQ(access(with.outer.format, with.outer.params), bare);
    EXPECT_EQ(access(without.format, without.params), bare.inactive().clean());
    EXPECT_EQ(access(without.outer.format, without.outer.params), bare.inactive().clean());
    const Translation gade_alone = decode_device({0x81, kSv39x4Root, 0, kSv39Root}).translation.value();
    EXPECT_EQ(access(gade_alone.format, gade_alone.params), bare.inactive().clean());
    EXPECT_EQ(access(gade_alone.outer.format, gade_alone.outer.params), bare);
}

TEST(RiscvDdt, AContextWithoutValidIsFreeForSoftware)
{
    const std::uint64_t all = ~std::uint64_t{0};
    const DirectoryRecord record = decode_device({all - 1, all, all, all, all, all, all, all});
    EXPECT_FALSE(record.present);
    EXPECT_EQ(code_of(record.fault), 258U);
    EXPECT_EQ(record.reserved_set, RecordWords{});
    EXPECT_FALSE(record.translation || record.next);
}

TEST(RiscvDdt, ReservedBitsOfAContextAreThoseOfTheManual)
{
    RecordWords found{};
    for (unsigned position = 1; position < 512; ++position) {
        RecordWords words{0x1, kSv39x4Root, 0, kSv39Root};
        words[position / 64] |= std::uint64_t{1} << (position % 64);
        const DirectoryRecord record = decode_device(words);
        for (std::size_t i = 0; i < words.size(); ++i)
            found[i] |= record.reserved_set[i];
        if (record.reserved_set != RecordWords{}) {
            EXPECT_EQ(code_of(record.fault), 259U) << position;
        }
    }
    EXPECT_EQ(found, (RecordWords{0xffffffff00fff000, 0x3, 0xff00000fff, 0x0ffff00000000000, 0x0ffff00000000000,
                                  0xfff0000000000000, 0xfff0000000000000, 0xffffffffffffffff}));
}

TEST(RiscvDdt, TheSecondStageRootMustBeAlignedToSixteenKilobytes)
{
    for (const std::uint64_t low : {1U, 2U, 3U}) {
        expect_misconfigured({0x1, kSv39x4Root | low});
        EXPECT_EQ(decode_device({0x1, kSv39x4Root | low}).reserved_set[1], low);
        EXPECT_EQ(decode_device({0x1, low}).reserved_set[1], 0U) << "Bare";
    }
}

TEST(RiscvDdt, FlagsThatNeedOtherFlagsAreMisconfiguredWithoutThem)
{
    expect_misconfigured({0x5});                     // EN_PRI without EN_ATS
    expect_misconfigured({0x9, kSv39x4Root});        // T2GPA without EN_ATS
    expect_misconfigured({0xb});                     // T2GPA without a second stage
    expect_misconfigured({0x43});                    // PRPR without EN_PRI
    expect_misconfigured({0x201});                   // DPE without PDTV
    expect_misconfigured({0x801, 0, 0, kSv39Root});  // SXL: Sv32
    for (const std::uint64_t tc : {0x3U, 0x7U, 0x47U, 0x11U, 0x801U, 0xff000001U})
        EXPECT_FALSE(decode_device({tc}).fault.has_value()) << std::hex << tc;
    EXPECT_FALSE(decode_device({0xb, kSv39x4Root}).fault.has_value());
}

TEST(RiscvDdt, MessageTablesAreOffOrFlat)
{
    EXPECT_FALSE(decode_device({0x1, kSv39x4Root, 0, 0, 0x1000000000170020, 0xff, 0x1234}).fault.has_value());
    expect_misconfigured({0x1, kSv39x4Root, 0, 0, 0x2000000000170020});
    expect_misconfigured({0x1, kSv39x4Root, 0, 0, 0x8000000000170020});
}

TEST(RiscvDdt, RootsBeyondTheAddressWidthAreReportedAndMisconfigured)
{
    FormatParams params = params_of();
    params.paw_bits = 38;
    for (const RecordWords &words : {RecordWords{0x1, 0x8000000004000000}, RecordWords{0x1, 0, 0, 0x8000000004000000},
                                     RecordWords{0x1, 0, 0, 0, 0x1000000004000000}}) {
        const DirectoryRecord record = decode(kExtended, words, params);
        EXPECT_EQ(code_of(record.fault), 259U);
        EXPECT_EQ(record.fault->cause, FaultCause::output_beyond_width);
        EXPECT_EQ(record.translation.value().format, nullptr);
        std::uint64_t reserved = 0;
        for (const std::uint64_t word : record.reserved_set)
            reserved |= word;
        EXPECT_EQ(reserved, 0x4000000U);
    }
    EXPECT_FALSE(decode(kExtended, {0x1, 0x4000000, 0, 0x4000000, 0x4000000}, params).fault) << "nothing pointed to";
}

TEST(RiscvDdt, ContextsThatLinuxDoesNotWriteAreNotTypical)
{
    EXPECT_TRUE(format().typical(kExtended, {0x83, kSv39x4Root}));
    EXPECT_FALSE(format().typical(kExtended, {0x11, 0, 0, kSv39Root}));
    EXPECT_FALSE(format().typical(kExtended, {0x1000001, 0, 0, kSv39Root}));
    EXPECT_FALSE(format().typical(kExtended, {0x1, 0, 0x10000000000, kSv39Root}));
}

TEST(RiscvDdt, FieldsCoverEveryRecordWithNamesOfTheirOwn)
{
    for (std::uint8_t type = 0; type < format().table_types.size(); ++type) {
        for (const std::uint64_t tc : {0x1U, 0x21U}) {
            unsigned next = 0;
            std::vector<std::string_view> names;
            for (const FieldSpec &spec : format().fields(type, {tc})) {
                EXPECT_EQ(spec.low, next) << spec.name;
                EXPECT_EQ(spec.low / 64, spec.high / 64) << spec.name;
                EXPECT_THAT(names, testing::Not(testing::Contains(spec.name)));
                names.push_back(spec.name);
                next = spec.high + 1U;
            }
            EXPECT_EQ(next, format().table_types[type].record_bytes * 8U);
        }
    }
}

}  // namespace
}  // namespace pgregion
