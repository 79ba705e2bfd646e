// SPDX-License-Identifier: GPL-2.0-or-later
//
// The walker and single translations of every format against a deliberately naive reader of the specification
// (tests/formats), on random trees: mixed sizes, groups of copies whole and torn, skipped levels, shared
// tables, holes, reserved bits, pointers out of the image, garbage, permissions of every kind, both byte orders.
#include "support/conformance.h"
#include "support/sanitizer.h"
#include "support/tested_formats.h"
#include "support/walk_record.h"

#include <pgregion/walk.h>

#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pgregion::test
{
namespace
{

/// A tree of tables of one format. Tables only point to pages after their own, so there are no loops.
class RandomForest
{
public:
    static constexpr std::uint64_t kBase = 0x40000000;

    RandomForest(const TableFormat &format, const FormatParams &params, std::uint64_t seed)
        : format_(format), params_(params), image_(kBase), dice_(seed), next_free_(image_.address(1))
    {
        for (unsigned level = 0; level < params.levels; ++level)
            most_bytes_ = std::max<std::uint64_t>(most_bytes_, format.shape(level, params).bytes());
        root_ = take(params.levels - 1U).value_or(kBase);
        fill(root_, params.levels - 1U, 0);
    }

    [[nodiscard]] const TableImage &image() const { return image_; }
    [[nodiscard]] std::uint64_t root() const { return root_; }

    /// An IOVA near something: in or around a slot that was filled, or anywhere.
    [[nodiscard]] std::uint64_t some_iova()
    {
        if (dice_.one_in(8) || slots_.empty())
            return dice_.one_in(4) ? ~(dice_.word() >> dice_.below(64)) : dice_.word() >> dice_.below(64);
        const auto &[first, size] = slots_[dice_.below(slots_.size())];
        const std::uint64_t inside = first + dice_.below(size);
        const std::uint64_t iova = dice_.one_in(6) ? first - 1 : dice_.one_in(6) ? first + size : inside;
        return dice_.one_in(20) ? iova : format_.canonical(iova, params_).value();
    }

    [[nodiscard]] std::uint64_t some_size() { return dice_.word() >> dice_.below(64); }

private:
    /// Room for a table, aligned as its level wants it.
    std::optional<std::uint64_t> take(unsigned level)
    {
        const TableShape shape = format_.shape(level, params_);
        const std::uint64_t align = std::max<std::uint64_t>(shape.align_bytes, dice_.one_in(2) ? 4096 : 64);
        const std::uint64_t first = (next_free_ + align - 1) / align * align;
        if (first + shape.bytes() > kBase + image_.bytes().size())
            return std::nullopt;
        next_free_ = (first + shape.bytes() + 4095) / 4096 * 4096;
        return first;
    }

    void store(std::uint64_t address, std::uint64_t word)
    {
        if (address - kBase + 8 > image_.bytes().size())
            return;
        for (unsigned i = 0; i < 8; ++i) {
            const unsigned shift = params_.big_endian ? 56 - 8 * i : 8 * i;
            image_.bytes()[address - kBase + i] = static_cast<std::byte>(word >> shift);
        }
    }

    void fill(std::uint64_t table, unsigned level, std::uint64_t first)
    {
        const TableShape shape = format_.shape(level, params_);
        const std::uint64_t entries = shape.entries();
        const std::uint64_t wanted = 1 + dice_.below(6);
        std::uint64_t index = dice_.one_in(3) ? 0 : dice_.below(entries);
        for (std::uint64_t i = 0; i < wanted; ++i) {
            slots_.emplace_back(first + (index << shape.shift), std::uint64_t{1} << shape.shift);
            put(table, index, level, first + (index << shape.shift));
            index = dice_.one_in(2) ? (index + 1) % entries : dice_.one_in(4) ? entries - 1 : dice_.below(entries);
        }
    }

    void put(std::uint64_t table, std::uint64_t index, unsigned level, std::uint64_t first)
    {
        if (dice_.one_in(12))
            return store(table + index * 8, dice_.word());
        if (level == 0 || dice_.one_in(level <= 2 ? 3 : 8)) {
            if (put_leaf(table, index, level))
                return;
        }
        if (level > 0)
            store(table + index * 8, damaged(pointer(level, first)));
    }

    std::uint64_t damaged(std::uint64_t word) { return dice_.one_in(12) ? word ^ (1ULL << dice_.below(64)) : word; }

    /// A leaf with all its copies, in most cases: some are damaged or left out.
    bool put_leaf(std::uint64_t table, std::uint64_t index, unsigned level)
    {
        const std::uint8_t size_lg2 = format_.leaf_sizes_lg2[dice_.below(format_.leaf_sizes_lg2.size())];
        const auto memory = static_cast<MemoryType>(dice_.one_in(3) ? dice_.below(3) : 0);
        const Access access = dice_.one_in(2) ? Access::all() : Access::from_bits(dice_.below(8));
        // Few targets, so that neighbours go on now and then.
        const PhysAddr target(dice_.below(16) << size_lg2);
        const auto raw = format_.encode_leaf({target, size_lg2, access, memory}, level, params_);
        if (!raw)
            return false;
        const std::uint64_t copies = std::uint64_t{1} << format_.decode(*raw, level, params_).replicas_lg2;
        const std::uint64_t first = dice_.one_in(10) ? index : index / copies * copies;
        const TableShape shape = format_.shape(level, params_);
        const std::uint64_t word = copies == 1 ? damaged(*raw) : *raw;
        const bool torn = copies > 1 && dice_.one_in(3);
        for (std::uint64_t i = first; i < first + copies && i < shape.entries(); ++i) {
            const std::uint64_t flip = torn && dice_.one_in(8) ? 1ULL << dice_.below(64) : 0;
            if (!torn || !dice_.one_in(16))
                store(table + i * 8, word ^ flip);
        }
        return true;
    }

    std::uint64_t pointer(unsigned level, std::uint64_t first)
    {
        const bool skips = skips_levels_ && level > 1 && dice_.one_in(4);
        const auto below = skips ? static_cast<unsigned>(dice_.below(level)) : level - 1;
        std::uint64_t address = (dice_.word() >> 24) / most_bytes_ * most_bytes_;  // outside, most likely
        if (!dice_.one_in(10)) {
            const auto &known = tables_[below];
            const bool reuse = dice_.one_in(8) && !known.empty();
            const auto fresh = reuse ? std::optional(known[dice_.below(known.size())]) : take(below);
            address = fresh.value_or(kBase + image_.bytes().size());  // just behind the end
            if (fresh && !reuse) {
                fill(*fresh, below, first);
                tables_[below].push_back(*fresh);
            }
        }
        return format_.encode_table(PhysAddr(address), below + 1, params_);
    }

    const TableFormat &format_;
    const bool skips_levels_ = tested_table(format_.name).skips_levels;
    const FormatParams &params_;
    TableImage image_;
    Dice dice_;
    std::uint64_t next_free_;
    std::uint64_t most_bytes_ = 0;
    std::uint64_t root_ = 0;
    std::array<std::vector<std::uint64_t>, 8> tables_;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> slots_;
};

/// Trees that are tried for each seed.
constexpr std::uint64_t kTrees = kSanitized ? 1 : 6;

class WalkFormats : public testing::TestWithParam<const TableFormat *>
{
protected:
    [[nodiscard]] const TableFormat &format() const { return *GetParam(); }

    /// One tree in a random setting, with everybody who reads it.
    struct Case {
        Case(const TableFormat &format, const FormatParams &params, std::uint64_t seed)
            : setting(params), forest(format, setting, seed), memory(forest.image().memory()),
              naive(naive_tables(format, params))
        {
            naive.root = forest.root();
            naive.byte = [this](std::uint64_t address) -> std::optional<unsigned> {
                const auto bytes = forest.image().bytes();
                const std::uint64_t offset = address - RandomForest::kBase;
                return offset < bytes.size() ? std::optional(std::to_integer<unsigned>(bytes[offset])) : std::nullopt;
            };
            request.format = &format;
            request.params = params;
            request.root = PhysAddr(forest.root());
        }

        FormatParams setting;
        RandomForest forest;
        PiecewiseMemory memory;
        NaiveTables naive;
        WalkRequest request;
    };

    /// Calls `check(test)` for random trees.
    template <class Check>
    void expect_of_trees(const Check &check) const
    {
        EXPECT_TRUE(rc::check([&](std::uint64_t seed) {
            for (std::uint64_t tree = 0; tree < kTrees; ++tree)
                check(*any_case(seed * kTrees + tree));
        }));
    }

    [[nodiscard]] std::unique_ptr<Case> any_case(std::uint64_t seed) const
    {
        const auto settings = every_setting(format());
        FormatParams params = settings[seed % settings.size()];
        const FormatParams wide = params;
        if (seed / settings.size() % 3 == 0)
            params.paw_bits = 40;
        return std::make_unique<Case>(format(), format().consistent(params) ? params : wide, seed);
    }
};

bool in_interrupt_window(std::uint64_t address) { return address >> 20 == 0xfee; }

bool allows(const std::string &access, char letter) { return access.find(letter) != std::string::npos; }

/// Whether a request gets through by the naive answer.
bool gets_through(const TableFormat &format, const NaiveAnswer &answer, Access wanted)
{
    const bool window = tested_table(format.name).interrupt_window;
    char letter = wanted == Access::write() ? 'w' : wanted == Access::read() ? 'r' : 'x';
    if (letter == 'x' && !format.has_execute)
        letter = 'r';
    return answer.mapped && answer.user && allows(answer.access, letter) && !(window && in_interrupt_window(answer.pa));
}

TEST_P(WalkFormats, TranslateAnswersAsTheNaiveReaderDoes)
{
    expect_of_trees([this](Case &test) {
        for (int i = 0; i < 60; ++i) {
            const std::uint64_t iova = test.forest.some_iova();
            const NaiveAnswer expected = test.naive.translate(iova);
            for (const Access wanted : {Access::read(), Access::write(), Access::execute()}) {
                const TranslationResult found = translate(test.memory, test.request, Iova(iova), wanted);
                RC_LOG() << words_of(format(), test.setting) << std::hex << " IOVA " << iova << '\n';
                RC_ASSERT(found.mapped == expected.mapped);
                RC_ASSERT(!found.fault.has_value() == gets_through(format(), expected, wanted));
                if (!found.mapped)
                    continue;
                RC_ASSERT(found.pa.value() == expected.pa);
                RC_ASSERT((std::uint64_t{1} << found.size_lg2) == expected.size);
                RC_ASSERT(std::string(letters(found.access)) == expected.access);
            }
        }
    });
}

/// What the rows say about one address.
std::optional<std::pair<std::uint64_t, std::string>> look_up(const MapRows &rows, std::uint64_t iova)
{
    for (const MapRow &row : rows) {
        if (iova - row.iova < row.size)
            return std::pair(row.pa + (iova - row.iova), row.access);
    }
    return std::nullopt;
}

TEST_P(WalkFormats, MergedMappingsAreWhatTheNaiveReaderFindsAtEveryAddressTried)
{
    expect_of_trees([this](Case &test) {
        WalkCounts counts;
        if (walk_tables(test.memory, test.request, counts).truncated)
            return;
        const MapRows rows = merged_by_walker(test.memory, test.request);
        std::vector<std::uint64_t> tries;
        for (const MapRow &row : rows) {
            for (const std::uint64_t skip : {std::uint64_t{0}, row.size - 1, row.size / 2, row.size, ~std::uint64_t{0}})
                tries.push_back(row.iova + skip);
        }
        for (int i = 0; i < 60; ++i)
            tries.push_back(test.forest.some_iova());
        for (const std::uint64_t iova : tries) {
            const NaiveAnswer expected = test.naive.translate(iova);
            const auto found = look_up(rows, iova);
            RC_LOG() << words_of(format(), test.setting) << std::hex << " IOVA " << iova << '\n';
            RC_ASSERT(found.has_value() == expected.mapped);
            if (found) {
                RC_ASSERT(found->first == expected.pa);
                RC_ASSERT(found->second == expected.access);
            }
        }
    });
}

TEST_P(WalkFormats, MergedMappingsDoNotOverlapAndAreInOrder)
{
    expect_of_trees([](Case &test) {
        const MapRows rows = merged_by_walker(test.memory, test.request);
        for (std::size_t i = 1; i < rows.size(); ++i)
            RC_ASSERT(rows[i].iova - rows[i - 1].iova >= rows[i - 1].size);
        RC_ASSERT(std::ranges::is_sorted(rows, {}, &MapRow::iova));
    });
}

TEST_P(WalkFormats, AWalkOfARangeIsThePartOfTheWholeWalkThatTouchesIt)
{
    expect_of_trees([this](Case &test) {
        LeafRecord whole;
        if (walk_tables(test.memory, test.request, whole).truncated)
            return;
        const std::uint64_t first = test.forest.some_iova();
        const std::uint64_t size = 1 + std::min(~std::uint64_t{0} - first - 1, test.forest.some_size());
        test.request.only = Range<Iova>{Iova(first), size};
        LeafRecord part;
        walk_tables(test.memory, test.request, part);
        MapRows expected;
        for (const MapRow &row : whole.rows) {
            if (row.iova + (row.size - 1) >= first && row.iova <= first + (size - 1))
                expected.push_back(row);
        }
        RC_LOG() << words_of(format(), test.setting) << std::hex << " IOVA " << first << " size " << size << '\n';
        RC_ASSERT(part.rows == expected);
    });
}

INSTANTIATE_TEST_SUITE_P(Formats, WalkFormats, testing::ValuesIn(table_formats().begin(), table_formats().end()),
                         test_name<TableFormat>);

}  // namespace
}  // namespace pgregion::test
