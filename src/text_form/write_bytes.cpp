// SPDX-License-Identifier: GPL-2.0-or-later
#include "text_form/write.h"

#include <algorithm>

#include <fmt/core.h>

namespace pgregion::text_form
{

namespace
{

/// From this many equal rows on, one line says it.
constexpr std::uint64_t kFewRows = 3;

/// The shortest pattern that, repeated, gives the row.
std::uint64_t period_of(Bytes row)
{
    std::uint64_t period = row.size();
    while (period > 1 && period % 2 == 0 &&
           std::ranges::equal(row.first(period / 2), row.subspan(period / 2, period / 2)))
        period /= 2;
    return period;
}

void append_hex(std::string &text, Bytes bytes)
{
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (const std::byte byte : bytes) {
        const auto value = std::to_integer<std::size_t>(byte);
        text += ' ';
        text += kDigits[value >> 4];
        text += kDigits[value & 0xf];
    }
    text += '\n';
}

/// How many whole rows from `at` on hold the same bytes.
std::uint64_t equal_rows(Bytes region, std::uint64_t at, std::uint64_t end)
{
    std::uint64_t rows = 1;
    const Bytes first = region.subspan(at, kRowBytes);
    for (std::uint64_t next = at + kRowBytes; next + kRowBytes <= end; next += kRowBytes) {
        if (!std::ranges::equal(first, region.subspan(next, kRowBytes)))
            break;
        ++rows;
    }
    return rows;
}

/// Appends the row at `at`, or a run of rows like it; returns where to go on.
std::uint64_t append_row(std::string &text, Bytes region, std::uint64_t at, std::uint64_t end)
{
    const std::uint64_t row_end = std::min(end, at / kRowBytes * kRowBytes + kRowBytes);
    Bytes row = region.subspan(at, row_end - at);
    if (all_zero(row))
        return row_end;
    const std::uint64_t in_page = at % kPageBytes;
    const std::uint64_t rows = row.size() == kRowBytes ? equal_rows(region, at, end) : 1;
    if (rows >= kFewRows) {
        const std::uint64_t last = in_page + rows * kRowBytes - 1;
        text += fmt::format("  {:#05x}-{:#05x}", in_page, last);
        append_hex(text, row.first(period_of(row)));
        return at + rows * kRowBytes;
    }
    while (all_zero(row.last(kWordBytes)))  // whole words, so that words can still be told
        row = row.first(row.size() - kWordBytes);
    text += fmt::format("  {:#05x}", in_page);
    append_hex(text, row);
    return row_end;
}

}  // namespace

void append_bytes(std::string &text, Bytes region, std::uint64_t begin, std::uint64_t end)
{
    if (all_zero(region.subspan(begin, end - begin)))
        return;
    text += fmt::format("\npage {} {}\n", begin / kPageBytes, kBytes);
    for (std::uint64_t at = begin; at < end;)
        at = append_row(text, region, at, end);
}

}  // namespace pgregion::text_form
