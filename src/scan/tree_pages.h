// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which pages belong to the trees that were found, so that no page is taken for a root that a root leads to.
#pragma once

#include <pgregion/scan.h>
#include <pgregion/walk.h>

#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace pgregion::scan
{

/// What was seen on the way through one tree.
struct TreePages {
    CpuMarks cpu;
    std::vector<Stage> roots;  ///< of a directory: the page tables of its devices, each once
};

class Claims
{
public:
    explicit Claims(const MemorySource &memory);

    /// Walks the tree and claims its tables for `root`. A page keeps its first owner, but a root that an other tree
    /// leads to becomes that one's.
    TreePages claim(const Reading &reading, PhysAddr root);

    [[nodiscard]] bool holds(PhysAddr page) const { return owners_.contains(page.value()); }
    /// The root that leads to the page; the page itself where it is a root that no other leads to.
    [[nodiscard]] std::optional<PhysAddr> owner(PhysAddr page) const;
    /// True when there was more than could be kept: pages of large trees may then be taken for roots.
    [[nodiscard]] bool truncated() const { return truncated_; }

private:
    class Tables;
    class Records;
    void put(PhysAddr page, PhysAddr root);
    void walk(const Stage &stage, PhysAddr root, CpuMarks *cpu);
    /// True for the first time that a table is entered, read so.
    [[nodiscard]] bool is_new(const Stage &stage, PhysAddr table, unsigned level);

    const MemorySource &memory_;
    WalkBudget budget_;
    std::unordered_map<std::uint64_t, std::uint64_t> owners_;  ///< page and the root that leads to it
    std::vector<Stage> readings_;                              ///< with which tables were entered; few
    std::unordered_set<std::uint64_t> walked_;                 ///< tables entered, with level and number of the reading
    bool truncated_ = false;
};

}  // namespace pgregion::scan
