// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is said of one memory in whatever form it comes, to be compared.
#pragma once

#include "cli/command_test.h"

#include <string>
#include <vector>

namespace pgregion::test
{

/// What a memory save says without its own name, so that sources can be compared.
inline std::string said_of(const std::string &source, const std::vector<std::string> &context)
{
    std::string all;
    for (const std::vector<std::string> &command :
         {std::vector<std::string>{"devices"}, {"mappings"}, {"check", "--fail-on", "never", "-q"}}) {
        std::vector<std::string> call{command.front(), source};
        call.insert(call.end(), command.begin() + 1, command.end());
        call.insert(call.end(), context.begin(), context.end());
        const ProgramOutcome outcome = run_pgregion(call);
        EXPECT_EQ(outcome.status, 0) << command.front() << ": " << outcome.errors;
        all += outcome.output;
    }
    return all;
}

}  // namespace pgregion::test
