// SPDX-License-Identifier: GPL-2.0-or-later
//
// Counts what a tracker preserves, bitmap by bitmap.
#pragma once

#include "base/bits.h"
#include "base/bytes.h"

#include <pgregion/handover.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <map>

namespace pgregion::handover
{

class PreservedCounter
{
public:
    explicit PreservedCounter(PreservedMemory &memory) : memory_(memory) { memory_ = {}; }

    /// `bits`, whole words: bit i stands for 1 << order pages from `start` + i * (4096 << order) on.
    void bitmap(unsigned order, PhysAddr start, Bytes bits)
    {
        std::uint64_t keys = 0;
        for (std::size_t at = 0; at + kWordBytes <= bits.size(); at += kWordBytes) {
            const std::uint64_t word = load_le64(bits, at);
            keys += static_cast<unsigned>(std::popcount(word));
            if (word != 0)
                add_runs(order, start, at * 8, word);
        }
        if (keys == 0)
            return;
        orders_[order] += keys;
        const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - memory_.pages;
        memory_.pages += keys > room >> order ? room : keys << order;
    }

    void finish(bool whole, std::uint64_t nodes)
    {
        memory_.counted = whole;
        memory_.nodes = nodes;
        for (const auto &[order, keys] : orders_)
            memory_.orders.push_back({order, keys});
        std::ranges::sort(memory_.ranges, {}, [](const Range<PhysAddr> &range) { return range.first; });
        join();
    }

private:
    void add_runs(unsigned order, PhysAddr start, std::uint64_t first_bit, std::uint64_t word)
    {
        for (unsigned at = 0; at < 64 && word >> at != 0;) {
            at += static_cast<unsigned>(std::countr_zero(word >> at));
            const auto length = static_cast<unsigned>(std::countr_one(word >> at));
            add({start + ((first_bit + at) << (kPageLg2 + order)), std::uint64_t{length} << (kPageLg2 + order)});
            at += length;
        }
    }

    void add(Range<PhysAddr> range)
    {
        std::vector<Range<PhysAddr>> &ranges = memory_.ranges;
        if (!ranges.empty() && ranges.back().first + ranges.back().size == range.first)
            ranges.back().size += range.size;
        else if (ranges.size() < 2 * PreservedMemory::kMaxRanges)
            ranges.push_back(range);
        else
            memory_.ranges_cut = true;
    }

    /// Joins the sorted ranges.
    void join()
    {
        std::vector<Range<PhysAddr>> joined;
        for (const Range<PhysAddr> &range : memory_.ranges) {
            if (!joined.empty() && range.first <= joined.back().first + joined.back().size)
                joined.back().size = std::max(joined.back().size, (range.first - joined.back().first) + range.size);
            else
                joined.push_back(range);
        }
        memory_.ranges_cut = memory_.ranges_cut || joined.size() > PreservedMemory::kMaxRanges;
        joined.resize(std::min(joined.size(), PreservedMemory::kMaxRanges));
        memory_.ranges = std::move(joined);
    }

    PreservedMemory &memory_;
    std::map<unsigned, std::uint64_t> orders_;
};

}  // namespace pgregion::handover
