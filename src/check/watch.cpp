// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/watch.h"

#include <algorithm>

namespace pgregion::check
{

namespace
{

/// Distance to the last byte, so that a range that ends at 2^64 needs no end.
PhysAddr last_of(const Range<PhysAddr> &range) { return range.first + (range.size - 1); }

bool touch(const Range<PhysAddr> &lower, const Range<PhysAddr> &upper)
{
    return last_of(lower) >= upper.first || last_of(lower) + 1 == upper.first;
}

}  // namespace

void Watch::add(Watched what, Range<PhysAddr> range)
{
    if (!range.empty())
        ranges_[static_cast<std::size_t>(what)].push_back(range);
}

void Watch::seal()
{
    for (std::vector<Range<PhysAddr>> &ranges : ranges_) {
        std::ranges::sort(ranges, {}, &Range<PhysAddr>::first);
        std::vector<Range<PhysAddr>> merged;
        for (const Range<PhysAddr> &range : ranges) {
            if (merged.empty() || !touch(merged.back(), range)) {
                merged.push_back(range);
                continue;
            }
            const PhysAddr last = std::max(last_of(merged.back()), last_of(range));
            merged.back().size = last - merged.back().first + 1;
        }
        ranges = std::move(merged);
        for (const Range<PhysAddr> &range : ranges) {
            const std::uint64_t first = range.first.value() >> kFrameLg2;
            const std::uint64_t frames = (last_of(range).value() >> kFrameLg2) - first + 1;
            for (std::uint64_t frame = 0; frame < std::min<std::uint64_t>(frames, kFilterBits); ++frame) {
                const std::uint64_t slot = (first + frame) % kFilterBits;
                filter_[slot / 64] |= std::uint64_t{1} << (slot % 64);
            }
        }
    }
}

std::optional<Range<PhysAddr>> Watch::find(Watched what, PhysAddr first, std::uint64_t size) const
{
    const std::vector<Range<PhysAddr>> &ranges = this->ranges(what);
    const auto found =
        std::ranges::partition_point(ranges, [&](const Range<PhysAddr> &range) { return last_of(range) < first; });
    if (found == ranges.end() || found->first > first + (size - 1))
        return std::nullopt;
    return *found;
}

}  // namespace pgregion::check
