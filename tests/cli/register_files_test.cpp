// SPDX-License-Identifier: GPL-2.0-or-later
//
// --registers FILE: what tools print leads to the devices that the registers themselves lead to, and a file in which
// nothing is found says why. The lines one by one are in unit/register_text_test.cpp.
#include "cli/directory_test.h"

namespace pgregion::test
{

namespace
{

class RegisterFiles : public DirectoryTest
{
};

TEST_F(RegisterFiles, FileOfTheQemuMonitor)
{
    std::ofstream(path("qemu.txt")) << "(qemu) xp /2gx 0xfed90020\n"
                                       "00000000fed90020: 0x0000000001001400 0x0000000000000000\n"
                                       "0000000009050080: 0x4000000001001000\n"
                                       "0000000009050088: 0x00000006\n";
    const std::string region = source(vtd_scalable_region());
    const Words rows = devices({"devices", region, "--registers", path("qemu.txt"), "--format", "vtd-root"});
    EXPECT_EQ(rows.size(), 5U);
    // In words of 32 bits, two of them to a register.
    std::ofstream(path("words.txt")) << "fed90020: 0x01001400 0x00000000\n";
    EXPECT_EQ(devices({"devices", region, "--registers", path("words.txt")}), rows);
    std::ofstream(path("smmu.txt")) << "09050080: 0x4000000001001000\n09050088: 0x00000006\n09050000: 0x0d40101a\n";
    EXPECT_EQ(devices({"devices", source(smmu_region()), "--registers", path("smmu.txt")}).size(), 3U);
}

TEST_F(RegisterFiles, FileOfTheKernelsDebugfsHasAUnitForEachIommu)
{
    std::ofstream(path("regset")) << "IOMMU: dmar0 Register Base Address: fed90000\n"
                                     "Name\t\t\tOffset\t\tContents\n"
                                     "VER             \t0x00\t\t0x0000000000000010\n"
                                     "CAP             \t0x08\t\t0x00d2008c222f0686\n"
                                     "RTADDR          \t0x20\t\t0x0000000001001400\n\n"
                                     "IOMMU: dmar1 Register Base Address: fed91000\n"
                                     "Name\t\t\tOffset\t\tContents\n"
                                     "VER             \t0x00\t\t0x0000000000000010\n"
                                     "RTADDR          \t0x20\t\t0x0000000001001400\n";
    const Words rows = devices({"devices", source(vtd_scalable_region()), "--registers", path("regset")});
    ASSERT_EQ(rows.size(), 10U);
    EXPECT_EQ(rows.at(4), "16 4 0 invalid -");
    EXPECT_EQ(rows.at(5), "16 0* 1 second-stage vtd-ss");
}

TEST_F(RegisterFiles, FileWithoutARootOrNoFile)
{
    const std::string region = source(vtd_scalable_region());
    std::ofstream(path("off.txt")) << "fed90000: 0x10\nfed90020: 0x0000000000000000\nnoise\n: 0x1\nx: y\n";
    expect_failure(run_pgregion({"devices", region, "--registers", path("off.txt")}), kCannot,
                   {"holds no root register", "rtaddr at 0xfed90020 is 0x0;", "--register NAME=VALUE"});
    expect_failure(run_pgregion({"devices", region, "--registers", path("none.txt")}), kCannot, {"no such file"});
    std::ofstream(path("large.txt")) << std::string((1 << 20) + 1, ' ');
    EXPECT_EQ(run_pgregion({"devices", region, "--registers", path("large.txt")}).status, kCannot);
}

TEST_F(RegisterFiles, FileOfEveryToolLeadsToTheSameDevices)
{
    const std::string region = source(vtd_scalable_region());
    const Words rows = devices(words({"devices", region}, rtaddr_));
    ASSERT_EQ(rows.size(), 5U);
    const Words files{
        "fed90020: 0x00 0x14 0x00 0x01 0x00 0x00 0x00 0x00\r\n",
        "fed90020: 0x1400 0x0100 0x0000 0x0000\n",
        "(gdb) 0xfed90020:\t0x01001400\t0x00000000\n",
        "crash> rd -p fed90020\n        fed90020:  0000000001001400                    ........\n",
        "crash> rd -p -8 fed90020 8\n        fed90020:  00 14 00 01 00 00 00 00                           ........\n",
        "RTADDR = (u64)16782336\n",
        "IOMMU dmar0: Root Table Address: 0x1001000\nB.D.F\tRoot_entry\tContext_entry\tPASID\tPASID_table_entry\n"
        "00:02.0\t0x0000000000000000:0x0000000001002001\t0x0000000000000000:0x0000000001003001\t0     \t0x0:0x0:0x1\n",
    };
    for (const std::string &text : files) {
        std::ofstream(path("registers.txt")) << text;
        EXPECT_EQ(devices({"devices", region, "--registers", path("registers.txt"), "--format", "vtd-root"}), rows)
            << text;
    }
}

TEST_F(RegisterFiles, DumpedTablesBesideTheirRegistersAreNotAUnitMore)
{
    const std::string regset = "IOMMU: dmar0 Register Base Address: fed90000\n"
                               "RTADDR          \t0x20\t\t0x0000000001001400\n";
    const std::string tables = "IOMMU dmar0: Root Table Address: 0x1001000\n00:02.0 0x0:0x1 0x0:0x1 0 0x0:0x0:0x1\n";
    std::ofstream(path("both.txt")) << regset << tables;
    EXPECT_EQ(devices({"devices", source(vtd_scalable_region()), "--registers", path("both.txt")}).size(), 5U);
    std::ofstream(path("twice.txt")) << tables << tables;
    EXPECT_EQ(devices({"devices", source(vtd_scalable_region()), "--registers", path("twice.txt")}).size(), 10U);
}

TEST_F(RegisterFiles, FileInWhichNothingIsFoundSaysWhatItWasTakenFor)
{
    const std::string region = source(vtd_scalable_region());
    const auto fails_with = [&](const std::string &text, const Words &more, const std::vector<std::string> &said) {
        std::ofstream(path("registers.txt")) << text;
        expect_failure(run_pgregion(words({"devices", region, "--registers", path("registers.txt")}, more)), kCannot,
                       said);
    };
    fails_with("", {}, {"holds no root register", "it is empty"});
    fails_with("\x1b[31mnoise\nfed90000: 0x0000000000000010\n", {},
               {"of its 2 lines were read 1 as of QEMU xp, gdb x", R"(passed over: 1, first line 1, '\x1b[31mnoise')"});
    fails_with("fed90020: 00 14 00 01\n", {}, {"none was understood", "`xp /1gx 0xfed90020`"});
    fails_with("fed90020: 0x01001400\n", {"--format", "vtd-root"},
               {"of rtaddr at 0xfed90020 it has 4 of 8 bytes", "xp /1gx 0xfed90020"});
    fails_with("09050080: 0x4000000001001000\n", {},
               {"of strtab-base-cfg at 0x9050088 it has 0 of 4 bytes", "xp /1wx"});
    fails_with("fed90020: 0x0000000001001c00\n", {}, {"rtaddr at 0xfed90020 is 0x1001c00: bits 11:10 of RTADDR are 3"});
    fails_with("IOMMU dmar0: Root Table Address: 0x1001000\n", {},
               {"whether they are legacy or scalable", "--register rtaddr=0x1001000, or 0x1001400"});
    fails_with("rtaddr = 1001400\n", {},
               {"registers.txt, line 1: rtaddr=1001400 is", "did you mean rtaddr=0x1001400?"});
    fails_with("\nddtp: 0xffff888000400402\n", {},
               {"line 2: ddtp=0xffff888000400402 looks like a kernel virtual address"});
    fails_with("rtaddr = 0x1001c00\nstrtab-base-cfg = 0x6\n", {}, {"of its 2 lines were read 2 as of name and value"});
    fails_with("rtaddr = 0x1001400\n", {"--format", "amd-devtab"}, {"holds no root register"});
    fails_with(std::string(65537, '\n'), {}, {"more than 65536 lines"});
}

}  // namespace

}  // namespace pgregion::test
