// SPDX-License-Identifier: GPL-2.0-or-later
//
// --registers FILE: the file is matched to an IOMMU by what it holds; what the registers leave open the tables decide,
// and what these do not decide is refused.
#include "cli/directory_test.h"
#include "support/fixtures.h"

namespace pgregion::test
{

namespace
{

class RegisterMatch : public DirectoryTest
{
protected:
    /// The arguments that read `region` by a file of `text`.
    Words by_file(const std::string &region, const std::string &text)
    {
        std::ofstream(path("registers.txt")) << text;
        return {"devices", region, "--registers", path("registers.txt")};
    }
};

constexpr std::string_view kVtdVersion = "fed90000: 0x0000000000000010 0x81d2008c222f0686\n"
                                         "fed90010: 0x0000880000f00f4a 0xc700000000000000\n";

TEST_F(RegisterMatch, VtdWithItsQueueRegistersIsNoSmmu)
{
    const std::string region = source(vtd_scalable_region());
    const std::string file = std::string(kVtdVersion) + "fed90020: 0x0000000001001400 0x0000000000000000\n"
                                                        "fed90080: 0x0000000000001a40 0x0000000000001a40\n";
    EXPECT_EQ(devices(by_file(region, file)), devices(words({"devices", region}, rtaddr_)));
}

TEST_F(RegisterMatch, RiscvWithItsQueueRegistersIsNotVtd)
{
    const std::string region = source(riscv_region());
    const std::string file = "03010000: 0x00000078e2cf4f10 0x0000000000000000\n"
                             "03010010: 0x0000000000400402 0x0000000020fa800c\n"
                             "03010020: 0x0000003c00000000 0x0000000020fc000b\n";
    EXPECT_EQ(devices(by_file(region, file)), devices(words({"devices", region}, ddtp_)));
}

TEST_F(RegisterMatch, MsiFlatInTheCapabilitiesDecidesHowLongDeviceContextsAre)
{
    const std::string region = source(riscv_region());
    const auto by = [&](const std::string &capabilities) {
        return devices(by_file(region, "03010000: " + capabilities + "\n03010010: 0x0000000000400402\n"));
    };
    EXPECT_EQ(by("0x00000078e2cf4f10"), devices(words({"devices", region}, ddtp_)));
    const Words base{"--register", "ddtp=0x400402", "--param", "ddt=base"};
    EXPECT_EQ(by("0x00000078c20f4f10"), devices(words({"devices", region}, base)));
    const Words named{"--register", "ddtp=0x400402", "--register", "capabilities=0x78c20f4f10"};
    EXPECT_EQ(devices(words({"devices", region}, named)), devices(words({"devices", region}, base)));
}

TEST_F(RegisterMatch, ByteOrderIsInFctl)
{
    const Words named{"--register", "ddtp=0x400402", "--register", "fctl=1", "--param", "ddt=extended"};
    const Words given{"--register", "ddtp=0x400402", "--param", "endian=big", "--param", "ddt=extended"};
    const std::string region = source(riscv_region());
    const ProgramOutcome by_register = run_pgregion(words({"devices", region, "--json"}, named));
    EXPECT_EQ(by_register.output, run_pgregion(words({"devices", region, "--json"}, given)).output);
    EXPECT_NE(by_register.output, run_pgregion(words({"devices", region, "--json"}, ddtp_)).output);
}

TEST_F(RegisterMatch, ParameterThatTheRegistersContradictIsAUsageError)
{
    const std::string region = source(riscv_region());
    const Words file = by_file(region, "03010000: 0x00000078c20f4f10\n03010010: 0x0000000000400402\n");
    expect_failure(run_pgregion(words(file, {"--param", "ddt=extended"})), kUsage,
                   {"--param ddt is not what the registers beside ddtp=0x400402 say", "leave --param ddt out"});
    EXPECT_EQ(run_pgregion(words(file, {"--param", "ddt=base"})).status, 0);
    expect_failure(
        run_pgregion(words({"devices", region}, {"--register", "rtaddr=0x1001000", "--param", "mode=scalable"})),
        kUsage, {"--param mode"});
}

TEST_F(RegisterMatch, FewContextsDoNotTellHowLongTheyAre)
{
    const std::string region = source(riscv_region());
    expect_failure(run_pgregion({"devices", region, "--register", "ddtp=0x400402"}), kCannot,
                   {"neither what was given nor the tables at 0x1001000 say", "ddt=base", "ddt=extended",
                    "give --param ddt=base or --param ddt=extended"});
}

/// A kernel's directory (Linux 7.2 on QEMU), whose contexts tell: without a register beside ddtp, and without any.
TEST_F(RegisterMatch, ContextsOfAKernelTellHowLongTheyAreAndThatIsSaid)
{
    const struct {
        const char *fixture;
        const char *ddtp;
        const char *contexts;
    } cases[] = {{"riscv-base-linux7.2", "0x20f74404", "ddt=base"},
                 {"riscv-ext-linux7.2", "0x20f9dc04", "ddt=extended"}};
    for (const auto &one : cases) {
        const auto packed = shared_fixture(std::string(one.fixture) + "/tables.raw.xz");
        PGREGION_SKIP_WITHOUT(packed, std::string(one.fixture) + "/tables.raw.xz");
        const Words by_register{"devices", packed->string() + "@0x80000000", "--register",
                                std::string("ddtp=") + one.ddtp};
        const ProgramOutcome guessed = run_pgregion(words(by_register, {"--json"}));
        const ProgramOutcome given = run_pgregion(words(by_register, {"--json", "--param", one.contexts}));
        ASSERT_EQ(guessed.status, 0) << guessed.errors;
        const Json result = Json::parse(guessed.output).at("results").at(0);
        EXPECT_EQ(result.at("devices"), Json::parse(given.output).at("results").at(0).at("devices"));
        EXPECT_EQ(result.at("devices").size(), 15U);
        EXPECT_EQ(result.at("source").at("guessed").at("parameters"), Json::array({one.contexts}));
        EXPECT_NE(guessed.errors.find(std::string("--param ") + one.contexts), std::string::npos) << guessed.errors;
        EXPECT_FALSE(Json::parse(given.output).at("results").at(0).at("source").contains("guessed"));
    }
}

TEST_F(RegisterMatch, RegistersOfTwoKindsThatTheTablesDoNotTellApartAreRefused)
{
    const std::string file = "03010010: 0x0000000000400402 0x0000000000000000\n03010020: 0x0000000001001000\n";
    expect_failure(run_pgregion(by_file(source(riscv_region()), file)), kCannot,
                   {"vtd-root at 0x1001000", "riscv-ddt at 0x1001000", "--format NAME"});
    EXPECT_EQ(run_pgregion(words(by_file(source(vtd_scalable_region()), file), {"--format", "vtd-root"})).status, 0);
}

TEST_F(RegisterMatch, ModeThatTheIommuDoesNotHaveIsNamed)
{
    const std::string file = "fed90000: 0x0000000000000010 0x00d2008c222f0686\n"
                             "fed90010: 0x0000000000f00f4a 0xc700000000000000\n"
                             "fed90020: 0x0000000001001400 0x0000000000000000\n";
    expect_failure(run_pgregion(by_file(source(vtd_scalable_region()), file)), kCannot,
                   {"rtaddr at 0xfed90020 is 0x1001400", "scalable mode, which this IOMMU does not have"});
}

TEST_F(RegisterMatch, UnitsOfTwoKindsInOneFileAreBothRead)
{
    const std::string file = std::string(kVtdVersion) + "fed90020: 0x0000000001001400 0x0000000000000000\n" +
                             "0c000000: 0x0d44101a\n0c000004: 0x02730010\n0c000080: 0x4000000001001000\n"
                             "0c000088: 0x00000006\n";
    const std::string region = source(vtd_scalable_region());
    const Words rows = devices(by_file(region, file));
    const Words of_vtd = devices(words({"devices", region}, rtaddr_));
    ASSERT_GE(rows.size(), of_vtd.size());
    EXPECT_TRUE(std::equal(of_vtd.begin(), of_vtd.end(), rows.begin()));
}

}  // namespace

}  // namespace pgregion::test
