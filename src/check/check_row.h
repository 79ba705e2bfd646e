// SPDX-License-Identifier: GPL-2.0-or-later
//
// The row of a check: what is known about it, and the function that looks. A check is a function with its row right
// below it, in the file of its subject; the file's rows are handed out at its end.
#pragma once

#include "check/facts.h"

#include <cstdint>
#include <span>
#include <vector>

namespace pgregion::check
{

/// Takes findings. What a check leaves open is filled in: severity and security from the row, page and offset from
/// `table` and `index`.
class FindingSink
{
public:
    explicit FindingSink(const Facts &facts) : facts_(facts) {}

    /// The row of the findings that come now.
    void begin(const Check &check) { check_ = &check; }

    /// A finding of the present check at its usual severity, with nothing but that filled in.
    [[nodiscard]] Finding finding() const;
    void add(Finding finding);
    /// Appends what another sink has taken.
    void take(FindingSink &other);
    /// There is more than the work allowed.
    void cut_short() { truncated_ = true; }

    [[nodiscard]] std::vector<Finding> &findings() { return findings_; }
    [[nodiscard]] bool truncated() const { return truncated_; }

private:
    void complete(Finding &finding) const;

    const Facts &facts_;
    const Check *check_ = nullptr;
    std::vector<Finding> findings_;
    bool truncated_ = false;
};

/// Which entries a check of entries wants to see: a set of these bits.
using EntryClasses = unsigned;
inline constexpr EntryClasses kNotPresent = 1;    ///< not zero, but not present
inline constexpr EntryClasses kFaulting = 2;      ///< hardware faults: invalid, or reserved bits set
inline constexpr EntryClasses kPointer = 4;       ///< leads to a table and does not fault
inline constexpr EntryClasses kTorn = 8;          ///< a leaf whose copies differ or are not all there
inline constexpr EntryClasses kOddLeaf = 16;      ///< does not fault and is not such as operating systems write
inline constexpr EntryClasses kWatchedLeaf = 32;  ///< does not fault, and its output touches watched addresses
inline constexpr unsigned kEntryClassBits = 6;

/// A run of entries of one table, shown to the checks of entries.
struct EntryView {
    const Facts &facts;
    const TableFact &table;
    std::uint32_t table_number;  ///< of `table` in facts.tables
    const EntryRun &run;
    /// The part of the table that holds the run, at most a page, and the slot that it begins with: for checks that
    /// compare an entry with its neighbours.
    std::span<const std::byte> bytes;
    std::uint32_t bytes_first_index;

    [[nodiscard]] const Stage &stage() const { return facts.domain_of(table).stage; }
    [[nodiscard]] const TableFormat &format() const { return *stage().format; }
    [[nodiscard]] const FormatParams &params() const { return stage().params; }
    /// First IOVA of entry k of the run.
    [[nodiscard]] Iova iova(std::uint32_t k = 0) const;
    /// What all levels let through to entry k's leaf.
    [[nodiscard]] Access access() const { return table.access & run.first.access; }
    /// A finding at entry k of the run: table, index, level, IOVA, device, observed = raw, target and size.
    [[nodiscard]] Finding finding(const FindingSink &sink, std::uint32_t k = 0) const;
    /// The same with the remedy that takes the entry away (safe).
    [[nodiscard]] Finding removable(const FindingSink &sink, std::uint32_t k = 0) const;
};

/// All runs of one piece of a table (a page of it at most), for checks that hold entries against their neighbours or
/// against the IOVAs of the whole table.
struct TableView {
    const Facts &facts;
    const TableFact &table;
    std::uint32_t table_number;
    std::span<const EntryRun> runs;
    std::span<const std::byte> bytes;
    std::uint32_t bytes_first_index;  ///< slot that the piece begins with

    [[nodiscard]] const Stage &stage() const { return facts.domain_of(table).stage; }
    [[nodiscard]] EntryView entry(const EntryRun &run) const
    {
        return {facts, table, table_number, run, bytes, bytes_first_index};
    }
};

/// What all leaves of a domain that do not fault have in common.
struct LeafSummary {
    std::uint64_t leaves = 0;
    std::uint64_t bits_or = 0;                   ///< of the raw words: bits set in any of them
    std::uint64_t bits_and = ~std::uint64_t{0};  ///< bits set in all of them
    bool write_only = false;                     ///< some can be written and not read
    void take(const Entry &entry)
    {
        ++leaves;
        bits_or |= entry.raw;
        bits_and &= entry.raw;
        write_only = write_only || (entry.access.allows(Access::write()) && !entry.access.allows(Access::read()));
    }
    void take(const LeafSummary &other)
    {
        leaves += other.leaves;
        bits_or |= other.bits_or;
        bits_and &= other.bits_and;
        write_only = write_only || other.write_only;
    }
};

struct DomainView {
    const Facts &facts;
    std::uint32_t number;  ///< of the domain
    const LeafSummary &leaves;

    [[nodiscard]] const DomainFact &domain() const { return facts.domains[number]; }
    /// A finding about the domain as a whole: its root table, first device.
    [[nodiscard]] Finding finding(const FindingSink &sink) const;
};

struct CheckRow {
    Check about;
    /// What of these is set is called; a row without any is raised by another row's function.
    void (*facts)(const Facts &facts, FindingSink &sink) = nullptr;
    void (*entry)(const EntryView &view, FindingSink &sink) = nullptr;
    EntryClasses entries = 0;  ///< with `entry`: the classes that it wants to see
    /// Called for every piece of every table, so it returns at once where nothing can be wrong.
    void (*table)(const TableView &view, FindingSink &sink) = nullptr;
    void (*domain)(const DomainView &view, FindingSink &sink) = nullptr;
};

/// Adds addresses that lie behind those that are there, or go on from them; of many, the first kRangesKept stay.
void append_range(FindingLists &lists, const AddressRange &range);
inline constexpr std::size_t kRangesKept = 64;

/// Fills device, PASID and unit from the first user of a domain.
void name_user(Finding &finding, const DomainFact &domain);

/// A finding at a directory record: table, index, unit, device, PASID, record_bytes, observed = its first word.
[[nodiscard]] Finding record_finding(const FindingSink &sink, const Facts &facts, const RecordFact &record);

// The rows of each file.
[[nodiscard]] std::span<const CheckRow *const> region_rows();  // region_checks.cpp: D1 to D8, D17
[[nodiscard]] std::span<const CheckRow *const>
structure_rows();  // structure_checks.cpp: PT12 to PT17, PT45, PT46, D3b, D18
[[nodiscard]] std::span<const CheckRow *const> isolation_rows();  // isolation_checks.cpp: PT18 to PT21, PT42
[[nodiscard]] std::span<const CheckRow *const> encoding_rows();   // encoding_checks.cpp: PT01 to PT11, PT53
[[nodiscard]] std::span<const CheckRow *const>
permission_rows();  // permission_checks.cpp: PT22 to PT25, PT43, PT44, PT48 to PT52
[[nodiscard]] std::span<const CheckRow *const> address_rows();  // address_checks.cpp: PT26 to PT32
[[nodiscard]] std::span<const CheckRow *const>
directory_rows();  // directory_checks.cpp: PT33 to PT40, PT47, D16, D19, D20

}  // namespace pgregion::check
