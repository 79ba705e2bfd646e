// SPDX-License-Identifier: GPL-2.0-or-later
//
// What `check` says of the tables that real, healthy kernels wrote: nothing but what the kernel, or the hand that gave it
// work, did. Every finding of every fixture stands here with its reason, so that a false alarm is a failure.
#include "cli/command_test.h"
#include "support/fixtures.h"

#include <map>
#include <ostream>
#include <tuple>

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace pgregion::test
{

namespace
{

using Json = nlohmann::json;

/// Findings of one code and severity, and why they are true.
struct Deserved {
    const char *code;
    const char *severity;
    unsigned count;
    const char *reason;
};

constexpr const char *kEmptyDomain = "domains without DMA have a root page of zeros";
constexpr const char *kPassThrough = "the kernel was told to give these devices identity domains";
constexpr const char *kWriteOnly = "the kernel keeps requests to write only";
constexpr const char *kByHand = "domains made by hand got the same memory";
constexpr const char *kIdentity = "a domain made by hand got memory of the identity map of 00:1f.x";
constexpr const char *kIdentityMap = "the kernel maps the first 16 MiB to 00:1f.x, its tables there included";
constexpr const char *kDoorbell = "the doorbell of message interrupts is in every domain";
constexpr const char *kBuffers = "two network cards have receive buffers in one page";
constexpr const char *kPrivileged = "mapped with IOMMU_PRIV";
constexpr const char *kLargeByHand = "00:06.0 was given a leaf of 1 GiB by hand, over the kernel's memory";
constexpr const char *kNestParent = "PASID 65 is the parent of nested domains and maps all memory, tables included";

struct Host {
    const char *folder;
    const char *base;  ///< behind the file's name
    std::vector<Deserved> findings;
};

void PrintTo(const Host &host, std::ostream *out) { *out << host.folder; }

const std::vector<Host> &hosts()
{
    static const std::vector<Host> all{
        {"amd-v1", "", {{"leaf-write-only", "info", 4, kWriteOnly}, {"table-empty", "info", 1, kEmptyDomain}}},
        {"amd-v1-7.3",
         "",
         {{"leaf-write-only", "info", 4, kWriteOnly},
          {"memory-shared", "info", 1, kBuffers},
          {"table-empty", "info", 1, kEmptyDomain}}},
        {"amd-v2-4level-7.3", "", {{"table-empty", "info", 1, kEmptyDomain}}},
        {"riscv-base-linux7.2",
         "@0x80000000",
         {{"device-pass-through", "warning", 14, kPassThrough}, {"table-empty", "info", 1, kEmptyDomain}}},
        {"riscv-ext-linux7.2",
         "@0x80000000",
         {{"device-pass-through", "warning", 10, kPassThrough},
          {"memory-shared", "warning", 10, kByHand},  // five domains
          {"table-empty", "info", 1, kEmptyDomain}}},
        {"smmuv3-16k-linux7.3",
         "@0x40000000",
         {{"memory-shared", "info", 7, kDoorbell},
          {"memory-shared", "warning", 3, kByHand},
          {"supervisor-only", "info", 1, kPrivileged},
          {"table-empty", "info", 1, kEmptyDomain}}},
        {"smmuv3-4k-linux7.3",
         "@0x40000000",
         {{"memory-shared", "info", 7, kDoorbell},
          {"memory-shared", "warning", 3, kByHand},
          {"supervisor-only", "info", 1, kPrivileged},
          {"table-empty", "info", 1, kEmptyDomain}}},
        {"smmuv3-s1",
         "@0x40000000",
         {{"large-leaf-covers-tables", "error", 1, kLargeByHand},
          {"leaf-maps-directory", "error", 1, kLargeByHand},
          {"memory-shared", "info", 5, kDoorbell},
          {"memory-shared", "info", 1, kBuffers},
          {"memory-shared", "warning", 4, kLargeByHand},
          {"table-empty", "info", 1, kEmptyDomain}}},
        {"smmuv3-two-units-linux7.3", "@0x40000000", {{"memory-shared", "info", 14, kDoorbell}}},
        {"vtd-first-stage-7.3",
         "",
         {{"memory-shared", "warning", 1, kIdentity}, {"table-empty", "info", 1, kEmptyDomain}}},
        {"vtd-legacy-4level",
         "",
         {{"leaf-maps-directory", "error", 5, kIdentityMap},
          {"leaf-maps-tables", "error", 19, kIdentityMap},
          {"memory-shared", "warning", 1, kIdentity},
          {"table-empty", "info", 1, kEmptyDomain}}},
        {"vtd-legacy-crash-kernel-copy-7.3",
         "",
         {{"leaf-write-only", "info", 1, kWriteOnly},
          {"memory-shared", "warning", 1, kIdentity},
          {"table-empty", "info", 1, kEmptyDomain}}},
        {"vtd-pasid-nested-5level-7.3",
         "",
         {{"large-leaf-covers-tables", "error", 5, kNestParent},
          {"leaf-maps-directory", "error", 4, kNestParent},
          {"leaf-write-only", "info", 2, kWriteOnly},
          {"memory-shared", "warning", 14, kByHand},  // all pairs of six domains but PASIDs 5 and 6
          {"table-empty", "info", 1, kEmptyDomain}}},
        {"vtd-passthrough",
         "",
         {{"device-pass-through", "warning", 13, kPassThrough}, {"table-empty", "info", 1, kEmptyDomain}}},
        {"vtd-scalable",
         "",
         {{"memory-shared", "info", 1, kBuffers},
          {"memory-shared", "warning", 1, kIdentity},
          {"table-empty", "info", 1, kEmptyDomain}}},
        {"vtd-scalable-passthrough-7.3",
         "",
         {{"device-pass-through", "warning", 13, kPassThrough},
          {"leaf-write-only", "info", 1, kWriteOnly},
          {"table-empty", "info", 1, kEmptyDomain}}},
    };
    return all;
}

/// How often each code is found with each severity.
using Counts = std::map<std::pair<std::string, std::string>, unsigned>;

class HealthyKernels : public CommandTest, public testing::WithParamInterface<Host>
{
};

TEST_P(HealthyKernels, HaveNoFindingsButThoseOfTheList)
{
    const Host &host = GetParam();
    const std::string folder = host.folder;
    const auto tables = shared_fixture(folder + "/tables.raw.xz");
    const auto registers = shared_fixture(folder + "/registers.txt");
    PGREGION_SKIP_WITHOUT(tables && registers, folder);
    Counts expected;
    for (const Deserved &finding : host.findings)
        expected[{finding.code, finding.severity}] += finding.count;
    const ProgramOutcome outcome =
        run_pgregion({"check", tables->string() + host.base, "--registers", registers->string(), "--json"});
    const Json document = Json::parse(outcome.output, nullptr, false);
    ASSERT_FALSE(document.is_discarded()) << outcome.errors;
    ASSERT_EQ(document.at("results").size(), 1U) << outcome.errors;
    const Json &result = document.at("results").at(0);
    EXPECT_FALSE(result.at("truncated").get<bool>());
    Counts found;
    for (const Json &finding : result.at("findings"))
        ++found[{finding.at("code").get<std::string>(), finding.at("severity").get<std::string>()}];
    EXPECT_EQ(found, expected) << outcome.output.substr(0, 4000);
}

std::string name_of(const testing::TestParamInfo<Host> &info)
{
    std::string name = info.param.folder;
    std::ranges::replace_if(
        name, [](unsigned char letter) { return std::isalnum(letter) == 0; }, '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(All, HealthyKernels, testing::ValuesIn(hosts()), name_of);

/// Two drivers' buffers, as the kernel's own account of 00:02.0 and 01:00.0 has them.
TEST_F(CommandTest, CheckNamesBothDomainsOfASharedPage)
{
    const auto tables = shared_fixture("amd-v1-7.3/tables.raw.xz");
    const auto registers = shared_fixture("amd-v1-7.3/registers.txt");
    PGREGION_SKIP_WITHOUT(tables && registers, "amd-v1-7.3");
    const std::string text = output_of({"check", tables->string(), "--registers", registers->string()});
    EXPECT_THAT(text,
                testing::HasSubstr(
                    "device 0000:00:02.0 (domain 3, tables at 0x29aa000, IOVA 0xffffb000) and device 0000:01:00.0 "
                    "and 3 more (domain 10, tables at 0x29f6000, IOVA 0xffcb0000) can write the same memory: "
                    "0x38c0000 to 0x38c0fff; 4K in all, pages: 1"));
}

/// The kernel was asked to map IOVA 0x730000 of 00:07.0 with IOMMU_PRIV (commands.txt: rwp).
TEST_F(CommandTest, TranslateSaysThatAPageIsForPrivilegedRequestsAlone)
{
    const auto tables = shared_fixture("smmuv3-4k-linux7.3/tables.raw.xz");
    const auto registers = shared_fixture("smmuv3-4k-linux7.3/registers.txt");
    PGREGION_SKIP_WITHOUT(tables && registers, "smmuv3-4k-linux7.3");
    const ProgramOutcome outcome = run_pgregion({"translate", tables->string() + "@0x40000000", "--registers",
                                                 registers->string(), "--device", "0000:00:07.0", "0x730000"});
    EXPECT_THAT(outcome.output, testing::HasSubstr("PA 0x46000000  (4K page, for privileged requests alone)"));
    EXPECT_THAT(outcome.output, testing::HasSubstr("smmuv3 fault 0x13: F_PERMISSION (stage 1)"));
}

}  // namespace

}  // namespace pgregion::test
