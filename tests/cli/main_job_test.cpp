// SPDX-License-Identifier: GPL-2.0-or-later
//
// The main job on real input: devices and mappings by the command line, exactly as the kernel that wrote the
// tables says. The expected values come from that kernel (tests/fixtures/README.md), never from our own walker.
#include "cli/command_test.h"
#include "support/fixtures.h"
#include "support/run_program.h"

#include <fstream>

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace pgregion::test
{

namespace
{

using Json = nlohmann::json;

std::uint64_t number(const Json &text) { return std::stoull(text.get<std::string>(), nullptr, 16); }

/// A memory of the fixtures as a file, unpacked once for all tests of a process.
class MainJob : public testing::TestWithParam<std::pair<const char *, const char *>>
{
protected:
    void SetUp() override
    {
        folder_ = fixture(GetParam().first);
        memory_ =
            (std::filesystem::path(testing::TempDir()) / (std::string(GetParam().first) + ".main-job.raw")).string();
        const std::vector<std::byte> bytes = unpack(folder_ / "tables.raw.xz");
        write_sparse(bytes);
    }
    void TearDown() override { std::filesystem::remove(memory_); }

    /// 128 MiB of which 50 pages hold anything.
    void write_sparse(const std::vector<std::byte> &bytes) const
    {
        constexpr std::size_t kPage = 4096;
        const std::vector<std::byte> zeros(kPage);
        std::ofstream file(memory_, std::ios::binary);
        for (std::size_t at = 0; at < bytes.size(); at += kPage) {
            if (std::equal(zeros.begin(), zeros.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at)))
                continue;
            file.seekp(static_cast<std::streamoff>(at));
            file.write(reinterpret_cast<const char *>(bytes.data() + at), kPage);
        }
        file.close();
        std::filesystem::resize_file(memory_, bytes.size());
    }

    Json run(std::vector<std::string> arguments) const
    {
        arguments.insert(arguments.begin() + 1, memory_);
        for (const char *word : {"--format", "vtd-root", "--root", GetParam().second, "--json"})
            arguments.emplace_back(word);
        const ProgramOutcome outcome = run_pgregion(arguments);
        EXPECT_EQ(outcome.status, 0) << outcome.errors;
        return Json::parse(outcome.output).at("results").at(0);
    }

    std::filesystem::path folder_;
    std::string memory_;
};

TEST_P(MainJob, DevicesListsExactlyTheDevicesOfTheKernelsAccount)
{
    std::vector<DeviceRow> listed;
    const Json result = run({"devices"});
    for (const Json &row : result.at("devices")) {
        EXPECT_EQ(row.at("id"), device_id(row.at("bdf")));
        listed.push_back({.id = row.at("id"),
                          .domain_id = row.at("domain_id"),
                          .translation = row.at("translation"),
                          .levels = row.at("levels"),
                          .root = row.at("root").is_null() ? 0 : number(row.at("root"))});
    }
    EXPECT_EQ(listed, read_devices(folder_));
}

TEST_P(MainJob, MappingsOfEachDeviceAreTheKernelsOwn)
{
    const MapsOfDevices leaves = read_leaves(folder_);
    const KernelAccount account = read_kernel_account(folder_);
    for (const DeviceRow &device : read_devices(folder_)) {
        char bdf[16];
        std::snprintf(bdf, sizeof bdf, "%02x:%02x.%x", device.id >> 8, device.id >> 3 & 0x1f, device.id & 7);
        const Json result = run({"mappings", "--device", bdf});
        MapRows rows;
        for (const Json &row : result.at("mappings")) {
            EXPECT_EQ(row.at("device"), "0000:" + std::string(bdf));
            rows.push_back({number(row.at("iova")), number(row.at("pa")), number(row.at("size")), row.at("access")});
        }
        EXPECT_EQ(rows, merged(rows)) << bdf << ": rows are sorted and merged";
        const auto expected = leaves.find(device.id);
        EXPECT_EQ(rows, expected == leaves.end() ? MapRows{} : merged(expected->second)) << bdf;
        if (device.translation == "pass-through") {
            EXPECT_EQ(rows, MapRows{}) << bdf;
            EXPECT_EQ(result.at("notes").size(), 1U) << bdf;
            continue;
        }
        const auto domain = account.domain_of_device.find(device.id);
        if (domain == account.domain_of_device.end())
            continue;  // an alias behind the bridge: the kernel names the real devices only
        const auto kernel = account.maps_of_domain.find(domain->second);
        MapRows own = kernel == account.maps_of_domain.end() ? MapRows{} : kernel->second;
        MapRows seen = inside(account.windows, without_access(rows));
        // The kernel cannot show a translation to PA 0; the leaf of IOVA 0 is there all the same.
        if (!seen.empty() && seen.front().iova == 0 && seen.front().pa == 0) {
            seen.front() = {0x1000, 0x1000, seen.front().size - 0x1000, ""};
        }
        EXPECT_EQ(merged(seen), merged(own)) << bdf;
    }
}

INSTANTIATE_TEST_SUITE_P(KernelMade, MainJob,
                         testing::Values(std::pair("vtd-legacy-4level", "0x196000"),
                                         std::pair("vtd-passthrough", "0xdc9000")),
                         [](const auto &param) { return std::string(param.param.first).substr(4, 6); });

}  // namespace

}  // namespace pgregion::test
