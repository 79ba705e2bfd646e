// SPDX-License-Identifier: GPL-2.0-or-later
//
// What writer and parser of the text form share: the geometry of a block, and the one function that makes an
// entry from named fields. As both go through it, the writer can tell whether a line will read back exactly.
#pragma once

#include "base/bytes.h"

#include <pgregion/region.h>
#include <pgregion/text_form.h>

#include <bit>
#include <string>

namespace pgregion::text_form
{

inline constexpr std::string_view kHeader = "pgregion-text";
inline constexpr std::uint64_t kVersion = 1;
inline constexpr std::size_t kMaxLineBytes = 4096;
inline constexpr std::size_t kMaxTextBytes = std::size_t{64} << 20;
/// Longest line for each 8 bytes of entry. A region has 2^18 words: with it the writer stays within 64 MiB.
inline constexpr std::size_t kLineBytesPerWord = 192;
/// Blocks that the writer makes at most, for the same reason; a region of small tables has a few hundred.
inline constexpr std::size_t kMaxBlocks = 32768;
/// Four levels is what most systems use in every format; other numbers are written.
inline constexpr unsigned kUsualLevels = 4;
inline constexpr std::uint64_t kRowBytes = 16;

// The words of the form.
inline constexpr std::string_view kRaw = "raw";
inline constexpr std::string_view kStep = "step";
inline constexpr std::string_view kBytes = "bytes";
inline constexpr std::string_view kLevels = "levels";
inline constexpr std::string_view kPaw = "paw";
inline constexpr std::string_view kByteOrder = "byte-order";
inline constexpr std::string_view kPagePrefix = "page:";

/// A block of entries: where it lies and how its words are read.
struct Block {
    std::uint64_t begin = 0;  ///< offset of entry 0 in the region
    std::uint32_t entries = 0;
    std::variant<TextPageTable, TextDirectoryTable> shown_as;

    [[nodiscard]] std::uint32_t entry_bytes() const;
    [[nodiscard]] std::uint64_t end() const { return begin + std::uint64_t{entries} * entry_bytes(); }
    [[nodiscard]] const TextPageTable *table() const { return std::get_if<TextPageTable>(&shown_as); }
    [[nodiscard]] const TextDirectoryTable *directory() const { return std::get_if<TextDirectoryTable>(&shown_as); }
    /// "vtd-ss" or "vtd-root".
    [[nodiscard]] std::string_view format_name() const;
};

/// Entries of a whole table.
[[nodiscard]] std::uint64_t entries_of_full_table(const Block &block);

/// The number of levels that is meant where none is written.
[[nodiscard]] unsigned usual_levels(const TableFormat &format, unsigned level);

/// A table type in one word: "root table" is root, "PASID directory" is PASID-directory.
[[nodiscard]] std::string type_word(const DirectoryTableType &type);

/// The words of entry `index` as the format sees them; a page table has one.
[[nodiscard]] RecordWords load_entry(Bytes region, const Block &block, std::uint32_t index);
void store_entry(MutableBytes entry, const Block &block, const RecordWords &words);

/// The table that a block stands for, as far as decoding needs it.
[[nodiscard]] DirectoryTable directory_table(const TextDirectoryTable &directory);

/// What the format makes of a word; empty in a directory, where the keyword is not used.
[[nodiscard]] EntryKind kind_of(const Block &block, const RecordWords &words);

/// One NAME=value of an entry line.
struct Assignment {
    std::string_view name;
    std::uint64_t value = 0;
    /// Pointers: bits that the format adds to every address (an encryption bit); those in the field are set too.
    std::uint64_t added = 0;
};

/// The mask of the field, in place within its word.
[[nodiscard]] std::uint64_t mask_of(const FieldSpec &spec);
[[nodiscard]] unsigned width_of(const FieldSpec &spec);
/// The largest value that can be written for the field.
[[nodiscard]] std::uint64_t max_value(const FieldSpec &spec);
[[nodiscard]] bool fits(const FieldSpec &spec, std::uint64_t value);
/// Null when there is no such field.
[[nodiscard]] const FieldSpec *find_field(std::span<const FieldSpec> specs, std::string_view name);
/// The field that a step counts in: the first that holds an address. Null when there is none.
[[nodiscard]] const FieldSpec *step_field(std::span<const FieldSpec> specs);
/// Replaces the field; `value` must fit.
void put(RecordWords &words, const FieldSpec &spec, std::uint64_t value);

struct Assembled {
    RecordWords words{};
    std::span<const FieldSpec> specs;  ///< the fields that the entry has
};

/// The entry that has these values and is zero elsewhere. Names without a field and values that do not fit are
/// left out. Which fields a directory record has may depend on its own bits: fields are looked up again until
/// that settles, a few times at most; callers check the result.
[[nodiscard]] Assembled assemble(const Block &block, EntryKind kind, std::span<const Assignment> assignments);

/// The value that points to `address` as the block's format stores pointers; `name` is passed on. Nothing when
/// the format cannot hold the address.
[[nodiscard]] std::optional<Assignment> point_to(const Block &block, std::string_view name, PhysAddr address);

}  // namespace pgregion::text_form
