// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/numbers.h"

#include "cli/opening/device_names.h"

#include <pgregion/error.h>
#include <pgregion/report.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

namespace pgregion::cli
{

namespace
{

/// More digits than any number of 64 bits has, separators and zeros in front of it included.
constexpr std::size_t kLongestNumber = 128;
constexpr unsigned kMostPhysicalBits = 56;  ///< RISC-V; the others have 52

constexpr std::string_view kNumberHint = "give a decimal number, or a hexadecimal one with 0x, below 2^64";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

std::optional<std::uint64_t> parse_in_base(std::string_view digits, int base)
{
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (digits.empty() || failed != std::errc{} || end != digits.data() + digits.size())
        return std::nullopt;
    return value;
}

/// `text` without single separators between digits; nothing when one is anywhere else.
std::optional<std::string> without_separators(std::string_view text, std::string_view separators)
{
    if (text.size() > kLongestNumber)
        return std::nullopt;
    std::string digits;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (separators.find(text[i]) == std::string_view::npos) {
            digits += text[i];
            continue;
        }
        const bool is_between = i > 0 && is_hex_digit(text[i - 1]) && i + 1 < text.size() && is_hex_digit(text[i + 1]);
        if (!is_between)
            return std::nullopt;
    }
    return digits;
}

bool has_hex_prefix(std::string_view text) { return text.starts_with("0x") || text.starts_with("0X"); }

/// "ffff888012345000", "ffff8880`12345000": the digits when `text` is hexadecimal, were 0x in front of it.
std::optional<std::string> bare_hex(std::string_view text)
{
    const auto digits = without_separators(text, "_'`");
    const bool fits = digits && parse_in_base(*digits, 16) && !digits->empty();
    return fits ? digits : std::nullopt;
}

struct SizeText {
    std::string_view number;
    unsigned shift = 0;
};

/// "8 KiB" is "8" and 10.
SizeText split_unit(std::string_view text)
{
    static constexpr std::string_view kUnits = "kmgt";
    const auto lower = [&](std::size_t from_end) {
        return from_end <= text.size() ? static_cast<char>(text[text.size() - from_end] | 0x20) : '\0';
    };
    std::size_t length = 1;
    if (lower(1) == 'b' && lower(2) == 'i')
        length = 3;
    else if (lower(1) == 'i')
        length = 2;
    const std::size_t unit = kUnits.find(lower(length));
    if (text.size() < length || unit == std::string_view::npos)
        return {text, 0};
    text.remove_suffix(length);
    if (text.ends_with(' '))
        text.remove_suffix(1);
    return {text, 10 * (static_cast<unsigned>(unit) + 1)};
}

/// "1.5G" as "1536M"; empty when no whole number of the next smaller unit says it.
std::string without_fraction(std::string_view text)
{
    static constexpr std::string_view kSmaller = " KMG";  // of what a shift of 10, 20, 30, 40 means
    constexpr std::uint64_t kThousand = 1024;
    constexpr std::size_t kMostDecimals = 9;
    const auto [number, shift] = split_unit(text);
    const std::size_t point = number.find('.');
    if (point == std::string_view::npos || shift == 0)
        return {};
    const auto whole = parse_in_base(number.substr(0, point), 10);
    const std::string_view decimals = number.substr(point + 1);
    const auto part = parse_in_base(decimals, 10);
    if (!whole || !part || decimals.size() > kMostDecimals || *whole > (std::uint64_t{1} << 40))
        return {};
    std::uint64_t ten = 1;
    for (std::size_t i = 0; i < decimals.size(); ++i)
        ten *= 10;
    if (*part * kThousand % ten != 0)
        return {};
    const char unit = kSmaller[shift / 10 - 1];
    return std::to_string(*whole * kThousand + *part * kThousand / ten) + (unit == ' ' ? "" : std::string(1, unit));
}

[[noreturn]] void refuse(std::string_view code, std::string_view what, std::string_view text, std::string_view hint)
{
    throw Error(Failure::usage, std::string(code), std::string(what) + " does not take '" + printable(text) + "'",
                std::string(hint));
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text)
{
    if (has_hex_prefix(text)) {
        const auto digits = without_separators(text.substr(2), "_'`");
        return digits ? parse_in_base(*digits, 16) : std::nullopt;
    }
    const auto digits = without_separators(text, "_'");
    if (!digits || (digits->size() > 1 && digits->front() == '0'))
        return std::nullopt;
    return parse_in_base(*digits, 10);
}

std::optional<std::uint64_t> parse_size(std::string_view text)
{
    const auto [digits, shift] = split_unit(text);
    const auto number = parse_number(digits);
    if (!number || (*number << shift) >> shift != *number)
        return std::nullopt;
    return *number << shift;
}

std::string number_hint(std::string_view text)
{
    const auto digits = has_hex_prefix(text) ? std::nullopt : bare_hex(text);
    if (!digits)
        return std::string(kNumberHint);
    if (!std::ranges::all_of(*digits, is_digit))
        return "did you mean 0x" + *digits + "? Hexadecimal numbers are written with 0x";
    if (digits->front() != '0')
        return std::string(kNumberHint);
    const std::size_t first = std::min(digits->find_first_not_of('0'), digits->size() - 1);
    return "a decimal number does not begin with 0: did you mean 0x" + *digits + ", or " + digits->substr(first) + "?";
}

std::string size_hint(std::string_view text)
{
    static constexpr std::string_view kUnits = "kmgt";
    const auto [number, shift] = split_unit(text);
    if (number.find('.') != std::string_view::npos) {
        const std::string whole = without_fraction(text);
        return "fractions are not taken: " + (whole.empty() ? "give the bytes" : "write " + whole);
    }
    if (text.size() > 2 && (text.back() | 0x20) == 'b') {
        const std::string_view count = text.substr(0, text.size() - 2);
        const char unit = static_cast<char>(text[text.size() - 2] & ~0x20);
        if (kUnits.find(static_cast<char>(unit | 0x20)) != std::string_view::npos && parse_number(count))
            return std::string(1, unit) + "B means a power of 1000 or of 1024: write " + std::string(count) + unit +
                   "iB for the latter, or the bytes";
    }
    const std::string hint = number_hint(number);
    return hint != kNumberHint ? hint : "give a number, decimal or with 0x, and perhaps K, M, G or T behind it";
}

std::uint64_t require_number(std::string_view text, std::string_view what)
{
    const auto number = parse_number(text);
    if (!number)
        refuse("bad-number", what, text, number_hint(text));
    return *number;
}

std::uint64_t require_size(std::string_view text, std::string_view what)
{
    const auto size = parse_size(text);
    if (!size)
        refuse("bad-number", what, text, size_hint(text));
    return *size;
}

bool is_kernel_virtual(std::uint64_t address) { return address >> kMostPhysicalBits == 0xff; }

std::string virtual_address_hint(std::uint64_t address)
{
    // The direct map of x86-64 with four levels; KASLR moves it.
    constexpr std::uint64_t kDirectMap = 0xffff888000000000;
    constexpr std::uint64_t kDirectMapEnd = 0xffffc88000000000;
    std::string hint = "crash's vtop and drgn's virt_to_phys() give the physical one";
    if (address >= kDirectMap && address < kDirectMapEnd)
        hint += "; on x86-64 without KASLR, where the direct map begins at 0xffff888000000000, it is " +
                hex(address - kDirectMap);
    return hint;
}

std::uint64_t require_physical(std::string_view text, std::string_view what)
{
    const std::uint64_t address = require_size(text, what);
    if (is_kernel_virtual(address))
        throw Error(Failure::usage, "virtual-address",
                    hex(address) + " looks like a kernel virtual address; " + std::string(what) +
                        " takes a physical one",
                    virtual_address_hint(address));
    if (address >> kMostPhysicalBits != 0)
        refuse("bad-number", what, text, "a physical address has at most 56 bits");
    return address;
}

std::uint32_t require_device(std::string_view text)
{
    const std::array<std::string, 1> one{std::string(text)};
    const DeviceChoice choice = parse_devices(one);
    if (choice.all || choice.ids.size() != 1)
        refuse("bad-device", "--device", text, "name one device here");
    return choice.ids.front();
}

Range<Iova> require_iova_range(std::string_view text)
{
    const std::size_t separator = text.find_first_of("-+");
    const std::string_view begin = text.substr(0, separator);
    const std::string_view rest = separator == std::string_view::npos ? "0" : text.substr(separator + 1);
    const auto first = parse_number(begin);
    if (first && separator == std::string_view::npos)
        return {Iova(*first), 1};
    if (first && text[separator] == '+') {
        const auto size = parse_size(rest);
        if (size && *size != 0 && *first + (*size - 1) >= *first)
            return {Iova(*first), *size};
    }
    if (first && text[separator] == '-') {
        const auto last = parse_number(rest);
        if (last && *last >= *first && *last - *first != ~std::uint64_t{0})
            return {Iova(*first), *last - *first + 1};
    }
    for (const std::string_view part : {begin, rest}) {
        if (const std::string hint = number_hint(part); !parse_size(part) && hint != kNumberHint)
            refuse("bad-range", "--iova", text, hint);
    }
    refuse("bad-range", "--iova", text, "give FIRST-LAST (both inclusive), FIRST+SIZE or one address");
}

SourceArgument parse_source(const std::string &text)
{
    const std::size_t at = text.rfind('@');
    std::error_code ignored;
    if (at == std::string::npos || std::filesystem::exists(text, ignored))
        return {text, std::nullopt};
    const std::string address = text.substr(at + 1);
    if (!address.starts_with("0x") || !parse_number(address))
        return {text, std::nullopt};
    return {text.substr(0, at), PhysAddr(require_physical(address, "SOURCE@0xPA"))};
}

}  // namespace pgregion::cli
