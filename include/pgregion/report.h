// SPDX-License-Identifier: GPL-2.0-or-later
//
// How results leave the program: text for people, JSON for scripts (cli.md section 5). A command hands over
// values; which of the forms is wanted is decided once, here.
#pragma once

#include <pgregion/address.h>
#include <pgregion/byte_sink.h>
#include <pgregion/error.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgregion
{

/// The number in every JSON document; changes only when a key is removed, renamed or changes its type.
inline constexpr int kSchemaVersion = 1;

enum class OutputMode { text, json, json_lines, quiet };

/// Whether text carries colours.
enum class Colour { off, on };

enum class PaddrOrigin { none, given, inferred };

/// "none", "given", "inferred".
[[nodiscard]] std::string_view name(PaddrOrigin origin);

/// How tables are read where nobody said it and they tell it themselves.
struct GuessedReading {
    std::string format;
    std::optional<unsigned> levels;       ///< none where the format has no number of them
    std::vector<std::string> parameters;  ///< "granule=16k"
    std::string confidence;
};

/// What a result is about; every command says it in the same way.
struct SourceInfo {
    std::string path;
    std::string kind;
    std::uint64_t offset = 0;
    std::optional<PhysAddr> paddr;  ///< physical address of `offset`
    PaddrOrigin paddr_origin = PaddrOrigin::none;
    std::optional<GuessedReading> guessed = {};
    std::vector<std::string> doubts = {};  ///< what speaks against tables being what they are read as
};

/// `text` with everything that a terminal would act upon (control characters, escape sequences, malformed
/// UTF-8) replaced by \xNN. What comes from outside goes through here before it is printed.
[[nodiscard]] std::string printable(std::string_view text);

/// "0x1a": lower case, no leading zeros.
[[nodiscard]] std::string hex(std::uint64_t value);

/// "4K", "2M", "1G", "12K"; bytes where no unit divides the size.
[[nodiscard]] std::string human_size(std::uint64_t bytes);

}  // namespace pgregion
