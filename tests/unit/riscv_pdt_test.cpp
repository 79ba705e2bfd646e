// SPDX-License-Identifier: GPL-2.0-or-later
//
// RISC-V process directories and process contexts by the words of the manual: iommu-formats.md sections 5.3, 5.4,
// 5.6.
#include <pgregion/format.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion
{
namespace
{

constexpr std::uint8_t kDevice = 2;
constexpr std::uint8_t kLevel2 = 4;
constexpr std::uint8_t kLevel1 = 5;
constexpr std::uint8_t kProcess = 6;

constexpr std::uint64_t kSv39x4Root = 0x8001200000170010;  // iohgatp: Sv39x4, GSCID 0x12, root 0x170010000
constexpr std::uint64_t kPd8 = 0x1000000000170020;         // pdtp: PD8, root 0x170020000
constexpr std::uint64_t kPd20 = 0x3000000000170020;
constexpr std::uint64_t kSv48Root = 0x9000000000170003;  // fsc: Sv48, root 0x170003000

const DirectoryFormat &format() { return *find_directory_format("riscv-ddt"); }

FormatParams params_of(std::uint8_t paw_bits = 56)
{
    FormatParams params = default_params(format());
    params.paw_bits = paw_bits;
    return params;
}

DirectoryRecord decode_device(const RecordWords &words)
{
    return format().decode(table_of_type(format(), kDevice, PhysAddr(0)), words, params_of());
}

/// A table of the process directory of the device context `owner`.
DirectoryTable table_of(std::uint8_t type, const RecordWords &owner)
{
    const DirectoryTable root = decode_device(owner).next.value();
    DirectoryTable table = table_of_type(format(), type, PhysAddr(0x170020000));
    table.owner = root.owner;
    table.outer = root.outer;
    table.big_endian = root.big_endian;
    return table;
}

DirectoryRecord decode_process(const RecordWords &words, const RecordWords &owner = {0x121, 0, 0, kPd8})
{
    return format().decode(table_of(kProcess, owner), words, params_of());
}

unsigned code_of(const std::optional<Fault> &fault) { return fault ? fault->code : 0; }

// --- from the device context ----------------------------------------------------------------------------------

TEST(RiscvPdt, ModesOneTwoThreeAreDirectoriesOfOneTwoThreeLevels)
{
    constexpr std::array<std::uint8_t, 3> kTypes{kProcess, kLevel1, kLevel2};
    constexpr std::array<std::uint32_t, 3> kRecords{256, 512, 8};
    constexpr std::array<unsigned, 3> kShifts{0, 8, 17};
    for (std::uint64_t mode = 1; mode <= 3; ++mode) {
        const DirectoryTable table = decode_device({0x21, 0, 0, mode << 60 | 0x170020}).next.value();
        EXPECT_EQ(table.type, kTypes.at(mode - 1));
        EXPECT_EQ(table.records, kRecords.at(mode - 1));
        EXPECT_EQ(table.id_shift, kShifts.at(mode - 1));
        EXPECT_EQ(table.address, PhysAddr(0x170020000));
        EXPECT_EQ(format().table_types[table.type].key, DirectoryKey::pasid);
    }
    for (std::uint64_t mode = 4; mode < 16; ++mode)
        EXPECT_EQ(code_of(decode_device({0x21, 0, 0, mode << 60 | 0x170020}).fault), 259U) << mode;
}

TEST(RiscvPdt, RequestsWithoutProcessIdHaveNoFirstStage)
{
    const DirectoryRecord record = decode_device({0x21, 0, 0x77000, kPd8});
    EXPECT_TRUE(record.next.has_value());
    EXPECT_FALSE(record.rid_pasid || record.fault || record.pasid_fault || record.plain_fault);
    EXPECT_EQ(record.translation.value().kind, TranslationKind::pass_through);
    const Translation second = decode_device({0x21, kSv39x4Root, 0, kPd8}).translation.value();
    EXPECT_EQ(second.kind, TranslationKind::second_stage);
    EXPECT_EQ(second.root, PhysAddr(0x170010000));
    EXPECT_EQ(second.domain_id, 0x12U);
}

TEST(RiscvPdt, WithDefaultProcessRequestsWithoutProcessIdUseProcessZero)
{
    const DirectoryRecord record = decode_device({0x221, kSv39x4Root, 0, kPd8});
    EXPECT_TRUE(record.next.has_value());
    EXPECT_EQ(record.rid_pasid, 0U);
    EXPECT_FALSE(record.translation || record.fault);
}

TEST(RiscvPdt, ABareDirectoryTreatsRequestsWithAndWithoutProcessIdAlike)
{
    for (const std::uint64_t tc : {0x21U, 0x221U}) {
        const DirectoryRecord record = decode_device({tc, kSv39x4Root, 0, 0x170020});
        EXPECT_FALSE(record.next || record.rid_pasid || record.pasid_fault || record.fault);
        EXPECT_EQ(record.translation.value().kind, TranslationKind::second_stage);
        EXPECT_EQ(decode_device({tc}).translation.value().kind, TranslationKind::pass_through);
    }
}

TEST(RiscvPdt, TheDirectoryKnowsItsDeviceContextAndTheSecondStage)
{
    const RecordWords owner{0x421, kSv39x4Root, 0, kPd20};
    const DirectoryTable root = decode_device(owner).next.value();
    EXPECT_EQ(root.owner, owner);
    EXPECT_TRUE(root.big_endian) << "SBE";
    EXPECT_EQ(root.outer.format, find_table_format("riscv-x4"));
    EXPECT_EQ(root.outer.root, PhysAddr(0x170010000));
    const DirectoryTable middle = format().decode(root, {0x5c000401}, params_of()).next.value();
    EXPECT_EQ(middle.type, kLevel1);
    const DirectoryTable leaf = format().decode(middle, {0x5c000801}, params_of()).next.value();
    EXPECT_EQ(leaf.type, kProcess);
    EXPECT_EQ(leaf.address, PhysAddr(0x170002000));
    EXPECT_EQ(leaf.owner, owner);
    EXPECT_TRUE(leaf.big_endian);
    EXPECT_EQ(leaf.outer.root, PhysAddr(0x170010000));
    EXPECT_FALSE(decode_device({0x21, 0, 0, kPd20}).next.value().outer.format);
}

// --- directory entries -------------------------------------------------------------------------------------------

TEST(RiscvPdt, DirectoryEntriesHaveCauses265To267)
{
    const DirectoryTable table = table_of(kLevel1, {0x21, 0, 0, kPd20});
    const auto cause = [&](std::uint64_t word) { return code_of(format().decode(table, {word}, params_of(38)).fault); };
    EXPECT_EQ(cause(0x5c000401), 0U);
    EXPECT_EQ(cause(0x5c000400), 266U);
    EXPECT_EQ(cause(0x5c000403), 267U);
    EXPECT_EQ(cause(0x8000005c000401), 267U);
    EXPECT_EQ(cause(0x105c000401), 265U);
    EXPECT_EQ(format().unreadable(kLevel2).code, 265);
    EXPECT_EQ(format().unreadable(kProcess).code, 265);
    EXPECT_EQ(format().out_of_range(kProcess).code, 260);
}

TEST(RiscvPdt, AddressesOfTheSecondStageAreNotMeasuredByTheHostsWidth)
{
    const DirectoryTable table = table_of(kLevel1, {0x21, kSv39x4Root, 0, kPd20});
    const DirectoryRecord record = format().decode(table, {0x105c000401}, params_of(38));
    EXPECT_EQ(record.reserved_set, RecordWords{});
    EXPECT_EQ(record.next.value().address, PhysAddr(0x4170001000));
}

// --- process contexts ----------------------------------------------------------------------------------------------

TEST(RiscvPdt, AProcessContextIsAFirstStage)
{
    const DirectoryRecord record = decode_process({0x12345001, kSv48Root});
    EXPECT_FALSE(record.fault.has_value());
    const Translation translation = record.translation.value();
    EXPECT_EQ(translation.kind, TranslationKind::first_stage);
    EXPECT_EQ(translation.format, find_table_format("riscv"));
    EXPECT_EQ(translation.params.levels, 4);
    EXPECT_EQ(translation.root, PhysAddr(0x170003000));
    EXPECT_EQ(translation.domain_id, 0x12345U);
    EXPECT_FALSE(translation.params.big_endian);
    EXPECT_TRUE(format().typical(kProcess, {0x12345007, kSv48Root}));
}

TEST(RiscvPdt, UnderASecondStageAProcessContextIsNested)
{
    const Translation translation =
        decode_process({0x12345001, kSv48Root}, {0x521, kSv39x4Root, 0, kPd8}).translation.value();
    EXPECT_EQ(translation.kind, TranslationKind::nested);
    EXPECT_EQ(translation.domain_id, 0x12U);
    EXPECT_EQ(translation.outer.root, PhysAddr(0x170010000));
    EXPECT_EQ(translation.params.paw_bits, 56);
    EXPECT_TRUE(translation.params.big_endian) << "SBE";
    EXPECT_FALSE(translation.outer.params.big_endian);
}

TEST(RiscvPdt, ABareProcessContextLeavesTheSecondStageOrNothing)
{
    EXPECT_EQ(decode_process({0x1}).translation.value().kind, TranslationKind::pass_through);
    const Translation second = decode_process({0x1}, {0x21, kSv39x4Root, 0, kPd8}).translation.value();
    EXPECT_EQ(second.kind, TranslationKind::second_stage);
    EXPECT_EQ(second.root, PhysAddr(0x170010000));
}

TEST(RiscvPdt, FlagUpdatesOfTheFirstStageAreThoseOfTheDeviceContext)
{
    const auto access = [](std::uint64_t tc) {
        const Translation translation = decode_process({0x1, kSv48Root}, {tc, 0, 0, kPd8}).translation.value();
        return translation.format->decode(0x53 & ~0x40, 0, translation.params).access;
    };
    EXPECT_EQ(access(0x121), Access::read());
    EXPECT_EQ(access(0x21), Access::read().inactive());
    DirectoryTable alone = table_of_type(format(), kProcess, PhysAddr(0));
    const Translation unowned = format().decode(alone, {0x1, kSv48Root}, params_of()).translation.value();
    EXPECT_EQ(unowned.format->decode(0x13, 0, unowned.params).access, Access::read()) << "counts as having everything";
}

TEST(RiscvPdt, ReservedBitsOfAProcessContextAreThoseOfTheManual)
{
    RecordWords found{};
    for (unsigned position = 1; position < 128; ++position) {
        RecordWords words{0x1, kSv48Root};
        words[position / 64] |= std::uint64_t{1} << (position % 64);
        const DirectoryRecord record = decode_process(words);
        for (std::size_t i = 0; i < words.size(); ++i)
            found[i] |= record.reserved_set[i];
        if (record.reserved_set != RecordWords{}) {
            EXPECT_EQ(code_of(record.fault), 267U) << position;
            EXPECT_EQ(record.translation.value().kind, TranslationKind::invalid) << position;
        }
    }
    EXPECT_EQ(found, (RecordWords{0xffffffff00000ff8, 0x0ffff00000000000}));
}

TEST(RiscvPdt, InvalidAndMisconfiguredProcessContextsHaveCauses266And267)
{
    const DirectoryRecord empty = decode_process({0x12345000, ~std::uint64_t{0}});
    EXPECT_FALSE(empty.present);
    EXPECT_EQ(code_of(empty.fault), 266U);
    for (std::uint64_t mode = 0; mode < 16; ++mode) {
        const bool defined = mode == 0 || (mode >= 8 && mode <= 10);
        EXPECT_EQ(code_of(decode_process({0x1, mode << 60}).fault), defined ? 0U : 267U) << mode;
    }
    EXPECT_EQ(code_of(decode_process({0x1, 0x8000000000170003}, {0x821, 0, 0, kPd8}).fault), 267U) << "SXL: Sv32";
    const DirectoryRecord far =
        format().decode(table_of(kProcess, {0x21, 0, 0, kPd8}), {0x1, 0x8000000004000000}, params_of(38));
    EXPECT_EQ(code_of(far.fault), 267U);
    EXPECT_EQ(far.fault->cause, FaultCause::output_beyond_width);
    EXPECT_EQ(far.reserved_set[1], 0x4000000U);
}

}  // namespace
}  // namespace pgregion
