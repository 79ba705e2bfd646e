// SPDX-License-Identifier: GPL-2.0-or-later
//
// Directories of every format, and nested stages, that are made to keep a reader busy for ever: tables that point to
// themselves and to each other, PASID directories in a loop, outer stages that map everything onto one page or onto
// themselves. Work is counted in records and tables, never in time.
#include "support/conformance.h"
#include "support/sanitizer.h"
#include "support/tested_formats.h"
#include "support/walk_record.h"

#include <pgregion/guess.h>

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

constexpr std::uint64_t kBase = 0x80000000;

/// Counts of a walk through a directory, and some of its translations.
struct DirectoryCounts final : DirectoryVisitor {
    std::uint64_t records = 0;
    std::uint64_t devices = 0;
    std::uint64_t problems = 0;
    std::vector<Translation> translations;

    void record(const DirectoryStep &, const DirectoryPlace &) override { ++records; }
    void device(const Device &device) override
    {
        ++devices;
        if (device.translation.format != nullptr && translations.size() < 8)
            translations.push_back(device.translation);
    }
    void problem(const Problem &) override { ++problems; }
};

class PathologicalDirectory : public DirectoryConformance
{
protected:
    /// As many records as a walk may look at, whatever is in them.
    static std::uint64_t most_records(const MemorySource &memory) { return (1U << 20) + 2 * (memory.size_bytes() / 8); }

    void expect_bounded(const TableImage &image, const FormatParams &params) const
    {
        const PiecewiseMemory memory = image.memory();
        const DirectoryRequest request{&format(), params, PhysAddr(image.address(1))};
        DirectoryCounts counts;
        const WalkOutcome outcome = walk_directory(memory, request, counts);
        EXPECT_LE(counts.records, most_records(memory));
        EXPECT_LE(counts.devices, most_records(memory));
        EXPECT_TRUE(counts.problems > 0 || !outcome.truncated);
        for (const Translation &translation : counts.translations) {
            WalkCounts tables;
            walk_tables(memory, walk_request(translation), tables);
            EXPECT_LE(tables.tables, 512U + 256U);
            const TranslationResult result = translate(memory, walk_request(translation), Iova(0), Access::read());
            EXPECT_LE(result.steps.size(), 12U);
        }
        expect_short_lookups(memory, request);
        ASSERT_FALSE(HasFailure()) << words(params);
    }

    void expect_short_lookups(const MemorySource &memory, const DirectoryRequest &request) const
    {
        Dice dice(5);
        for (int i = 0; i < 50; ++i) {
            Requester requester{static_cast<std::uint32_t>(dice.below(format().devices)), std::nullopt};
            if (dice.one_in(2))
                requester.pasid = static_cast<std::uint32_t>(dice.below(1U << 20));
            const DirectoryLookup found = find_device(memory, request, requester);
            EXPECT_LE(found.steps.size(), 8U);
            EXPECT_TRUE(found.device || found.fault);
        }
    }
};

/// Every word of the image is the same.
TableImage filled(std::uint64_t word)
{
    TableImage image(kBase);
    for (std::size_t page = 1; page < image.pages(); ++page) {
        for (std::size_t index = 0; index < 512; ++index)
            image.put(page, index, word);
    }
    return image;
}

TEST_P(PathologicalDirectory, TablesFullOfPointersToThemselvesEnd)
{
    std::set<std::uint64_t> words{~std::uint64_t{0}};
    for (const DirectoryFormat *any : directory_formats()) {
        for (const SelfPointer &pointer : tested_directory(any->name).self_pointers)
            words.insert(pointer.to(kBase + 4096));
    }
    for (const std::uint64_t word : words) {
        const TableImage image = filled(word);
        const auto settings = every_setting(format());
        for (const std::size_t i : {std::size_t{0}, settings.size() / 2, settings.size() - 1})
            expect_bounded(image, settings[i]);
    }
}

/// Good records in every place, whose addresses are pages of the image: tables of every type in loops.
TEST_P(PathologicalDirectory, GoodRecordsThatPointAnywhereEnd)
{
    const auto settings = every_setting(format());
    for (std::uint64_t seed = 0; seed < (kSanitized ? 3 : 12); ++seed) {
        Dice dice(seed);
        const FormatParams params = seed == 0 ? default_params(format()) : settings[dice.below(settings.size())];
        TableImage image(kBase);
        const std::size_t types = format().table_types.size();
        for (std::size_t page = 1; page < image.pages(); ++page) {
            const auto type =
                page == 1 ? format().root(PhysAddr(0), params).type : static_cast<std::uint8_t>(page % types);
            RecordWords record = good_record(type, params, dice);
            for (std::size_t index = 0; index < 512; index += record_words(type)) {
                for (const FieldSpec &spec : format().fields(type, record)) {
                    const bool pointer = spec.role == FieldRole::address && spec.high % 64 >= 40;
                    if (!pointer)
                        continue;
                    const bool in_pages = spec.low % 64 == 10;  // RISC-V: page numbers from bit 10 on
                    const std::uint64_t target = image.address(1 + dice.below(511)) >> (in_pages ? 2 : 0);
                    const std::uint64_t mask =
                        (~std::uint64_t{0} << spec.low % 64) & (~std::uint64_t{0} >> (63 - spec.high % 64));
                    record[spec.low / 64] = (record[spec.low / 64] & ~mask) | (target & mask);
                }
                for (std::size_t word = 0; word < record_words(type) && index + word < 512; ++word)
                    image.put(page, index + word, record[word]);
            }
        }
        expect_bounded(image, params);
    }
}

TEST_P(PathologicalDirectory, ARootOutsideTheSourceIsNotReadable)
{
    const TableImage image(kBase, 4);
    const PiecewiseMemory memory = image.memory();
    for (const FormatParams &params : every_setting(format())) {
        for (const std::uint64_t root :
             {kBase - 4096, kBase + 4 * 4096, std::uint64_t{0}, std::uint64_t{0xffffffffff000}}) {
            const DirectoryRequest request{&format(), params, PhysAddr(root)};
            DirectoryCounts counts;
            EXPECT_FALSE(walk_directory(memory, request, counts).root_readable) << words(params);
            EXPECT_EQ(counts.devices, 0U);
            EXPECT_TRUE(find_device(memory, request, {0, std::nullopt}).fault.has_value());
        }
    }
}

TEST_P(PathologicalDirectory, ARootThatRunsPastTheEndIsReadAsFarAsItGoes)
{
    const TableImage image(kBase, 4);
    const PiecewiseMemory memory = image.memory();
    for (const FormatParams &params : every_setting(format())) {
        const DirectoryTable root = format().root(PhysAddr(image.address(3)), params);
        const std::uint64_t bytes = std::uint64_t{root.records} * format().table_types[root.type].record_bytes;
        const DirectoryRequest request{&format(), params, PhysAddr(image.address(3))};
        DirectoryCounts counts;
        const WalkOutcome outcome = walk_directory(memory, request, counts);
        EXPECT_TRUE(outcome.root_readable) << words(params);
        EXPECT_EQ(outcome.incomplete, bytes > 4096) << words(params);
        EXPECT_EQ(counts.problems, bytes > 4096 ? 1U : 0U) << words(params);
    }
}

TEST_P(PathologicalDirectory, GuessesOnDirectoriesInALoopEnd)
{
    for (const std::uint64_t word : {kBase + 4096 + 1, (kBase + 4096) / 4 + 1, kBase + 4096 + 9}) {
        GuessLimits limits;
        limits.directory = &format();
        const Guess guess = guess_region(filled(word).bytes(), PageIndex(1), limits);
        EXPECT_LE(guess.readings.size(), 1000U);
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, PathologicalDirectory,
                         testing::ValuesIn(directory_formats().begin(), directory_formats().end()),
                         test_name<DirectoryFormat>);

// --- nested stages ------------------------------------------------------------------------------------------

/// An inner and an outer stage in one image: outer tables from page 1 on, inner ones wherever the outer stage says.
struct Nested {
    explicit Nested(std::string_view inner, std::string_view outer) : image(kBase)
    {
        request.format = find_table_format(inner);
        request.params = default_params(*request.format, 4);
        request.root = PhysAddr(kBase + 8 * 4096);
        request.outer.format = find_table_format(outer);
        request.outer.params = default_params(*request.outer.format, 3);
        request.outer.root = PhysAddr(kBase + 4096);
    }

    [[nodiscard]] std::uint64_t outer_pointer(std::size_t page, unsigned level) const
    {
        return request.outer.format->encode_table(PhysAddr(image.address(page)), level, request.outer.params);
    }
    [[nodiscard]] std::uint64_t outer_leaf(std::size_t page) const
    {
        const LeafSpec leaf{PhysAddr(image.address(page)), 12, Access::read() | Access::write()};
        return request.outer.format->encode_leaf(leaf, 0, request.outer.params).value();
    }
    void fill(std::size_t page, std::uint64_t word)
    {
        for (std::size_t index = 0; index < 512; ++index)
            image.put(page, index, word);
    }

    /// The number of pieces that the leaves were cut into.
    std::uint64_t expect_bounded() const
    {
        const PiecewiseMemory memory = image.memory();
        WalkCounts counts;
        const WalkOutcome outcome = walk_tables(memory, request, counts);
        EXPECT_LE(counts.tables, 512U + 256U);
        EXPECT_TRUE(counts.problems > 0 || !outcome.truncated);
        Dice dice(4);
        for (int i = 0; i < 50; ++i) {
            const Iova iova = request.format->canonical(dice.word(), request.params);
            EXPECT_LE(translate(memory, request, iova, Access::read()).steps.size(), 4U + 3U);
        }
        struct Counter final : LeafVisitor<Counter> {
            std::uint64_t pieces = 0;
            Visit leaves(const LeafRun &)
            {
                ++pieces;
                return Visit::go_on;
            }
        };
        Counter pieces;
        OuterStage outer(memory, request.outer);
        pieces.set_outer(&outer);
        walk_tables(memory, request, pieces);
        EXPECT_LE(pieces.pieces, (1U << 18) + memory.size_bytes() / 8);
        return pieces.pieces;
    }

    TableImage image;
    WalkRequest request;
};

/// Every inner format with each that can be around it.
std::vector<std::pair<std::string, std::string>> pairs()
{
    std::vector<std::pair<std::string, std::string>> all;
    for (const TableFormat *inner : table_formats()) {
        for (const std::string_view outer : tested_table(inner->name).outer)
            all.emplace_back(inner->name, outer);
    }
    return all;
}

/// Every intermediate page is the same page, which is full of pointers to 512 different intermediate pages.
TEST(PathologicalNested, AnOuterStageThatMapsEverythingOntoOnePageEnds)
{
    for (const auto &[inner, outer] : pairs()) {
        SCOPED_TRACE(inner + " in " + outer);
        Nested nested(inner, outer);
        nested.fill(1, nested.outer_pointer(2, 2));
        nested.fill(2, nested.outer_pointer(3, 1));
        nested.fill(3, nested.outer_leaf(8));
        for (std::size_t index = 0; index < 512; ++index) {
            const PhysAddr target(index * 4096);
            nested.image.put(8, index, nested.request.format->encode_table(target, 1, nested.request.params));
        }
        nested.expect_bounded();
    }
}

TEST(PathologicalNested, AnOuterStageThatPointsToItselfEnds)
{
    for (const auto &[inner, outer] : pairs()) {
        SCOPED_TRACE(inner + " in " + outer);
        Nested nested(inner, outer);
        nested.fill(1, nested.outer_pointer(1, 2));
        nested.expect_bounded();
        nested.fill(1, nested.outer_pointer(1, 1));
        nested.expect_bounded();
    }
}

/// The inner tables are the outer ones, seen through themselves.
TEST(PathologicalNested, StagesThatShareTheirTablesEnd)
{
    for (const auto &[inner, outer] : pairs()) {
        SCOPED_TRACE(inner + " in " + outer);
        Nested nested(inner, outer);
        for (std::size_t index = 0; index < 512; ++index) {
            nested.image.put(1, index, nested.outer_pointer(2, 2));
            nested.image.put(2, index, nested.outer_pointer(3, 1));
            nested.image.put(3, index, nested.outer_leaf(1 + index % 3));
        }
        nested.request.root = PhysAddr(0);
        nested.expect_bounded();
    }
}

TEST(PathologicalNested, AnOuterStageThatIsNotThereIsAProblemForTheRoot)
{
    for (const auto &[inner, outer] : pairs()) {
        Nested nested(inner, outer);
        nested.request.outer.root = PhysAddr(0x4000000000);
        const PiecewiseMemory memory = nested.image.memory();
        WalkCounts counts;
        EXPECT_FALSE(walk_tables(memory, nested.request, counts).root_readable);
        const auto result = translate(memory, nested.request, Iova(0), Access::read());
        EXPECT_FALSE(result.mapped);
        EXPECT_TRUE(result.fault.has_value());
    }
}

/// Leaves of a gigabyte over an outer stage of pages: as many pieces as the walk allows, no more.
TEST(PathologicalNested, LargeLeavesOverSmallOuterPagesAreCutIntoBoundedlyManyPieces)
{
    for (const auto &[inner, outer] : pairs()) {
        SCOPED_TRACE(inner + " in " + outer);
        Nested nested(inner, outer);
        nested.fill(1, nested.outer_pointer(2, 2));
        nested.fill(2, nested.outer_pointer(3, 1));
        nested.fill(3, nested.outer_leaf(8));
        const TableFormat &format = *nested.request.format;
        const FormatParams &params = nested.request.params;
        const LeafSpec leaf{PhysAddr(0), 30, Access::read() | Access::write()};
        const auto word = format.encode_leaf(leaf, 2, params);
        ASSERT_TRUE(word.has_value());
        nested.fill(8, *word);
        nested.image.put(8, 0, format.encode_table(PhysAddr(0), 3, params));  // from the root to itself, one level down
        EXPECT_GT(nested.expect_bounded(), 1U << 17);
    }
}

}  // namespace
}  // namespace pgregion::test
