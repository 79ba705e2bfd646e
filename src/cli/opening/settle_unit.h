// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the registers of an IOMMU leave open, its tables decide: of which kind it is, and parameters that no register
// at hand holds. What they do not decide either is refused.
#pragma once

#include "cli/opening/registers.h"

#include <pgregion/error.h>
#include <pgregion/guess.h>
#include <pgregion/memory_source.h>
#include <pgregion/report.h>

#include <optional>
#include <string>

namespace pgregion::cli
{

struct SettledUnit {
    DirectoryRequest request;
    std::optional<Guess> guess;  ///< where something was open
    std::optional<GuessedReading> guessed;
};

/// Throws operational "registers-undecided" and "parameters-undecided", of ErrorClass::undecided.
[[nodiscard]] SettledUnit settle(const MemorySource &memory, const RegisterUnit &unit);

/// The reading that the tables speak for: the decided one, or the one that is clearly ahead of all others, on however
/// little evidence. For a format that is known: of all formats such a reading may still be chance.
[[nodiscard]] const Reading *decided_or_ahead(const Guess &guess);

/// What results say of a reading that was taken.
[[nodiscard]] GuessedReading guessed(const Reading &reading, const Guess &guess);

/// The parameters that a guess has to find, as options: "--param ddt=base or --param ddt=extended". `given`: bit i
/// says that the i-th is known.
[[nodiscard]] std::string open_parameter_choices(std::span<const ParameterSpec> specs, std::uint32_t given);

/// True for page tables whose root is as large as a parameter says that is not among those `given`.
[[nodiscard]] bool root_size_is_open(const TableFormat *format, std::uint32_t given);

/// Operational "parameters-undecided", of ErrorClass::undecided.
[[nodiscard]] Error parameters_undecided(const Guess &guess, const std::string &root, const std::string &choices);

/// The readings of a guess that decided nothing, as a part of a sentence: " (candidates: A; B)".
[[nodiscard]] std::string candidates_text(const Guess &guess);

}  // namespace pgregion::cli
