// SPDX-License-Identifier: GPL-2.0-or-later
#include "text_form/comment.h"

#include "base/bits.h"

#include <fmt/core.h>

namespace pgregion::text_form
{

namespace
{

std::string size_text(unsigned size_lg2)
{
    constexpr std::string_view kPrefixes = "KMGTPE";
    const unsigned step = size_lg2 / 10;
    if (step == 0 || step > kPrefixes.size())
        return fmt::format("2^{} bytes", size_lg2);
    return fmt::format("{} {}iB", 1U << (size_lg2 % 10), kPrefixes[step - 1]);
}

std::optional<std::uint64_t> page_inside(PhysAddr address, std::optional<PhysAddr> base)
{
    if (!base || address - *base >= kRegionBytes)
        return std::nullopt;
    return (address - *base) / kPageBytes;
}

/// "0x6003000 (page 3)" or the bare address.
std::string place_text(PhysAddr address, std::optional<PhysAddr> base)
{
    const auto page = page_inside(address, base);
    return page ? fmt::format("{:#x} (page {})", address.value(), *page) : fmt::format("{:#x}", address.value());
}

std::string iova_text(const TextPageTable &table, const LineEntries &line)
{
    if (!table.first_iova)
        return {};
    const unsigned shift = table.format->shape(table.level, table.params).shift;
    const auto at = [&](std::uint64_t slot) {
        return table.format->canonical(table.first_iova->value() + (slot << shift), table.params).value();
    };
    if (line.first == line.last)
        return fmt::format(", IOVA {:#x}", at(line.first));
    return fmt::format(", IOVA {:#x}-{:#x}", at(line.first), at(line.last) + bit(shift) - 1);
}

std::string leaf_text(const Entry &entry, const LineEntries &line)
{
    const std::uint64_t slots = std::uint64_t{line.last} - line.first + 1;
    std::string size = size_text(entry.size_lg2);
    if (slots == 1)
        return size;
    if (slots == std::uint64_t{1} << entry.replicas_lg2)
        return fmt::format("{} in {} slots", size, slots);
    return fmt::format("{} x {}", slots, size);
}

std::string entry_text(const TextPageTable &table, const LineEntries &line, std::optional<PhysAddr> base)
{
    const Entry entry = table.format->decode(line.words[0], table.level, table.params);
    std::string text = fmt::format("{}{}", table.format->entry_name(table.level), iova_text(table, line));
    const std::string_view access = entry.access.empty() ? "no access" : letters(entry.access);
    switch (entry.kind) {
    case EntryKind::empty:
        return text + ": not present, but not zero";
    case EntryKind::invalid:
        return text + ": the hardware refuses this encoding";
    case EntryKind::table:
        text += fmt::format(", {}, table at {}", access, place_text(entry.target, base));
        break;
    case EntryKind::leaf:
        text += fmt::format(", {}, {} at {}", access, leaf_text(entry, line), place_text(entry.target, base));
        break;
    }
    if (entry.reserved_set != 0)
        text += fmt::format(", RESERVED BITS {:#x} SET", entry.reserved_set);
    return text;
}

/// The ids behind a record: a bus, a device on a known bus or its devfn, or plain numbers.
std::string id_text(const TextDirectoryTable &directory, std::uint32_t index)
{
    const DirectoryTableType &type = directory.format->table_types[directory.type];
    constexpr std::uint32_t kIds = 0x10000;
    const unsigned id_shift = directory.id_shift.value_or(type.id_shift);
    const std::uint64_t id = (std::uint64_t{index} << id_shift) + directory.first_id.value_or(0);
    if (type.key == DirectoryKey::pasid)
        return directory.first_id ? fmt::format(", PASID {:#x}", id) : std::string();
    if (directory.format->devices != kIds || id >= kIds)
        return directory.first_id ? fmt::format(", device {:#x}", id) : std::string();
    if (id_shift == 8)
        return fmt::format(", bus {:02x}", id >> 8);
    if (id_shift != 0 || (!directory.first_id && type.records > 256))
        return {};
    const std::string function = fmt::format("{:02x}.{}", (id >> 3) & 0x1f, id & 7);
    return directory.first_id ? fmt::format(", {:02x}:{}", id >> 8, function) : ", device " + function;
}

std::string translation_text(const Translation &translation, std::optional<PhysAddr> base)
{
    std::string text = fmt::format(", {}, domain {:#x}", name(translation.kind), translation.domain_id);
    if (translation.format != nullptr)
        text += fmt::format(", {} with {} levels, root at {}", translation.format->name, translation.params.levels,
                            place_text(translation.root, base));
    return text;
}

std::string record_text(const TextDirectoryTable &directory, const LineEntries &line, std::optional<PhysAddr> base)
{
    const DirectoryTableType &type = directory.format->table_types[directory.type];
    const DirectoryRecord record = directory.format->decode(directory_table(directory), line.words, directory.params);
    std::string text = fmt::format("{}{}", type.record_name, id_text(directory, line.first));
    if (record.next)
        text += fmt::format(", {} at {}", directory.format->table_types[record.next->type].name,
                            place_text(record.next->address, base));
    if (record.translation)
        text += translation_text(*record.translation, base);
    if (record.fault)
        text += fmt::format(", faults: {}", record.fault->name);
    return text;
}

}  // namespace

std::string describe_block(const Block &block)
{
    if (const TextDirectoryTable *directory = block.directory())
        return fmt::format("{} of {}", directory->format->table_types[directory->type].name, directory->format->title);
    const TextPageTable &table = *block.table();
    std::string text = fmt::format("{} table", table.format->entry_name(table.level));
    if (table.level + 1U == table.params.levels)
        text += fmt::format(", the root of {} levels", table.params.levels);
    return text + iova_text(table, {0, block.entries - 1, {}});
}

std::string describe_entries(const Block &block, const LineEntries &line, std::optional<PhysAddr> base)
{
    return block.table() != nullptr ? entry_text(*block.table(), line, base)
                                    : record_text(*block.directory(), line, base);
}

}  // namespace pgregion::text_form
