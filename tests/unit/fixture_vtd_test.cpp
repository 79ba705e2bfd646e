// SPDX-License-Identifier: GPL-2.0-or-later
//
// VT-d tables in legacy mode that a real kernel made: devices and mappings must be exactly what the kernel and a
// separately written walker say (tests/fixtures/README.md). Nothing expected here comes from the code under test.
#include "support/fixtures.h"
#include "support/walk_record.h"

#include <pgregion/format.h>
#include <pgregion/memory_source.h>
#include <pgregion/walk.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;

DirectoryRequest directory_at(std::uint64_t root)
{
    const DirectoryFormat *format = find_directory_format("vtd-root");
    return {format, default_params(*format), PhysAddr(root)};
}

DeviceRow row_of(const Device &device)
{
    return {device.id, device.translation.domain_id, std::string(name(device.translation.kind)),
            device.translation.params.levels, device.translation.root.value()};
}

std::vector<Device> devices_of(const MemorySource &memory, std::uint64_t root)
{
    DirectoryRecorder recorder;
    const WalkOutcome outcome = walk_directory(memory, directory_at(root), recorder);
    EXPECT_TRUE(outcome.root_readable);
    EXPECT_FALSE(outcome.truncated);
    EXPECT_FALSE(outcome.incomplete);
    EXPECT_THAT(recorder.problems, IsEmpty());
    return recorder.devices;
}

std::vector<DeviceRow> rows_of(const std::vector<Device> &devices)
{
    std::vector<DeviceRow> rows;
    for (const Device &device : devices)
        rows.push_back(row_of(device));
    return rows;
}

WalkRequest tables_of(const Device &device)
{
    WalkRequest request;
    request.format = device.translation.format;
    request.params = device.translation.params;
    request.root = device.translation.root;
    return request;
}

/// One memory with the folder of its account.
struct Save {
    std::string folder;
    std::uint64_t root;
    std::string shared_file;  ///< empty: tables.raw.xz of the folder
};

void PrintTo(const Save &save, std::ostream *out)
{
    *out << save.folder << (save.shared_file.empty() ? "" : " (whole memory)");
}

/// Reads the memory of a save; the test is skipped when it is a large one that is not there.
class KernelSave : public testing::TestWithParam<Save>
{
protected:
    void SetUp() override
    {
        folder_ = fixture(GetParam().folder);
        std::optional<std::filesystem::path> file = folder_ / "tables.raw.xz";
        if (!GetParam().shared_file.empty())
            file = shared_fixture(GetParam().shared_file);
        PGREGION_SKIP_WITHOUT(file, GetParam().shared_file);
        memory_.add(PhysAddr(0), unpack(*file));
    }

    [[nodiscard]] std::vector<Device> devices() const { return devices_of(memory_, GetParam().root); }

    /// Merged mappings of each device that has tables of its own.
    [[nodiscard]] MapsOfDevices mappings() const
    {
        MapsOfDevices maps;
        for (const Device &device : devices()) {
            if (device.translation.format != nullptr)
                maps[device.id] = merged_by_walker(memory_, tables_of(device));
        }
        return maps;
    }

    std::filesystem::path folder_;
    PiecewiseMemory memory_;
};

TEST_P(KernelSave, DevicesAreExactlyThoseOfTheAccount)
{
    EXPECT_THAT(rows_of(devices()), ElementsAreArray(read_devices(folder_)));
}

TEST_P(KernelSave, MappingsOfEveryDeviceAreTheLeavesThatAnotherWalkerFound)
{
    const MapsOfDevices expected = read_leaves(folder_);
    for (const auto &[id, rows] : mappings()) {
        SCOPED_TRACE(testing::Message() << "device 0x" << std::hex << id);
        const MapRows leaves = expected.contains(id) ? expected.at(id) : MapRows{};
        EXPECT_THAT(rows, ElementsAreArray(merged(leaves)));
    }
    for (const auto &[id, rows] : expected)
        EXPECT_TRUE(mappings().contains(id)) << "device 0x" << std::hex << id;
}

TEST_P(KernelSave, EveryLeafHasTheSizeThatAnotherWalkerFound)
{
    const MapsOfDevices expected = read_leaves(folder_);
    for (const Device &device : devices()) {
        if (device.translation.format == nullptr)
            continue;
        LeafRecord leaves;
        const WalkOutcome outcome = walk_tables(memory_, tables_of(device), leaves);
        EXPECT_TRUE(outcome.root_readable);
        EXPECT_FALSE(outcome.truncated);
        EXPECT_FALSE(outcome.incomplete);
        const MapRows rows = expected.contains(device.id) ? expected.at(device.id) : MapRows{};
        EXPECT_THAT(leaves.rows, testing::UnorderedElementsAreArray(rows)) << "device 0x" << std::hex << device.id;
    }
}

TEST_P(KernelSave, MappingsAreWhatTheKernelTranslatesInItsWindows)
{
    const KernelAccount account = read_kernel_account(folder_);
    const MapsOfDevices found = mappings();
    for (const auto &[id, domain] : account.domain_of_device) {
        if (!found.contains(id))  // pass-through: the kernel keeps no tables
            continue;
        MapRows rows = without_access(found.at(id));
        // The kernel's iova_to_phys() answers 0 for "nothing", so IOVA 0 to PA 0 cannot be seen that way.
        for (MapRow &row : rows) {
            if (row.iova == 0 && row.pa == 0) {
                row = {0x1000, 0x1000, row.size - 0x1000, ""};
            }
        }
        const auto expected = account.maps_of_domain.find(domain);
        EXPECT_THAT(merged(inside(account.windows, rows)),
                    ElementsAreArray(expected == account.maps_of_domain.end() ? MapRows{} : merged(expected->second)))
            << "device 0x" << std::hex << id;
    }
}

TEST_P(KernelSave, MappingsAreTheLiveSetOfTheDriversCallsWithTheAccessAskedFor)
{
    const MapsOfDevices requested = read_requested_maps(folder_);
    const MapsOfDevices found = mappings();
    for (const auto &[id, domain] : read_kernel_account(folder_).domain_of_device) {
        if (!found.contains(id))
            continue;
        MapRows rows = requested.contains(id) ? requested.at(id) : MapRows{};
        for (MapRow &row : rows) {
            if (row.access == "w")  // VT-d of Linux 6.1 makes write-only read-write
                row.access = "rw";
        }
        EXPECT_THAT(found.at(id), ElementsAreArray(merged(rows))) << "device 0x" << std::hex << id;
    }
}

TEST_P(KernelSave, TranslateAgreesWithTheLeavesAtTheirEndsAndBetween)
{
    const MapsOfDevices leaves = read_leaves(folder_);
    for (const auto &[id, rows] : leaves) {
        const auto lookup = find_device(memory_, directory_at(GetParam().root), {id, {}});
        ASSERT_TRUE(lookup.device.has_value());
        const Device &device = *lookup.device;
        for (const MapRow &row : merged(rows)) {
            for (const std::uint64_t skip : {std::uint64_t{0}, row.size / 2 + 7, row.size - 1}) {
                const auto result = translate(memory_, tables_of(device), Iova(row.iova + skip), Access::read());
                ASSERT_TRUE(result.mapped) << std::hex << row.iova + skip;
                EXPECT_EQ(result.pa, PhysAddr(row.pa + skip));
                EXPECT_EQ(letters(result.access), row.access);
                EXPECT_FALSE(result.fault.has_value());
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(VtdLegacy, KernelSave,
                         testing::Values(Save{"vtd-legacy-4level", 0x196000, ""}, Save{"vtd-passthrough", 0xdc9000, ""},
                                         Save{"vtd-passthrough", 0xdc9000, "vtd-passthrough/memory.raw.zst"}));

TEST(KernelSaveFacts, PassThroughDevicesHaveLevelsAndNoTables)
{
    const auto &bytes = unpack(fixture("vtd-passthrough") / "tables.raw.xz");
    PiecewiseMemory memory;
    memory.add(PhysAddr(0), bytes);
    const std::vector<Device> devices = devices_of(memory, 0xdc9000);
    ASSERT_EQ(devices.size(), 15U);
    EXPECT_EQ(devices[0].translation.kind, TranslationKind::pass_through);
    EXPECT_EQ(devices[0].translation.format, nullptr);
    EXPECT_EQ(devices[0].translation.params.levels, 4);
    EXPECT_EQ(devices[14].translation.kind, TranslationKind::second_stage);
}

TEST(KernelSaveFacts, TheIdentityMapOfLegacyDevicesStartsAtZero)
{
    const auto &bytes = unpack(fixture("vtd-legacy-4level") / "tables.raw.xz");
    PiecewiseMemory memory;
    memory.add(PhysAddr(0), bytes);
    const auto lookup = find_device(memory, directory_at(0x196000), {0x00f8, {}});
    ASSERT_TRUE(lookup.device.has_value());
    EXPECT_THAT(merged_by_walker(memory, tables_of(*lookup.device)), ElementsAre(MapRow{0, 0, 0x1000000, "rw"}));
}

TEST(KernelSaveFacts, TheUnmanagedDomainHasEverySizeAndAccess)
{
    const auto &bytes = unpack(fixture("vtd-legacy-4level") / "tables.raw.xz");
    PiecewiseMemory memory;
    memory.add(PhysAddr(0), bytes);
    const auto lookup = find_device(memory, directory_at(0x196000), {0x0300, {}});
    ASSERT_TRUE(lookup.device.has_value());
    EXPECT_THAT(merged_by_walker(memory, tables_of(*lookup.device)),
                ElementsAre(MapRow{0x0, 0x100000, 0x8000, "rw"}, MapRow{0x200000, 0x600000, 0x200000, "rw"},
                            MapRow{0x400000, 0x600000, 0x200000, "r"}, MapRow{0x700000, 0x600000, 0x5000, "rw"},
                            MapRow{0x7fff000, 0x200000, 0x2000, "rw"}, MapRow{0x40000000, 0x40000000, 0x40000000, "rw"},
                            MapRow{0x1000000000, 0x600000, 0x200000, "rw"}, MapRow{0x1000200000, 0x600000, 0x3000, "r"},
                            MapRow{0x10000000000, 0x600000, 0x200000, "rw"}));
}

}  // namespace
}  // namespace pgregion::test
