// SPDX-License-Identifier: GPL-2.0-or-later
//
// plan_replace: any content in the place of any other.
#include "support/region_image.h"

#include <random>

namespace pgregion::test
{

namespace
{

Image scattered(std::uint64_t seed)
{
    std::mt19937_64 random(seed);
    Image image(kImageBytes);
    for (unsigned i = 0; i < 2000; ++i)
        image[random() % image.size()] = static_cast<std::byte>(random());
    return image;
}

TEST(PlanReplace, MakesTheTargetEqualAndCanBeTakenBack)
{
    Image target = scattered(1);
    const Image before = target;
    const Image content = scattered(2);
    const Edits edits = plan_replace(target, content);
    EXPECT_EQ(target, before);
    ASSERT_TRUE(apply_edits(target, edits).applied);
    EXPECT_EQ(target, content);
    ASSERT_TRUE(apply_edits(target, invert(edits)).applied);
    EXPECT_EQ(target, before);
}

TEST(PlanReplace, EqualContentIsNoEdit) { EXPECT_EQ(plan_replace(scattered(3), scattered(3)), Edits{}); }

TEST(PlanReplace, BitmapIsTheLastEditAndStretchesEndAtIt)
{
    Image content = image_with({{0, 127}});
    content[64] = std::byte{1};
    content[2097151] = std::byte{2};
    const Edits edits = plan_replace(Image(kImageBytes), content);
    ASSERT_EQ(edits.size(), 3U);
    EXPECT_EQ(edits[0].offset, 64U);
    EXPECT_EQ(edits[0].after.size(), 8U);
    EXPECT_EQ(edits[1].offset, 2097144U);
    EXPECT_EQ(edits[2].offset, 0U);
    EXPECT_EQ(edits[2].after.size(), 16U);
}

}  // namespace

}  // namespace pgregion::test
