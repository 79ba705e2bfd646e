// SPDX-License-Identifier: GPL-2.0-or-later
//
// What one kernel hands over to the next for a live update, as it lies in memory, down to the roots of page tables and
// directories; and the proof that every table below these roots lies in memory that the next kernel leaves alone.
//
//   KHO FDT ──► preserved memory map            kexec hand-over: include/linux/kho/abi/kexec_handover.h
//        ├────► LUO ──► FLB page ──► iommu FLB  live update orchestrator: include/linux/kho/abi/luo.h
//        │                 ├──► hw objects ───► root table
//        │                 ├──► domain objects ► page tables
//        │                 └──► device objects
//        └────► intel-iommu ──► domains ──────► page tables      (the RFC of September 2024)
//
// The formats are those of region.md section 5. Each carries a version in words; one that is not known here is
// refused by name, because another reading of it would show roots that do not exist. Everything else that is wrong
// in a hand-over is data: a HandoverProblem.
#pragma once

#include <pgregion/address.h>
#include <pgregion/format.h>
#include <pgregion/memory_source.h>

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgregion
{

/// How a field of a record is meant to be read.
enum class HandoverFieldKind : std::uint8_t {
    number,  ///< a count, an id, a level
    word,    ///< an address or a token: shown as hexadecimal
    text,    ///< bytes from the memory, not yet fit to be printed
};

/// One named field of a record.
struct HandoverField {
    std::string_view name;  ///< snake_case, unique within the record
    HandoverFieldKind kind = HandoverFieldKind::number;
    std::uint64_t value = 0;
    std::string text = {};
};

/// One structure of the hand-over, in the order in which they are reached.
struct HandoverRecord {
    /// "kho", "subtree", "reservation", "kexec-metadata", "luo", "session", "file", "memfd", "flb", "iommu-flb",
    /// "iommu-hw", "iommu-domain", "iommu-device", "rfc-iommu", "rfc-domain", "rfc-device"; "flb-page" and
    /// "session-page" where the head of LUO is lost and they were found by their form.
    std::string_view kind;
    std::string version;            ///< its own version in words, bytes from the memory; empty where it has none
    std::optional<PhysAddr> paddr;  ///< none where it lies inside of an FDT
    unsigned depth = 0;             ///< structures above it
    std::optional<bool> preserved;  ///< whether its page is in the preserved set; none where that cannot be told
    std::vector<HandoverField> fields = {};
    bool decoded = true;  ///< false: its handler, or the version of that, is not known, and what it leads to not read
};

/// Neighbouring pages of a file.
struct HandoverPages {
    std::size_t record = 0;   ///< the record of the file
    std::uint64_t index = 0;  ///< of the first page in the file, in pages of 4 KiB
    PhysAddr paddr;
    std::uint64_t pages = 0;
    std::uint64_t flags = 0;        ///< of the kernel: 1 dirty, 2 up to date
    std::optional<bool> preserved;  ///< all of them; none where that cannot be told
};

/// Keys of one order in the tracker: each stands for 1 << order pages.
struct PreservedOrder {
    unsigned order = 0;
    std::uint64_t keys = 0;
};

/// What the tracker preserves, counted.
struct PreservedMemory {
    /// At most this many pieces are kept.
    static constexpr std::size_t kMaxRanges = std::size_t{1} << 16;

    bool counted = false;                      ///< the tracker was read to its end
    std::uint64_t nodes = 0;                   ///< pages of the tracker itself
    std::uint64_t pages = 0;                   ///< of 4 KiB, the sum over all keys
    std::vector<PreservedOrder> orders = {};   ///< those that have keys, ascending
    std::vector<Range<PhysAddr>> ranges = {};  ///< joined, ascending
    bool ranges_cut = false;                   ///< there are more
    [[nodiscard]] std::uint64_t keys() const
    {
        std::uint64_t sum = 0;
        for (const PreservedOrder &order : orders)
            sum += order.keys;
        return sum;
    }
};

/// A PCI device.
struct HandoverDevice {
    std::uint32_t pci_domain = 0;
    std::uint32_t id = 0;  ///< bus << 8 | device << 3 | function
    friend auto operator<=>(const HandoverDevice &, const HandoverDevice &) = default;
};

/// Where page tables, or a directory, begin.
struct HandoverRoot {
    PhysAddr paddr;
    const TableFormat *format = nullptr;         ///< of page tables; null for a directory, or when not known
    const DirectoryFormat *directory = nullptr;  ///< of a directory; null for page tables
    FormatParams params = {};
    unsigned levels = 0;                       ///< of page tables, as the record says; 0 for a directory
    std::size_t record = 0;                    ///< the record that names it
    std::vector<HandoverDevice> devices = {};  ///< that translate through it, by the records
    std::vector<Range<PhysAddr>> ranges = {};  ///< what the record itself lists as preserved (rfc-domain)
    std::vector<std::uint64_t> contexts = {};  ///< directory: bitmap of the context tables handed over

    // What prove_handover() found.
    std::optional<bool> preserved = {};       ///< every table reached is preserved; none when that cannot be told
    std::optional<PhysAddr> first_lost = {};  ///< the first page of a table that is not
    std::uint64_t lost = 0;                   ///< how many are not; one that is reached twice counts twice
    std::uint64_t tables = 0;                 ///< pages of tables that were reached
    std::uint64_t leaves = 0;
    std::uint64_t translations = 0;  ///< devices and PASIDs of a directory
};

/// What is wrong with a hand-over. Data, not text.
enum class HandoverProblemKind : std::uint8_t {
    page_missing,          ///< `at` is named by the hand-over and the source does not hold it
    pointer_misaligned,    ///< `at` holds the address `observed`, which is not that of a page
    chain_cycle,           ///< the chain that `at` belongs to comes back to the page `observed`
    chain_too_long,        ///< the chain is longer than any kernel's; what follows `at` is not read
    count_too_big,         ///< the count `observed` at `at` is more than the page has room for
    order_too_big,         ///< the chunk at `at` says an order `observed` that no memory has
    fdt_malformed,         ///< at `at` there should be the data of LUO
    property_missing,      ///< the node at hand lacks a property, or it has another size
    no_preserved_map,      ///< the KHO FDT names no map: nothing can be proved
    layout_unknown,        ///< the FLB at `at` is of an earlier posting under the same name
    object_implausible,    ///< no known size of the objects in the array at `at` makes sense of all of them
    hw_type_unknown,       ///< the IOMMU at `at` is of type `observed`
    level_out_of_range,    ///< the domain at `at` has its top table at level `observed`
    root_missing,          ///< the object at `at` names the root `observed`, which no table can have
    too_many_records,      ///< there are more records than are read
    record_not_preserved,  ///< the next kernel will find other bytes at `at`, a page of records
    table_not_preserved,   ///< a table at `observed`, reached from the root `at`, is not preserved
    table_missing,         ///< a table at `observed`, reached from the root `at`, is not in the source
    tables_malformed,      ///< `observed` entries below the root `at` are malformed
    tables_cut_short,      ///< below the root `at` there is more than the work allowed
    domain_mismatch,       ///< the directory sends `device` to tables at `observed`, its record to tables at `at`
    device_missing,        ///< the directory at `at` translates nothing for `device`, which its record says it does
    search_cut_short,      ///< there is more in the memory that looks like an FDT than was looked at
    tracker_consumed,      ///< the tracker at `at` does not hold its own FDT: the memory was used for something else
    nothing_written,       ///< the LUO data at `at` lists neither sessions nor FLBs: the kernel is not going down
    version_unknown,       ///< what `at` names is of a version that is not known, while the rest is read
    tree_unread,           ///< the KHO FDT at `at` is of a version that is not known, while another one is read
    memory_not_preserved,  ///< memory at `observed`, which the record at `at` names, is not preserved
    array_too_short,       ///< the array of the file at `at` has room for `observed` pages, fewer than it claims
};

/// A stable kebab-case word ("page-missing").
[[nodiscard]] std::string_view code(HandoverProblemKind kind);

struct HandoverProblem {
    HandoverProblemKind kind;
    std::optional<PhysAddr> at;  ///< none: in an FDT that came from a file
    std::uint64_t observed = 0;
    std::optional<HandoverDevice> device = {};
    friend auto operator<=>(const HandoverProblem &, const HandoverProblem &) = default;
};

/// What a kind of problem means for the result.
[[nodiscard]] bool cuts_short(HandoverProblemKind kind);       ///< a listing ended early
[[nodiscard]] bool leaves_doubt(HandoverProblemKind kind);     ///< something is not there, or malformed
[[nodiscard]] bool breaks_handover(HandoverProblemKind kind);  ///< the next kernel loses something

/// How a KHO version records what it preserves (region.md section 5).
enum class HandoverTracker : std::uint8_t { none, chunks, radix };

/// A hand-over.
struct Handover {
    /// At most this many records are read, and at most this many different problems kept.
    static constexpr std::size_t kMaxRecords = std::size_t{1} << 15;
    static constexpr std::size_t kKeptProblems = 1000;

    std::optional<PhysAddr> fdt;  ///< none when it came from a file
    std::string version;
    HandoverTracker tracker = HandoverTracker::none;
    PhysAddr map;  ///< where the tracker begins
    /// The tracker does not hold its own FDT: what it says of other memory is no answer.
    bool tracker_consumed = false;
    bool head_lost = false;  ///< the data of LUO is not there any more: its kernel has been taken over from
    bool pending = false;    ///< LUO has written neither sessions nor FLBs yet
    std::optional<std::uint64_t> liveupdate_number;  ///< as LUO counts
    std::optional<std::uint64_t> kexec_count;        ///< as kexec-metadata counts
    PreservedMemory preserved_memory;
    std::vector<HandoverRecord> records;
    std::vector<HandoverPages> pages;  ///< of files, in the order of their records
    std::vector<HandoverRoot> roots;
    std::uint64_t deleted = 0;  ///< objects that the old kernel marked so, left out of the records
    std::vector<HandoverProblem> problems;
    std::uint64_t problem_count = 0;  ///< those that were not kept, too

    /// Notes a problem, unless it is noted already.
    void note(const HandoverProblem &problem);
    [[nodiscard]] bool truncated() const { return truncated_; }
    [[nodiscard]] bool incomplete() const { return incomplete_; }
    [[nodiscard]] bool broken() const { return broken_; }
    /// After prove_handover(): a tracker of preserved memory was read to its end, every table of every root is preserved,
    /// and nothing was left unread. Without roots there is nothing to prove beside that.
    [[nodiscard]] bool proved() const
    {
        const auto is_preserved = [](const HandoverRoot &root) { return root.preserved.value_or(false); };
        const bool judged = tracker != HandoverTracker::none && !truncated_ && !incomplete_;
        return !broken_ && judged && std::ranges::all_of(roots, is_preserved);
    }

private:
    bool truncated_ = false;
    bool incomplete_ = false;
    bool broken_ = false;
};

/// Which kernel a KHO FDT is of, seen from the one that runs in this memory.
enum class HandoverRole : std::uint8_t {
    unknown,
    incoming,  ///< handed over by the kernel before
    outgoing,  ///< prepared for the kernel after
};

/// A stable word ("incoming"); empty for unknown.
[[nodiscard]] std::string_view word(HandoverRole role);

/// An FDT that says that it is a KHO one.
struct HandoverFdt {
    PhysAddr paddr;
    std::string version;  ///< bytes from the memory
    std::uint64_t size_bytes = 0;
    std::vector<PhysAddr> copies = {};  ///< other places with the same FDT, or an earlier state of it

    // What choose_handover() found.
    HandoverRole role = HandoverRole::unknown;
    std::optional<std::uint64_t> liveupdate_number = {};
    std::optional<std::uint64_t> kexec_count = {};
    bool tracker_consumed = false;
    bool head_lost = false;
    bool pending = false;
    std::string unread = {};  ///< why it was not read; empty when it was
};

struct HandoverSearch {
    std::vector<HandoverFdt> found;  ///< in order of address
    bool truncated = false;          ///< what looks like an FDT was more than the work allowed
};

/// Looks for KHO FDTs at the start of every page of `ranges`; what has the same map and no other subtrees is one, at
/// the first of its places. A version need not be known to be found.
[[nodiscard]] HandoverSearch find_handovers(const MemorySource &memory, std::span<const Range<PhysAddr>> ranges);

/// Where a hand-over begins: at an address, or with a copy of its FDT from elsewhere.
struct HandoverStart {
    std::optional<PhysAddr> paddr;
    std::span<const std::byte> copy = {};  ///< instead of `paddr`
    /// Where sessions and FLBs are looked for by their form when the head of LUO is lost; nowhere where empty.
    std::span<const Range<PhysAddr>> search = {};
    std::span<const PhysAddr> claimed = {};  ///< pages that belong to another hand-over, sorted
};

/// Reads the records from the FDT on, and lists the roots. Throws Error, operational: "not-a-handover-fdt" (no FDT, or
/// one of another kind), "unknown-handover-version" (names the version that was found and those that are known).
[[nodiscard]] Handover read_handover(const MemorySource &memory, const HandoverStart &start);

/// The FDTs of a memory told apart, and the one to show.
struct HandoverChoice {
    HandoverSearch search;             ///< with roles; the copies' places set right
    std::optional<Handover> handover;  ///< none when not one stands out
};

/// Reads every FDT that find_handovers() found. The one to show is what a kernel hands over: the only one; else the
/// outgoing one once its kernel has written its sessions or FLBs, else the incoming one. Throws Error like
/// read_handover() when there is one FDT alone, or not one can be read.
[[nodiscard]] HandoverChoice choose_handover(const MemorySource &memory, std::span<const Range<PhysAddr>> ranges);

/// Reads the hand-over at `start`; when the head of LUO is lost, looks through `ranges` for what it led to.
[[nodiscard]] Handover read_whole_handover(const MemorySource &memory, const HandoverStart &start,
                                           std::span<const Range<PhysAddr>> ranges);

/// Walks every root and looks up each page of each table in the preserved set (region.md section 6). Of a directory
/// those context tables count that are handed over, and below them what belongs to the devices of the records.
void prove_handover(const MemorySource &memory, Handover &handover);

}  // namespace pgregion
