// SPDX-License-Identifier: GPL-2.0-or-later
#include "text_form/block.h"

#include "base/bits.h"

#include <algorithm>

namespace pgregion::text_form
{

namespace
{

constexpr unsigned kWordBits = 64;
/// The fields of a record hang on a type field, at most on two in a row.
constexpr int kMaxLookups = 4;
/// A table of more entries than a region has words does not fit into it anyway.
constexpr unsigned kMaxIndexBits = 20;

std::span<const FieldSpec> fields_of(const Block &block, EntryKind kind, const RecordWords &words)
{
    if (const TextPageTable *table = block.table())
        return table->format->fields(table->level, kind, table->params);
    const TextDirectoryTable &directory = *block.directory();
    return directory.format->fields(directory.type, words);
}

RecordWords with_assignments(std::span<const FieldSpec> specs, std::span<const Assignment> assignments)
{
    RecordWords words{};
    for (const Assignment &assignment : assignments) {
        const FieldSpec *spec = find_field(specs, assignment.name);
        if (spec != nullptr && fits(*spec, assignment.value))
            put(words, *spec, assignment.value | (assignment.added & mask_of(*spec)));
    }
    return words;
}

bool swapped(const Block &block)
{
    const TextPageTable *table = block.table();
    return table != nullptr ? table->params.big_endian : block.directory()->params.big_endian;
}

}  // namespace

std::uint32_t Block::entry_bytes() const
{
    const TextDirectoryTable *records = directory();
    return records == nullptr ? kWordBytes : records->format->table_types[records->type].record_bytes;
}

std::string_view Block::format_name() const
{
    return table() != nullptr ? table()->format->name : directory()->format->name;
}

std::uint64_t entries_of_full_table(const Block &block)
{
    if (const TextDirectoryTable *directory = block.directory())
        return directory->format->table_types[directory->type].records;
    const TextPageTable &table = *block.table();
    const TableShape shape = table.format->shape(table.level, table.params);
    return std::uint64_t{1} << std::min<unsigned>(shape.index_bits, kMaxIndexBits);
}

unsigned usual_levels(const TableFormat &format, unsigned level)
{
    return std::clamp<unsigned>(std::max(kUsualLevels, level + 1), format.min_levels, format.max_levels);
}

std::string type_word(const DirectoryTableType &type)
{
    constexpr std::string_view kTable = " table";
    std::string word(type.name);
    if (word.ends_with(kTable))
        word.resize(word.size() - kTable.size());
    std::ranges::replace(word, ' ', '-');
    return word;
}

RecordWords load_entry(Bytes region, const Block &block, std::uint32_t index)
{
    RecordWords words{};
    const std::uint64_t at = block.begin + std::uint64_t{index} * block.entry_bytes();
    for (std::size_t i = 0; i < block.entry_bytes() / kWordBytes; ++i) {
        const std::uint64_t word = load_le64(region, at + i * kWordBytes);
        words[i] = swapped(block) ? byte_swap(word) : word;
    }
    return words;
}

void store_entry(MutableBytes entry, const Block &block, const RecordWords &words)
{
    for (std::size_t i = 0; i < block.entry_bytes() / kWordBytes; ++i)
        store_le64(entry, i * kWordBytes, swapped(block) ? byte_swap(words[i]) : words[i]);
}

DirectoryTable directory_table(const TextDirectoryTable &directory)
{
    DirectoryTable table = table_of_type(*directory.format, directory.type, PhysAddr(0));
    table.owner = directory.owner;
    table.outer = directory.outer;
    table.big_endian = directory.params.big_endian;
    return table;
}

EntryKind kind_of(const Block &block, const RecordWords &words)
{
    const TextPageTable *table = block.table();
    return table == nullptr ? EntryKind::empty : table->format->decode(words[0], table->level, table->params).kind;
}

std::uint64_t mask_of(const FieldSpec &spec) { return bits(spec.high % kWordBits, spec.low % kWordBits); }

unsigned width_of(const FieldSpec &spec) { return unsigned{spec.high} - spec.low + 1; }

std::uint64_t max_value(const FieldSpec &spec)
{
    return spec.role == FieldRole::address ? mask_of(spec) : low_bits(width_of(spec));
}

bool fits(const FieldSpec &spec, std::uint64_t value) { return (value & ~max_value(spec)) == 0; }

const FieldSpec *find_field(std::span<const FieldSpec> specs, std::string_view name)
{
    const auto found = std::ranges::find_if(specs, [name](const FieldSpec &spec) { return spec.name == name; });
    return found == specs.end() ? nullptr : &*found;
}

const FieldSpec *step_field(std::span<const FieldSpec> specs)
{
    const auto found =
        std::ranges::find_if(specs, [](const FieldSpec &spec) { return spec.role == FieldRole::address; });
    return found == specs.end() ? nullptr : &*found;
}

void put(RecordWords &words, const FieldSpec &spec, std::uint64_t value)
{
    std::uint64_t &word = words.at(spec.low / kWordBits);
    const std::uint64_t in_place = spec.role == FieldRole::address ? value : value << (spec.low % kWordBits);
    word = (word & ~mask_of(spec)) | in_place;
}

Assembled assemble(const Block &block, EntryKind kind, std::span<const Assignment> assignments)
{
    Assembled made;
    made.specs = fields_of(block, kind, made.words);
    for (int lookup = 0; lookup < kMaxLookups; ++lookup) {
        made.words = with_assignments(made.specs, assignments);
        const std::span<const FieldSpec> specs = fields_of(block, kind, made.words);
        if (specs.data() == made.specs.data() && specs.size() == made.specs.size())
            break;
        made.specs = specs;
    }
    return made;
}

std::optional<Assignment> point_to(const Block &block, std::string_view name, PhysAddr address)
{
    const TextPageTable *table = block.table();
    if (table == nullptr)
        return Assignment{name, address.value(), 0};
    // Formats may shift addresses, scatter them, or add bits; no bit of the address may get lost on the way.
    const unsigned level = table->level == 0 && table->params.levels > 1 ? 1 : table->level;
    const std::uint64_t constant = table->format->encode_table(PhysAddr(0), level, table->params);
    const std::uint64_t stored = table->format->encode_table(address, level, table->params) ^ constant;
    if (std::popcount(stored) != std::popcount(address.value()))
        return std::nullopt;
    return Assignment{name, stored, constant};
}

}  // namespace pgregion::text_form
