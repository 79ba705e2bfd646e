// SPDX-License-Identifier: GPL-2.0-or-later
//
// RISC-V page-table entries of both stages by the words of the manual: iommu-formats.md sections 5.5 to 5.7, 10.
#include "formats/make_format.h"
#include "formats/riscv.h"

#include <pgregion/format.h>

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion
{
namespace
{

constexpr TableFormat kFirst = formats::make_format<formats::RiscvFirstStage>();
constexpr TableFormat kSecond = formats::make_format<formats::RiscvSecondStage>();
constexpr std::array kStages{&kFirst, &kSecond};

const Access kReadWrite = Access::read() | Access::write();

FormatParams params_of(unsigned levels, std::uint8_t paw_bits = 56)
{
    FormatParams params = default_params(kFirst, levels);
    params.paw_bits = paw_bits;
    return params;
}

FormatParams with(std::string_view key, std::string_view value, FormatParams params = params_of(5))
{
    set_parameter(params, kFirst.parameters, key, value);
    return params;
}

FormatParams without_flag_update()
{
    FormatParams params = params_of(5);
    params.value[formats::RiscvEntries::kNoFlagUpdate] = 1;
    return params;
}

Entry decode(std::uint64_t raw, unsigned level, const FormatParams &params = params_of(5))
{
    return kFirst.decode(raw, level, params);
}

Entry decode2(std::uint64_t raw, unsigned level, const FormatParams &params = params_of(5))
{
    return kSecond.decode(raw, level, params);
}

std::uint64_t index_of(const TableFormat &format, std::uint64_t address, unsigned level, unsigned levels)
{
    const TableShape shape = format.shape(level, default_params(format, levels));
    return (address >> shape.shift) & (shape.entries() - 1);
}

std::uint64_t field_of(std::uint64_t raw, std::string_view wanted)
{
    for (const FieldSpec &spec : kFirst.fields(0, decode(raw, 0).kind, params_of(5))) {
        if (spec.name == wanted)
            return field_value(spec, std::span(&raw, 1));
    }
    ADD_FAILURE() << "no field " << wanted;
    return ~std::uint64_t{0};
}

// --- worked examples E10, E11 ------------------------------------------------------------------------------

TEST(Riscv, ExampleE10PointersLeadToTheNextTables)
{
    const Entry root = decode(0x5c001001, 2, params_of(3));
    EXPECT_EQ(root.kind, EntryKind::table);
    EXPECT_EQ(root.target, PhysAddr(0x170004000));
    EXPECT_EQ(root.target_level, 1);
    EXPECT_EQ(root.size_lg2, 30);
    EXPECT_EQ(root.access, Access::all());
    EXPECT_FALSE(root.faults());
    const Entry middle = decode(0x5c001401, 1, params_of(3));
    EXPECT_EQ(middle.kind, EntryKind::table);
    EXPECT_EQ(middle.target, PhysAddr(0x170005000));
    EXPECT_EQ(middle.target_level, 0);
}

TEST(Riscv, ExampleE10LeafIsSixtyFourKilobytesNonCachedInSixteenCopies)
{
    const Entry leaf = decode(0xa00000021d9520d7, 0, params_of(3));
    EXPECT_EQ(leaf.kind, EntryKind::leaf);
    EXPECT_EQ(leaf.target, PhysAddr(0x876540000));
    EXPECT_EQ(leaf.size_lg2, 16);
    EXPECT_EQ(leaf.replicas_lg2, 4);
    EXPECT_EQ(leaf.step_lg2, 14);
    EXPECT_EQ(leaf.access, kReadWrite);
    EXPECT_FALSE(leaf.faults());
    for (const std::string_view name : {"V", "R", "W", "U", "A", "D", "N", "PBMT"})
        EXPECT_EQ(field_of(0xa00000021d9520d7, name), 1U) << name;
    for (const std::string_view name : {"X", "G", "RSW", "RSVD_58_54", "SW_60_59"})
        EXPECT_EQ(field_of(0xa00000021d9520d7, name), 0U) << name;
    EXPECT_EQ(field_of(0xa00000021d9520d7, "PPN"), 0x21d952000U);
}

TEST(Riscv, ExampleE10IndexesAreThoseOfTheShifts)
{
    EXPECT_EQ(index_of(kFirst, 0xffffffc012345678, 2, 3), 256U);
    EXPECT_EQ(index_of(kFirst, 0xffffffc012345678, 1, 3), 145U);
    EXPECT_EQ(index_of(kFirst, 0xffffffc012345678, 0, 3), 325U);
}

TEST(RiscvSecondStage, ExampleE11IsAGigabyteLeafInARootOfElevenIndexBits)
{
    EXPECT_EQ(index_of(kSecond, 0x1abcdef0123, 2, 3), 1711U);
    const Entry leaf = decode2(0x2500000df, 2, params_of(3));
    EXPECT_EQ(leaf.kind, EntryKind::leaf);
    EXPECT_EQ(leaf.target, PhysAddr(0x940000000));
    EXPECT_EQ(leaf.size_lg2, 30);
    EXPECT_EQ(leaf.step_lg2, 28);
    EXPECT_EQ(leaf.access, Access::all());
    EXPECT_FALSE(leaf.faults());
}

// --- whole tables --------------------------------------------------------------------------------------------

DecodedTable decode_words(const std::vector<std::uint64_t> &words, const FormatParams &params,
                          std::vector<EntryRun> &runs)
{
    std::vector<std::byte> bytes(words.size() * 8);
    for (std::size_t i = 0; i < words.size(); ++i)
        store_le64(bytes, i * 8, params.big_endian ? byte_swap(words[i]) : words[i]);
    runs.resize(words.size());
    const DecodedTable decoded = kFirst.decode_table(bytes, 0, 0, params, runs);
    runs.resize(decoded.runs);
    return decoded;
}

TEST(Riscv, SixteenCopiesAreOneLeafAndGroupsThatGoOnAreARun)
{
    std::vector<std::uint64_t> words(16, 0x80000000000020d7);
    words.insert(words.end(), 16, 0x80000000000060d7);
    std::vector<EntryRun> runs;
    EXPECT_TRUE(decode_words(words, params_of(3), runs).only_leaves);
    ASSERT_EQ(runs.size(), 1U);
    EXPECT_EQ(runs[0].count, 2U);
    EXPECT_EQ(runs[0].entry(1).target, PhysAddr(0x10000));
    EXPECT_EQ(runs[0].entry(1).raw, 0x80000000000060d7U);
    EXPECT_EQ(runs[0].slot(1), 16U);
}

TEST(Riscv, CopiesMayDifferInAccessedAndDirtyAndInNothingElse)
{
    std::vector<std::uint64_t> words(16, 0x8000000000002017);
    words[3] = 0x80000000000020d7;
    std::vector<EntryRun> runs;
    EXPECT_TRUE(decode_words(words, params_of(3), runs).only_leaves);
    ASSERT_EQ(runs.size(), 1U);
    EXPECT_EQ(runs[0].first.raw, 0x80000000000020d7U);
    words[3] = 0x8000000000002013;
    EXPECT_FALSE(decode_words(words, params_of(3), runs).only_leaves);
    ASSERT_EQ(runs.size(), 16U);
    EXPECT_TRUE(runs[5].first.torn);
    EXPECT_EQ(runs[5].first.target, PhysAddr(0x5000));
    EXPECT_EQ(runs[5].first.size_lg2, 12);
}

TEST(Riscv, ConsecutivePagesAreARunUpToTheAddressWidthAndInEitherByteOrder)
{
    // PPN 0xffffffe, 0xfffffff, 0x10000000 (address bit 40)
    std::vector<EntryRun> runs;
    decode_words({0x3ffffff8d7, 0x3ffffffcd7, 0x40000000d7}, params_of(3, 40), runs);
    ASSERT_EQ(runs.size(), 2U);
    EXPECT_EQ(runs[0].count, 2U);
    EXPECT_EQ(runs[1].first.reserved_set, 0x4000000000U);
    decode_words({0x3ffffff8d7, 0x3ffffffcd7, 0x40000000d7}, params_of(3), runs);
    ASSERT_EQ(runs.size(), 1U);
    EXPECT_EQ(runs[0].count, 3U);
    decode_words({0x21d9500d7, 0x21d9504d7}, with("endian", "big", params_of(3)), runs);
    ASSERT_EQ(runs.size(), 1U);
    EXPECT_EQ(runs[0].count, 2U);
    EXPECT_EQ(runs[0].first.target, PhysAddr(0x876540000));
}

// --- kinds -------------------------------------------------------------------------------------------------

TEST(Riscv, AnEntryWithoutValidIsEmptyWhateverElseItHolds)
{
    for (const TableFormat *format : kStages) {
        for (const std::uint64_t raw : {std::uint64_t{0}, std::uint64_t{0xd6}, std::uint64_t{0xfffffffffffffffe}}) {
            const Entry entry = format->decode(raw, 0, params_of(5));
            EXPECT_EQ(entry.kind, EntryKind::empty);
            EXPECT_EQ(entry.reserved_set, 0U);
            EXPECT_EQ(entry.raw, raw);
        }
    }
}

TEST(Riscv, ALeafMayStandAtEveryLevel)
{
    constexpr std::array<std::uint8_t, 5> kSizes{12, 21, 30, 39, 48};
    for (unsigned level = 0; level < 5; ++level) {
        const Entry leaf = decode(0xd7, level);
        EXPECT_EQ(leaf.kind, EntryKind::leaf);
        EXPECT_EQ(leaf.size_lg2, kSizes[level]);
        EXPECT_EQ(leaf.step_lg2, kSizes[level] - 2);
        EXPECT_EQ(leaf.replicas_lg2, 0);
        EXPECT_FALSE(leaf.faults());
    }
    EXPECT_EQ(decode(0x3fc000000000d7, 4).target, PhysAddr(0xff000000000000));
}

TEST(Riscv, AMisalignedLeafReportsTheLowBitsOfItsPageNumber)
{
    constexpr std::array<std::uint64_t, 5> kLow{0, 0x7fc00, 0xffffc00, 0x1ffffffc00, 0x3ffffffffc00};
    for (unsigned level = 1; level < 5; ++level) {
        const Entry leaf = decode(0x3ffffffffffcd7, level);
        EXPECT_EQ(leaf.kind, EntryKind::leaf);
        EXPECT_EQ(leaf.reserved_set, kLow[level]) << level;
        EXPECT_EQ(leaf.invalid, FaultCause::invalid_entry);
        EXPECT_EQ(decode(kLow[level] | 1, level).reserved_set, 0U) << "a pointer is not misaligned";
    }
}

TEST(Riscv, NCodesSixtyFourKilobytesAtLevelZeroAndNothingElse)
{
    for (std::uint64_t size = 0; size < 16; ++size) {
        const Entry entry = decode(0x80000000000000d7 | size << 10, 0);
        EXPECT_EQ(entry.kind, size == 8 ? EntryKind::leaf : EntryKind::invalid) << size;
        EXPECT_EQ(entry.replicas_lg2, size == 8 ? 4 : 0) << size;
    }
    for (unsigned level = 1; level < 5; ++level) {
        EXPECT_EQ(decode(0x80000000000020d7, level).kind, EntryKind::invalid) << level;
        EXPECT_EQ(decode(0x80000000000000d7, level).kind, EntryKind::invalid) << level;
    }
}

TEST(Riscv, WriteWithoutReadIsAReservedEncoding)
{
    EXPECT_EQ(decode(0xd5, 0).kind, EntryKind::invalid);
    EXPECT_EQ(decode(0xdd, 1).kind, EntryKind::invalid);
    EXPECT_EQ(decode(0x59, 0).kind, EntryKind::leaf);
    EXPECT_EQ(decode(0x59, 0).access, Access::execute());
    EXPECT_EQ(decode(0x53, 0).access, Access::read());
    EXPECT_EQ(decode(0xdf, 0).access, Access::all());
}

TEST(Riscv, MemoryTypeThreeIsAReservedEncoding)
{
    EXPECT_EQ(decode(0x20000000000000d7, 0).kind, EntryKind::leaf);
    EXPECT_EQ(decode(0x40000000000000d7, 0).kind, EntryKind::leaf);
    EXPECT_EQ(decode(0x60000000000000d7, 0).kind, EntryKind::invalid);
}

TEST(Riscv, APointerWithAMemoryTypeOrNOrAtLevelZeroIsInvalid)
{
    for (const TableFormat *format : kStages) {
        for (const std::uint64_t extra : {0x2000000000000000U, 0x4000000000000000U, 0x6000000000000000U})
            EXPECT_EQ(format->decode(0x5c001001 | extra, 1, params_of(3)).kind, EntryKind::invalid);
        EXPECT_EQ(format->decode(0x800000005c001001, 1, params_of(3)).kind, EntryKind::invalid);
        EXPECT_EQ(format->decode(0x5c001001, 0, params_of(3)).kind, EntryKind::invalid);
        EXPECT_EQ(format->decode(0x5c001001, 0, params_of(3)).invalid, FaultCause::invalid_entry);
    }
}

// Privileged Architecture, "Virtual Address Translation Process": they are reserved in a pointer, and reserved bits fault.
TEST(Riscv, AccessedDirtyAndUserAreReservedInAPointer)
{
    for (const TableFormat *format : kStages) {
        const Entry entry = format->decode(0x5c0010f1, 1, params_of(3));
        EXPECT_EQ(entry.kind, EntryKind::table);
        EXPECT_EQ(entry.reserved_set, 0xd0U);
        EXPECT_TRUE(entry.faults());
        EXPECT_FALSE(format->decode(0x5c001021, 1, params_of(3)).faults()) << "G is no such bit";
        EXPECT_FALSE(format->decode(0xd7, 1, params_of(3)).faults()) << "a leaf has them";
    }
}

// --- reserved bits and parameters -----------------------------------------------------------------------------

TEST(Riscv, ReservedAreBits58To54AndWhatAnAbsentExtensionLeaves)
{
    for (const TableFormat *format : kStages) {
        for (const std::uint64_t raw : {std::uint64_t{0x5c001001}, std::uint64_t{0xd7}}) {
            EXPECT_EQ(format->decode(raw | 0x1fc0000000000000, 1, params_of(5)).reserved_set, 0x7c0000000000000U);
            EXPECT_EQ(format->decode(raw | 0x8000000000000000, 1, with("svnapot", "off")).reserved_set,
                      0x8000000000000000U);
            EXPECT_EQ(format->decode(raw | 0x6000000000000000, 1, with("svpbmt", "off")).reserved_set,
                      0x6000000000000000U);
        }
    }
    const Entry page = decode(0x80000000000020d7, 0, with("svnapot", "off"));
    EXPECT_EQ(page.kind, EntryKind::leaf);
    EXPECT_EQ(page.size_lg2, 12);
    EXPECT_EQ(page.target, PhysAddr(0x8000));
}

TEST(Riscv, AnAddressBeyondTheWidthAloneIsAnAccessFault)
{
    for (const std::uint64_t flags : {std::uint64_t{0x01}, std::uint64_t{0xd7}}) {
        const Entry entry = decode(flags | 0x1000000000, 1, params_of(3, 38));
        EXPECT_EQ(entry.reserved_set, 0x1000000000U);
        EXPECT_EQ(entry.invalid, FaultCause::output_beyond_width);
        const Entry also_reserved = decode(flags | 0x40001000000000, 1, params_of(3, 38));
        EXPECT_EQ(also_reserved.reserved_set, 0x40001000000000U);
        EXPECT_EQ(also_reserved.invalid, FaultCause::invalid_entry);
        EXPECT_EQ(decode(flags | 0x800000000, 1, params_of(3, 38)).reserved_set, 0U);
    }
    EXPECT_EQ(decode(0x10000000d5, 0, params_of(3, 38)).invalid, FaultCause::invalid_entry);
}

void expect_fields_agree(const TableFormat &format, const FormatParams &params, unsigned level, std::uint64_t raw)
{
    const Entry before = format.decode(raw, level, params);
    unsigned next = 0;
    for (const FieldSpec &spec : format.fields(level, before.kind, params)) {
        EXPECT_EQ(spec.low, next) << spec.name;
        next = spec.high + 1U;
        for (unsigned position = spec.low; position <= spec.high; ++position) {
            const std::uint64_t flip = std::uint64_t{1} << position;
            const Entry after = format.decode(raw | flip, level, params);
            if (spec.role == FieldRole::reserved) {
                EXPECT_EQ(after.reserved_set, before.reserved_set | flip) << spec.name;
            }
            if (spec.role == FieldRole::software || spec.role == FieldRole::ignored) {
                EXPECT_EQ(after.kind, before.kind) << spec.name;
                EXPECT_EQ(after.access, before.access) << spec.name;
                EXPECT_EQ(after.target, before.target) << spec.name;
                EXPECT_EQ(after.reserved_set, before.reserved_set) << spec.name;
            }
            if (spec.role == FieldRole::flag) {
                EXPECT_EQ(after.reserved_set, before.reserved_set) << spec.name;
            }
        }
    }
    EXPECT_EQ(next, 64U);
}

TEST(Riscv, FieldsCoverEveryKindAndNameWhatIsReserved)
{
    for (const TableFormat *format : kStages) {
        for (const FormatParams &params : {params_of(5), with("svnapot", "off"), with("svpbmt", "off"),
                                           with("svnapot", "off", with("svpbmt", "off"))}) {
            for (const std::uint64_t raw : {0x5c001000U, 0x5c000001U, 0xd7U, 0xd5U})
                expect_fields_agree(*format, params, 1, raw);
        }
    }
}

// --- bars ------------------------------------------------------------------------------------------------------

TEST(Riscv, WithoutUserRequestsOfDevicesAreBarredInTheFirstStageAndFaultInTheSecond)
{
    EXPECT_EQ(decode(0xc7, 0).access, kReadWrite.supervisor_only());
    EXPECT_FALSE(decode(0xc7, 0).faults());
    EXPECT_EQ(decode2(0xc7, 0).kind, EntryKind::invalid);
    EXPECT_EQ(decode2(0xd7, 0).access, kReadWrite);
}

TEST(Riscv, ClearFlagsAreBarsOnlyWhereHardwareDoesNotSetThem)
{
    for (const TableFormat *format : kStages) {
        const auto access = [&](std::uint64_t raw, const FormatParams &params) {
            return format->decode(raw, 0, params).access;
        };
        EXPECT_EQ(access(0x17, params_of(5)), kReadWrite);
        EXPECT_EQ(access(0x17, without_flag_update()), kReadWrite.inactive().clean());
        EXPECT_EQ(access(0x57, without_flag_update()), kReadWrite.clean());
        EXPECT_EQ(access(0x97, without_flag_update()), kReadWrite.inactive());
        EXPECT_EQ(access(0xd7, without_flag_update()), kReadWrite);
        EXPECT_EQ(access(0x53, without_flag_update()), Access::read());
    }
}

}  // namespace
}  // namespace pgregion
