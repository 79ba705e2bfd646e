// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the tests that go through all commands have to know of one, so that it can be kept in the command's own test:
//
//     const CommandSample kSample({
//         .command = "area",
//         .arguments = {"{}/a.img"},
//         .own_options = {{"--size", {"12M", "x"}}},
//         .json_calls = {{"area", {"area", "{}/some.area"}}},
//     });
//
// A command of which they know nothing fails them by its name.
#pragma once

#include "cli/json_calls.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace pgregion::test
{

struct SampleOption {
    std::string good = {};  ///< empty for a flag
    std::string bad = {};   ///< empty: it takes any text
};

struct Sample {
    std::string command;
    /// A right call on the files of SceneTest (command_scenes.h); "{}" stands for their folder.
    Strings arguments;
    Strings options = {};  ///< without which it does nothing of interest
    std::map<std::string, SampleOption> own_options = {};
    /// The first argument is a SOURCE that has to be there: bad ones of every kind are tried, and it exits with 8.
    bool takes_source = true;
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
