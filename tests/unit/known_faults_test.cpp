// SPDX-License-Identifier: GPL-2.0-or-later
//
// Faults by their number: of page tables and of directories, as the manuals number them.
#include <pgregion/faults.h>

#include <algorithm>

#include <gtest/gtest.h>

namespace pgregion
{

namespace
{

bool knows(std::string_view architecture, std::uint16_t code, std::string_view name)
{
    return std::ranges::count(known_faults(), KnownFault{architecture, code, name}) == 1;
}

TEST(KnownFaults, HoldThoseOfPageTablesInEveryMode)
{
    EXPECT_TRUE(knows("vt-d", 0x5, "no write permission"));
    EXPECT_TRUE(knows("vt-d", 0x6, "no read permission"));
    EXPECT_TRUE(knows("vt-d", 0x71, "first-stage paging entry not present"));
    EXPECT_TRUE(knows("vt-d", 0x79, "no read or write permission in a second-stage paging entry"))
        << "a mode that only a directory sets";
}

TEST(KnownFaults, HoldThoseOfDirectories)
{
    EXPECT_TRUE(knows("vt-d", 0x2, "context entry not present"));
    EXPECT_TRUE(knows("vt-d", 0x51, "PASID directory entry not present"));
    EXPECT_TRUE(knows("amd-vi", 0x1, "ILLEGAL_DEV_TABLE_ENTRY: device id beyond the device table"));
    EXPECT_TRUE(knows("smmuv3", 0x4, "C_BAD_STE: stream table entry not valid"));
    EXPECT_TRUE(knows("riscv-iommu", 266, "PDT entry not valid"));
}

TEST(KnownFaults, AreSortedAndEachThereOnce)
{
    const std::vector<KnownFault> all = known_faults();
    EXPECT_TRUE(std::ranges::is_sorted(all));
    EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
    EXPECT_TRUE(std::ranges::none_of(all, [](const KnownFault &fault) { return fault.name.empty(); }));
}

}  // namespace

}  // namespace pgregion
