// SPDX-License-Identifier: GPL-2.0-or-later
//
// Random damage to several pages of a sound region: the checks find errors, one repair of everything leaves none, and
// every leaf that is there afterwards was there before: repair never invents access.
#include "support/healthy_tables.h"
#include "support/leaf_set.h"
#include "support/sanitizer.h"
#include "support/table_image.h"

#include <set>
#include <tuple>

#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

constexpr int kRounds = kSanitized ? 12 : 150;

std::set<Leaf> leaves_in(const HealthyTables &tables)
{
    PiecewiseMemory memory;
    memory.add(tables.tables().base, tables.image);
    return leaves_of(memory, tables.walk());
}

class RandomDamage : public testing::TestWithParam<TableReading>
{
protected:
    static CheckReport check(const HealthyTables &tables)
    {
        PiecewiseMemory memory;
        return run_checks(tables.subject(memory));
    }

    static Edits plan(const HealthyTables &tables, const CheckReport &report)
    {
        std::vector<const Finding *> findings;
        for (const Finding &finding : report.findings)
            findings.push_back(&finding);
        RepairTarget target;
        target.bytes = tables.image;
        target.base = tables.tables().base;
        target.is_region = true;
        return plan_repair(target, findings).edits;
    }

    /// A page that is in use, mostly; else any.
    static std::uint64_t some_page(const Image &image, Dice &dice)
    {
        const std::uint64_t used = Bitmap::read(image).count();
        return dice.one_in(8) ? dice.below(kRegionPages) : dice.below(std::min<std::uint64_t>(used + 4, kRegionPages));
    }

    static void damage(Image &image, Dice &dice)
    {
        const std::uint64_t page = some_page(image, dice);
        const std::uint64_t word = dice.below(512);
        const std::size_t at = page * kPageBytes + word * 8;
        switch (dice.below(6)) {
        case 0:  // a bit of a word in use
            flip_in_use(image, page, dice);
            break;
        case 1:  // a random word
            store(image, at, dice.word());
            break;
        case 2:  // a pointer to some page of the region, with low bits of any kind
            store(image, at, HealthyTables::kBase + some_page(image, dice) * kPageBytes + dice.below(4096));
            break;
        case 3:  // a page of another's content
            copy_page(image, some_page(image, dice), page);
            break;
        case 4:  // a page of noise
            for (std::uint64_t i = 0; i < 512; ++i)
                store(image, page * kPageBytes + i * 8, dice.word());
            break;
        default:  // bits of the bitmap
            image[dice.below(kBitmapBytes)] ^= static_cast<std::byte>(1U << dice.below(8));
        }
    }

    static void flip_in_use(Image &image, std::uint64_t page, Dice &dice)
    {
        for (std::uint64_t word = dice.below(512), tries = 0; tries < 512; ++tries, word = (word + 1) % 512) {
            const std::size_t at = page * kPageBytes + word * 8;
            if (std::all_of(image.begin() + static_cast<std::ptrdiff_t>(at),
                            image.begin() + static_cast<std::ptrdiff_t>(at) + 8,
                            [](std::byte byte) { return byte == std::byte{0}; }))
                continue;
            image[at + dice.below(8)] ^= static_cast<std::byte>(1U << dice.below(8));
            return;
        }
    }

    static void store(Image &image, std::size_t at, std::uint64_t word)
    {
        for (std::size_t i = 0; i < 8; ++i)
            image[at + i] = static_cast<std::byte>(word >> (8 * i));
    }

    static void copy_page(Image &image, std::uint64_t from, std::uint64_t to)
    {
        std::copy_n(image.begin() + static_cast<std::ptrdiff_t>(from * kPageBytes), kPageBytes,
                    image.begin() + static_cast<std::ptrdiff_t>(to * kPageBytes));
    }
};

TEST_P(RandomDamage, IsRepairedInOnePassWithoutInventingAccess)
{
    const HealthyTables healthy(GetParam());
    ASSERT_EQ(check(healthy).of(Severity::error), 0U) << "the region is not sound to begin with";
    HealthyTables tables(GetParam());
    Dice dice(20261122);
    int damaged = 0;
    for (int round = 0; round < kRounds; ++round) {
        tables.image = healthy.image;
        for (std::uint64_t i = 0, hits = 1 + dice.below(6); i < hits; ++i)
            damage(tables.image, dice);
        const CheckReport report = check(tables);
        damaged += report.of(Severity::error) != 0 ? 1 : 0;
        const std::set<Leaf> before = leaves_in(tables);
        const Image image_before = tables.image;
        const Edits edits = plan(tables, report);
        ASSERT_TRUE(apply_edits(tables.image, edits).applied);
        for (const Finding &finding : check(tables).findings)
            ASSERT_NE(finding.severity, Severity::error)
                << "round " << round << ": " << finding.check->code << " is left at page "
                << (finding.page ? finding.page->value() : 9999) << " index " << finding.index.value_or(9999);
        for (const Leaf &leaf : leaves_in(tables))
            ASSERT_TRUE(before.contains(leaf)) << "round " << round << ": IOVA " << std::hex << std::get<0>(leaf);
        ASSERT_TRUE(apply_edits(tables.image, invert(edits)).applied);
        ASSERT_EQ(tables.image, image_before);
    }
    EXPECT_GT(damaged, kRounds / 4) << "hardly any damage was an error: the test tests nothing";
}

INSTANTIATE_TEST_SUITE_P(Formats, RandomDamage, testing::ValuesIn(readings_for(kDamage)),
                         [](const auto &of) { return of.param.name; });

}  // namespace
}  // namespace pgregion::test
