// SPDX-License-Identifier: GPL-2.0-or-later
//
// Page tables made by hand for the tests of checks of entries: one chain from the root down to a table of level 0,
// through entry 0 of each, to be damaged in one place. Pages count from 0x140000000. The chain is that of the format's
// file in tests/formats: from the root in page 1 down to page 4 in most.
#pragma once

#include "support/table_image.h"
#include "support/tested_formats.h"

#include <pgregion/check.h>
#include <pgregion/format.h>

#include <algorithm>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

namespace pgregion::test
{

inline constexpr std::uint64_t kTablesAt = 0x140000000;
class EntryTables
{
public:
    /// With the chain of the format; every other word is zero.
    explicit EntryTables(std::string_view format)
        : chain(tested_table(format).chain), params(default_params(*find_table_format(format), chain.levels)),
          root(image.address(chain.pages.at(chain.levels - 1))), format_(find_table_format(format))
    {
        for (unsigned below = 1; below < chain.levels; ++below)
            put(chain.pages.at(chain.levels - below), 0, chain.pointers.at(below - 1));
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

    const TableChain &chain;
    TableImage image{kTablesAt, 32};
    FormatParams params;
    std::uint64_t root;
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
