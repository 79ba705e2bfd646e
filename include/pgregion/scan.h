// SPDX-License-Identifier: GPL-2.0-or-later
//
// Scanning: finding regions, pkernfs areas, directories and page tables in memory where nobody says where they are.
// Nothing of them but the area has a magic number, so a candidate is what agrees with itself: a bitmap with the pages
// it speaks of, a table with the tables it points to, both with the place where they lie. How well it does is a
// score, and what was seen stands beside it.
//
// Sources: region.md sections 1 and 2 for regions and areas, iommu-formats.md section 8 for tables (pgregion/guess.h).
#pragma once

#include <pgregion/guess.h>
#include <pgregion/memory_source.h>

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace pgregion
{

enum class CandidateKind : std::uint8_t { region, area, directory, page_table };
inline constexpr std::size_t kCandidateKinds = 4;

/// "region", "area", "directory", "page-table".
[[nodiscard]] std::string_view name(CandidateKind kind);

/// What a region's bitmap says, and how its pages agree. Page 0 is in none of the counts of pages.
struct RegionFacts {
    std::uint64_t allocated = 0;      ///< bits set, bit 0 among them
    std::uint64_t bitmap_runs = 0;    ///< runs of set bits; 1 where pages were handed out lowest first and all kept
    std::uint64_t table_pages = 0;    ///< allocated pages that look like a table
    std::uint64_t odd_pages = 0;      ///< allocated pages with other data
    std::uint64_t empty_pages = 0;    ///< allocated pages of zeros
    std::uint64_t free_pages = 0;     ///< free pages of zeros
    std::uint64_t dirty_pages = 0;    ///< free pages with data (region.md D2)
    std::uint64_t missing_pages = 0;  ///< pages that the memory does not hold
    bool bitmap_bit = false;          ///< bit 0 is set, as the kernel's open leaves it
    bool aligned = false;             ///< it lies at a multiple of 2 MiB, as regions do in physical memory
};

/// What an area's first blocks say.
struct AreaFacts {
    std::uint64_t next_free_inode = 0;
    bool inode_in_range = false;  ///< next_free_inode is one of the store's, or 0
    bool bits_preset = false;     ///< bits 0 and 1 of the block bitmap are set
    bool root_inode = false;      ///< inode 1 is a directory
};

/// Entries that a CPU's page tables have and an IOMMU's do not (x86-64).
struct CpuMarks {
    std::uint64_t global = 0;      ///< leaves with G
    std::uint64_t supervisor = 0;  ///< entries without U/S
};

/// Something found.
struct Candidate {
    CandidateKind kind = CandidateKind::region;
    PhysAddr address;                          ///< where it begins in the memory that was scanned
    unsigned score = 0;                        ///< 0 to 100; above 50 means that nothing else is likely
    Confidence confidence = Confidence::none;  ///< of `reading`
    std::optional<Reading> reading;            ///< how its tables read; `base` is set for a region
    std::optional<RegionFacts> region;
    std::optional<AreaFacts> area;
    CpuMarks cpu;
    std::optional<PhysAddr> inside;  ///< the candidate that leads to it: a directory, or the root above
    /// Other directories that lead to page tables of this one, by address; the first 16. A kernel that starts after a
    /// crash copies the directory and keeps the tables.
    std::vector<PhysAddr> same_tables;
};

enum class ScanStage : std::uint8_t { pages, candidates };

/// How far a scan is: bytes of the memory, then candidates that are judged.
struct ScanProgress {
    ScanStage stage = ScanStage::pages;
    std::uint64_t done = 0;
    std::uint64_t total = 0;
};

struct ScanOptions {
    std::array<bool, kCandidateKinds> kinds{true, true, true, true};  ///< by CandidateKind
    /// Regions and areas begin at multiples of this, a multiple of 4096.
    std::uint64_t align_bytes = kPageBytes;
    unsigned jobs = 1;
    /// Also what lies inside other candidates: the page tables that a directory leads to.
    enum class Inner : std::uint8_t { leave_out, list } inner = Inner::leave_out;
    /// Called now and then, by one thread at a time; may be empty.
    std::function<void(const ScanProgress &)> progress = {};
};

struct ScanReport {
    std::vector<Candidate> candidates;  ///< best first; alike by kind, then by address
    std::uint64_t bytes = 0;            ///< that were looked at
    /// More looked like something than could be judged with bounded work: candidates may be missing.
    bool truncated = false;
};

/// Looks at every page of `ranges` (whole pages, sorted, apart from each other), which `memory` should hold; pages that
/// it does not are passed over. `memory` is asked by `jobs` threads at once. Work and memory are bounded whatever the
/// pages hold. Tables stored most significant byte first are not found. Throws what `memory` throws.
[[nodiscard]] ScanReport scan_memory(const MemorySource &memory, std::span<const Range<PhysAddr>> ranges,
                                     const ScanOptions &options);

}  // namespace pgregion
