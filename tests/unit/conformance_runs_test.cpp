// SPDX-License-Identifier: GPL-2.0-or-later
//
// Conformance of whole-table decoding: decode_table must say what decode says entry by entry, on tables of any
// density, with runs, with runs that end where the address field or the address width does, in both byte orders.
#include "support/conformance.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pgregion::test
{
namespace
{

using Words = std::vector<std::uint64_t>;

class TableRuns : public testing::TestWithParam<const TableFormat *>
{
protected:
    [[nodiscard]] const TableFormat &format() const { return *GetParam(); }

    [[nodiscard]] FormatParams random_params(Dice &dice) const
    {
        FormatParams params = default_params(format(), format().max_levels);
        const auto choices = every_choice(params, format().parameters);
        params = choices[dice.below(choices.size())];
        params.big_endian = dice.one_in(3);
        params.paw_bits = static_cast<std::uint8_t>(format().max_paw_bits - (dice.one_in(2) ? dice.below(18) : 0));
        return params;
    }

    /// Leaves that go on from slot to slot, now and then across the end of the address width or field.
    void put_run(Words &words, std::size_t slot, unsigned level, Dice &dice) const
    {
        const FormatParams params = default_params(format(), format().max_levels);
        const std::uint8_t size_lg2 = format().leaf_sizes_lg2[dice.below(format().leaf_sizes_lg2.size())];
        const Access access = Access::from_bits(dice.below(8));
        const std::uint64_t length = 1 + dice.below(40);
        const unsigned end_lg2 = format().max_paw_bits - static_cast<unsigned>(dice.below(18));
        const std::uint64_t before_end = dice.below(length + 2) << size_lg2;
        const std::uint64_t extra = dice.one_in(6) ? dice.word() : 0;
        std::uint64_t address = (std::uint64_t{1} << end_lg2) - before_end;
        const auto first = format().encode_leaf({PhysAddr(0), size_lg2, access}, level, params);
        const auto second =
            format().encode_leaf({PhysAddr(std::uint64_t{1} << size_lg2), size_lg2, access}, level, params);
        if (!first || !second)
            return;
        if (dice.one_in(2))
            address = dice.below(std::uint64_t{1} << 30) >> size_lg2 << size_lg2;
        // The carry out of the field is wanted, so words are added up and not encoded one by one.
        const std::uint64_t step = *second - *first;
        std::uint64_t word = (*first | extra) + (address >> size_lg2) * step;
        for (std::uint64_t i = 0; i < length && slot + i < words.size(); ++i, word += step)
            words[slot + i] = word;
    }

    [[nodiscard]] Words random_words(unsigned level, Dice &dice) const
    {
        Words words(1 + dice.below(512));
        const std::uint64_t sparse = 1 + dice.below(64);
        for (std::size_t slot = 0; slot < words.size(); ++slot) {
            if (!dice.one_in(sparse))
                continue;
            const std::uint64_t what = dice.below(4);
            if (what == 0)
                words[slot] = dice.word();
            else if (what == 1)
                words[slot] = dice.word() & ((std::uint64_t{1} << 52) - 1) & ~std::uint64_t{0xff8};
            else
                put_run(words, slot, level, dice);
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
};

auto everything(const Entry &entry)
{
    return std::tuple(entry.raw, entry.reserved_set, entry.target.value(), entry.kind, entry.target_level,
                      entry.size_lg2, entry.replicas_lg2, letters(entry.access), entry.invalid);
}

TEST_P(TableRuns, ExpandedRunsAreTheEntriesOneByOne)
{
    EXPECT_TRUE(rc::check([this](std::uint64_t seed) {
        Dice dice(seed);
        const FormatParams params = random_params(dice);
        const auto level = static_cast<unsigned>(dice.below(params.levels));
        const auto first_index = static_cast<std::uint32_t>(dice.below(100));
        const Words words = random_words(level, dice);
        std::vector<EntryRun> runs(words.size());
        const DecodedTable decoded = format().decode_table(stored(words, params), first_index, level, params, runs);
        RC_ASSERT(decoded.runs <= words.size());

        std::map<std::uint32_t, Entry> expanded;
        bool only_leaves = true;
        std::uint32_t next = first_index;
        for (std::size_t i = 0; i < decoded.runs; ++i) {
            RC_ASSERT(runs[i].index >= next);
            RC_ASSERT(runs[i].count >= 1U);
            next = runs[i].index + runs[i].count;
            for (std::uint32_t k = 0; k < runs[i].count; ++k)
                expanded[runs[i].index + k] = runs[i].entry(k);
            only_leaves = only_leaves && runs[i].first.kind == EntryKind::leaf && !runs[i].first.faults();
            RC_ASSERT(runs[i].count == 1U || runs[i].first.kind == EntryKind::leaf);
        }
        RC_ASSERT(next <= first_index + words.size());
        RC_ASSERT(decoded.only_leaves == only_leaves);

        std::size_t present = 0;
        for (std::size_t slot = 0; slot < words.size(); ++slot) {
            if (words[slot] == 0)
                continue;
            ++present;
            const auto found = expanded.find(first_index + static_cast<std::uint32_t>(slot));
            RC_ASSERT(found != expanded.end());
            RC_ASSERT(everything(found->second) == everything(format().decode(words[slot], level, params)));
        }
        RC_ASSERT(expanded.size() == present);
    }));
}

TEST_P(TableRuns, ATableFullOfConsecutiveLeavesIsOneRun)
{
    const FormatParams params = default_params(format(), format().max_levels);
    const std::uint8_t size_lg2 = format().leaf_sizes_lg2.front();
    Words words;
    for (std::uint64_t slot = 0; slot < 512; ++slot) {
        const LeafSpec leaf{PhysAddr(0x40000000 + (slot << size_lg2)), size_lg2, Access::read() | Access::write()};
        words.push_back(format().encode_leaf(leaf, 0, params).value());
    }
    std::vector<EntryRun> runs(512);
    const DecodedTable decoded = format().decode_table(stored(words, params), 0, 0, params, runs);
    ASSERT_EQ(decoded.runs, 1U);
    EXPECT_TRUE(decoded.only_leaves);
    EXPECT_EQ(runs[0].count, 512U);
    EXPECT_EQ(runs[0].first.target, PhysAddr(0x40000000));
    EXPECT_EQ(runs[0].part(3, 2).first.raw, words[3]);
    EXPECT_EQ(runs[0].part(3, 2).index, 3U);
    EXPECT_EQ(runs[0].part(3, 2).count, 2U);
}

TEST_P(TableRuns, AnEmptyTableHasNoRuns)
{
    const FormatParams params = default_params(format(), format().max_levels);
    std::vector<EntryRun> runs(512);
    for (unsigned level = 0; level < format().max_levels; ++level)
        EXPECT_EQ(format().decode_table(stored(Words(512), params), 0, level, params, runs).runs, 0U);
}

TEST_P(TableRuns, NoBytesHaveNoRuns)
{
    const FormatParams params = default_params(format(), format().max_levels);
    EXPECT_EQ(format().decode_table({}, 0, 0, params, {}).runs, 0U);
}

INSTANTIATE_TEST_SUITE_P(Formats, TableRuns, testing::ValuesIn(table_formats().begin(), table_formats().end()),
                         test_name<TableFormat>);

}  // namespace
}  // namespace pgregion::test
