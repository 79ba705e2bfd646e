// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/trees.h"

#include "cli/opening/c_bit_advice.h"
#include "cli/opening/missing_advice.h"

#include <pgregion/error.h>

#include <fmt/core.h>

namespace pgregion::cli
{

namespace
{

Tree tree_of(const Tables &tables, const UnitDevice &row)
{
    const Translation &translation = row.device.translation;
    Tree tree{row, std::nullopt};
    if (translation.format != nullptr && root_readable(tables, translation))
        tree.request = walk_request(translation);
    return tree;
}

std::string advice_of(const Tables &tables, PhysAddr missing)
{
    if (auto advice = c_bit_advice(tables, missing))
        return *advice;
    std::string advice = "add the piece of memory that holds them: --with FILE@0xPA";
    if (const auto hole = hole_advice(tables, missing))
        advice += "; " + *hole;
    return advice;
}

/// One for each half of the address space that the requester has tables for.
std::vector<Tree> trees_of(const Tables &tables, const Requester &requester)
{
    std::vector<Tree> trees;
    for (const UnitDevice &row : with_upper_half(require_device_entry(tables, requester))) {
        const Translation &translation = row.device.translation;
        trees.push_back(tree_of(tables, row));
        if (!trees.back().request && translation.format != nullptr)
            throw Error(Failure::operational, "root-outside-source",
                        fmt::format("the page tables of device {} begin at {}, which the source does not hold",
                                    report::device_name(requester.device), hex(translation.root.value())),
                        advice_of(tables, translation.root));
    }
    return trees;
}

}  // namespace

std::vector<Tree> all_trees(const Tables &tables, report::Problems &problems)
{
    if (tables.directory == nullptr)
        return {{std::nullopt, tables.request()}};
    std::vector<Tree> trees;
    for (const UnitDevice &row : list_devices(tables, problems))
        trees.push_back(tree_of(tables, row));
    return trees;
}

std::vector<Tree> wanted_trees(const Tables &tables, const SourceReading &reading, report::Problems &problems)
{
    const std::vector<Requester> requesters = wanted_requesters(tables, reading);
    if (requesters.empty())
        return all_trees(tables, problems);
    std::vector<Tree> trees;
    for (const Requester &requester : requesters) {
        for (Tree &tree : trees_of(tables, requester))
            trees.push_back(std::move(tree));
    }
    return trees;
}

}  // namespace pgregion::cli
