// SPDX-License-Identifier: GPL-2.0-or-later
//
// Page tables made by hand for the tests of checks of entries: one chain from the root down to a table of level 0,
// through entry 0 of each, to be damaged in one place. Pages count from 0x140000000.
//
//   format     levels   root      …         level 0
//   vtd-ss       4      page 1    2, 3      page 4      x86-64, amd-v1 (mode 4), arm-s1, arm-s2, riscv alike
//   riscv-x4     3      page 4-7  page 8    page 9
#pragma once

#include "support/table_image.h"

#include <pgregion/check.h>
#include <pgregion/format.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

namespace pgregion::test
{

inline constexpr std::uint64_t kTablesAt = 0x140000000;
/// Page of a chain of four levels, by level.
inline constexpr std::array<std::size_t, 4> kPageOf{4, 3, 2, 1};
/// The same of the chain of riscv-x4.
inline constexpr std::array<std::size_t, 3> kPageOfX4{9, 8, 4};

class EntryTables
{
public:
    /// With the chain of the format; every other word is zero.
    explicit EntryTables(std::string_view format) : format_(find_table_format(format))
    {
        struct Chain {
            std::string_view format;
            std::array<std::uint64_t, 3> words;  ///< in pages 1, 2, 3
        };
        static constexpr std::array<Chain, 6> kChains{{
            {"vtd-ss", {0x140002003, 0x140003003, 0x140004003}},
            {"x86-64", {0x140002027, 0x140003027, 0x140004027}},
            {"amd-v1", {0x6000000140002601, 0x6000000140003401, 0x6000000140004201}},
            {"arm-s1", {0x140002003, 0x140003003, 0x140004003}},
            {"arm-s2", {0x140002003, 0x140003003, 0x140004003}},
            {"riscv", {0x50000801, 0x50000c01, 0x50001001}},
        }};
        if (format == "riscv-x4") {
            params = default_params(*format_, 3);
            root = kTablesAt + 0x4000;
            put(4, 0, 0x50002001).put(8, 0, 0x50002401);
            return;
        }
        params = default_params(*format_, 4);
        const auto *const chain = std::ranges::find(kChains, format, &Chain::format);
        for (std::size_t page = 1; page <= 3; ++page)
            put(page, 0, chain->words.at(page - 1));
    }

    EntryTables &put(std::size_t page, std::size_t index, std::uint64_t word)
    {
        image.put(page, index, word);
        return *this;
    }
    EntryTables &fill(std::size_t page, std::uint64_t word)
    {
        for (std::size_t index = 0; index < 512; ++index)
            put(page, index, word);
        return *this;
    }
    EntryTables &set(std::string_view key, std::string_view value)
    {
        set_parameter(params, format_->parameters, key, value);
        return *this;
    }

    [[nodiscard]] std::vector<Finding> check(const CheckOptions &options) const
    {
        const PiecewiseMemory memory = image.memory();
        CheckSubject subject;
        subject.memory = &memory;
        subject.memory_base = PhysAddr(kTablesAt);
        subject.tables = {Stage{format_, params, PhysAddr(root)}};
        subject.ram = ram;
        return run_checks(subject, options).findings;
    }
    /// The findings of one code.
    [[nodiscard]] std::vector<Finding> check(std::string_view code) const
    {
        CheckOptions options;
        options.only = {code};
        return check(options);
    }
    [[nodiscard]] const TableFormat &format() const { return *format_; }

    TableImage image{kTablesAt, 32};
    FormatParams params;
    std::uint64_t root = kTablesAt + 0x1000;
    std::vector<Range<PhysAddr>> ram;

private:
    const TableFormat *format_;
};

/// A place as a test writes it: page of the image, entry, level.
MATCHER_P3(IsAt, page, index, level, "is at the entry")
{
    const bool complete = arg.table && arg.index && arg.level;
    return complete && *arg.table == PhysAddr(kTablesAt + std::uint64_t{page} * 4096) &&
           std::cmp_equal(*arg.index, index) && std::cmp_equal(*arg.level, level);
}

/// An error whose remedy takes the entry away, safely.
MATCHER(IsSafelyCleared, "is an error that -p clears")
{
    return arg.severity == Severity::error && arg.repair == RepairPolicy::safe && arg.remedy == Remedy::clear_entry;
}

MATCHER_P(IsLeftAlone, severity, "has that severity and no remedy")
{
    return arg.severity == severity && arg.repair == RepairPolicy::none && arg.remedy == Remedy::none;
}

}  // namespace pgregion::test

namespace pgregion
{

inline void PrintTo(const Finding &finding, std::ostream *out)
{
    *out << std::hex << finding.check->code << " (" << name(finding.severity) << ") table 0x"
         << finding.table.value_or(PhysAddr()).value() << std::dec << " entry " << finding.index.value_or(9999)
         << std::hex << " observed 0x" << finding.observed.value_or(0) << " expected 0x" << finding.expected.value_or(0)
         << ' ' << finding.detail;
}

}  // namespace pgregion
