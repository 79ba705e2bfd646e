// SPDX-License-Identifier: GPL-2.0-or-later
//
// Devices and PASIDs in every spelling that lspci, sysfs, kernels and people use, and what is said of all others.
#include "cli/opening/device_names.h"

#include <pgregion/error.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::cli
{

namespace
{

using Ids = std::vector<std::uint32_t>;
using testing::HasSubstr;

Ids ids(const std::vector<std::string> &texts)
{
    const DeviceChoice choice = parse_devices(texts);
    EXPECT_FALSE(choice.all);
    return choice.ids;
}

/// "message | hint" of the refusal; empty when there is none.
std::string refusal(const std::string &text)
{
    try {
        (void)parse_devices(std::vector{text});
    } catch (const Error &error) {
        EXPECT_EQ(error.failure(), Failure::usage);
        EXPECT_EQ(error.code(), "bad-device");
        return error.what() + std::string(" | ") + error.hint();
    }
    return "";
}

std::string pasid_refusal(std::string_view text)
{
    try {
        (void)parse_pasid(text);
    } catch (const Error &error) {
        EXPECT_EQ(error.failure(), Failure::usage);
        EXPECT_EQ(error.code(), "bad-pasid");
        return error.what() + std::string(" | ") + error.hint();
    }
    return "";
}

TEST(DeviceNames, EverySpellingOfOneDevice)
{
    for (const char *text :
         {"00:02.0",
          "0:2.0",
          "00:02",
          "0:2",
          "02.0",
          "2.0",
          "0000:00:02.0",
          "0000:00:02",
          "[00:02.0]",
          "[0000:00:02.0]",
          "0000:00:02.0:",
          " 00:02.0 ",
          "\t00:02.0\r\n",
          "16",
          "0x10",
          "0X10",
          "0x00:0x02.0x0",
          "/sys/bus/pci/devices/0000:00:02.0",
          "/sys/bus/pci/devices/0000:00:02.0/",
          "/sys/bus/pci/devices/0000:00:02.0//",
          "/sys/devices/pci0000:00/0000:00:02.0",
          "/sys/devices/pci0000:00/0000:00:02.0/drm/card0",
          "/sys/kernel/iommu_groups/3/devices/0000:00:02.0",
          "../../devices/pci0000:00/0000:00:02.0",
          "00:02.0 VGA compatible controller: Intel Corporation HD Graphics 630, rev 04 (prog-if 00)",
          "00:02.0 0300: 8086:5912 (rev 04)",
          "0000:00:02.0 3D controller [0302]: NVIDIA Corporation GP107M"})
        EXPECT_EQ(ids({text}), Ids{0x10}) << text;
}

TEST(DeviceNames, BusDeviceAndFunctionAreHexadecimal)
{
    EXPECT_EQ(ids({"1f.3"}), Ids{0xfb});
    EXPECT_EQ(ids({"1F.3"}), Ids{0xfb});
    EXPECT_EQ(ids({"00:1f"}), Ids{0xf8});
    EXPECT_EQ(ids({"10.0"}), Ids{0x80});
    EXPECT_EQ(ids({"0000:3A:02.1"}), Ids{0x3a11});
    EXPECT_EQ(ids({"3a:2.1"}), Ids{0x3a11});
    EXPECT_EQ(ids({"ff:1f.7"}), Ids{0xffff});
}

TEST(DeviceNames, TheLastDeviceOfAPathIsMeant)
{
    EXPECT_EQ(ids({"/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0/net/eth0"}), Ids{0x200});
    EXPECT_EQ(ids({"/sys/devices/pci0000:3a/0000:3a:00.0/0000:3b:00.1/"}), Ids{0x3b01});
}

TEST(DeviceNames, PlainNumbersAreDecimalOrHexadecimalWith0x)
{
    EXPECT_EQ(ids({"10"}), Ids{10});
    EXPECT_EQ(ids({"0"}), Ids{0});
    EXPECT_EQ(ids({"0x1f"}), Ids{0x1f});
    EXPECT_EQ(ids({"4294967295"}), Ids{0xffffffff});
}

TEST(DeviceNames, ListsKeepTheirOrderAndNameEachDeviceOnce)
{
    EXPECT_EQ(ids({"00:03.0,00:02.0", "16", "1f.3,0x10"}), (Ids{0x18, 0x10, 0xfb}));
    EXPECT_EQ(ids({"00:02.0, 00:03.0"}), (Ids{0x10, 0x18}));
    EXPECT_EQ(ids({"00:02.0 00:03.0"}), (Ids{0x10, 0x18}));
    EXPECT_EQ(ids({"00:02.0 ,00:03.0"}), (Ids{0x10, 0x18}));
    EXPECT_EQ(ids({"1 2 3"}), (Ids{1, 2, 3}));
    EXPECT_EQ(ids({}), Ids{});
}

TEST(DeviceNames, LinesOfLspciAreAListAndTheirTextIsNot)
{
    EXPECT_EQ(ids({"00:02.0 VGA compatible controller: Intel, all of it\n00:1f.3 Audio device: 3,4\n"}),
              (Ids{0x10, 0xfb}));
    EXPECT_EQ(ids({"00:02.0\n00:03.0\n"}), (Ids{0x10, 0x18}));
    EXPECT_EQ(ids({"00:02.0 VGA\r\n\r\n00:03.0 Ethernet\r\n"}), (Ids{0x10, 0x18}));
}

TEST(DeviceNames, AllStandsForEveryOne)
{
    EXPECT_EQ(parse_devices(std::vector<std::string>{"all"}), (DeviceChoice{true, {}}));
    EXPECT_EQ(parse_devices(std::vector<std::string>{"ALL"}), (DeviceChoice{true, {}}));
    EXPECT_EQ(parse_devices(std::vector<std::string>{"00:02.0", "1,all"}), (DeviceChoice{true, {}}));
}

TEST(DeviceNames, AnotherSegmentIsNotInTheSource)
{
    EXPECT_EQ(refusal("0002:00:1f.3"),
              "'0002:00:1f.3' is in PCI segment 0x2, which is not in the source: a directory knows only the 16-bit ids "
              "of its own segment | if the directory is that of segment 0x2, leave it out: 00:1f.3");
    EXPECT_THAT(refusal("/sys/bus/pci/devices/0001:3a:00.0"), HasSubstr("leave it out: 3a:00.0"));
    EXPECT_THAT(refusal("10000:e1:00.0"), HasSubstr("behind a VMD controller"));
}

TEST(DeviceNames, PartsBeyondTheirRangeAreNamed)
{
    EXPECT_THAT(refusal("00:20.0"), HasSubstr("has device 0x20; the highest is 0x1f"));
    EXPECT_THAT(refusal("20.0"), HasSubstr("has device 0x20; the highest is 0x1f"));
    EXPECT_THAT(refusal("00:02.8"), HasSubstr("has function 0x8; the highest is 0x7"));
    EXPECT_THAT(refusal("100:02.0"), HasSubstr("has bus 0x100; the highest is 0xff"));
    EXPECT_THAT(refusal("8086:3e9b"), HasSubstr("has bus 0x8086; the highest is 0xff"));
    EXPECT_THAT(refusal("4294967296"), HasSubstr("at most 32 bits"));
}

TEST(DeviceNames, DigitsThatMayBeHexadecimalAreAskedAbout)
{
    EXPECT_EQ(refusal("02"), "--device does not take '02' | did you mean the number 0x2, or 00:02.0?");
    EXPECT_EQ(refusal("1f"), "--device does not take '1f' | did you mean the number 0x1f, or 00:1f.0?");
    EXPECT_EQ(refusal("0123"), "--device does not take '0123' | did you mean the number 0x123?");
    EXPECT_EQ(refusal("008"), "--device does not take '008' | did you mean the number 0x8, or 00:08.0?");
}

TEST(DeviceNames, WhatIsNoDeviceIsRefusedWithTheSpellingsThatAre)
{
    for (const char *text : {"",
                             "   ",
                             ",",
                             "eth0",
                             "all of them",
                             "00:02.0.0",
                             "::",
                             ":",
                             ".",
                             "00:.0",
                             "00:02.",
                             "0:0:0:2.0",
                             "00:0g.0",
                             "00:02.-1",
                             "0x",
                             "-1",
                             "00:02.0-00:02.7",
                             "00:02.*",
                             "10 VGA",
                             "[00:02.0",
                             "00:02:0",
                             "123456789:00:02.0",
                             "0x100000000"})
        EXPECT_NE(refusal(text), "") << text;
    EXPECT_THAT(refusal("eth0"), HasSubstr("as lspci prints it (00:02.0), its path below /sys, its number, or all"));
    EXPECT_THAT(refusal("00:02.0,"), HasSubstr("nothing behind a comma"));
    EXPECT_THAT(refusal("00:02.0,,00:03.0"), HasSubstr("nothing behind a comma"));
    EXPECT_THAT(refusal("/sys/class/net/eth0"), HasSubstr("no part of the path is a PCI device"));
    EXPECT_THAT(refusal("/"), HasSubstr("no part of the path is a PCI device"));
    EXPECT_THAT(refusal("\x1b[31m"), HasSubstr(R"(\x1b[31m)"));
}

TEST(DeviceNames, LongTextsAreReadInBoundedTime)
{
    EXPECT_NE(refusal(std::string(1 << 16, '/')), "");
    EXPECT_NE(refusal(std::string(1 << 16, ':')), "");
    EXPECT_NE(refusal("00:02.0" + std::string(1 << 16, '0')), "");
    EXPECT_EQ(ids({"00:02.0 " + std::string(1 << 16, 'x')}), Ids{0x10});
}

TEST(DeviceNames, PasidsHave20Bits)
{
    EXPECT_EQ(parse_pasid("0"), 0U);
    EXPECT_EQ(parse_pasid("0xfffff"), 0xfffffU);
    EXPECT_EQ(parse_pasid("1048575"), 0xfffffU);
    EXPECT_EQ(
        pasid_refusal("0x100000"),
        "a PASID has 20 bits | give a number below 0x100000; none, or 0xffffffff as kernels print it, for requests "
        "without one");
    EXPECT_THAT(pasid_refusal("0x1ffffffff"), HasSubstr("20 bits"));
}

TEST(DeviceNames, APasidOfAllOnesIsNone)
{
    for (const char *text : {"0xffffffff", "0xFFFFFFFF", "4294967295", "none", "None", "-1"})
        EXPECT_EQ(parse_pasid(text), std::nullopt) << text;
}

TEST(DeviceNames, WhatIsNoPasidIsRefused)
{
    EXPECT_EQ(pasid_refusal("ffffffff"),
              "--pasid does not take 'ffffffff' | did you mean 0xffffffff? Hexadecimal numbers are written with 0x");
    EXPECT_THAT(pasid_refusal("007"), HasSubstr("did you mean 0x007, or 7?"));
    EXPECT_THAT(pasid_refusal(""), HasSubstr("--pasid does not take ''"));
    EXPECT_THAT(pasid_refusal("-2"), HasSubstr("--pasid does not take '-2'"));
}

}  // namespace

}  // namespace pgregion::cli
