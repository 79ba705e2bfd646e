// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the plans share: edits of the bitmap, edits that zero, and the refusals.
#pragma once

#include "base/bytes.h"

#include <pgregion/edit.h>

#include <cstdint>
#include <string>

namespace pgregion
{

/// plan_alloc with the bitmap seen at one moment, for a region whose bitmap changes meanwhile.
[[nodiscard]] AllocPlan plan_alloc(Bytes region, Bitmap bitmap, const AllocRequest &request);

/// What is wrong with a request whatever the region holds. Throw usage "order-too-large" and "count-zero";
/// "page-out-of-range" and "page-given-twice"; "bad-map" for a range of part of a page, the smallest of any format.
void check_request(const AllocRequest &request);
[[nodiscard]] Bitmap page_set(std::span<const PageIndex> pages);
void check_range(Iova iova, std::uint64_t size_bytes);

/// One edit for each bitmap word in which `before` and `after` differ, ascending.
void append_bitmap_edits(Edits &edits, const Bitmap &before, const Bitmap &after);

/// Edits that zero `[first, last)` of `region`, both multiples of 8: one for each stretch of words that are not
/// zero. The words are read plainly; in live memory a word that changes meanwhile fails the comparison in apply_edits.
void append_zero_edits(Edits &edits, Bytes region, std::uint64_t first, std::uint64_t last);
void append_zero_edits(Edits &edits, Bytes region, Range<PageIndex> pages);

/// Bytes of a region.
struct ByteRange {
    std::uint64_t first = 0;
    std::uint64_t size = 0;
};

/// One edit for each stretch of words in `place` in which `content` differs from `target`.
void append_changes(Edits &edits, Bytes target, Bytes content, ByteRange place);

/// Whether a region with bit 0 clear is opened on the way.
enum class Opening { refuse, open };

/// Throws refused "region-not-opened" when bit 0 is clear and is not to be set; `command` is the one to
/// run with --open. Returns `bitmap` with bit 0 set.
[[nodiscard]] Bitmap opened(Bitmap bitmap, Opening opening, const std::string &command);

/// "1 page", "3 pages".
[[nodiscard]] std::string pages_text(std::uint64_t pages);

}  // namespace pgregion
