// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of what entries allow, and of flags: iommu-formats.md section 9, PT22 to PT25, PT43, PT44, PT48 to PT52.
#include "check_entries.h"
#include "cli/directory_images.h"
#include "formats/arm.h"
#include "formats/riscv.h"

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

/// An odd word, the code that it raises, and a sound one for the same place.
struct Case {
    std::string_view code;
    std::string_view format;
    unsigned level;
    std::uint64_t odd;
    Severity severity;
    std::uint64_t sound;
};

void PrintTo(const Case &one, std::ostream *out)
{
    *out << one.code << ", " << one.format << " level " << one.level << std::hex << " 0x" << one.odd;
}

class OddEntry : public testing::TestWithParam<Case>
{
};

TEST_P(OddEntry, IsSaidOncePerTableAndLeftAlone)
{
    const Case &one = GetParam();
    EntryTables tables(one.format);
    const std::size_t page = tables.chain.pages.at(one.level);
    tables.put(page, 8, one.odd).put(page, 10, one.odd);
    EXPECT_THAT(tables.check(one.code), ElementsAre(AllOf(IsAt(page, 8U, one.level), IsLeftAlone(one.severity))));
}

TEST_P(OddEntry, HealthyTwinHasNothing)
{
    const Case &one = GetParam();
    EntryTables tables(one.format);
    EXPECT_THAT(tables.put(tables.chain.pages.at(one.level), 8, one.sound).check(one.code), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Access, OddEntry,
    testing::Values(Case{"leaf-without-access", "amd-v1", 0, 0x1000000201000001, Severity::warning, 0x3000000201000001},
                    Case{"supervisor-only", "arm-s1", 0, 0x201000f07, Severity::info, 0x201000f47},
                    Case{"leaf-without-access", "arm-s2", 0, 0x20100073f, Severity::warning, 0x20100077f},
                    Case{"leaf-without-access", "riscv", 0, 0x80400059, Severity::warning, 0x80400053},
                    Case{"supervisor-only", "x86-64", 0, 0x201000063, Severity::warning, 0x201000067},
                    Case{"supervisor-only", "x86-64", 1, 0x140005023, Severity::warning, 0x140005027},
                    Case{"supervisor-only", "riscv", 0, 0x804000c7, Severity::warning, 0x804000d7},
                    Case{"dirty-not-writable", "x86-64", 0, 0x201000027, Severity::info, 0x201000067},
                    Case{"dirty-not-writable", "riscv", 0, 0x80400057, Severity::info, 0x804000d7},
                    Case{"dirty-not-writable", "riscv", 0, 0x804000d3, Severity::info, 0x80400053}));

INSTANTIATE_TEST_SUITE_P(
    IgnoredBits, OddEntry,
    testing::Values(Case{"ignored-bits-set", "vtd-ss", 0, 0x2000000201000003, Severity::info, 0x201000003},
                    Case{"ignored-bits-set", "vtd-ss", 0, 0x0010000201000003, Severity::info, 0x201000303},
                    // Bit 10 of VT-d tables, bit 9 of x86 tables and bit 55 of Arm tables are what Linux sets.
                    Case{"ignored-bits-set", "vtd-ss", 1, 0x140005203, Severity::info, 0x140005403},
                    Case{"ignored-bits-set", "x86-64", 1, 0x140005827, Severity::info, 0x140005227},
                    Case{"ignored-bits-set", "x86-64", 0, 0x0010000201000067, Severity::info, 0x201000067},
                    Case{"ignored-bits-set", "amd-v1", 0, 0xe000000201000001, Severity::info, 0x6000000201000061},
                    Case{"ignored-bits-set", "amd-v1", 1, 0x6000000140005211, Severity::info, 0x6000000140005221},
                    Case{"ignored-bits-set", "arm-s1", 1, 0x0100000140005003, Severity::info, 0x0080000140005003},
                    Case{"ignored-bits-set", "riscv", 0, 0x804001d7, Severity::info, 0x804000d7},
                    Case{"ignored-bits-set", "riscv", 1, 0x50001501, Severity::info, 0x50001401}));

// --- PT22, PT44 ------------------------------------------------------------------------------------------------

TEST(CheckLeafWithoutAccess, CountsTheLeaves)
{
    EntryTables tables("amd-v1");
    for (std::uint64_t index = 0; index < 7; ++index)
        tables.put(4, 100 + index, 0x0000000201000001 + (index << 12));
    const std::vector<Finding> found = tables.put(4, 200, 0x1000000201000001).check("leaf-without-access");
    ASSERT_THAT(found, ElementsAre(IsAt(4U, 100U, 0)));
    EXPECT_EQ(found[0].expected, 8U);
}

TEST(CheckIgnoredBits, GathersTheBitsOfTheTable)
{
    EntryTables tables("vtd-ss");
    tables.put(4, 1, 0x2000000201000003).put(4, 2, 0x201005083);
    const std::vector<Finding> found = tables.check("ignored-bits-set");
    ASSERT_THAT(found, ElementsAre(IsAt(4U, 1U, 0)));
    EXPECT_EQ(found[0].observed, 0x2000000201000003U);
    EXPECT_EQ(found[0].expected, 0x2000000000000080U);
}

// --- PT23 ------------------------------------------------------------------------------------------------------

TEST(CheckTableNarrowsAccess, NamesThePointerThatTakesAwayWhatIsAllowedBelow)
{
    EntryTables tables("vtd-ss");
    tables.put(2, 0, 0x140003001).put(4, 3, 0x201000003);
    const std::vector<Finding> found = tables.check("table-narrows-access");
    ASSERT_THAT(found, ElementsAre(AllOf(IsAt(2U, 0U, 2), IsLeftAlone(Severity::warning))));
    EXPECT_EQ(found[0].observed, 0x140003001U);
    EXPECT_EQ(found[0].target, PhysAddr(0x140003000));
    EXPECT_EQ(found[0].detail, "writing");
}

TEST(CheckTableNarrowsAccess, IsSilentWhereNothingBelowWantsMore)
{
    EntryTables tables("vtd-ss");
    tables.put(3, 0, 0x140004001).put(4, 3, 0x201000001);
    EXPECT_THAT(tables.check("table-narrows-access"), IsEmpty());
    EXPECT_THAT(tables.put(4, 4, 0x201000003).check("table-narrows-access"), ElementsAre(IsAt(3U, 0U, 1)));
}

TEST(CheckTableNarrowsAccess, AmdPointerThatForbidsBoth)
{
    EntryTables tables("amd-v1");
    tables.put(3, 0, 0x0000000140004201).put(4, 3, 0x6000000201000001);
    const std::vector<Finding> found = tables.check("table-narrows-access");
    EXPECT_THAT(found, testing::UnorderedElementsAre(AllOf(IsAt(3U, 0U, 1), Field(&Finding::detail, "reading")),
                                                     AllOf(IsAt(3U, 0U, 1), Field(&Finding::detail, "writing"))));
}

TEST(CheckTableNarrowsAccess, X86AndArmTablesOfTheReadOnlyKind)
{
    EntryTables x86("x86-64");
    EXPECT_THAT(x86.put(3, 0, 0x140004025).put(4, 3, 0x201000067).check("table-narrows-access"),
                ElementsAre(IsAt(3U, 0U, 1)));
    EntryTables arm("arm-s1");  // APTable 2
    EXPECT_THAT(arm.put(3, 0, 0x4000000140004003).put(4, 3, 0x201000f47).check("table-narrows-access"),
                ElementsAre(IsAt(3U, 0U, 1)));
}

// --- PT24, PT43 ------------------------------------------------------------------------------------------------

TEST(CheckLeafWriteOnly, IsSaidOncePerDomain)
{
    struct {
        std::string_view format;
        std::uint64_t write_only;
        std::uint64_t both;
        std::uint64_t read_only;
    } const cases[] = {{"vtd-ss", 0x201000002, 0x201001003, 0x201002001},
                       {"amd-v1", 0x4000000201000001, 0x6000000201001001, 0x2000000201002001},
                       {"arm-s2", 0x2010007bf, 0x2010017ff, 0x20100277f}};
    for (const auto &one : cases) {
        SCOPED_TRACE(one.format);
        EntryTables tables(one.format);
        tables.put(4, 3, one.both).put(4, 5, one.read_only);
        EXPECT_THAT(tables.check("leaf-write-only"), IsEmpty());
        const std::vector<Finding> found =
            tables.put(4, 7, one.write_only).put(4, 8, one.write_only).check("leaf-write-only");
        ASSERT_THAT(found, ElementsAre(IsLeftAlone(Severity::info)));
        EXPECT_EQ(found[0].table, PhysAddr(0x140001000));
        EXPECT_EQ(found[0].index, std::nullopt);
    }
}

TEST(CheckLeafWriteOnly, TablesWithoutLeavesHaveNone)
{
    EXPECT_THAT(EntryTables("vtd-ss").check("leaf-write-only"), IsEmpty());
    EXPECT_THAT(EntryTables("vtd-ss").check("memory-type-mixed"), IsEmpty());
}

TEST(CheckMemoryTypeMixed, SnoopAndForceCoherentBelongIntoAllLeavesOrNone)
{
    struct {
        std::string_view format;
        std::uint64_t with;
        std::uint64_t without;
    } const cases[] = {{"vtd-ss", 0x201000803, 0x201005003}, {"amd-v1", 0x7000000201000001, 0x6000000201005001}};
    for (const auto &one : cases) {
        SCOPED_TRACE(one.format);
        EntryTables tables(one.format);
        EXPECT_THAT(tables.put(4, 3, one.with).check("memory-type-mixed"), IsEmpty());
        EXPECT_THAT(tables.put(4, 9, one.without).check("memory-type-mixed"),
                    ElementsAre(IsLeftAlone(Severity::warning)));
        EXPECT_THAT(tables.put(4, 3, 0).check("memory-type-mixed"), IsEmpty());
    }
}

// --- PT25, PT48 ------------------------------------------------------------------------------------------------

TEST(CheckDirty, IsAWarningWhereWritesFault)
{
    EntryTables tables("riscv");
    tables.params.value[formats::RiscvEntries::kNoFlagUpdate] = 1;
    const std::vector<Finding> found = tables.put(4, 3, 0x80400057).check("dirty-not-writable");
    ASSERT_THAT(found, ElementsAre(IsLeftAlone(Severity::warning)));
    EXPECT_EQ(found[0].detail, "can be written and is not dirty, so writes fault");
}

TEST(CheckDirty, FlagsThatVtdAndAmdMayIgnoreSayNothing)
{
    EXPECT_THAT(EntryTables("vtd-ss").put(4, 3, 0x0010000201000201).check("dirty-not-writable"), IsEmpty());
    EXPECT_THAT(EntryTables("amd-v1").put(4, 3, 0x2800000201000041).check("dirty-not-writable"), IsEmpty());
}

TEST(CheckAccessedFlag, MattersOnlyWhereHardwareDoesNotSetIt)
{
    EntryTables riscv("riscv");
    riscv.put(4, 3, 0x80400097).put(4, 4, 0x80400097);
    EXPECT_THAT(riscv.check("accessed-flag-clear"), IsEmpty());
    riscv.params.value[formats::RiscvEntries::kNoFlagUpdate] = 1;
    const std::vector<Finding> found = riscv.check("accessed-flag-clear");
    ASSERT_THAT(found, ElementsAre(AllOf(IsAt(4U, 3U, 0), IsLeftAlone(Severity::warning))));
    EXPECT_EQ(found[0].expected, 2U);

    EntryTables arm("arm-s1");
    arm.put(4, 3, 0x201000b47);
    EXPECT_THAT(arm.check("accessed-flag-clear"), IsEmpty());
    arm.params.value[formats::ArmStage1::kAccessFlagFaults] = 1;
    EXPECT_THAT(arm.check("accessed-flag-clear"), ElementsAre(IsAt(4U, 3U, 0)));
    EXPECT_THAT(arm.put(4, 3, 0x201000f47).check("accessed-flag-clear"), IsEmpty());
}

// --- PT51, PT52 ------------------------------------------------------------------------------------------------

std::vector<Finding> check_scalable(const TableImage &image)
{
    const PiecewiseMemory memory = image.memory();
    const DirectoryFormat *format = find_directory_format("vtd-root");
    DirectoryRequest unit{format, default_params(*format), PhysAddr(0x1001000)};
    set_parameter(unit.params, format->parameters, "mode", "scalable");
    CheckSubject subject;
    subject.memory = &memory;
    subject.units = {unit};
    CheckOptions options;
    options.only = {"nested-parent-read-only"};
    return run_checks(subject, options).findings;
}

TEST(CheckNestedParent, ReadOnlyLeafOfTheOuterStageIsAWarning)
{
    TableImage image = vtd_scalable_region();
    const std::vector<Finding> found = check_scalable(image);
    ASSERT_THAT(found, ElementsAre(IsLeftAlone(Severity::warning)));
    EXPECT_EQ(found[0].table, PhysAddr(0x1005000));
    EXPECT_EQ(found[0].device, 0x10U);
    image.put(9, 0x101, 0x50001003);
    EXPECT_THAT(check_scalable(image), IsEmpty());
}

TEST(CheckNestedParent, ReadOnlyLeafOfAnOrdinaryDomainIsNothing)
{
    EXPECT_THAT(EntryTables("vtd-ss").put(4, 3, 0x201000001).check("nested-parent-read-only"), IsEmpty());
    TableImage image = vtd_scalable_region();
    EXPECT_THAT(check_scalable(image.put(4, 16, 0).put(4, 17, 0)), IsEmpty());
}

TEST(CheckLeaf512G, AmdLeafOfLevel4IsAWarning)
{
    EntryTables tables("amd-v1");
    tables.put(1, 2, 0x6000010000000001).put(2, 3, 0x6000000240000001);
    const std::vector<Finding> found = tables.check("leaf-512g");
    ASSERT_THAT(found, ElementsAre(AllOf(IsAt(1U, 2U, 3), IsLeftAlone(Severity::warning))));
    EXPECT_EQ(found[0].target, PhysAddr(0x10000000000));
    EXPECT_EQ(found[0].size_bytes, std::uint64_t{1} << 39);
    EXPECT_THAT(tables.put(1, 2, 0).check("leaf-512g"), IsEmpty());
}

}  // namespace
}  // namespace pgregion::test
