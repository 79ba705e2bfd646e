// SPDX-License-Identifier: GPL-2.0-or-later
//
// What checks of regions share: pages, pointers, and whether a page that nothing leads to may be given back.
#pragma once

#include "base/bytes.h"
#include "check/check_row.h"

namespace pgregion::check
{

/// How far below its region the allocator's unchecked -ENOMEM (-12) leads: twelve pages (region.md section 1.1, D1).
inline constexpr std::uint64_t kEnomemDistance = 0xc000;

/// Precondition: the subject has a region.
[[nodiscard]] inline Bytes page_of_region(const Facts &facts, PageIndex page)
{
    return facts.subject->region->bytes.subspan(page.value() * kPageBytes, kPageBytes);
}

/// True for a region whose root page was never taken and holds nothing: a walk from there means nothing.
[[nodiscard]] bool is_fresh(const Facts &facts, const Bitmap &bitmap);

/// A finding at the entry of a reference, with the remedy that zeroes it (safe).
[[nodiscard]] Finding removable_pointer(const FindingSink &sink, const Facts &facts, const ReferenceFact &reference);

/// Pages that no table leads to: what may be done with them. They are zeroed only where the tables were read without
/// doubt; and neither a page that leads to allocated pages, if it is read as a table, nor those pages: the walk may
/// have started at the wrong page (D20, rules of reading in region.md section 3).
class LeakJudge
{
public:
    explicit LeakJudge(const Facts &facts);

    [[nodiscard]] RepairPolicy policy(PageIndex page) const
    {
        return sure_ && !keep_.test(page) ? RepairPolicy::safe : RepairPolicy::none;
    }
    /// True when the page, read as a table, leads to allocated pages.
    [[nodiscard]] bool leads_on(PageIndex page) const { return leading_.test(page); }

private:
    void look_at(const Facts &facts, const Bitmap &bitmap, PageIndex page);
    void lead(const Bitmap &bitmap, PageIndex from, PageIndex to);

    bool sure_ = false;
    Bitmap leading_;
    Bitmap keep_;
};

}  // namespace pgregion::check
