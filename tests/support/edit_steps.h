// SPDX-License-Identifier: GPL-2.0-or-later
//
// Commands as single steps on an image, for tests that string them together: plan, then apply.
#pragma once

#include "support/region_image.h"

#include <pgregion/edit.h>

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace pgregion::test
{

/// The first page of each run, in the order they were handed out.
using Firsts = std::vector<std::uint64_t>;

inline void carry_out(Image &image, const Edits &edits) { ASSERT_TRUE(apply_edits(image, edits).applied); }

inline Firsts alloc(Image &image, const AllocRequest &request = {})
{
    const AllocPlan plan = plan_alloc(image, request);
    carry_out(image, plan.edits);
    return first_pages(plan.runs);
}

inline void release(Image &image, std::vector<PageIndex> pages, FreeOptions options = {})
{
    carry_out(image, plan_free(image, pages, options));
}

/// The error of a plan that is to fail without touching the image.
inline Error alloc_error(const Image &image, const AllocRequest &request)
{
    const Image copy = image;
    const Error error = error_of([&] { return plan_alloc(image, request); });
    EXPECT_EQ(image, copy);
    return error;
}

}  // namespace pgregion::test
