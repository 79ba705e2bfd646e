// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/text.h"

#include <array>

namespace pgregion
{

namespace
{

/// Length of the well-formed UTF-8 sequence at the start of `text`, or 0. Overlong forms, surrogates and what
/// lies beyond U+10FFFF are malformed; C1 controls (U+0080 to U+009F) steer terminals and count as malformed.
std::size_t utf8_length(std::string_view text)
{
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    const std::size_t length = first < 0x80   ? 1
                               : first < 0xc2 ? 0
                               : first < 0xe0 ? 2
                               : first < 0xf0 ? 3
                               : first < 0xf5 ? 4
                                              : 0;
    if (length <= 1 || text.size() < length)
        return length == 1 ? 1 : 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0U) != 0x80)
            return 0;
    }
    const unsigned second = byte(1);
    const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    const bool surrogate = first == 0xed && second >= 0xa0;
    const bool too_high = first == 0xf4 && second >= 0x90;
    const bool control = first == 0xc2 && second < 0xa0;
    return overlong || surrogate || too_high || control ? 0 : length;
}

}  // namespace

std::string printable(std::string_view text)
{
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8_length(text.substr(at));
        const auto byte = static_cast<unsigned char>(text[at]);
        const bool control = length == 1 && (byte < 0x20 || byte == 0x7f);
        if (length == 0 || control) {
            report::append(out, "\\x{:02x}", byte);
            ++at;
            continue;
        }
        out.append(text.substr(at, length));
        at += length;
    }
    return out;
}

std::string hex(std::uint64_t value) { return fmt::format("{:#x}", value); }

std::string human_size(std::uint64_t bytes)
{
    struct Unit {
        unsigned shift;
        char letter;
    };
    static constexpr std::array<Unit, 5> kUnits{{{50, 'P'}, {40, 'T'}, {30, 'G'}, {20, 'M'}, {10, 'K'}}};
    for (const Unit &unit : kUnits) {
        const std::uint64_t scale = std::uint64_t{1} << unit.shift;
        if (bytes >= scale && bytes % scale == 0)
            return fmt::format("{}{}", bytes / scale, unit.letter);
    }
    return fmt::format("{}", bytes);
}

std::string_view name(PaddrOrigin origin)
{
    static constexpr std::array<std::string_view, 3> kNames{"none", "given", "inferred"};
    return kNames.at(static_cast<std::size_t>(origin));
}

namespace report
{

std::optional<std::string> bdf(std::uint32_t id)
{
    constexpr std::uint32_t kBdfIds = 0x10000;
    if (id >= kBdfIds)
        return std::nullopt;
    return fmt::format("0000:{:02x}:{:02x}.{}", id >> 8, (id >> 3) & 0x1f, id & 7);
}

std::string device_name(std::uint32_t id) { return bdf(id).value_or(fmt::format("{}", id)); }

}  // namespace report

}  // namespace pgregion
