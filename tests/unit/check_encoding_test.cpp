// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of the bits of single entries: iommu-formats.md section 9, PT01 to PT08, PT11, PT53. The words are put
// together from the tables of sections 1.8, 2.4, 3, 4.5 and 5.5.
#include "check_entries.h"
#include "support/conformance.h"
#include "support/sanitizer.h"

#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t kAllOnes = ~std::uint64_t{0};

/// One damaged word, the code it must raise, and a sound word for the same place.
struct Case {
    std::string_view code;
    std::string_view format;
    unsigned level;
    std::uint64_t damaged;
    std::uint64_t expected;  ///< Finding::expected; 0: absent
    std::uint64_t sound;
    std::string_view key = {};  ///< a parameter
    std::string_view value = {};
};

void PrintTo(const Case &one, std::ostream *out)
{
    *out << one.code << ", " << one.format << " level " << one.level << std::hex << " 0x" << one.damaged;
}

class FaultingEntry : public testing::TestWithParam<Case>
{
protected:
    static constexpr std::size_t kIndex = 5;

    [[nodiscard]] static EntryTables with(std::uint64_t word)
    {
        const Case &one = GetParam();
        EntryTables tables(one.format);
        if (!one.key.empty())
            tables.set(one.key, one.value);
        return tables.put(page(), kIndex, word);
    }
    [[nodiscard]] static std::size_t page() { return tested_table(GetParam().format).chain.pages.at(GetParam().level); }
};

TEST_P(FaultingEntry, IsFoundInItsPlaceAndClearedSafely)
{
    const std::vector<Finding> found = with(GetParam().damaged).check(GetParam().code);
    ASSERT_THAT(found, ElementsAre(AllOf(IsAt(page(), kIndex, GetParam().level), IsSafelyCleared())));
    EXPECT_EQ(found[0].observed, GetParam().damaged);
    EXPECT_EQ(found[0].expected.value_or(0), GetParam().expected);
    EXPECT_EQ(found[0].offset, page() * 4096 + kIndex * 8);
}

TEST_P(FaultingEntry, IsOneErrorWhateverIsChecked)
{
    unsigned errors = 0;
    for (const Finding &finding : with(GetParam().damaged).check(CheckOptions{}))
        errors += finding.severity == Severity::error && finding.index == kIndex ? 1U : 0U;
    EXPECT_EQ(errors, 1U);
}

TEST_P(FaultingEntry, HealthyTwinHasNothing) { EXPECT_THAT(with(GetParam().sound).check(GetParam().code), IsEmpty()); }

INSTANTIATE_TEST_SUITE_P(
    ReservedBits, FaultingEntry,
    testing::Values(
        Case{"reserved-bits", "vtd-ss", 1, 0x140006803, 0x800, 0x140006003},
        Case{"reserved-bits", "vtd-ss", 0, 0x4000000201000003, 0x4000000000000000, 0x201000003},
        Case{"reserved-bits", "vtd-ss", 0, 0x201000803, 0x800, 0x201000803 & ~0x800ULL, "snp", "off"},
        Case{"reserved-bits", "x86-64", 0, 0x8000000201000067, 0x8000000000000000, 0x201000067, "nx", "off"},
        Case{"reserved-bits", "amd-v1", 0, 0x6010000201000001, 0x0010000000000000, 0x6000000201000001},
        Case{"reserved-bits", "amd-v1", 1, 0x7000000140006201, 0x1000000000000000, 0x6000000140006201},
        Case{"reserved-bits", "arm-s1", 0, 0x1000201000f47, 0x1000000000000, 0x201000f47},
        Case{"reserved-bits", "arm-s2", 1, 0x8000000140006003, 0x8000000000000000, 0x140006003},
        Case{"reserved-bits", "riscv", 0, 0x00400000804000d7, 0x0040000000000000, 0x804000d7},
        Case{"reserved-bits", "riscv", 0, 0x20000000804000d7, 0x2000000000000000, 0x804000d7, "svpbmt", "off"}));

INSTANTIATE_TEST_SUITE_P(Misaligned, FaultingEntry,
                         testing::Values(Case{"leaf-misaligned", "vtd-ss", 1, 0x201001083, 0x1000, 0x201000083},
                                         Case{"leaf-misaligned", "vtd-ss", 2, 0x220000083, 0x20000000, 0x240000083},
                                         // Bit 12 of a large x86 leaf is PAT.
                                         Case{"leaf-misaligned", "x86-64", 1, 0x2010020e7, 0x2000, 0x2010010e7},
                                         Case{"leaf-misaligned", "amd-v1", 1, 0x6000000201001001, 0x1000,
                                              0x6000000201000001},
                                         // Bit 16 of an Arm block is nT.
                                         Case{"leaf-misaligned", "arm-s1", 1, 0x201020f45, 0x20000, 0x201010f45},
                                         Case{"leaf-misaligned", "riscv", 1, 0x804004d7, 0x400, 0x804000d7},
                                         Case{"leaf-misaligned", "riscv-x4", 1, 0x804404df, 0x40400, 0x804000df}));

INSTANTIATE_TEST_SUITE_P(
    WrongKind, FaultingEntry,
    testing::Values(Case{"leaf-at-table-level", "vtd-ss", 3, 0x140000083, 0, 0x140002003},
                    Case{"leaf-at-table-level", "x86-64", 3, 0x1400000e7, 0, 0x140002027},
                    Case{"leaf-at-table-level", "arm-s1", 3, 0xf45, 0, 0x140002003},
                    Case{"table-at-leaf-level", "amd-v1", 0, 0x6000000140005201, 0, 0x6000000140005001},
                    Case{"table-at-leaf-level", "riscv", 0, 0x50001401, 0, 0x500014d7},
                    Case{"next-level-not-lower", "amd-v1", 1, 0x6000000140006401, 2, 0x6000000140006201},
                    Case{"next-level-not-lower", "amd-v1", 2, 0x6000000140006c01, 6, 0x6000000140006401},
                    // A size code of 64 KiB in a table whose slots span 2 MiB.
                    Case{"leaf-size-invalid", "amd-v1", 1, 0x6000000000007e01, 0, 0x6000000000000001},
                    // No zero among the address bits.
                    Case{"leaf-size-invalid", "amd-v1", 0, 0x600ffffffffffe01, 0, 0x6000000000000001}));

INSTANTIATE_TEST_SUITE_P(ReservedEncoding, FaultingEntry,
                         testing::Values(Case{"reserved-encoding", "riscv", 0, 0x804000d5, 0, 0x804000d7},
                                         Case{"reserved-encoding", "riscv", 0, 0x60000000804000d7, 0,
                                              0x40000000804000d7},
                                         Case{"reserved-encoding", "riscv", 0, 0x80000000804000d7, 0, 0x804000d7},
                                         Case{"reserved-encoding", "riscv", 1, 0x80000000804020d7, 0, 0x804000d7},
                                         Case{"reserved-encoding", "riscv", 1, 0x2000000050001801, 0, 0x50001801},
                                         Case{"reserved-encoding", "arm-s1", 0, 0x201000d47, 0, 0x201000f47},
                                         Case{"reserved-encoding", "arm-s1", 0, 0x201000f45, 0, 0x201000f47},
                                         Case{"reserved-encoding", "arm-s2", 0, 0x2010007d3, 0, 0x2010007ff},
                                         // U belongs into every leaf of the second stage; a first stage may do without.
                                         Case{"user-bit-clear", "riscv-x4", 0, 0x804000cf, 0, 0x804000df}));

TEST(CheckReservedBits, EveryEntryOfARunIsNamed)
{
    EntryTables tables("vtd-ss");
    tables.set("snp", "off").put(4, 7, 0x201000803).put(4, 8, 0x201001803).put(4, 9, 0x201002803);
    EXPECT_THAT(tables.check("reserved-bits"), ElementsAre(IsAt(4U, 7U, 0), IsAt(4U, 8U, 0), IsAt(4U, 9U, 0)));
}

TEST(CheckReservedBits, Bit8OfAnAmdPml4eIsAWarningThatIsNotClearedSafely)
{
    EntryTables tables("x86-64");
    tables.put(1, 3, 0x140006127);
    EXPECT_THAT(tables.check("reserved-bits"), IsEmpty());
    tables.set("vendor", "amd");
    const std::vector<Finding> found = tables.check("reserved-bits");
    ASSERT_THAT(found, ElementsAre(IsAt(1U, 3U, 3)));
    EXPECT_EQ(found[0].severity, Severity::warning);
    EXPECT_EQ(found[0].repair, RepairPolicy::all);
    EXPECT_EQ(found[0].remedy, Remedy::clear_entry);
    EXPECT_EQ(found[0].expected, 0x100U);
}

TEST(CheckReservedBits, FlagsOfALeafInARiscvPointerFault)
{
    EntryTables tables("riscv");
    for (const std::uint64_t flag : {0x10U, 0x40U, 0x80U}) {
        tables.put(3, 1, 0x50001401 | flag);
        const std::vector<Finding> found = tables.check("reserved-bits");
        ASSERT_THAT(found, ElementsAre(IsAt(3U, 1U, 1)));
        EXPECT_EQ(found[0].severity, Severity::error);
        EXPECT_EQ(found[0].expected, flag);
    }
    EXPECT_THAT(tables.put(3, 1, 0x50001401).check("reserved-bits"), IsEmpty());
}

TEST(CheckReservedBits, AddressBitsWithOthersAreReservedBits)
{
    EntryTables tables("vtd-ss");
    tables.params.paw_bits = 39;
    const std::vector<Finding> found = tables.put(4, 0, 0x4000008000000003).check("reserved-bits");
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found[0].expected, 0x4000008000000000U);
}

// --- PT02 ----------------------------------------------------------------------------------------------------

TEST(CheckNotPresentData, IsAWarningInVtdWhereNothingElseSaysPresent)
{
    EntryTables tables("vtd-ss");
    tables.put(4, 3, 0x201000000).put(4, 9, 0x201001800);
    const std::vector<Finding> found = tables.check("not-present-data");
    ASSERT_THAT(found, ElementsAre(AllOf(IsAt(4U, 3U, 0), IsLeftAlone(Severity::warning))));
    EXPECT_EQ(found[0].observed, 0x201000000U);
    EXPECT_EQ(found[0].expected, 2U);
    EXPECT_EQ(found[0].iova, Iova(0x3000));
}

TEST(CheckNotPresentData, IsInformationInFormatsWithAPresentBit)
{
    struct {
        std::string_view format;
        std::uint64_t word;
    } const cases[] = {
        {"x86-64", 0x201000066}, {"amd-v1", 0x6000000201000000}, {"arm-s1", 0x201000f46}, {"riscv", 0x804000d6}};
    for (const auto &one : cases) {
        SCOPED_TRACE(one.format);
        const std::vector<Finding> found = EntryTables(one.format).put(4, 3, one.word).check("not-present-data");
        EXPECT_THAT(found, ElementsAre(AllOf(IsAt(4U, 3U, 0), IsLeftAlone(Severity::info))));
    }
}

TEST(CheckNotPresentData, ComesOncePerTableAlsoBetweenOtherFindings)
{
    EntryTables tables("amd-v1");
    for (std::size_t index = 0; index < 100; ++index)
        tables.put(4, 2 * index, 0x201000000).put(4, 2 * index + 1, 0x6010000201000001);
    tables.put(3, 5, 0x201000000);
    CheckOptions options;
    options.only = {"not-present-data", "reserved-bits"};
    std::vector<Finding> found = tables.check(options);
    std::erase_if(found, [](const Finding &one) { return one.check->code != "not-present-data"; });
    ASSERT_THAT(found, ElementsAre(IsAt(3U, 5U, 1), IsAt(4U, 0U, 0)));
    EXPECT_EQ(found[0].expected, 1U);
    EXPECT_EQ(found[1].expected, 100U);
}

TEST(CheckNotPresentData, EmptyTablesHaveNone)
{
    EXPECT_THAT(EntryTables("vtd-ss").check("not-present-data"), IsEmpty());
}

// --- PT04, PT07 ----------------------------------------------------------------------------------------------

TEST(CheckLeafAtTableLevel, AmdLevel6HasNoLeaves)
{
    EntryTables tables("amd-v1");
    tables.params = default_params(tables.format(), 6);
    const std::vector<Finding> found = tables.put(1, 0, 0x6000000000000001).check("leaf-at-table-level");
    ASSERT_THAT(found, ElementsAre(AllOf(IsAt(1U, 0U, 5), IsSafelyCleared())));
    EXPECT_THAT(tables.put(1, 0, 0x6000000140002a01).check("leaf-at-table-level"), IsEmpty());
}

TEST(CheckLeafAtTableLevel, ArmLevel1Of64KHasBlocksOnlyWith52Bits)
{
    EntryTables tables("arm-s1");
    tables.params = default_params(tables.format(), 3);
    tables.set("granule", "64k");
    tables.root = kTablesAt;
    tables.image.put(0, 1, 0x0000040000000f45);
    tables.params.paw_bits = 48;
    EXPECT_THAT(tables.check("leaf-at-table-level"), ElementsAre(AllOf(IsAt(0U, 1U, 2), IsSafelyCleared())));
    tables.params.paw_bits = 52;
    EXPECT_THAT(tables.check("leaf-at-table-level"), IsEmpty());
}

TEST(CheckLevelSkipped, IsInformationOncePerTable)
{
    EntryTables tables("amd-v1");
    tables.put(1, 4, 0x6000000140004201).put(1, 5, 0x6000000140004401).put(1, 6, 0x6000000140006601);
    const std::vector<Finding> found = tables.check("level-skipped");
    ASSERT_THAT(found, ElementsAre(AllOf(IsAt(1U, 4U, 3), IsLeftAlone(Severity::info))));
    EXPECT_EQ(found[0].expected, 2U);
    EXPECT_EQ(found[0].target, PhysAddr(0x140004000));
    EXPECT_THAT(EntryTables("amd-v1").check("level-skipped"), IsEmpty());
}

// --- PT11 ----------------------------------------------------------------------------------------------------

TEST(CheckReservedEncoding, SaysWhichItIs)
{
    struct {
        std::string_view format;
        std::uint64_t word;
        std::string_view detail;
    } const cases[] = {{"riscv", 0x804000d5, "write without read"},
                       {"riscv", 0x60000000804000d7, "memory type 3"},
                       {"riscv", 0x80000000804000d7, "64-KiB leaf of a wrong size code or level"},
                       {"arm-s1", 0x201000d47, "shareability 1"},
                       {"arm-s1", 0x201000f45, "block in the last table"},
                       {"arm-s2", 0x2010007d3, "memory attributes"}};
    for (const auto &one : cases) {
        const std::vector<Finding> found = EntryTables(one.format).put(4, 1, one.word).check("reserved-encoding");
        EXPECT_THAT(found, ElementsAre(Field(&Finding::detail, one.detail)));
    }
}

// --- PT53 ----------------------------------------------------------------------------------------------------

TEST(CheckFillPattern, AllOnesIsFoundInEveryFormatAndInNoOtherRow)
{
    for (const TableFormat *listed : table_formats()) {
        const std::string_view format = listed->name;
        SCOPED_TRACE(format);
        EntryTables tables(format);
        const std::size_t page = tables.chain.pages.at(0);
        std::vector<Finding> found = tables.put(page, 17, kAllOnes).check(CheckOptions{});
        std::erase_if(found, [](const Finding &one) { return one.severity != Severity::error; });
        ASSERT_THAT(found, ElementsAre(AllOf(IsAt(page, 17U, 0), IsSafelyCleared())));
        EXPECT_EQ(found[0].check->code, "fill-pattern");
        EXPECT_EQ(found[0].detail, "is all ones");
        EXPECT_THAT(EntryTables(format).check("fill-pattern"), IsEmpty());
    }
}

TEST(CheckFillPattern, PoisonedTableIsOneFindingAtTheEntryThatLeadsToIt)
{
    EntryTables tables("vtd-ss");
    tables.fill(4, 0xc3c3c3c3c3c3c3c3).put(3, 8, 0x140004003);
    std::vector<Finding> found = tables.check(CheckOptions{});
    std::erase_if(found, [](const Finding &one) { return one.table != PhysAddr(0x140003000); });
    std::erase_if(found, [](const Finding &one) { return one.check->code != "fill-pattern"; });
    ASSERT_THAT(found,
                ElementsAre(AllOf(IsAt(3U, 0U, 1), IsSafelyCleared()), AllOf(IsAt(3U, 8U, 1), IsSafelyCleared())));
    EXPECT_EQ(found[0].target, PhysAddr(0x140004000));
    EXPECT_EQ(found[0].expected, 0xc3c3c3c3c3c3c3c3U);
    EXPECT_THAT(tables.check("reserved-bits"), IsEmpty());
    EXPECT_THAT(tables.put(4, 511, 0).check("fill-pattern"), IsEmpty());
    EXPECT_THAT(tables.check("reserved-bits"), SizeIs(511));
}

TEST(CheckFillPattern, TableOfOneWordThatIsNotPresentIsFoundToo)
{
    EntryTables tables("x86-64");
    tables.fill(4, 0x5a5a5a5a5a5a5a5a);
    EXPECT_THAT(tables.check("fill-pattern"), ElementsAre(AllOf(IsAt(3U, 0U, 1), IsSafelyCleared())));
    EXPECT_THAT(tables.check("not-present-data"), IsEmpty());
}

TEST(CheckFillPattern, TableThatTranslatesEverythingToOnePlaceIsLeftAlone)
{
    EntryTables tables("x86-64");
    const std::vector<Finding> found = tables.fill(4, 0x201000067).check("fill-pattern");
    ASSERT_THAT(found, ElementsAre(AllOf(IsAt(3U, 0U, 1), IsLeftAlone(Severity::warning))));
    EXPECT_EQ(found[0].expected, 0x201000067U);
}

TEST(CheckFillPattern, NothingLeadsToARootThatCouldBeCleared)
{
    EntryTables tables("vtd-ss");
    const std::vector<Finding> found = tables.fill(1, 0xc3c3c3c3c3c3c3c3).check("fill-pattern");
    ASSERT_THAT(found, ElementsAre(AllOf(IsAt(1U, 0U, 3), IsLeftAlone(Severity::error))));
    EXPECT_EQ(found[0].detail, "begins a root table whose words are all alike");
}

TEST(CheckFillPattern, TextOverEntriesIsTold)
{
    EntryTables tables("amd-v1");
    for (std::size_t index = 8; index < 16; ++index)
        tables.put(4, index, 0x6f6c20796b736968);  // "hisky lo"
    tables.put(4, 7, 0x6f6c20796b736968 | 1).put(4, 9, 0x6f6c20796b736969);
    const std::vector<Finding> found = tables.check("fill-pattern");
    ASSERT_THAT(found, ElementsAre(AllOf(IsAt(4U, 9U, 0), IsSafelyCleared())));
    EXPECT_EQ(found[0].detail, "is text");
    EXPECT_THAT(tables.check("table-at-leaf-level"), ElementsAre(IsAt(4U, 7U, 0)));
}

// --- all together --------------------------------------------------------------------------------------------

const std::set<std::string_view> kFaultCodes{
    "reserved-bits",     "leaf-misaligned",   "leaf-at-table-level", "table-at-leaf-level", "next-level-not-lower",
    "leaf-size-invalid", "reserved-encoding", "fill-pattern",        "user-bit-clear",      "address-beyond-width"};

/// How many errors of these codes each entry of a page has.
std::vector<unsigned> errors_by_entry(const EntryTables &tables, std::size_t page)
{
    CheckOptions options;
    options.only = kFaultCodes;
    std::vector<unsigned> errors(512);
    for (const Finding &finding : tables.check(options)) {
        if (finding.severity == Severity::error && finding.table == PhysAddr(tables.image.address(page)))
            ++errors.at(finding.index.value());
    }
    return errors;
}

class AnyWords : public testing::TestWithParam<const TableFormat *>
{
};

TEST_P(AnyWords, EveryEntryAtWhichHardwareFaultsIsExactlyOneError)
{
    const TableChain &chain = tested_table(GetParam()->name).chain;
    const unsigned rounds = kSanitized ? 4 : 40;
    Dice dice(53);
    for (unsigned round = 0; round < rounds; ++round) {
        const auto level = static_cast<unsigned>(dice.below(chain.levels));
        const std::size_t page = chain.pages.at(level);
        EntryTables tables(GetParam()->name);
        tables.params.paw_bits = 46;
        for (std::size_t index = 1; index < 512; ++index) {
            const std::uint64_t sparse = dice.one_in(2) ? dice.word() & dice.word() & dice.word() : dice.word();
            tables.put(page, index, sparse | (dice.one_in(4) ? 0 : 1));
        }
        const std::vector<unsigned> errors = errors_by_entry(tables, page);
        for (std::size_t index = 1; index < 512; ++index) {
            const std::uint64_t word = tables.image.get(page, index);
            const bool faults = tables.format().decode(word, level, tables.params).faults();
            ASSERT_EQ(errors[index], faults ? 1U : 0U) << "level " << level << std::hex << " word 0x" << word;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, AnyWords, testing::ValuesIn(table_formats().begin(), table_formats().end()),
                         test_name<TableFormat>);

}  // namespace
}  // namespace pgregion::test
