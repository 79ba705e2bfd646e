// SPDX-License-Identifier: GPL-2.0-or-later
//
// Runs a program and catches what it says, for the tests of the command line: the real executable, as a script
// would run it.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace pgregion::test
{

struct ProgramCall {
    std::vector<std::string> arguments;                   ///< the program comes first
    std::string input = {};                               ///< standard input
    std::map<std::string, std::string> environment = {};  ///< beside PATH; nothing else is handed on
    std::chrono::seconds limit{60};
};

struct ProgramOutcome {
    int status = -1;  ///< exit status; 128 + signal when it was killed
    bool timed_out = false;
    std::string output;
    std::string errors;
    std::chrono::milliseconds duration{0};
};

/// Standard output and standard error are files, no terminals. What the executable under test says is to be run next is
/// tried at once (printed_steps.h). Throws std::runtime_error when it cannot be run.
[[nodiscard]] ProgramOutcome run_program(const ProgramCall &call);

/// The same without trying next steps.
[[nodiscard]] ProgramOutcome run_unfollowed(const ProgramCall &call);

/// The executable under test: $PGREGION_BINARY, or that of the build which these tests belong to.
[[nodiscard]] const std::string &pgregion_binary();

/// Whether it holds the address sanitizer, which makes it many times slower and larger. The tests themselves may come
/// from another build, see kSanitized.
[[nodiscard]] bool pgregion_is_sanitized();

/// The executable under test with these arguments.
[[nodiscard]] ProgramOutcome run_pgregion(std::vector<std::string> arguments, std::string input = "");

}  // namespace pgregion::test
