// SPDX-License-Identifier: GPL-2.0-or-later
//
// The region while its text is read. Every byte may be given once; the line that gave it is remembered, so that
// an error can name both.
#pragma once

#include "base/bytes.h"
#include "text_form/reader.h"

#include <pgregion/region.h>

namespace pgregion::text_form
{

class Image
{
public:
    Image() : bytes_(kRegionBytes), given_on_(kRegionPages) {}

    /// Sets `bytes` at `offset`; they must lie inside the region. `where` is the token that gives them. Throws
    /// TextFormError when one of them was given before or belongs to the bitmap.
    void give(std::uint64_t offset, Bytes bytes, const Token &where);

    /// Marks the pages as allocated. Throws TextFormError when one of them is already.
    void allocate(Span pages, const Token &where);

    [[nodiscard]] std::vector<std::byte> take() &&;

private:
    std::uint32_t &line_of(std::uint64_t offset);

    std::vector<std::byte> bytes_;
    /// For each page, once something is given in it: the line for each byte, 0: not given. 64 MiB have fewer than
    /// 2^32 lines.
    std::vector<std::vector<std::uint32_t>> given_on_;
    Bitmap bitmap_;
};

}  // namespace pgregion::text_form
