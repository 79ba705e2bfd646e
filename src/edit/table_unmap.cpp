// SPDX-License-Identifier: GPL-2.0-or-later
//
// The half of the editor that takes mappings away: leaves, parts of leaves, tables that are empty then.
#include "base/bits.h"
#include "edit/table_editor.h"
#include "edit/table_errors.h"

#include <pgregion/error.h>

#include <algorithm>

namespace pgregion
{

namespace
{

/// The part of `a` that lies in `b`.
std::optional<Extent> common(const Extent &a, const Extent &b)
{
    const Extent part{std::max(a.first, b.first), std::min(a.last, b.last)};
    return part.last < part.first ? std::nullopt : std::optional(part);
}

}  // namespace

void TableEditor::unmap(const EditedTable &table, const Extent &extent)
{
    const Extent all = reach(table);
    const auto part = common(extent, all);
    // A table may be in use at many places; once is enough.
    const bool whole = part && part->first == all.first && part->last == all.last;
    if (!part || (whole && !unmapped_.emplace(table.address, table.level).second))
        return;
    const std::uint64_t slot_mask = low_bits(shape(table.level).shift);
    for (std::uint64_t at = part->first & ~slot_mask;; at += slot_mask + 1) {
        unmap_slot(table, at, *part);
        if (part->last - at <= slot_mask)
            return;
    }
}

void TableEditor::unmap_slot(const EditedTable &table, std::uint64_t slot_first, const Extent &extent)
{
    const Entry entry = entry_at(table, slot_first);
    if (entry.kind == EntryKind::empty)
        return;
    if (entry.kind == EntryKind::leaf)
        return remove_leaf(table, slot_first, entry, extent);
    if (entry.kind != EntryKind::table || entry.faults())
        throw not_usable(iova(slot_first), entry);
    const EditedTable below = child(table, entry, slot_first);
    require_inside(below);
    unmap(below, extent);
}

/// The entry in the slot for `address`: a leaf with copies is all of them, or its own slot where they differ.
Entry TableEditor::entry_at(const EditedTable &table, std::uint64_t address) const
{
    const PhysAddr place = slot(table, address);
    const Entry alone = format_.decode(load(place), table.level, params_);
    if (alone.replicas_lg2 == 0)
        return alone;
    const std::uint64_t copies = std::uint64_t{1} << alone.replicas_lg2;
    const std::uint64_t index = (place - table.address) / kWordBytes;
    const std::uint64_t first = index & ~(copies - 1);
    const Bytes group = Bytes(after_).subspan(offset_of(table.address) + first * kWordBytes, copies * kWordBytes);
    std::vector<EntryRun> runs(copies);
    const std::size_t count = format_.decode_table(group, 0, table.level, params_, runs).runs;
    const auto past = std::find_if(runs.begin(), runs.begin() + static_cast<std::ptrdiff_t>(count),
                                   [&](const EntryRun &run) { return run.index > index - first; });
    const EntryRun &run = *std::prev(past);
    return run.entry(static_cast<std::uint32_t>(index - first - run.index) >> run.first.replicas_lg2);
}

/// Clears the leaf, all its copies, and maps again what of it lies outside of the extent.
void TableEditor::remove_leaf(const EditedTable &table, std::uint64_t slot_first, const Entry &entry,
                              const Extent &extent)
{
    if (entry.reserved_set != 0)
        throw not_usable(iova(slot_first), entry);
    const std::uint64_t first = slot_first & ~low_bits(entry.size_lg2);
    const Extent whole{first, first + low_bits(entry.size_lg2)};
    for (std::uint32_t i = 0; i < std::uint32_t{1} << entry.replicas_lg2; ++i)
        store(table, slot(table, first) + i * kWordBytes, 0);
    const Extent gone = common(whole, extent).value_or(whole);
    if (gone.first != first)
        map_again(entry, table.level, {first, gone.first - 1}, first);
    if (gone.last != whole.last)
        map_again(entry, table.level, {gone.last + 1, whole.last}, first);
}

/// Whether a new pointer from a table of `level` allows that; the lowest tables have none.
bool TableEditor::lets_through(unsigned level, Access access) const
{
    return level == 0 ||
           format_.decode(format_.encode_table(PhysAddr(0), level, params_), level, params_).access.allows(access);
}

/// Maps a part of a leaf by smaller ones that say the same. What the old word has beyond what the encoder would
/// write (snoop, software bits, accessed) goes with it, as long as the new word then still means what it should.
void TableEditor::map_again(const Entry &entry, unsigned level, const Extent &part, std::uint64_t leaf_first)
{
    const auto plain = format_.encode_leaf({entry.target, entry.size_lg2, entry.access}, level, params_);
    const std::uint64_t extra = plain ? *plain ^ entry.raw : 0;
    const LeafMaker make = [&](PhysAddr target, std::uint8_t size_lg2, unsigned at) -> std::optional<std::uint64_t> {
        const auto raw = format_.encode_leaf({target, size_lg2, entry.access}, at, params_);
        if (!raw || !plain)
            return std::nullopt;
        const Entry made = format_.decode(*raw ^ extra, at, params_);
        const bool same = made.kind == EntryKind::leaf && !made.faults() && made.target == target &&
                          made.size_lg2 == size_lg2 && made.access == entry.access;
        return same ? std::optional(*raw ^ extra) : std::nullopt;
    };
    const unsigned smallest = shape(0).shift;
    const PhysAddr target = entry.target + (part.first - leaf_first);
    if (!lets_through(level, entry.access) || !make(target, static_cast<std::uint8_t>(smallest), 0))
        throw Error(Failure::refused, "cannot-split",
                    "the range ends inside a page of " + hex_text(low_bits(entry.size_lg2) + 1) + " bytes (entry " +
                        hex_text(entry.raw) + "), which smaller pages cannot stand for; nothing was changed",
                    "unmap the whole page: pgregion mappings --every-page shows it");
    map(part, target, {make, Access::none(), Access::none()});
}

// ---- empty tables ------------------------------------------------------------------------------------------

void TableEditor::free_empty(const EditedTable &table, const Extent &extent)
{
    const auto part = common(extent, reach(table));
    if (table.level == 0 || !part || is_shared(table))
        return;
    const std::uint64_t slot_mask = low_bits(shape(table.level).shift);
    for (std::uint64_t at = part->first & ~slot_mask;; at += slot_mask + 1) {
        const PhysAddr place = slot(table, at);
        const Entry entry = format_.decode(load(place), table.level, params_);
        if (entry.kind == EntryKind::table && !entry.faults()) {
            const EditedTable below = child(table, entry, at);
            require_inside(below);
            free_empty(below, *part);
            if (is_empty(below)) {
                store(table, place, 0);
                give_back(below);
            }
        }
        if (part->last - at <= slot_mask)
            return;
    }
}

bool TableEditor::is_empty(const EditedTable &table) const
{
    return all_zero(Bytes(after_).subspan(offset_of(table.address), shape(table.level).bytes()));
}

void TableEditor::give_back(const EditedTable &table)
{
    const std::uint64_t offset = offset_of(table.address);
    const std::uint64_t bytes = shape(table.level).bytes();
    const bool own_pages =
        offset % kPageBytes == 0 && bytes % kPageBytes == 0 && offset / kPageBytes > kRootPage.value();
    if (!own_pages || is_shared(table))
        return;
    const Range<PageIndex> run{PageIndex(offset / kPageBytes), bytes / kPageBytes};
    bitmap_.clear(run);
    freed_.push_back(run);
}

}  // namespace pgregion
