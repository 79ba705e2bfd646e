// SPDX-License-Identifier: GPL-2.0-or-later
//
// Random maps and unmaps in every format against a model of intervals: after each step the walker's mappings, and a
// naive reader of the specification at chosen addresses, say what the model says. At the end everything is unmapped
// and no page is lost.
#include "support/fixtures.h"
#include "support/region_image.h"
#include "support/sanitizer.h"
#include "support/table_image.h"
#include "support/tested_formats.h"
#include "support/walk_record.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

constexpr int kManySteps = kSanitized ? 150 : 1000;
constexpr int kFewSteps = kSanitized ? 50 : 250;
constexpr std::uint64_t kBase = 0x80000000;

/// What is mapped, as a list of pieces in order of addresses; the text of an access is its letters.
class IntervalModel
{
public:
    [[nodiscard]] bool touches(std::uint64_t first, std::uint64_t size) const
    {
        return std::ranges::any_of(rows_, [&](const MapRow &row) {
            return row.iova <= first + (size - 1) && first <= row.iova + (row.size - 1);
        });
    }

    void map(const MapRow &row)
    {
        rows_.push_back(row);
        std::ranges::sort(rows_);
    }

    void unmap(std::uint64_t first, std::uint64_t size)
    {
        const std::uint64_t last = first + (size - 1);
        MapRows rest;
        for (const MapRow &row : rows_) {
            const std::uint64_t row_last = row.iova + (row.size - 1);
            if (row_last < first || row.iova > last) {
                rest.push_back(row);
                continue;
            }
            if (row.iova < first)
                rest.push_back({row.iova, row.pa, first - row.iova, row.access});
            if (row_last > last)
                rest.push_back({last + 1, row.pa + (last + 1 - row.iova), row_last - last, row.access});
        }
        rows_ = rest;
    }

    [[nodiscard]] MapRows mappings() const { return merged(rows_); }
    [[nodiscard]] bool empty() const { return rows_.empty(); }

    [[nodiscard]] const MapRow *at(std::uint64_t iova) const
    {
        const auto found = std::ranges::find_if(rows_, [&](const MapRow &row) { return iova - row.iova < row.size; });
        return found == rows_.end() ? nullptr : &*found;
    }

private:
    MapRows rows_;
};

class MapProperty : public testing::TestWithParam<TableReading>
{
protected:
    MapProperty()
    {
        const TableReading &reading = GetParam();
        tables_.format = reading.format;
        tables_.params = reading.params;
        tables_.base = PhysAddr(kBase);
        tables_.root = PhysAddr(kBase + reading.root_page * 4096);
        const TableShape top = tables_.format->shape(tables_.params.levels - 1U, tables_.params);
        granule_ = std::uint64_t{1} << tables_.format->shape(0, tables_.params).shift;
        width_ = top.shift + unsigned{top.index_bits};
        root_pages_ = std::max<std::uint64_t>(1, top.bytes() / 4096);
        image_ = image_with({{0, 1}, {reading.root_page, reading.root_page + root_pages_ - 1}});
        empty_ = image_;
        memory_.add(tables_.base, image_);
        naive_ = naive_tables(*tables_.format, tables_.params);
        naive_.root = tables_.root.value();
        naive_.byte = [this](std::uint64_t address) -> std::optional<unsigned> {
            const std::uint64_t offset = address - kBase;
            return offset < image_.size() ? std::optional(std::to_integer<unsigned>(image_[offset])) : std::nullopt;
        };
        find_accesses();
    }

    /// Those that leaves and the tables above them can have (execution is none of them where VT-d's tables are new).
    void find_accesses()
    {
        const FormatParams &params = tables_.params;
        const std::uint64_t pointer = tables_.format->encode_table(PhysAddr(0), 1, params);
        const Access above = params.levels == 1 ? Access::all() : tables_.format->decode(pointer, 1, params).access;
        const auto size_lg2 = static_cast<std::uint8_t>(std::countr_zero(granule_));
        for (unsigned bits = 1; bits < 8; ++bits) {
            const Access access = Access::from_bits(bits);
            if (above.allows(access) && tables_.format->encode_leaf({PhysAddr(0), size_lg2, access}, 0, params))
                accesses_.push_back(access);
        }
    }

    [[nodiscard]] std::uint64_t mask() const
    {
        return width_ == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width_) - 1;
    }
    [[nodiscard]] std::uint64_t canonical(std::uint64_t address) const
    {
        return tables_.format->canonical(address & mask(), tables_.params).value();
    }

    /// A size: some pages, about one larger page, several of them.
    std::uint64_t some_size()
    {
        const auto &sizes = tables_.format->leaf_sizes_lg2;
        const std::uint64_t large = std::uint64_t{1} << sizes[dice_.below(std::min<std::size_t>(sizes.size(), 19))];
        std::uint64_t size = granule_ * (1 + dice_.below(40));
        if (dice_.one_in(3))
            size = large * (1 + dice_.below(3)) + granule_ * dice_.below(5) - granule_ * dice_.below(5);
        const std::uint64_t most = std::min(mask() / 4, std::uint64_t{1} << 45) / granule_ * granule_;
        return std::clamp(size / granule_ * granule_, granule_, most);
    }

    /// The start of a range: near something that is mapped, or near one of a few places.
    std::uint64_t some_start(std::uint64_t size)
    {
        const std::uint64_t half = mask() / 2 + 1;
        const MapRows rows = model_.mappings();
        std::uint64_t start = dice_.below(64) * granule_;
        if (!rows.empty() && dice_.one_in(2)) {
            const MapRow &row = rows[dice_.below(rows.size())];
            const std::uint64_t shift = dice_.below(3) * granule_;
            start = dice_.one_in(2) ? (row.iova & mask()) + shift : (row.iova & mask()) + row.size - shift;
        } else if (dice_.one_in(2)) {
            const std::array<std::uint64_t, 5> places{0, half, half - size, mask() + 1 - size, half / 2};
            start = places[dice_.below(places.size())];
            start += dice_.one_in(2) ? dice_.below(8) * granule_ : ((dice_.below(8) << 30) & (half - 1));
        }
        return start & mask() & ~(granule_ - 1);
    }

    /// Whether [start, start + size) is a range: it does not leave the addresses or cross the hole between them.
    [[nodiscard]] bool is_range(std::uint64_t start, std::uint64_t size) const
    {
        const std::uint64_t last = start + (size - 1);
        return last >= start && last <= mask() && canonical(last) - canonical(start) == size - 1;
    }

    void some_step()
    {
        const std::uint64_t size = some_size();
        const std::uint64_t start = some_start(size);
        if (!is_range(start, size))
            return;
        const std::uint64_t iova = canonical(start);
        if (dice_.one_in(2))
            try_unmap({Iova(iova), size, dice_.one_in(2) ? EmptyTables::free : EmptyTables::keep});
        else
            try_map(iova, size);
    }

    void try_map(std::uint64_t iova, std::uint64_t size)
    {
        const std::uint64_t room = (std::uint64_t{1} << 46) - size;
        std::uint64_t pa = dice_.below(room) & ~(granule_ - 1);
        if (dice_.one_in(2))  // large pages fit
            pa = (pa & ~((std::uint64_t{1} << 34) - 1)) | (iova & ((std::uint64_t{1} << 34) - 1));
        if (pa > room)
            pa = 0;
        MapRequest request{Iova(iova), PhysAddr(pa), size, accesses_[dice_.below(accesses_.size())]};
        if (dice_.one_in(6))
            request.page_size_lg2 = static_cast<std::uint8_t>(std::countr_zero(granule_));
        const bool collides = model_.touches(iova, size);
        try {
            const TablesPlan plan = plan_map(image_, tables_, request);
            ASSERT_FALSE(collides) << "a map over something mapped was not refused";
            apply_edits_or_throw(image_, plan.edits);
            model_.map({iova, pa, size, std::string(letters(request.access))});
            ++done_;
        } catch (const Error &error) {
            const bool full = error.code() == "region-full";
            ASSERT_TRUE(full || (collides && error.code() == "already-mapped")) << error.code() << ": " << error.what();
            ++refused_;
        }
    }

    void try_unmap(const UnmapRequest &request)
    {
        try {
            const TablesPlan plan = plan_unmap(image_, tables_, request);
            apply_edits_or_throw(image_, plan.edits);
            model_.unmap(request.iova.value(), request.size_bytes);
            ++done_;
        } catch (const Error &error) {
            ASSERT_EQ(error.code(), "region-full") << error.what();  // to split a page takes a table
            ++refused_;
        }
    }

    void expect_model()
    {
        WalkRequest request;
        request.format = tables_.format;
        request.params = tables_.params;
        request.root = tables_.root;
        const MapRows rows = model_.mappings();
        ASSERT_EQ(merged(merged_by_walker(memory_, request)), rows);
        std::vector<std::uint64_t> tries{canonical(dice_.word()), canonical(0), canonical(mask())};
        for (int i = 0; i < 6 && !rows.empty(); ++i) {
            const MapRow &row = rows[dice_.below(rows.size())];
            for (const std::uint64_t skip :
                 {std::uint64_t{0}, row.size - 1, dice_.below(row.size), row.size, -granule_})
                tries.push_back(canonical(row.iova + skip));
        }
        for (const std::uint64_t iova : tries) {
            const NaiveAnswer found = naive_.translate(iova);
            const MapRow *expected = model_.at(iova);
            ASSERT_EQ(found.mapped, expected != nullptr) << std::hex << iova;
            if (expected == nullptr)
                continue;
            ASSERT_EQ(found.pa, expected->pa + (iova - expected->iova)) << std::hex << iova;
            ASSERT_EQ(found.access, expected->access) << std::hex << iova;
        }
    }

    TablesInRegion tables_;
    Image image_;
    Image empty_;  ///< as it was before the first step
    PiecewiseMemory memory_;
    NaiveTables naive_;
    IntervalModel model_;
    Dice dice_{2026};
    std::vector<Access> accesses_;
    std::uint64_t granule_ = 0;
    std::uint64_t root_pages_ = 0;
    unsigned width_ = 0;
    int done_ = 0;
    int refused_ = 0;
};

TEST_P(MapProperty, EveryStepLeavesWhatTheModelSays)
{
    const int steps = (GetParam().uses & kLongEdit) != 0 ? kManySteps : kFewSteps;
    for (int step = 0; step < steps; ++step) {
        some_step();
        ASSERT_FALSE(HasFatalFailure()) << "step " << step;
        expect_model();
        ASSERT_FALSE(HasFatalFailure()) << "step " << step;
    }
    RecordProperty("done", done_);
    RecordProperty("refused", refused_);
    EXPECT_GT(done_, steps / 3);
    EXPECT_GT(refused_, 0);
}

TEST_P(MapProperty, ARefusedMapPlansNothingAndAnUnmapOfEverythingGivesEveryPageBack)
{
    for (int step = 0; step < kFewSteps; ++step) {
        some_step();
        ASSERT_FALSE(HasFatalFailure()) << "step " << step;
    }
    ASSERT_FALSE(model_.empty());
    // In two halves: the whole of 64 bits is no size, and in some formats there is a hole between them.
    const std::uint64_t half = mask() / 2 + 1;
    for (const std::uint64_t start : {std::uint64_t{0}, half}) {
        const TablesPlan plan = plan_unmap(image_, tables_, {Iova(canonical(start)), half, EmptyTables::free});
        EXPECT_TRUE(plan.added.empty());
        apply_edits_or_throw(image_, plan.edits);
    }
    EXPECT_EQ(allocated(image_), allocated(empty_));
    EXPECT_TRUE(image_ == empty_) << "a page is not zero";
}

INSTANTIATE_TEST_SUITE_P(Formats, MapProperty, testing::ValuesIn(readings_for(kEdit)),
                         [](const auto &of) { return of.param.name; });

}  // namespace
}  // namespace pgregion::test
