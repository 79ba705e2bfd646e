// SPDX-License-Identifier: GPL-2.0-or-later
//
// Guessing what tables are, where nobody says: format, number of levels and physical base. The method is that
// of iommu-formats.md section 8: a reading (a hypothesis) is judged on the whole tree below the root, above
// all by closure: pointers land on pages that read well one level further down. A guess is given with its
// evidence, and none is given where the evidence is thin or a rival is near.
#pragma once

#include <pgregion/format.h>
#include <pgregion/memory_source.h>

#include <optional>
#include <vector>

namespace pgregion
{

/// What was counted while one reading was judged. Every (table, level) counts once.
struct Evidence {
    std::uint64_t present = 0;           ///< entries or records that are present
    std::uint64_t leaves = 0;            ///< leaves, or devices of a directory
    std::uint64_t typical = 0;           ///< of those present: such as an operating system writes
    std::uint64_t typical_leaves = 0;    ///< of these typical ones: leaves, or devices
    std::uint64_t faulting = 0;          ///< reserved bits set, or an encoding that means nothing
    std::uint64_t pointers_good = 0;     ///< lead to a table that reads well
    std::uint64_t pointers_empty = 0;    ///< lead to a page of zeros: normal, but proves nothing
    std::uint64_t pointers_outside = 0;  ///< lead out of the source
    std::uint64_t roots_good = 0;        ///< directory only: page tables of devices, not empty, whose root reads well
    std::uint64_t roots_bad = 0;         ///< directory only: those whose root does not
    std::uint64_t slots = 0;             ///< directory only: buses and slots of devices whose requests are let through
    std::uint64_t slots_odd = 0;         ///< of these: with an odd slot number
    /// Of these: without function 0, which every PCI device has, or with functions 0 and 4 alone.
    std::uint64_t slots_split = 0;
    std::uint64_t leaves_on_tables = 0;    ///< leaves that map a page of the tables, or an allocated one of the region
    std::uint64_t leaf_pages_seen = 0;     ///< pages behind smallest leaves that were looked at, a sample
    std::uint64_t leaf_pages_entries = 0;  ///< of those: pages that look like a table, so the reading is too shallow
    std::uint64_t leaf_pages_zero = 0;     ///< of those: pages of zeros, which may be data or an empty table
    std::uint64_t pages_unexplained = 0;   ///< region only: allocated pages with data that the tree does not reach
    std::uint64_t tables = 0;              ///< tables that were read, the root among them
    std::uint64_t root_present = 0;        ///< of those present: in the root table
    std::uint64_t root_typical = 0;        ///< of these: typical ones
};

enum class Confidence : std::uint8_t { none, low, medium, high };

/// "none", "low", "medium", "high".
[[nodiscard]] std::string_view name(Confidence confidence);

/// One way to read the bytes: exactly one of `table` and `directory` is set.
struct Reading {
    const TableFormat *table = nullptr;
    const DirectoryFormat *directory = nullptr;
    FormatParams params;
    std::optional<PhysAddr> base;  ///< of the region; none for memory whose addresses are known
    Evidence evidence;
    double score = 0;  ///< per present entry; above 0 means more for it than against it
};

struct Guess {
    std::vector<Reading> readings;  ///< those with something for them, best first
    Confidence confidence = Confidence::none;
    /// Every base that pointers of the root page speak for in some reading tried, likely or not.
    std::vector<PhysAddr> named_bases;
    std::uint64_t entries_judged = 0;  ///< of all readings that were tried: what the answer cost

    /// The best reading when it is beyond doubt enough to be used; null otherwise.
    [[nodiscard]] const Reading *decided() const
    {
        return confidence == Confidence::none ? nullptr : &readings.front();
    }
    /// Distinct bases of all readings, best first.
    [[nodiscard]] std::vector<PhysAddr> bases() const;
};

/// What is known already and need not be guessed.
struct GuessLimits {
    const TableFormat *table = nullptr;
    const DirectoryFormat *directory = nullptr;  ///< neither: every format is tried
    std::optional<unsigned> levels;
    std::optional<FormatParams> params;  ///< of the format that is known
    std::uint32_t given = 0;             ///< bit i: the format's i-th parameter is known, too
    std::optional<PhysAddr> base;
};

/// Guesses for a 2-MiB region from its root page on. `region` has 512 pages.
[[nodiscard]] Guess guess_region(std::span<const std::byte> region, PageIndex root_page, const GuessLimits &limits);

/// Guesses for tables in memory whose addresses are known, from a root table on.
[[nodiscard]] Guess guess_memory(const MemorySource &memory, PhysAddr root, const GuessLimits &limits);

}  // namespace pgregion
