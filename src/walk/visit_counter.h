// SPDX-License-Identifier: GPL-2.0-or-later
//
// Counts how often a (table, kind) was entered: a hash table with open addressing, since the walker asks it
// once per table and a node per table would cost as much as decoding the table.
#pragma once

#include <pgregion/address.h>

#include <cstdint>
#include <vector>

namespace pgregion::walk
{

class VisitCounter
{
public:
    VisitCounter() : slots_(kFirstSlots) {}

    /// Counts one more visit and returns how many there are now. `kind` (a level or table type) is below 256.
    unsigned visit(PhysAddr table, unsigned kind)
    {
        if (used_ * 2 >= slots_.size())
            grow();
        Slot &slot = find(slots_, table, kind);
        if (slot.visits == 0) {
            slot.table = table;
            slot.kind = kind;
            ++used_;
        }
        return ++slot.visits;
    }

private:
    static constexpr std::size_t kFirstSlots = 1024;  // a power of two: the hash is cut with a mask

    struct Slot {
        PhysAddr table;
        unsigned kind = 0;
        unsigned visits = 0;
    };

    static Slot &find(std::vector<Slot> &slots, PhysAddr table, unsigned kind)
    {
        constexpr std::uint64_t kGoldenRatio = 0x9e3779b97f4a7c15;
        const std::uint64_t hash = (table.value() + kind) * kGoldenRatio;
        for (std::size_t at = (hash >> 32) & (slots.size() - 1);; at = (at + 1) & (slots.size() - 1)) {
            Slot &slot = slots[at];
            if (slot.visits == 0 || (slot.table == table && slot.kind == kind))
                return slot;
        }
    }

    void grow()
    {
        std::vector<Slot> bigger(slots_.size() * 2);
        for (const Slot &slot : slots_) {
            if (slot.visits != 0)
                find(bigger, slot.table, slot.kind) = slot;
        }
        slots_ = std::move(bigger);
    }

    std::vector<Slot> slots_;
    std::size_t used_ = 0;
};

}  // namespace pgregion::walk
