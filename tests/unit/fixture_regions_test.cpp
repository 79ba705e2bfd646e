// SPDX-License-Identifier: GPL-2.0-or-later
//
// The same tables, copied by a kernel into regions: a root table with its context tables in one region, each
// domain in one of its own (regions/copied-by-module, see tests/fixtures/README.md).
#include "support/fixtures.h"
#include "support/walk_record.h"

#include <pgregion/format.h>
#include <pgregion/memory_source.h>
#include <pgregion/walk.h>

#include <list>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;

constexpr std::uint64_t kRootTable = 0x6801000;

DirectoryRequest directory()
{
    const DirectoryFormat *format = find_directory_format("vtd-root");
    return {format, default_params(*format), PhysAddr(kRootTable)};
}

WalkRequest tables_of(const Device &device)
{
    WalkRequest request;
    request.format = device.translation.format;
    request.params = device.translation.params;
    request.root = device.translation.root;
    return request;
}

/// Some regions joined into one memory.
struct Joined {
    explicit Joined(std::initializer_list<unsigned> numbers)
    {
        for (const unsigned number : numbers) {
            regions.push_back(read_region(number));
            EXPECT_EQ(memory.add(PhysAddr(regions.back().address), regions.back().bytes), std::nullopt);
        }
    }
    std::list<RegionFixture> regions;
    PiecewiseMemory memory;
};

std::vector<Device> devices_of(const MemorySource &memory)
{
    DirectoryRecorder recorder;
    EXPECT_TRUE(walk_directory(memory, directory(), recorder).root_readable);
    EXPECT_THAT(recorder.problems, IsEmpty());
    return recorder.devices;
}

TEST(CopiedRegions, RegionsLieWhereTheirNamesSay)
{
    for (unsigned number = 0; number < 12; ++number) {
        const RegionFixture region = read_region(number);
        EXPECT_EQ(region.address, 0x6000000 + number * 0x200000ULL);
        EXPECT_EQ(region.bytes.size(), 2097152U);
    }
}

TEST(CopiedRegions, TheRootRegionAloneListsEveryDeviceOfTheRawSave)
{
    const Joined joined{4};
    std::vector<std::pair<std::uint32_t, std::uint32_t>> found;  // id, domain
    for (const Device &device : devices_of(joined.memory))
        found.emplace_back(device.id, device.translation.domain_id);
    std::vector<std::pair<std::uint32_t, std::uint32_t>> expected;
    for (const DeviceRow &row : read_devices(fixture("vtd-legacy-4level")))
        expected.emplace_back(row.id, row.domain_id);
    EXPECT_THAT(found, ElementsAreArray(expected));
}

TEST(CopiedRegions, TheFirstSevenDevicesHaveTheMappingsOfTheRawSave)
{
    const Joined joined{4, 5, 6, 7, 8, 9, 10, 11};
    const MapsOfDevices leaves = read_leaves(fixture("vtd-legacy-4level"));
    const std::vector<Device> devices = devices_of(joined.memory);
    for (std::uint32_t slot = 0; slot < 7; ++slot) {
        const Device &device = devices.at(slot);
        ASSERT_EQ(device.id, slot << 3);
        // Root page of region 5 for 00:00.0, region 6 for 00:01.0 and so on, as pgr.log tells.
        EXPECT_EQ(device.translation.root, PhysAddr(0x6a01000 + slot * 0x200000ULL));
        LeafRecord record;
        const WalkOutcome outcome = walk_tables(joined.memory, tables_of(device), record);
        EXPECT_TRUE(outcome.root_readable);
        EXPECT_FALSE(outcome.incomplete);
        const MapRows expected = leaves.contains(device.id) ? leaves.at(device.id) : MapRows{};
        EXPECT_THAT(record.rows, ElementsAreArray(expected)) << "device 0x" << std::hex << device.id;
        EXPECT_THAT(merged_by_walker(joined.memory, tables_of(device)), ElementsAreArray(merged(expected)));
    }
}

TEST(CopiedRegions, SlotsTwoToFourMapSomethingAndTheOthersNothing)
{
    const MapsOfDevices leaves = read_leaves(fixture("vtd-legacy-4level"));
    EXPECT_EQ(leaves.at(0x10).size(), 258U);
    EXPECT_EQ(leaves.at(0x18).size(), 26U);
    EXPECT_EQ(leaves.at(0x20).size(), 320U);
    for (const std::uint32_t id : {0x00U, 0x08U, 0x28U, 0x30U})
        EXPECT_FALSE(leaves.contains(id));
}

TEST(CopiedRegions, TheOtherDevicesPointOutsideAndATranslationSaysSo)
{
    const Joined joined{4, 5, 6, 7, 8, 9, 10, 11};
    const std::vector<Device> devices = devices_of(joined.memory);
    ASSERT_EQ(devices.size(), 15U);
    for (std::size_t i = 7; i < devices.size(); ++i) {
        LeafRecord record;
        EXPECT_FALSE(walk_tables(joined.memory, tables_of(devices[i]), record).root_readable);
        EXPECT_THAT(record.rows, IsEmpty());
        const auto result = translate(joined.memory, tables_of(devices[i]), Iova(0x1000), Access::read());
        EXPECT_FALSE(result.mapped);
        ASSERT_TRUE(result.fault.has_value());
        EXPECT_EQ(result.fault->fault.cause, FaultCause::root_unreadable);
        EXPECT_EQ(result.fault->fault.code, 0x3);
    }
}

TEST(CopiedRegions, ARegionWithoutTheOthersLacksTheRoots)
{
    const Joined joined{4};
    for (const Device &device : devices_of(joined.memory)) {
        LeafRecord record;
        EXPECT_FALSE(walk_tables(joined.memory, tables_of(device), record).root_readable);
    }
}

TEST(CopiedRegions, ADomainsRegionIsWalkedFromItsRootPage)
{
    const Joined joined{8};
    WalkRequest request;
    request.format = find_table_format("vtd-ss");
    request.params = default_params(*request.format, 4);
    request.root = PhysAddr(0x7001000);
    EXPECT_THAT(merged_by_walker(joined.memory, request),
                ElementsAreArray(merged(read_leaves(fixture("vtd-legacy-4level")).at(0x18))));
}

}  // namespace
}  // namespace pgregion::test
