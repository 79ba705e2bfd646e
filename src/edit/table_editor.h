// SPDX-License-Identifier: GPL-2.0-or-later
//
// Edits page tables on a copy of a region. Whatever goes wrong on the way throws and leaves nothing behind, since
// nothing but the copy was changed; at the end the copy is compared with the region, and what differs is the plan.
#pragma once

#include "edit/plan.h"

#include <pgregion/edit.h>

#include <array>
#include <functional>
#include <set>
#include <utility>
#include <vector>

namespace pgregion
{

/// A table of the tree that is edited.
struct EditedTable {
    PhysAddr address;
    unsigned level = 0;
    std::uint64_t first = 0;  ///< first address of its slot 0, in the bits that the tables decode
};

/// A piece of the address space in the bits that the tables decode, both ends included: all of it may be 2^64 bytes.
struct Extent {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
};

/// Gives the word of a leaf at a level; nothing when that level cannot hold it.
using LeafMaker = std::function<std::optional<std::uint64_t>(PhysAddr target, std::uint8_t size_lg2, unsigned level)>;

/// Leaves to be put in, and what the tables above them have to let through for them to mean what they say.
struct NewLeaves {
    LeafMaker make;
    Access through_new_tables;
    Access through_old_tables;
};

class TableEditor
{
public:
    TableEditor(Bytes region, const TablesInRegion &tables);

    /// The extent that a request names. Throws usage "bad-map" when it is empty, misaligned or not reachable.
    [[nodiscard]] Extent extent(Iova iova, std::uint64_t size_bytes) const;
    [[nodiscard]] EditedTable root() const;

    /// Maps the extent to consecutive addresses from `pa` on.
    void map(const Extent &extent, PhysAddr pa, const NewLeaves &leaves);
    /// Takes the part of `table` away that lies in the extent.
    void unmap(const EditedTable &table, const Extent &extent);
    /// Gives back the tables below `table` that the unmapping left empty and nobody else points to.
    void free_empty(const EditedTable &table, const Extent &extent);

    [[nodiscard]] TablesPlan plan() const;

private:
    struct Leaf {
        std::uint8_t size_lg2;
        std::uint64_t raw;
        std::uint32_t slots;
    };

    [[nodiscard]] TableShape shape(unsigned level) const { return format_.shape(level, params_); }
    [[nodiscard]] std::uint64_t offset_of(PhysAddr address) const { return address - tables_.base; }
    /// The IOVA that an address in decoded bits stands for, for messages.
    [[nodiscard]] std::uint64_t iova(std::uint64_t address) const
    {
        return format_.canonical(address, params_).value();
    }
    [[nodiscard]] std::uint64_t load(PhysAddr place) const;
    void store(const EditedTable &table, PhysAddr place, std::uint64_t word);
    void count_pointers();
    [[nodiscard]] bool is_shared(const EditedTable &table) const;
    [[nodiscard]] Extent reach(const EditedTable &table) const;
    [[nodiscard]] Entry entry_at(const EditedTable &table, std::uint64_t address) const;
    [[nodiscard]] PhysAddr slot(const EditedTable &table, std::uint64_t address) const;
    [[nodiscard]] EditedTable child(const EditedTable &table, const Entry &entry, std::uint64_t address) const;
    void require_inside(const EditedTable &table) const;

    std::uint64_t map_piece(const Extent &rest, PhysAddr pa, const NewLeaves &leaves);
    [[nodiscard]] std::optional<Leaf> leaf_that_fits(const EditedTable &table, const Extent &rest, PhysAddr pa,
                                                     const LeafMaker &make) const;
    [[nodiscard]] EditedTable descend(const EditedTable &table, std::uint64_t address, const NewLeaves &leaves);
    void add_table(const EditedTable &table, PhysAddr place, Access wanted);
    [[nodiscard]] PhysAddr allocate(unsigned level);
    void unmap_slot(const EditedTable &table, std::uint64_t slot_first, const Extent &extent);
    void remove_leaf(const EditedTable &table, std::uint64_t slot_first, const Entry &entry, const Extent &extent);
    void map_again(const Entry &entry, unsigned level, const Extent &part, std::uint64_t leaf_first);
    [[nodiscard]] bool lets_through(unsigned level, Access access) const;
    [[nodiscard]] bool is_empty(const EditedTable &table) const;
    void give_back(const EditedTable &table);
    [[nodiscard]] std::vector<std::uint64_t> changed_pages() const;

    const TablesInRegion &tables_;
    const TableFormat &format_;
    const FormatParams &params_;
    Bytes before_;
    std::vector<std::byte> after_;
    Bitmap bitmap_before_;
    Bitmap bitmap_added_;  ///< with the pages of new tables
    Bitmap bitmap_;        ///< and without those given back
    std::vector<Range<PageIndex>> added_;
    std::vector<Range<PageIndex>> freed_;
    std::array<std::uint32_t, kRegionPages> pointers_{};  ///< how often the tree as it was leads to each page
    bool all_shared_ = false;                             ///< too often to be counted
    std::set<std::pair<PhysAddr, unsigned>> unmapped_;    ///< tables (with level) that nothing is mapped in any more
};

}  // namespace pgregion
