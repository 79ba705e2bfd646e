// SPDX-License-Identifier: GPL-2.0-or-later
//
// From findings to edits. Each remedy is tried on an overlay of the bytes, in an order in which no step depends on a
// later one; so remedies that meet at one place (an entry on a page that is zeroed) do not contradict each other.
#include "check/blocking.h"
#include "edit/plan.h"
#include "edit/word_overlay.h"

#include <algorithm>
#include <array>
#include <optional>

namespace pgregion
{

namespace
{

constexpr std::string_view kReservedBits = "reserved-bits";

/// The order in which remedies are carried out.
int order_of(Remedy remedy)
{
    switch (remedy) {
    case Remedy::none:
    case Remedy::set_bits:
        return 0;
    case Remedy::clear_entry:
    case Remedy::block_record:
        return 1;
    case Remedy::zero_page:
    case Remedy::zero_bitmap_tail:
        return 2;
    case Remedy::free_page:
        return 3;
    }
    return 0;
}

/// Words of an entry with all its copies, or of records: `count` pieces of `bytes` each.
struct Place {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    std::uint64_t count = 1;
};

class Planner
{
public:
    explicit Planner(const RepairTarget &target)
        : target_(target), overlay_(target.bytes), before_(bitmap_of(target)), set_(before_), bitmap_(before_)
    {
    }

    /// False when the finding's place is not in the target, or nothing takes it away.
    bool add(const Finding &finding, Edits &edits)
    {
        switch (finding.remedy) {
        case Remedy::none:
            return false;
        case Remedy::clear_entry:
            return clear_entry(finding, edits);
        case Remedy::block_record:
            return block_records(finding, edits);
        case Remedy::set_bits:
        case Remedy::free_page:
        case Remedy::zero_page:
        case Remedy::zero_bitmap_tail:
            return target_.is_region && finding.page && *finding.page < PageIndex(kRegionPages) &&
                   change_page(finding.remedy, *finding.page, edits);
        }
        return false;
    }

    [[nodiscard]] Edits edits() const
    {
        Edits edits;
        append_bitmap_edits(edits, before_, set_);
        Edits words = overlay_.edits_from(target_.is_region ? kBitmapBytes : 0);
        std::ranges::move(words, std::back_inserter(edits));
        append_bitmap_edits(edits, set_, bitmap_);
        return edits;
    }

private:
    static Bitmap bitmap_of(const RepairTarget &target)
    {
        return target.is_region ? Bitmap::read(target.bytes) : Bitmap();
    }

    bool change_page(Remedy remedy, PageIndex page, Edits &edits)
    {
        const std::uint64_t first = page.value() * kPageBytes;
        const Bitmap now = bitmap_;
        if (remedy == Remedy::zero_bitmap_tail) {
            overlay_.zero(kBitmapBytes, kPageBytes, edits);
            return true;
        }
        if (remedy == Remedy::set_bits) {
            set_.set(page);
            bitmap_.set(page);
        } else if (page != kBitmapPage) {
            overlay_.zero(first, first + kPageBytes, edits);
        }
        if (remedy == Remedy::free_page && page != kBitmapPage)
            bitmap_.clear(page);
        append_bitmap_edits(edits, now, bitmap_);
        return true;
    }

    /// Where [address, address + bytes * count) lies in the target; nothing outside, and in the bitmap.
    [[nodiscard]] std::optional<Place> place_of(PhysAddr address, std::uint64_t bytes, std::uint64_t count) const
    {
        const std::uint64_t offset = address - target_.base;
        const std::uint64_t size = target_.bytes.size();
        if (offset >= size || count > (size - offset) / bytes || offset % kWordBytes != 0)
            return std::nullopt;
        if (target_.is_region && offset < kPageBytes)
            return std::nullopt;
        return Place{offset, bytes, count};
    }

    bool clear_entry(const Finding &finding, Edits &edits)
    {
        if (!finding.table || !finding.index)
            return false;
        const std::uint64_t copies = std::uint64_t{1} << finding.replicas_lg2;
        const std::uint64_t first = *finding.index & ~(copies - 1);
        const auto place = place_of(*finding.table + first * kWordBytes, kWordBytes, copies);
        if (!place)
            return false;
        const bool keep = target_.keep_entries && finding.check->code == kReservedBits && finding.expected;
        for (std::uint64_t i = 0; i < copies; ++i) {
            const std::uint64_t at = place->offset + i * kWordBytes;
            overlay_.write(at, keep ? without_reserved(finding, overlay_.read(at)) : 0, edits);
        }
        return true;
    }

    /// `stored` without the bits in `finding.expected`. A table of the other byte order holds the entry that was
    /// observed the other way round.
    [[nodiscard]] static std::uint64_t without_reserved(const Finding &finding, std::uint64_t stored)
    {
        const bool other_order =
            finding.observed && stored != *finding.observed && byte_swap(stored) == *finding.observed;
        return stored & ~(other_order ? byte_swap(*finding.expected) : *finding.expected);
    }

    bool block_records(const Finding &finding, Edits &edits)
    {
        if (!finding.table || !finding.index || finding.record_bytes == 0 || !finding.unit ||
            *finding.unit >= target_.units.size())
            return false;
        const std::uint64_t count = finding.last_device.value_or(0) > finding.device.value_or(0)
                                        ? *finding.last_device - *finding.device + std::uint64_t{1}
                                        : 1;
        const PhysAddr first = *finding.table + std::uint64_t{*finding.index} * finding.record_bytes;
        const auto place = place_of(first, finding.record_bytes, count);
        if (!place)
            return false;
        for (std::uint64_t i = 0; i < count; ++i)
            block_record(finding, place->offset + i * place->bytes, edits);
        return true;
    }

    void block_record(const Finding &finding, std::uint64_t offset, Edits &edits)
    {
        const DirectoryRequest &unit = target_.units[*finding.unit];
        DirectoryTable table = table_of_type(*unit.format, finding.table_type, *finding.table);
        table.big_endian = unit.format->root(unit.root, unit.params).big_endian;
        RecordWords words{};
        for (std::size_t i = 0; i * kWordBytes < finding.record_bytes; ++i)
            words[i] = in_order(table, overlay_.read(offset + i * kWordBytes));
        const auto blocking = check::blocking_record(*unit.format, table, words);
        for (std::size_t i = 0; blocking && i * kWordBytes < finding.record_bytes; ++i)
            overlay_.write(offset + i * kWordBytes, in_order(table, (*blocking)[i]), edits);
    }

    /// Between the words of a record and the little-endian words of the source.
    [[nodiscard]] static std::uint64_t in_order(const DirectoryTable &table, std::uint64_t word)
    {
        return table.big_endian ? byte_swap(word) : word;
    }

    const RepairTarget &target_;
    WordOverlay overlay_;
    Bitmap before_;
    Bitmap set_;     ///< before_ with the bits that are set
    Bitmap bitmap_;  ///< as it will be
};

}  // namespace

RepairPlan plan_repair(const RepairTarget &target, std::span<const Finding *const> findings)
{
    std::vector<const Finding *> ordered(findings.begin(), findings.end());
    std::ranges::stable_sort(ordered, {}, [](const Finding *finding) { return order_of(finding->remedy); });
    RepairPlan plan;
    Planner planner(target);
    for (const Finding *finding : ordered) {
        PlannedRepair repair{finding, {}};
        if (planner.add(*finding, repair.edits))
            plan.repairs.push_back(std::move(repair));
        else
            plan.left.push_back(finding);
    }
    plan.edits = planner.edits();
    return plan;
}

}  // namespace pgregion
