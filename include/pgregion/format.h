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

#include <pgregion/access.h>
#include <pgregion/address.h>
#include <pgregion/family.h>
#include <pgregion/field.h>
#include <pgregion/register.h>

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

// ---------------------------------------------------------------------------------------------------------
// Parameters

/// One named value of a parameter ("on", "legacy").
struct ParameterChoice {
    std::string_view name;
    std::uint32_t value;
};

/// Whether a parameter that nobody gives is guessed together with the format, or taken at its default.
enum class WhenOpen : std::uint8_t { take_default, guess };

/// A parameter of one format, as `--param key=value` gives it. With `choices` the value is one of them,
/// without it is a number from `min` to `max` (both inclusive). The default of a number may lie outside of the
/// limits, where it stands for "not given".
struct ParameterSpec {
    std::string_view key;
    std::string_view meaning;
    std::span<const ParameterChoice> choices;
    std::uint32_t default_value = 0;
    std::uint32_t min = 0;
    std::uint32_t max = 0;
    WhenOpen when_open = WhenOpen::take_default;
};

/// The key of the parameter that sets FormatParams::big_endian, in every format that has it.
inline constexpr std::string_view kEndianKey = "endian";

/// The key of the parameter that says how wide input addresses are, and with that how far the root table goes.
inline constexpr std::string_view kInputBitsKey = "input-bits";

inline constexpr std::size_t kMaxParameters = 8;

/// What a format cannot know from the bits alone. `value[i]` belongs to the format's i-th ParameterSpec; behind
/// these a format keeps slots of its own, 0 by default, which a directory sets and a user cannot.
/// Obtained from default_params(), then changed by set_parameter() or by a directory.
struct FormatParams {
    std::uint8_t levels = 0;    ///< number of table levels; the root table is at level `levels - 1`
    std::uint8_t paw_bits = 0;  ///< host (physical) address width: every target must be below 2^paw_bits
    bool big_endian = false;    ///< entries are stored most significant byte first
    std::array<std::uint32_t, kMaxParameters> value{};

    friend bool operator==(const FormatParams &, const FormatParams &) = default;
};

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
    supervisor_only,      ///< the entry is not for requests of user privilege
    access_flag,          ///< the accessed flag is clear and hardware may not set it
    output_beyond_width,  ///< output address or pointer beyond the physical address width
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
    /// Leaf: it fills 2^n consecutive, aligned slots that all hold the same word (accessed and dirty flags aside,
    /// which hardware may set in any of them). `target` and `size_lg2` are those of the whole leaf whichever copy
    /// was decoded.
    std::uint8_t replicas_lg2 = 0;
    /// Leaf: raw words of consecutive output addresses differ by 2^step_lg2; 0 where runs are not looked for.
    std::uint8_t step_lg2 = 0;
    Access access;  ///< what this entry alone allows
    /// Kind invalid, or reserved bits set: which FaultCause that raises. invalid_entry stands for reserved_bits where
    /// the kind is not invalid.
    FaultCause invalid = FaultCause::invalid_entry;
    /// Leaf out of a group of copies that differ or are not all there; it then stands for its own slot alone.
    bool torn = false;

    /// True when hardware raises a fault on this entry whatever the request is.
    [[nodiscard]] constexpr bool faults() const { return kind == EntryKind::invalid || reserved_set != 0; }
    [[nodiscard]] constexpr bool present() const { return kind != EntryKind::empty; }
};

/// `count` entries from slot `index` on, all alike: leaves that map consecutive output addresses, so that leaf
/// k (0 <= k < count) begins in slot(k) and maps first.target + (k << first.size_lg2). Any other entry is
/// a run of one. Empty entries of value zero are in no run. The copies of a replicated leaf are one entry, whose
/// raw word has the accessed and dirty flags of all of them.
struct EntryRun {
    Entry first;
    std::uint32_t index = 0;
    std::uint32_t count = 0;

    /// The slot in which the k-th entry begins.
    [[nodiscard]] constexpr std::uint32_t slot(std::uint32_t k) const { return index + (k << first.replicas_lg2); }

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
        return {entry(k), slot(k), length};
    }
};

/// What decoding a piece of a table gave.
struct DecodedTable {
    std::size_t runs = 0;
    bool only_leaves = true;  ///< every run is of leaves that neither fault nor are torn
};

/// Geometry of a table at one level.
struct TableShape {
    std::uint8_t shift = 0;       ///< lowest IOVA bit of the index; an entry spans 2^shift bytes
    std::uint8_t index_bits = 0;  ///< the table has 2^index_bits entries
    std::uint32_t align_bytes = 0;

    /// The root of concatenated tables has more entries than other tables, a short root fewer.
    [[nodiscard]] constexpr std::uint32_t entries() const { return std::uint32_t{1} << index_bits; }
    [[nodiscard]] constexpr std::uint32_t bytes() const { return entries() * 8; }
};

/// How the CPU and devices cache what a leaf maps.
enum class MemoryType : std::uint8_t { normal, non_cached, device };

/// A leaf to be encoded. What the format does not have is refused by the encoder.
struct LeafSpec {
    PhysAddr target;
    std::uint8_t size_lg2 = 12;
    Access access;
    MemoryType memory = MemoryType::normal;
};

/// A page-table format. A pointer to a level further down than the next skips levels: the IOVA bits of the
/// skipped levels must be zero there, or hardware faults. Functions are never null. `level` is below params.levels unless said otherwise.
struct TableFormat {
    std::string_view name;   ///< as `--format` takes it
    std::string_view title;  ///< for people
    std::string_view document;
    std::uint8_t min_levels;
    std::uint8_t max_levels;
    std::uint8_t max_paw_bits;
    std::span<const std::uint8_t> leaf_sizes_lg2;  ///< every leaf size with any parameters, smallest first
    std::span<const ParameterSpec> parameters;
    bool has_execute;       ///< false: nothing is said about execution, and a request for it is one to read
    bool permission_first;  ///< hardware looks at permission at every level, before reserved bits; else at the end
    TableFamily family;

    /// The number of levels that the parameters name by themselves (a number of input bits); 0 when they do not.
    unsigned (*levels_of)(const FormatParams &params);
    /// False for levels and parameters that contradict each other. The other functions need consistent ones.
    bool (*consistent)(const FormatParams &params);
    TableShape (*shape)(unsigned level, const FormatParams &params);
    Entry (*decode)(std::uint64_t raw, unsigned level, const FormatParams &params);
    /// Decodes the non-zero entries of `bytes` (a whole number of entries of one table, the first of them in
    /// slot `first_index`) into `out`, in slot order. `out` has room for a run per entry. A piece begins where the
    /// copies of a replicated leaf can begin: at a page of the table.
    DecodedTable (*decode_table)(std::span<const std::byte> bytes, std::uint32_t first_index, unsigned level,
                                 const FormatParams &params, std::span<EntryRun> out);
    /// True for a present entry such as operating systems write; tells real tables from lookalikes
    /// (iommu-formats.md section 8.2), and no more than that.
    bool (*typical)(const Entry &entry, unsigned level);
    /// The fields of an entry of that kind; `empty` names what a not-present entry holds.
    std::span<const FieldSpec> (*fields)(unsigned level, EntryKind kind, const FormatParams &params);
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
    /// Whose fault numbers `fault` gives ("vt-d", "amd-vi", "smmuv3", "riscv-iommu").
    std::string_view (*architecture)(const FormatParams &params);
    /// What a request of that access gets.
    Fault (*fault)(FaultCause cause, Access wanted, const FormatParams &params);
    /// A pointer from a table of `level` to one of the level below.
    std::uint64_t (*encode_table)(PhysAddr next, unsigned level, const FormatParams &params);
    /// The word for each slot of the leaf (its decoding says how many). Nothing when this level has no such leaf:
    /// size, alignment, access or memory type that the format cannot express.
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

/// Page tables with the way to read them.
struct Stage {
    const TableFormat *format = nullptr;  ///< null: no such stage
    FormatParams params;
    PhysAddr root;
};

/// Where a directory ends: the page tables of a device and how to read them.
struct Translation {
    TranslationKind kind = TranslationKind::invalid;
    std::uint32_t domain_id = 0;
    const TableFormat *format = nullptr;  ///< null where no table is used
    FormatParams params;                  ///< levels may be set without a format (VT-d pass-through)
    PhysAddr root;                        ///< valid where format is not null
    Stage upper;  ///< Arm: tables of the upper half of the address space, beside those above for the lower; mostly none
    /// Nested: the outer stage, through which the inner tables' addresses (`root` too) and outputs are translated.
    Stage outer;
    Access access = Access::all();  ///< what the directory lets through, of any translation
    Fault denied{};                 ///< what a request beyond `access` gets
};

/// Which id selects a record of a directory table.
enum class DirectoryKey : std::uint8_t { device, pasid };

/// One type of table of a directory ("root table", "context table").
struct DirectoryTableType {
    std::string_view name;         ///< one word or two, as the manual has it
    std::string_view record_name;  ///< "root entry"
    std::uint16_t record_bytes;    ///< a multiple of 8, at most 64
    std::uint32_t records;         ///< in a full table
    std::uint8_t id_shift;  ///< record i covers ids from i << id_shift on, unless the DirectoryTable says otherwise
    DirectoryKey key;
};

inline constexpr std::size_t kMaxRecordWords = 8;

/// A record's bits as 64-bit words in the host's order, unused ones zero.
using RecordWords = std::array<std::uint64_t, kMaxRecordWords>;

/// A table of a directory in memory.
struct DirectoryTable {
    std::uint8_t type = 0;  ///< index into DirectoryFormat::table_types
    PhysAddr address;
    std::uint32_t records = 0;  ///< how many of them exist
    std::uint8_t id_shift = 0;
    bool big_endian = false;
    RecordWords owner{};  ///< the record of the device that led here, zero before it: its fields may say how to read on
    Stage outer;          ///< the table's address and the pointers in it are translated by this stage
};

/// One decoded record. A record may both end the walk for requests without PASID (`translation`) and lead on for
/// requests with one (`next`, whose key is then pasid).
struct DirectoryRecord {
    bool present = false;
    RecordWords reserved_set{};              ///< reserved bits that are set in a present record
    std::optional<DirectoryTable> next;      ///< the record leads to a further table of the directory
    std::optional<Translation> translation;  ///< it ends the walk
    std::optional<std::uint32_t> rid_pasid;  ///< requests without PASID use this one
    std::optional<Fault> fault;              ///< what every request that gets here raises; none for a good record
    std::optional<Fault> pasid_fault;        ///< what requests with a PASID raise
    std::optional<Fault> plain_fault;        ///< what requests without PASID raise
};

/// What the root registers of one IOMMU say.
struct RegisterReading {
    PhysAddr root;
    FormatParams params;
    std::string_view complaint;  ///< why there is no directory to be read; empty when there is one
    std::uint32_t settled = 0;   ///< bit i: the registers say what the i-th parameter is
};

/// A directory format. Functions are never null.
struct DirectoryFormat {
    std::string_view name;
    std::string_view title;
    std::string_view document;
    std::string_view architecture;
    DirectoryFamily family = DirectoryFamily::other;
    std::uint8_t min_levels = 0;  ///< 0: the directory itself has no number of levels to be given
    std::uint8_t max_levels = 0;
    std::uint8_t max_paw_bits;
    std::span<const ParameterSpec> parameters;
    std::span<const DirectoryTableType> table_types;
    std::span<const RegisterSpec> registers;  ///< the one that holds the address first
    std::uint64_t devices;                    ///< ids run from 0 to devices - 1, whatever the parameters say
    /// A record of zeros says something about its device (AMD-Vi: unprotected) and is not passed over.
    bool zero_is_a_record = false;
    std::uint32_t root_align_bytes = 4096;

    DirectoryTable (*root)(PhysAddr address, const FormatParams &params);
    /// `table` is the one that holds the record.
    DirectoryRecord (*decode)(const DirectoryTable &table, const RecordWords &record, const FormatParams &params);
    /// True for a present record such as operating systems write.
    bool (*typical)(std::uint8_t type, const RecordWords &record);
    std::span<const FieldSpec> (*fields)(std::uint8_t type, const RecordWords &record);
    /// What is raised when a table of this type cannot be read.
    Fault (*unreadable)(std::uint8_t type);
    /// What is raised for an id or PASID beyond the records of a table of this type.
    Fault (*out_of_range)(std::uint8_t type);
    /// `values` in the order of `registers`; the first is always there. Parameters start from `params`.
    RegisterReading (*from_registers)(std::span<const std::optional<std::uint64_t>> values, const FormatParams &params);
    /// Offsets mean different registers in different IOMMUs: whether these can be the registers of this one.
    RegisterFit (*fit)(const RegisterView &registers);
};

/// A directory with the way to read it.
struct DirectoryRequest {
    const DirectoryFormat *format = nullptr;
    FormatParams params;
    PhysAddr root;
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
/// The same for a directory; `levels` at its most.
[[nodiscard]] FormatParams default_params(const DirectoryFormat &format);

/// A table of this type as it stands alone: full, without an owner or an outer stage.
[[nodiscard]] DirectoryTable table_of_type(const DirectoryFormat &format, std::uint8_t type, PhysAddr address);

/// The record in `bytes` (a whole number of words, at most kMaxRecordWords).
[[nodiscard]] RecordWords load_record(std::span<const std::byte> bytes, bool big_endian);

/// Sets one parameter and returns its index. Throws Error (usage, "bad-parameter") for an unknown key or a value
/// that is not among the choices or outside the limits.
std::size_t set_parameter(FormatParams &params, std::span<const ParameterSpec> specs, std::string_view key,
                          std::string_view value);

/// The name of the choice that stands for `value`; empty when the parameter is a number.
[[nodiscard]] std::string_view choice_name(const ParameterSpec &spec, std::uint32_t value);

}  // namespace pgregion
