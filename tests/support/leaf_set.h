// SPDX-License-Identifier: GPL-2.0-or-later
//
// All leaves of a walk as a set, to be held against those of another walk.
#pragma once

#include <pgregion/mapping.h>

#include <cstdint>
#include <set>
#include <string>
#include <tuple>

namespace pgregion::test
{

using Leaf = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, std::string>;  // IOVA, PA, size, access

class Leaves final : public LeafVisitor<Leaves>
{
public:
    Visit leaves(const LeafRun &run)
    {
        for (std::uint32_t i = 0; i < run.count; ++i)
            found.emplace(run.iova.value() + i * run.leaf_bytes, run.pa.value() + i * run.leaf_bytes, run.leaf_bytes,
                          std::string(letters(run.access)));
        return Visit::go_on;
    }
    std::set<Leaf> found;
};

/// Those that `request` leads to.
[[nodiscard]] inline std::set<Leaf> leaves_of(const MemorySource &memory, const WalkRequest &request)
{
    Leaves leaves;
    walk_tables(memory, request, leaves);
    return std::move(leaves.found);
}

}  // namespace pgregion::test
