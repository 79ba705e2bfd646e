// SPDX-License-Identifier: GPL-2.0-or-later
//
// Directories made to hurt: full of records, of pointers to themselves, of noise. The checks end, say the same each
// time, and say no more of one thing than anybody can read.
#include "support/sanitizer.h"
#include "support/tested_formats.h"
#include "unit/check_directory_support.h"

#include <tuple>

namespace pgregion::test
{
namespace
{

auto content(const Finding &finding)
{
    return std::tuple(finding.check->code, finding.severity, finding.repair, finding.remedy, finding.table,
                      finding.index, finding.offset, finding.device, finding.last_device, finding.pasid, finding.target,
                      finding.observed, finding.expected, finding.detail);
}

CheckReport check_all(const TableImage &image, const DirectoryRequest &unit, unsigned jobs = 1)
{
    const PiecewiseMemory memory = image.memory();
    CheckSubject subject;
    subject.memory = &memory;
    subject.memory_base = PhysAddr(kMemoryAt);
    subject.units = {unit};
    return run_checks(subject, {.jobs = jobs});
}

std::size_t count_of(const CheckReport &report, std::string_view code)
{
    return static_cast<std::size_t>(
        std::ranges::count_if(report.findings, [&](const Finding &finding) { return finding.check->code == code; }));
}

/// Devices that all have one id and each a root of its own: every comparison of two would be 65,536 squared.
TEST(DirectoryBounds, SixtyFiveThousandDevicesWithOneIdAreSorted)
{
    constexpr std::size_t kPages = kSanitized ? 16 : 512;
    TableImage image(kMemoryAt, 1 + kPages);
    for (std::size_t device = 0; device < kPages * 128; ++device)
        image.put(1 + device / 128, device % 128 * 4, 0x6000000000000603 | (0x90000000 + device * 0x1000))
            .put(1 + device / 128, device % 128 * 4 + 1, 5);
    const auto findings = check_units(image, {unit_of("amd-devtab", {0x1001000 + kPages - 1})}, "domain-id-shared");
    EXPECT_EQ(findings.size(), kPages * 128 - 1);
}

TEST(DirectoryBounds, OfWarningsOfOneKindAThousandAreSaid)
{
    TableImage image(kMemoryAt, 32);
    for (std::size_t device = 0; device < 16 * 128; ++device)  // every other one reads alone
        image.put(1 + device / 128, device % 128 * 4, 0x6000000000000603 | (0x90000000 + device * 0x1000))
            .put(1 + device / 128, device % 128 * 4 + 1, 0x400000000 + device);
    EXPECT_EQ(check_units(image, {unit_of("amd-devtab", {0x100100f})}, "fault-reporting-off").size(), 1000U);
}

TEST(DirectoryBounds, TablesThatPointAtThemselvesEnd)
{
    for (const DirectoryFormat *format : directory_formats()) {
        for (const LoopingRoot &loop : tested_directory(format->name).loops) {
            TableImage image(kMemoryAt, 4);
            for (std::size_t i = 0; i < 512; ++i)
                image.put(1, i, loop.word);
            const CheckReport report = check_all(image, unit_of(format->name, loop.registers.list()));
            EXPECT_LE(report.findings.size(), 20000U) << format->name;
        }
    }
}

std::vector<DirectoryRequest> all_units()
{
    std::vector<DirectoryRequest> units;
    for (const DirectoryFormat *format : directory_formats()) {
        for (const RootRegisters &registers : tested_directory(format->name).roots)
            units.push_back(unit_of(format->name, registers.list()));
    }
    return units;
}

TEST(DirectoryBounds, NoiseIsCheckedAlikeEachTimeAndWithAnyNumberOfThreads)
{
    Dice dice(7);
    for (int turn = 0; turn < (kSanitized ? 2 : 12); ++turn) {
        TableImage image(kMemoryAt, 64);
        for (std::size_t page = 0; page < 64; ++page) {
            for (std::size_t i = 0; i < 512; ++i) {
                if (dice.one_in(4))  // half noise, half pointers into the memory
                    image.put(page, i, dice.one_in(2) ? dice.word() : (kMemoryAt | (dice.word() & 0x3ffff)));
            }
        }
        for (const DirectoryRequest &unit : all_units()) {
            const CheckReport one = check_all(image, unit);
            const CheckReport two = check_all(image, unit, 3);
            ASSERT_EQ(one.findings.size(), two.findings.size());
            for (std::size_t i = 0; i < one.findings.size(); ++i)
                ASSERT_EQ(content(one.findings[i]), content(two.findings[i])) << unit.format->name << " " << i;
        }
    }
}

TEST(DirectoryBounds, NoiseHasInvalidRecords)
{
    Dice dice(8);
    TableImage image(kMemoryAt, 8);
    for (std::size_t i = 0; i < 512; ++i)
        image.put(1, i, dice.word());
    // A root entry with P has one chance in 2^74 to have no reserved bit set.
    std::size_t present = 0;
    for (std::size_t i = 0; i < 512; i += 2)
        present += image.get(1, i) & 1;
    EXPECT_EQ(count_of(check_all(image, unit_of("vtd-root", {0x1001000})), "directory-entry-invalid"), present);
}

}  // namespace
}  // namespace pgregion::test
