// SPDX-License-Identifier: GPL-2.0-or-later
//
// Names places: physical addresses as pages of the region they lie in, fields of an entry, problems.
#pragma once

#include "report/result_writer.h"

#include <pgregion/field.h>
#include <pgregion/problem.h>

#include <optional>
#include <string>

namespace pgregion::report
{

/// Where the pages that a person counts lie in physical memory.
struct PageMap {
    std::optional<PhysAddr> base;  ///< of page 0; none when it is not known, and then no address means anything
    std::uint64_t pages = 0;

    [[nodiscard]] std::optional<std::uint64_t> page(PhysAddr address) const;
    /// "0x140002000 (page 2)", "0x9000" outside, "page 2" when the base is not known.
    [[nodiscard]] std::string describe(PhysAddr address) const;
    /// The address as JSON: null when the base is not known.
    [[nodiscard]] Json address(PhysAddr address) const;
    [[nodiscard]] Json page_json(PhysAddr address) const;
};

/// The fields that are not zero, "R W ADDR=0x140003000"; with `all` those of zero, too. Reserved bits that are
/// set are marked with "!".
enum class FieldsShown { set, all };
[[nodiscard]] std::string fields_text(std::span<const FieldSpec> specs, std::span<const std::uint64_t> record,
                                      FieldsShown shown);

/// Every field by name: flags and small numbers as numbers, addresses and wide fields as "0x…".
[[nodiscard]] Json fields_json(std::span<const FieldSpec> specs, std::span<const std::uint64_t> record);

/// One sentence: what, where, why it matters.
[[nodiscard]] std::string problem_text(const Problem &problem, const PageMap &pages);
[[nodiscard]] Json problem_json(const Problem &problem, const PageMap &pages);

}  // namespace pgregion::report
