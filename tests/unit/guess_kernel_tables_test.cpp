// SPDX-License-Identifier: GPL-2.0-or-later
//
// Roots of page tables that Linux 7.x made, in every geometry that its Arm and RISC-V code has, read without a word
// about them: format, granule, number of levels and size of the root are found, or the guess is refused. A reading is
// right when it gives exactly the leaves of the kernel's own account.
#include "support/fixtures.h"
#include "support/leaf_set.h"

#include <pgregion/guess.h>
#include <pgregion/walk.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

struct KernelTable {
    std::uint64_t root = 0;
    std::string arguments;
    MapRows maps;
};

std::vector<std::string> fields_of(const std::string &line)
{
    std::vector<std::string> fields;
    std::istringstream in(line);
    for (std::string field; std::getline(in, field, '\t');)
        fields.push_back(field);
    return fields;
}

std::vector<std::vector<std::string>> rows_of(const std::string &text)
{
    std::vector<std::vector<std::string>> rows;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with('#'))
            rows.push_back(fields_of(line));
    }
    return rows;
}

std::uint64_t number(const std::string &text) { return std::stoull(text, nullptr, 0); }

/// What the account says of execution is not the same for every format.
std::string without_execution(std::string access)
{
    std::erase(access, 'x');
    return access;
}

/// What the tables map, neighbours joined: accounts list some large leaves in pieces.
MapRows maps_of(const MemorySource &memory, const WalkRequest &request)
{
    MapRows rows;
    for (const auto &[iova, pa, size, access] : leaves_of(memory, request))
        rows.push_back({iova, pa, size, without_execution(access)});
    return merged(std::move(rows));
}

/// tables.tsv and table-leaves.tsv.zst of a folder. Which half of the address space tables are for is in no table:
/// those of the upper half (TTBR1) count from 0 here.
std::vector<KernelTable> read_tables(const std::filesystem::path &folder)
{
    constexpr std::uint64_t kLowerHalf = (std::uint64_t{1} << 52) - 1;
    std::map<std::string, KernelTable> tables;
    std::ifstream in(folder / "tables.tsv");
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    for (const std::vector<std::string> &row : rows_of(text)) {
        const std::string mark = "--root ";
        tables[row.at(0)] = {number(row.at(1).substr(row.at(1).find(mark) + mark.size())), row.at(1), {}};
    }
    for (const std::vector<std::string> &row : rows_of(unpack_text(folder / "table-leaves.tsv.zst"))) {
        KernelTable &table = tables.at(row.at(0));
        const bool upper = table.arguments.find("ttbr=1") != std::string::npos;
        const std::uint64_t iova = number(row.at(2)) & (upper ? kLowerHalf >> 4 : ~std::uint64_t{0});
        table.maps.push_back(
            {iova, number(row.at(3)), number(row.at(4)), without_execution(row.size() > 5 ? row[5] : "")});
    }
    std::vector<KernelTable> all;
    for (auto &[id, table] : tables) {
        table.maps = merged(std::move(table.maps));
        all.push_back(std::move(table));
    }
    return all;
}

struct Folder {
    const char *name;
    std::uint64_t start;
    unsigned least_right;
};

class GuessKernelTables : public testing::TestWithParam<Folder>
{
};

TEST_P(GuessKernelTables, AreReadRightOrRefusedWhateverTheirGeometry)
{
    const std::string folder = GetParam().name;
    const auto packed = shared_fixture(folder + "/tables.raw.xz");
    PGREGION_SKIP_WITHOUT(packed, folder + "/tables.raw.xz");
    PiecewiseMemory memory;
    memory.add(PhysAddr(GetParam().start), unpack(*packed));
    unsigned right = 0;
    unsigned refused = 0;
    unsigned wrong = 0;
    for (const KernelTable &table : read_tables(packed->parent_path())) {
        ASSERT_FALSE(table.maps.empty()) << table.arguments;
        const Guess guess = guess_memory(memory, PhysAddr(table.root), {});
        const Reading *reading = guess.decided();
        if (reading == nullptr) {
            ++refused;
            continue;
        }
        WalkRequest request;
        request.format = reading->table;
        request.params = reading->params;
        request.root = PhysAddr(table.root);
        const bool is_right = reading->table != nullptr && maps_of(memory, request) == table.maps;
        ++(is_right ? right : wrong);
        EXPECT_TRUE(is_right) << table.arguments << " read as " << (reading->table ? reading->table->name : "directory")
                              << '/' << int{reading->params.levels};
    }
    std::printf("%-20s %5s %8s %6s\n%-20s %5u %8u %6u\n", "tables of", "right", "refused", "wrong", folder.c_str(),
                right, refused, wrong);
    EXPECT_EQ(wrong, 0U);
    EXPECT_GE(right, GetParam().least_right);
}

INSTANTIATE_TEST_SUITE_P(Linux7, GuessKernelTables,
                         testing::Values(Folder{"smmuv3-4k-linux7.3", 0x40000000, 18},
                                         Folder{"riscv-ext-linux7.2", 0x80000000, 9}),
                         [](const auto &tested) { return std::string(tested.param.name).substr(0, 5); });

/// A domain with a granule of 16K whose leaves map pages that look like entries: a granule of 4K would show 564
/// mappings in place of the kernel's 14.
TEST(GuessKernelTable, LargeGranuleBesidePagesThatLookLikeEntriesIsNotReadAsASmallOne)
{
    const auto packed = shared_fixture("smmuv3-16k-linux7.3/tables.raw.xz");
    PGREGION_SKIP_WITHOUT(packed, "smmuv3-16k-linux7.3/tables.raw.xz");
    PiecewiseMemory memory;
    memory.add(PhysAddr(0x40000000), unpack(*packed));
    const Guess guess = guess_memory(memory, PhysAddr(0x45f84000), {});
    if (const Reading *reading = guess.decided())
        EXPECT_EQ(reading->table->shape(0, reading->params).shift, 14);
    else
        EXPECT_EQ(guess.readings.front().table->shape(0, guess.readings.front().params).shift, 14);
}

}  // namespace
}  // namespace pgregion::test
