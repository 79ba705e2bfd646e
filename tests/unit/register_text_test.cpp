// SPDX-License-Identifier: GPL-2.0-or-later
//
// The lines of --registers FILE: every row of the table of grammars, every width, and what is passed over.
#include "cli/opening/register_lines.h"
#include "cli/opening/register_text.h"

#include <pgregion/error.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::cli
{

namespace
{

using testing::HasSubstr;
using Words = std::vector<std::string>;

constexpr std::uint64_t kRtaddr = 0x2a67400;

/// The eight bytes at `offset` of the only bank.
std::optional<std::uint64_t> word(std::string_view text, std::uint64_t offset = 0x20)
{
    const RegisterText read = read_register_text(text);
    return read.banks.size() == 1 ? read.banks.front().value(offset, 8) : std::nullopt;
}

/// "name=value" of each register that is called by its name.
Words named(std::string_view text)
{
    Words all;
    for (const NamedRegister &one : read_register_text(text).named)
        all.push_back(std::string(one.place.spec().name) + "=" + one.value);
    return all;
}

/// The name of the row that takes `line`, after the lines of `before`.
std::string row_of(const std::string &line, const std::string &before = "")
{
    const RegisterText read = read_register_text(before + line);
    const std::vector<std::size_t> other = read_register_text(before).taken;
    for (std::size_t i = 0; i < other.size(); ++i) {
        if (read.taken[i] > other[i])
            return std::string(line_grammars()[i].name);
    }
    return "";
}

// ---- the table ---------------------------------------------------------------------------------------------

TEST(RegisterText, EveryRowTakesItsExampleAndNoEarlierRowDoes)
{
    const std::string tables = "IOMMU dmar0: Root Table Address: 0x2a67000\n";
    ASSERT_EQ(line_grammars().size(), 10U);
    for (const LineGrammar &grammar : line_grammars())
        EXPECT_EQ(row_of(std::string(grammar.example), tables), grammar.name) << grammar.example;
}

TEST(RegisterText, RowsOfDumpedTablesCountBelowTheirRootAlone)
{
    for (const LineGrammar &grammar : line_grammars()) {
        const bool needs_root = grammar.name.find("device") != std::string_view::npos ||
                                grammar.name.find("before 5.3") != std::string_view::npos;
        EXPECT_EQ(row_of(std::string(grammar.example)), needs_root ? "" : grammar.name);
    }
}

// ---- debugfs -----------------------------------------------------------------------------------------------

TEST(RegisterText, IommuRegsetIsABankForEachIommu)
{
    const RegisterText read = read_register_text("IOMMU: dmar0 Register Base Address: fed90000\n"
                                                 "Name\t\t\tOffset\t\tContents\n"
                                                 "VER             \t0x00\t\t0x0000000000000010\n"
                                                 "RTADDR          \t0x20\t\t0x0000000002a67400\n"
                                                 "GSTS            \t0x1c\t\t0x00000000c7000000\n\n"
                                                 "IOMMU: dmar1 Register Base Address: 0xfed91000\n"
                                                 "RTADDR          \t0x20\t\t0x00000000028cf400\n");
    ASSERT_EQ(read.banks.size(), 2U);
    EXPECT_EQ(read.banks[0].base(), 0xfed90000U);
    EXPECT_EQ(read.banks[0].value(0x20, 8), 0x2a67400U);
    EXPECT_EQ(read.banks[0].value(0x00, 4), 0x10U);
    EXPECT_EQ(read.banks[1].base(), 0xfed91000U);
    EXPECT_EQ(read.banks[1].value(0x20, 8), 0x28cf400U);
    EXPECT_EQ(read.lines, 7U);
    EXPECT_EQ(read.passed_over, 1U);
    EXPECT_EQ(read.first_passed_over->line, 2U);
}

TEST(RegisterText, ValuesOfEightDigitsAtAnOffsetAreRegistersOf32Bits)
{
    const std::string text = "STRTAB_BASE 0x80 0x4000000001001000\nSTRTAB_BASE_CFG 0x88 0x00000006\nX 0x8c 0x7\n";
    EXPECT_EQ(word(text, 0x80), 0x4000000001001000U);
    EXPECT_EQ(word(text, 0x88), 0x700000006U);
    // The name says how wide it is where the digits do not.
    EXPECT_EQ(word("RTADDR 0x20 0x2a67400"), kRtaddr);
    EXPECT_EQ(word("GCMD 0x20 0x2a67400"), std::nullopt);
    EXPECT_EQ(word("RTADDR 0x20 0x2a67400 0x1"), std::nullopt);
    EXPECT_TRUE(read_register_text("X 0x1000 0x0000000002a67400").banks.empty());
}

TEST(RegisterText, DumpedTablesTellTheRootAndItsMode)
{
    const std::string columns = "B.D.F\tRoot_entry\t\t\t\tContext_entry\t\t\t\tPASID\tPASID_table_entry\n";
    const std::string entries = "0x0000000000000000:0x0000000002a68001\t0x0000000000000102:0x0000000002a69005\t";
    EXPECT_EQ(named("IOMMU dmar1: Root Table Address: 0x103027000\n" + columns + "00:02.0\t" + entries +
                    "-1    \t0x0000000000000000:0x0000000000000000:0x0000000000000000\n\n"
                    "IOMMU dmar0: Root Table Address: 0x103028000\n" +
                    columns + "00:0a.0\t" + entries + "0     \t0x0000000000000000:0x0000000000000001:0x0\n"),
              (Words{"rtaddr=0x103027000", "rtaddr=0x103028400"}));
    EXPECT_EQ(
        named("IOMMU dmar2: Root Table Address:4362cc000\nRoot Table Entries:\n  Bus: 0 H: 0 L: 4362f0001\n"
              "  Context Table Entries for Bus: 0\n   Entry\tB:D.F\tHigh\tLow\n   160   00:14.0\t102     4362ef001\n"),
        (Words{"rtaddr=0x4362cc000"}));
}

TEST(RegisterText, DumpedTablesWithoutDevicesDoNotTellTheirMode)
{
    const RegisterText read = read_register_text("IOMMU dmar0: Root Table Address: 0x103027000\n"
                                                 "B.D.F\tRoot_entry\n\n"
                                                 "DMA Remapping is not enabled on dmar1\n"
                                                 "IOMMU dmar2: Root Table Address: 0x103029000\n");
    EXPECT_TRUE(read.named.empty());
    EXPECT_EQ(read.root_without_mode, 0x103027000U);
}

TEST(RegisterText, AmdMmioIsAUnitForEachFileOrRepeatedOffset)
{
    RegisterText read = read_register_text("Offset:0x0 Value:0x0000000001638007\nOffset:0x18 Value:0x000c00000003148f\n"
                                           "Offset:0x0 Value:0x0000000001738007\n");
    ASSERT_EQ(read.banks.size(), 2U);
    EXPECT_EQ(read.banks[0].value(0, 8), 0x1638007U);
    EXPECT_EQ(read.banks[1].value(0, 8), 0x1738007U);
    read = read_register_text("iommu00/mmio:Offset:0x0 Value:0x0000000001638007\n"
                              "iommu01/mmio:Offset:0x0 Value:0x0000000001738007\n"
                              "iommu00/mmio:Offset:0x30 Value:0x00000000000029d7\n");
    ASSERT_EQ(read.banks.size(), 2U);
    EXPECT_EQ(read.banks[0].value(0x30, 8), 0x29d7U);
    // The capability header in PCI configuration space is no device table.
    EXPECT_TRUE(read_register_text("Offset:0x0 Value:0x190b640f\nOffset:0x4 Value:0xfed80001\n").banks.empty());
}

// ---- memory ------------------------------------------------------------------------------------------------

TEST(RegisterText, MonitorWordsOfEveryWidthAreOneRegister)
{
    for (const char *text :
         {"00000000fed90020: 0x0000000002a67400", "fed90020: 0x02a67400 0x00000000",
          "fed90020: 0x02a67400\nfed90024: 0x00000000", "fed90020: 0x7400 0x02a6 0x0000 0x0000",
          "fed90020: 0x00 0x74 0xa6 0x02 0x00 0x00 0x00 0x00",
          "fed90020: 0x00 0x74\nfed90022: 0xa6 0x02 0x00 0x00 0x00 0x00",
          "fed9001e: 0xff 0xff 0x00 0x74 0xa6 0x02 0x00 0x00 0x00 0x00 0xff", "0xfed90020:\t0x0000000002a67400",
          "0xfed90020:\t0x02a67400\t0x00000000", "0xfed90020 <regs+32>:\t0x0000000002a67400",
          "0xfed90020 <a::b(int)>:\t0x0000000002a67400", "FED90020: 0X0000000002A67400",
          "(qemu) 00000000fed90020: 0x0000000002a67400", "(gdb) (gdb) 0xfed90020:\t0x0000000002a67400",
          "  fed90020:   0x0000000002a67400   ", "fed90020: 0x0000000002a67400 # RTADDR"})
        EXPECT_EQ(word(text), kRtaddr) << text;
}

TEST(RegisterText, ManyWordsOnALineAndLinesInAnyOrder)
{
    const std::string text = "fed90030: 0x4 0x5\nfed90020: 0x0000000000000001 0x0000000000000002\n"
                             "fed90010: 0x0000000000000003 0x0000000000000004\n";
    EXPECT_EQ(word(text, 0x20), 1U);
    EXPECT_EQ(word(text, 0x28), 2U);
    EXPECT_EQ(word(text, 0x18), 4U);
    EXPECT_EQ(word(text, 0x30), std::nullopt);
}

TEST(RegisterText, AValueOnTheEdgeOfAPageGoesOnInTheNext)
{
    const RegisterText read = read_register_text("fed90ffc: 0x11223344 0x55667788");
    ASSERT_EQ(read.banks.size(), 2U);
    EXPECT_EQ(read.banks[0].value(0xffc, 4), 0x11223344U);
    EXPECT_EQ(read.banks[1].base(), 0xfed91000U);
    EXPECT_EQ(read.banks[1].value(0, 4), 0x55667788U);
}

TEST(RegisterText, ANumberWithoutAWidthIsTheWholeRegister)
{
    EXPECT_EQ(word("fed90020: 0x2a67400"), kRtaddr);
    EXPECT_EQ(word("0xfed90020 0x2a67400"), kRtaddr);
    EXPECT_EQ(word("0xfed90020 0x0000000002a67400"), kRtaddr);
    EXPECT_EQ(word("fed90020: 0x4000000002a67"), 0x4000000002a67U);
    // Bytes that another line gives stand.
    EXPECT_EQ(word("fed90088: 0x6\nfed9008c: 0x00000001", 0x88), 0x100000006U);
    EXPECT_EQ(word("fed9008c: 0x00000001\nfed90088: 0x6", 0x88), 0x100000006U);
}

TEST(RegisterText, WordsShorterThanTheRegisterAreNotFilledUp)
{
    for (const char *text :
         {"fed90020: 0x02a67400", "fed90020: 0x1000", "fed90020: 0x10", "fed90020: 0x00 0x10 0x00"}) {
        EXPECT_EQ(word(text), std::nullopt) << text;
        EXPECT_NE(read_register_text(text).banks.front().known(0x20, 8), 0U) << text;
    }
}

TEST(RegisterText, CrashShowsWordsWithout0xAndTheirCharacters)
{
    for (const char *text :
         {"        fed90020:  0000000002a67400 0000000000000000   .t..............",
          "fed90020:  02a67400 00000000                     .t......",
          "fed90020:  7400 02a6 0000 0000                        .t......",
          "fed90020:  00 74 a6 02 00 00 00 00                           .t......",
          "fed90020:  0000000002a67400                    ab cd 01", "crash> fed90020:  0000000002a67400",
          "fed90020: 0000000002a67400", "fed90020: 02a67400 00000000    .t......", "fed90020: 02a67400 00000000"})
        EXPECT_EQ(word(text), kRtaddr) << text;
}

TEST(RegisterText, DumpsWhoseOrderOrBaseCannotBeToldAreNotRead)
{
    for (const char *text :
         {"00000020: 0074 a602 0000 0000 0000 0000 0000 0000  .t..............",  // xxd
          "00000020: 0074a602 00000000 00000000 00000000  .t..............",      // xxd -g 4
          "20: 00 74 a6 02 00 00 00 00 00 00 00 00 00 00 00 00",                  // lspci -x
          "fed90020:        44463104                44463104",                    // crash rd -d
          "fed90020: 44463104123", "fed90020: 0x02a67400 0x0000000000000000", "fed90020: 0x1 0x2",
          "fed90020:", "fed90020: ", ": 0x0000000002a67400", "0x: 0x0000000002a67400", "x: 0x0000000002a67400",
          "fed90020: 0x", "fed90020: 0x00000000000000000", "fffffffffffffff8: 0x0000000002a67400 0x0000000000000000",
          "10000000000000000: 0x0000000002a67400", "0xfed90020 <regs: 0x0000000002a67400"}) {
        const RegisterText read = read_register_text(text);
        EXPECT_TRUE(read.banks.empty()) << text;
        EXPECT_EQ(read.passed_over, 1U) << text;
    }
}

// ---- names -------------------------------------------------------------------------------------------------

TEST(RegisterText, NamesInEitherCaseWithAnySign)
{
    for (const char *text : {"rtaddr = 0x2a67400", "RTADDR: 0x2a67400", "rtaddr=0x2a67400", "Rtaddr 0x2a67400",
                             "DMAR_RTADDR_REG = 0x2a67400", "iommu->rtaddr = (u64)0x2a67400", "u64 rtaddr = 0x2a67400",
                             "rtaddr = 0x2a67400 # dmar0: here", "rtaddr 0x2a67400 # dmar0: here",
                             ">>> rtaddr = 0x2a67400", "rtaddr: 0x2a67400 (44463104)"})
        EXPECT_EQ(named(text), Words{"rtaddr=0x2a67400"}) << text;
    EXPECT_EQ(named("smmu.STRTAB_BASE = 0x4000000001001000\nARM_SMMU_STRTAB_BASE_CFG: 0x6\n"),
              (Words{"strtab-base=0x4000000001001000", "strtab-base-cfg=0x6"}));
    EXPECT_EQ(named("riscv_iommu_reg_ddtp 0x400402"), Words{"ddtp=0x400402"});
}

TEST(RegisterText, NumbersOfNamedRegistersAreDecimalOrPaddedHexadecimal)
{
    EXPECT_EQ(named("rtaddr = (u64)44463104"), Words{"rtaddr=44463104"});
    EXPECT_EQ(named("rtaddr = 0000000002a67400"), Words{"rtaddr=0x0000000002a67400"});
    EXPECT_EQ(named("rtaddr = 02a67400"), Words{"rtaddr=0x02a67400"});
    EXPECT_EQ(named("rtaddr = 2a67400"), Words{"rtaddr=2a67400"});
    EXPECT_EQ(named("rtaddr = 44463104"), Words{"rtaddr=44463104"});
}

TEST(RegisterText, WhatNamesNoRegisterOfARootIsPassedOver)
{
    for (const char *text : {"cap: 0xd2008c222f0686", "rtaddr", "rtaddr =", "rtaddr = ?", "rtaddr = 0x1 0x2", "= 0x1",
                             "xrtaddr = 0x1", "rtaddr = (0x1", "0x2a67400", "$1 = 0x2a67400", "Name Offset Contents"}) {
        const RegisterText read = read_register_text(text);
        EXPECT_TRUE(read.named.empty()) << text;
        EXPECT_EQ(read.passed_over, 1U) << text;
    }
}

// ---- files -------------------------------------------------------------------------------------------------

TEST(RegisterText, LineEndsMarksAndEncodingsOfAnySystem)
{
    const std::string line = "fed90020: 0x0000000002a67400";
    std::string little = "\xff\xfe";
    std::string big = "\xfe\xff";
    for (const char c : line + "\r\n") {
        little += {c, '\0'};
        big += {'\0', c};
    }
    for (const std::string &text : {line + "\r\n", line + "\r", line + "\n\n", "\xef\xbb\xbf" + line, little, big,
                                    little.substr(2), "\r\n\r\n" + line, line})
        EXPECT_EQ(word(text), kRtaddr) << testing::PrintToString(text);
    EXPECT_EQ(read_register_text("a\r\nb\r\n").lines, 2U);
    EXPECT_EQ(read_register_text("a\r\n\r\nb").first_passed_over->line, 1U);
    EXPECT_EQ(read_register_text("\n\r\n\rb").first_passed_over->line, 4U);
}

TEST(RegisterText, NothingIsNothing)
{
    for (const char *text : {"", "\n", " \t\r\n", "\xff\xfe", "\xef\xbb\xbf", "(qemu) ", "(qemu) \n"}) {
        const RegisterText read = read_register_text(text);
        EXPECT_TRUE(read.banks.empty() && read.named.empty());
        EXPECT_EQ(read.lines, 0U) << testing::PrintToString(text);
        EXPECT_EQ(read.first_passed_over, std::nullopt);
    }
}

TEST(RegisterText, LinesThatArePassedOverAreCountedAndTheFirstIsKept)
{
    const RegisterText read = read_register_text("\n\x1b[31mnoise " + std::string(100, 'x') + "\nmore\n");
    EXPECT_EQ(read.lines, 2U);
    EXPECT_EQ(read.passed_over, 2U);
    EXPECT_EQ(read.first_passed_over->line, 2U);
    EXPECT_EQ(read.first_passed_over->text, "\x1b[31mnoise " + std::string(49, 'x'));
}

std::string refusal(const std::string &text)
{
    try {
        (void)read_register_text(text);
    } catch (const Error &error) {
        EXPECT_EQ(error.failure(), Failure::operational);
        EXPECT_EQ(error.code(), "file-too-large");
        return error.what();
    }
    return "";
}

TEST(RegisterText, LinesAndIommusAreBounded)
{
    EXPECT_EQ(refusal(std::string(65536, '\n')), "");
    EXPECT_THAT(refusal(std::string(65537, '\n')), HasSubstr("more than 65536 lines"));
    std::string many;
    for (int i = 0; i < 1024; ++i)
        many += "rtaddr=4096\n";
    EXPECT_EQ(refusal(many), "");
    EXPECT_THAT(refusal(many + "rtaddr=4096\n"), HasSubstr("more than 1024 IOMMUs"));
    // One line as long as a file may be.
    std::string bytes = "1000: ";
    while (bytes.size() < (1 << 20))
        bytes += "0x00 ";
    EXPECT_EQ(read_register_text(bytes).banks.size(), 52U);
}

// ---- values ------------------------------------------------------------------------------------------------

std::string value_refusal(std::string_view name, std::string_view text, const char *code = "bad-register")
{
    try {
        (void)register_value(require_register(name), text);
    } catch (const Error &error) {
        EXPECT_EQ(error.failure(), Failure::usage);
        EXPECT_EQ(error.code(), code);
        return error.what() + std::string(" | ") + error.hint();
    }
    return "";
}

TEST(RegisterNames, TheNearestNameIsOffered)
{
    EXPECT_EQ(
        value_refusal("rtadr", "1"),
        "there is no register 'rtadr' that holds a root; did you mean rtaddr? | give --register NAME=VALUE with one "
        "of rtaddr, ecap, devtab, strtab-base, strtab-base-cfg, ddtp, capabilities, fctl");
    EXPECT_THAT(value_refusal("STRTAB_BAS", "1"), HasSubstr("did you mean strtab-base or strtab-base-cfg?"));
    EXPECT_THAT(value_refusal("dtdp", "1"), HasSubstr("did you mean ddtp?"));
    EXPECT_THAT(value_refusal("cr3", "1"), HasSubstr("there is no register 'cr3' that holds a root |"));
    EXPECT_THAT(value_refusal(std::string(1 << 16, 'x'), "1"), HasSubstr("there is no register"));
}

TEST(RegisterNames, DecimalDigitsThatOnlyMakeSenseInHexadecimalAreAskedAbout)
{
    EXPECT_EQ(value_refusal("rtaddr", "4001000"),
              "rtaddr=4001000 is 0x3d0ce8, which sets bits that the register does not have | did you mean "
              "rtaddr=0x4001000?");
    EXPECT_THAT(value_refusal("rtaddr", "1000"), HasSubstr("did you mean rtaddr=0x1000?"));
    EXPECT_THAT(value_refusal("devtab", "1638007"), HasSubstr("did you mean devtab=0x1638007?"));
    EXPECT_THAT(value_refusal("ddtp", "400402"), HasSubstr("did you mean ddtp=0x400402?"));
    EXPECT_THAT(value_refusal("strtab-base", "1001000"), HasSubstr("did you mean strtab-base=0x1001000?"));
    EXPECT_THAT(value_refusal("strtab-base-cfg", "10210"), HasSubstr("did you mean strtab-base-cfg=0x10210?"));
}

TEST(RegisterNames, DecimalNumbersThatMakeSenseStand)
{
    EXPECT_EQ(register_value(require_register("rtaddr"), "4096000"), 0x3e8000U);
    EXPECT_EQ(register_value(require_register("RTADDR"), "44463104"), kRtaddr);
    EXPECT_EQ(register_value(require_register("devtab"), "23298055"), 0x1638007U);
    EXPECT_EQ(register_value(require_register("strtab-base-cfg"), "6"), 6U);
    EXPECT_EQ(register_value(require_register("STRTAB_BASE_CFG"), "66064"), 0x10210U);
    EXPECT_EQ(register_value(require_register("strtab-base"), "4611686018444169216"), 0x4000000001001000U);
    EXPECT_EQ(register_value(require_register("rtaddr"), "0"), 0U);
    // What makes no sense in either way is for the directory to refuse.
    EXPECT_EQ(register_value(require_register("ddtp"), "1"), 1U);
    EXPECT_EQ(register_value(require_register("rtaddr"), "12345"), 12345U);
}

TEST(RegisterNames, VirtualAddressesAndWrongNumbersAreNamed)
{
    EXPECT_EQ(
        value_refusal("rtaddr", "0xffff888002a67400", "virtual-address"),
        "rtaddr=0xffff888002a67400 looks like a kernel virtual address; the register holds a physical one | crash's "
        "vtop and drgn's virt_to_phys() give the physical one; on x86-64 without KASLR, where the direct map begins "
        "at 0xffff888000000000, it is 0x2a67400");
    EXPECT_THAT(value_refusal("rtaddr", "2a67400", "bad-number"), HasSubstr("did you mean 0x2a67400?"));
    EXPECT_THAT(value_refusal("rtaddr", "0000000002a67400", "bad-number"),
                HasSubstr("did you mean 0x0000000002a67400?"));
    EXPECT_THAT(value_refusal("strtab-base-cfg", "0x100000006"), HasSubstr("32 bits"));
}

}  // namespace

}  // namespace pgregion::cli
