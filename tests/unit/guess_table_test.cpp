// SPDX-License-Identifier: GPL-2.0-or-later
//
// How often the guess is right, on regions of every format as a kernel would fill them: mapped page by page or by
// ranges, dense or sparse, with the base withheld. The table is printed; refusing is allowed, being wrong is not.
#include "support/sanitizer.h"
#include "support/table_image.h"
#include "support/tested_formats.h"

#include <pgregion/edit.h>
#include <pgregion/error.h>
#include <pgregion/guess.h>

#include <cstdio>
#include <map>

#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

constexpr std::uint64_t kBase = 0x140000000;
const Access kReadWrite = Access::read() | Access::write();

enum class Fill { one_page, few_pages, pages, ranges, large, mixed };
constexpr std::array kFills{Fill::one_page, Fill::few_pages, Fill::pages, Fill::ranges, Fill::large, Fill::mixed};

/// A region with the tables of one setting.
class Made
{
public:
    Made(const TableReading &reading, Fill fill, std::uint64_t seed) : image_(kBase), dice_(seed)
    {
        tables_.format = reading.format;
        tables_.params = reading.params;
        tables_.base = PhysAddr(kBase);
        take_root();
        map(fill);
    }

    [[nodiscard]] const TableImage &image() const { return image_; }
    [[nodiscard]] const TablesInRegion &tables() const { return tables_; }
    [[nodiscard]] PageIndex root_page() const { return PageIndex((tables_.root - tables_.base) / 4096); }

private:
    void take_root()
    {
        image_.allocate(0, 1);
        const TableShape shape = tables_.format->shape(tables_.params.levels - 1U, tables_.params);
        std::size_t page = 1;
        if (shape.align_bytes > 4096) {
            page = shape.align_bytes / 4096;
            image_.allocate(page, page + shape.bytes() / 4096 - 1);
        }
        tables_.root = PhysAddr(image_.address(page));
    }

    void map(Fill fill)
    {
        const bool few = fill == Fill::one_page || fill == Fill::few_pages;
        const std::uint64_t times = fill == Fill::one_page ? 1 : few ? 6 : fill == Fill::pages ? 150 : 30;
        for (std::uint64_t i = 0; i < times; ++i)
            map_one(fill);
    }

    void map_one(Fill fill)
    {
        const std::uint64_t granule = std::uint64_t{1} << tables_.format->shape(0, tables_.params).shift;
        const bool large = fill == Fill::large || (fill == Fill::mixed && dice_.one_in(3));
        const std::uint64_t unit = large ? std::uint64_t{2} << 20 : granule;
        const bool range = fill == Fill::ranges || (fill == Fill::mixed && dice_.one_in(2));
        MapRequest request;
        request.size_bytes = unit * (range ? 1 + dice_.below(64) : 1);
        // As Linux allocates IOVAs: from the top of 32 bits down, or near 0 where the tables end earlier.
        const unsigned width = width_of_tables();
        const std::uint64_t space = std::uint64_t{1} << std::min(width - 1, dice_.one_in(4) ? 38U : 32U);
        request.iova =
            Iova((space - 1 - dice_.below(std::min<std::uint64_t>(space, std::uint64_t{1} << 28))) / unit * unit);
        request.pa = PhysAddr((0x100000000 + dice_.below(std::uint64_t{1} << 33)) / unit * unit);
        request.access = dice_.one_in(5) ? Access::read() : kReadWrite;
        try {
            const TablesPlan plan = plan_map(image_.bytes(), tables_, request);
            apply_edits_or_throw(image_.bytes(), plan.edits);
        } catch (const Error &) {  // mapped already, or the region is full
        }
    }

    [[nodiscard]] unsigned width_of_tables() const
    {
        const TableShape top = tables_.format->shape(tables_.params.levels - 1U, tables_.params);
        return top.shift + unsigned{top.index_bits};
    }

    TableImage image_;
    Dice dice_;
    TablesInRegion tables_;
};

struct Score {
    unsigned right = 0;
    unsigned refused = 0;
    unsigned wrong = 0;
    std::string how;
};

std::string text_of(const Reading &reading)
{
    std::string text(reading.table != nullptr ? reading.table->name : reading.directory->name);
    text += '/' + std::to_string(reading.params.levels);
    const auto specs = reading.table != nullptr ? reading.table->parameters : reading.directory->parameters;
    for (std::size_t i = 0; i < specs.size(); ++i) {
        if (specs[i].when_open == WhenOpen::guess)
            text += ' ' + std::string(choice_name(specs[i], reading.params.value.at(i)));
    }
    return text + " score " + std::to_string(reading.score);
}

/// The geometry has to be right, and with it every address: format, levels, granule, base.
void judge(Score &score, const Guess &guess, const TablesInRegion &truth)
{
    const Reading *reading = guess.decided();
    if (reading == nullptr) {
        ++score.refused;
        return;
    }
    const bool right = reading->table == truth.format && reading->params == truth.params &&
                       reading->base.value_or(truth.base) == truth.base;
    if (right) {
        ++score.right;
        return;
    }
    ++score.wrong;
    score.how += text_of(*reading) + " (" + std::string(name(guess.confidence)) + "); ";
}

void print(const std::string &label, const Score &score)
{
    std::printf("%-28s %5u %8u %6u  %s\n", label.c_str(), score.right, score.refused, score.wrong, score.how.c_str());
}

TEST(GuessTable, OnRegionsOfEveryFormatTheGuessIsRightOrRefusesAndIsNeverWrong)
{
    std::printf("%-28s %5s %8s %6s\n", "region", "right", "refused", "wrong");
    unsigned right = 0;
    unsigned wrong = 0;
    for (const TableReading &truth : readings_for(kGuess)) {
        Score score;
        for (const Fill fill : kFills) {
            if (kSanitized && fill != Fill::few_pages && fill != Fill::mixed)
                continue;
            for (std::uint64_t seed = 1; seed <= (kSanitized ? 1 : 3); ++seed) {
                const Made made(truth, fill, seed);
                judge(score, guess_region(made.image().bytes(), made.root_page(), {}), made.tables());
                GuessLimits limits;
                limits.base = PhysAddr(kBase);
                judge(score, guess_region(made.image().bytes(), made.root_page(), limits), made.tables());
                const PiecewiseMemory memory = made.image().memory();
                judge(score, guess_memory(memory, made.tables().root, {}), made.tables());
            }
        }
        print(truth.name, score);
        right += score.right;
        wrong += score.wrong;
        EXPECT_EQ(score.wrong, 0U) << truth.name;
    }
    EXPECT_GT(right, 0U);
    EXPECT_EQ(wrong, 0U);
}

}  // namespace
}  // namespace pgregion::test
