// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/numbers.h"

#include <pgregion/error.h>
#include <pgregion/report.h>

#include <array>
#include <charconv>
#include <filesystem>

namespace pgregion::cli
{

namespace
{

std::optional<std::uint64_t> parse_in_base(std::string_view digits, int base)
{
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (digits.empty() || failed != std::errc{} || end != digits.data() + digits.size())
        return std::nullopt;
    return value;
}

/// Exactly `length` hexadecimal digits.
std::optional<std::uint64_t> parse_hex_digits(std::string_view digits, std::size_t length)
{
    return digits.size() == length ? parse_in_base(digits, 16) : std::nullopt;
}

[[noreturn]] void refuse(std::string_view code, std::string_view what, std::string_view text, std::string_view hint)
{
    throw Error(Failure::usage, std::string(code), std::string(what) + " does not take '" + printable(text) + "'",
                std::string(hint));
}

/// "00:02.0" or "0000:00:02.0"; segments other than 0 are not part of a 16-bit device id.
std::optional<std::uint32_t> parse_bdf(std::string_view text)
{
    constexpr std::string_view kSegment = "0000:";
    if (text.size() == 12 && text.starts_with(kSegment))
        text.remove_prefix(kSegment.size());
    if (text.size() != 7 || text[2] != ':' || text[5] != '.')
        return std::nullopt;
    const auto bus = parse_hex_digits(text.substr(0, 2), 2);
    const auto device = parse_hex_digits(text.substr(3, 2), 2);
    const auto function = parse_hex_digits(text.substr(6, 1), 1);
    if (!bus || !device || !function || *device > 0x1f || *function > 7)
        return std::nullopt;
    return static_cast<std::uint32_t>(*bus << 8 | *device << 3 | *function);
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text)
{
    if (text.starts_with("0x") || text.starts_with("0X"))
        return parse_in_base(text.substr(2), 16);
    return parse_in_base(text, 10);
}

std::optional<std::uint64_t> parse_size(std::string_view text)
{
    static constexpr std::string_view kSuffixes = "KMGT";
    unsigned shift = 0;
    if (!text.empty()) {
        const std::size_t suffix = kSuffixes.find(static_cast<char>(text.back() & ~0x20));
        if (suffix != std::string_view::npos) {
            shift = 10 * (static_cast<unsigned>(suffix) + 1);
            text.remove_suffix(1);
        }
    }
    const auto number = parse_number(text);
    if (!number || (*number << shift) >> shift != *number)
        return std::nullopt;
    return *number << shift;
}

std::uint64_t require_number(std::string_view text, std::string_view what)
{
    const auto number = parse_number(text);
    if (!number)
        refuse("bad-number", what, text, "give a decimal number, or a hexadecimal one with 0x, below 2^64");
    return *number;
}

std::uint64_t require_size(std::string_view text, std::string_view what)
{
    const auto size = parse_size(text);
    if (!size)
        refuse("bad-number", what, text, "give a number, decimal or with 0x, and perhaps K, M, G or T behind it");
    return *size;
}

std::uint32_t require_device(std::string_view text)
{
    if (const auto id = parse_bdf(text))
        return *id;
    const auto number = parse_number(text);
    if (!number || *number > 0xffffffff)
        refuse("bad-device", "--device", text, "give a BDF such as 00:02.0 (or 0000:00:02.0), or a number");
    return static_cast<std::uint32_t>(*number);
}

Range<Iova> require_iova_range(std::string_view text)
{
    const std::size_t separator = text.find_first_of("-+");
    const auto first = parse_number(text.substr(0, separator));
    if (first && separator == std::string_view::npos)
        return {Iova(*first), 1};
    if (first && text[separator] == '+') {
        const auto size = parse_size(text.substr(separator + 1));
        if (size && *size != 0 && *first + (*size - 1) >= *first)
            return {Iova(*first), *size};
    }
    if (first && text[separator] == '-') {
        const auto last = parse_number(text.substr(separator + 1));
        if (last && *last >= *first && *last - *first != ~std::uint64_t{0})
            return {Iova(*first), *last - *first + 1};
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
    const auto paddr = address.starts_with("0x") ? parse_number(address) : std::nullopt;
    if (!paddr)
        return {text, std::nullopt};
    return {text.substr(0, at), PhysAddr(*paddr)};
}

}  // namespace pgregion::cli
