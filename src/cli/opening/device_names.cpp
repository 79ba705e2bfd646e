// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/device_names.h"

#include "cli/opening/numbers.h"

#include <pgregion/error.h>
#include <pgregion/report.h>

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/core.h>

namespace pgregion::cli
{

namespace
{

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kSpellings =
    "give a device as lspci prints it (00:02.0), its path below /sys, its number, or all; several with commas between";

constexpr std::size_t kMostParts = 3;  ///< segment, bus, and device with function
constexpr std::uint64_t kMostBus = 0xff;
constexpr std::uint64_t kMostDevice = 0x1f;
constexpr std::uint64_t kMostFunction = 7;

[[noreturn]] void refuse(std::string_view text, const std::string &hint)
{
    throw Error(Failure::usage, "bad-device", fmt::format("--device does not take '{}'", printable(text)), hint);
}

bool equal_in_any_case(std::string_view text, std::string_view lower)
{
    return std::ranges::equal(text, lower, {}, [](char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; });
}

/// Up to eight hexadecimal digits, with 0x or without.
std::optional<std::uint32_t> hex_part(std::string_view text)
{
    constexpr std::size_t kMostDigits = 8;
    if (text.starts_with("0x"))
        text.remove_prefix(2);
    std::uint32_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    const bool whole = failed == std::errc{} && end == text.data() + text.size();
    return whole && text.size() <= kMostDigits ? std::optional(value) : std::nullopt;
}

/// The parts of "segment:bus:device.function"; what is left out is 0.
struct Place {
    std::uint32_t segment = 0;
    std::uint32_t bus = 0;
    std::uint32_t device = 0;
    std::uint32_t function = 0;
};

/// What stands between colons; at most one part more than a place has.
std::vector<std::string_view> split_at_colons(std::string_view text)
{
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at <= text.size() && parts.size() <= kMostParts;) {
        const std::size_t end = std::min(text.find(':', at), text.size());
        parts.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return parts;
}

bool read_part(std::string_view text, std::uint32_t &into)
{
    const auto value = hex_part(text);
    into = value.value_or(0);
    return value.has_value();
}

/// Nothing when `text` is not of that form, whatever the sizes of its parts.
std::optional<Place> split_place(std::string_view text)
{
    constexpr std::size_t kDigitsOfSegment = 4;
    const std::vector<std::string_view> parts = split_at_colons(text);
    const std::string_view last = parts.back();
    const std::size_t point = last.find('.');
    const bool has_function = point != std::string_view::npos;
    if (parts.size() > kMostParts || (parts.size() == 1 && !has_function))
        return std::nullopt;
    // "00:02:0" is a slip for 00:02.0, not bus 2.
    if (parts.size() == kMostParts && !has_function && parts.front().size() < kDigitsOfSegment)
        return std::nullopt;
    Place place;
    const bool is_place = (parts.size() < kMostParts || read_part(parts.front(), place.segment)) &&
                          (parts.size() < 2 || read_part(parts[parts.size() - 2], place.bus)) &&
                          read_part(last.substr(0, point), place.device) &&
                          (!has_function || read_part(last.substr(point + 1), place.function));
    return is_place ? std::optional(place) : std::nullopt;
}

void refuse_segment(std::string_view text, const Place &place)
{
    constexpr std::uint32_t kFirstOfVmd = 0x10000;
    if (place.segment == 0)
        return;
    throw Error(Failure::usage, "bad-device",
                fmt::format("'{}' is in PCI segment {:#x}, which is not in the source: a directory knows only the "
                            "16-bit ids of its own segment",
                            printable(text), place.segment),
                place.segment >= kFirstOfVmd
                    ? "segments from 0x10000 on are made by the kernel for devices behind a VMD controller, whose "
                      "requests carry the id of the controller: give that"
                    : fmt::format("if the directory is that of segment {:#x}, leave it out: {:02x}:{:02x}.{:x}",
                                  place.segment, place.bus, place.device, place.function));
}

std::uint32_t id_of(std::string_view text, const Place &place)
{
    const auto check = [&](std::string_view what, std::uint32_t value, std::uint64_t most) {
        if (value > most)
            throw Error(Failure::usage, "bad-device",
                        fmt::format("'{}' has {} {:#x}; the highest is {:#x}", printable(text), what, value, most),
                        "the parts are hexadecimal: bus:device.function, as lspci prints them");
    };
    check("bus", place.bus, kMostBus);
    check("device", place.device, kMostDevice);
    check("function", place.function, kMostFunction);
    refuse_segment(text, place);
    return place.bus << 8 | place.device << 3 | place.function;
}

/// The last part of a path that is "segment:bus:device.function".
std::string_view last_device_in(std::string_view path)
{
    std::string_view rest = path;
    while (!rest.empty()) {
        const std::size_t slash = rest.rfind('/');
        const std::string_view part = slash == std::string_view::npos ? rest : rest.substr(slash + 1);
        if (std::ranges::count(part, ':') == 2 && part.find('.') != std::string_view::npos && split_place(part))
            return part;
        rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(0, slash);
    }
    refuse(path, "no part of the path is a PCI device, such as 0000:00:02.0; `lspci -D` lists them");
}

std::uint32_t number_of(std::string_view text)
{
    if (const auto number = parse_number(text)) {
        if (*number <= 0xffffffff)
            return static_cast<std::uint32_t>(*number);
        refuse(text, "a device id has at most 32 bits");
    }
    const auto digits = hex_part(text);
    if (!digits || text.starts_with("0x") || text.starts_with("0X"))
        refuse(text, std::string(kSpellings));
    if (*digits <= kMostDevice)
        refuse(text, fmt::format("did you mean the number {:#x}, or 00:{:02x}.0?", *digits, *digits));
    refuse(text, fmt::format("did you mean the number {:#x}?", *digits));
}

/// One element of a list.
std::uint32_t read_device(std::string_view text)
{
    std::string_view name = text;
    if (name.find('/') != std::string_view::npos)
        name = last_device_in(name);
    if (name.starts_with('[') && name.ends_with(']'))
        name = name.substr(1, name.size() - 2);
    if (name.ends_with(':') && name.find('.') != std::string_view::npos)
        name.remove_suffix(1);
    if (name.find_first_of(":.") == std::string_view::npos)
        return number_of(name);
    const auto place = split_place(name);
    if (!place)
        refuse(text, std::string(kSpellings));
    return id_of(name, *place);
}

/// True where text may stand behind the device: that is how lspci prints its lines.
bool may_begin_a_line(std::string_view token)
{
    return token.find('.') != std::string_view::npos && token.find('/') == std::string_view::npos;
}

class ListReader
{
public:
    explicit ListReader(std::string_view text) : text_(text), rest_(text) {}

    void read(DeviceChoice &choice, std::set<std::uint32_t> &seen)
    {
        std::string_view token = next();
        if (token.empty())
            refuse(text_, std::string(kSpellings));
        while (!token.empty()) {
            if (equal_in_any_case(token, "all"))
                choice.all = true;
            else if (const std::uint32_t id = read_device(token); seen.insert(id).second)
                choice.ids.push_back(id);
            token = behind(token);
        }
    }

private:
    void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanks), rest_.size())); }

    /// The next element; empty at the end and at a comma.
    std::string_view next()
    {
        skip_blanks();
        const std::size_t end = std::min(rest_.find_first_of(" \t\r\n,"), rest_.size());
        const std::string_view token = rest_.substr(0, end);
        rest_.remove_prefix(end);
        return token;
    }

    /// The element behind `token`: behind a comma, or a blank, or the line that lspci prints; empty at the end.
    std::string_view behind(std::string_view token)
    {
        const std::size_t line_end = rest_.find('\n');
        const std::string_view before = rest_;
        skip_blanks();
        if (rest_.starts_with(',')) {
            rest_.remove_prefix(1);
            const std::string_view listed = next();
            if (listed.empty())
                refuse(text_, "there is nothing behind a comma");
            return listed;
        }
        const std::size_t skipped = before.size() - rest_.size();
        const std::string_view candidate = next();
        const bool is_same_line = line_end == std::string_view::npos || skipped <= line_end;
        if (!may_begin_a_line(token) || !is_same_line || may_be_device(candidate))
            return candidate;
        rest_ = before.substr(std::min(line_end, before.size()));
        return next();
    }

    static bool may_be_device(std::string_view token)
    {
        return token.empty() || (may_begin_a_line(token) && split_place(token));
    }

    std::string_view text_;
    std::string_view rest_;
};

}  // namespace

DeviceChoice parse_devices(std::span<const std::string> texts)
{
    DeviceChoice choice;
    std::set<std::uint32_t> seen;
    for (const std::string &text : texts)
        ListReader(text).read(choice, seen);
    if (choice.all)
        choice.ids.clear();
    return choice;
}

std::optional<std::uint32_t> parse_pasid(std::string_view text)
{
    constexpr std::uint64_t kNone = 0xffffffff;
    constexpr std::uint64_t kPasids = std::uint64_t{1} << 20;
    if (equal_in_any_case(text, "none") || text == "-1")
        return std::nullopt;
    const auto pasid = parse_number(text);
    if (!pasid)
        throw Error(Failure::usage, "bad-pasid", fmt::format("--pasid does not take '{}'", printable(text)),
                    number_hint(text));
    if (*pasid == kNone)
        return std::nullopt;
    if (*pasid >= kPasids)
        throw Error(Failure::usage, "bad-pasid", "a PASID has 20 bits",
                    "give a number below 0x100000; none, or 0xffffffff as kernels print it, for requests without one");
    return static_cast<std::uint32_t>(*pasid);
}

}  // namespace pgregion::cli
