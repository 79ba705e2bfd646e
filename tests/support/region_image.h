// SPDX-License-Identifier: GPL-2.0-or-later
//
// Small regions made by hand for the tests of the region and of edits. They are written byte by byte, without
// the code under test.
#pragma once

#include <pgregion/edit.h>
#include <pgregion/error.h>
#include <pgregion/region.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace pgregion::test
{

using Image = std::vector<std::byte>;
/// First and last page, both inclusive, as the kernel's log prints them: {0, 7} is "0-7".
using Pages = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

inline constexpr std::size_t kImageBytes = 2097152;

inline void set_bit(Image &image, std::size_t page) { image[page / 8] |= std::byte{1} << (page % 8); }

/// 2 MiB of zeros, except for the bits of `allocated`.
inline Image image_with(const Pages &allocated)
{
    Image image(kImageBytes);
    for (const auto &[first, last] : allocated) {
        for (std::uint64_t page = first; page <= last; ++page)
            set_bit(image, page);
    }
    return image;
}

inline void fill_page(Image &image, std::size_t page, std::byte value)
{
    for (std::size_t at = page * 4096; at < (page + 1) * 4096; ++at)
        image[at] = value;
}

inline Pages allocated(std::span<const std::byte> image)
{
    Pages pages;
    for (const Range<PageIndex> &run : Bitmap::read(image).allocated_runs())
        pages.emplace_back(run.first.value(), run.first.value() + run.size - 1);
    return pages;
}

/// The first pages of `runs`.
inline std::vector<std::uint64_t> first_pages(const std::vector<Range<PageIndex>> &runs)
{
    std::vector<std::uint64_t> pages;
    for (const Range<PageIndex> &run : runs)
        pages.push_back(run.first.value());
    return pages;
}

/// The Error that `call` throws; a test failure when it throws none.
template <class Call>
Error error_of(Call call)
{
    try {
        static_cast<void>(call());
    } catch (const Error &error) {
        return error;
    }
    ADD_FAILURE() << "no error was thrown";
    return {Failure::operational, "none", "none"};
}

}  // namespace pgregion::test
