// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the tests that go through all commands have to know of one, so that it can be kept in the command's own test:
//
//     const CommandSample kSample({.command = "area", .json_calls = {{"area", {"area", "{}/some.area"}}}});
//
// A command of which they know nothing fails them by its name.
#pragma once

#include "cli/json_calls.h"

#include <string>
#include <utility>
#include <vector>

namespace pgregion::test
{

struct Sample {
    std::string command;
    /// Where the first argument is a SOURCE that has to be there: what a right call has behind it. It is tried on bad
    /// sources of every kind, on which it exits with 8.
    bool takes_source = true;
    Strings behind_source = {};
    /// Calls on good and on bad sources (make_sources() of json_schema_test.cpp), whose JSON is held against the schema.
    /// One at least has a result.
    std::vector<Call> json_calls = {};
};

class CommandSample
{
public:
    explicit CommandSample(Sample sample) { list().push_back(std::move(sample)); }

    [[nodiscard]] static const std::vector<Sample> &all() { return list(); }

private:
    static std::vector<Sample> &list()
    {
        static std::vector<Sample> samples;
        return samples;
    }
};

}  // namespace pgregion::test
