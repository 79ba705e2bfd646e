// SPDX-License-Identifier: GPL-2.0-or-later
#include "text_form/plan.h"

#include <algorithm>

#include <fmt/core.h>

namespace pgregion::text_form
{

namespace
{

constexpr std::size_t kRegionWords = kRegionBytes / kWordBytes;

/// The words of the region that are spoken for.
class Claims
{
public:
    Claims() : words_(kRegionWords) { std::fill_n(words_.begin(), kBitmapWords, true); }

    /// False, and nothing claimed, when a word of [begin, end) is taken.
    bool claim(std::uint64_t begin, std::uint64_t end)
    {
        const auto first = words_.begin() + static_cast<std::ptrdiff_t>(begin / kWordBytes);
        const auto last = words_.begin() + static_cast<std::ptrdiff_t>(end / kWordBytes);
        if (std::find(first, last, true) != last)
            return false;
        std::fill(first, last, true);
        return true;
    }

private:
    std::vector<bool> words_;
};

bool sensible(const TextPageTable &table)
{
    return table.format != nullptr && table.params.levels >= table.format->min_levels &&
           table.params.levels <= table.format->max_levels && table.level < table.params.levels &&
           table.params.paw_bits >= 1 && table.params.paw_bits <= table.format->max_paw_bits &&
           table.format->consistent(table.params);
}

bool sensible(const TextDirectoryTable &directory)
{
    return directory.format != nullptr && directory.type < directory.format->table_types.size() &&
           directory.params.paw_bits >= 1 && directory.params.paw_bits <= directory.format->max_paw_bits;
}

/// The block of a table; nothing when it cannot be one.
std::optional<Block> block_of(const TextTable &table)
{
    const bool known = std::visit([](const auto &shown) { return sensible(shown); }, table.shown_as);
    if (!known || table.page.value() >= kRegionPages || table.offset_bytes % kWordBytes != 0)
        return std::nullopt;
    Block block{table.page.value() * kPageBytes + table.offset_bytes, 0, table.shown_as};
    if (block.begin >= kRegionBytes)
        return std::nullopt;
    const std::uint64_t most = entries_of_full_table(block);
    if (table.entries && *table.entries > most)
        return std::nullopt;
    const std::uint64_t room = (kRegionBytes - block.begin) / block.entry_bytes();
    block.entries = static_cast<std::uint32_t>(std::min<std::uint64_t>(table.entries.value_or(most), room));
    return block.entries == 0 ? std::nullopt : std::optional(block);
}

/// Appends the settings in which `wanted` differs from `params`, as far as words can say it, and makes `params`
/// what the words mean.
void append_settings(std::string &heading, FormatParams &params, const FormatParams &wanted,
                     std::span<const ParameterSpec> specs)
{
    if (params.paw_bits != wanted.paw_bits)
        heading += fmt::format(" {}={}", kPaw, wanted.paw_bits);
    params.paw_bits = wanted.paw_bits;
    for (std::size_t i = 0; i < specs.size(); ++i) {
        const ParameterSpec &spec = specs[i];
        const std::uint32_t value = wanted.value.at(i);
        const std::string_view choice = choice_name(spec, value);
        const bool can_say = spec.choices.empty() ? value >= spec.min && value <= spec.max : !choice.empty();
        if (params.value.at(i) == value || !can_say)
            continue;
        const std::string word = choice.empty() ? std::to_string(value) : std::string(choice);
        heading += fmt::format(" {}={}", spec.key, word);
        set_parameter(params, specs, spec.key, word);
    }
    if (params.big_endian != wanted.big_endian)
        heading += fmt::format(" {}={}", kByteOrder, wanted.big_endian ? "big" : "little");
    params.big_endian = wanted.big_endian;
}

void append_table(std::string &heading, TextPageTable &table)
{
    const FormatParams wanted = table.params;
    heading += fmt::format(" {} level {}", table.format->name, table.level);
    if (wanted.levels != usual_levels(*table.format, table.level))
        heading += fmt::format(" {}={}", kLevels, wanted.levels);
    table.params = default_params(*table.format, wanted.levels);
    append_settings(heading, table.params, wanted, table.format->parameters);
}

void append_directory(std::string &heading, TextDirectoryTable &directory)
{
    const FormatParams wanted = directory.params;
    heading += fmt::format(" {} {}", directory.format->name, type_word(directory.format->table_types[directory.type]));
    directory.params = default_params(*directory.format);
    if (wanted.levels != directory.params.levels)
        heading += fmt::format(" {}={}", kLevels, wanted.levels);
    directory.params.levels = wanted.levels;
    append_settings(heading, directory.params, wanted, directory.format->parameters);
}

PlannedBlock plan_block(Block block)
{
    std::string settings;
    if (auto *table = std::get_if<TextPageTable>(&block.shown_as))
        append_table(settings, *table);
    else
        append_directory(settings, std::get<TextDirectoryTable>(block.shown_as));
    std::string heading = fmt::format("page {}", block.begin / kPageBytes);
    if (block.begin % kPageBytes != 0)
        heading += fmt::format(" offset {:#x}", block.begin % kPageBytes);
    if (block.entries != entries_of_full_table(block))
        heading += fmt::format(" entries {}", block.entries);
    return {block, heading + settings};
}

}  // namespace

std::vector<PlannedBlock> plan_blocks(std::span<const TextTable> tables)
{
    std::vector<PlannedBlock> planned;
    Claims claims;
    for (const TextTable &table : tables) {
        const std::optional<Block> block = block_of(table);
        if (planned.size() < kMaxBlocks && block && claims.claim(block->begin, block->end()))
            planned.push_back(plan_block(*block));
    }
    std::ranges::sort(planned, {}, [](const PlannedBlock &one) { return one.block.begin; });
    return planned;
}

}  // namespace pgregion::text_form
