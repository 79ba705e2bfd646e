// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which physical addresses are memory; see live_ranges.h.
#include "io/live_ranges.h"

#include "base/bits.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

namespace pgregion::io
{

namespace
{

namespace fs = std::filesystem;

using Ranges = std::vector<Range<PhysAddr>>;

/// No machine has addresses of more bits; keeps every end below 2^64.
constexpr unsigned kMostAddressBits = 56;

enum class Claim {
    system_ram,
    memory,    ///< not the kernel's own
    reserved,  ///< memory unless somebody else claims it, too
    inside,    ///< says what a part of memory is used for
    device,
};

struct Line {
    Range<PhysAddr> range;
    std::size_t depth = 0;
    Claim claim = Claim::device;
};

std::optional<std::uint64_t> number(std::string_view text, int base)
{
    std::uint64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (problem != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

/// `last` is inclusive, as everywhere in the kernel's lists.
std::optional<Range<PhysAddr>> range_of(std::optional<std::uint64_t> first, std::optional<std::uint64_t> last)
{
    if (!first || !last || *last < *first || *last > low_bits(kMostAddressBits))
        return std::nullopt;
    return Range<PhysAddr>{PhysAddr(*first), *last - *first + 1};
}

Claim claim_of(std::string_view name)
{
    if (name.starts_with("System RAM"))  // also "System RAM (kmem)", memory of a dax device in use as RAM
        return Claim::system_ram;
    constexpr std::array<std::string_view, 4> kMemory{"Persistent Memory", "Soft Reserved", "ACPI Tables",
                                                      "ACPI Non-volatile Storage"};
    if (std::ranges::any_of(kMemory, [&](std::string_view known) { return name.starts_with(known); }))
        return Claim::memory;
    return name == "Reserved" || name == "reserved" ? Claim::reserved : Claim::device;
}

/// "  00001000-0009fbff : System RAM"
std::optional<Line> line_of(std::string_view text)
{
    const std::size_t depth = std::min(text.find_first_not_of(' '), text.size());
    text.remove_prefix(depth);
    const std::size_t dash = text.find('-');
    const std::size_t colon = text.find(" : ");
    if (dash == std::string_view::npos || colon == std::string_view::npos || dash > colon)
        return std::nullopt;
    const auto range = range_of(number(text.substr(0, dash), 16), number(text.substr(dash + 1, colon - dash - 1), 16));
    // Hidden addresses are "00000000-00000000"; no resource of one byte at 0 is memory.
    if (!range || range->size == 1)
        return std::nullopt;
    return Line{*range, depth, claim_of(text.substr(colon + 3))};
}

/// What lies inside memory ("Kernel code", "namespace0.0") is no device.
std::vector<Line> lines_of(std::string_view text)
{
    std::vector<Line> lines;
    constexpr std::size_t kNowhere = std::numeric_limits<std::size_t>::max();
    std::size_t memory_depth = kNowhere;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        auto line = line_of(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (!line)
            continue;
        if (line->depth > memory_depth) {
            if (line->claim == Claim::device || line->claim == Claim::reserved)
                line->claim = Claim::inside;
        } else {
            const bool is_memory = line->claim == Claim::system_ram || line->claim == Claim::memory;
            memory_depth = is_memory ? line->depth : kNowhere;
        }
        lines.push_back(*line);
    }
    return lines;
}

Ranges with_claim(const std::vector<Line> &lines, Claim claim)
{
    Ranges ranges;
    for (const Line &line : lines) {
        if (line.claim == claim)
            ranges.push_back(line.range);
    }
    return ranges;
}

/// `ranges` without the pages that any of `taken` touches; both sorted by address, ranges apart from each other.
Ranges without(const Ranges &ranges, const Ranges &taken)
{
    Ranges left;
    for (const Range<PhysAddr> &range : ranges) {
        PhysAddr at = range.first;
        const PhysAddr end = range.first + range.size;
        for (const Range<PhysAddr> &piece : taken) {
            const PhysAddr piece_first = page_of(piece.first);
            const PhysAddr piece_end = page_of(piece.first + (piece.size - 1)) + kPageBytes;
            if (piece_end <= at || piece_first >= end)
                continue;
            if (piece_first > at)
                left.push_back({at, piece_first - at});
            at = piece_end;
        }
        if (at < end)
            left.push_back({at, end - at});
    }
    return left;
}

std::optional<std::string> first_line(const fs::path &file)
{
    std::ifstream stream(file);
    std::string line;
    if (!std::getline(stream, line))
        return std::nullopt;
    return line;
}

std::optional<std::uint64_t> hex_in(const fs::path &file)
{
    const auto line = first_line(file);
    return line && line->starts_with("0x") ? number(std::string_view(*line).substr(2), 16) : std::nullopt;
}

}  // namespace

std::vector<Range<PhysAddr>> joined(std::vector<Range<PhysAddr>> ranges)
{
    std::ranges::sort(ranges, {}, &Range<PhysAddr>::first);
    Ranges pieces;
    for (const Range<PhysAddr> &range : ranges) {
        if (pieces.empty() || range.first > pieces.back().first + pieces.back().size) {
            pieces.push_back(range);
            continue;
        }
        Range<PhysAddr> &last = pieces.back();
        last.size = std::max(last.size, (range.first - last.first) + range.size);
    }
    Ranges pages;
    for (const Range<PhysAddr> &piece : pieces) {
        const PhysAddr first = page_of(piece.first + (kPageBytes - 1));
        const PhysAddr end = page_of(piece.first + piece.size);
        if (first < end)
            pages.push_back({first, end - first});
    }
    return pages;
}

bool holds_page(const std::vector<Range<PhysAddr>> &ranges, PhysAddr page)
{
    const auto above = std::ranges::upper_bound(ranges, page, {}, &Range<PhysAddr>::first);
    return above != ranges.begin() && std::prev(above)->contains(page, kPageBytes);
}

LiveRanges ranges_of_iomem(std::string_view text)
{
    const std::vector<Line> lines = lines_of(text);
    LiveRanges result;
    result.system_ram = joined(with_claim(lines, Claim::system_ram));
    Ranges devices = with_claim(lines, Claim::device);
    std::ranges::sort(devices, {}, &Range<PhysAddr>::first);
    result.reserved = without(joined(with_claim(lines, Claim::reserved)), devices);
    Ranges memory = with_claim(lines, Claim::memory);
    std::ranges::copy(result.system_ram, std::back_inserter(memory));
    result.memory = joined(std::move(memory));
    return result;
}

LiveRanges with_firmware(LiveRanges ranges, const std::vector<Range<PhysAddr>> &firmware)
{
    std::ranges::copy(firmware.empty() ? ranges.reserved : firmware, std::back_inserter(ranges.memory));
    ranges.memory = joined(std::move(ranges.memory));
    return ranges;
}

std::vector<Range<PhysAddr>> firmware_ram(const std::string &sysfs)
{
    Ranges ranges;
    std::error_code problem;
    for (fs::directory_iterator entry(fs::path(sysfs) / "firmware/memmap", problem), end; !problem && entry != end;
         entry.increment(problem)) {
        if (first_line(entry->path() / "type") != "System RAM")
            continue;
        if (const auto range = range_of(hex_in(entry->path() / "start"), hex_in(entry->path() / "end")))
            ranges.push_back(*range);
    }
    return joined(std::move(ranges));
}

}  // namespace pgregion::io
