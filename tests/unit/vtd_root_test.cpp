// SPDX-License-Identifier: GPL-2.0-or-later
//
// Root and context entries of VT-d legacy mode, and the register that chooses the mode, by the words of the manual:
// iommu-formats.md sections 1.1 to 1.3, 1.10, 1.12.
#include <pgregion/format.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion
{
namespace
{

constexpr std::uint8_t kRoot = 0;
constexpr std::uint8_t kContext = 1;

const DirectoryFormat &format() { return *find_directory_format("vtd-root"); }

DirectoryRecord decode(std::uint8_t type, std::uint64_t low, std::uint64_t high, std::uint8_t paw_bits = 52)
{
    FormatParams params = default_params(format());
    params.paw_bits = paw_bits;
    return format().decode(table_of_type(format(), type, PhysAddr(0)), {low, high}, params);
}

std::uint64_t field_of(std::uint8_t type, const RecordWords &words, std::string_view wanted)
{
    for (const FieldSpec &spec : format().fields(type, words)) {
        if (spec.name == wanted)
            return field_value(spec, words);
    }
    ADD_FAILURE() << "no field " << wanted;
    return ~std::uint64_t{0};
}

unsigned fault_of(const DirectoryRecord &record) { return record.fault ? record.fault->code : 0; }

TEST(VtdRoot, HasARootTableByBusAndContextTablesByDeviceAndFunction)
{
    ASSERT_GE(format().table_types.size(), 2U);
    EXPECT_EQ(format().table_types[kRoot].name, "root table");
    EXPECT_EQ(format().table_types[kRoot].record_bytes, 16);
    EXPECT_EQ(format().table_types[kRoot].records, 256U);
    EXPECT_EQ(format().table_types[kRoot].id_shift, 8);
    EXPECT_EQ(format().table_types[kContext].name, "context table");
    EXPECT_EQ(format().table_types[kContext].record_bytes, 16);
    EXPECT_EQ(format().table_types[kContext].records, 256U);
    EXPECT_EQ(format().table_types[kContext].id_shift, 0);
    EXPECT_EQ(format().devices, 65536U);
    const DirectoryTable root = format().root(PhysAddr(0x140000000), default_params(format()));
    EXPECT_EQ(root.type, kRoot);
    EXPECT_EQ(root.address, PhysAddr(0x140000000));
    EXPECT_EQ(root.records, 256U);
    EXPECT_EQ(root.id_shift, 8);
    EXPECT_FALSE(root.big_endian);
}

// --- the register -------------------------------------------------------------------------------------------

RegisterReading reading_of(std::uint64_t value)
{
    const std::optional<std::uint64_t> rtaddr = value;
    return format().from_registers({&rtaddr, 1}, default_params(format()));
}

/// ECAP of QEMU 7.2 with x-scalable-mode=on and without it.
TEST(VtdRoot, ScalableModeThatTheIommuDoesNotHaveIsAComplaint)
{
    const auto complaint = [](std::uint64_t rtaddr, std::uint64_t ecap) {
        return format()
            .from_registers(std::array<std::optional<std::uint64_t>, 2>{rtaddr, ecap}, default_params(format()))
            .complaint;
    };
    EXPECT_EQ(complaint(0x663c400, 0x480080f00f4a), "");
    EXPECT_EQ(complaint(0x196000, 0xf00f4a), "");
    EXPECT_THAT(std::string(complaint(0x196400, 0xf00f4a)), testing::HasSubstr("SMTS is 0 in ECAP"));
}

TEST(VtdRoot, BitsElevenAndTenOfTheRegisterChooseTheMode)
{
    ASSERT_EQ(format().registers.size(), 2U);
    EXPECT_EQ(format().registers[0].name, "rtaddr");
    EXPECT_EQ(format().registers[0].offset, 0x20);
    EXPECT_EQ(format().registers[0].bytes, 8);
    EXPECT_EQ(reading_of(0x196000).root, PhysAddr(0x196000));
    EXPECT_TRUE(reading_of(0x196000).complaint.empty());
    EXPECT_EQ(format().root(PhysAddr(0x196000), reading_of(0x196000).params).type, kRoot);
    const RegisterReading scalable = reading_of(0x663c400);
    EXPECT_EQ(scalable.root, PhysAddr(0x663c000));
    EXPECT_TRUE(scalable.complaint.empty());
    EXPECT_EQ(choice_name(format().parameters[0], scalable.params.value[0]), "scalable");
    EXPECT_FALSE(reading_of(0x196800).complaint.empty());
    EXPECT_FALSE(reading_of(0x196c00).complaint.empty());
}

// --- root entries -------------------------------------------------------------------------------------------

TEST(VtdRoot, ExampleE1RootEntryLeadsToItsContextTable)
{
    const DirectoryRecord record = decode(kRoot, 0x140001001, 0);
    EXPECT_TRUE(record.present);
    EXPECT_EQ(record.reserved_set, RecordWords{});
    EXPECT_FALSE(record.fault.has_value());
    EXPECT_FALSE(record.translation.has_value());
    ASSERT_TRUE(record.next.has_value());
    EXPECT_EQ(record.next->address, PhysAddr(0x140001000));
    EXPECT_EQ(record.next->type, kContext);
    EXPECT_EQ(record.next->records, 256U);
    EXPECT_EQ(field_of(kRoot, {0x140001001, 0}, "P"), 1U);
    EXPECT_EQ(field_of(kRoot, {0x140001001, 0}, "CTP"), 0x140001000U);
}

TEST(VtdRoot, ARootEntryWithoutPresentFaultsWithReasonOneWhateverElseItHolds)
{
    for (const std::uint64_t low : {std::uint64_t{0}, std::uint64_t{0x140001000}, std::uint64_t{0xffffffffffffffe}}) {
        const DirectoryRecord record = decode(kRoot, low, 0xffff);
        EXPECT_FALSE(record.present);
        EXPECT_FALSE(record.next.has_value());
        EXPECT_EQ(record.reserved_set, RecordWords{});
        EXPECT_EQ(fault_of(record), 0x1U);
    }
}

TEST(VtdRoot, ReservedBitsOfARootEntryAreThoseOfTheManual)
{
    RecordWords found{};
    for (unsigned position = 1; position < 128; ++position) {
        RecordWords words{1, 0};
        words[position / 64] |= std::uint64_t{1} << (position % 64);
        const DirectoryRecord record = decode(kRoot, words[0], words[1], 46);
        const bool reserved = record.reserved_set != RecordWords{};
        EXPECT_EQ(fault_of(record), reserved ? 0xaU : 0U) << position;
        EXPECT_EQ(record.next.has_value(), !reserved) << position;
        found[0] |= record.reserved_set[0];
        found[1] |= record.reserved_set[1];
    }
    EXPECT_EQ(found[0], 0xffffc00000000ffeU);  // 0xffe | ~(2^46 - 1)
    EXPECT_EQ(found[1], 0xffffffffffffffffU);
}

// --- context entries ----------------------------------------------------------------------------------------

TEST(VtdContext, ExampleE1IsASecondStageDomainOfFourLevels)
{
    const DirectoryRecord record = decode(kContext, 0x140002001, 0x1702);
    EXPECT_TRUE(record.present);
    EXPECT_FALSE(record.fault.has_value());
    EXPECT_FALSE(record.next.has_value());
    ASSERT_TRUE(record.translation.has_value());
    EXPECT_EQ(record.translation->kind, TranslationKind::second_stage);
    EXPECT_EQ(record.translation->domain_id, 0x17U);
    EXPECT_EQ(record.translation->format, find_table_format("vtd-ss"));
    EXPECT_EQ(record.translation->params.levels, 4);
    EXPECT_EQ(record.translation->root, PhysAddr(0x140002000));
    const RecordWords words{0x140002001, 0x1702};
    EXPECT_EQ(field_of(kContext, words, "P"), 1U);
    EXPECT_EQ(field_of(kContext, words, "FPD"), 0U);
    EXPECT_EQ(field_of(kContext, words, "TT"), 0U);
    EXPECT_EQ(field_of(kContext, words, "SSPTPTR"), 0x140002000U);
    EXPECT_EQ(field_of(kContext, words, "AW"), 2U);
    EXPECT_EQ(field_of(kContext, words, "IGN_70_67"), 0U);
    EXPECT_EQ(field_of(kContext, words, "DID"), 0x17U);
}

TEST(VtdContext, TheWordsThatAKernelLoggedAreItsDomains)
{
    // pgr.log of regions/copied-by-module: "ctx 00:02.0 lo=1d0001 hi=402", "domain pgd 1d0000 did=4 aw=2"
    const DirectoryRecord record = decode(kContext, 0x1d0001, 0x402);
    ASSERT_TRUE(record.translation.has_value());
    EXPECT_EQ(record.translation->root, PhysAddr(0x1d0000));
    EXPECT_EQ(record.translation->domain_id, 4U);
    EXPECT_EQ(record.translation->params.levels, 4);
    EXPECT_EQ(decode(kContext, 0x1f1001, 0x802).translation.value().domain_id, 8U);
    EXPECT_TRUE(format().typical(kContext, {0x1d0001, 0x402}));
}

TEST(VtdContext, RequestsWithPasidFaultWithReason31)
{
    for (const std::uint8_t type : {kRoot, kContext}) {
        const DirectoryRecord record = decode(type, 0x140002001, type == kRoot ? 0 : 0x1702);
        ASSERT_TRUE(record.pasid_fault.has_value());
        EXPECT_EQ(record.pasid_fault->code, 0x31);
        EXPECT_FALSE(record.fault.has_value());
        EXPECT_FALSE(record.plain_fault.has_value());
        EXPECT_FALSE(record.rid_pasid.has_value());
    }
}

TEST(VtdContext, SecondStageTablesOfLegacyModeDoNotExecute)
{
    const Translation translation = decode(kContext, 0x140002001, 0x1702).translation.value();
    EXPECT_EQ(translation.format->decode(0x4, 0, translation.params).kind, EntryKind::empty);
    EXPECT_EQ(translation.format->fault(FaultCause::no_write, Access::write(), translation.params).code, 0x5);
}

TEST(VtdContext, TranslationTypeOneIsSecondStageWithDeviceTlb)
{
    const DirectoryRecord record = decode(kContext, 0x140002005, 0x1702);
    ASSERT_TRUE(record.translation.has_value());
    EXPECT_EQ(record.translation->kind, TranslationKind::second_stage);
    EXPECT_EQ(record.translation->root, PhysAddr(0x140002000));
    EXPECT_FALSE(record.fault.has_value());
}

TEST(VtdContext, TranslationTypeTwoIsPassThroughAndIgnoresThePointer)
{
    for (const std::uint64_t low : {std::uint64_t{0x9}, std::uint64_t{0x140002009}}) {
        const DirectoryRecord record = decode(kContext, low, 0x202);
        ASSERT_TRUE(record.translation.has_value());
        EXPECT_EQ(record.translation->kind, TranslationKind::pass_through);
        EXPECT_EQ(record.translation->format, nullptr);
        EXPECT_EQ(record.translation->domain_id, 2U);
        EXPECT_EQ(record.translation->params.levels, 4);
        EXPECT_FALSE(record.fault.has_value());
    }
}

TEST(VtdContext, TranslationTypeThreeIsInvalidProgramming)
{
    const DirectoryRecord record = decode(kContext, 0x14000200d, 0x1702);
    EXPECT_TRUE(record.present);
    EXPECT_EQ(record.reserved_set, RecordWords{});
    EXPECT_EQ(fault_of(record), 0x3U);
    ASSERT_TRUE(record.translation.has_value());
    EXPECT_EQ(record.translation->kind, TranslationKind::invalid);
    EXPECT_EQ(record.translation->format, nullptr);
    EXPECT_EQ(record.translation->domain_id, 0x17U);
}

TEST(VtdContext, AddressWidthsOneTwoThreeAreThreeFourFiveLevelsAndTheRestIsInvalid)
{
    for (std::uint64_t width = 0; width < 8; ++width) {
        const DirectoryRecord record = decode(kContext, 0x140002001, 0x1700 | width);
        ASSERT_TRUE(record.translation.has_value());
        if (width >= 1 && width <= 3) {
            EXPECT_EQ(record.translation->kind, TranslationKind::second_stage);
            EXPECT_EQ(record.translation->params.levels, width + 2);
            EXPECT_FALSE(record.fault.has_value());
        } else {
            EXPECT_EQ(record.translation->kind, TranslationKind::invalid) << width;
            EXPECT_EQ(fault_of(record), 0x3U) << width;
        }
    }
}

TEST(VtdContext, FaultProcessingDisabledChangesNothingOfTheTranslation)
{
    const DirectoryRecord record = decode(kContext, 0x140002003, 0x1702);
    EXPECT_EQ(field_of(kContext, {0x140002003, 0x1702}, "FPD"), 1U);
    EXPECT_FALSE(record.fault.has_value());
    ASSERT_TRUE(record.translation.has_value());
    EXPECT_EQ(record.translation->kind, TranslationKind::second_stage);
    EXPECT_EQ(record.translation->root, PhysAddr(0x140002000));
}

TEST(VtdContext, TheMarkOfCopiedEntriesIsIgnored)
{
    const DirectoryRecord record = decode(kContext, 0x140002001, 0x177a);
    EXPECT_FALSE(record.fault.has_value());
    EXPECT_EQ(record.translation.value().domain_id, 0x17U);
    EXPECT_EQ(field_of(kContext, {0x140002001, 0x177a}, "IGN_70_67"), 0xfU);
}

TEST(VtdContext, AContextEntryWithoutPresentFaultsWithReasonTwo)
{
    for (const std::uint64_t low : {std::uint64_t{0}, std::uint64_t{0x2}, std::uint64_t{0x140002000}}) {
        const DirectoryRecord record = decode(kContext, low, 0xffffffffffffffff);
        EXPECT_FALSE(record.present);
        EXPECT_FALSE(record.translation.has_value());
        EXPECT_EQ(record.reserved_set, RecordWords{});
        EXPECT_EQ(fault_of(record), 0x2U);
    }
}

TEST(VtdContext, ReservedBitsAreThoseOfTheManual)
{
    RecordWords found{};
    for (unsigned position = 1; position < 128; ++position) {
        RecordWords words{1, 2};
        words[position / 64] |= std::uint64_t{1} << (position % 64);
        const DirectoryRecord record = decode(kContext, words[0], words[1], 46);
        if (record.reserved_set != RecordWords{}) {
            EXPECT_EQ(fault_of(record), 0xbU) << position;
            EXPECT_EQ(record.translation.value().kind, TranslationKind::invalid) << position;
        }
        found[0] |= record.reserved_set[0];
        found[1] |= record.reserved_set[1];
    }
    EXPECT_EQ(found[0], 0xffffc00000000ff0U);  // 0xff0 | ~(2^46 - 1)
    EXPECT_EQ(found[1], 0xffffffffff000080U);
}

TEST(VtdContext, ReservedBitsComeBeforeABadWidth) { EXPECT_EQ(fault_of(decode(kContext, 0x140002011, 0x1700)), 0xbU); }

TEST(VtdContext, TheWidestDomainNumberIsKept)
{
    EXPECT_EQ(decode(kContext, 0x140002001, 0xffff02).translation.value().domain_id, 0xffffU);
}

TEST(VtdContext, TheAddressWidthOfTheHostGoesOnToTheTables)
{
    EXPECT_EQ(decode(kContext, 0x140002001, 0x1702, 39).translation.value().params.paw_bits, 39);
}

// --- faults of tables that cannot be read -------------------------------------------------------------------

TEST(VtdRoot, UnreadableTablesFaultWithReasonsEightAndNine)
{
    EXPECT_EQ(format().unreadable(kRoot).code, 0x8);
    EXPECT_EQ(format().unreadable(kRoot).cause, FaultCause::root_unreadable);
    EXPECT_EQ(format().unreadable(kContext).code, 0x9);
    EXPECT_EQ(format().unreadable(kContext).cause, FaultCause::table_unreadable);
}

}  // namespace
}  // namespace pgregion
