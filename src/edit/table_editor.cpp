// SPDX-License-Identifier: GPL-2.0-or-later
#include "edit/table_editor.h"

#include "base/bits.h"
#include "edit/table_errors.h"

#include <pgregion/error.h>
#include <pgregion/walk.h>

#include <algorithm>
#include <cstring>

namespace pgregion
{

namespace
{

/// Counts how often tables are pointed at, for each page of a region.
class PointerCounter final : public WalkVisitor
{
public:
    PointerCounter(PhysAddr base, std::span<std::uint32_t> pages) : base_(base), pages_(pages) {}

    void enter(const TableVisit &visit) override
    {
        if (visit.is_root)
            count(visit.table, visit.shape.bytes());
    }
    Visit runs(const TableVisit &visit, std::span<const EntryRun> runs) override
    {
        for (const EntryRun &run : runs) {
            if (run.first.kind == EntryKind::table)
                count(run.first.target, visit.format->shape(run.first.target_level, *visit.params).bytes());
        }
        return Visit::go_on;
    }

private:
    void count(PhysAddr table, std::uint64_t bytes)
    {
        for (std::uint64_t done = 0; done < bytes; done += kPageBytes) {
            const std::uint64_t page = (table + done - base_) / kPageBytes;
            if (page < pages_.size())
                ++pages_[page];
        }
    }

    PhysAddr base_;
    std::span<std::uint32_t> pages_;
};

}  // namespace

TableEditor::TableEditor(Bytes region, const TablesInRegion &tables)
    : tables_(tables), format_(*tables.format), params_(tables.params), before_(region),
      after_(region.begin(), region.end()), bitmap_before_(Bitmap::read(region)), bitmap_added_(bitmap_before_),
      bitmap_(bitmap_before_)
{
    require_inside(root());
    count_pointers();
}

/// One walk of the tree. Where it ends early, tables are used so often that every one may be.
void TableEditor::count_pointers()
{
    PiecewiseMemory memory;
    memory.add(tables_.base, before_);
    WalkRequest request;
    request.format = tables_.format;
    request.params = params_;
    request.root = tables_.root;
    PointerCounter counter(tables_.base, pointers_);
    all_shared_ = walk_tables(memory, request, counter).truncated;
}

/// Whether the table is in use at more than one place of the tree. Tables made here are not.
bool TableEditor::is_shared(const EditedTable &table) const
{
    const std::uint64_t first = offset_of(table.address) / kPageBytes;
    const std::uint64_t pages = std::max<std::uint64_t>(1, shape(table.level).bytes() / kPageBytes);
    bool shared = all_shared_;
    for (std::uint64_t page = first; page < std::min<std::uint64_t>(first + pages, kRegionPages); ++page)
        shared = shared || pointers_[page] > 1;
    return shared;
}

/// The addresses that a table is about.
Extent TableEditor::reach(const EditedTable &table) const
{
    const TableShape here = shape(table.level);
    return {table.first, table.first + low_bits(here.shift + here.index_bits)};
}

EditedTable TableEditor::root() const { return {tables_.root, params_.levels - 1U, 0}; }

Extent TableEditor::extent(Iova iova, std::uint64_t size_bytes) const
{
    const std::uint64_t granule = std::uint64_t{1} << shape(0).shift;
    if (size_bytes == 0)
        throw bad_map("a size of 0 names nothing", "give a size that is a multiple of " + hex_text(granule));
    if (iova.value() % granule != 0 || size_bytes % granule != 0)
        throw bad_map("IOVA and size have to be multiples of the smallest page, " + hex_text(granule),
                      "check IOVA and SIZE");
    const Iova last = iova + (size_bytes - 1);
    const TableShape top = shape(params_.levels - 1U);
    const std::uint64_t mask = low_bits(top.shift + top.index_bits);
    const bool reachable = last >= iova && format_.iova_valid(iova, params_) && format_.iova_valid(last, params_) &&
                           (last.value() & mask) - (iova.value() & mask) == size_bytes - 1;
    if (!reachable)
        throw bad_map("the range from IOVA " + hex_text(iova.value()) + " on is not one that these tables can map",
                      "check the address, and the number of levels");
    return {iova.value() & mask, (iova.value() & mask) + (size_bytes - 1)};
}

std::uint64_t TableEditor::load(PhysAddr place) const
{
    const std::uint64_t stored = load_le64(after_, offset_of(place));
    return params_.big_endian ? byte_swap(stored) : stored;
}

void TableEditor::store(const EditedTable &table, PhysAddr place, std::uint64_t word)
{
    if (is_shared(table))
        throw table_shared(table.address);
    store_le64(after_, offset_of(place), params_.big_endian ? byte_swap(word) : word);
}

PhysAddr TableEditor::slot(const EditedTable &table, std::uint64_t address) const
{
    return table.address + ((address - table.first) >> shape(table.level).shift) * kWordBytes;
}

EditedTable TableEditor::child(const EditedTable &table, const Entry &entry, std::uint64_t address) const
{
    return {entry.target, entry.target_level, address & ~low_bits(shape(table.level).shift)};
}

void TableEditor::require_inside(const EditedTable &table) const
{
    const std::uint64_t offset = offset_of(table.address);
    const std::uint64_t bytes = shape(table.level).bytes();
    bool inside = offset % kWordBytes == 0 && offset < kRegionBytes && bytes <= kRegionBytes - offset;
    for (std::uint64_t at = offset; inside && at < offset + bytes; at += kPageBytes)
        inside = at >= kPageBytes && bitmap_.test(PageIndex(at / kPageBytes));
    if (!inside)
        throw Error(Failure::refused, "table-outside-region",
                    "the table at " + hex_text(table.address.value()) +
                        " does not lie on allocated pages of the region: writing there would change what is not this "
                        "region's; nothing was changed",
                    "pgregion decode shows the tables; take the root page first: pgregion root SOURCE --liveupdate no");
}

// ---- map ---------------------------------------------------------------------------------------------------

void TableEditor::map(const Extent &extent, PhysAddr pa, const NewLeaves &leaves)
{
    for (std::uint64_t at = extent.first;;) {
        const std::uint64_t size = map_piece({at, extent.last}, pa + (at - extent.first), leaves);
        if (extent.last - at < size)
            return;
        at += size;
    }
}

/// Maps the first leaf of `rest`; returns its size.
std::uint64_t TableEditor::map_piece(const Extent &rest, PhysAddr pa, const NewLeaves &leaves)
{
    EditedTable table = root();
    for (;;) {
        if (const auto leaf = leaf_that_fits(table, rest, pa, leaves.make)) {
            for (std::uint32_t i = 0; i < leaf->slots; ++i)
                store(table, slot(table, rest.first) + i * kWordBytes, leaf->raw);
            return std::uint64_t{1} << leaf->size_lg2;
        }
        table = descend(table, rest.first, leaves);
    }
}

/// The largest leaf at the start of `rest` that this table can hold in slots which are free.
std::optional<TableEditor::Leaf> TableEditor::leaf_that_fits(const EditedTable &table, const Extent &rest, PhysAddr pa,
                                                             const LeafMaker &make) const
{
    const auto &sizes = format_.leaf_sizes_lg2;
    const unsigned shift = shape(table.level).shift;
    for (auto size = sizes.rbegin(); size != sizes.rend() && *size >= shift; ++size) {
        const std::uint64_t bytes = std::uint64_t{1} << *size;
        if (bytes - 1 > rest.last - rest.first || ((rest.first | pa.value()) & (bytes - 1)) != 0)
            continue;
        const auto raw = make(pa, *size, table.level);
        if (!raw)
            continue;
        const std::uint32_t slots = std::uint32_t{1} << format_.decode(*raw, table.level, params_).replicas_lg2;
        bool free = true;
        for (std::uint32_t i = 0; free && i < slots; ++i)
            free = load(slot(table, rest.first) + i * kWordBytes) == 0;
        if (free)
            return Leaf{*size, *raw, slots};
    }
    return std::nullopt;
}

/// The table below the slot for `address`, a new one where the slot is free.
EditedTable TableEditor::descend(const EditedTable &table, std::uint64_t address, const NewLeaves &leaves)
{
    const PhysAddr place = slot(table, address);
    const bool is_free = load(place) == 0;
    if (is_free)
        add_table(table, place, leaves.through_new_tables);
    const Entry entry = format_.decode(load(place), table.level, params_);
    if (entry.kind == EntryKind::leaf)
        throw already_mapped(iova(address), entry);
    if (entry.kind != EntryKind::table || entry.faults())
        throw not_usable(iova(address), entry);
    if (!is_free && !entry.access.allows(leaves.through_old_tables))
        throw too_little_access("the table entry on the way to IOVA " + hex_text(iova(address)), entry.raw);
    const EditedTable below = child(table, entry, address);
    if (address > reach(below).last)
        throw not_usable(iova(address), entry);  // it skips levels, and only the low part of its slot can be mapped
    require_inside(below);
    return below;
}

void TableEditor::add_table(const EditedTable &table, PhysAddr place, Access wanted)
{
    if (table.level == 0)
        throw bad_map("the format cannot express this access, memory type or address in a leaf",
                      "pgregion formats lists what each format has; check --access, --memory-type and PA");
    const PhysAddr fresh = allocate(table.level - 1);
    const std::uint64_t raw = format_.encode_table(fresh, table.level, params_);
    const Entry entry = format_.decode(raw, table.level, params_);
    if (entry.target != fresh)
        throw bad_map("the format cannot express a pointer to " + hex_text(fresh.value()) +
                          ", where the region has its next free page",
                      "check --paddr, the physical address of the region");
    if (!entry.access.allows(wanted))
        throw too_little_access("a table entry as it is written in this format", raw);
    store(table, place, raw);
}

PhysAddr TableEditor::allocate(unsigned level)
{
    const std::uint64_t pages = std::max<std::uint64_t>(1, shape(level).bytes() / kPageBytes);
    const auto order = static_cast<unsigned>(std::bit_width(pages) - 1);
    const auto first = bitmap_.find_free_run(order);
    if (!first || bitmap_.all_clear({kBitmapPage, 1}))
        throw Error(Failure::operational, "region-full",
                    "the mapping needs a table of " + pages_text(pages) + ", and the region has no free run of that " +
                        "size; nothing was changed",
                    "run `pgregion bitmap SOURCE` to see the free pages; larger pages (--page-size) need fewer tables");
    const Range<PageIndex> run{*first, pages};
    if (run.contains(kRootPage))
        throw Error(Failure::refused, "root-page-not-taken",
                    "the next free run holds page 1 and the root page is not taken: a table there would be mistaken "
                    "for the root",
                    "run `pgregion root SOURCE --liveupdate no` first");
    bitmap_.set(run);
    bitmap_added_.set(run);
    added_.push_back(run);
    const std::uint64_t offset = first->value() * kPageBytes;
    std::fill_n(after_.begin() + static_cast<std::ptrdiff_t>(offset), pages * kPageBytes, std::byte{0});
    return tables_.base + offset;
}

// ---- plan --------------------------------------------------------------------------------------------------

std::vector<std::uint64_t> TableEditor::changed_pages() const
{
    std::vector<std::uint64_t> pages;
    for (std::uint64_t page = kRootPage.value(); page < kRegionPages; ++page) {
        const std::uint64_t at = page * kPageBytes;
        if (std::memcmp(before_.data() + at, after_.data() + at, kPageBytes) != 0)
            pages.push_back(page);
    }
    return pages;
}

/// In an order that is safe while hardware looks on: pages are taken and filled before anything points to them, and
/// given back after nothing points to them any more.
TablesPlan TableEditor::plan() const
{
    TablesPlan plan;
    plan.added = added_;
    plan.freed = freed_;
    append_bitmap_edits(plan.edits, bitmap_before_, bitmap_added_);
    const Bytes after(after_);
    Bitmap fresh;
    for (const Range<PageIndex> &run : added_)
        fresh.set(run);
    const std::vector<std::uint64_t> changed = changed_pages();
    for (const bool is_fresh : {true, false}) {
        for (const std::uint64_t page : changed) {
            if (fresh.test(PageIndex(page)) == is_fresh)
                append_changes(plan.edits, before_, after, {page * kPageBytes, kPageBytes});
        }
    }
    append_bitmap_edits(plan.edits, bitmap_added_, bitmap_);
    for (const std::uint64_t page : changed) {
        for (std::uint64_t at = page * kPageBytes; at < (page + 1) * kPageBytes; at += kWordBytes)
            plan.entries_changed += load_le64(before_, at) != load_le64(after, at) ? 1U : 0U;
    }
    return plan;
}

}  // namespace pgregion
