// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of areas beyond the cases of tests/cases: pages that are missing, choice of checks, bounds, and any damage.
#include "support/area_image.h"

#include <pgregion/area_check.h>

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <rapidcheck.h>

namespace pgregion
{

namespace
{

using test::AreaField;
using test::AreaImage;
using testing::ElementsAre;
using testing::IsEmpty;

AreaImage sound()
{
    AreaImage image(8);
    image.boot();
    image.add_domain("dom0");
    image.add_directory("", "vms");
    image.add_file("vms", "guest", 2);
    return image;
}

CheckReport check(const AreaImage &image, const CheckOptions &options = {})
{
    return check_area(read_area(image, PhysAddr(0), image.size_bytes()), options);
}

std::vector<std::string> codes(const CheckReport &report)
{
    std::vector<std::string> found;
    for (const Finding &finding : report.findings)
        found.emplace_back(finding.check->code);
    return found;
}

TEST(AreaChecks, AreAmongAllChecksAndTheirCodesSaySo)
{
    EXPECT_EQ(area_checks().size(), 26U);
    for (const Check *row : area_checks()) {
        EXPECT_TRUE(row->code.starts_with("area-")) << row->code;
        EXPECT_EQ(find_check(row->code), row);
        EXPECT_TRUE(is_area_check(*row));
    }
    for (const Check *row : all_checks())
        EXPECT_EQ(is_area_check(*row), row->code.starts_with("area-")) << row->code;
}

TEST(AreaChecks, AFindingNamesInodeFieldAndPlace)
{
    AreaImage image = sound();
    image.set_inode(4, AreaField::block, 2);
    const CheckReport report = check(image, {.only = {"area-block-shared"}});
    ASSERT_EQ(report.findings.size(), 1U);
    const Finding &finding = report.findings[0];
    EXPECT_EQ(finding.index, 4U);
    EXPECT_EQ(finding.offset, 0x200000U + 3 * 288 + 280);
    EXPECT_EQ(finding.table, PhysAddr(0x200000));
    EXPECT_EQ(finding.target, PhysAddr(0x400000));
    EXPECT_EQ(finding.observed, 2U);
    EXPECT_EQ(finding.expected, 3U) << "the inode that has the block already";
    EXPECT_TRUE(finding.security);
    EXPECT_EQ(finding.repair, RepairPolicy::none);
    EXPECT_EQ(finding.remedy, Remedy::none);
}

TEST(AreaChecks, OnlyAndSkipChooseThem)
{
    AreaImage image = sound();
    image.set_inode(4, AreaField::block, 2);
    EXPECT_THAT(codes(check(image)), ElementsAre("area-block-orphan", "area-block-shared"));
    EXPECT_THAT(codes(check(image, {.only = {"area-block-orphan"}})), ElementsAre("area-block-orphan"));
    EXPECT_THAT(codes(check(image, {.skip = {"area-block-orphan"}})), ElementsAre("area-block-shared"));
}

TEST(AreaChecks, FindingsAreCountedBySeverity)
{
    AreaImage image = sound();
    image.set_inode(4, AreaField::block, 2);
    const CheckReport report = check(image);
    EXPECT_EQ(report.of(Severity::error), 1U);
    EXPECT_EQ(report.of(Severity::warning), 1U);
    EXPECT_EQ(report.worst(), Severity::error);
    EXPECT_FALSE(report.truncated);
}

TEST(AreaChecks, NothingIsSaidOfWhatIsMissing)
{
    for (const std::uint64_t page : {0x100000U, 0x200000U, 0x201000U, 0x3ff000U, 0x600000U, 0x800000U}) {
        AreaImage image = sound();
        image.drop_page(page);
        EXPECT_THAT(codes(check(image)), IsEmpty()) << page;
    }
}

TEST(AreaChecks, DamageIsFoundBesideHoles)
{
    AreaImage image = sound();
    image.drop_page(0x3ff000);
    image.set_inode(6, AreaField::flags, 3);
    image.set_bit(2, 0);
    EXPECT_THAT(codes(check(image)), ElementsAre("area-block-bit-clear", "area-kind-invalid"));
}

TEST(AreaChecks, FreeInodesWithoutAListAreCountedOnce)
{
    AreaImage image(5);
    image.boot();
    image.add_domain("dom0");
    image.add_domain("dom1");
    image.set_next_free(0);
    for (std::uint32_t number = 6; number <= 7281; ++number)
        image.set_inode(number, AreaField::sibling, 0);
    EXPECT_THAT(codes(check(image)), ElementsAre("area-inode-leaked"));
    EXPECT_EQ(check(image).findings[0].observed, 7276U);
}

TEST(AreaChecks, OfAnAreaOfUnknownSizeNothingLiesBehindTheEnd)
{
    AreaImage image = sound();
    image.set_bit(8, 1);
    EXPECT_THAT(codes(check(image)), ElementsAre("area-bit-outside"));
    EXPECT_THAT(codes(check_area(read_area(image, PhysAddr(0), std::nullopt))), ElementsAre("area-block-orphan"));
}

TEST(AreaChecks, ManyFindingsAreCutShortAndSayIt)
{
    AreaImage image(4);
    for (std::uint64_t word = 0; word < 16384; ++word)
        image.put64(0x100000 + 8 * word, 0x5555555555555555);
    const CheckReport report = check_area(read_area(image, PhysAddr(0), std::nullopt));
    EXPECT_EQ(report.findings.size(), 16384U);
    EXPECT_TRUE(report.truncated);
}

/// Words of the super block, the bitmap and the first inodes, and of mappings, are replaced by anything.
TEST(AreaChecks, AnyDamageIsReadAndCheckedWithinBounds)
{
    rc::check("any damage is read and checked within bounds", [] {
        AreaImage image = sound();
        const auto count = *rc::gen::inRange(1, 12);
        for (int i = 0; i < count; ++i) {
            const std::uint64_t place = *rc::gen::element<std::uint64_t>(8, 0x100000, 0x200000, 0x800000);
            const std::uint64_t word = *rc::gen::inRange<std::uint64_t>(0, 300);
            const auto small = *rc::gen::inRange<std::uint64_t>(0, 10);
            const auto any = *rc::gen::arbitrary<std::uint64_t>();
            image.put64(place + 8 * word, *rc::gen::element(small, any, small << 32));
        }
        const CheckReport report = check(image);
        RC_ASSERT(report.findings.size() <= 16384U);
        for (const Finding &finding : report.findings) {
            RC_ASSERT(finding.offset.has_value());
            RC_ASSERT(is_area_check(*finding.check));
        }
    });
}

}  // namespace

}  // namespace pgregion
