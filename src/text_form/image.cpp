// SPDX-License-Identifier: GPL-2.0-or-later
#include "text_form/image.h"

#include <fmt/core.h>

namespace pgregion::text_form
{

std::uint32_t &Image::line_of(std::uint64_t offset)
{
    std::vector<std::uint32_t> &page = given_on_.at(offset / kPageBytes);
    if (page.empty())
        page.resize(kPageBytes);
    return page[offset % kPageBytes];
}

void Image::give(std::uint64_t offset, Bytes bytes, const Token &where)
{
    if (offset < kBitmapBytes) {
        fail(where, fmt::format("bytes from {:#x} on", kBitmapBytes),
             "the first bytes of page 0 are the bitmap: write them as `bitmap` and page numbers");
    }
    for (const std::byte value : bytes) {
        std::uint32_t &line = line_of(offset);
        if (line != 0) {
            fail(where, "bytes that are not given yet",
                 fmt::format("page {} offset {:#x} was given on line {}", offset / kPageBytes, offset % kPageBytes,
                             line));
        }
        line = static_cast<std::uint32_t>(where.line);
        bytes_[offset++] = value;
    }
}

void Image::allocate(Span pages, const Token &where)
{
    for (std::uint64_t page = pages.first; page <= pages.last; ++page) {
        if (bitmap_.test(PageIndex(page)))
            fail(where, "each page once", fmt::format("page {} is in the bitmap already", page));
        bitmap_.set(PageIndex(page));
    }
}

std::vector<std::byte> Image::take() &&
{
    for (std::size_t i = 0; i < kBitmapWords; ++i)
        store_le64(bytes_, i * kWordBytes, bitmap_.word(i));
    return std::move(bytes_);
}

}  // namespace pgregion::text_form
