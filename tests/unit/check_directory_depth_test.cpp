// SPDX-License-Identifier: GPL-2.0-or-later
//
// The check of the number of levels: iommu-formats.md section 9 (PT33). Each tree is read with a directory that says
// the truth, one level too few and one too many.
#include "unit/check_directory_support.h"

namespace pgregion::test
{
namespace
{

using enum Severity;
using enum RepairPolicy;

constexpr const char *kDepth = "depth-mismatch";

/// The words of one format.
struct Words {
    std::uint64_t table;       ///< what a pointer to page 0 is
    std::uint64_t table_step;  ///< what one page more adds to it
    std::uint64_t leaf;        ///< of some memory that the source does not hold
    std::uint64_t leaf_step;
};

/// A tree whose root is on page 3: one pointer in each table, four in the last of them, which lead to tables full of
/// leaves.
TableImage tree(TableImage image, const Words &words, std::size_t levels)
{
    const auto pointer = [&](std::size_t page) { return words.table + page * words.table_step; };
    std::size_t page = 3;
    for (std::size_t level = levels - 1; level > 1; --level, ++page)
        image.put(page, 0, pointer(page + 1));
    for (std::size_t child = 0; child < 4; ++child) {
        image.put(page, child, pointer(page + 1 + child));
        for (std::size_t slot = 0; slot < 512; ++slot)
            image.put(page + 1 + child, slot, words.leaf + (child * 512 + slot) * words.leaf_step);
    }
    return image;
}

constexpr Words kVtd{0x1000003, 0x1000, 0x50000003, 0x1000};
constexpr Words kRiscv{0x400001, 0x400, 0x140000d7, 0x400};
constexpr Words kArm{0x1000003, 0x1000, 0x50000f47, 0x1000};

/// 00:02.0 with AW and a tree of `levels`.
std::vector<Finding> vtd(std::uint64_t width, std::size_t levels)
{
    TableImage image(kMemoryAt, 24);
    image.put(1, 0, 0x1002001).put(2, 32, 0x1003001).put(2, 33, 0x500 + width);
    return check_units(tree(image, kVtd, levels), {unit_of("vtd-root", {0x1001000})}, kDepth);
}

TEST(DepthMismatch, TooFewLevelsOfVtdAreFoundAtTheContextEntry)
{
    const auto findings = vtd(1, 4);
    EXPECT_EQ(all_said(findings), (std::vector<Said>{{0x1002000, 16, 16, error, all, ""}}));
    EXPECT_EQ(findings.at(0).observed, 3U);
    EXPECT_EQ(findings.at(0).expected, 4U);
    EXPECT_EQ(findings.at(0).target, PhysAddr(0x1003000));
    EXPECT_EQ(findings.at(0).remedy, Remedy::block_record);
}

TEST(DepthMismatch, TooManyLevelsOfVtdAreFound)
{
    const auto findings = vtd(2, 3);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].observed, 4U);
    EXPECT_EQ(findings[0].expected, 3U);
}

TEST(DepthMismatch, TheRightNumberOfLevelsOfVtdIsQuiet)
{
    EXPECT_EQ(vtd(1, 3).size(), 0U);
    EXPECT_EQ(vtd(2, 4).size(), 0U);
    EXPECT_EQ(vtd(3, 5).size(), 0U);
}

TEST(DepthMismatch, TablesThatFitNoNumberOfLevelsAreLeftToOtherChecks)
{
    TableImage image(kMemoryAt, 24);
    image.put(1, 0, 0x1002001).put(2, 32, 0x1003001).put(2, 33, 0x501);
    image = tree(image, kVtd, 4);
    image.put(5, 100, 0x70000003);  // with four levels a table that is not there
    EXPECT_EQ(check_units(image, {unit_of("vtd-root", {0x1001000})}, kDepth).size(), 0U);
}

TEST(DepthMismatch, TablesThatEndInZerosProveNothing)
{
    TableImage image(kMemoryAt, 16);
    image.put(1, 0, 0x1002001).put(2, 32, 0x1003001).put(2, 33, 0x501);
    image.put(3, 0, 0x1004003).put(4, 0, 0x1005003).put(5, 0, 0x1006003);
    EXPECT_EQ(check_units(image, {unit_of("vtd-root", {0x1001000})}, kDepth).size(), 0U);
}

/// Device 1 with Sv39 (8), Sv48 (9) or Sv57 (10).
std::vector<Finding> riscv(std::uint64_t mode, std::size_t levels)
{
    TableImage image(kMemoryAt, 24);
    image.put(1, 8, 0x181).put(1, 11, mode << 60 | 0x1003);
    return check_units(tree(image, kRiscv, levels), {unit_of("riscv-ddt", {0x400402})}, kDepth);
}

TEST(DepthMismatch, OfRiscvIsFoundEitherWay)
{
    const auto few = riscv(8, 4);
    ASSERT_EQ(few.size(), 1U);
    EXPECT_EQ(few[0].observed, 3U);
    EXPECT_EQ(few[0].expected, 4U);
    const auto many = riscv(9, 3);
    ASSERT_EQ(many.size(), 1U);
    EXPECT_EQ(many[0].expected, 3U);
    EXPECT_EQ(riscv(9, 4).size(), 0U);
}

/// Stream 1 with T0SZ.
std::vector<Finding> smmu(std::uint64_t input_size, std::size_t levels)
{
    TableImage image(kMemoryAt, 24);
    image.put(1, 8, 0x100200b).put(2, 0, 0x0055e205c0003500 | input_size).put(2, 1, 0x1003000);
    return check_units(tree(image, kArm, levels), {unit_of("smmu-stream", {0x1001000, 0x3})}, kDepth);
}

TEST(DepthMismatch, OfSmmuIsFoundEitherWay)
{
    const auto few = smmu(25, 4);
    ASSERT_EQ(few.size(), 1U);
    EXPECT_EQ(few[0].observed, 3U);
    EXPECT_EQ(few[0].expected, 4U);
    const auto many = smmu(16, 3);
    ASSERT_EQ(many.size(), 1U);
    EXPECT_EQ(many[0].expected, 3U);
    EXPECT_EQ(smmu(16, 4).size(), 0U);
}

}  // namespace
}  // namespace pgregion::test
