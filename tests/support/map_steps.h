// SPDX-License-Identifier: GPL-2.0-or-later
//
// A region with page tables, and maps and unmaps as single steps on it: plan, then apply.
#pragma once

#include "support/region_image.h"
#include "support/walk_record.h"

#include <pgregion/edit.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace pgregion::test
{

inline constexpr std::uint64_t kMapBase = 0x80000000;
inline constexpr std::uint64_t kMiB = 0x100000;
inline constexpr std::uint64_t kGiB = 0x40000000;
inline const Access kReadWrite = Access::read() | Access::write();

/// A region with an empty root, at page 1 unless it is said otherwise, and steps on it. Page 1 is always taken.
struct MapSteps {
    explicit MapSteps(std::string_view format, unsigned levels, std::uint64_t root_page = 1)
        : in_region{find_table_format(format), default_params(*find_table_format(format), levels), PhysAddr(kMapBase),
                    PhysAddr(kMapBase + root_page * 4096)}
    {
        const std::uint64_t bytes = in_region.format->shape(levels - 1, in_region.params).bytes();
        const std::uint64_t pages = bytes < 4096 ? 1 : bytes / 4096;
        image = image_with({{0, 1}, {root_page, root_page + pages - 1}});
    }

    void put(std::size_t page, std::size_t index, std::uint64_t word)
    {
        for (std::size_t i = 0; i < 8; ++i)
            image[page * 4096 + index * 8 + i] = static_cast<std::byte>(word >> (8 * i));
    }
    [[nodiscard]] std::uint64_t get(std::size_t page, std::size_t index) const
    {
        std::uint64_t word = 0;
        for (std::size_t i = 8; i-- > 0;)
            word = word << 8 | std::to_integer<std::uint64_t>(image[page * 4096 + index * 8 + i]);
        return word;
    }

    TablesPlan map(const MapRequest &request)
    {
        const TablesPlan plan = plan_map(image, in_region, request);
        EXPECT_TRUE(apply_edits(image, plan.edits).applied);
        return plan;
    }
    TablesPlan map(std::uint64_t iova, std::uint64_t pa, std::uint64_t size, Access access = kReadWrite)
    {
        return map({Iova(iova), PhysAddr(pa), size, access});
    }
    TablesPlan unmap(std::uint64_t iova, std::uint64_t size, EmptyTables empty = EmptyTables::keep)
    {
        const TablesPlan plan = plan_unmap(image, in_region, {Iova(iova), size, empty});
        EXPECT_TRUE(apply_edits(image, plan.edits).applied);
        return plan;
    }

    /// Kind and code of the refusal; the plan of a refused request changes nothing.
    [[nodiscard]] std::pair<Failure, std::string> refusal(const MapRequest &request) const
    {
        const Error error = error_of([&] { return plan_map(image, in_region, request); });
        return {error.failure(), std::string(error.code())};
    }
    [[nodiscard]] std::string unmap_refusal(std::uint64_t iova, std::uint64_t size) const
    {
        return std::string(error_of([&] { return plan_unmap(image, in_region, {Iova(iova), size}); }).code());
    }

    [[nodiscard]] MapRows leaves() const
    {
        PiecewiseMemory memory;
        memory.add(in_region.base, image);
        WalkRequest request;
        request.format = in_region.format;
        request.params = in_region.params;
        request.root = in_region.root;
        LeafRecord record;
        walk_tables(memory, request, record);
        EXPECT_TRUE(record.problems.empty());
        return record.rows;
    }
    /// Sizes of the leaves in order of IOVAs, as {size, how many of them in a row}.
    [[nodiscard]] std::vector<std::pair<std::uint64_t, int>> sizes() const
    {
        std::vector<std::pair<std::uint64_t, int>> runs;
        for (const MapRow &row : leaves()) {
            if (runs.empty() || runs.back().first != row.size)
                runs.emplace_back(row.size, 0);
            ++runs.back().second;
        }
        return runs;
    }

    Image image;
    TablesInRegion in_region;
};

using Sizes = std::pair<std::uint64_t, int>;

}  // namespace pgregion::test
