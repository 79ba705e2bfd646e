// SPDX-License-Identifier: GPL-2.0-or-later
//
// The main job on real input: devices and mappings by the command line, exactly as the kernel that wrote the
// tables says. The expected values come from that kernel (tests/fixtures/README.md), never from our own walker.
#include "cli/command_test.h"
#include "support/fixtures.h"
#include "support/run_program.h"

#include <fstream>
#include <optional>

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace pgregion::test
{

namespace
{

using Json = nlohmann::json;

std::uint64_t number(const Json &text) { return std::stoull(text.get<std::string>(), nullptr, 16); }

/// A memory of the fixtures as a file; 128 MiB of which some pages hold anything.
class KernelMemory : public testing::Test
{
protected:
    void unpack_memory(const std::string &name)
    {
        folder_ = fixture(name);
        memory_ = directory_.path(name + ".raw");
        write_sparse(unpack(folder_ / "tables.raw.xz"));
    }

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

    Json run(std::vector<std::string> arguments, const std::vector<std::string> &context) const
    {
        arguments.insert(arguments.begin() + 1, memory_);
        arguments.insert(arguments.end(), context.begin(), context.end());
        arguments.emplace_back("--json");
        const ProgramOutcome outcome = run_pgregion(arguments);
        EXPECT_EQ(outcome.status, 0) << outcome.errors;
        EXPECT_EQ(without_guess_notes(outcome.errors), "");
        return Json::parse(outcome.output).at("results").at(0);
    }

    static DeviceRow device_row(const Json &row)
    {
        EXPECT_EQ(row.at("id"), device_id(row.at("bdf")));
        EXPECT_EQ(row.at("last_id"), row.at("id"));
        return {.id = row.at("id"),
                .domain_id = row.at("domain_id"),
                .translation = row.at("translation"),
                .levels = row.at("levels").is_null() ? 0 : row.at("levels").get<unsigned>(),
                .root = row.at("root").is_null() ? 0 : number(row.at("root"))};
    }

    std::filesystem::path folder_;
    std::string memory_;

private:
    TemporaryDirectory directory_;
};

/// With format and root by options: folder and root.
class MainJob : public KernelMemory, public testing::WithParamInterface<std::pair<const char *, const char *>>
{
protected:
    void SetUp() override { unpack_memory(GetParam().first); }

    Json run(const std::vector<std::string> &arguments) const
    {
        return KernelMemory::run(arguments, {"--format", "vtd-root", "--root", GetParam().second});
    }
};

TEST_P(MainJob, DevicesListsExactlyTheDevicesOfTheKernelsAccount)
{
    std::vector<DeviceRow> listed;
    const Json result = run({"devices"});
    for (const Json &row : result.at("devices"))
        listed.push_back(device_row(row));
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

// ---- by the registers that came with the memory --------------------------------------------------------------

struct RegisterCase {
    const char *folder;
    const char *paddr;
    const char *format;  ///< of the tables that devices have; one per memory
    bool has_pasids;     ///< every device is one PASID, 0, which its requests without PASID use
};
void PrintTo(const RegisterCase &one, std::ostream *out) { *out << one.folder; }

class MainJobByRegisters : public KernelMemory, public testing::WithParamInterface<RegisterCase>
{
protected:
    void SetUp() override { unpack_memory(GetParam().folder); }

    Json run(const std::vector<std::string> &arguments) const
    {
        return KernelMemory::run(arguments,
                                 {"--paddr", GetParam().paddr, "--registers", (folder_ / "registers.txt").string()});
    }
};

TEST_P(MainJobByRegisters, DevicesAreThoseOfTheKernelsAccountAndNoOthers)
{
    std::vector<DeviceRow> listed;
    const Json result = run({"devices"});
    for (const Json &row : result.at("devices")) {
        listed.push_back(device_row(row));
        EXPECT_EQ(row.at("pasid"), GetParam().has_pasids ? Json(0) : Json(nullptr));
        EXPECT_EQ(row.at("rid_pasid"), GetParam().has_pasids);
        EXPECT_EQ(row.at("unit"), 0);
        EXPECT_EQ(row.at("outer"), nullptr);
        EXPECT_EQ(row.at("format"), row.at("root").is_null() ? Json(nullptr) : Json(GetParam().format));
    }
    EXPECT_EQ(listed, read_devices(folder_));
    EXPECT_EQ(result.at("problems"), Json::array());
}

/// Reading and writing: that is what the kernel was asked for. Tables that can say so let devices execute besides.
TEST_P(MainJobByRegisters, MappingsAreTheKernelsLeaves)
{
    const Json result = run({"mappings"});
    MapsOfDevices rows;
    for (const Json &row : result.at("mappings")) {
        std::string access = row.at("access");
        std::erase(access, 'x');
        rows[device_id(row.at("device"))].push_back(
            {number(row.at("iova")), number(row.at("pa")), number(row.at("size")), access});
    }
    MapsOfDevices expected;
    for (const auto &[device, leaves] : read_leaves(folder_))
        expected[device] = merged(leaves);
    EXPECT_EQ(rows, expected);
    // Neighbours without tables share a note.
    std::size_t notes = 0;
    std::optional<std::uint32_t> last;
    for (const DeviceRow &device : read_devices(folder_)) {
        if (device.root != 0)
            continue;
        notes += last && *last + 1 == device.id ? 0U : 1U;
        last = device.id;
    }
    EXPECT_EQ(result.at("notes").size(), notes);
    EXPECT_EQ(result.at("problems"), Json::array());
}

INSTANTIATE_TEST_SUITE_P(KernelMade, MainJobByRegisters,
                         testing::Values(RegisterCase{"vtd-legacy-4level", "0", "vtd-ss", false},
                                         RegisterCase{"vtd-passthrough", "0", "vtd-ss", false},
                                         RegisterCase{"vtd-scalable", "0", "vtd-ss", true},
                                         RegisterCase{"amd-v1", "0", "amd-v1", false},
                                         RegisterCase{"smmuv3-s1", "0x40000000", "arm-s1", false}),
                         [](const auto &param) {
                             std::string name = param.param.folder;
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

class KernelColumns : public KernelMemory
{
};

TEST_F(KernelColumns, DecodeAsIntelDebugfsIsWhatTheKernelPrinted)
{
    unpack_memory("vtd-passthrough");
    const ProgramOutcome outcome =
        run_pgregion({"decode", memory_, "--registers", (folder_ / "registers.txt").string(), "--as", "intel-debugfs"});
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    // The kernel heads devices that pass through, too, by the root of a domain that it does not use.
    const std::string kernel = unpack_text(folder_ / "debugfs-domain_translation_struct.txt.zst");
    EXPECT_EQ(outcome.output, kernel.substr(kernel.find("Device 0000:03:00.0 ")));
}

}  // namespace

}  // namespace pgregion::test
