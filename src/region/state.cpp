// SPDX-License-Identifier: GPL-2.0-or-later
//
// The states of a region worth a name, and the rule of the root page (region.md sections 1.1, 1.2 and 3.1).
//
// Bit 0 decides first: opening a region always sets it, so that with bit 0 clear only 2 MiB of zeros can be a
// region. Data in a free page does not speak against a region: the kernel never zeroes a page.
#include "base/bytes.h"

#include <pgregion/region.h>

#include <algorithm>
#include <cassert>

namespace pgregion
{

namespace
{

std::optional<std::uint64_t> first_tail_byte(Bytes region)
{
    const Bytes tail = region.subspan(kBitmapBytes, kPageBytes - kBitmapBytes);
    const auto found = std::ranges::find_if(tail, [](std::byte b) { return b != std::byte{0}; });
    if (found == tail.end())
        return std::nullopt;
    return kBitmapBytes + static_cast<std::uint64_t>(found - tail.begin());
}

std::optional<PageIndex> first_data_page(Bytes region)
{
    for (PageIndex page = kRootPage; page.value() < kRegionPages; page += 1) {
        if (!all_zero(region.subspan(page.value() * kPageBytes, kPageBytes)))
            return page;
    }
    return std::nullopt;
}

std::vector<NotARegion> reasons_against(const RegionReport &report)
{
    std::vector<NotARegion> reasons;
    if (!report.bitmap_bit && report.allocated_pages != 0)
        reasons.push_back(NotARegion::bits_without_bitmap_bit);
    if (!report.bitmap_bit && report.first_data_page)
        reasons.push_back(NotARegion::data_without_bitmap_bit);
    if (report.first_tail_byte)
        reasons.push_back(NotARegion::tail_not_zero);
    return reasons;
}

RegionState state_of(const RegionReport &report)
{
    if (!report.reasons.empty())
        return RegionState::not_a_region;
    if (!report.bitmap_bit)
        return RegionState::never_opened;
    if (report.allocated_pages == kRegionPages)
        return RegionState::full;
    if (report.allocated_pages == 1)
        return RegionState::opened;
    return report.allocated_pages == 2 && report.root_bit ? RegionState::initialised : RegionState::in_use;
}

}  // namespace

std::string_view name(RegionState state)
{
    switch (state) {
    case RegionState::never_opened:
        return "never-opened";
    case RegionState::opened:
        return "opened";
    case RegionState::initialised:
        return "initialised";
    case RegionState::in_use:
        return "in-use";
    case RegionState::full:
        return "full";
    case RegionState::not_a_region:
        return "not-a-region";
    }
    assert(false);
    return {};
}

std::string_view name(NotARegion reason)
{
    switch (reason) {
    case NotARegion::bits_without_bitmap_bit:
        return "bits-without-bitmap-bit";
    case NotARegion::data_without_bitmap_bit:
        return "data-without-bitmap-bit";
    case NotARegion::tail_not_zero:
        return "tail-not-zero";
    }
    assert(false);
    return {};
}

RegionReport describe_region(Bytes region)
{
    assert(region.size() >= kRegionBytes);
    const Bitmap bitmap = Bitmap::read(region);
    RegionReport report;
    report.allocated_pages = bitmap.count();
    report.free_pages = kRegionPages - report.allocated_pages;
    report.bitmap_bit = bitmap.test(kBitmapPage);
    report.root_bit = bitmap.test(kRootPage);
    report.first_tail_byte = first_tail_byte(region);
    if (!report.bitmap_bit)
        report.first_data_page = first_data_page(region);
    report.reasons = reasons_against(report);
    report.state = state_of(report);
    return report;
}

RootValidation validate_root(Bytes region, LiveUpdate liveupdate)
{
    const RegionReport report = describe_region(region);
    RootValidation validation;
    validation.expected_root_bit = liveupdate == LiveUpdate::yes;
    validation.bitmap_bit = report.bitmap_bit;
    validation.root_bit = report.root_bit;
    validation.match = report.bitmap_bit && report.root_bit == validation.expected_root_bit;
    validation.state = report.state;
    return validation;
}

}  // namespace pgregion
