// SPDX-License-Identifier: GPL-2.0-or-later
//
// Visitors that write down what a walk finds, as plain values that a test can compare.
#pragma once

#include "support/fixtures.h"

#include <pgregion/mapping.h>
#include <pgregion/walk.h>

#include <string>
#include <vector>

namespace pgregion::test
{

/// Everything of one walk, in order.
struct WalkRecord final : WalkVisitor {
    struct Run {
        std::uint64_t table;
        unsigned level;
        std::uint32_t index;
        std::uint32_t count;
        std::uint64_t raw;
        std::uint64_t target;
        std::uint64_t iova;
        EntryKind kind;
        friend bool operator==(const Run &, const Run &) = default;
    };
    struct Trouble {
        ProblemKind kind;
        std::uint64_t table;
        std::uint32_t index;
        std::uint64_t observed;
        friend bool operator==(const Trouble &, const Trouble &) = default;
    };

    std::vector<std::pair<std::uint64_t, unsigned>> entered;  ///< address and level
    std::vector<Run> entries;
    std::vector<Trouble> problems;
    std::vector<Problem> whole_problems;

    void enter(const TableVisit &visit) override { entered.emplace_back(visit.table.value(), visit.level); }
    Visit runs(const TableVisit &visit, std::span<const EntryRun> found) override
    {
        for (const EntryRun &run : found) {
            entries.push_back({visit.table.value(), visit.level, run.index, run.count, run.first.raw,
                               run.first.target.value(), visit.iova(run.index).value(), run.first.kind});
        }
        return Visit::go_on;
    }
    void problem(const Problem &problem) override
    {
        problems.push_back({problem.kind, problem.table.value(), problem.index, problem.observed});
        whole_problems.push_back(problem);
    }

    [[nodiscard]] std::size_t count(ProblemKind kind) const
    {
        std::size_t found = 0;
        for (const Trouble &trouble : problems)
            found += trouble.kind == kind ? 1U : 0U;
        return found;
    }
};

/// Counts of one walk and a checksum of it, where writing everything down would take too long.
struct WalkCounts final : WalkVisitor {
    std::size_t tables = 0;
    std::size_t problems = 0;
    std::uint64_t checksum = 0;
    friend bool operator==(const WalkCounts &a, const WalkCounts &b)
    {
        return a.tables == b.tables && a.problems == b.problems && a.checksum == b.checksum;
    }

    void enter(const TableVisit &visit) override
    {
        ++tables;
        mix(visit.table.value() + visit.level);
    }
    Visit runs(const TableVisit &visit, std::span<const EntryRun> found) override
    {
        for (const EntryRun &run : found)
            mix(run.first.raw ^ visit.iova(run.index).value());
        return Visit::go_on;
    }
    void problem(const Problem &problem) override
    {
        ++problems;
        mix(problem.observed + problem.index);
    }

private:
    void mix(std::uint64_t value) { checksum = (checksum ^ value) * 0x100000001b3; }
};

/// The leaves of one walk, one row per leaf, with its size.
struct LeafRecord final : LeafVisitor<LeafRecord> {
    MapRows rows;
    std::vector<Problem> problems;

    Visit leaves(const LeafRun &run)
    {
        for (std::uint32_t i = 0; i < run.count; ++i) {
            const std::uint64_t skip = run.leaf_bytes * i;
            rows.push_back(
                {(run.iova + skip).value(), (run.pa + skip).value(), run.leaf_bytes, std::string(letters(run.access))});
        }
        return Visit::go_on;
    }
    void problem(const Problem &problem) override { problems.push_back(problem); }
};

/// What MappingMerger makes of a walk.
inline MapRows merged_by_walker(const MemorySource &memory, const WalkRequest &request)
{
    MapRows rows;
    auto sink = [&rows](const Mapping &mapping) {
        rows.push_back(
            {mapping.iova.value(), mapping.pa.value(), mapping.size_bytes, std::string(letters(mapping.access))});
        return Visit::go_on;
    };
    MappingMerger merger(sink);
    walk_tables(memory, request, merger);
    merger.finish();
    return rows;
}

/// Devices and problems of a directory.
struct DirectoryRecorder final : DirectoryVisitor {
    std::vector<Device> devices;
    std::vector<Problem> problems;
    std::vector<std::pair<std::uint32_t, DirectoryStep>> records;  ///< first id and record

    void record(const DirectoryStep &step, const DirectoryPlace &place) override
    {
        records.emplace_back(place.device, step);
    }
    void device(const Device &device) override { devices.push_back(device); }
    void problem(const Problem &problem) override { problems.push_back(problem); }
};

}  // namespace pgregion::test
