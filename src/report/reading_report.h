// SPDX-License-Identifier: GPL-2.0-or-later
//
// A reading of tables in words: all that tells it from other readings.
#pragma once

#include <pgregion/guess.h>
#include <pgregion/report.h>

#include <string>
#include <vector>

namespace pgregion::report
{

/// What has to be said beside the format's name, as --param takes it: "mode=scalable", "entries=1024".
[[nodiscard]] std::vector<std::string> reading_parameters(const Reading &reading);

/// "arm-s1, 4 levels, granule=16k".
[[nodiscard]] std::string reading_text(const Reading &reading);

/// For the results of a command that reads so.
[[nodiscard]] GuessedReading guessed_reading(const Reading &reading, Confidence confidence);

/// The options that say the same: "--format vtd-ss --levels 4".
[[nodiscard]] std::string reading_words(const GuessedReading &guess);

/// The note beside such results: "read as vtd-ss, 4 levels: a guess from the tables (confidence high); …".
[[nodiscard]] std::string guess_note(const GuessedReading &guess);

}  // namespace pgregion::report
