// SPDX-License-Identifier: GPL-2.0-or-later
//
// Edits: every write of every command is a list of {offset, before, after}. A plan looks at bytes and returns
// such a list without changing anything; apply_edits carries a list out; whoever wants a dry run prints it, and
// whoever wants to undo keeps it. So the order of a command is always
//
//   plan ──► (record the edits) ──► apply_edits ──► (mark them done)
//
// The edits of one plan never change the same bit, and their order is the order in which they are safe: a page is zeroed
// after its bit has been set, and its bit is cleared after it has been zeroed.
//
// Source of the rules: region.md sections 1.1 and 3.1.
#pragma once

#include <pgregion/address.h>
#include <pgregion/finding.h>
#include <pgregion/format.h>
#include <pgregion/region.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace pgregion
{

/// One change of consecutive bytes. `before` and `after` are equally long.
struct Edit {
    std::uint64_t offset = 0;  ///< bytes from the start of the region or, once shifted, of the source
    std::vector<std::byte> before;
    std::vector<std::byte> after;

    friend bool operator==(const Edit &, const Edit &) = default;
};

using Edits = std::vector<Edit>;

/// The edits that take `edits` back: last one first, before and after exchanged.
[[nodiscard]] Edits invert(const Edits &edits);

/// The same edits `distance` bytes further on: from offsets in a region to offsets in the source that holds it.
[[nodiscard]] Edits shifted(Edits edits, std::uint64_t distance);

// ---- plans -------------------------------------------------------------------------------------------------
// All of them take the kRegionBytes of a region, change nothing, and throw pgregion::Error with nothing done.

struct InitOptions {
    bool take_root = false;  ///< set bit 1 as well
    bool overwrite = false;  ///< the target may hold data
};

/// Offset of the first byte that is not zero; nothing when there is none.
[[nodiscard]] std::optional<std::uint64_t> first_data_byte(std::span<const std::byte> target);

/// Makes a fresh, opened region of `target`: zeros, then bit 0 (and bit 1). The bitmap is the last edit, so that
/// a run that is cut short does not leave a region that looks whole.
/// Throws refused "target-not-empty" where there is data, unless `overwrite`.
[[nodiscard]] Edits plan_init(std::span<const std::byte> target, InitOptions options);

/// Makes `target` hold `content` (kRegionBytes each), whatever it holds now; the bitmap comes last, as in plan_init.
[[nodiscard]] Edits plan_replace(std::span<const std::byte> target, std::span<const std::byte> content);

struct AllocRequest {
    unsigned order = 0;       ///< 2^order pages per run, 0 to kMaxOrder
    std::uint64_t count = 1;  ///< runs, at least 1; all or nothing
    bool zero = true;         ///< fill the pages with zeros, which the kernel does not do
    bool open = false;        ///< set bit 0 first where it is clear, as the kernel's open does
    bool allow_root = false;  ///< page 1 may be handed out while the root is not taken
};

struct AllocPlan {
    std::vector<Range<PageIndex>> runs;  ///< in the order the kernel would hand them out
    Edits edits;
};

/// Allocates as the kernel does: the lowest aligned free run, `count` times.
/// Throws usage "order-too-large" and "count-zero"; refused "region-not-opened" (bit 0 clear) and
/// "root-page-not-taken"; operational "region-full".
[[nodiscard]] AllocPlan plan_alloc(std::span<const std::byte> region, const AllocRequest &request);

struct FreeOptions {
    bool open = false;  ///< set bit 0 where it is clear
};

/// Zeroes `pages` and clears their bits. Whether a table still points at one of them is for the caller to find
/// out first. Throws usage "page-out-of-range" and "page-given-twice"; refused "region-not-opened",
/// "page-reserved" (0 and 1) and "page-not-allocated".
[[nodiscard]] Edits plan_free(std::span<const std::byte> region, std::span<const PageIndex> pages,
                              FreeOptions options = {});

struct RootOptions {
    bool open = false;  ///< set bit 0 first where it is clear
};

struct RootPlan {
    RootValidation validation;  ///< of the region as it was, except that `match` counts bit 0 as set with `open`
    Edits edits;                ///< empty when the root page is taken already
};

/// Takes the root page. Where the kernel only prints "doing a liveupdate but root pg bit incorrect" and goes
/// on, this throws refused "root-bit-mismatch". Throws refused "region-not-opened".
[[nodiscard]] RootPlan plan_root(std::span<const std::byte> region, LiveUpdate liveupdate, RootOptions options = {});

// ---- page tables -------------------------------------------------------------------------------------------

/// Page tables inside of a region, ready to be edited.
struct TablesInRegion {
    const TableFormat *format = nullptr;
    FormatParams params;
    PhysAddr base;  ///< of page 0
    PhysAddr root;  ///< on an allocated page of the region
};

struct MapRequest {
    Iova iova;
    PhysAddr pa;
    std::uint64_t size_bytes = 0;
    Access access;
    MemoryType memory = MemoryType::normal;
    std::optional<std::uint8_t> page_size_lg2 = {};  ///< leaves of exactly this size; none: the largest that fit
};

enum class EmptyTables : std::uint8_t { keep, free };

struct UnmapRequest {
    Iova iova;
    std::uint64_t size_bytes = 0;
    EmptyTables empty_tables = EmptyTables::keep;  ///< whether tables that hold nothing any more go back
};

struct TablesPlan {
    Edits edits;
    std::vector<Range<PageIndex>> added;  ///< pages of new tables, in the order they are taken
    std::vector<Range<PageIndex>> freed;  ///< pages of tables given back
    std::uint64_t entries_changed = 0;    ///< words of tables that differ afterwards
};

/// Maps [iova, iova + size) to [pa, pa + size) with the largest leaves that fit; tables that are missing are taken
/// from the region's free pages as the kernel's allocator does. Throws, with nothing done: usage "bad-map" (empty,
/// not a multiple of the smallest page, an address or access the format does not have) and "bad-page-size"; refused
/// "already-mapped", "entry-not-usable" (also where the tables on the way let less through than `access`),
/// "table-shared" and "table-outside-region"; operational "region-full".
[[nodiscard]] TablesPlan plan_map(std::span<const std::byte> region, const TablesInRegion &tables,
                                  const MapRequest &request);

/// Takes every translation of [iova, iova + size) away; what is not mapped stays so. A leaf that reaches beyond the
/// range is replaced by smaller ones, which may need new tables. Throws as plan_map does, and refused "cannot-split"
/// where smaller leaves cannot say the same.
[[nodiscard]] TablesPlan plan_unmap(std::span<const std::byte> region, const TablesInRegion &tables,
                                    const UnmapRequest &request);

// ---- repair ------------------------------------------------------------------------------------------------

/// The bytes that a repair may change.
struct RepairTarget {
    std::span<const std::byte> bytes;
    PhysAddr base;              ///< physical address of the first of them; of no use where `findings` name pages only
    bool is_region = false;     ///< kRegionBytes with a bitmap
    bool keep_entries = false;  ///< entries with reserved bits are kept and only these bits cleared (--clear-reserved)
    std::span<const DirectoryRequest> units = {};  ///< those that the findings count
};

/// What takes one finding away. Where an earlier one of the plan does so on the way, `edits` is empty.
struct PlannedRepair {
    const Finding *finding = nullptr;
    Edits edits;  ///< offsets in RepairTarget::bytes
};

struct RepairPlan {
    std::vector<PlannedRepair> repairs;  ///< in the order in which they are carried out
    std::vector<const Finding *> left;   ///< findings whose place is not in the target, or that have no remedy
    Edits edits;                         ///< those of all repairs together; they never change the same bit
};

/// Plans the remedies of `findings`, which come from the bytes as they are now and must outlive the plan: bits are
/// set first, then entries and records change, then pages are zeroed, last of all bits are cleared. No address is ever
/// written: an entry becomes zero, a record one that blocks its device.
[[nodiscard]] RepairPlan plan_repair(const RepairTarget &target, std::span<const Finding *const> findings);

// ---- apply -------------------------------------------------------------------------------------------------

struct ApplyResult {
    bool applied = false;
    /// Where the bytes were not the `before` of an edit: offset of the word. Nothing is left changed then.
    std::optional<std::uint64_t> conflict;
};

/// Carries `edits` out in their order on memory that others may use at the same time. (Not called `apply`: with
/// vectors as arguments that would find std::apply.)
///
/// Each aligned 64-bit word is compared with `before` and written in one atomic step, one word after the other;
/// an edit may start and end inside a word, whose other bytes then neither matter nor change. In the bitmap (the
/// kBitmapBytes at `bitmap_at`; nothing when `live` holds no region) only the *bits* that an edit changes are
/// compared and written: the others belong to other allocators. A word that differs from `before` ends the work,
/// and what this call did before it is taken back, last word first, except for what somebody else has changed
/// since: theirs stays, as do the contents of a page that they allocated meanwhile.
///
/// `live` starts at a multiple of 8 bytes in memory, as mappings do; `bitmap_at` is a multiple of kPageBytes.
/// Throws operational "edit-outside-source", with nothing done, when an edit leaves the whole words of `live`
/// or is malformed: a list may come from a journal that is not to be trusted.
[[nodiscard]] ApplyResult apply_edits(std::span<std::byte> live, const Edits &edits,
                                      std::optional<std::uint64_t> bitmap_at = 0);

/// As apply_edits, for callers that do not plan again: a conflict throws operational "source-changed".
void apply_edits_or_throw(std::span<std::byte> live, const Edits &edits, std::optional<std::uint64_t> bitmap_at = 0);

/// Losing needs another process that wins each time, and a region has 510 pages to win: far beyond any honest race.
inline constexpr unsigned kAllocateAttempts = 100'000;

/// plan_alloc and apply_edits on a region (kRegionBytes) that other processes allocate from at the same time; plans
/// again when one of them was faster. Returns the runs. Throws as plan_alloc does, and operational
/// "region-busy" when it loses kAllocateAttempts times. A region in which somebody else's request is just being
/// taken back can be found full.
[[nodiscard]] std::vector<Range<PageIndex>> allocate_live(std::span<std::byte> region, const AllocRequest &request);

}  // namespace pgregion
