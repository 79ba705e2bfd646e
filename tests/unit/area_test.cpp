// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reading a pkernfs area (region.md section 2): layout, lists, blocks, and areas made to break the reader.
#include "support/area_image.h"
#include "support/region_image.h"

#include <pgregion/area.h>
#include <pgregion/error.h>

#include <gmock/gmock.h>

namespace pgregion
{

namespace
{

using test::AreaField;
using test::AreaImage;
using testing::ElementsAre;
using testing::IsEmpty;

Area read(const AreaImage &image, PhysAddr base = PhysAddr(0)) { return read_area(image, base, image.size_bytes()); }

/// iommu 2, root-pgtables 3 (block 2), dom0 4 (block 3), vms 5, vms/guest 6 (mappings 4, data 5 and 6).
AreaImage sound(std::uint64_t blocks = 8, PhysAddr base = PhysAddr(0))
{
    AreaImage image(blocks, base);
    image.boot();
    image.add_domain("dom0");
    image.add_directory("", "vms");
    image.add_file("vms", "guest", 2);
    return image;
}

TEST(Area, KindsHaveTheNamesOfTheContract)
{
    EXPECT_EQ(name(AreaInodeKind::free), "free");
    EXPECT_EQ(name(AreaInodeKind::file), "file");
    EXPECT_EQ(name(AreaInodeKind::directory), "directory");
    EXPECT_EQ(name(AreaInodeKind::iommu_directory), "iommu-directory");
    EXPECT_EQ(name(AreaInodeKind::root_region), "root-region");
    EXPECT_EQ(name(AreaInodeKind::domain_region), "domain-region");
    EXPECT_EQ(name(AreaInodeKind::unknown), "unknown");
}

TEST(Area, FirstBootIsReadAsTheKernelLeavesIt)
{
    AreaImage image(4, PhysAddr(0x140000000));
    image.boot();
    const Area area = read(image, PhysAddr(0x140000000));
    EXPECT_EQ(area.next_free_inode, 4U);
    EXPECT_EQ(area.blocks, 4U);
    EXPECT_THAT(area.entries, ElementsAre(2U, 3U));
    EXPECT_EQ(area.inode(2).kind(), AreaInodeKind::iommu_directory);
    EXPECT_EQ(area.inode(3).name, "root-pgtables");
    EXPECT_EQ(area.inode(3).directory, 2U);
    ASSERT_EQ(area.regions.size(), 1U);
    EXPECT_EQ(area.regions[0].block, 2U);
    EXPECT_EQ(area.regions[0].address, PhysAddr(0x140400000));
    EXPECT_EQ(area.regions[0].report->state, RegionState::opened);
    EXPECT_TRUE(area.inode(7281).on_free_list);
    EXPECT_TRUE(area.complete());
}

TEST(Area, BlocksHaveTheInodeThatUsesThem)
{
    const Area area = read(sound());
    EXPECT_THAT(std::vector(area.owners.begin(), area.owners.begin() + 8), ElementsAre(0, 0, 3, 4, 6, 6, 6, 0));
    for (std::uint64_t block = 0; block < 8; ++block)
        EXPECT_EQ(area.allocated(block), block < 7) << block;
    EXPECT_THAT(area.uses, IsEmpty());
    EXPECT_THAT(area.links, IsEmpty());
}

TEST(Area, PathsLeadToInodesAndBack)
{
    const Area area = read(sound());
    EXPECT_EQ(area_path(area, 1), ".");
    EXPECT_EQ(area_path(area, 3), "iommu/root-pgtables");
    EXPECT_EQ(area_path(area, 6), "vms/guest");
    EXPECT_EQ(area_path(area, 7), std::nullopt);
    EXPECT_EQ(find_in_area(area, "iommu/dom0"), 4U);
    EXPECT_EQ(find_in_area(area, "/iommu//dom0/"), 4U);
    EXPECT_EQ(find_in_area(area, ""), 1U);
    EXPECT_EQ(find_in_area(area, "iommu/dom1"), std::nullopt);
    EXPECT_EQ(find_in_area(area, "dom0"), std::nullopt);
}

TEST(Area, RemovedFilesGoToTheHeadOfTheFreeListAndKeepTheirBlocks)
{
    AreaImage image = sound();
    image.remove("vms/guest");
    const Area area = read(image);
    EXPECT_EQ(area.next_free_inode, 6U);
    EXPECT_TRUE(area.inode(6).on_free_list);
    EXPECT_TRUE(area.inode(7).on_free_list);
    EXPECT_EQ(area.owners[4], 0U);
    EXPECT_EQ(area.allocated(4), true);
}

TEST(Area, WhatIsNoAreaIsRefused)
{
    AreaImage image(2);
    image.put64(0, 0x706b65726e6674);
    image.put64(0x200000, 1);  // inode 1 is a file
    const auto refusal = [&] { return test::error_of([&] { return read(image); }); };
    EXPECT_EQ(refusal().code(), "not-an-area");
    EXPECT_FALSE(is_area(image, PhysAddr(0)));
    image.put64(0, 0x6345789);
    EXPECT_EQ(refusal().code(), "unsupported-area");
    EXPECT_THAT(refusal().what(), testing::HasSubstr("prototype"));
    image.put64(0, 0x706b65726e6673);
    EXPECT_TRUE(is_area(image, PhysAddr(0)));
    image.drop_page(0);
    EXPECT_EQ(refusal().code(), "not-an-area");
    EXPECT_EQ(test::error_of([&] { return read(image, PhysAddr(0xffffffffffffe000)); }).code(), "not-an-area");
}

TEST(Area, MissingPagesAreNeverTakenForZeros)
{
    AreaImage image = sound();
    image.drop_page(0x100000);  // bits 0 to 32767
    image.drop_page(0x201000);  // inodes 15 to 29
    image.drop_page(0x600000);  // page 0 of dom0
    image.drop_page(0x800000);  // mappings of vms/guest
    const Area area = read(image);
    EXPECT_EQ(area.missing_pages, 3U);
    EXPECT_FALSE(area.complete());
    EXPECT_EQ(area.allocated(2), std::nullopt);
    EXPECT_EQ(area.allocated(32768), false);
    EXPECT_TRUE(area.inode(14).readable);
    EXPECT_FALSE(area.inode(15).readable);
    EXPECT_FALSE(area.inode(29).readable);
    EXPECT_TRUE(area.inode(30).readable);
    ASSERT_EQ(area.regions.size(), 2U);
    EXPECT_FALSE(area.regions[1].report);
    ASSERT_EQ(area.links.size(), 1U);
    EXPECT_EQ(area.links[0].fault, AreaLinkFault::unreadable);
    EXPECT_EQ(area.links[0].target, 15U);
    ASSERT_EQ(area.uses.size(), 1U);
    EXPECT_EQ(area.uses[0].fault, AreaBlockFault::unreadable);
}

TEST(Area, RegionWithAHoleAndBitZeroClearHasNoState)
{
    AreaImage image = sound();
    image.put64(0x600000, 0);
    EXPECT_EQ(read(image).regions[1].report->state, RegionState::never_opened);
    image.drop_page(0x700000);
    EXPECT_FALSE(read(image).regions[1].report);
}

TEST(Area, WithoutASizeOnlyTheBitmapEndsIt)
{
    AreaImage image = sound();
    image.set_inode(4, AreaField::block, 1048575);
    const Area area = read_area(image, PhysAddr(0), std::nullopt);
    EXPECT_FALSE(area.size_known);
    EXPECT_EQ(area.blocks, 1048576U);
    EXPECT_EQ(area.owners[1048575], 4U);
    EXPECT_FALSE(area.regions[1].report);
    image.set_inode(4, AreaField::block, 1048576);
    EXPECT_EQ(read_area(image, PhysAddr(0), std::nullopt).uses.size(), 1U);
}

TEST(Area, SizesThatLieAreBoundedByTheBitmap)
{
    const AreaImage image = sound();
    EXPECT_EQ(read_area(image, PhysAddr(0), ~std::uint64_t{0}).blocks, 1048576U);
    EXPECT_EQ(read_area(image, PhysAddr(0), 0).blocks, 0U);
    EXPECT_EQ(read_area(image, PhysAddr(0), 0x3fffff).blocks, 1U);
}

/// Each directory holds the next: as deep as there are inodes.
TEST(Area, DirectoriesNestedAsDeepAsThereAreInodesEnd)
{
    AreaImage image(3);
    for (std::uint32_t number = 1; number <= 7281; ++number) {
        image.set_inode(number, AreaField::flags, 2);
        image.set_inode(number, AreaField::sibling, 0);
        image.set_inode(number, AreaField::child, number + 1);
        image.set_name(number, std::string(254, 'd'));
    }
    image.set_inode(7281, AreaField::child, 7281);
    const Area area = read(image);
    EXPECT_EQ(area.entries.size(), 7280U);
    ASSERT_EQ(area.links.size(), 2U);
    EXPECT_EQ(area.links[0].fault, AreaLinkFault::cycle);
    EXPECT_EQ(area_path(area, 17)->size(), 16U * 255 - 1);
    EXPECT_EQ(area_path(area, 18), std::nullopt) << "longer than a path may be";
    EXPECT_EQ(area_path(area, 7281), std::nullopt);
}

/// All inodes are files with one block of mappings, which names that block again and again.
TEST(Area, FilesThatAllMapTheSameBlockAreReadOnce)
{
    AreaImage image(3);
    for (std::uint32_t number = 2; number <= 7281; ++number) {
        image.set_inode(number, AreaField::flags, 1);
        image.set_inode(number, AreaField::block, 2);
        image.set_inode(number, AreaField::mappings, 0x7fffffff);
    }
    for (std::uint64_t i = 0; i < 512; ++i)
        image.put64(0x400000 + 8 * i, 2);
    const Area area = read(image);
    EXPECT_EQ(area.owners[2], 2U);
    EXPECT_FALSE(area.truncated);
    ASSERT_EQ(area.uses.size(), 7280U)
        << "512 mappings in a row, and each other file; the zeros behind them are not set";
    EXPECT_EQ(area.uses[0].count, 512U);
}

// The posted code adds to the count when a size is set again, and works with the zeros that stay inside of it.
TEST(Area, AZeroInsideTheCountOfAFileIsABlockThatIsNotSet)
{
    AreaImage image(6);
    image.set_inode(2, AreaField::flags, 1);
    image.set_inode(2, AreaField::block, 2);
    image.set_inode(2, AreaField::mappings, 4);
    image.put64(0x400000, 3);
    image.put64(0x400008, 0);
    image.put64(0x400010, 4);
    image.put64(0x400018, 6);
    const Area area = read(image);
    EXPECT_EQ(area.owners[3], 2U);
    EXPECT_EQ(area.owners[4], 2U);
    EXPECT_EQ(std::ranges::count(area.uses, AreaBlockFault::outside, &AreaBlockUse::fault), 1)
        << "block 6 of 6 is outside, the zero is not";
}

TEST(Area, MoreMappingsThanBlocksAreNotRead)
{
    AreaImage image(10);
    for (std::uint32_t number = 2; number < 10; ++number) {
        image.set_inode(number, AreaField::flags, 1);
        image.set_inode(number, AreaField::block, number);
        image.set_inode(number, AreaField::mappings, 262144);
    }
    const Area area = read(image);
    EXPECT_TRUE(area.truncated);
    EXPECT_FALSE(area.complete());
}

TEST(Area, FaultsAreKeptUpToALimit)
{
    AreaImage image(4);
    image.set_inode(2, AreaField::flags, 1);
    image.set_inode(2, AreaField::block, 2);
    image.set_inode(2, AreaField::mappings, 40000);
    for (std::uint64_t i = 0; i < 40000; ++i)
        image.put64(0x400000 + 8 * i, i % 2 == 0 ? 2 : 9);
    const Area area = read(image);
    EXPECT_EQ(area.uses.size(), 16384U);
    EXPECT_TRUE(area.truncated);
}

TEST(Area, RegionsStayWhereTheyBelongWhenListsRunIntoEachOther)
{
    AreaImage image = sound();
    image.set_inode(6, AreaField::sibling, 4);
    const Area area = read(image);
    EXPECT_EQ(area.inode(4).directory, 2U);
    EXPECT_EQ(area.inode(3).directory, 2U);
    ASSERT_EQ(area.links.size(), 1U);
    EXPECT_EQ(area.links[0].fault, AreaLinkFault::linked_twice);
    EXPECT_EQ(area.links[0].from, 6U);
}

TEST(Area, NamesEndAtTheirZeroOrAtTheirLastByte)
{
    AreaImage image = sound();
    image.set_name(4, std::string(254, 'x'));
    EXPECT_TRUE(read(image).inode(4).name_ends);
    image.set_name(4, std::string(255, 'x'));
    const Area area = read(image);
    EXPECT_FALSE(area.inode(4).name_ends);
    EXPECT_EQ(area.inode(4).name.size(), 255U);
    EXPECT_EQ(area.inode(4).block, 3);
}

TEST(Area, DataBehindBitmapAndInodesIsSeen)
{
    AreaImage image = sound();
    EXPECT_EQ(read(image).behind_bitmap, std::nullopt);
    EXPECT_EQ(read(image).behind_inodes, std::nullopt);
    image.put64(0x1ffff8, 1);
    image.put64(0x3ffff8, 1);
    EXPECT_EQ(read(image).behind_bitmap, 0x1ffff8U);
    EXPECT_EQ(read(image).behind_inodes, 0x3ffff8U);
}

}  // namespace

}  // namespace pgregion
