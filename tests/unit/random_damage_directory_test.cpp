// SPDX-License-Identifier: GPL-2.0-or-later
//
// Random damage to regions with a directory and its page tables: one repair of everything leaves no error, and no
// device can do afterwards what it could not do before: no new leaf, and nobody becomes unprotected or passes through.
#include "base/bytes.h"
#include "support/leaf_set.h"
#include "support/sanitizer.h"
#include "support/sound_directory.h"
#include "support/table_image.h"
#include "support/tested_formats.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

constexpr int kRounds = kSanitized ? 10 : 120;

/// What a device can do.
struct Power {
    bool everything = false;  ///< it passes through, or nothing protects from it
    std::set<Leaf> leaves;
};

using Who = std::pair<std::uint32_t, std::int64_t>;  // id, and PASID or -1

class Powers final : public DirectoryVisitor
{
public:
    explicit Powers(const MemorySource &memory) : memory_(memory) {}

    void device(const Device &device) override
    {
        Power power;
        const TranslationKind kind = device.translation.kind;
        power.everything = kind == TranslationKind::pass_through || kind == TranslationKind::unprotected;
        if (device.translation.format != nullptr && device.translation.outer.format == nullptr) {
            power.leaves = leaves_of(memory_, walk_request(device.translation));
        }
        of[{device.id, device.pasid ? static_cast<std::int64_t>(*device.pasid) : -1}] = std::move(power);
    }

    std::map<Who, Power> of;

private:
    const MemorySource &memory_;
};

class RandomDirectoryDamage : public testing::TestWithParam<std::string>
{
protected:
    [[nodiscard]] std::map<Who, Power> powers() const
    {
        Powers powers(sound_.memory);
        walk_directory(sound_.memory, sound_.request, powers);
        return std::move(powers.of);
    }

    [[nodiscard]] Edits plan() const
    {
        const CheckReport report = run_checks(sound_.subject);
        std::vector<const Finding *> findings;
        for (const Finding &finding : report.findings)
            findings.push_back(&finding);
        RepairTarget target;
        target.bytes = sound_.image;
        target.base = sound_.base;
        target.is_region = true;
        target.units = sound_.subject.units;
        return plan_repair(target, findings).edits;
    }

    void damage(Dice &dice)
    {
        const std::uint64_t pages = Bitmap::read(sound_.image).count();
        const std::uint64_t page = dice.below(pages + 1);
        const std::size_t at = page * kPageBytes + dice.below(512) * 8;
        switch (dice.below(5)) {
        case 0:
            flip_in_use(page, dice);
            break;
        case 1:
            flip_in_use(1 + dice.below(3), dice);
            break;
        case 2:
            store_le64(sound_.image, at, dice.word());
            break;
        case 3:
            store_le64(sound_.image, at, sound_.base.value() + dice.below(pages) * kPageBytes + dice.below(4096));
            break;
        default:
            sound_.image[dice.below(kBitmapBytes)] ^= static_cast<std::byte>(1U << dice.below(8));
        }
    }

    void flip_in_use(std::uint64_t page, Dice &dice)
    {
        for (std::uint64_t word = dice.below(512), tries = 0; tries < 512; ++tries, word = (word + 1) % 512) {
            const std::size_t at = page * kPageBytes + word * 8;
            if (load_le64(sound_.image, at) == 0)
                continue;
            sound_.image[at + dice.below(8)] ^= static_cast<std::byte>(1U << dice.below(8));
            return;
        }
    }

    static void expect_no_more(const std::map<Who, Power> &before, const std::map<Who, Power> &after)
    {
        for (const auto &[who, power] : after) {
            const auto known = before.find(who);
            ASSERT_TRUE(known != before.end() || (!power.everything && power.leaves.empty())) << "device " << who.first;
            if (known == before.end())
                continue;
            ASSERT_TRUE(known->second.everything || !power.everything) << "device " << who.first;
            ASSERT_TRUE(known->second.everything ||
                        std::includes(known->second.leaves.begin(), known->second.leaves.end(), power.leaves.begin(),
                                      power.leaves.end()))
                << "device " << who.first;
        }
    }

    SoundDirectory sound_{GetParam()};
};

TEST_P(RandomDirectoryDamage, IsRepairedInOnePassWithoutInventingAccess)
{
    ASSERT_EQ(run_checks(sound_.subject).of(Severity::error), 0U);
    const std::vector<std::byte> healthy = sound_.image;
    Dice dice(4);
    for (int round = 0; round < kRounds; ++round) {
        std::ranges::copy(healthy, sound_.image.begin());
        for (std::uint64_t i = 0, hits = 1 + dice.below(5); i < hits; ++i)
            damage(dice);
        const std::map<Who, Power> before = powers();
        const Edits edits = plan();
        ASSERT_TRUE(apply_edits(sound_.image, edits).applied);
        for (const Finding &finding : run_checks(sound_.subject).findings)
            ASSERT_NE(finding.severity, Severity::error)
                << "round " << round << ": " << finding.check->code << " (" << finding.detail << ") is left at page "
                << (finding.page ? finding.page->value() : 9999) << " index " << finding.index.value_or(9999);
        ASSERT_NO_FATAL_FAILURE(expect_no_more(before, powers())) << "round " << round;
    }
}

INSTANTIATE_TEST_SUITE_P(Sound, RandomDirectoryDamage, testing::ValuesIn(sound_directories()), [](const auto &param) {
    std::string name = param.param;
    std::ranges::replace(name, '-', '_');
    return name;
});

}  // namespace
}  // namespace pgregion::test
