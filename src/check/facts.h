// SPDX-License-Identifier: GPL-2.0-or-later
//
// Facts: what one pass through the tables tells, boiled down for the checks.
//
//   domains     page tables with one root each, and the devices that use them
//   tables      every page table once per (address, level, way of reading), in the order of the walk
//   references  every entry that points to a table
//   records     every directory record that is not zero
//
// Tables above level 0 are decoded here to find what is below; the entries of all tables are shown to the checks
// afterwards (checker.cpp), when it is known which pages are tables.
#pragma once

#include "check/watch.h"

#include <pgregion/check.h>

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace pgregion::check
{

inline constexpr std::uint32_t kNone = 0xffffffff;

/// A use of a domain by a device.
struct DomainUser {
    std::uint32_t unit = 0;
    Device device;
};

/// Page tables under one root, read in one way. Several devices may use them.
struct DomainFact {
    Stage stage;  ///< whose tables lie at physical addresses
    /// The devices whose directory entry leads here, at most kUsersKept; empty for tables that were given without one.
    std::vector<DomainUser> users;
    std::uint64_t user_count = 0;
    bool root_readable = false;
    bool root_in_tree = false;      ///< the root is also a table below another root
    Access access = Access::all();  ///< what the directory lets through, of the user that gets most
    bool nested = false;            ///< the stage is the outer one of a nested translation
    bool ats = false;               ///< some user may ask for translations itself (PT38); set by the directory checks
    std::uint32_t root_table = kNone;  ///< index into tables
};
inline constexpr std::size_t kUsersKept = 64;

/// A page table that was reached.
struct TableFact {
    PhysAddr address;
    std::uint32_t domain = kNone;  ///< the first that reaches it
    std::uint8_t level = 0;
    bool is_root = false;
    TableShape shape;
    Iova first;                      ///< IOVA of slot 0 on the first way here
    Access access;                   ///< what the levels above let through on that way
    std::uint32_t parent = kNone;    ///< table of the first reference; kNone for a root
    std::uint32_t parent_index = 0;  ///< its entry
    // Counted while the entries are checked; checks of facts, which come later, see them.
    std::uint32_t present = 0;      ///< slots with an entry that is present
    std::uint32_t faulting = 0;     ///< of these: those at which hardware faults
    std::uint32_t not_present = 0;  ///< slots that are not zero and not present
    std::uint32_t bytes_there = 0;  ///< of its bytes, how many the source holds from the start on
    std::uint32_t references = 0;   ///< entries that point here, at this level and read in this way

    [[nodiscard]] Range<PhysAddr> range() const { return {address, shape.bytes()}; }
};

/// What became of a pointer to a table.
enum class PointerFate : std::uint8_t {
    first,    ///< the table was new
    again,    ///< another entry had led to it, at the same level
    cycle,    ///< it leads back to the table itself or one above it
    level,    ///< the table is used at another level, too
    outside,  ///< the source does not hold it
};

/// An entry that points to a table.
struct ReferenceFact {
    std::uint32_t table = 0;  ///< index into tables: the one that holds the entry
    std::uint32_t index = 0;
    Entry entry;
    PointerFate fate = PointerFate::first;
    std::uint32_t target = kNone;  ///< index into tables, unless outside
};

/// A table of a directory.
struct DirectoryTableFact {
    std::uint32_t unit = 0;
    DirectoryTable table;
    Range<PhysAddr> range;
};

/// A directory record that is not zero.
struct RecordFact {
    std::uint32_t unit = 0;
    DirectoryStep step;
    DirectoryPlace place;
};

/// A pointer of a directory that leads out of the source, or is repeated too often.
struct DirectoryProblem {
    std::uint32_t unit = 0;
    Problem problem;
};

struct Facts {
    const CheckSubject *subject = nullptr;
    std::vector<DomainFact> domains;
    std::unordered_map<std::uint64_t, std::uint32_t> domain_at;  ///< the first with a root at that address
    std::vector<TableFact> tables;
    std::vector<ReferenceFact> references;
    std::vector<DirectoryTableFact> directory_tables;
    std::vector<RecordFact> records;
    std::vector<DomainUser> devices;  ///< every device of every directory, unprotected neighbours folded (last_id)
    std::vector<RecordFact> shared_records;  ///< lead to a table of devices that another record leads to already
    std::vector<DirectoryProblem> directory_problems;
    bool truncated = false;
    /// Region only: pages that tables reached from the root lie on (the root's own page among them).
    Bitmap reached;
    Bitmap with_data;  ///< region only: pages that are not all zero
    Watch watch;       ///< addresses that no leaf should lead to

    [[nodiscard]] bool has_directory() const { return !subject->units.empty(); }
    [[nodiscard]] const DirectoryFormat &directory(std::uint32_t unit) const { return *subject->units[unit].format; }
    [[nodiscard]] const DomainFact &domain_of(const TableFact &table) const { return domains[table.domain]; }
    /// The page of the region that an address lies in; none outside, and where the base is not known.
    [[nodiscard]] std::optional<PageIndex> page_at(PhysAddr address) const;
};

/// Walks everything that the subject names. Work and memory are bounded by the size of the memory.
[[nodiscard]] Facts gather_facts(const CheckSubject &subject);

}  // namespace pgregion::check
