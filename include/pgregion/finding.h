// SPDX-License-Identifier: GPL-2.0-or-later
//
// Findings: what a check says about one place, and the rows that describe the checks. Apart from check.h, which knows how
// tables are walked: whoever reads, prints or repairs findings needs none of that.
#pragma once

#include <pgregion/address.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace pgregion
{

enum class Severity : std::uint8_t { info, warning, error };

/// "info", "warning", "error".
[[nodiscard]] std::string_view name(Severity severity);

/// Which repair may take a finding away (cli.md section 6). `safe`: it only removes access, returns a leaked page, or
/// corrects the bitmap towards "allocated". `all`: it removes access, too, but which of several places was meant is
/// not known, or data is lost that somebody may want to see.
enum class RepairPolicy : std::uint8_t { none, safe, all };

/// "none", "safe", "all".
[[nodiscard]] std::string_view name(RepairPolicy policy);

/// What a repair does at the place of a finding. None of them ever writes an address.
enum class Remedy : std::uint8_t {
    none,
    clear_entry,       ///< zeroes the page-table entry, with all copies of its leaf
    block_record,      ///< makes the directory record one that blocks its device
    set_bits,          ///< sets the bit of `page`
    free_page,         ///< zeroes `page`, then clears its bit
    zero_page,         ///< zeroes `page`, whose bit is clear
    zero_bitmap_tail,  ///< zeroes page 0 behind its 512 bits
};

/// What is known about one kind of finding; `explain` prints it.
struct Check {
    std::string_view code;                        ///< a kebab-case word that never changes meaning
    Severity severity = Severity::error;          ///< of most findings
    std::optional<Severity> other_severity = {};  ///< of some; a finding has one of these two
    std::string_view other_where = {};            ///< when that applies, behind its name: "where …"; no full stop
    bool security = false;                        ///< a device could gain or keep access that it must not have
    std::string_view title;                       ///< one line, lower case, no full stop
    std::string_view message;                     ///< of one finding; {name} stands for what finding_report.h lists
    std::string_view why;                         ///< why it matters: sentences
    std::string_view repair;                      ///< what repair does: sentences
    std::string_view origin;                      ///< "D3a", "PT18, PT21"
};

/// Every check, sorted by code; those of areas (area_check.h) are among them.
[[nodiscard]] std::span<const Check *const> all_checks();

/// Null when there is no such code.
[[nodiscard]] const Check *find_check(std::string_view code);

/// Addresses from `first` to `last`, both inclusive; the message says of what kind.
struct AddressRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    friend bool operator==(const AddressRange &, const AddressRange &) = default;
};

/// One of the domains that a finding holds against each other.
struct FindingDomain {
    std::optional<std::uint32_t> unit;    ///< none, like the next three, for tables that were given without a directory
    std::optional<std::uint32_t> device;  ///< the first that uses it
    std::optional<std::uint32_t> pasid;
    std::optional<std::uint32_t> domain_id;  ///< as the device's record has it
    std::uint64_t users = 0;                 ///< devices, and PASIDs of devices, whose records lead to it
    PhysAddr root;
    Iova iova;  ///< of the first address that the finding is about
};

/// What a finding has several of.
struct FindingLists {
    std::vector<FindingDomain> domains;
    std::vector<AddressRange> ranges;   ///< sorted
    std::uint64_t ranges_left_out = 0;  ///< behind the last one
};

/// One thing that is wrong, at one place. What does not apply is absent.
struct Finding {
    const Check *check = nullptr;
    Severity severity = Severity::error;
    bool security = false;
    RepairPolicy repair = RepairPolicy::none;
    Remedy remedy = Remedy::none;

    std::optional<PhysAddr> table;             ///< page table or directory table that holds the entry or record
    std::optional<PageIndex> page;             ///< page of the region that it is about
    std::optional<std::uint32_t> index;        ///< entry or record in the table
    std::optional<std::uint8_t> level;         ///< of the table; none in a directory
    std::optional<std::uint64_t> offset;       ///< bytes from the start of the region, or from the base of the memory
    std::optional<Iova> iova;                  ///< first IOVA behind the entry
    std::optional<std::uint32_t> unit;         ///< the IOMMU, where there are directories
    std::optional<std::uint32_t> device;       ///< the first device that is concerned
    std::optional<std::uint32_t> last_device;  ///< where a row of devices is concerned: the last one, inclusive
    std::optional<std::uint32_t> pasid;
    std::optional<PhysAddr> target;           ///< the physical address that it leads to
    std::optional<std::uint64_t> size_bytes;  ///< of what it leads to
    std::optional<std::uint64_t> observed;    ///< raw entry, bits, count, id …
    std::optional<std::uint64_t> expected;
    std::string_view detail = {};   ///< a word or two that tell cases of one check apart ("root table"); static storage
    std::uint8_t replicas_lg2 = 0;  ///< the entry fills 2^n aligned slots, which change together
    std::string_view record_name = {};               ///< "context entry"; empty for entries of page tables
    std::string_view table_name = {};                ///< "context table", with record_name
    std::uint8_t table_type = 0;                     ///< of the directory table, where record_bytes is not 0
    std::uint8_t record_bytes = 0;                   ///< size of the directory record at `offset`; 0 for entries
    std::shared_ptr<const FindingLists> lists = {};  ///< null where it has none
};

/// How sure it is that the tables are read as they are meant.
enum class ReadingOrigin : std::uint8_t {
    given,     ///< root and levels were given, or come from registers
    inferred,  ///< inferred without a rival
};

struct CheckReport {
    std::vector<Finding> findings;  ///< sorted by place, index and code
    /// Findings of the severities 0 to 2.
    std::array<std::uint64_t, 3> count{};
    bool truncated = false;     ///< there was more than the work allowed for one source
    std::uint64_t tables = 0;   ///< page tables and directory tables that were read
    std::uint64_t entries = 0;  ///< entries in them that are present

    [[nodiscard]] std::uint64_t of(Severity severity) const { return count[static_cast<std::size_t>(severity)]; }
    /// The worst severity; nothing without findings.
    [[nodiscard]] std::optional<Severity> worst() const;
};

}  // namespace pgregion
