// SPDX-License-Identifier: GPL-2.0-or-later
//
// What became of a change, and bringing one that was cut short to either end.
#include "edit/journal_settle.h"
#include "support/region_image.h"

#include <pgregion/edit.h>

#include <rapidcheck/gtest.h>

namespace pgregion
{

namespace
{

using test::Image;
using test::image_with;

std::vector<std::byte> filled(std::size_t bytes, unsigned value) { return {bytes, static_cast<std::byte>(value)}; }

/// The words at 4096 and 4104, and four bytes inside of the word at 8192.
Edits two_edits() { return {{4096, filled(16, 1), filled(16, 2)}, {8194, filled(4, 3), filled(4, 4)}}; }

Image image_before()
{
    Image image(3 * 4096);
    std::fill_n(image.begin() + 4096, 16, std::byte{1});
    std::fill_n(image.begin() + 8194, 4, std::byte{3});
    return image;
}

Image image_after()
{
    Image image(3 * 4096);
    std::fill_n(image.begin() + 4096, 16, std::byte{2});
    std::fill_n(image.begin() + 8194, 4, std::byte{4});
    return image;
}

Standing standing(const Image &image) { return compare_edits(image, two_edits(), std::nullopt).standing; }

TEST(Standing, TellsTheOldTheNewAndWhatIsBetween)
{
    EXPECT_EQ(standing(image_before()), Standing::before);
    EXPECT_EQ(standing(image_after()), Standing::after);
    Image image = image_before();
    std::fill_n(image.begin() + 4096, 8, std::byte{2});
    EXPECT_EQ(standing(image), Standing::partly);
    image = image_after();
    std::fill_n(image.begin() + 8194, 4, std::byte{3});
    EXPECT_EQ(standing(image), Standing::partly);
    EXPECT_EQ(compare_edits(image, {}, std::nullopt).standing, Standing::before);
}

TEST(Standing, NamesTheFirstWordThatIsNeither)
{
    Image image = image_after();
    image[4104] = std::byte{9};
    image[8195] = std::byte{9};
    const Comparison found = compare_edits(image, two_edits(), std::nullopt);
    EXPECT_EQ(found.standing, Standing::foreign);
    EXPECT_EQ(found.offset, 4104U);
}

TEST(Standing, BytesBesideAnEditDoNotMatter)
{
    Image image = image_after();
    image[8193] = std::byte{9};
    image[8198] = std::byte{9};
    EXPECT_EQ(standing(image), Standing::after);
}

TEST(Standing, InTheBitmapOnlyTheBitsThatChangeCount)
{
    // Bits 2 and 3 become set; bit 0 is set before and after.
    const Edits edits{{0, {std::byte{0x01}}, {std::byte{0x0d}}}};
    const auto of = [&](unsigned bits) {
        Image image(4096);
        image[0] = static_cast<std::byte>(bits);
        return compare_edits(image, edits, 0).standing;
    };
    EXPECT_EQ(of(0x01), Standing::before);
    EXPECT_EQ(of(0xf0), Standing::before);
    EXPECT_EQ(of(0xfd), Standing::after);
    EXPECT_EQ(of(0x0c), Standing::after);
    EXPECT_EQ(of(0x09), Standing::partly);
}

TEST(Standing, EditOutsideIsForeign)
{
    const Image image(4096);
    EXPECT_EQ(compare_edits(image, {{4096, filled(8, 0), filled(8, 1)}}, std::nullopt).standing, Standing::foreign);
    EXPECT_EQ(compare_edits(image, {{~std::uint64_t{0}, filled(8, 0), filled(8, 1)}}, std::nullopt).standing,
              Standing::foreign);
    EXPECT_EQ(compare_edits(image, {{0, filled(8, 0), filled(16, 1)}}, std::nullopt).standing, Standing::foreign);
}

TEST(Settle, BringsAChangeThatWasCutShortToEitherEnd)
{
    for (const std::size_t words : {0U, 1U, 2U}) {
        Image cut = image_before();
        std::fill_n(cut.begin() + 4096, words * 8, std::byte{2});
        Image back = cut;
        EXPECT_TRUE(settle_edits(back, two_edits(), std::nullopt, Side::before).applied);
        EXPECT_EQ(back, image_before());
        EXPECT_TRUE(settle_edits(cut, two_edits(), std::nullopt, Side::after).applied);
        EXPECT_EQ(cut, image_after());
    }
}

TEST(Settle, ForeignWordKeepsEverythingAsItIs)
{
    Image image = image_after();
    image[4104] = std::byte{9};
    const Image seen = image;
    const ApplyResult result = settle_edits(image, two_edits(), std::nullopt, Side::before);
    EXPECT_FALSE(result.applied);
    EXPECT_EQ(result.conflict, 4104U);
    EXPECT_EQ(image, seen);
}

TEST(Settle, BitsOfOthersStay)
{
    const Edits edits{{0, {std::byte{0x01}}, {std::byte{0x0d}}}};
    Image image(4096);
    image[0] = std::byte{0xf8};
    EXPECT_TRUE(settle_edits(image, edits, 0, Side::after).applied);
    EXPECT_EQ(image[0], std::byte{0xfc});
    EXPECT_TRUE(settle_edits(image, edits, 0, Side::before).applied);
    EXPECT_EQ(image[0], std::byte{0xf0});
}

RC_GTEST_PROP(Settle, EveryMixtureOfOldAndNewWordsGoesToBothEnds, ())
{
    const auto words = *rc::gen::container<std::vector<std::tuple<std::uint64_t, std::uint64_t, bool>>>(
        rc::gen::arbitrary<std::tuple<std::uint64_t, std::uint64_t, bool>>());
    Image before(8192);
    Edits edits;
    const auto bytes_of = [](std::uint64_t word) {
        std::vector<std::byte> bytes(8);
        std::memcpy(bytes.data(), &word, 8);
        return bytes;
    };
    std::uint64_t offset = 4096;
    for (const auto &[old_word, new_word, written] : words) {
        std::memcpy(before.data() + offset, &old_word, 8);
        edits.push_back({offset, bytes_of(old_word), bytes_of(new_word)});
        offset += 8;
    }
    Image after = before;
    Image mixed = before;
    offset = 4096;
    for (const auto &[old_word, new_word, written] : words) {
        std::memcpy(after.data() + offset, &new_word, 8);
        if (written)
            std::memcpy(mixed.data() + offset, &new_word, 8);
        offset += 8;
    }
    Image back = mixed;
    RC_ASSERT(settle_edits(back, edits, 0, Side::before).applied);
    RC_ASSERT(back == before);
    RC_ASSERT(settle_edits(mixed, edits, 0, Side::after).applied);
    RC_ASSERT(mixed == after);
}

}  // namespace

}  // namespace pgregion
