// SPDX-License-Identifier: GPL-2.0-or-later
//
// Conformance of whole-table decoding: decode_table must say what decode says slot by slot, on tables of any
// density, with runs, with runs that end where the address field or the address width does, with replicated leaves
// whole and torn, in both byte orders.
#include "support/conformance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pgregion::test
{
namespace
{

using Words = std::vector<std::uint64_t>;

/// One entry with the slot in which it begins.
struct Found {
    std::uint32_t slot;
    Entry entry;
};

auto everything(const Found &found)
{
    const Entry &entry = found.entry;
    return std::tuple(found.slot, entry.raw, entry.reserved_set, entry.target.value(), entry.kind, entry.target_level,
                      entry.size_lg2, entry.replicas_lg2, entry.torn, letters(entry.access), entry.access.is_clean(),
                      entry.access.is_inactive(), entry.access.is_supervisor_only(), entry.invalid);
}

class TableRuns : public testing::TestWithParam<const TableFormat *>
{
protected:
    [[nodiscard]] const TableFormat &format() const { return *GetParam(); }

    [[nodiscard]] FormatParams random_params(Dice &dice) const
    {
        const auto settings = every_setting_of_directories(format());
        FormatParams params = settings[dice.below(settings.size())];
        const FormatParams wide = params;
        params.paw_bits = static_cast<std::uint8_t>(format().max_paw_bits - (dice.one_in(2) ? dice.below(18) : 0));
        return format().consistent(params) ? params : wide;
    }

    /// The bits in which the copies of a leaf may differ.
    [[nodiscard]] std::uint64_t flags(unsigned level, const FormatParams &params) const
    {
        return flag_bits(format().fields(level, EntryKind::leaf, params));
    }

    /// What the table holds, read in the plainest way: each slot by itself, and for leaves with copies a look at all
    /// of them. Slot 0 of `words` is a multiple of every number of copies.
    [[nodiscard]] std::vector<Found> slot_by_slot(const Words &words, unsigned level, const FormatParams &params) const
    {
        std::vector<Found> result;
        for (std::size_t slot = 0; slot < words.size();) {
            Entry entry = format().decode(words[slot], level, params);
            const std::size_t copies = std::size_t{1} << entry.replicas_lg2;
            const std::size_t first = slot / copies * copies;
            std::uint64_t all_flags = 0;
            bool whole = first == slot && first + copies <= words.size();
            for (std::size_t i = first; whole && i < first + copies; ++i) {
                const std::uint64_t may_differ = copies == 1 ? 0 : flags(level, params);
                whole = (words[i] & ~may_differ) == (words[first] & ~may_differ);
                all_flags |= words[i] & may_differ;
            }
            if (whole) {
                entry = format().decode(words[slot] | all_flags, level, params);
            } else {
                const unsigned shift = format().shape(level, params).shift;
                entry.target += (slot - first) << shift;
                entry.size_lg2 = static_cast<std::uint8_t>(shift);
                entry.replicas_lg2 = 0;
                entry.torn = true;
            }
            if (words[slot] != 0)
                result.push_back({static_cast<std::uint32_t>(slot), entry});
            slot += whole ? copies : 1;
        }
        return result;
    }

    /// Leaves that go on from slot to slot, now and then across the end of the address width or field, with flags
    /// and damage in some of their copies.
    void put_run(Words &words, std::size_t slot, unsigned level, const FormatParams &params, Dice &dice) const
    {
        const std::uint8_t size_lg2 = format().leaf_sizes_lg2[dice.below(format().leaf_sizes_lg2.size())];
        const Access access = dice.one_in(2) ? Access::all() : Access::from_bits(dice.below(8));
        const auto first = format().encode_leaf({PhysAddr(0), size_lg2, access}, level, params);
        const auto second =
            format().encode_leaf({PhysAddr(std::uint64_t{1} << size_lg2), size_lg2, access}, level, params);
        if (!first || !second)
            return;
        const std::uint64_t length = 1 + dice.below(40);
        const unsigned end_lg2 = format().max_paw_bits - static_cast<unsigned>(dice.below(18));
        const std::uint64_t before_end = dice.below(length + 2) << size_lg2;
        std::uint64_t address = (std::uint64_t{1} << end_lg2) - before_end;
        if (dice.one_in(2))
            address = dice.below(std::uint64_t{1} << 30) >> size_lg2 << size_lg2;
        // The carry out of the field is wanted, so words are added up and not encoded one by one.
        const std::uint64_t step = *second - *first;
        const std::uint64_t word = (*first | (dice.one_in(6) ? dice.word() : 0)) + (address >> size_lg2) * step;
        const std::size_t copies = std::size_t{1} << format().decode(*first, level, params).replicas_lg2;
        if (!dice.one_in(4))
            slot = slot / copies * copies;
        for (std::uint64_t i = 0; i < length * copies && slot + i < words.size(); ++i) {
            words[slot + i] = word + i / copies * step;
            if (copies > 1 && dice.one_in(20))
                words[slot + i] ^= dice.one_in(2) ? dice.word() & flags(level, params) : dice.below(4);
        }
    }

    [[nodiscard]] Words random_words(unsigned level, const FormatParams &params, Dice &dice) const
    {
        Words words(1 + dice.below(512));
        const std::uint64_t sparse = 1 + dice.below(64);
        for (std::size_t slot = 0; slot < words.size(); ++slot) {
            if (!dice.one_in(sparse))
                continue;
            const std::uint64_t what = dice.below(5);
            if (what == 0)
                words[slot] = dice.word();
            else if (what == 1)
                words[slot] = dice.word() & ((std::uint64_t{1} << 52) - 1) & ~std::uint64_t{0xff8};
            else
                put_run(words, slot, level, params, dice);
        }
        return words;
    }

    [[nodiscard]] static std::vector<std::byte> stored(const Words &words, const FormatParams &params)
    {
        std::vector<std::byte> bytes;
        for (const std::uint64_t word : words) {
            for (unsigned i = 0; i < 8; ++i)
                bytes.push_back(static_cast<std::byte>(word >> (params.big_endian ? 56 - 8 * i : 8 * i)));
        }
        return bytes;
    }

    void expect_slot_by_slot(const Words &words, unsigned level, const FormatParams &params) const
    {
        constexpr std::uint32_t kFirstIndex = 512;
        std::vector<EntryRun> runs(words.size());
        const DecodedTable decoded = format().decode_table(stored(words, params), kFirstIndex, level, params, runs);
        const std::vector<Found> expected = slot_by_slot(words, level, params);
        std::vector<Found> found;
        bool only_leaves = true;
        for (std::size_t i = 0; i < decoded.runs; ++i) {
            const EntryRun &run = runs[i];
            RC_ASSERT(run.count >= 1U);
            RC_ASSERT(run.count == 1U || run.first.kind == EntryKind::leaf);
            for (std::uint32_t k = 0; k < run.count; ++k) {
                RC_ASSERT(run.part(k, 1).index == run.slot(k));
                found.push_back({run.slot(k) - kFirstIndex, run.entry(k)});
            }
        }
        RC_ASSERT(found.size() == expected.size());
        for (std::size_t i = 0; i < found.size(); ++i) {
            RC_ASSERT(everything(found[i]) == everything(expected[i]));
            const Entry &entry = expected[i].entry;
            only_leaves = only_leaves && entry.kind == EntryKind::leaf && !entry.faults() && !entry.torn;
        }
        RC_ASSERT(decoded.only_leaves == only_leaves);
    }

    /// Words of a table that is full of consecutive leaves of one size; none where the level has no such leaves.
    [[nodiscard]] Words full_table(std::uint8_t size_lg2, unsigned level, const FormatParams &params) const
    {
        constexpr std::uint64_t kSlots = 512;
        Words words;
        for (std::uint64_t leaf = 1; words.size() < kSlots; ++leaf) {
            const PhysAddr target(leaf << size_lg2);
            auto raw = format().encode_leaf({target, size_lg2, Access::read() | Access::write()}, level, params);
            if (!raw)
                raw = format().encode_leaf({target, size_lg2, Access::all()}, level, params);
            if (!raw)
                return {};
            const std::size_t copies = std::size_t{1} << format().decode(*raw, level, params).replicas_lg2;
            words.insert(words.end(), copies, *raw);
        }
        return words;
    }
};

TEST_P(TableRuns, ExpandedRunsAreTheEntriesSlotBySlot)
{
    EXPECT_TRUE(rc::check([this](std::uint64_t seed) {
        Dice dice(seed);
        for (int i = 0; i < 4; ++i) {
            const FormatParams params = random_params(dice);
            const auto level = static_cast<unsigned>(dice.below(params.levels));
            expect_slot_by_slot(random_words(level, params, dice), level, params);
        }
    }));
}

TEST_P(TableRuns, ATableFullOfConsecutiveLeavesIsOneRunAtEveryLevelAndSize)
{
    // A run may end where the address goes on at another place of the word: at a C-bit, and with Arm's 64K at bit 48.
    constexpr unsigned kPlainBits = 47;
    unsigned tables = 0;
    for (const FormatParams &params : every_setting(format())) {
        const std::uint64_t granule = std::uint64_t{1} << format().shape(0, params).shift;
        const std::uint64_t plain = (std::uint64_t{1} << kPlainBits) - granule;
        if ((output_bits(format(), params) & plain) != plain)
            continue;
        for (unsigned level = 0; level < params.levels; ++level) {
            for (const std::uint8_t size_lg2 : format().leaf_sizes_lg2) {
                const Words words = full_table(size_lg2, level, params);
                if (words.empty() || format().decode(words.back(), level, params).target.value() >> kPlainBits != 0)
                    continue;
                ++tables;
                std::vector<EntryRun> runs(words.size());
                const DecodedTable decoded = format().decode_table(stored(words, params), 0, level, params, runs);
                ASSERT_EQ(decoded.runs, 1U) << words_of(format(), params) << " size " << int{size_lg2};
                EXPECT_TRUE(decoded.only_leaves);
                EXPECT_EQ(runs[0].count << runs[0].first.replicas_lg2, 512U);
                EXPECT_EQ(runs[0].first.size_lg2, size_lg2);
                const std::uint32_t last = runs[0].count - 1;
                EXPECT_EQ(runs[0].part(last, 1).first.raw, words.back());
                EXPECT_EQ(runs[0].part(last, 1).index, 512U - (1U << runs[0].first.replicas_lg2));
            }
        }
    }
    EXPECT_GT(tables, 0U);
}

TEST_P(TableRuns, ALeafOutOfAGroupThatIsNotWholeStandsForItsOwnSlot)
{
    for (const FormatParams &params : every_setting(format())) {
        for (const std::uint8_t size_lg2 : format().leaf_sizes_lg2) {
            for (unsigned level = 0; level < params.levels; ++level) {
                const Words group = full_table(size_lg2, level, params);
                if (group.empty() || format().decode(group[0], level, params).replicas_lg2 == 0)
                    continue;
                Words words(512);
                words[1] = group[1];  // the second copy alone
                std::vector<EntryRun> runs(words.size());
                const DecodedTable decoded = format().decode_table(stored(words, params), 0, level, params, runs);
                ASSERT_EQ(decoded.runs, 1U);
                const unsigned shift = format().shape(level, params).shift;
                EXPECT_TRUE(runs[0].first.torn);
                EXPECT_EQ(runs[0].index, 1U);
                EXPECT_EQ(runs[0].first.size_lg2, shift);
                EXPECT_EQ(runs[0].first.replicas_lg2, 0);
                const PhysAddr whole = format().decode(group[1], level, params).target;
                EXPECT_EQ(runs[0].first.target, whole + (std::uint64_t{1} << shift));
                EXPECT_FALSE(decoded.only_leaves);
            }
        }
    }
}

TEST_P(TableRuns, AnEmptyTableHasNoRuns)
{
    std::vector<EntryRun> runs(512);
    for (const FormatParams &params : every_setting(format())) {
        for (unsigned level = 0; level < params.levels; ++level)
            EXPECT_EQ(format().decode_table(stored(Words(512), params), 0, level, params, runs).runs, 0U);
        EXPECT_EQ(format().decode_table({}, 0, 0, params, {}).runs, 0U);
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, TableRuns, testing::ValuesIn(table_formats().begin(), table_formats().end()),
                         test_name<TableFormat>);

}  // namespace
}  // namespace pgregion::test
