// SPDX-License-Identifier: GPL-2.0-or-later
//
// Problems: what a walk met on its way, and how far it got. Apart from walk.h, which knows how tables are read.
#pragma once

#include <pgregion/address.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace pgregion
{

/// What is wrong at one entry, or why the walk did not go on behind it. Data, not text.
enum class ProblemKind : std::uint8_t {
    table_outside_source,  ///< it points to a table that the source does not hold
    reserved_bits,         ///< hardware faults: reserved bits are set
    invalid_entry,         ///< hardware faults: an encoding that means nothing
    table_repeated,        ///< this (table, level) was expanded kMaxExpansions times already
    budget_spent,          ///< the work allowed for one command is used up
    root_outside_source,   ///< a device's page tables begin where the source holds nothing
    replicas_differ,       ///< the copies of one leaf are not all there, not in their place, or not alike
    not_in_outer_stage,    ///< an intermediate address that the outer stage does not map
};

/// A stable kebab-case word ("table-outside-source").
[[nodiscard]] std::string_view code(ProblemKind kind);

/// True for a problem that ends a listing early. Any other means that something is malformed or not in the source.
[[nodiscard]] constexpr bool cuts_short(ProblemKind kind)
{
    return kind == ProblemKind::table_repeated || kind == ProblemKind::budget_spent;
}

struct Problem {
    ProblemKind kind;
    PhysAddr table;                     ///< the table (or directory table) that holds the entry
    std::optional<std::uint8_t> level;  ///< none in a directory
    std::uint32_t index = 0;
    std::optional<Iova> iova;             ///< first IOVA behind the entry; none in a directory
    std::optional<std::uint32_t> device;  ///< first device id behind the record; none in page tables
    std::uint64_t observed = 0;           ///< the raw entry, the bits set, or the address that is not there
};

struct WalkOutcome {
    bool root_readable = false;
    bool truncated = false;   ///< something repeated too often, or the budget ended
    bool incomplete = false;  ///< some entry is malformed or leads outside of the source
    bool stopped = false;     ///< the visitor wanted no more

    /// Takes note of a problem that was found.
    void note(ProblemKind kind) { (cuts_short(kind) ? truncated : incomplete) = true; }
};

}  // namespace pgregion
