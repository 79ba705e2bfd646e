// SPDX-License-Identifier: GPL-2.0-or-later
//
// Root registers as the hardware holds them, and what the directories that they lead to say of each device and
// PASID. The directories are those of directory_images.h; the kernel's own come in main_job_test.cpp.
#include "cli/directory_test.h"

namespace pgregion::test
{

namespace
{

class Registers : public DirectoryTest
{
};

// ---- what they lead to -------------------------------------------------------------------------------------

TEST_F(Registers, RtaddrOfScalableModeLeadsToEveryPasid)
{
    const std::string region = source(vtd_scalable_region());
    EXPECT_EQ(devices(words({"devices", region}, rtaddr_)),
              (Words{"16 0* 0 second-stage vtd-ss", "16 1 0 first-stage x86-64", "16 2 0 nested x86-64",
                     "16 3 0 pass-through -", "16 4 0 invalid -"}));
    EXPECT_EQ(mappings(words({"mappings", region}, rtaddr_)),
              (Words{"0000:00:02.0 0: 0x20000 0x100a000 0x4000 rw", "0000:00:02.0 0: 0x100000 0x50000000 0x1000 rw",
                     "0000:00:02.0 0: 0x101000 0x50001000 0x1000 r", "0000:00:02.0 1: 0x5000 0x60000000 0x1000 rw",
                     "0000:00:02.0 2: 0x10000 0x50000000 0x1000 rw", "0000:00:02.0 2: 0x11000 0x50001000 0x1000 r"}));
}

TEST_F(Registers, DevtabLeadsToDevicesAndToTheUnprotectedOnesInRanges)
{
    const std::string region = source(amd_region());
    EXPECT_EQ(devices(words({"devices", region}, devtab_)),
              (Words{"0 null 0 blocked -", "1 null 0 pass-through -", "2-15 null 0 unprotected -",
                     "16 null 0 second-stage amd-v1", "17-127 null 0 unprotected -"}));
    EXPECT_EQ(mappings(words({"mappings", region}, devtab_)), (Words{"0000:00:02.0 null: 0x0 0x50000000 0x1000 rw"}));
    EXPECT_EQ(result(words({"mappings", region}, devtab_)).at("notes").size(), 4U);
}

TEST_F(Registers, SizeOfTheDeviceTableIsInTheRegister)
{
    // Two pages, 256 entries; the second one is the root of the host tables, which reads as entries.
    const Json last = result({"devices", source(amd_region()), "--register", "devtab=0x1001001"}).at("devices").back();
    EXPECT_EQ(last.at("last_id"), 255);
}

TEST_F(Registers, StrtabBaseLeadsToStreams)
{
    const std::string region = source(smmu_region());
    EXPECT_EQ(devices(words({"devices", region}, strtab_)),
              (Words{"1 null 0 first-stage arm-s1", "2 null 0 pass-through -", "3 null 0 blocked -"}));
    EXPECT_EQ(mappings(words({"mappings", region}, strtab_)),
              (Words{"0000:00:00.1 null: 0x1000 0x50000000 0x1000 rw"}));
}

TEST_F(Registers, DdtpLeadsToDevicesAndProcesses)
{
    const std::string region = source(riscv_region());
    EXPECT_EQ(devices(words({"devices", region}, ddtp_)),
              (Words{"1 0* 0 first-stage riscv", "1 7 0 pass-through -", "3 null 0 nested riscv",
                     "4 null 0 second-stage riscv-x4", "5 null 0 pass-through -", "6 null 0 invalid -"}));
    EXPECT_EQ(
        mappings(words({"mappings", region}, ddtp_)),
        (Words{"0000:00:00.1 0: 0x3000 0x60000000 0x1000 rw", "0000:00:00.3 null: 0x5000 0x50000000 0x1000 rw",
               "0000:00:00.4 null: 0x20000 0x100a000 0x2000 rwx", "0000:00:00.4 null: 0x22000 0x1010000 0x1000 rwx",
               "0000:00:00.4 null: 0x100000 0x50000000 0x1000 rwx"}));
}

TEST_F(Registers, TheOuterStageOfANestedTranslationIsTold)
{
    const Json vtd = result(words({"devices", source(vtd_scalable_region())}, rtaddr_)).at("devices");
    EXPECT_EQ(vtd.at(2).at("root"), "0x20000");
    EXPECT_EQ(vtd.at(2).at("outer"), (Json{{"format", "vtd-ss"}, {"levels", 4}, {"root", "0x1005000"}}));
    EXPECT_EQ(vtd.at(0).at("outer"), nullptr);
    const Json riscv = result(words({"devices", source(riscv_region())}, ddtp_)).at("devices");
    EXPECT_EQ(riscv.at(2).at("outer"), (Json{{"format", "riscv-x4"}, {"levels", 3}, {"root", "0x1004000"}}));
    EXPECT_EQ(riscv.at(2).at("domain_id"), 4);
}

TEST_F(Registers, ALeafThatTheOuterStageDoesNotMapIsAProblem)
{
    const std::string region = source(vtd_scalable_region());
    const Json json = result(words({"mappings", region, "--device", "00:02.0", "--pasid", "2"}, rtaddr_));
    ASSERT_EQ(json.at("problems").size(), 1U);
    const Json problem = json.at("problems").at(0);
    EXPECT_EQ(problem.at("code"), "not-in-outer-stage");
    EXPECT_EQ(problem.at("iova"), "0x12000");
    EXPECT_EQ(problem.at("observed"), "0x300000");
}

// ---- one request -------------------------------------------------------------------------------------------

TEST_F(Registers, NestedWalkShowsTheInnerTablesAndThenTheOuterStage)
{
    const Words call = words({"translate", source(vtd_scalable_region()), "0x10010"}, rtaddr_);
    const Json one = result(words(call, {"--device", "00:02.0", "--pasid", "2"})).at("translations").at(0);
    EXPECT_EQ(one.at("pa"), "0x50000010");
    EXPECT_EQ(one.at("access"), "rw");
    Words names;
    for (const Json &step : one.at("walk"))
        names.push_back(step.at("name"));
    EXPECT_EQ(names,
              (Words{"scalable root entry half", "scalable context entry", "PASID directory entry", "PASID table entry",
                     "PML4E", "PDPTE", "PDE", "PTE", "SS-PML4E", "SS-PDPTE", "SS-PDE", "SS-PTE"}));
}

TEST_F(Registers, FaultsOfPasidsHaveTheNumbersOfScalableMode)
{
    const std::string region = source(vtd_scalable_region());
    const auto request = [&](const Words &more) {
        return fault(words(words({"translate", region, "0x11000", "--device", "00:02.0"}, rtaddr_), more));
    };
    EXPECT_EQ(request({"--pasid", "2"}), "");
    EXPECT_EQ(request({"--pasid", "2", "--access", "w"}).substr(0, 5), "0x79 ");
    EXPECT_EQ(request({}).substr(0, 5), "0x79 ");  // PASID 0, by RID_PASID
    EXPECT_EQ(request({"--pasid", "3", "--access", "w"}), "");
    EXPECT_EQ(request({"--pasid", "4"}).substr(0, 5), "0x5b ");
    EXPECT_EQ(request({"--pasid", "5"}).substr(0, 5), "0x59 ");
    EXPECT_EQ(request({"--pasid", "64"}).substr(0, 5), "0x51 ");
    EXPECT_EQ(request({"--pasid", "8192"}).substr(0, 5), "0x46 ");
}

TEST_F(Registers, UntranslatedRequestsGoWhereTheyPoint)
{
    const Words amd = words({"translate", source(amd_region()), "0x123456789"}, devtab_);
    for (const char *device : {"00:00.1", "00:00.5", "00:0f.7"}) {
        const Json one = result(words(amd, {"--device", device})).at("translations").at(0);
        EXPECT_EQ(one.at("mapped"), true) << device;
        EXPECT_EQ(one.at("pa"), "0x123456789") << device;
        EXPECT_EQ(one.at("size"), nullptr) << device;
    }
    EXPECT_EQ(fault(words(amd, {"--device", "00:00.0"})).substr(0, 4), "0x2 ");                   // blocked
    EXPECT_EQ(fault(words(amd, {"--device", "00:00.1", "--access", "w"})).substr(0, 4), "0x2 ");  // IW is 0
    EXPECT_EQ(fault(words(amd, {"--device", "01:00.0"})).substr(0, 4), "0x1 ");                   // no entry
}

/// A context with TTB0 and TTB1: the upper half has a leaf of its own and one onto the start table of the lower half.
TableImage image_of_both_halves()
{
    TableImage image = smmu_region();
    image.allocate(0, 9);
    image.put(2, 0, 0x0003020580990019).put(2, 2, 0x1006000);  // EPD1 is 0, TG1 4K, T1SZ 25
    image.put(6, 0, 0x1007003).put(7, 0, 0x1008003);
    image.put(8, 2, 0x0060000051000f47).put(8, 3, 0x0060000001003f47);
    return image;
}

TEST_F(Registers, BothHalvesOfAContextAreRead)
{
    const std::string region = source(image_of_both_halves());
    const Words one{"--device", "1"};
    const Json listed = result(words({"devices", region}, strtab_)).at("devices");
    ASSERT_EQ(listed.size(), 4U);
    EXPECT_EQ(listed.at(0).at("root"), "0x1003000");
    EXPECT_EQ(listed.at(1).at("root"), "0x1006000");
    EXPECT_EQ(listed.at(1).at("id"), 1);
    const Words rows{"0000:00:00.1 null: 0x1000 0x50000000 0x1000 rw",
                     "0000:00:00.1 null: 0xffffff8000002000 0x51000000 0x1000 rw",
                     "0000:00:00.1 null: 0xffffff8000003000 0x1003000 0x1000 rw"};
    EXPECT_EQ(mappings(words({"mappings", region}, strtab_)), rows);
    EXPECT_EQ(mappings(words(words({"mappings", region}, strtab_), one)), rows);
    const Json upper = result(words(words({"translate", region, "0xffffff8000002010"}, strtab_), one));
    EXPECT_EQ(upper.at("translations").at(0).at("pa"), "0x51000010");
    EXPECT_EQ(fault(words(words({"translate", region, "0xffffff8000001000"}, strtab_), one)).substr(0, 5), "0x10 ");
    EXPECT_EQ(fault(words(words({"translate", region, "0x1000"}, strtab_), one)), "");
}

TEST_F(Registers, LeafOfTheUpperHalfOntoALiveTableIsFoundByCheck)
{
    const Words check = words({"check", source(image_of_both_halves()), "--fail-on", "never"}, strtab_);
    const Json findings = result(check).at("findings");
    const auto found = std::ranges::find(findings, "leaf-maps-tables", [](const Json &one) { return one.at("code"); });
    ASSERT_NE(found, findings.end()) << findings;
    EXPECT_EQ(found->at("iova"), "0xffffff8000003000");
    EXPECT_TRUE(std::ranges::none_of(findings, [](const Json &one) { return one.at("code") == "memory-shared"; }));
}

/// ERE, bit 129 of a PASID table entry: without it nothing executes, whatever the first stage lets through.
TEST_F(Registers, RequestsToExecuteNeedEreOfThePasidTableEntry)
{
    TableImage image = vtd_scalable_region();
    const Words access{"--device", "00:02.0", "--pasid", "1", "--access", "x"};
    const auto answer = [&] { return words(words({"translate", source(image), "0x5000"}, rtaddr_), access); };
    EXPECT_EQ(fault(answer()), "0x5c request to execute, ERE of the PASID table entry is 0");
    image.put(4, 10, 0x1008002);
    EXPECT_EQ(fault(answer()), "");
    const Json mapped = result(words({"mappings", source(image), "--pasid", "1", "--device", "00:02.0"}, rtaddr_));
    EXPECT_EQ(mapped.at("mappings").at(0).at("access"), "rwx");
}

TEST_F(Registers, FaultsOfStreamsAndContexts)
{
    const Words smmu = words({"translate", source(smmu_region()), "0x2000"}, strtab_);
    EXPECT_EQ(fault(words(smmu, {"--device", "1"})).substr(0, 5), "0x10 ");
    EXPECT_EQ(fault(words(smmu, {"--device", "2"})), "");
    EXPECT_EQ(fault(words(smmu, {"--device", "3"})), "0x0 aborted by the stream table entry, without an event");
    EXPECT_EQ(fault(words(smmu, {"--device", "4"})).substr(0, 4), "0x4 ");
    EXPECT_EQ(fault(words(smmu, {"--device", "64"})).substr(0, 4), "0x2 ");
    EXPECT_EQ(fault(words(smmu, {"--device", "1", "--pasid", "1"})).substr(0, 4), "0x8 ");
    const Words riscv = words({"translate", source(riscv_region()), "0x4000"}, ddtp_);
    EXPECT_EQ(fault(words(riscv, {"--device", "1"})).substr(0, 4), "0xd ");
    EXPECT_EQ(fault(words(riscv, {"--device", "1", "--pasid", "7"})), "");
    EXPECT_EQ(fault(words(riscv, {"--device", "1", "--pasid", "8"})), "0x10a PDT entry not valid");
    EXPECT_EQ(fault(words(riscv, {"--device", "6"})), "0x103 DDT entry misconfigured");
    EXPECT_EQ(fault(words(riscv, {"--device", "9"})), "0x102 DDT entry not valid");
}

// ---- several units -----------------------------------------------------------------------------------------

TEST_F(Registers, EachRegisterWithAnAddressIsAUnit)
{
    const std::string region = source(smmu_region());
    // The first unit takes the configuration that was given before its address, the second one that after it.
    EXPECT_EQ(devices({"devices", region, "--register", "strtab-base-cfg=6", "--register", "strtab-base=0x1001000",
                       "--register", "strtab-base=0x1001000", "--register", "strtab-base-cfg=1"}),
              (Words{"1 null 0 first-stage arm-s1", "2 null 0 pass-through -", "3 null 0 blocked -",
                     "1 null 1 first-stage arm-s1"}));
    const Json rows = result(words(words({"mappings", region}, strtab_), strtab_)).at("mappings");
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows.at(1).at("unit"), 1);
}

TEST_F(Registers, ADeviceIsLookedForInEveryUnit)
{
    TableImage image = smmu_region();
    image.put(1, 8 + 40, 0x9);  // stream 6 of the first table, 2 of the one at 0x1001100
    const std::string region = source(image);
    const Words two{"--register", "strtab-base=0x1001000", "--register", "strtab-base-cfg=0x1",
                    "--register", "strtab-base=0x1001100", "--register", "strtab-base-cfg=0x2"};
    EXPECT_EQ(devices(words({"devices", region, "--device", "2"}, two)), (Words{"2 null 1 pass-through -"}));
}

// ---- values that lead nowhere ------------------------------------------------------------------------------

TEST_F(Registers, WrongValuesAreUsageErrors)
{
    const std::string region = source(vtd_scalable_region());
    const std::vector<std::pair<Words, std::string>> wrong{
        {{"--register", "rtaddr=0x1001800"}, "reserved translation table mode"},
        {{"--register", "rtaddr=0x1001c00"}, "every request is aborted"},
        {{"--register", "ddtp=0"}, "off"},
        {{"--register", "ddtp=1"}, "bare"},
        {{"--register", "ddtp=0x400405"}, "reserved"},
        {{"--register", "rtaddr"}, "NAME=VALUE"},
        {{"--register", "rtaddr="}, "rtaddr"},
        {{"--register", "rtaddr=12q"}, "rtaddr"},
        {{"--register", "rtaddr=1001400"}, "did you mean rtaddr=0x1001400?"},
        {{"--register", "rtaddr=01001400"}, "did you mean 0x01001400, or 1001400?"},
        {{"--register", "rtadr=0x1001400"}, "did you mean rtaddr?"},
        {{"--register", "rtaddr=0xffff888001001400"}, "kernel virtual address"},
        {{"--register", "\x1b[31m"}, R"('\x1b[31m')"},
        {{"--register", "rtaddr=0x10000000000000000"}, "rtaddr"},
        {{"--register", "cr3=0x1001000"},
         "rtaddr, ecap, devtab, strtab-base, strtab-base-cfg, ddtp, capabilities, fctl"},
        {{"--register", "strtab-base-cfg=6"}, "strtab-base"},
        {{"--register", "strtab-base=0x1001000", "--register", "strtab-base-cfg=0x100000006"}, "32 bits"},
        {{"--register", "rtaddr=0x1001400", "--root", "page:1"}, "--root"},
        {{"--register", "rtaddr=0x1001400", "--format", "amd-devtab"}, "vtd-root"},
        {{"--register", "rtaddr=0x1001400", "--format", "vtd-ss"}, "vtd-root"},
    };
    for (const auto &[context, text] : wrong)
        expect_failure(run_pgregion(words({"devices", region}, context)), kUsage, {text, "\npgregion:   "});
}

TEST_F(Registers, NamesAreTakenAsManualsWriteThem)
{
    const std::string region = source(smmu_region());
    EXPECT_EQ(
        devices({"devices", region, "--register", "STRTAB_BASE=0x1001000", "--register", "SMMU_STRTAB_BASE_CFG=0x6"}),
        devices(words({"devices", region}, strtab_)));
}

TEST_F(Registers, WrongDevicesAndPasids)
{
    const Words call = words({"mappings", source(vtd_scalable_region())}, rtaddr_);
    expect_failure(run_pgregion(words(call, {"--pasid", "1"})), kUsage, {"--device"});
    expect_failure(run_pgregion(words(call, {"--device", "00:02.0", "--pasid", "0x100000"})), kUsage, {"20 bits"});
    expect_failure(run_pgregion(words(call, {"--device", "0x10000"})), kUsage, {"0x10000"});
    expect_failure(run_pgregion(words(call, {"--device", "00:02.0", "--pasid", "9"})), kRefused, {"PASID 9", "0x59"});
    expect_failure(run_pgregion(words(call, {"--device", "00:03.0"})), kRefused, {"0000:00:03.0", "0x41"});
}

TEST_F(Registers, APasidOfAllOnesIsARequestWithoutOne)
{
    const Words call = words({"translate", source(vtd_scalable_region()), "0x100010", "--device", "00:02.0"}, rtaddr_);
    for (const char *pasid : {"0xffffffff", "none"})
        EXPECT_EQ(result(words(call, {"--pasid", pasid})).at("translations"), result(call).at("translations")) << pasid;
}

TEST_F(Registers, DevicesAreTakenAsLspciAndSysfsNameThem)
{
    const Words call = words({"devices", source(vtd_scalable_region())}, rtaddr_);
    const Words rows = devices(words(call, {"--device", "00:02.0"}));
    for (const char *device : {"0:2.0", "00:02", "2.0", "[00:02.0]", "/sys/bus/pci/devices/0000:00:02.0/", "0x10",
                               "00:02.0 VGA compatible controller: Intel Corporation"})
        EXPECT_EQ(devices(words(call, {"--device", device})), rows) << device;
    expect_failure(run_pgregion(words(call, {"--device", "0002:00:02.0"})), kUsage, {"PCI segment 0x2"});
    expect_failure(run_pgregion(words(call, {"--device", "02"})), kUsage, {"or 00:02.0?"});
}

TEST_F(Registers, VirtualAddressesAreNoPhysicalOnes)
{
    const std::string region = source(vtd_scalable_region());
    const std::string virtual_address = "0xffff888001001000";
    for (const Words &context : {Words{"--format", "vtd-root", "--root", virtual_address},
                                 Words{"--paddr", virtual_address}, Words{"--at", virtual_address}})
        expect_failure(run_pgregion(words({"devices", path("d.img")}, context)), kUsage,
                       {"looks like a kernel virtual address", "it is 0x1001000"});
    expect_failure(run_pgregion({"devices", path("d.img") + "@" + virtual_address}), kUsage, {"SOURCE@0xPA"});
}

TEST_F(Registers, CommandsThatHaveNoUseForThemRefuseThem)
{
    const std::string region = source(vtd_scalable_region());
    for (const Words &context : {rtaddr_, Words{"--registers", "f"}, Words{"--pasid", "1"}, Words{"--device", "1"}})
        expect_failure(run_pgregion(words({"info", region}, context)), kUsage, {"info", "does not take"});
    for (const Words &context : {Words{"--pasid", "1"}, Words{"--device", "1"}})
        expect_failure(run_pgregion(words({"free", region, "5"}, context)), kUsage, {"free", "does not take"});
}

TEST_F(Registers, PagesThatAnyUnitOrPasidUsesAreNotFreed)
{
    const std::string region = source(vtd_scalable_region());
    const Image before = read_image(path("d.img"));
    for (const char *page : {"3", "4", "5", "9", "14", "16"})
        expect_failure(run_pgregion(words({"free", region, page}, rtaddr_)), kRefused, {"points at it"});
    // The tables of the first unit end before stream 5; the second has it.
    TableImage image = smmu_region();
    image.put(1, 40, 0x100200b).put(1, 8, 0);
    const Words two{"--register", "strtab-base=0x1001000", "--register", "strtab-base-cfg=0x2",
                    "--register", "strtab-base=0x1001000", "--register", "strtab-base-cfg=0x3"};
    EXPECT_EQ(read_image(path("d.img")), before);
    expect_failure(run_pgregion(words({"free", source(image), "4"}, two)), kRefused, {"points at it"});
}

TEST_F(Registers, ParametersAndTheWidthGoWithARegisterWhichNamesTheFormat)
{
    const std::string region = source(riscv_region());
    const Words base{"--register", "ddtp=0x400402", "--param", "ddt=base"};
    EXPECT_EQ(devices(words({"devices", region}, base)).at(0), "2 0* 0 first-stage riscv");
    const Words narrow{"--register", "ddtp=0x400402", "--format", "riscv-ddt",
                       "--param",    "ddt=extended",  "--paw",    "32"};
    EXPECT_EQ(devices(words({"devices", region}, narrow)).size(), 6U);
    expect_failure(run_pgregion({"devices", region, "--register", "ddtp=0x400402", "--levels", "2"}), 16, {"--levels"});
}

}  // namespace

}  // namespace pgregion::test
