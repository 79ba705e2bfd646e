// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of directories on what real kernels wrote (tests/fixtures/README.md): they find what is there, and no more.
#include "support/fixtures.h"
#include "unit/check_directory_support.h"

#include <map>

namespace pgregion::test
{
namespace
{

const std::set<std::string_view> kCodes{"ats-enabled",         "context-table-cleared",   "depth-mismatch",
                                        "device-pass-through", "device-unprotected",      "directory-entry-torn",
                                        "domain-id-shared",    "directory-entry-invalid", "fault-reporting-off",
                                        "root-levels-differ",  "root-misaligned",         "root-page-skipped",
                                        "table-outside-region"};

struct Save {
    const char *folder;
    const char *format;
    std::uint64_t base;
    std::vector<std::optional<std::uint64_t>> registers;
};

std::vector<Finding> check_save(const Save &save, const std::set<std::string_view> &codes = kCodes)
{
    const std::vector<std::byte> &bytes = unpack(fixture(save.folder) / "tables.raw.xz");
    PiecewiseMemory memory;
    memory.add(PhysAddr(save.base), bytes);
    CheckSubject subject;
    subject.memory = &memory;
    subject.memory_base = PhysAddr(save.base);
    subject.units = {unit_of(save.format, save.registers)};
    return run_checks(subject, {.only = codes}).findings;
}

TEST(DirectoryFixture, DirectoriesOfHealthyKernelsHaveNoFindings)
{
    for (const Save &save :
         {Save{"vtd-legacy-4level", "vtd-root", 0, {0x196000}}, Save{"vtd-scalable", "vtd-root", 0, {0x663c400}},
          Save{"amd-v1", "amd-devtab", 0, {0x4dc8007}},
          Save{"smmuv3-s1", "smmu-stream", 0x40000000, {0x400000004334d000, 0x10210}}}) {
        for (const Finding &finding : check_save(save))
            ADD_FAILURE() << save.folder << ": " << finding.check->code << " at device " << finding.device.value_or(0);
    }
}

/// How often each code is found by all checks together.
std::map<std::string_view, int> counts(const Save &save)
{
    std::map<std::string_view, int> found;
    for (const Finding &finding : check_save(save, {}))
        ++found[finding.check->code];
    return found;
}

TEST(DirectoryFixture, AllChecksFindWhatIsTrueOfRealKernelsAndNothingElse)
{
    using Counts = std::map<std::string_view, int>;
    // 00:1f.0 has the first 16 MiB mapped to themselves, tables and all: the kernel's doing, and true.
    EXPECT_EQ(counts({"vtd-legacy-4level", "vtd-root", 0, {0x196000}}),
              (Counts{{"leaf-maps-directory", 5}, {"leaf-maps-tables", 19}, {"memory-shared", 1}, {"table-empty", 1}}));
    EXPECT_EQ(counts({"vtd-scalable", "vtd-root", 0, {0x663c400}}), (Counts{{"memory-shared", 2}, {"table-empty", 1}}));
    EXPECT_EQ(counts({"amd-v1", "amd-devtab", 0, {0x4dc8007}}), (Counts{{"leaf-write-only", 4}, {"table-empty", 1}}));
    // 00:06.0 was given a leaf of 1 GiB by hand.
    EXPECT_EQ(
        counts({"smmuv3-s1", "smmu-stream", 0x40000000, {0x400000004334d000, 0x10210}}),
        (Counts{
            {"large-leaf-covers-tables", 1}, {"leaf-maps-directory", 1}, {"memory-shared", 10}, {"table-empty", 1}}));
}

TEST(DirectoryFixture, DevicesThatTheKernelPassesThroughAreFoundAndNoOthers)
{
    std::vector<std::uint32_t> expected;
    for (const DeviceRow &row : read_devices(fixture("vtd-passthrough"))) {
        if (row.translation == "pass-through")
            expected.push_back(row.id);
    }
    EXPECT_EQ(expected.size(), 14U);
    std::vector<std::uint32_t> found;
    for (const Finding &finding : check_save({"vtd-passthrough", "vtd-root", 0, {0xdc9000}})) {
        EXPECT_EQ(finding.check->code, "device-pass-through");
        for (std::uint32_t id = finding.device.value(); id <= finding.last_device.value(); ++id)
            found.push_back(id);
    }
    EXPECT_EQ(found, expected);
}

TEST(DirectoryFixture, RegionsThatTheKernelsAllocatorFilledHaveNoFindings)
{
    PiecewiseMemory memory;
    std::map<unsigned, RegionFixture> regions;
    for (unsigned number = 4; number < 12; ++number) {
        regions[number] = read_region(number);
        memory.add(PhysAddr(regions[number].address), regions[number].bytes);
    }
    CheckSubject subject;
    subject.memory = &memory;
    subject.region = CheckRegion{regions[4].bytes, PhysAddr(regions[4].address)};
    for (unsigned number = 5; number < 12; ++number)
        subject.other_regions.push_back({PhysAddr(regions[number].address), kRegionBytes});
    subject.units = {unit_of("vtd-root", {0x6801000})};
    for (const Finding &finding : run_checks(subject, {.only = kCodes}).findings)
        ADD_FAILURE() << finding.check->code << " at device " << finding.device.value_or(0);
}

}  // namespace
}  // namespace pgregion::test
