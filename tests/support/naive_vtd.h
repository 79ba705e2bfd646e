// SPDX-License-Identifier: GPL-2.0-or-later
//
// VT-d second-stage tables read in the plainest way from the text of iommu-formats.md section 1.8, to compare
// the walker with. It shares nothing with the code under test: no format, no walker, no decoder.
#pragma once

#include "support/fixtures.h"
#include "support/table_image.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pgregion::test
{

struct NaiveVtd {
    const TableImage &image;
    std::uint64_t root = 0;
    int levels = 4;
    int address_width = 52;

    struct Answer {
        bool mapped = false;
        std::uint64_t pa = 0;
        std::uint64_t size = 0;
        unsigned access = 7;
        std::string fault;  ///< "" when the request gets through
        int level = -1;     ///< where the first fault is
    };

    [[nodiscard]] std::optional<std::uint64_t> read(std::uint64_t address) const
    {
        const std::uint64_t start = image.address(0);
        if (address < start || address + 8 > start + image.pages() * 4096)
            return std::nullopt;
        return image.get((address - start) / 4096, (address - start) % 4096 / 8);
    }

    static std::uint64_t span_of(int level)
    {
        return level == 0   ? 0x1000
               : level == 1 ? 0x200000
               : level == 2 ? 0x40000000
               : level == 3 ? 0x8000000000
                            : 0x1000000000000;
    }

    static bool is_leaf(std::uint64_t entry, int level)
    {
        if (level == 0)
            return true;
        return level <= 2 && (entry & 0x80) != 0;
    }

    /// The masks of section 1.8: `base` plus what each kind of entry adds.
    [[nodiscard]] bool has_reserved(std::uint64_t entry, int level) const
    {
        std::uint64_t mask = 0x4000000000000000;
        for (int position = address_width; position < 52; ++position)
            mask |= 1ULL << position;
        if (!is_leaf(entry, level))
            mask |= level >= 3 ? 0x880 : 0x800;
        else if (level == 1)
            mask |= 0x1ff000;
        else if (level == 2)
            mask |= 0x3ffff000;
        return (entry & mask) != 0;
    }

    static std::uint64_t output_of(std::uint64_t entry, int level)
    {
        const std::uint64_t in_place = entry % 0x10000000000000;  // bits 51:0
        return in_place / span_of(level) * span_of(level);
    }

    /// One request: `need` is 1 for a read, 2 for a write. Permission is looked at before reserved bits.
    [[nodiscard]] Answer translate(std::uint64_t iova, unsigned need) const
    {
        Answer answer;
        const auto fault = [&answer](const std::string &what, int level) {
            if (answer.fault.empty()) {
                answer.fault = what;
                answer.level = level;
            }
        };
        if (iova / span_of(levels - 1) >= 512) {
            fault("width", -1);
            return answer;
        }
        std::uint64_t table = root;
        for (int level = levels - 1; level >= 0; --level) {
            const std::uint64_t index = iova / span_of(level) % 512;
            const auto entry = read(table + index * 8);
            if (!entry) {
                fault(level == levels - 1 ? "root" : "table", level);
                return answer;
            }
            if ((*entry & 7) == 0) {
                fault("absent", level);
                return answer;
            }
            answer.access &= static_cast<unsigned>(*entry & 7);
            if ((answer.access & need) != need)
                fault("permission", level);
            if (has_reserved(*entry, level)) {
                fault("reserved", level);
                return answer;
            }
            if (is_leaf(*entry, level)) {
                answer.mapped = true;
                answer.size = span_of(level);
                answer.pa = output_of(*entry, level) + iova % span_of(level);
                if (answer.pa >= 0xfee00000 && answer.pa <= 0xfeefffff)
                    fault("output", level);
                return answer;
            }
            table = *entry % 0x10000000000000 / 4096 * 4096;
        }
        return answer;
    }

    /// Every leaf that hardware would use, in order of IOVA.
    [[nodiscard]] MapRows leaves() const
    {
        MapRows rows;
        visit(root, levels - 1, 0, 7, rows);
        return rows;
    }

private:
    void visit(std::uint64_t table, int level, std::uint64_t iova, unsigned access, MapRows &rows) const
    {
        for (std::uint64_t index = 0; index < 512; ++index) {
            const auto entry = read(table + index * 8);
            if (!entry || (*entry & 7) == 0 || has_reserved(*entry, level))
                continue;
            const std::uint64_t here = iova + index * span_of(level);
            const unsigned left = access & static_cast<unsigned>(*entry & 7);
            if (is_leaf(*entry, level))
                rows.push_back({here, output_of(*entry, level), span_of(level), letters_of(left)});
            else
                visit(*entry % 0x10000000000000 / 4096 * 4096, level - 1, here, left, rows);
        }
    }

    static std::string letters_of(unsigned access)
    {
        std::string text;
        text += (access & 1) != 0 ? "r" : "";
        text += (access & 2) != 0 ? "w" : "";
        text += (access & 4) != 0 ? "x" : "";
        return text;
    }
};

/// A random tree of VT-d second-stage tables: mixed sizes, holes, reserved bits, pointers out of the image,
/// garbage, permissions of every kind. Tables only point to pages after their own, so there are no loops; a
/// table may be shared.
class RandomTree
{
public:
    static constexpr std::size_t kPages = 48;

    RandomTree(std::uint64_t seed, int levels) : image_(0x40000000, kPages), dice_(seed) { fill(1, levels - 1); }

    [[nodiscard]] const TableImage &image() const { return image_; }
    [[nodiscard]] std::uint64_t root() const { return image_.address(1); }
    [[nodiscard]] Dice &dice() { return dice_; }
    /// An IOVA near something: in or around a slot that was filled, or anywhere.
    [[nodiscard]] std::uint64_t some_iova()
    {
        if (dice_.one_in(8) || slots_.empty())
            return dice_.word() >> dice_.below(64);
        const auto &[iova, size] = slots_[dice_.below(slots_.size())];
        const std::uint64_t inside = dice_.below(size);
        return dice_.one_in(4) ? iova - 1 : dice_.one_in(4) ? iova + size : iova + inside;
    }

private:
    void fill(std::size_t page, int level, std::uint64_t iova = 0)
    {
        const std::uint64_t wanted = 1 + dice_.below(6);
        std::size_t index = dice_.one_in(3) ? 0 : dice_.below(512);
        for (std::uint64_t i = 0; i < wanted; ++i) {
            put(page, index, level, iova + index * NaiveVtd::span_of(level));
            index = dice_.one_in(2) ? (index + 1) % 512 : dice_.one_in(4) ? 511 : dice_.below(512);
        }
    }

    void put(std::size_t page, std::size_t index, int level, std::uint64_t iova)
    {
        slots_.emplace_back(iova, NaiveVtd::span_of(level));
        if (dice_.one_in(12)) {
            image_.put(page, index, dice_.word());  // garbage
            return;
        }
        const std::uint64_t access = dice_.one_in(3) ? dice_.below(8) : 3;
        std::uint64_t word = access;
        if (level > 0 && !dice_.one_in(level <= 2 ? 3 : 12)) {
            word |= table_for(page, level, iova);
        } else {
            const std::uint64_t span = NaiveVtd::span_of(level);
            word |= dice_.below(64) * span;  // few targets, so that neighbours go on now and then
            word |= level > 0 ? 0x80 : 0;
        }
        if (dice_.one_in(15))
            word |= 1ULL << dice_.below(64);
        image_.put(page, index, word);
    }

    std::uint64_t table_for(std::size_t page, int level, std::uint64_t iova)
    {
        if (dice_.one_in(10))
            return (dice_.word() >> 24) / 4096 * 4096;  // outside, most likely
        const bool reuse = dice_.one_in(8) && next_page_ > page + 1;
        if (!reuse && next_page_ >= kPages)
            return image_.address(kPages);  // just behind the end
        const std::size_t child = reuse ? page + 1 + dice_.below(next_page_ - page - 1) : next_page_++;
        if (!reuse)
            fill(child, level - 1, iova);
        return image_.address(child);
    }

    TableImage image_;
    Dice dice_;
    std::size_t next_page_ = 2;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> slots_;
};

}  // namespace pgregion::test
