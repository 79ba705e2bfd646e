// SPDX-License-Identifier: GPL-2.0-or-later
//
// The text of --registers FILE: what kernels, debuggers and people write down of the registers of IOMMUs. What a line
// means is in the table of register_lines.h; here the lines become registers by offset and by name.
// The text is hostile: work and memory are bounded by its size, and what is not understood is counted and kept to be
// shown, never guessed.
#pragma once

#include "cli/opening/register_names.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgregion::cli
{

/// The bytes that are known of the registers of one IOMMU, by their offset from its first register.
class RegisterBank final : public RegisterView
{
public:
    explicit RegisterBank(std::uint64_t base) : base_(base) {}

    /// Where the registers begin, physically; 0 where the text does not say it.
    [[nodiscard]] std::uint64_t base() const { return base_; }
    /// The `bytes` at `offset`, the least significant first; nothing unless all of them are known.
    [[nodiscard]] std::optional<std::uint64_t> value(std::uint64_t offset, unsigned bytes) const override;
    /// How many of them are known.
    [[nodiscard]] unsigned known(std::uint64_t offset, unsigned bytes) const;

    void store(std::uint64_t offset, std::uint8_t value) { bytes_[offset] = value; }
    /// A zero that is only probable: whatever else is said of the byte stands.
    void store_zero(std::uint64_t offset) { bytes_.try_emplace(offset, std::uint8_t{0}); }

private:
    std::uint64_t base_;
    std::map<std::uint64_t, std::uint8_t> bytes_;
};

/// A register that the text calls by its name.
struct NamedRegister {
    RegisterPlace place;
    std::string value;  ///< as register_value() takes it
    std::size_t line = 0;
    bool of_dump = false;  ///< the address in a dump of the tables themselves, which a bank of the text may repeat
};

/// A line that says nothing that is known.
struct PassedOver {
    std::size_t line = 0;
    std::string text;  ///< its beginning, as it is
};

struct RegisterText {
    std::vector<RegisterBank> banks;   ///< in the order of the text
    std::vector<NamedRegister> named;  ///< the same
    std::size_t lines = 0;             ///< that are not empty
    std::vector<std::size_t> taken;    ///< by each row of line_grammars()
    std::size_t passed_over = 0;
    std::optional<PassedOver> first_passed_over;
    /// Of dumped tables without a device below them, which do not tell legacy from scalable mode: the first.
    std::optional<std::uint64_t> root_without_mode;
};

/// Reads a text in ASCII, UTF-8 or UTF-16, with the line ends of any system. Throws operational "file-too-large" for
/// more lines or IOMMUs than any machine has.
[[nodiscard]] RegisterText read_register_text(std::string_view text);

}  // namespace pgregion::cli
