// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/mapping_report.h"

#include "report/text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>

namespace pgregion::report
{

namespace
{

constexpr std::size_t kBufferBytes = std::size_t{16} << 10;  // stays in the nearest cache until it is sent on
constexpr std::size_t kHalfDigits = 8;
/// Where the digits of the two addresses begin in a row: behind "0x", and behind "0x", 16 digits, two blanks, "0x".
constexpr std::size_t kIovaColumn = 2;
constexpr std::size_t kPaColumn = kIovaColumn + 2 * kHalfDigits + 4;

/// Eight hexadecimal digits at once: each nibble is spread to a byte of its own, then all become ASCII together.
std::uint64_t hex_digits(std::uint32_t value)
{
    constexpr std::uint64_t kEach = 0x0101010101010101;
    std::uint64_t x = value;
    x = (x | x << 16) & 0x0000ffff0000ffff;
    x = (x | x << 8) & 0x00ff00ff00ff00ff;
    x = (x | x << 4) & 0x0f0f0f0f0f0f0f0f;
    const std::uint64_t is_letter = ((x + 6 * kEach) >> 4) & kEach;
    return x + '0' * kEach + is_letter * ('a' - '0' - 10);
}

/// Writes the eight digits, the most significant first, as text has them.
void put_digits(char *out, std::uint32_t value)
{
    const std::uint64_t digits = hex_digits(value);
    const std::uint64_t text = std::endian::native == std::endian::little ? __builtin_bswap64(digits) : digits;
    std::memcpy(out, &text, sizeof text);
}

constexpr std::uint32_t high_half(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }
constexpr std::uint32_t low_half(std::uint64_t value) { return static_cast<std::uint32_t>(value); }

Json number_or_null(const std::optional<std::uint32_t> &number) { return number ? Json(*number) : Json(nullptr); }

}  // namespace

MappingReport::MappingReport(ResultWriter &writer, std::uint64_t limit)
    : writer_(writer), limit_(limit), buffer_(writer.wants_text() ? kBufferBytes : 0)
{
}

MappingReport::~MappingReport() = default;

void MappingReport::owner(const MappingOwner &owner, std::string_view heading)
{
    owner_ = owner;
    if (!writer_.wants_text() || heading.empty())
        return;
    flush();
    writer_.text(heading);
    writer_.text("\n");
}

Visit MappingReport::operator()(const Mapping &mapping)
{
    if (room() == 0) {
        cut_ = true;
        return Visit::stop;
    }
    if (writer_.wants_text())
        text_rows({mapping.iova, mapping.pa, mapping.size_bytes, 1, mapping.access}, 1);
    else
        json_row(mapping);
    ++rows_;
    return state();
}

Visit MappingReport::operator()(const LeafRun &run)
{
    const std::uint64_t count = std::min<std::uint64_t>(run.count, room());
    if (writer_.wants_text()) {
        text_rows(run, count);
    } else {
        for (std::uint64_t i = 0; i < count; ++i)
            json_row({run.iova + i * run.leaf_bytes, run.pa + i * run.leaf_bytes, run.leaf_bytes, run.access});
    }
    rows_ += count;
    cut_ = cut_ || count < run.count;
    return cut_ ? Visit::stop : state();
}

void MappingReport::flush()
{
    if (used_ != 0)
        writer_.text({buffer_.data(), used_});
    used_ = 0;
}

Visit MappingReport::state() const { return writer_.reader_gone() ? Visit::stop : Visit::go_on; }

std::uint64_t MappingReport::room() const { return limit_ == 0 ? ~std::uint64_t{0} : limit_ - rows_; }

void MappingReport::text_rows(const LeafRun &run, std::uint64_t count)
{
    if (run.leaf_bytes != tail_size_ || run.access != tail_access_)
        make_row(run.leaf_bytes, run.access);
    for (std::uint64_t i = 0; i < count; ++i) {
        if (used_ + row_.size() > buffer_.size())
            flush();
        const std::uint64_t iova = (run.iova + i * run.leaf_bytes).value();
        const std::uint64_t pa = (run.pa + i * run.leaf_bytes).value();
        if (high_half(iova) != iova_high_ || high_half(pa) != pa_high_)
            set_high_halves(high_half(iova), high_half(pa));
        char *const row = buffer_.data() + used_;
        std::memcpy(row, row_.data(), row_.size());
        put_digits(row + kIovaColumn + kHalfDigits, low_half(iova));
        put_digits(row + kPaColumn + kHalfDigits, low_half(pa));
        used_ += row_length_;
    }
}

void MappingReport::make_row(std::uint64_t size, Access access)
{
    const std::string text = fmt::format("0x{:016x}  0x{:016x}  {:>8}  {}\n", 0, 0, human_size(size),
                                         access.empty() ? "-" : letters(access));
    assert(text.size() <= row_.size());
    std::ranges::copy(text, row_.begin());
    row_length_ = text.size();
    tail_size_ = size;
    tail_access_ = access;
    set_high_halves(0, 0);
}

void MappingReport::set_high_halves(std::uint32_t iova, std::uint32_t pa)
{
    put_digits(row_.data() + kIovaColumn, iova);
    put_digits(row_.data() + kPaColumn, pa);
    iova_high_ = iova;
    pa_high_ = pa;
}

void MappingReport::json_row(const Mapping &mapping)
{
    if (!writer_.wants_json())
        return;
    Json row;
    row.set("iova", hex(mapping.iova.value()));
    row.set("pa", hex(mapping.pa.value()));
    row.set("size", hex(mapping.size_bytes));
    row.set("access", letters(mapping.access));
    row.set("device", owner_.device ? Json(device_name(*owner_.device)) : Json(nullptr));
    row.set("pasid", number_or_null(owner_.pasid));
    row.set("unit", number_or_null(owner_.unit));
    writer_.row("mappings", row);
}

}  // namespace pgregion::report
