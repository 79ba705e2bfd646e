// SPDX-License-Identifier: GPL-2.0-or-later
//
// Tables of every format that are made to keep a reader busy for ever: pointing to themselves and to each other,
// shared at every level, leading nowhere, running past the end. Work is counted in tables, never in time; a plan on
// such tables ends with a refusal or with few edits. Directories and nested stages: pathological_directory_test.cpp.
#include "support/conformance.h"
#include "support/region_image.h"
#include "support/sanitizer.h"
#include "support/walk_record.h"

#include <pgregion/edit.h>
#include <pgregion/guess.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

constexpr std::uint64_t kBase = 0x80000000;
const Access kReadWrite = Access::read() | Access::write();

class Pathological : public testing::TestWithParam<const TableFormat *>
{
protected:
    [[nodiscard]] const TableFormat &format() const { return *GetParam(); }

    /// A region whose tables are all as large as the largest, so that any of them can stand at any level.
    struct Scene {
        Scene(const TableFormat &tables, const FormatParams &given) : format(tables), params(given), image(kBase)
        {
            for (unsigned level = 0; level < params.levels; ++level)
                unit = std::max<std::uint64_t>(unit, format.shape(level, params).bytes());
            image.allocate(0, 511);
        }

        [[nodiscard]] std::uint64_t table(std::uint64_t number) const { return kBase + number * unit; }
        [[nodiscard]] std::uint64_t root() const { return table(1); }
        [[nodiscard]] std::uint64_t pointer(std::uint64_t number, unsigned level) const
        {
            return format.encode_table(PhysAddr(table(number)), level, params);
        }

        void put(std::uint64_t address, std::uint64_t word)
        {
            for (unsigned i = 0; i < 8; ++i) {
                const unsigned shift = params.big_endian ? 56 - 8 * i : 8 * i;
                image.bytes()[address - kBase + i] = static_cast<std::byte>(word >> shift);
            }
        }
        /// Every slot of a table holds that word.
        void fill(std::uint64_t number, std::uint64_t word)
        {
            for (std::uint64_t done = 0; done < unit; done += 8)
                put(table(number) + done, word);
        }

        [[nodiscard]] WalkRequest request() const
        {
            WalkRequest request;
            request.format = &format;
            request.params = params;
            request.root = PhysAddr(root());
            return request;
        }

        const TableFormat &format;
        FormatParams params;
        TableImage image;
        std::uint64_t unit = 4096;
    };

    [[nodiscard]] Scene scene(const FormatParams &params) const { return {format(), params}; }

    /// The number of levels below a pointer that counts: AMD's says where it leads, others lead one level down.
    [[nodiscard]] unsigned any_level(const FormatParams &params) const { return params.levels - 1U; }

    /// A walk that enters few tables, says that it left something out, and says so again.
    void expect_bounded(const Scene &scene, std::size_t most_tables) const
    {
        const PiecewiseMemory memory = scene.image.memory();
        WalkCounts counts;
        const WalkOutcome outcome = walk_tables(memory, scene.request(), counts);
        EXPECT_LE(counts.tables, most_tables);
        EXPECT_TRUE(counts.problems > 0 || !outcome.truncated);
        WalkCounts again;
        walk_tables(memory, scene.request(), again);
        EXPECT_EQ(again, counts);
        expect_short_translations(memory, scene);
        ASSERT_FALSE(HasFailure()) << words_of(format(), scene.params);
    }

    void expect_short_translations(const MemorySource &memory, const Scene &scene) const
    {
        Dice dice(9);
        for (int i = 0; i < 20; ++i) {
            const Iova iova = format().canonical(dice.word(), scene.params);
            EXPECT_LE(translate(memory, scene.request(), iova, Access::read()).steps.size(), scene.params.levels);
        }
    }

    /// Plans on the scene end: with a refusal that has a code, or with a plan.
    void expect_plans_end(const Scene &scene) const
    {
        const TablesInRegion tables{&format(), scene.params, PhysAddr(kBase), PhysAddr(scene.root())};
        const unsigned top_shift = format().shape(scene.params.levels - 1U, scene.params).shift;
        const std::uint64_t granule = std::uint64_t{1} << format().shape(0, scene.params).shift;
        const Iova start = format().canonical(0, scene.params);
        const auto attempt = [](const auto &plan) {
            try {
                static_cast<void>(plan());
            } catch (const Error &error) {
                EXPECT_THAT(error.code(), testing::AnyOf("already-mapped", "entry-not-usable", "table-outside-region",
                                                         "table-shared", "region-full", "cannot-split", "bad-map"));
            }
        };
        for (const std::uint64_t size : {granule, std::uint64_t{2} << top_shift}) {
            attempt([&] { return plan_map(scene.image.bytes(), tables, {start, PhysAddr(0), size, kReadWrite}); });
            for (const EmptyTables empty : {EmptyTables::keep, EmptyTables::free})
                attempt([&] { return plan_unmap(scene.image.bytes(), tables, {start, size, empty}); });
        }
    }

    void expect_guess_ends(const Scene &scene) const
    {
        const auto page = PageIndex((scene.root() - kBase) / 4096);
        const Guess guess = guess_region(scene.image.bytes(), page, {});
        EXPECT_LE(guess.readings.size(), 1000U);
    }
};

TEST_P(Pathological, ARootWhoseEverySlotPointsToItselfIsEnteredFourTimesPerLevel)
{
    for (const FormatParams &params : every_setting(format())) {
        if (params.levels == 1)
            continue;
        Scene scene = this->scene(params);
        scene.fill(1, scene.pointer(1, any_level(params)));
        expect_bounded(scene, 1 + kMaxExpansions * (params.levels - 1U));
    }
}

TEST_P(Pathological, TwoTablesThatPointAtEachOtherEnd)
{
    for (const FormatParams &params : every_setting(format())) {
        Scene scene = this->scene(params);
        for (unsigned level = 1; level < params.levels; ++level) {
            scene.fill(1, scene.pointer(2, level));
            scene.fill(2, scene.pointer(1, std::max(1U, level - 1)));
            expect_bounded(scene, 1 + 2 * kMaxExpansions * (params.levels - 1U));
        }
    }
}

TEST_P(Pathological, TablesSharedByEverySlotOfEveryLevelEnd)
{
    for (const FormatParams &params : every_setting(format())) {
        Scene scene = this->scene(params);
        for (unsigned level = params.levels - 1U; level > 0; --level)
            scene.fill(params.levels - level, scene.pointer(params.levels - level + 1, level));
        expect_bounded(scene, 1 + kMaxExpansions * (params.levels - 1U));
    }
}

TEST_P(Pathological, EverySlotOfEveryTableLeadsToADifferentTable)
{
    Dice dice(3);
    for (const unsigned levels : {unsigned{format().min_levels}, unsigned{format().max_levels}}) {
        FormatParams params = default_params(format(), levels);
        if (!format().consistent(params))
            continue;
        Scene scene = this->scene(params);
        const std::uint64_t tables = 512 * 4096 / scene.unit;
        for (std::uint64_t number = 1; number < tables; ++number) {
            for (std::uint64_t done = 0; done < scene.unit; done += 8) {
                const auto level = static_cast<unsigned>(1 + dice.below(std::max(1U, levels - 1)));
                scene.put(scene.table(number) + done, scene.pointer(1 + dice.below(tables - 1), level));
            }
        }
        expect_bounded(scene, 512 + 256);
        expect_plans_end(scene);
        if (levels == format().max_levels && !kSanitized)  // a minute for each format there
            expect_guess_ends(scene);
    }
}

TEST_P(Pathological, PlansAndGuessesOnTablesInALoopEnd)
{
    for (unsigned levels = format().min_levels; levels <= format().max_levels; ++levels) {
        const FormatParams params = default_params(format(), levels);
        if (!format().consistent(params) || levels == 1)
            continue;
        Scene loop = this->scene(params);
        loop.fill(1, loop.pointer(1, levels - 1));
        expect_plans_end(loop);
        expect_guess_ends(loop);
        Scene mutual = this->scene(params);
        mutual.fill(1, mutual.pointer(2, levels - 1));
        mutual.fill(2, mutual.pointer(1, std::max(1U, levels - 2)));
        expect_plans_end(mutual);
        expect_guess_ends(mutual);
    }
}

/// 512^n ways to one table, which is empty, full, or holds something in its last slot.
TEST_P(Pathological, PlansOnTablesSharedAtEveryLevelEnd)
{
    for (unsigned levels = format().min_levels; levels <= format().max_levels; ++levels) {
        const FormatParams params = default_params(format(), levels);
        if (!format().consistent(params) || levels == 1)
            continue;
        const std::uint8_t size_lg2 = format().shape(0, params).shift;
        const auto leaf =
            format().encode_leaf({PhysAddr(0x40000000), size_lg2, widest_access(format(), params)}, 0, params);
        ASSERT_TRUE(leaf.has_value());
        for (const int leaves : {0, 1, 2}) {
            Scene scene = this->scene(params);
            for (unsigned level = levels - 1; level > 0; --level)
                scene.fill(levels - level, scene.pointer(levels - level + 1, level));
            if (leaves == 1)
                scene.fill(levels, *leaf);
            if (leaves == 2)
                scene.put(scene.table(levels) + format().shape(0, params).bytes() - 8, *leaf);
            expect_plans_end(scene);
            if (leaves != 1)
                expect_guess_ends(scene);
        }
    }
}

TEST_P(Pathological, PointersOutOfTheSourceAreProblemsEachAndTheWalkGoesOn)
{
    for (const FormatParams &params : every_setting(format())) {
        if (params.levels == 1)
            continue;
        Scene scene = this->scene(params);
        const unsigned top = params.levels - 1U;
        const std::uint64_t entries = format().shape(top, params).entries();
        const std::uint64_t outside = format().encode_table(PhysAddr(0x4000000000), top, params);
        scene.put(scene.root(), outside);
        scene.put(scene.root() + (entries - 1) * 8, outside);
        const PiecewiseMemory memory = scene.image.memory();
        WalkRecord record;
        const WalkOutcome outcome = walk_tables(memory, scene.request(), record);
        // Encryption bits at that place make it an address of 0.
        EXPECT_EQ(record.problems.size(), 2U) << words_of(format(), params);
        EXPECT_EQ(record.count(ProblemKind::table_outside_source), 2U) << words_of(format(), params);
        EXPECT_TRUE(outcome.incomplete);
        EXPECT_EQ(record.entered.size(), 1U);
        expect_plans_end(scene);
    }
}

TEST_P(Pathological, ARootOutsideTheSourceOrWithoutAllItsPagesIsSaidToBeUnreadableOrIncomplete)
{
    for (const FormatParams &params : every_setting(format())) {
        Scene scene = this->scene(params);
        const PiecewiseMemory memory = scene.image.memory();
        const std::uint64_t end = kBase + 512 * 4096;
        for (const std::uint64_t root : {end, kBase - 4096, std::uint64_t{0}, ~std::uint64_t{4095}, end - 4096}) {
            WalkRequest request = scene.request();
            request.root = PhysAddr(root);
            WalkRecord record;
            const WalkOutcome outcome = walk_tables(memory, request, record);
            const std::uint64_t bytes = format().shape(params.levels - 1U, params).bytes();
            const bool inside = root == end - 4096;
            EXPECT_EQ(outcome.root_readable, inside);
            EXPECT_EQ(outcome.incomplete, inside && bytes > 4096);
            EXPECT_EQ(record.problems.size(), inside && bytes > 4096 ? 1U : 0U);
            const auto result = translate(memory, request, format().canonical(~std::uint64_t{0}, params), kReadWrite);
            EXPECT_FALSE(result.mapped);
            EXPECT_TRUE(result.fault.has_value());
            const TablesInRegion tables{&format(), params, PhysAddr(kBase), PhysAddr(root)};
            const Iova start = format().canonical(0, params);
            const std::uint64_t granule = std::uint64_t{1} << format().shape(0, params).shift;
            if (!inside || bytes > 4096) {
                EXPECT_EQ(error_of([&] {
                              return plan_unmap(scene.image.bytes(), tables, {start, granule});
                          }).code(),
                          "table-outside-region");
            }
        }
        ASSERT_FALSE(HasFailure()) << words_of(format(), params);
    }
}

TEST_P(Pathological, AnyBytesAtAnyRootEnd)
{
    Dice dice(11);
    for (int i = 0; i < 3; ++i) {
        const auto settings = every_setting(format());
        Scene scene = this->scene(settings[dice.below(settings.size())]);
        for (std::uint64_t done = 4096; done < 512 * 4096; done += 8) {
            const std::uint64_t near = kBase + dice.below(512) * 4096;
            scene.put(kBase + done,
                      dice.one_in(2) ? dice.word() : (dice.one_in(2) ? near >> 2 : near) | dice.below(4096));
        }
        expect_bounded(scene, 512 + 256);
        expect_plans_end(scene);
        expect_guess_ends(scene);
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, Pathological, testing::ValuesIn(table_formats().begin(), table_formats().end()),
                         test_name<TableFormat>);

// --- level skips --------------------------------------------------------------------------------------------

TEST(PathologicalAmd, SkipsToItselfToNowhereAndDownFromEveryLevelEnd)
{
    TableImage image(kBase);
    for (std::size_t slot = 0; slot < 512; ++slot)
        image.put(1, slot, 0x6000000080001001 | (1 + slot % 6) << 9);  // NextLevel 1 to 6, all to the root
    WalkRequest request;
    request.format = find_table_format("amd-v1");
    request.root = PhysAddr(kBase + 4096);
    const PiecewiseMemory memory = image.memory();
    for (unsigned levels = 1; levels <= 6; ++levels) {
        request.params = default_params(*request.format, levels);
        WalkCounts counts;
        const WalkOutcome outcome = walk_tables(memory, request, counts);
        EXPECT_LE(counts.tables, 1 + kMaxExpansions * (levels - 1));
        EXPECT_TRUE(outcome.incomplete);  // pointers that do not lead down
        EXPECT_GT(counts.problems, 0U);
    }
}

TEST(PathologicalAmd, ASkipWithAddressBitsOfTheSkippedLevelsSetFaults)
{
    TableImage image(kBase);
    image.put(1, 1, 0x6000000080002201);  // level 4 to level 1
    image.put(2, 0, 0x6000000040000001);
    WalkRequest request;
    request.format = find_table_format("amd-v1");
    request.params = default_params(*request.format, 4);
    request.root = PhysAddr(kBase + 4096);
    const PiecewiseMemory memory = image.memory();
    EXPECT_TRUE(translate(memory, request, Iova(0x8000000123), Access::read()).mapped);
    for (const std::uint64_t iova : {0x8000200123U + 0ULL, 0x8040000123ULL, 0xffffe00123ULL}) {
        const auto result = translate(memory, request, Iova(iova), Access::read());
        EXPECT_FALSE(result.mapped);
        ASSERT_TRUE(result.fault.has_value());
        EXPECT_EQ(result.fault->fault.cause, FaultCause::reserved_bits);
        EXPECT_EQ(result.fault->level, 3);
    }
    LeafRecord record;
    walk_tables(memory, request, record);
    EXPECT_THAT(record.rows, testing::ElementsAre(MapRow{0x8000000000, 0x40000000, 0x1000, "rw"}));
}

}  // namespace
}  // namespace pgregion::test
