// SPDX-License-Identifier: GPL-2.0-or-later
//
// Device table and GCR3 entries by the words of the manual: iommu-formats.md sections 2.1 to 2.3, 2.6, 2.7; and the
// words that a kernel wrote.
#include "formats/amd_devtab.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion
{
namespace
{

using formats::kAmdDevtab;
using formats::amd::kDeviceTable;
using formats::amd::kGcr3Level1;
using formats::amd::kGcr3Level2;
using formats::amd::kGcr3Level3;

FormatParams params_of(std::uint8_t paw_bits = 52)
{
    FormatParams params = default_params(kAmdDevtab);
    params.paw_bits = paw_bits;
    return params;
}

FormatParams with(FormatParams params, std::string_view key, std::string_view value)
{
    set_parameter(params, kAmdDevtab.parameters, key, value);
    return params;
}

DirectoryRecord decode(const RecordWords &words, const FormatParams &params = params_of())
{
    return kAmdDevtab.decode(table_of_type(kAmdDevtab, kDeviceTable, PhysAddr(0)), words, params);
}

std::uint64_t field_of(std::uint8_t type, const RecordWords &words, std::string_view wanted)
{
    for (const FieldSpec &spec : kAmdDevtab.fields(type, words)) {
        if (spec.name == wanted)
            return field_value(spec, words);
    }
    ADD_FAILURE() << "no field " << wanted;
    return ~std::uint64_t{0};
}

unsigned fault_of(const DirectoryRecord &record) { return record.fault ? record.fault->code : 0; }

const Access kReadWrite = Access::read() | Access::write();
constexpr RecordWords kHostEntry{0x6000000150200783, 0x33};                                     // E5
constexpr RecordWords kGuestEntry{0x75c0000000000003, 0x00001000f5790044, 0x0040000000000000};  // E5

// --- host translation ---------------------------------------------------------------------------------------

TEST(AmdDevtab, ExampleE5IsAHostDomainOfThreeLevels)
{
    const DirectoryRecord record = decode(kHostEntry);
    EXPECT_TRUE(record.present);
    EXPECT_EQ(record.reserved_set, RecordWords{});
    EXPECT_FALSE(record.fault.has_value());
    EXPECT_FALSE(record.next.has_value());
    ASSERT_TRUE(record.translation.has_value());
    EXPECT_EQ(record.translation->kind, TranslationKind::second_stage);
    EXPECT_EQ(record.translation->format, find_table_format("amd-v1"));
    EXPECT_EQ(record.translation->params.levels, 3);
    EXPECT_EQ(record.translation->root, PhysAddr(0x150200000));
    EXPECT_EQ(record.translation->domain_id, 0x33U);
    EXPECT_TRUE(record.translation->access.allows(kReadWrite));
    for (const std::string_view flag : {"V", "TV", "IR", "IW"})
        EXPECT_EQ(field_of(kDeviceTable, kHostEntry, flag), 1U) << flag;
    EXPECT_EQ(field_of(kDeviceTable, kHostEntry, "HAD"), 3U);
    EXPECT_EQ(field_of(kDeviceTable, kHostEntry, "Mode"), 3U);
    EXPECT_EQ(field_of(kDeviceTable, kHostEntry, "HostPTRoot"), 0x150200000U);
    EXPECT_EQ(field_of(kDeviceTable, kHostEntry, "DomainID"), 0x33U);
}

TEST(AmdDevtab, TheWordsOfAKernelAreItsDomains)
{
    // 00:02.0 and 03:00.0 of the fixture amd-v1: domains 2 and 11, modes 3 and 4, interrupts remapped
    const RecordWords words{0x600000000647e603, 0x2, 0x2000000000000013};
    const DirectoryRecord record = decode(words);
    ASSERT_TRUE(record.translation.has_value());
    EXPECT_EQ(record.translation->root, PhysAddr(0x647e000));
    EXPECT_EQ(record.translation->domain_id, 2U);
    EXPECT_EQ(record.translation->params.levels, 3);
    EXPECT_EQ(decode({0x6000000006d0f803, 0xb, 0x2000000000000013}).translation.value().params.levels, 4);
    EXPECT_EQ(decode({0x6000000006d0f803, 0xb, 0x2000000000000013}).translation.value().domain_id, 11U);
    EXPECT_TRUE(kAmdDevtab.typical(kDeviceTable, words));
    EXPECT_EQ(field_of(kDeviceTable, words, "IntTabLen"), 9U);
    EXPECT_EQ(field_of(kDeviceTable, words, "IntCtl"), 2U);
}

TEST(AmdDevtab, ADirectoryHandsOnWidthAndEncryptionBit)
{
    const FormatParams params = with(params_of(46), "c-bit", "47");
    const DirectoryRecord record = decode({0x6000800150200783, 0x33}, params);
    ASSERT_TRUE(record.translation.has_value());
    EXPECT_EQ(record.translation->root, PhysAddr(0x150200000));
    EXPECT_EQ(record.translation->params.paw_bits, 46);
    const Translation &translation = *record.translation;
    const Entry entry = translation.format->decode(0x6000800150201401, 2, translation.params);
    EXPECT_EQ(entry.target, PhysAddr(0x150201000));
    EXPECT_FALSE(entry.faults());
    EXPECT_EQ(kAmdDevtab.root(PhysAddr(0x800004dc8000), params).address, PhysAddr(0x4dc8000));
}

TEST(AmdDevtab, WithoutVADeviceIsUnprotectedWhateverElseTheEntryHolds)
{
    for (const RecordWords &words :
         {RecordWords{}, RecordWords{0x60000001502007fe, 0x33}, RecordWords{2, 0, 1, ~0ULL}}) {
        const DirectoryRecord record = decode(words);
        EXPECT_FALSE(record.present);
        EXPECT_EQ(record.reserved_set, RecordWords{});
        EXPECT_FALSE(record.fault.has_value());
        EXPECT_EQ(record.translation.value().kind, TranslationKind::unprotected);
    }
    EXPECT_TRUE(kAmdDevtab.zero_is_a_record);
}

TEST(AmdDevtab, WithoutTvADeviceIsBlocked)
{
    const DirectoryRecord record = decode({0x6000000150200781, 0x33});
    EXPECT_TRUE(record.present);
    EXPECT_EQ(record.translation.value().kind, TranslationKind::blocked);
    EXPECT_EQ(record.translation.value().domain_id, 0x33U);
    EXPECT_EQ(fault_of(record), 2U);
    EXPECT_THAT(record.fault.value().name, testing::StartsWith("IO_PAGE_FAULT (PR=0)"));
    EXPECT_EQ(fault_of(decode({0x0000000000000e01})), 2U);  // Mode is not looked at
}

TEST(AmdDevtab, ModeZeroIsPassThroughAsFarAsTheRightsGo)
{
    const DirectoryRecord both = decode({0x6000000000000003, 0x5});
    EXPECT_EQ(both.translation.value().kind, TranslationKind::pass_through);
    EXPECT_EQ(both.translation.value().format, nullptr);
    EXPECT_EQ(both.translation.value().domain_id, 5U);
    EXPECT_TRUE(both.translation.value().access.allows(kReadWrite));
    EXPECT_FALSE(both.fault.has_value());
    const DirectoryRecord read = decode({0x2000000000000003});
    EXPECT_EQ(read.translation.value().kind, TranslationKind::pass_through);
    EXPECT_TRUE(read.translation.value().access.allows(Access::read()));
    EXPECT_FALSE(read.translation.value().access.allows(Access::write()));
    EXPECT_EQ(read.translation.value().denied.cause, FaultCause::no_write);
    EXPECT_EQ(read.translation.value().denied.code, 2);
    const DirectoryRecord write = decode({0x4000000000000003});
    EXPECT_EQ(write.translation.value().access, Access::write());
    EXPECT_EQ(write.translation.value().denied.cause, FaultCause::no_read);
}

TEST(AmdDevtab, ModeZeroWithoutRightsIsBlocked)
{
    const DirectoryRecord record = decode({0x3, 0, 0x1});
    EXPECT_EQ(record.translation.value().kind, TranslationKind::blocked);
    EXPECT_EQ(fault_of(record), 2U);
    EXPECT_THAT(record.fault.value().name, testing::StartsWith("IO_PAGE_FAULT (PR=1, PE=1)"));
}

TEST(AmdDevtab, RightsOfAHostDomainAreThoseOfTheEntry)
{
    const DirectoryRecord record = decode({0x4000000150200603, 0x33});
    EXPECT_EQ(record.translation.value().kind, TranslationKind::second_stage);
    EXPECT_EQ(record.translation.value().access, Access::write());
    EXPECT_EQ(record.translation.value().denied.code, 2);
    EXPECT_TRUE(decode({0x0000000150200603, 0x33}).translation.value().access.empty());
}

TEST(AmdDevtab, ModesOneToSixAreLevelsAndSevenIsIllegal)
{
    for (std::uint64_t mode = 1; mode <= 7; ++mode) {
        const DirectoryRecord record = decode({0x6000000150200003 | mode << 9, 0x33});
        ASSERT_TRUE(record.translation.has_value());
        EXPECT_EQ(record.translation->domain_id, 0x33U);
        if (mode < 7) {
            EXPECT_EQ(record.translation->kind, TranslationKind::second_stage);
            EXPECT_EQ(record.translation->params.levels, mode);
        } else {
            EXPECT_EQ(record.translation->kind, TranslationKind::invalid);
            EXPECT_EQ(record.translation->format, nullptr);
            EXPECT_EQ(fault_of(record), 1U);
        }
    }
}

TEST(AmdDevtab, ReservedCodesAreIllegal)
{
    EXPECT_EQ(fault_of(decode({0x6000000150200703})), 1U);                               // HAD = 2
    EXPECT_EQ(fault_of(decode({0x6000000150200683})), 0U);                               // HAD = 1
    EXPECT_EQ(fault_of(decode({0x6380000000000003, 0x10000})), 1U);                      // GLX = 3 with GV
    EXPECT_EQ(fault_of(decode({0x6300000000000003, 0x10000})), 0U);                      // and without
    EXPECT_EQ(fault_of(decode({0x6080000000000003, 0x10000, 0x0080000000000000})), 1U);  // GuestPagingMode = 2
    EXPECT_EQ(fault_of(decode({0x6000000000000003, 0x10000, 0x0080000000000000})), 0U);
}

// --- reserved bits ------------------------------------------------------------------------------------------

/// The bits that, set alone beside `words`, are reported as reserved.
RecordWords reserved_bits_of(const RecordWords &words, const FormatParams &params)
{
    RecordWords found{};
    for (unsigned position = 0; position < 256; ++position) {
        RecordWords changed = words;
        changed[position / 64] |= std::uint64_t{1} << (position % 64);
        const DirectoryRecord record = decode(changed, params);
        for (std::size_t i = 0; i < found.size(); ++i)
            found[i] |= record.reserved_set[i];
        if (record.reserved_set != RecordWords{}) {
            EXPECT_EQ(fault_of(record), 1U) << position;
            EXPECT_EQ(record.translation.value().kind, TranslationKind::invalid) << position;
            EXPECT_FALSE(record.next.has_value()) << position;
        }
    }
    return found;
}

TEST(AmdDevtab, ReservedBitsAreThoseOfTheManual)
{
    EXPECT_EQ(reserved_bits_of({0x6000000150200603}, params_of()), (RecordWords{0x800000000000007c}));
    EXPECT_EQ(reserved_bits_of({0x6000000150200603, 0, 1}, params_of()),
              (RecordWords{0x800000000000007c, 0, 0x30000000000000, 0x3f000000007fff}));
    EXPECT_EQ(reserved_bits_of({0x6000000150200603}, params_of(48)), (RecordWords{0x800f00000000007c}));
    EXPECT_EQ(reserved_bits_of({0x6000000000000003}, params_of(48)), (RecordWords{0x800000000000007c}));
}

TEST(AmdDevtab, AGcr3TableBeyondTheWidthIsReservedWhereNoHostTablesTranslateIt)
{
    EXPECT_EQ(reserved_bits_of(kGuestEntry, params_of(48)), (RecordWords{0x800000000000007c, 0xf000000000000000}));
    EXPECT_FALSE(decode({0x75c0000150200603, 0xf0001000f5790044, 0x0040000000000000}, params_of(48)).fault);
}

TEST(AmdDevtab, FieldsNameAsReservedWhatIsReported)
{
    for (const RecordWords &words : {RecordWords{}, RecordWords{0, 0, 1}, RecordWords{0x6000000150200603},
                                     RecordWords{0x6000000150200603, 0, 1}, RecordWords{1}, kGuestEntry}) {
        RecordWords named{};
        for (const FieldSpec &spec : kAmdDevtab.fields(kDeviceTable, words)) {
            for (unsigned position = spec.low; position <= spec.high && spec.role == FieldRole::reserved; ++position)
                named[position / 64] |= std::uint64_t{1} << (position % 64);
        }
        // A flip of V or IV itself makes another entry of it.
        RecordWords reported = reserved_bits_of(words, params_of());
        EXPECT_EQ(named, reported) << std::hex << words[0];
    }
}

// --- guest translation --------------------------------------------------------------------------------------

TEST(AmdDevtab, ExampleE5LeadsToAGcr3TableOfTwoLevels)
{
    const DirectoryRecord record = decode(kGuestEntry);
    EXPECT_FALSE(record.fault.has_value());
    EXPECT_FALSE(record.pasid_fault.has_value());
    EXPECT_FALSE(record.translation.has_value());
    EXPECT_EQ(record.rid_pasid, 0U);
    ASSERT_TRUE(record.next.has_value());
    EXPECT_EQ(record.next->type, kGcr3Level2);
    EXPECT_EQ(record.next->address, PhysAddr(0x17abcd000));
    EXPECT_EQ(record.next->records, 512U);
    EXPECT_EQ(record.next->id_shift, 9);
    EXPECT_EQ(record.next->owner, kGuestEntry);
    EXPECT_EQ(record.next->outer.format, nullptr);
    EXPECT_EQ(field_of(kDeviceTable, kGuestEntry, "GLX"), 1U);
    EXPECT_EQ(field_of(kDeviceTable, kGuestEntry, "GIOV"), 1U);
    EXPECT_EQ(field_of(kDeviceTable, kGuestEntry, "GuestPagingMode"), 1U);
    EXPECT_EQ(field_of(kDeviceTable, kGuestEntry, "GCR3_14_12"), 5U);

    const DirectoryRecord upper = kAmdDevtab.decode(*record.next, {0x17abce001}, params_of());
    ASSERT_TRUE(upper.next.has_value());
    EXPECT_EQ(upper.next->type, kGcr3Level1);
    EXPECT_EQ(upper.next->address, PhysAddr(0x17abce000));
    EXPECT_EQ(upper.next->owner, kGuestEntry);

    const DirectoryRecord last = kAmdDevtab.decode(*upper.next, {0x17abd0001}, params_of());
    EXPECT_FALSE(last.fault.has_value());
    ASSERT_TRUE(last.translation.has_value());
    EXPECT_EQ(last.translation->kind, TranslationKind::first_stage);
    EXPECT_EQ(last.translation->format, find_table_format("x86-64"));
    EXPECT_EQ(last.translation->params.levels, 5);
    EXPECT_EQ(last.translation->root, PhysAddr(0x17abd0000));
    EXPECT_EQ(last.translation->domain_id, 0x44U);
    EXPECT_EQ(last.translation->format->architecture(last.translation->params), "amd-vi");
    EXPECT_EQ(last.translation->access, Access::all());
}

TEST(AmdDevtab, LevelsOfTheGcr3TableAreThoseOfGlx)
{
    const std::array<std::uint8_t, 3> types{kGcr3Level1, kGcr3Level2, kGcr3Level3};
    for (std::uint64_t glx = 0; glx < 3; ++glx)
        EXPECT_EQ(decode({0x6080000000000003 | glx << 56, 0x10000}).next.value().type, types.at(glx));
    EXPECT_EQ(kAmdDevtab.table_types[kGcr3Level3].id_shift, 18);
    EXPECT_EQ(kAmdDevtab.table_types[kGcr3Level3].records, 4U);  // PASIDs have 20 bits
    EXPECT_EQ(kAmdDevtab.table_types[kGcr3Level1].id_shift, 0);
    EXPECT_EQ(kAmdDevtab.table_types[kGcr3Level1].key, DirectoryKey::pasid);
}

TEST(AmdDevtab, WithoutGiovRequestsWithoutPasidUseTheHost)
{
    const DirectoryRecord alone = decode({0x6080000000000003, 0x10044});
    EXPECT_TRUE(alone.next.has_value());
    EXPECT_FALSE(alone.rid_pasid.has_value());
    EXPECT_EQ(alone.translation.value().kind, TranslationKind::pass_through);
    const DirectoryRecord nested = decode({0x6080000150200603, 0x10044});
    EXPECT_TRUE(nested.next.has_value());
    EXPECT_EQ(nested.translation.value().kind, TranslationKind::second_stage);
    EXPECT_EQ(nested.translation.value().root, PhysAddr(0x150200000));
}

TEST(AmdDevtab, WithHostTablesTheGuestsAreNested)
{
    const RecordWords words{0x60c0000150200603, 0x10044};
    const DirectoryRecord record = decode(words, params_of(46));
    ASSERT_TRUE(record.next.has_value());
    EXPECT_EQ(record.next->address, PhysAddr(0x8000));
    EXPECT_EQ(record.next->outer.format, find_table_format("amd-v1"));
    EXPECT_EQ(record.next->outer.root, PhysAddr(0x150200000));
    EXPECT_EQ(record.next->outer.params.levels, 3);
    const DirectoryRecord last = kAmdDevtab.decode(*record.next, {0x800000009001}, params_of(46));
    EXPECT_FALSE(last.fault.has_value());  // a guest's address, which the width of the host says nothing about
    EXPECT_EQ(last.translation.value().kind, TranslationKind::nested);
    EXPECT_EQ(last.translation.value().outer.format, find_table_format("amd-v1"));
    EXPECT_EQ(last.translation.value().params.levels, 4);
    EXPECT_EQ(last.translation.value().params.paw_bits, 52);
}

TEST(AmdDevtab, WithoutGvRequestsWithPasidFault)
{
    const DirectoryRecord record = decode(kHostEntry);
    ASSERT_TRUE(record.pasid_fault.has_value());
    EXPECT_EQ(record.pasid_fault->code, 2);
}

TEST(AmdDevtab, Gcr3EntriesWithoutVOrWithReservedBitsFault)
{
    const DirectoryTable table = table_of_type(kAmdDevtab, kGcr3Level1, PhysAddr(0));
    const DirectoryRecord absent = kAmdDevtab.decode(table, {0x17abd0ffe}, params_of());
    EXPECT_FALSE(absent.present);
    EXPECT_EQ(absent.reserved_set, RecordWords{});
    EXPECT_THAT(absent.fault.value().name, testing::StartsWith("IO_PAGE_FAULT (GN=1, PR=0)"));
    const DirectoryRecord bad = kAmdDevtab.decode(table, {0xfff080017abd0fff}, params_of(46));
    EXPECT_EQ(bad.reserved_set, (RecordWords{0xfff0800000000ffe}));
    EXPECT_EQ(fault_of(bad), 2U);
    EXPECT_FALSE(bad.translation.has_value());
    EXPECT_EQ(field_of(kGcr3Level1, {0x17abd0001}, "ADDR"), 0x17abd0000U);
    EXPECT_TRUE(kAmdDevtab.typical(kGcr3Level1, {0x17abd0001}));
    EXPECT_FALSE(kAmdDevtab.typical(kGcr3Level1, {0x17abd0003}));
}

// --- registers and the rest ---------------------------------------------------------------------------------

TEST(AmdDevtab, TheRegisterGivesBaseAndEntries)
{
    const auto read = [](std::uint64_t value) {
        const std::array<std::optional<std::uint64_t>, 1> values{value};
        return kAmdDevtab.from_registers(values, params_of());
    };
    EXPECT_EQ(read(0x4dc8007).root, PhysAddr(0x4dc8000));
    EXPECT_TRUE(read(0x4dc8007).complaint.empty());
    EXPECT_EQ(kAmdDevtab.root(PhysAddr(0x4dc8000), read(0x4dc8007).params).records, 1024U);
    EXPECT_EQ(kAmdDevtab.root(PhysAddr(0), read(0x4000000).params).records, 128U);
    EXPECT_EQ(kAmdDevtab.root(PhysAddr(0), read(0x40001ff).params).records, 65536U);
    EXPECT_EQ(kAmdDevtab.root(PhysAddr(0), params_of()).records, 65536U);
    EXPECT_EQ(kAmdDevtab.root(PhysAddr(0), with(params_of(), "entries", "1024")).records, 1024U);
}

TEST(AmdDevtab, WhatLinuxWritesIsTypicalAndOtherThingsAreNot)
{
    const auto typical = [](const RecordWords &words) { return kAmdDevtab.typical(kDeviceTable, words); };
    EXPECT_TRUE(typical(kHostEntry));
    EXPECT_TRUE(typical(kGuestEntry));
    EXPECT_TRUE(typical({0x3, 0, 1}));                  // blocked
    EXPECT_TRUE(typical({0x1}));                        // blocked by newer kernels
    EXPECT_TRUE(typical({0x6000000000000003, 0x5}));    // identity
    EXPECT_FALSE(typical({0x0000000150200783, 0x33}));  // tables without rights
    EXPECT_FALSE(typical({0x6000000150200003, 0x33}));  // root without Mode
    EXPECT_FALSE(typical({0x6000000150200783, 0xf5790033}));
    EXPECT_FALSE(typical({0x600000015020078f, 0x33}));
}

TEST(AmdDevtab, TablesThatCannotBeReadAndIdsBeyondThemHaveEvents)
{
    EXPECT_EQ(kAmdDevtab.unreadable(kDeviceTable).code, 3);
    EXPECT_EQ(kAmdDevtab.unreadable(kGcr3Level2).code, 4);
    EXPECT_EQ(kAmdDevtab.out_of_range(kDeviceTable).code, 1);
    EXPECT_EQ(kAmdDevtab.out_of_range(kGcr3Level1).code, 2);
}

}  // namespace
}  // namespace pgregion
