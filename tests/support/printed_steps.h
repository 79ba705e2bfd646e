// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a run of pgregion tells its reader to run next, and whether that works as it stands: every test that runs the
// executable tries it (run_program.cpp).
//
//   next  pgregion COMMAND …             a line of the output; those below it that begin with pgregion go with it
//   sentence: pgregion COMMAND …         in the output, a message or a hint, to the end of the line or a semicolon
//   run `pgregion COMMAND …` to …        the same between backticks
//
// A command with a word in capitals, "--root PA", wants something filled in: it is for reading alone.
#pragma once

#include "support/run_program.h"

#include <string>
#include <vector>

namespace pgregion::test
{

struct PrintedSteps {
    std::vector<std::string> commands;  ///< in the order printed, as a shell is to take them
    std::vector<std::string> broken;    ///< lines that are called next and hold no command
};

[[nodiscard]] PrintedSteps find_steps(const ProgramOutcome &outcome);

/// Runs `command` in a shell; what changes a source has a copy of it. Returns what is wrong: a usage error, a signal, a
/// file that is not there, no end. Empty: it works, whatever it says about the source.
[[nodiscard]] std::string try_step(const std::string &command, const ProgramCall &origin);

/// Finds the steps and tries them; those that do not work fail the test that runs. Of commands with the same options the
/// first ones of this process are tried. Threads may call it.
void follow_steps(const ProgramCall &origin, const ProgramOutcome &outcome);

/// How many were tried so far.
[[nodiscard]] std::size_t steps_tried();

}  // namespace pgregion::test
