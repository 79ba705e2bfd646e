// SPDX-License-Identifier: GPL-2.0-or-later
//
// Numbers, sizes and addresses of the command line, the spellings that are refused, and what is offered instead.
#include "cli/opening/numbers.h"

#include <pgregion/error.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::cli
{

namespace
{

using testing::HasSubstr;

template <class Read>
std::string refusal(const Read &read, const char *code)
{
    try {
        (void)read();
    } catch (const Error &error) {
        EXPECT_EQ(error.failure(), Failure::usage);
        EXPECT_EQ(error.code(), code);
        return error.what() + std::string(" | ") + error.hint();
    }
    return "";
}

std::string number_refusal(std::string_view text)
{
    return refusal([&] { return require_number(text, "IOVA"); }, "bad-number");
}

std::string size_refusal(std::string_view text)
{
    return refusal([&] { return require_size(text, "--size"); }, "bad-number");
}

TEST(Numbers, AreDecimalOrHexadecimalWith0x)
{
    EXPECT_EQ(parse_number("0"), 0U);
    EXPECT_EQ(parse_number("4096"), 4096U);
    EXPECT_EQ(parse_number("0x1000"), 0x1000U);
    EXPECT_EQ(parse_number("0XFF"), 0xffU);
    EXPECT_EQ(parse_number("0x0000000002a67400"), 0x2a67400U);
    EXPECT_EQ(parse_number("18446744073709551615"), 0xffffffffffffffffU);
    EXPECT_EQ(parse_number("0xffffffffffffffff"), 0xffffffffffffffffU);
}

TEST(Numbers, MayHaveSingleSeparatorsBetweenDigits)
{
    EXPECT_EQ(parse_number("0xffff_8880"), 0xffff8880U);
    EXPECT_EQ(parse_number("0xffff8880'00001000"), 0xffff888000001000U);
    EXPECT_EQ(parse_number("0x00000000`fed90020"), 0xfed90020U);
    EXPECT_EQ(parse_number("1_000_000"), 1000000U);
    for (const char *text : {"0x_ff", "_1", "1_", "1__0", "1'_0", "0xff_", "1`000", "_", "0x_"})
        EXPECT_EQ(parse_number(text), std::nullopt) << text;
}

TEST(Numbers, WithZerosInFrontAreNotReadAsDecimal)
{
    for (const char *text : {"0123", "008", "00", "0000000001001400", "0_1"})
        EXPECT_EQ(parse_number(text), std::nullopt) << text;
    EXPECT_EQ(number_refusal("0123"),
              "IOVA does not take '0123' | a decimal number does not begin with 0: did you mean 0x0123, or 123?");
    EXPECT_THAT(number_refusal("008"), HasSubstr("did you mean 0x008, or 8?"));
    EXPECT_THAT(number_refusal("00"), HasSubstr("did you mean 0x00, or 0?"));
}

TEST(Numbers, HexadecimalWithout0xIsAskedAbout)
{
    EXPECT_EQ(
        number_refusal("ffff888012345000"),
        "IOVA does not take 'ffff888012345000' | did you mean 0xffff888012345000? Hexadecimal numbers are written "
        "with 0x");
    EXPECT_THAT(number_refusal("fffff800`12345000"), HasSubstr("did you mean 0xfffff80012345000?"));
    EXPECT_THAT(number_refusal("00000000fed90020"), HasSubstr("did you mean 0x00000000fed90020?"));
    EXPECT_THAT(number_refusal("1F"), HasSubstr("did you mean 0x1F?"));
}

TEST(Numbers, WhatIsNoneIsRefused)
{
    for (const char *text : {"", " ", "-1", "+1", "0x", "1 ", " 1", "12q", "0x1g", "1e5000q", "1.0", "0b1", "0o7",
                             "0x10000000000000000", "18446744073709551616", "1,000", "\x1b[1m"})
        EXPECT_NE(number_refusal(text), "") << text;
    EXPECT_THAT(number_refusal("0x10000000000000000"), HasSubstr("below 2^64"));
    EXPECT_THAT(number_refusal("\x1b[1m"), HasSubstr(R"('\x1b[1m')"));
    EXPECT_NE(number_refusal(std::string(1 << 16, '9')), "");
}

TEST(Numbers, SizesHaveBinaryUnits)
{
    for (const char *text : {"8192", "0x2000", "8K", "8k", "8Ki", "8KiB", "8kib", "8KIB", "8 K", "8 KiB", "0x8K"})
        EXPECT_EQ(parse_size(text), 8192U) << text;
    EXPECT_EQ(parse_size("2MiB"), 0x200000U);
    EXPECT_EQ(parse_size("2M"), 0x200000U);
    EXPECT_EQ(parse_size("1G"), 0x40000000U);
    EXPECT_EQ(parse_size("1GiB"), 0x40000000U);
    EXPECT_EQ(parse_size("4T"), 0x40000000000U);
    EXPECT_EQ(parse_size("1_024K"), 0x100000U);
    EXPECT_EQ(parse_size("16777215T"), 0xffffff0000000000U);
}

TEST(Numbers, SizesOfUnclearUnitsAndFractionsAreRefused)
{
    EXPECT_EQ(size_refusal("8KB"),
              "--size does not take '8KB' | KB means a power of 1000 or of 1024: write 8KiB for the latter, or the "
              "bytes");
    EXPECT_THAT(size_refusal("0x10mb"), HasSubstr("write 0x10MiB for the latter"));
    EXPECT_EQ(size_refusal("1.5G"), "--size does not take '1.5G' | fractions are not taken: write 1536M");
    EXPECT_THAT(size_refusal("0.5KiB"), HasSubstr("write 512"));
    EXPECT_THAT(size_refusal("2.25 MiB"), HasSubstr("write 2304K"));
    EXPECT_THAT(size_refusal("1.3G"), HasSubstr("fractions are not taken: give the bytes"));
    EXPECT_THAT(size_refusal("1.5"), HasSubstr("fractions are not taken: give the bytes"));
    EXPECT_THAT(size_refusal("008K"), HasSubstr("did you mean 0x008, or 8?"));
    EXPECT_THAT(size_refusal("fffK"), HasSubstr("did you mean 0xfff?"));
    for (const char *text : {"", "K", "KiB", "iB", "B", "8B", "8KiBB", "8iB", "8P", "8K8", "K8", "8  K", "-8K", "8K ",
                             "16777216T", "18446744073709551615K", ".5K", "5.K", "1.5.5K"})
        EXPECT_NE(size_refusal(text), "") << text;
}

std::string physical_refusal(std::string_view text, const char *code)
{
    return refusal([&] { return require_physical(text, "--root"); }, code);
}

TEST(Numbers, PhysicalAddressesMayBeSizes)
{
    EXPECT_EQ(require_physical("0xfed90000", "--root"), 0xfed90000U);
    EXPECT_EQ(require_physical("4G", "--at"), 0x100000000U);
    EXPECT_EQ(require_physical("0x00ffffffffffffff", "--root"), 0xffffffffffffffU);
    EXPECT_THAT(physical_refusal("fed90000", "bad-number"), HasSubstr("did you mean 0xfed90000?"));
}

TEST(Numbers, KernelVirtualAddressesAreNoPhysicalOnes)
{
    EXPECT_EQ(physical_refusal("0xffff888012345000", "virtual-address"),
              "0xffff888012345000 looks like a kernel virtual address; --root takes a physical one | crash's vtop and "
              "drgn's virt_to_phys() give the physical one; on x86-64 without KASLR, where the direct map begins at "
              "0xffff888000000000, it is 0x12345000");
    for (const char *text : {"0xffffffff81000000", "0xffff000012345000", "0xffff800010000000", "0xffffffd812345000",
                             "0xff60000012345000", "0xffff9d3ac1234000", "0xffffea0000000000"})
        EXPECT_THAT(physical_refusal(text, "virtual-address"), HasSubstr("looks like a kernel virtual address"))
            << text;
    EXPECT_EQ(physical_refusal("0xffffffff81000000", "virtual-address").find("KASLR"), std::string::npos);
    EXPECT_FALSE(is_kernel_virtual(0x00ffffffffffffff));
    EXPECT_TRUE(is_kernel_virtual(0xff00000000000000));
}

TEST(Numbers, NothingPhysicalHasMoreThan56Bits)
{
    EXPECT_THAT(physical_refusal("0x100000000000000", "bad-number"), HasSubstr("at most 56 bits"));
    EXPECT_THAT(physical_refusal("0x8000000012345000", "bad-number"), HasSubstr("at most 56 bits"));
}

TEST(Numbers, ASourceWithAVirtualAddressIsNamedForIt)
{
    EXPECT_EQ(parse_source("mem.raw@0x1000").paddr, PhysAddr(0x1000));
    EXPECT_EQ(parse_source("mem.raw@0x1000").path, "mem.raw");
    EXPECT_EQ(parse_source("user@host").path, "user@host");
    EXPECT_EQ(parse_source("mem.raw@0xzz").path, "mem.raw@0xzz");
    EXPECT_THAT(refusal([] { return parse_source("mem.raw@0xffff888012345000"); }, "virtual-address"),
                HasSubstr("SOURCE@0xPA takes a physical one"));
}

std::string range_refusal(std::string_view text)
{
    return refusal([&] { return require_iova_range(text); }, "bad-range");
}

TEST(Numbers, RangesOfIovas)
{
    EXPECT_EQ(require_iova_range("0x1000").first, Iova(0x1000));
    EXPECT_EQ(require_iova_range("0x1000").size, 1U);
    EXPECT_EQ(require_iova_range("0x1000-0x1fff").size, 0x1000U);
    EXPECT_EQ(require_iova_range("0x1000+8KiB").size, 0x2000U);
    EXPECT_THAT(range_refusal("fff00000+4K"), HasSubstr("did you mean 0xfff00000?"));
    EXPECT_THAT(range_refusal("0x1000-1fff"), HasSubstr("did you mean 0x1fff?"));
    for (const char *text :
         {"", "-", "0x2000-0x1000", "0x1000+0", "1+2+3", "0x1000+", "0xffffffffffffffff+2", "0-0xffffffffffffffff"})
        EXPECT_THAT(range_refusal(text), HasSubstr("give FIRST-LAST (both inclusive), FIRST+SIZE or one address"))
            << text;
}

TEST(Numbers, OneDeviceWhereOneIsAskedFor)
{
    EXPECT_EQ(require_device("00:02.0"), 0x10U);
    for (const char *text : {"all", "00:02.0,00:03.0", ""})
        EXPECT_NE(refusal([&] { return require_device(text); }, "bad-device"), "") << text;
}

}  // namespace

}  // namespace pgregion::cli
