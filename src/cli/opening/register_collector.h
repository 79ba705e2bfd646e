// SPDX-License-Identifier: GPL-2.0-or-later
//
// Registers on their way from the lines of a text to the IOMMUs that they belong to.
#pragma once

#include "cli/opening/register_text.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pgregion::cli
{

/// Where the rows of the table put what they read.
class RegisterCollector
{
public:
    /// Offsets behind this belong to the registers that begin at `base`.
    void begin_unit(std::uint64_t base);
    /// The same, of registers that begin nobody knows where; those named so before go on.
    void begin_unit_called(std::string_view name);
    /// A value of `bytes` at an offset of the unit.
    void store_at_offset(std::uint64_t offset, std::uint64_t value, unsigned bytes);
    /// A number of at most 64 bits, which may be of a register of 32: zeros above these are only probable.
    void store_number_at_offset(std::uint64_t offset, std::uint64_t value);
    /// As store_at_offset(); an offset that the unit has already begins another unit.
    void store_in_next_unit(std::uint64_t offset, std::uint64_t value, unsigned bytes);
    /// A value of `bytes` at a physical address; units have their registers on pages of their own.
    void store_at_address(std::uint64_t address, std::uint64_t value, unsigned bytes);
    /// The same as store_number_at_offset().
    void store_number_at_address(std::uint64_t address, std::uint64_t value);
    void store_named(const RegisterPlace &place, std::string value);

    /// A dump of VT-d tables begins, with its root; what follows says in which mode they are.
    void begin_tables(std::uint64_t root);
    [[nodiscard]] bool in_tables() const { return root_.has_value(); }
    void set_mode(std::uint64_t translation_table_mode);

    void begin_line(std::size_t number) { line_ = number; }
    /// All of it; the collector is empty then.
    [[nodiscard]] RegisterText take();

private:
    void end_tables();
    std::size_t bank_at(std::uint64_t base);
    std::size_t new_bank(std::uint64_t base);

    RegisterText text_;
    std::map<std::uint64_t, std::size_t> bank_of_base_;
    std::map<std::string, std::size_t, std::less<>> bank_of_name_;
    std::optional<std::size_t> unit_;  ///< that offsets belong to
    std::size_t line_ = 0;
    std::optional<std::uint64_t> root_;  ///< of the tables that are being dumped
    std::optional<std::uint64_t> mode_;
};

}  // namespace pgregion::cli
