// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/mapping_report.h"

#include "report/text.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <nlohmann/json.hpp>

namespace pgregion::report
{

namespace
{

constexpr std::size_t kBufferBytes = std::size_t{128} << 10;
constexpr std::size_t kHexDigits = 16;
/// "0x" and 16 digits, two blanks, the same again, and a tail that most rows have in common.
constexpr std::size_t kMaxRow = 2 * (2 + kHexDigits + 2) + 64;

constexpr auto kHexPairs = [] {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::array<std::array<char, 2>, 256> pairs{};
    for (std::size_t i = 0; i < pairs.size(); ++i)
        pairs[i] = {kDigits[i >> 4], kDigits[i & 15]};
    return pairs;
}();

/// Writes "0x", the digits and two blanks; returns the end.
char *put_address(char *out, std::uint64_t value)
{
    *out++ = '0';
    *out++ = 'x';
    for (unsigned shift = 64; shift > 0; out += 2) {
        shift -= 8;
        std::memcpy(out, kHexPairs[(value >> shift) & 0xff].data(), 2);
    }
    *out++ = ' ';
    *out++ = ' ';
    return out;
}

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
        make_tail(run.leaf_bytes, run.access);
    for (std::uint64_t i = 0; i < count; ++i) {
        if (used_ + kMaxRow > buffer_.size())
            flush();
        char *const row = buffer_.data() + used_;
        char *end = put_address(row, (run.iova + i * run.leaf_bytes).value());
        end = put_address(end, (run.pa + i * run.leaf_bytes).value());
        end = std::copy(tail_.begin(), tail_.end(), end);
        used_ += static_cast<std::size_t>(end - row);
    }
}

void MappingReport::make_tail(std::uint64_t size, Access access)
{
    tail_ = fmt::format("{:>8}  {}\n", human_size(size), access.empty() ? "-" : letters(access));
    tail_size_ = size;
    tail_access_ = access;
}

void MappingReport::json_row(const Mapping &mapping)
{
    if (!writer_.wants_json())
        return;
    Json row;
    row["iova"] = hex(mapping.iova.value());
    row["pa"] = hex(mapping.pa.value());
    row["size"] = hex(mapping.size_bytes);
    row["access"] = letters(mapping.access);
    row["device"] = owner_.device ? Json(device_name(*owner_.device)) : Json(nullptr);
    row["pasid"] = number_or_null(owner_.pasid);
    row["unit"] = number_or_null(owner_.unit);
    writer_.row("mappings", row);
}

}  // namespace pgregion::report
