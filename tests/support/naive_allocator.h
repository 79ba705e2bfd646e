// SPDX-License-Identifier: GPL-2.0-or-later
//
// The allocator in the plainest way, to compare the real one with: one bool per page, every position tried.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace pgregion::test
{

struct NaiveAllocator {
    std::vector<bool> taken = std::vector<bool>(512, false);

    [[nodiscard]] bool free_run_at(std::size_t first, std::size_t pages) const
    {
        if (first + pages > 512)
            return false;
        for (std::size_t page = first; page < first + pages; ++page) {
            if (taken[page])
                return false;
        }
        return true;
    }

    [[nodiscard]] std::optional<std::size_t> find(unsigned order) const
    {
        std::size_t pages = 1;
        for (unsigned doubling = 0; doubling < order; ++doubling)
            pages = pages * 2;
        for (std::size_t first = 0; first < 512; ++first) {
            if (first % pages == 0 && free_run_at(first, pages))
                return first;
        }
        return std::nullopt;
    }

    void mark(std::size_t first, std::size_t pages, bool value)
    {
        for (std::size_t page = first; page < first + pages; ++page)
            taken[page] = value;
    }
};

}  // namespace pgregion::test
