// SPDX-License-Identifier: GPL-2.0-or-later
//
// Formats: what the bits of one table mean. There are two kinds. A *table format* describes page tables of
// 64-bit entries (TableFormat); a *directory format* describes the tables that lead from a device to its page
// tables (DirectoryFormat), with records of 8 to 64 bytes. Both are plain tables of functions without state:
// values in, values out. Decoders report what they see, reserved bits included; they never refuse.
//
// Level 0 is the table that holds only leaves of the smallest size, in every format; the vendor's own name for
// a level is one call away (TableFormat::entry_name).
#pragma once

#include <pgregion/address.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace pgregion
{

/// What one entry is. `invalid`: present, but of an encoding that the hardware refuses.
enum class EntryKind : std::uint8_t { empty, table, leaf, invalid };

/// "empty", "table", "leaf", "invalid".
[[nodiscard]] std::string_view name(EntryKind kind);

/// What a device may do: a set of read, write, execute. Combined over levels with `&`.
class Access
{
public:
    constexpr Access() = default;
    static constexpr Access none() { return Access(0); }
    static constexpr Access read() { return Access(1); }
    static constexpr Access write() { return Access(2); }
    static constexpr Access execute() { return Access(4); }
    static constexpr Access all() { return Access(7); }
    /// From three bits: 0 read, 1 write, 2 execute; higher bits are dropped.
    static constexpr Access from_bits(std::uint64_t rwx) { return Access(static_cast<std::uint8_t>(rwx & 7)); }

    /// True when everything in `wanted` is allowed; `none()` always is.
    [[nodiscard]] constexpr bool allows(Access wanted) const { return (bits_ & wanted.bits_) == wanted.bits_; }
    [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
    friend constexpr Access operator&(Access a, Access b) { return Access(a.bits_ & b.bits_); }
    friend constexpr Access operator|(Access a, Access b) { return Access(a.bits_ | b.bits_); }
    friend constexpr bool operator==(Access, Access) = default;

private:
    constexpr explicit Access(int bits) : bits_(static_cast<std::uint8_t>(bits)) {}
    std::uint8_t bits_ = 0;
};

/// The letters of `r`, `w`, `x` that are present, in that order ("rw", "r", ""); static storage.
[[nodiscard]] std::string_view letters(Access access);

// ---------------------------------------------------------------------------------------------------------
// Parameters

/// One named value of a parameter ("on", "legacy").
struct ParameterChoice {
    std::string_view name;
    std::uint32_t value;
};

/// A parameter of one format, as `--param key=value` gives it. With `choices` the value is one of them,
/// without it is a number from `min` to `max` (both inclusive).
struct ParameterSpec {
    std::string_view key;
    std::string_view meaning;
    std::span<const ParameterChoice> choices;
    std::uint32_t default_value = 0;
    std::uint32_t min = 0;
    std::uint32_t max = 0;
};

inline constexpr std::size_t kMaxParameters = 8;

/// What a format cannot know from the bits alone. `value[i]` belongs to the format's i-th ParameterSpec.
/// Obtained from default_params(), then changed by set_parameter() or by a directory.
struct FormatParams {
    std::uint8_t levels = 0;    ///< number of table levels; the root table is at level `levels - 1`
    std::uint8_t paw_bits = 0;  ///< host (physical) address width: every target must be below 2^paw_bits
    bool big_endian = false;    ///< entries are stored most significant byte first
    std::array<std::uint32_t, kMaxParameters> value{};

    friend bool operator==(const FormatParams &, const FormatParams &) = default;
};

// ---------------------------------------------------------------------------------------------------------
// Fields

enum class FieldRole : std::uint8_t {
    flag,      ///< one bit with a name
    number,    ///< a small value
    address,   ///< an address; shown in place, that is with the bits below the field as zero
    reserved,  ///< hardware faults when set
    ignored,   ///< hardware never looks
    software,  ///< ignored by hardware and known to be used by an operating system
};

/// One named field of an entry or record: bits `high`:`low`, both inclusive, at most 64 of them, not across a
/// 64-bit word. The specs of one entry cover every bit once, lowest first.
struct FieldSpec {
    std::string_view name;  ///< as the manual names it; unique within the entry
    std::uint16_t high;
    std::uint16_t low;
    FieldRole role;
    std::string_view meaning;
};

/// The field's bits, moved down to bit 0, or in place when the role is address. `record` holds little-endian
/// 64-bit words and must reach the field.
[[nodiscard]] std::uint64_t field_value(const FieldSpec &spec, std::span<const std::uint64_t> record);

// ---------------------------------------------------------------------------------------------------------
// Faults

/// Why a request ends, before a format gives it the vendor's number and name.
enum class FaultCause : std::uint8_t {
    invalid_entry,  // zero, so that an Entry without anything is all zero bits and cheap to make
    not_present,
    no_read,
    no_write,
    no_execute,
    reserved_bits,
    iova_beyond_width,
    root_unreadable,
    table_unreadable,
    output_forbidden,
};

/// What the hardware would record: a fault reason (VT-d), event (AMD, SMMU) or cause (RISC-V).
struct Fault {
    FaultCause cause;
    std::uint16_t code;
    std::string_view name;
};

// ---------------------------------------------------------------------------------------------------------
// Page tables

/// One decoded entry.
struct Entry {
    std::uint64_t raw = 0;
    std::uint64_t reserved_set = 0;  ///< reserved bits that are set in a present entry: hardware faults
    PhysAddr target;                 ///< table: the next table; leaf: output address of its first byte
    EntryKind kind = EntryKind::empty;
    std::uint8_t target_level = 0;  ///< table: level of the next table
    std::uint8_t size_lg2 = 0;      ///< leaf: bytes it maps; table: bytes it spans
    std::uint8_t replicas_lg2 = 0;  ///< leaf: it fills 2^n consecutive slots
    /// Leaf: raw words of consecutive output addresses differ by 2^step_lg2; 0 where runs are not looked for.
    std::uint8_t step_lg2 = 0;
    Access access;  ///< what this entry alone allows
    /// Kind invalid: which FaultCause the encoding raises (invalid_entry mostly).
    FaultCause invalid = FaultCause::invalid_entry;

    /// True when hardware raises a fault on this entry whatever the request is.
    [[nodiscard]] constexpr bool faults() const { return kind == EntryKind::invalid || reserved_set != 0; }
    [[nodiscard]] constexpr bool present() const { return kind != EntryKind::empty; }
};

/// `count` entries from slot `index` on, all alike: leaves that map consecutive output addresses, so that leaf
/// k (0 <= k < count) sits in slot index + k and maps first.target + (k << first.size_lg2). Any other entry is
/// a run of one. Empty entries of value zero are in no run.
struct EntryRun {
    Entry first;
    std::uint32_t index = 0;
    std::uint32_t count = 0;

    /// The k-th entry (k < count).
    [[nodiscard]] constexpr Entry entry(std::uint32_t k) const
    {
        Entry entry = first;
        if (k != 0) {
            entry.raw += std::uint64_t{k} << first.step_lg2;
            entry.target += std::uint64_t{k} << first.size_lg2;
        }
        return entry;
    }
    /// `length` entries from the k-th on, as a run.
    [[nodiscard]] constexpr EntryRun part(std::uint32_t k, std::uint32_t length) const
    {
        return {entry(k), index + k, length};
    }
};

/// What decoding a piece of a table gave.
struct DecodedTable {
    std::size_t runs = 0;
    bool only_leaves = true;  ///< every run is of leaves that do not fault
};

/// Geometry of a table at one level.
struct TableShape {
    std::uint8_t shift = 0;       ///< lowest IOVA bit of the index; an entry spans 2^shift bytes
    std::uint8_t index_bits = 0;  ///< the table has 2^index_bits entries
    std::uint32_t align_bytes = 0;

    [[nodiscard]] constexpr std::uint32_t entries() const { return std::uint32_t{1} << index_bits; }
    [[nodiscard]] constexpr std::uint32_t bytes() const { return entries() * 8; }
};

/// A leaf to be encoded. Slots and bits that the format does not have are refused by the encoder.
struct LeafSpec {
    PhysAddr target;
    std::uint8_t size_lg2 = 12;
    Access access;
};

/// A page-table format. A pointer to a level further down than the next skips levels: the IOVA bits of the
/// skipped levels must be zero there, or hardware faults. Functions are never null. `level` is below params.levels unless said otherwise.
struct TableFormat {
    std::string_view name;   ///< as `--format` takes it
    std::string_view title;  ///< for people
    std::string_view document;
    std::string_view architecture;  ///< whose fault numbers `fault` gives ("vt-d")
    std::uint8_t min_levels;
    std::uint8_t max_levels;
    std::uint8_t max_paw_bits;
    std::span<const std::uint8_t> leaf_sizes_lg2;  ///< every leaf size, smallest first
    std::span<const ParameterSpec> parameters;

    TableShape (*shape)(unsigned level, const FormatParams &params);
    Entry (*decode)(std::uint64_t raw, unsigned level, const FormatParams &params);
    /// Decodes the non-zero entries of `bytes` (a whole number of entries of one table, the first of them in
    /// slot `first_index`) into `out`, in slot order. `out` has room for a run per entry.
    DecodedTable (*decode_table)(std::span<const std::byte> bytes, std::uint32_t first_index, unsigned level,
                                 const FormatParams &params, std::span<EntryRun> out);
    /// True for a present entry such as operating systems write; tells real tables from lookalikes
    /// (iommu-formats.md section 8.2), and no more than that.
    bool (*typical)(const Entry &entry, unsigned level);
    /// The fields of an entry of that kind; `empty` names what a not-present entry holds.
    std::span<const FieldSpec> (*fields)(unsigned level, EntryKind kind);
    /// The manual's name for an entry of this level ("SS-PDE").
    std::string_view (*entry_name)(unsigned level);
    /// The address that the index bits stand for: extends the sign where the format does.
    Iova (*canonical)(std::uint64_t address, const FormatParams &params);
    /// False when hardware refuses the IOVA before it reads a table.
    bool (*iova_valid)(Iova iova, const FormatParams &params);
    /// True for output addresses that hardware refuses (the interrupt window of VT-d).
    bool (*output_forbidden)(PhysAddr address, const FormatParams &params);
    /// True when such a request is a message to the interrupt controller and never translated.
    bool (*never_translated)(Iova iova, Access wanted, const FormatParams &params);
    /// What a request of that access gets.
    Fault (*fault)(FaultCause cause, Access wanted, const FormatParams &params);
    std::uint64_t (*encode_table)(PhysAddr next, unsigned level, const FormatParams &params);
    /// Nothing when this level has no such leaf: size, alignment or access that the format cannot express.
    std::optional<std::uint64_t> (*encode_leaf)(const LeafSpec &leaf, unsigned level, const FormatParams &params);
};

// ---------------------------------------------------------------------------------------------------------
// Directories

/// How the requests of one device (or one PASID of it) are translated.
enum class TranslationKind : std::uint8_t {
    second_stage,
    first_stage,
    nested,
    pass_through,
    blocked,
    unprotected,
    invalid,
};

/// "second-stage", "first-stage", "nested", "pass-through", "blocked", "unprotected", "invalid".
[[nodiscard]] std::string_view name(TranslationKind kind);

/// Where a directory ends: the page tables of a device and how to read them.
struct Translation {
    TranslationKind kind = TranslationKind::invalid;
    std::uint32_t domain_id = 0;
    const TableFormat *format = nullptr;  ///< null where no table is used
    FormatParams params;                  ///< levels may be set without a format (VT-d pass-through)
    PhysAddr root;                        ///< valid where format is not null
};

/// Which id selects a record of a directory table.
enum class DirectoryKey : std::uint8_t { device, pasid };

/// One type of table of a directory ("root table", "context table").
struct DirectoryTableType {
    std::string_view name;         ///< one word or two, as the manual has it
    std::string_view record_name;  ///< "root entry"
    std::uint16_t record_bytes;    ///< a multiple of 8, at most 64
    std::uint32_t records;         ///< in a full table
    std::uint8_t id_shift;         ///< record i covers ids from i << id_shift on
    DirectoryKey key;
};

inline constexpr std::size_t kMaxRecordWords = 8;

/// A record's bits as little-endian 64-bit words, unused ones zero.
using RecordWords = std::array<std::uint64_t, kMaxRecordWords>;

/// A table of a directory in memory.
struct DirectoryTable {
    std::uint8_t type = 0;  ///< index into DirectoryFormat::table_types
    PhysAddr address;
    std::uint32_t records = 0;  ///< how many of them exist
};

/// One decoded record.
struct DirectoryRecord {
    bool present = false;
    RecordWords reserved_set{};              ///< reserved bits that are set in a present record
    std::optional<DirectoryTable> next;      ///< the record leads to a further table of the directory
    std::optional<Translation> translation;  ///< or it ends the walk
    std::optional<Fault> fault;              ///< what a request that gets here raises; none for a good record
};

/// A directory format. Functions are never null.
struct DirectoryFormat {
    std::string_view name;
    std::string_view title;
    std::string_view document;
    std::string_view architecture;
    std::uint8_t max_paw_bits;
    std::span<const ParameterSpec> parameters;
    std::span<const DirectoryTableType> table_types;
    std::uint32_t devices;  ///< ids run from 0 to devices - 1

    DirectoryTable (*root)(PhysAddr address, const FormatParams &params);
    DirectoryRecord (*decode)(std::uint8_t type, const RecordWords &record, const FormatParams &params);
    /// True for a present record such as operating systems write.
    bool (*typical)(std::uint8_t type, const RecordWords &record);
    std::span<const FieldSpec> (*fields)(std::uint8_t type, const RecordWords &record);
    /// What is raised when a table of this type cannot be read.
    Fault (*unreadable)(std::uint8_t type);
};

// ---------------------------------------------------------------------------------------------------------
// The list of formats

[[nodiscard]] std::span<const TableFormat *const> table_formats();
[[nodiscard]] std::span<const DirectoryFormat *const> directory_formats();

/// Null when there is no such format.
[[nodiscard]] const TableFormat *find_table_format(std::string_view name);
[[nodiscard]] const DirectoryFormat *find_directory_format(std::string_view name);

/// Every parameter at its default, the widest physical address; `levels` as given.
[[nodiscard]] FormatParams default_params(const TableFormat &format, unsigned levels);
[[nodiscard]] FormatParams default_params(const DirectoryFormat &format);

/// Sets one parameter. Throws Error (usage, "bad-parameter") for an unknown key or a value that is not among
/// the choices or outside the limits.
void set_parameter(FormatParams &params, std::span<const ParameterSpec> specs, std::string_view key,
                   std::string_view value);

/// The name of the choice that stands for `value`; empty when the parameter is a number.
[[nodiscard]] std::string_view choice_name(const ParameterSpec &spec, std::uint32_t value);

}  // namespace pgregion
