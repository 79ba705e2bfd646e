// SPDX-License-Identifier: GPL-2.0-or-later
//
// Root, context, PASID directory and PASID table entries of VT-d scalable mode by the words of the manual:
// iommu-formats.md sections 1.4 to 1.7, 1.10, 1.12.
#include <pgregion/format.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion
{
namespace
{

constexpr std::uint8_t kRoot = 2;
constexpr std::uint8_t kContext = 3;
constexpr std::uint8_t kDirectory = 4;
constexpr std::uint8_t kEntry = 5;

const DirectoryFormat &format() { return *find_directory_format("vtd-root"); }

FormatParams params_of(std::uint8_t paw_bits = 52)
{
    FormatParams params = default_params(format());
    set_parameter(params, format().parameters, "mode", "scalable");
    params.paw_bits = paw_bits;
    return params;
}

DirectoryRecord decode(std::uint8_t type, const RecordWords &words, std::uint8_t paw_bits = 52)
{
    return format().decode(table_of_type(format(), type, PhysAddr(0)), words, params_of(paw_bits));
}

/// A PASID table entry that decodes to a translation.
Translation translation_of(const RecordWords &words) { return decode(kEntry, words).translation.value(); }

std::uint64_t field_of(std::uint8_t type, const RecordWords &words, std::string_view wanted)
{
    for (const FieldSpec &spec : format().fields(type, words)) {
        if (spec.name == wanted)
            return field_value(spec, words);
    }
    ADD_FAILURE() << "no field " << wanted;
    return ~std::uint64_t{0};
}

unsigned code_of(const std::optional<Fault> &fault) { return fault ? fault->code : 0; }

/// The bits that, set alone beside `good`, are reported as reserved; each must raise `code`, the others something
/// else or nothing.
RecordWords reserved_bits_of(std::uint8_t type, const RecordWords &good, unsigned code)
{
    RecordWords found{};
    for (unsigned position = 0; position < format().table_types[type].record_bytes * 8U; ++position) {
        RecordWords words = good;
        words[position / 64] |= std::uint64_t{1} << (position % 64);
        const DirectoryRecord record = decode(type, words, 46);
        const bool reserved = record.reserved_set != RecordWords{};
        EXPECT_EQ(code_of(record.fault) == code, reserved) << position;
        EXPECT_FALSE(reserved && record.next.has_value()) << position;
        EXPECT_FALSE(reserved && record.translation && record.translation->format != nullptr) << position;
        for (std::size_t i = 0; i < words.size(); ++i)
            found[i] |= record.reserved_set[i];
    }
    return found;
}

void expect_fields_cover(std::uint8_t type)
{
    unsigned next = 0;
    for (const FieldSpec &spec : format().fields(type, {})) {
        EXPECT_EQ(spec.low, next) << spec.name;
        EXPECT_EQ(spec.low / 64, spec.high / 64) << spec.name;
        next = spec.high + 1U;
    }
    EXPECT_EQ(next, format().table_types[type].record_bytes * 8U);
}

constexpr std::uint64_t kAll = ~std::uint64_t{0};

// --- tables ---------------------------------------------------------------------------------------------------

TEST(VtdScalable, TheRootTableIsOneOfHalves)
{
    const DirectoryTable root = format().root(PhysAddr(0x140010000), params_of());
    EXPECT_EQ(root.type, kRoot);
    EXPECT_EQ(root.records, 512U);
    EXPECT_EQ(root.id_shift, 7);
    EXPECT_EQ(format().table_types[kRoot].record_bytes, 8);
    EXPECT_EQ(format().table_types[kContext].record_bytes, 32);
    EXPECT_EQ(format().table_types[kContext].records, 128U);
    EXPECT_EQ(format().table_types[kDirectory].record_bytes, 8);
    EXPECT_EQ(format().table_types[kDirectory].id_shift, 6);
    EXPECT_EQ(format().table_types[kDirectory].key, DirectoryKey::pasid);
    EXPECT_EQ(format().table_types[kEntry].record_bytes, 64);
    EXPECT_EQ(format().table_types[kEntry].records, 64U);
    EXPECT_EQ(format().table_types[kEntry].key, DirectoryKey::pasid);
    EXPECT_EQ(0x3af8U >> root.id_shift, 0x75U) << "bus 3a, upper half";
}

TEST(VtdScalable, FieldsCoverEveryRecord)
{
    for (const std::uint8_t type : {kRoot, kContext, kDirectory, kEntry})
        expect_fields_cover(type);
}

TEST(VtdScalable, TablesThatCannotBeReadHaveReasonsOfTheirOwn)
{
    EXPECT_EQ(format().unreadable(kRoot).code, 0x38);
    EXPECT_EQ(format().unreadable(kContext).code, 0x40);
    EXPECT_EQ(format().unreadable(kDirectory).code, 0x50);
    EXPECT_EQ(format().unreadable(kEntry).code, 0x58);
    EXPECT_EQ(format().out_of_range(kDirectory).code, 0x46);
}

// --- root and context -----------------------------------------------------------------------------------------

TEST(VtdScalable, ExampleE2RootHalvesLeadToTheContextTables)
{
    const DirectoryRecord lower = decode(kRoot, {0x140011001});
    ASSERT_TRUE(lower.next.has_value());
    EXPECT_EQ(lower.next->address, PhysAddr(0x140011000));
    EXPECT_EQ(lower.next->type, kContext);
    EXPECT_EQ(lower.next->records, 128U);
    EXPECT_FALSE(lower.fault.has_value());
    EXPECT_EQ(decode(kRoot, {0x140012001}).next.value().address, PhysAddr(0x140012000));
    EXPECT_TRUE(format().typical(kRoot, {0x140012001}));
    EXPECT_EQ(field_of(kRoot, {0x140012001}, "CTP"), 0x140012000U);
}

TEST(VtdScalable, ExampleE2ContextLeadsToADirectoryOf1024)
{
    const RecordWords words{0x140013609};
    const DirectoryRecord record = decode(kContext, words);
    ASSERT_TRUE(record.next.has_value());
    EXPECT_EQ(record.next->address, PhysAddr(0x140013000));
    EXPECT_EQ(record.next->type, kDirectory);
    EXPECT_EQ(record.next->records, 1024U);
    EXPECT_EQ(record.next->id_shift, 6);
    EXPECT_EQ(record.next->owner, words);
    EXPECT_EQ(record.rid_pasid, 0U);
    EXPECT_FALSE(record.fault || record.pasid_fault || record.plain_fault);
    EXPECT_FALSE(record.translation.has_value());
    EXPECT_EQ(field_of(kContext, words, "PASIDE"), 1U);
    EXPECT_EQ(field_of(kContext, words, "PDTS"), 3U);
    EXPECT_EQ(field_of(kContext, words, "PASIDDIRPTR"), 0x140013000U);
    EXPECT_TRUE(format().typical(kContext, words));
}

TEST(VtdScalable, TheSizeCodeOfTheDirectoryGoesFrom128To16384)
{
    EXPECT_EQ(decode(kContext, {0x140013009}).next.value().records, 128U);
    EXPECT_EQ(decode(kContext, {0x140013e09}).next.value().records, 16384U);
}

TEST(VtdScalable, RequestsWithoutPasidUseTheOneOfTheContext)
{
    EXPECT_EQ(decode(kContext, {0x140013609, 0x1234}).rid_pasid, 0x1234U);
    EXPECT_EQ(decode(kContext, {0x140013609, 0xffff}).rid_pasid, 0xffffU);
    const DirectoryRecord beyond = decode(kContext, {0x140013609, 0x10000});
    EXPECT_FALSE(beyond.rid_pasid.has_value());
    EXPECT_EQ(code_of(beyond.plain_fault), 0x48U);
    EXPECT_TRUE(beyond.next.has_value());
    EXPECT_EQ(decode(kContext, {0x140013e09, 0xfffff}).rid_pasid, 0xfffffU);
}

TEST(VtdScalable, WithoutPasidEnableRequestsWithPasidFault)
{
    const DirectoryRecord record = decode(kContext, {0x140013601});
    EXPECT_EQ(code_of(record.pasid_fault), 0x45U);
    EXPECT_FALSE(record.fault.has_value());
    EXPECT_TRUE(record.next.has_value());
    EXPECT_EQ(record.rid_pasid, 0U);
}

TEST(VtdScalable, RecordsWithoutPresentFaultWhateverElseTheyHold)
{
    constexpr std::array<unsigned, 4> kCodes{0x39, 0x41, 0x51, 0x59};
    for (std::uint8_t type = kRoot; type <= kEntry; ++type) {
        const DirectoryRecord record = decode(type, {0xfffffffffffffffe, type == kRoot ? 0 : kAll});
        EXPECT_FALSE(record.present);
        EXPECT_EQ(code_of(record.fault), kCodes[type - kRoot]);
        EXPECT_EQ(record.reserved_set, RecordWords{});
        EXPECT_FALSE(record.next || record.translation);
    }
}

TEST(VtdScalable, ReservedBitsAreThoseOfTheManual)
{
    EXPECT_EQ(reserved_bits_of(kRoot, {1}, 0x3a), (RecordWords{0xffffc00000000ffe}));
    EXPECT_EQ(reserved_bits_of(kContext, {1}, 0x42), (RecordWords{0xffffc000000001e0, 0xffffffffffe00000, kAll, kAll}));
    EXPECT_EQ(reserved_bits_of(kDirectory, {1}, 0x52), (RecordWords{0xffffc00000000ffc}));
    EXPECT_EQ(reserved_bits_of(kEntry, {0x89}, 0x5a),
              (RecordWords{0xffffc00000000c00, 0x7f0000, 0xffffc00000000f00, kAll, kAll, kAll, kAll, kAll}));
}

TEST(VtdScalable, ReservedBitsComeBeforeABadTranslationType)
{
    const DirectoryRecord record = decode(kEntry, {0x401, 0x17});
    EXPECT_EQ(code_of(record.fault), 0x5aU);
    EXPECT_EQ(record.translation.value().kind, TranslationKind::invalid);
    EXPECT_EQ(record.translation.value().domain_id, 0x17U);
}

// --- PASID directory and table ---------------------------------------------------------------------------------

TEST(VtdScalable, ExampleE2DirectoryEntryLeadsToThePasidTable)
{
    DirectoryTable table = table_of_type(format(), kDirectory, PhysAddr(0x140013000));
    table.owner = {0x140013609};
    const DirectoryRecord record = format().decode(table, {0x140014001}, params_of());
    ASSERT_TRUE(record.next.has_value());
    EXPECT_EQ(record.next->address, PhysAddr(0x140014000));
    EXPECT_EQ(record.next->type, kEntry);
    EXPECT_EQ(record.next->records, 64U);
    EXPECT_EQ(record.next->owner, table.owner);
    EXPECT_EQ(0x1234U >> table.id_shift, 72U);
}

TEST(VtdScalable, ExampleE2EntryIsFirstStageOfFourLevels)
{
    const RecordWords words{0x49, 0x180002a, 0x140015020};
    const DirectoryRecord record = decode(kEntry, words);
    EXPECT_FALSE(record.fault.has_value());
    const Translation translation = record.translation.value();
    EXPECT_EQ(translation.kind, TranslationKind::first_stage);
    EXPECT_EQ(translation.domain_id, 0x2aU);
    EXPECT_EQ(translation.format, find_table_format("x86-64"));
    EXPECT_EQ(translation.params.levels, 4);
    EXPECT_EQ(translation.root, PhysAddr(0x140015000));
    EXPECT_EQ(translation.outer.format, nullptr);
    for (const std::string_view name : {"P", "PWSNP", "PGSNP", "NXE", "PGTT"})
        EXPECT_EQ(field_of(kEntry, words, name), 1U) << name;
    EXPECT_EQ(field_of(kEntry, words, "FSPTPTR"), 0x140015000U);
    EXPECT_TRUE(format().typical(kEntry, words));
}

TEST(VtdScalable, ExampleE2OtherEntryIsSecondStage)
{
    const RecordWords words{0x140002289, 0x800017};
    const Translation translation = translation_of(words);
    EXPECT_EQ(translation.kind, TranslationKind::second_stage);
    EXPECT_EQ(translation.domain_id, 0x17U);
    EXPECT_EQ(translation.format, find_table_format("vtd-ss"));
    EXPECT_EQ(translation.params.levels, 4);
    EXPECT_EQ(translation.root, PhysAddr(0x140002000));
    EXPECT_EQ(translation.format->fault(FaultCause::no_write, Access::write(), translation.params).code, 0x79);
    EXPECT_EQ(field_of(kEntry, words, "SSADE"), 1U);
    EXPECT_TRUE(format().typical(kEntry, words));
}

TEST(VtdScalable, NoExecuteIsReservedInFirstStageTablesUnlessItIsEnabled)
{
    const Translation with = translation_of({0x49, 0x2a, 0x140015020});
    const Translation without = translation_of({0x49, 0x2a, 0x140015000});
    EXPECT_EQ(with.format->decode(0x8000000140016027, 3, with.params).reserved_set, 0U);
    EXPECT_EQ(without.format->decode(0x8000000140016027, 3, without.params).reserved_set, 0x8000000000000000U);
    EXPECT_EQ(with.format->canonical(0x800000000000, with.params), Iova(0xffff800000000000));
}

TEST(VtdScalable, TheExecuteBitOfTheSecondStageCountsOnlyWithItsEnable)
{
    const Translation without = translation_of({0x140002089, 0x17});
    const Translation with = translation_of({0x1400020a9, 0x17});
    EXPECT_EQ(without.format->decode(0x4, 0, without.params).kind, EntryKind::empty);
    EXPECT_EQ(with.format->decode(0x4, 0, with.params).kind, EntryKind::leaf);
}

TEST(VtdScalable, TheFirstStagePagingModeIsFourOrFiveLevels)
{
    EXPECT_EQ(translation_of({0x49, 0, 0x140015004}).params.levels, 5);
    for (const std::uint64_t mode : {0x8U, 0xcU}) {
        const DirectoryRecord record = decode(kEntry, {0x49, 0x2a, 0x140015000 | mode});
        EXPECT_EQ(code_of(record.fault), 0x5bU);
        EXPECT_EQ(record.translation.value().kind, TranslationKind::invalid);
        EXPECT_EQ(record.translation.value().domain_id, 0x2aU);
    }
}

TEST(VtdScalable, NestedTablesHaveTheSecondStageAsTheOuterOne)
{
    const Translation translation = translation_of({0x1400020cd, 0x17, 0x140015000});
    EXPECT_EQ(translation.kind, TranslationKind::nested);
    EXPECT_EQ(translation.format, find_table_format("x86-64"));
    EXPECT_EQ(translation.root, PhysAddr(0x140015000));
    EXPECT_EQ(translation.outer.format, find_table_format("vtd-ss"));
    EXPECT_EQ(translation.outer.params.levels, 5);
    EXPECT_EQ(translation.outer.root, PhysAddr(0x140002000));
    EXPECT_EQ(translation.domain_id, 0x17U);
}

TEST(VtdScalable, PassThroughHasNoTables)
{
    const Translation translation = translation_of({0x109, 0x1});
    EXPECT_EQ(translation.kind, TranslationKind::pass_through);
    EXPECT_EQ(translation.format, nullptr);
    EXPECT_EQ(translation.domain_id, 1U);
    EXPECT_EQ(translation.params.levels, 4);
    EXPECT_TRUE(format().typical(kEntry, {0x109, 0x1}));
}

TEST(VtdScalable, OtherTranslationTypesAndWidthsAreInvalid)
{
    for (const std::uint64_t type : {0U, 5U, 6U, 7U})
        EXPECT_EQ(code_of(decode(kEntry, {0x9 | type << 6}).fault), 0x5bU) << type;
    for (const std::uint64_t width : {0U, 4U, 5U, 6U, 7U}) {
        EXPECT_EQ(code_of(decode(kEntry, {0x81 | width << 2}).fault), 0x5bU) << width;
        EXPECT_EQ(code_of(decode(kEntry, {0xc1 | width << 2}).fault), 0x5bU) << width;
        EXPECT_EQ(code_of(decode(kEntry, {0x41 | width << 2}).fault), 0U) << "first stage has no use for AW";
    }
}

TEST(VtdScalable, BitsThatOnlyOneRevisionReservesAreNoFault)
{
    const DirectoryRecord record = decode(kEntry, {0x69, 0xfffffffffe00002a, 0x140015002});
    EXPECT_FALSE(record.fault.has_value());
    EXPECT_EQ(record.translation.value().kind, TranslationKind::first_stage);
    EXPECT_FALSE(format().typical(kEntry, {0x69, 0x2a, 0x140015000}));
    EXPECT_FALSE(format().typical(kEntry, {0x49, 0x200002a, 0x140015000}));
    EXPECT_FALSE(format().typical(kEntry, {0x49, 0x2a, 0x140015002}));
    EXPECT_FALSE(format().typical(kEntry, {0x2}));
}

TEST(VtdScalable, TheAddressWidthOfTheHostGoesOnToBothStages)
{
    const Translation nested = decode(kEntry, {0x1400020cd, 0x17, 0x140015000}, 39).translation.value();
    EXPECT_EQ(nested.params.paw_bits, 39);
    EXPECT_EQ(nested.outer.params.paw_bits, 39);
}

}  // namespace
}  // namespace pgregion
