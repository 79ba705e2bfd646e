// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/register_lines.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace pgregion::cli
{

namespace
{

constexpr std::string_view kBlanks = " \t";
constexpr std::size_t kMostHexDigits = 16;

constexpr std::uint64_t kLegacyMode = 0;    ///< bits 11:10 of RTADDR
constexpr std::uint64_t kScalableMode = 1;  ///< the same

bool is_hex_digit(char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

/// Digits alone, as many as 64 bits have at most.
std::optional<std::uint64_t> bare_hex(std::string_view digits)
{
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    const bool whole = failed == std::errc{} && end == digits.data() + digits.size();
    return whole && !digits.empty() && digits.size() <= kMostHexDigits ? std::optional(value) : std::nullopt;
}

bool has_prefix(std::string_view text) { return text.starts_with("0x") || text.starts_with("0X"); }

std::optional<std::uint64_t> prefixed_hex(std::string_view text)
{
    return has_prefix(text) ? bare_hex(text.substr(2)) : std::nullopt;
}

/// With 0x or without.
std::optional<std::uint64_t> any_hex(std::string_view text)
{
    return has_prefix(text) ? prefixed_hex(text) : bare_hex(text);
}

void skip_blanks(std::string_view &text) { text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size())); }

/// Takes the next word off; empty at the end.
std::string_view take_word(std::string_view &text)
{
    skip_blanks(text);
    const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
    text.remove_prefix(word.size());
    return word;
}

/// The word behind the last `mark`; nothing without the mark.
std::optional<std::string_view> word_behind(std::string_view line, std::string_view mark)
{
    const std::size_t at = line.rfind(mark);
    if (at == std::string_view::npos)
        return std::nullopt;
    line.remove_prefix(at + mark.size());
    return take_word(line);
}

/// The bytes of a value that a tool prints with all its digits; 0 where no tool prints so many.
unsigned width_of(std::size_t digits)
{
    return digits == 2 || digits == 4 || digits == 8 || digits == 16 ? static_cast<unsigned>(digits / 2) : 0;
}

// ---- debugfs -----------------------------------------------------------------------------------------------

bool read_base(std::string_view line, RegisterCollector &collector)
{
    const auto word = word_behind(line, "Base Address:");
    const auto base = word ? any_hex(*word) : std::nullopt;
    if (base)
        collector.begin_unit(*base);
    return base.has_value();
}

bool read_root_table(std::string_view line, RegisterCollector &collector)
{
    const auto word = word_behind(line, "Root Table Address:");
    const auto root = word ? any_hex(*word) : std::nullopt;
    if (root)
        collector.begin_tables(*root);
    return root.has_value();
}

/// "00:02.0", as the first word of a line.
bool is_device(std::string_view word)
{
    constexpr std::size_t kLength = sizeof("00:02.0") - 1;
    return word.size() == kLength && word[2] == ':' && word[5] == '.' && is_hex_digit(word[0]) &&
           is_hex_digit(word[1]) && is_hex_digit(word[3]) && is_hex_digit(word[4]) && is_hex_digit(word[6]);
}

/// Legacy mode has no PASIDs; the kernel prints -1 for them there.
bool read_table_row(std::string_view line, RegisterCollector &collector)
{
    const std::string_view device = take_word(line);
    const std::string_view root_entry = take_word(line);
    const std::string_view context_entry = take_word(line);
    const std::string_view pasid = take_word(line);
    if (!collector.in_tables() || !is_device(device) || !has_prefix(root_entry) || !has_prefix(context_entry) ||
        (pasid != "-1" && !bare_hex(pasid)))
        return false;
    collector.set_mode(pasid == "-1" ? kLegacyMode : kScalableMode);
    return true;
}

/// Kernels before 5.3, which knew legacy mode alone.
bool read_old_table_row(std::string_view line, RegisterCollector &collector)
{
    if (!collector.in_tables() || !line.starts_with("Bus:") || line.find(" L:") == std::string_view::npos)
        return false;
    collector.set_mode(kLegacyMode);
    return true;
}

/// The file "mmio"; the file "capability" beside it has values of 32 bits, which are in the PCI configuration space.
bool read_offset_and_value(std::string_view line, RegisterCollector &collector)
{
    constexpr std::string_view kOffset = "Offset:";
    const std::size_t at = line.find(kOffset);
    const auto value_text = word_behind(line, "Value:");
    if (at == std::string_view::npos || !value_text)
        return false;
    std::string_view rest = line.substr(at + kOffset.size());
    const auto offset = prefixed_hex(take_word(rest));
    const auto value = prefixed_hex(*value_text);
    if (!offset || !value)
        return false;
    if (value_text->size() - 2 != kMostHexDigits)
        return true;
    if (at != 0)
        collector.begin_unit_called(line.substr(0, at));
    collector.store_in_next_unit(*offset, *value, 8);
    return true;
}

/// Registers of 32 bits are printed with the digits of 64, which must not hide what lies behind them.
bool read_name_offset_value(std::string_view line, RegisterCollector &collector)
{
    constexpr std::size_t kDigitsOfFourBytes = 8;
    const std::string_view name = take_word(line);
    const auto offset = prefixed_hex(take_word(line));
    const std::string_view value_text = take_word(line);
    const auto value = prefixed_hex(value_text);
    if (has_prefix(name) || name.ends_with(':') || !offset || !value || !take_word(line).empty())
        return false;
    const auto place = find_register(name);
    if (place && place->spec().offset == *offset)
        collector.store_at_offset(*offset, *value, place->spec().bytes);
    else if (value_text.size() - 2 <= kDigitsOfFourBytes)
        collector.store_at_offset(*offset, *value, 4);
    else
        collector.store_number_at_offset(*offset, *value);
    return true;
}

// ---- memory ------------------------------------------------------------------------------------------------

/// Takes "ADDRESS:" or gdb's "ADDRESS <symbol+8>:" off.
std::optional<std::uint64_t> take_address(std::string_view &line)
{
    std::string_view rest = line;
    std::string_view word = take_word(rest);
    if (word.ends_with(':')) {
        word.remove_suffix(1);
    } else {
        skip_blanks(rest);
        const std::size_t end = rest.find(">:");
        if (!rest.starts_with('<') || end == std::string_view::npos)
            return std::nullopt;
        rest.remove_prefix(end + 2);
    }
    const auto address = any_hex(word);
    if (address)
        line = rest;
    return address;
}

/// Values with 0x, each with all its digits: their width is what they were read by.
bool read_prefixed_words(std::string_view line, RegisterCollector &collector)
{
    const auto address = take_address(line);
    if (!address)
        return false;
    std::vector<std::uint64_t> values;
    std::size_t digits = 0;
    while (true) {
        const std::string_view word = take_word(line);
        const auto value = prefixed_hex(word);
        if (!value)
            break;
        if (!values.empty() && word.size() - 2 != digits)
            return false;
        digits = word.size() - 2;
        values.push_back(*value);
    }
    const unsigned width = width_of(digits);
    if (values.empty() || (width == 0 && values.size() != 1) || *address > ~std::uint64_t{0} - 8 * values.size())
        return false;
    if (width == 0)
        collector.store_number_at_address(*address, values.front());
    for (std::size_t i = 0; width != 0 && i < values.size(); ++i)
        collector.store_at_address(*address + i * width, values[i], width);
    return true;
}

/// What stands between the values of a line and the text behind them, or the end.
struct BareWords {
    std::vector<std::uint64_t> values;
    unsigned width = 0;
    std::size_t gap = 0;    ///< blanks in front of the text
    bool has_text = false;  ///< characters that the bytes stand for
};

BareWords take_bare_words(std::string_view line)
{
    BareWords words;
    while (true) {
        words.gap = std::min(line.find_first_not_of(' '), line.size());
        words.has_text = words.gap != line.size();
        const bool is_behind = words.values.empty() ? words.gap > 2 : words.gap != 1;
        const std::string_view word = line.substr(words.gap, line.find(' ', words.gap) - words.gap);
        const unsigned width = width_of(word.size());
        const auto value = bare_hex(word);
        if (is_behind || !value || width == 0 || (words.width != 0 && width != words.width))
            return words;
        words.width = width;
        words.values.push_back(*value);
        line.remove_prefix(words.gap + word.size());
    }
}

/// Values without 0x. crash has two blanks in front of them; with one it is words of 32 or 64 bits alone (U-Boot's md,
/// or written by hand), because programs that print so show bytes or halves in an order that cannot be told.
bool read_bare_words(std::string_view line, RegisterCollector &collector)
{
    constexpr std::size_t kGapOfText = 4;  // of md; xxd has less
    const auto address = take_address(line);
    const bool is_crash = line.starts_with("  ");
    if (!address)
        return false;
    const BareWords words = take_bare_words(line);
    if (words.values.empty() || *address > ~std::uint64_t{0} - 8 * words.values.size())
        return false;
    if (!is_crash && (words.width < 4 || (words.has_text && words.gap < kGapOfText)))
        return false;
    for (std::size_t i = 0; i < words.values.size(); ++i)
        collector.store_at_address(*address + i * words.width, words.values[i], words.width);
    return true;
}

/// "0xfed90020 0x2a67400", as scripts print pairs.
bool read_pair(std::string_view line, RegisterCollector &collector)
{
    const auto address = prefixed_hex(take_word(line));
    const std::string_view value_text = take_word(line);
    const auto value = prefixed_hex(value_text);
    if (!address || !value || !take_word(line).empty() || *address > ~std::uint64_t{0} - 8)
        return false;
    if (const unsigned width = width_of(value_text.size() - 2); width != 0)
        collector.store_at_address(*address, *value, width);
    else
        collector.store_number_at_address(*address, *value);
    return true;
}

// ---- names -------------------------------------------------------------------------------------------------

/// The register that "NAME", "iommu->NAME" or "u64 NAME" calls.
std::optional<RegisterPlace> register_called(std::string_view text)
{
    const auto is_part = [](char c) {
        return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c == '-';
    };
    std::size_t begin = text.size();
    while (begin > 0 && is_part(text[begin - 1]))
        --begin;
    return find_register(text.substr(begin));
}

/// A value as register_value() takes it: what kernels print with all digits and without 0x gets its 0x.
std::string value_of(std::string_view word)
{
    const auto is_decimal = [](char c) { return c >= '0' && c <= '9'; };
    const bool is_padded = word.size() == 8 || word.size() == kMostHexDigits;
    const bool is_plain = !word.empty() && word.front() != '0' && std::ranges::all_of(word, is_decimal);
    return is_padded && !is_plain && bare_hex(word) ? "0x" + std::string(word) : std::string(word);
}

/// "NAME = VALUE", "NAME: VALUE" or "NAME VALUE" as the register and what stands behind it.
std::optional<RegisterPlace> take_register(std::string_view &line)
{
    for (const std::string_view separators : {std::string_view("=:"), kBlanks}) {
        const std::size_t at = line.find_first_of(separators);
        if (at == std::string_view::npos)
            continue;
        const std::string_view name = line.substr(0, at);
        const auto place = register_called(name.substr(0, name.find_last_not_of(kBlanks) + 1));
        if (place) {
            line.remove_prefix(at + 1);
            return place;
        }
    }
    return std::nullopt;
}

/// Also drgn's "rtaddr = (u64)44462080", and a comment behind.
bool read_name_and_value(std::string_view line, RegisterCollector &collector)
{
    const auto place = take_register(line);
    if (!place)
        return false;
    skip_blanks(line);
    if (line.starts_with('('))
        line.remove_prefix(std::min(line.find(')'), line.size() - 1) + 1);
    const std::string_view value = take_word(line);
    const std::string_view behind = take_word(line);
    const bool is_comment = behind.empty() || behind.front() == '#' || behind.front() == '(' || behind.front() == ';';
    if (value.empty() || !is_hex_digit(value.front()) || !is_comment)
        return false;
    collector.store_named(*place, value_of(value));
    return true;
}

constexpr std::array<LineGrammar, 10> kLineGrammars{{
    {"Linux debugfs intel/iommu_regset, IOMMU", "IOMMU: dmar0 Register Base Address: fed90000", &read_base},
    {"Linux debugfs intel/dmar_translation_struct, root", "IOMMU dmar0: Root Table Address: 0x2a67000",
     &read_root_table},
    {"Linux debugfs intel/dmar_translation_struct, device",
     "00:02.0\t0x0000000000000000:0x0000000002a68001\t0x0000000000000102:0x0000000002a69005\t-1    "
     "\t0x0000000000000000:0x0000000000000000:0x0000000000000000",
     &read_table_row},
    {"Linux debugfs intel/dmar_translation_struct, before 5.3", "Bus: 0 H: 0 L: 4362f0001", &read_old_table_row},
    {"Linux debugfs amd/iommu00/mmio", "Offset:0x0 Value:0x0000000001638007", &read_offset_and_value},
    {"Linux debugfs intel/iommu_regset, register", "RTADDR          \t0x20\t\t0x0000000002a67400",
     &read_name_offset_value},
    {"QEMU xp, gdb x", "00000000fed90020: 0x0000000002a67400 0x0000000000000000", &read_prefixed_words},
    {"crash rd -p", "fed90020:  0000000002a67400 0000000000000000   .t..............", &read_bare_words},
    {"address and value", "0xfed90020 0x2a67400", &read_pair},
    {"name and value", "rtaddr = 0x2a67400", &read_name_and_value},
}};

}  // namespace

std::span<const LineGrammar> line_grammars() { return kLineGrammars; }

}  // namespace pgregion::cli
