// SPDX-License-Identifier: GPL-2.0-or-later
//
// Regions of every format whose tables fill all pages: one chain of tables from the root down, and below its last
// one as many full tables of smallest leaves as there is room for.
#pragma once

#include "base/bits.h"
#include "base/bytes.h"
#include "support/tested_formats.h"

#include <pgregion/format.h>
#include <pgregion/region.h>
#include <pgregion/walk.h>

#include <cstdint>
#include <random>
#include <vector>

namespace pgregion::bench
{

inline constexpr PhysAddr kBase(0x140000000);

/// Where the leaves point: one page after the other (a guest's memory in huge pieces), or anywhere (the worst case:
/// hardly two leaves can be told as one run).
enum class Layout { contiguous, scattered };

class FullRegion
{
public:
    FullRegion(const test::TableReading &reading, Layout layout) : bytes_(kRegionBytes), layout_(layout)
    {
        request_.format = reading.format;
        request_.params = reading.params;
        for (std::size_t at = 0; at < kBitmapBytes; at += kWordBytes)
            store_le64(bytes_, at, ~std::uint64_t{0});
        fill();
    }

    [[nodiscard]] Bytes bytes() const { return bytes_; }
    [[nodiscard]] const WalkRequest &request() const { return request_; }
    [[nodiscard]] std::uint64_t leaves() const { return leaves_; }

private:
    void fill()
    {
        unsigned level = request_.params.levels - 1U;
        PhysAddr table = take(level);
        request_.root = table;
        for (; level > 1; --level) {
            const PhysAddr next = take(level - 1);
            put(table, request_.format->encode_table(next, level, request_.params));
            table = next;
        }
        const std::uint64_t slots = request_.format->shape(1, request_.params).entries();
        for (std::uint64_t slot = 0; slot < slots && has_room(); ++slot) {
            const PhysAddr leaves = take(0);
            put(table + slot * kWordBytes, request_.format->encode_table(leaves, 1, request_.params));
            fill_leaves(leaves);
        }
    }

    void fill_leaves(PhysAddr table)
    {
        const TableShape shape = request_.format->shape(0, request_.params);
        for (std::uint64_t slot = 0; slot < shape.entries(); ++slot, ++leaves_) {
            const std::uint64_t number = layout_ == Layout::contiguous ? leaves_ : random_() & 0x3ffff;
            const PhysAddr target(0x1000000000 + (number << shape.shift));
            const LeafSpec leaf{target, shape.shift, Access::read() | Access::write()};
            put(table + slot * kWordBytes, request_.format->encode_leaf(leaf, 0, request_.params).value());
        }
    }

    [[nodiscard]] std::uint64_t end_of(std::uint64_t align, std::uint64_t size) const
    {
        return (next_ + align - 1) / align * align + size;
    }
    [[nodiscard]] bool has_room() const
    {
        const TableShape shape = request_.format->shape(0, request_.params);
        return end_of(shape.align_bytes, shape.bytes()) <= kRegionBytes;
    }
    PhysAddr take(unsigned level)
    {
        const TableShape shape = request_.format->shape(level, request_.params);
        next_ = end_of(shape.align_bytes, shape.bytes());
        return kBase + (next_ - shape.bytes());
    }
    void put(PhysAddr place, std::uint64_t word) { store_le64(bytes_, place - kBase, word); }

    std::vector<std::byte> bytes_;
    Layout layout_;
    WalkRequest request_;
    std::uint64_t next_ = kPageBytes;
    std::uint64_t leaves_ = 0;
    std::mt19937_64 random_{1};
};

}  // namespace pgregion::bench
