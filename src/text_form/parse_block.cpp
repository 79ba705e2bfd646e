// SPDX-License-Identifier: GPL-2.0-or-later
#include "text_form/parse_block.h"

#include <algorithm>

#include <fmt/core.h>

namespace pgregion::text_form
{

namespace
{

std::string known_formats()
{
    std::string names(kBytes);
    for (const TableFormat *format : table_formats())
        (names += ", ") += format->name;
    for (const DirectoryFormat *format : directory_formats())
        (names += ", ") += format->name;
    return names;
}

std::string values_of(const ParameterSpec &spec)
{
    if (spec.choices.empty())
        return fmt::format("a number from {} to {}", spec.min, spec.max);
    std::string names;
    for (const ParameterChoice &choice : spec.choices)
        (names += names.empty() ? "" : " or ") += choice.name;
    return names;
}

/// Settings of a block while its line is read; what depends on several of them is checked at the end.
struct Settings {
    std::span<const ParameterSpec> specs;
    std::uint8_t max_paw_bits = 0;
    Range<std::uint64_t> levels;
    bool table = true;
    FormatParams params;
    std::optional<Token> level;
    std::vector<std::string_view> seen;
};

std::string known_settings(const Settings &settings)
{
    std::string names = fmt::format("{}{}=, {}=", settings.table ? "level, byte-order=, " : "", kLevels, kPaw);
    for (const ParameterSpec &spec : settings.specs)
        names += fmt::format(", {}=", spec.key);
    return names;
}

void set_byte_order(FormatParams &params, const Token &value)
{
    if (value.text != "big" && value.text != "little")
        fail(value, "big or little");
    params.big_endian = value.text == "big";
}

void set_format_parameter(Settings &settings, const Token &key, const Token &value)
{
    for (const ParameterSpec &spec : settings.specs) {
        if (spec.key != key.text)
            continue;
        try {
            set_parameter(settings.params, settings.specs, key.text, value.text);
        } catch (const TextFormError &) {
            throw;
        } catch (const Error &) {
            fail(value, values_of(spec), fmt::format("{}: {}", spec.key, spec.meaning));
        }
        return;
    }
    fail(key, "one of the settings " + known_settings(settings));
}

/// One `key=value`.
void apply_setting(Settings &settings, const Token &token)
{
    const std::size_t equals = token.text.find('=');
    if (equals == std::string_view::npos)
        fail(token, "one of the settings " + known_settings(settings));
    const Token key = token.part(0, equals);
    const Token value = token.part(equals + 1);
    if (std::ranges::find(settings.seen, key.text) != settings.seen.end())
        fail(token, "each setting once");
    settings.seen.push_back(key.text);
    const std::uint64_t max_levels = settings.levels.first + settings.levels.size - 1;
    if (key.text == kLevels)
        settings.params.levels =
            static_cast<std::uint8_t>(number(value, "a number of levels", settings.levels.first, max_levels));
    else if (key.text == kPaw)
        settings.params.paw_bits =
            static_cast<std::uint8_t>(number(value, "a number of bits", 1, settings.max_paw_bits));
    else if (key.text == kByteOrder && settings.table)
        set_byte_order(settings.params, value);
    else
        set_format_parameter(settings, key, value);
}

void parse_settings(Settings &settings, Line &line)
{
    while (!line.at_end()) {
        const Token token = line.next();
        if (token.text != "level" || !settings.table)
            apply_setting(settings, token);
        else if (settings.level)
            fail(token, "one level");
        else
            settings.level = line.next();
    }
}

TextPageTable parse_table(const TableFormat &format, Line &line)
{
    Settings settings;
    settings.specs = format.parameters;
    settings.max_paw_bits = format.max_paw_bits;
    settings.levels = {format.min_levels, format.max_levels - std::uint64_t{format.min_levels} + 1};
    settings.params = default_params(format, 0);
    parse_settings(settings, line);
    if (!settings.level)
        fail(line.next(), "level and a number",
             fmt::format("an entry of {} depends on its table's level", format.name));
    const std::uint64_t most = settings.params.levels == 0 ? format.max_levels : settings.params.levels;
    const auto level = static_cast<unsigned>(number(*settings.level, "a level", 0, most - 1));
    if (settings.params.levels == 0)
        settings.params.levels = static_cast<std::uint8_t>(usual_levels(format, level));
    return {&format, settings.params, level, std::nullopt};
}

TextDirectoryTable parse_directory(const DirectoryFormat &format, Line &line)
{
    constexpr std::uint64_t kMostLevels = 7;
    const Token word = line.next();
    std::string known;
    std::uint8_t type = 0;
    while (type < format.table_types.size() && type_word(format.table_types[type]) != word.text)
        (known += known.empty() ? "" : ", ") += type_word(format.table_types[type++]);
    if (type == format.table_types.size())
        fail(word, fmt::format("a table of {}: {}", format.name, known));
    Settings settings;
    settings.specs = format.parameters;
    settings.max_paw_bits = format.max_paw_bits;
    settings.levels = {0, kMostLevels + 1};
    settings.table = false;
    settings.params = default_params(format);
    parse_settings(settings, line);
    return {&format, settings.params, type, std::nullopt};
}

/// `offset X` and `entries C`, where they stand.
struct Place {
    std::optional<Token> offset;
    std::optional<Token> entries;
};

/// Checks what depends on both the place and the kind of table.
void finish_block(Block &block, const Place &place, const Token &page)
{
    const std::uint64_t most = entries_of_full_table(block);
    const std::uint64_t entries =
        place.entries ? number(*place.entries, "a number of entries", 1, most) : entries_of_full_table(block);
    const std::uint64_t room = (kRegionBytes - block.begin) / block.entry_bytes();
    if (entries > room) {
        fail(place.entries.value_or(page), fmt::format("a table that ends in the region: at most {} entries", room),
             fmt::format("a table of {} has {} unless `entries` before its format says less", block.format_name(),
                         most));
    }
    block.entries = static_cast<std::uint32_t>(entries);
}

}  // namespace

BlockStart parse_block_start(Line &line)
{
    const Token page = line.next();
    BlockStart start{PageIndex(number(page, "a page", 0, kRegionPages - 1)), {}};
    Place place;
    Token what = line.next();
    for (; what.text == "offset" || what.text == "entries"; what = line.next()) {
        std::optional<Token> &slot = what.text == "offset" ? place.offset : place.entries;
        if (slot)
            fail(what, fmt::format("{} once", what.text));
        slot = line.next();
    }
    if (what.text == kBytes) {
        if (place.offset || place.entries)
            fail(what, "the name of a format", "lines of bytes carry their offsets themselves");
        line.end();
        return start;
    }
    Block block;
    if (const TableFormat *table = find_table_format(what.text))
        block.shown_as = parse_table(*table, line);
    else if (const DirectoryFormat *directory = find_directory_format(what.text))
        block.shown_as = parse_directory(*directory, line);
    else
        fail(what, "one of " + known_formats());
    block.begin = start.page.value() * kPageBytes;
    if (place.offset) {
        const std::uint64_t offset = number(*place.offset, "an offset", 0, kPageBytes - kWordBytes);
        if (offset % kWordBytes != 0)
            fail(*place.offset, "a multiple of 8");
        block.begin += offset;
    }
    finish_block(block, place, page);
    start.block = block;
    return start;
}

}  // namespace pgregion::text_form
