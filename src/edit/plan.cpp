// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the plans share, and the plans of init and root.
#include "edit/plan.h"

#include <pgregion/error.h>

#include <algorithm>
#include <cassert>

namespace pgregion
{

namespace
{

Edit zero_edit(Bytes region, std::uint64_t first, std::uint64_t last)
{
    const Bytes stored = region.subspan(first, last - first);
    return {first, {stored.begin(), stored.end()}, std::vector<std::byte>(stored.size())};
}

std::vector<std::byte> word_bytes(std::uint64_t word)
{
    std::vector<std::byte> bytes(kWordBytes);
    store_le64(bytes, 0, word);
    return bytes;
}

// The table of region.md section 1.1: what a root bit that differs from liveupdate would have led to.
Error root_bit_mismatch(LiveUpdate liveupdate)
{
    if (liveupdate == LiveUpdate::yes)
        return {Failure::refused, "root-bit-mismatch",
                "doing a liveupdate but root pg bit incorrect: the live update finds no root page, devices would lose "
                "their translations",
                "run `pgregion info SOURCE` to see whether this is the right region; on a cold boot run "
                "`pgregion root SOURCE --liveupdate no`"};
    return {Failure::refused, "root-bit-mismatch",
            "NOT doing a liveupdate but root pg bit incorrect: the cold boot finds a retained root page, stale "
            "translations would be used",
            "to start afresh run `pgregion init SOURCE --overwrite`; in a live update run "
            "`pgregion root SOURCE --liveupdate yes`"};
}

}  // namespace

void append_bitmap_edits(Edits &edits, const Bitmap &before, const Bitmap &after)
{
    for (std::size_t index = 0; index < kBitmapWords; ++index) {
        if (before.word(index) != after.word(index))
            edits.push_back({index * kWordBytes, word_bytes(before.word(index)), word_bytes(after.word(index))});
    }
}

void append_zero_edits(Edits &edits, Bytes region, std::uint64_t first, std::uint64_t last)
{
    std::uint64_t start = first;
    for (std::uint64_t at = first; at <= last; at += kWordBytes) {
        if (at < last && load_le64(region, at) != 0)
            continue;
        if (start < at)
            edits.push_back(zero_edit(region, start, at));
        start = at + kWordBytes;
    }
}

void append_zero_edits(Edits &edits, Bytes region, Range<PageIndex> pages)
{
    const std::uint64_t first = pages.first.value() * kPageBytes;
    append_zero_edits(edits, region, first, first + pages.size * kPageBytes);
}

Bitmap opened(Bitmap bitmap, Opening opening, const std::string &command)
{
    if (opening == Opening::refuse && !bitmap.test(kBitmapPage))
        throw Error(Failure::refused, "region-not-opened",
                    "bit 0 of the bitmap is clear: no kernel has opened this region, and its allocator would hand out "
                    "the bitmap's own page",
                    "run `pgregion info SOURCE` to see what it is; `" + command +
                        " --open` sets bit 0 first, as the kernel's open does");
    bitmap.set(kBitmapPage);
    return bitmap;
}

std::string pages_text(std::uint64_t pages) { return std::to_string(pages) + (pages == 1 ? " page" : " pages"); }

std::optional<std::uint64_t> first_data_byte(Bytes target)
{
    const auto found = std::ranges::find_if(target, [](std::byte b) { return b != std::byte{0}; });
    if (found == target.end())
        return std::nullopt;
    return static_cast<std::uint64_t>(found - target.begin());
}

Edits plan_init(Bytes target, InitOptions options)
{
    assert(target.size() >= kRegionBytes);
    target = target.first(kRegionBytes);
    if (!options.overwrite && !all_zero(target)) {
        const std::uint64_t offset = *first_data_byte(target);
        throw Error(Failure::refused, "target-not-empty",
                    "the target holds data (the first byte that is not zero is at offset " + std::to_string(offset) +
                        "): making a region would destroy it",
                    "run `pgregion info SOURCE` to see what it is; `pgregion init SOURCE --overwrite` replaces it");
    }
    Bitmap bitmap;
    bitmap.set({kBitmapPage, options.take_root ? 2U : 1U});
    Edits edits;
    append_zero_edits(edits, target, kBitmapBytes, kRegionBytes);
    append_bitmap_edits(edits, Bitmap::read(target), bitmap);
    return edits;
}

RootPlan plan_root(Bytes region, LiveUpdate liveupdate, RootOptions options)
{
    RootPlan plan;
    plan.validation = validate_root(region, liveupdate);
    const Bitmap before = Bitmap::read(region);
    Bitmap after =
        opened(before, options.open ? Opening::open : Opening::refuse, "pgregion root SOURCE --liveupdate yes|no|auto");
    plan.validation.match = plan.validation.root_bit == plan.validation.expected_root_bit;
    if (!plan.validation.match)
        throw root_bit_mismatch(liveupdate);
    after.set(kRootPage);
    append_bitmap_edits(plan.edits, before, after);
    return plan;
}

}  // namespace pgregion
