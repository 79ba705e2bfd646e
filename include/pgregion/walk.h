// SPDX-License-Identifier: GPL-2.0-or-later
//
// The one walker for every table format, single translations with their path, and directories.
//
// Work is bounded, not only depth: a table whose 512 entries point back to itself means 512^n paths. Under one
// root each (table, level) is expanded at most kMaxExpansions times, and a walk enters at most as many tables
// as its budget has; what is left out is a Problem, and the outcome says that it was truncated.
#pragma once

#include <pgregion/format.h>
#include <pgregion/memory_source.h>
#include <pgregion/problem.h>

#include <optional>
#include <vector>

namespace pgregion
{

inline constexpr unsigned kMaxExpansions = 4;

/// Tables that walks may still enter; shared by all walks of one command.
struct WalkBudget {
    std::uint64_t tables = 0;

    /// For one root: enough for every page of `memory` to be a table, and some more because tables may be shared.
    [[nodiscard]] static WalkBudget for_root(const MemorySource &memory);
    /// For all roots of a directory together.
    [[nodiscard]] static WalkBudget for_memory(const MemorySource &memory);
};

/// The table that a visitor is in.
struct TableVisit {
    const TableFormat *format = nullptr;
    const FormatParams *params = nullptr;
    PhysAddr table;
    unsigned level = 0;
    Iova first;     ///< IOVA of its slot 0
    Access access;  ///< what all levels above allow
    TableShape shape;
    bool is_root = false;
    bool intermediate = false;  ///< addresses in this table, its own too, go through an outer stage

    /// First IOVA of a slot. Only at the root does the sign of an address depend on the slot.
    [[nodiscard]] Iova iova(std::uint32_t index) const
    {
        const Iova address = first + (std::uint64_t{index} << shape.shift);
        return is_root ? format->canonical(address.value(), *params) : address;
    }
};

/// Whether a visitor wants to see more.
enum class Visit { go_on, stop };

/// Takes what the walker finds, in order of table slots: a table entry comes directly before what is behind it.
class WalkVisitor
{
public:
    WalkVisitor() = default;
    WalkVisitor(const WalkVisitor &) = delete;
    WalkVisitor &operator=(const WalkVisitor &) = delete;
    virtual ~WalkVisitor() = default;

    /// A table is entered, the root first.
    virtual void enter(const TableVisit &) {}
    /// Asked for every table but the root before it is entered: false leaves it out with all below it.
    [[nodiscard]] virtual bool wants(const TableVisit &) { return true; }
    /// The next runs of a table, at least one. Any run but the last is of leaves that do not fault (or of
    /// entries that are not present), so that a table of leaves comes in one call.
    virtual Visit runs(const TableVisit &visit, std::span<const EntryRun> runs) = 0;
    virtual void problem(const Problem &) {}
};

struct WalkRequest {
    const TableFormat *format = nullptr;
    FormatParams params;
    PhysAddr root;
    /// Nested translation: the stage that all addresses in these tables, the root's too, go through.
    Stage outer = {};
    Access access = Access::all();         ///< what the directory lets through
    std::optional<Range<Iova>> only = {};  ///< entries wholly outside are passed over
    unsigned deepest_level = 0;            ///< tables of lower levels are not entered
    WalkBudget *budget = nullptr;          ///< shared by several walks; each also has one of its own (for_root)
};

/// Visits every non-zero entry below the root.
WalkOutcome walk_tables(const MemorySource &memory, const WalkRequest &request, WalkVisitor &visitor);

// ---------------------------------------------------------------------------------------------------------
// One translation

/// Memory seen through a stage of translation: pages at intermediate addresses. Keeps references to both.
class StageMemory final : public MemorySource
{
public:
    StageMemory(const MemorySource &memory, const Stage &stage) : memory_(memory), stage_(stage) {}

    [[nodiscard]] std::span<const std::byte> page(PhysAddr page_address, std::span<std::byte> buffer) const override;
    [[nodiscard]] std::uint64_t size_bytes() const override { return memory_.size_bytes(); }

private:
    const MemorySource &memory_;
    const Stage &stage_;
};

/// What an outer stage leaves of an inner stage's access: a format that says nothing about execution lets it through
/// where it lets reads through.
[[nodiscard]] Access seen_from_inside(const TableFormat &outer, Access access);

/// The start of a range of intermediate addresses, as far as one entry of the outer stage covers it.
struct StagePiece {
    std::uint64_t size_bytes = 0;
    bool mapped = false;
    PhysAddr pa;  ///< valid when mapped
    Access access;
};

/// The first piece of `wanted` bytes (at least 1) from `address` on.
[[nodiscard]] StagePiece stage_piece(const MemorySource &memory, const Stage &stage, PhysAddr address,
                                     std::uint64_t wanted);

/// One entry that a translation went through.
struct WalkStep {
    const TableFormat *format = nullptr;
    FormatParams params;
    bool outer = false;  ///< of the outer stage of a nested translation
    PhysAddr table;
    unsigned level = 0;
    std::uint32_t index = 0;
    Iova iova;  ///< first IOVA of the slot
    Entry entry;
};

struct FaultReport {
    Fault fault;
    std::optional<std::uint8_t> level;  ///< where the walk ended; none before the first table
};

struct TranslationResult {
    Iova iova;
    bool mapped = false;  ///< a leaf is there, whatever it allows
    PhysAddr pa;          ///< of the IOVA itself, behind all stages; valid when mapped
    std::uint8_t size_lg2 = 0;
    Access access;  ///< over all levels and stages
    std::vector<WalkStep> steps;
    std::optional<FaultReport> fault;  ///< none when the request succeeds
    bool never_translated = false;     ///< the request is a message to the interrupt controller
};

/// Follows one IOVA as the hardware would for a request of `wanted` access (one of read, write, execute). Of a
/// nested translation the steps show the inner tables, then the way of the result through the outer stage; or,
/// where an inner table has no place, its way.
[[nodiscard]] TranslationResult translate(const MemorySource &memory, const WalkRequest &request, Iova iova,
                                          Access wanted);

// ---------------------------------------------------------------------------------------------------------
// Directories

/// One record that a look-up went through.
struct DirectoryStep {
    DirectoryTable table;
    std::uint32_t index = 0;
    RecordWords words{};
    DirectoryRecord record;
};

/// One device (or one PASID of it) with its translation.
struct Device {
    std::uint32_t id = 0;
    std::uint32_t last_id = 0;  ///< ids up to this one, inclusive, are alike; mostly `id` itself
    std::optional<std::uint32_t> pasid;
    bool rid_pasid = false;  ///< requests without PASID use this one
    Translation translation;
    PhysAddr table;  ///< the table that holds its last record
    std::uint32_t index = 0;
};

/// The ids that a record is about.
struct DirectoryPlace {
    std::uint32_t device = 0;            ///< the lowest device id behind it
    std::optional<std::uint32_t> pasid;  ///< the lowest PASID, in tables whose key is that
    unsigned depth = 0;                  ///< tables above its own
};

class DirectoryVisitor
{
public:
    DirectoryVisitor() = default;
    DirectoryVisitor(const DirectoryVisitor &) = delete;
    DirectoryVisitor &operator=(const DirectoryVisitor &) = delete;
    virtual ~DirectoryVisitor() = default;

    /// A non-zero record, in order of ids, before what is behind it.
    virtual void record(const DirectoryStep &, const DirectoryPlace &) {}
    /// A device or one of its PASIDs; the one without a PASID first. One whose context has tables for both halves of the
    /// address space comes twice in a row, for the upper half with the translation that upper_half() gives.
    virtual void device(const Device &) {}
    virtual void problem(const Problem &) {}
    /// Asked behind each record(): false ends the walk before what that record leads to.
    [[nodiscard]] virtual bool wants_more() const { return true; }
};

/// Visits every record of the directory. Work is bounded as for page tables: each (table, type) is entered at most
/// kMaxExpansions times, and so many records are looked at as the memory could hold several times over.
WalkOutcome walk_directory(const MemorySource &memory, const DirectoryRequest &request, DirectoryVisitor &visitor);

struct DirectoryLookup {
    std::vector<DirectoryStep> steps;
    std::optional<Device> device;  ///< none when the look-up faults before a translation is reached
    std::optional<Fault> fault;
};

/// Whose requests are looked up.
struct Requester {
    std::uint32_t device = 0;
    std::optional<std::uint32_t> pasid;  ///< none: requests without PASID
};

/// Follows one requester through the directory as the hardware would.
[[nodiscard]] DirectoryLookup find_device(const MemorySource &memory, const DirectoryRequest &request,
                                          const Requester &requester);

/// The walk of a translation that has tables, through all stages; of two halves that of the lower one.
[[nodiscard]] WalkRequest walk_request(const Translation &translation);
/// The translation of the upper half of the address space alone; nothing where there is none beside the lower half.
[[nodiscard]] std::optional<Translation> upper_half(const Translation &translation);
/// The walk of the half that an IOVA lies in.
[[nodiscard]] WalkRequest walk_request(const Translation &translation, Iova iova);
/// The walk of one stage by itself.
[[nodiscard]] WalkRequest walk_request(const Stage &stage);

/// The stage whose tables lie at physical addresses: the outer one of a nested translation, whose inner tables are a
/// guest's, or else its only one. Precondition: the translation has tables.
[[nodiscard]] Stage physical_stage(const Translation &translation);

}  // namespace pgregion
