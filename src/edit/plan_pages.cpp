// SPDX-License-Identifier: GPL-2.0-or-later
//
// The plans of alloc and free. Unlike the kernel's allocator these fail where it would go wrong: a full region is
// an error instead of an address in front of the region, and the bitmap's and the root's own pages are not handed
// out (region.md sections 1.1 and 3.1).
#include "base/bits.h"
#include "edit/plan.h"

#include <pgregion/error.h>

#include <cassert>

namespace pgregion
{

namespace
{

Error region_full(const Bitmap &bitmap, const AllocRequest &request)
{
    const std::uint64_t free_pages = kRegionPages - bitmap.count();
    const std::optional<unsigned> largest = bitmap.largest_free_order();
    std::string message = "no room for " + std::to_string(request.count) + " aligned run" +
                          (request.count == 1 ? "" : "s") + " of " + pages_text(bit(request.order)) + ": " +
                          std::to_string(free_pages) + " of 512 pages are free";
    if (largest)
        message += ", the largest aligned free run has " + pages_text(bit(*largest));
    return {Failure::operational, "region-full", message + "; nothing was changed",
            largest
                ? "run `pgregion bitmap SOURCE` to see the free pages; ask for a lower --order or --count"
                : "run `pgregion page SOURCE N` on pages you doubt: it says when no table leads to one; free those"};
}

Error root_page_not_taken()
{
    return {Failure::refused, "root-page-not-taken",
            "the next free run holds page 1 and the root page is not taken: a table there would be mistaken for the "
            "root",
            "run `pgregion root SOURCE --liveupdate no` first; --allow-root hands page 1 out all the same"};
}

void check_page(const Bitmap &bitmap, PageIndex page)
{
    const std::string index = std::to_string(page.value());
    if (page == kBitmapPage || page == kRootPage)
        throw Error(Failure::refused, "page-reserved",
                    "page " + index + " is the region's own " + (page == kBitmapPage ? "bitmap" : "root page") +
                        ": without it the region is lost",
                    "`pgregion init SOURCE --overwrite` makes a fresh region");
    if (!bitmap.test(page))
        throw Error(Failure::refused, "page-not-allocated",
                    "page " + index + " is free already: freeing it would zero what nobody owns",
                    "run `pgregion bitmap SOURCE --as list` to see the allocated pages");
}

}  // namespace

void check_request(const AllocRequest &request)
{
    if (request.order > kMaxOrder)
        throw Error(Failure::usage, "order-too-large",
                    "order " + std::to_string(request.order) + " asks for runs of more than the region's 512 pages",
                    "give an order from 0 to 9");
    if (request.count == 0)
        throw Error(Failure::usage, "count-zero", "a count of 0 asks for nothing", "give a count of at least 1");
}

Bitmap page_set(std::span<const PageIndex> pages)
{
    Bitmap set;
    for (const PageIndex page : pages) {
        const std::string index = std::to_string(page.value());
        if (page.value() >= kRegionPages)
            throw Error(Failure::usage, "page-out-of-range", "there is no page " + index + ": a region has 512 pages",
                        "give pages from 2 to 511");
        if (set.test(page))
            throw Error(Failure::usage, "page-given-twice", "page " + index + " is given twice",
                        "name every page once");
        set.set(page);
    }
    return set;
}

AllocPlan plan_alloc(Bytes region, const AllocRequest &request)
{
    return plan_alloc(region, Bitmap::read(region), request);
}

AllocPlan plan_alloc(Bytes region, Bitmap bitmap, const AllocRequest &request)
{
    assert(region.size() >= kRegionBytes);
    check_request(request);
    const Bitmap start = opened(bitmap, request.open ? Opening::open : Opening::refuse, "pgregion alloc SOURCE");
    const std::uint64_t pages = bit(request.order);
    AllocPlan plan;
    Bitmap after = start;
    // Each turn takes at least one of 512 pages, so a huge count ends soon.
    for (std::uint64_t run = 0; run < request.count; ++run) {
        const std::optional<PageIndex> first = after.find_free_run(request.order);
        if (!first)
            throw region_full(start, request);
        plan.runs.push_back({*first, pages});
        if (plan.runs.back().contains(kRootPage) && !request.allow_root)
            throw root_page_not_taken();
        after.set(plan.runs.back());
    }
    append_bitmap_edits(plan.edits, bitmap, after);
    if (request.zero) {
        for (const Range<PageIndex> run : plan.runs)
            append_zero_edits(plan.edits, region, run);
    }
    return plan;
}

Edits plan_free(Bytes region, std::span<const PageIndex> pages, FreeOptions options)
{
    assert(region.size() >= kRegionBytes);
    const Bitmap freed = page_set(pages);
    const Bitmap before = Bitmap::read(region);
    Bitmap after = opened(before, options.open ? Opening::open : Opening::refuse, "pgregion free SOURCE PAGE");
    for (const PageIndex page : pages) {
        check_page(before, page);
        after.clear(page);
    }
    Edits edits;
    // Ascending, whatever order was asked for: of two processes that free the same pages one then fails on the
    // first word instead of both half way.
    for (const Range<PageIndex> run : freed.allocated_runs())
        append_zero_edits(edits, region, run);
    append_bitmap_edits(edits, before, after);
    return edits;
}

}  // namespace pgregion
