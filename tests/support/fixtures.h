// SPDX-License-Identifier: GPL-2.0-or-later
//
// Tables that a real kernel made, and the kernel's own account of them (tests/fixtures/README.md). Small ones
// stand in tests/fixtures; whole memories lie in a folder beside the project, which may be missing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace pgregion::test
{

/// A file or folder below tests/fixtures.
[[nodiscard]] std::filesystem::path fixture(const std::string &relative);

/// A file among the fixtures that are too big for the project: in $PGREGION_SHARED/fixtures, or in
/// ../shared/fixtures beside the source tree. Nothing when it is not there; see PGREGION_SKIP_WITHOUT.
[[nodiscard]] std::optional<std::filesystem::path> shared_fixture(const std::string &relative);

/// The contents of a .xz or .zst file, unpacked by the tool of that format, once in a process. Throws std::runtime_error
/// when the tool fails or the result is larger than 512 MiB.
[[nodiscard]] const std::vector<std::byte> &unpack(const std::filesystem::path &file);
[[nodiscard]] std::string unpack_text(const std::filesystem::path &file);

/// "0000:02:01.0" or "02:01.0" as bus, device, function in one number: 0x0208.
[[nodiscard]] std::uint32_t device_id(const std::string &bdf);

/// A row of devices.tsv.
struct DeviceRow {
    std::uint32_t id = 0;
    std::uint32_t domain_id = 0;
    std::string translation;
    unsigned levels = 0;
    std::uint64_t root = 0;
    friend bool operator==(const DeviceRow &, const DeviceRow &) = default;
};
void PrintTo(const DeviceRow &row, std::ostream *out);
[[nodiscard]] std::vector<DeviceRow> read_devices(const std::filesystem::path &folder);

/// A piece of a device's address space. `access` is one of "", "r", "w", "rw".
struct MapRow {
    std::uint64_t iova = 0;
    std::uint64_t pa = 0;
    std::uint64_t size = 0;
    std::string access;
    friend auto operator<=>(const MapRow &, const MapRow &) = default;
};
void PrintTo(const MapRow &row, std::ostream *out);
using MapRows = std::vector<MapRow>;
using MapsOfDevices = std::map<std::uint32_t, MapRows>;

/// leaves.tsv.zst: every leaf as a separately written walker found it, by device.
[[nodiscard]] MapsOfDevices read_leaves(const std::filesystem::path &folder);
/// kernel-maps.tsv.zst: what drivers asked for and did not take back, by device.
[[nodiscard]] MapsOfDevices read_requested_maps(const std::filesystem::path &folder);

/// kernel-iova-to-phys.txt.zst: the kernel's own translation, without access.
struct KernelAccount {
    std::map<std::uint32_t, std::string> domain_of_device;
    std::map<std::string, MapRows> maps_of_domain;
    std::vector<MapRow> windows;  ///< the IOVAs that were asked: iova and size
};
[[nodiscard]] KernelAccount read_kernel_account(const std::filesystem::path &folder);

/// Sorted by IOVA; neighbours that go on in IOVA and PA with the same access joined.
[[nodiscard]] MapRows merged(MapRows rows);
[[nodiscard]] MapRows without_access(MapRows rows);
/// Only what lies in one of the windows, cut at their ends.
[[nodiscard]] MapRows inside(const std::vector<MapRow> &windows, const MapRows &rows);

/// A region of regions/copied-by-module.
struct RegionFixture {
    unsigned number = 0;
    std::uint64_t address = 0;
    std::vector<std::byte> bytes;
};
[[nodiscard]] RegionFixture read_region(unsigned number);

}  // namespace pgregion::test

// A macro because the skip has to return from the test itself.
#define PGREGION_SKIP_WITHOUT(file, relative)                                                                          \
    if (!(file))                                                                                                       \
    GTEST_SKIP() << "needs " << (relative)                                                                             \
                 << " of the large fixtures: set PGREGION_SHARED to the folder that holds fixtures/"
