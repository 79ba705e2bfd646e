// SPDX-License-Identifier: GPL-2.0-or-later
//
// What decoding costs: every leaf of a full region enumerated (IOVA and PA of each), against merely summing the
// same 2 MiB as 64-bit words. Both run in this process, in turns; the ratios at the end are of the medians.
#include "full_region.h"

#include <pgregion/mapping.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>

#include <benchmark/benchmark.h>

namespace
{

using namespace pgregion;

const std::vector<std::byte> &region(bench::Layout layout)
{
    static const std::vector<std::byte> contiguous = bench::full_region(bench::Layout::contiguous);
    static const std::vector<std::byte> scattered = bench::full_region(bench::Layout::scattered);
    return layout == bench::Layout::contiguous ? contiguous : scattered;
}

/// Takes every single leaf, so that nothing is left out that a real user of the walk would do.
class Enumerate final : public LeafVisitor<Enumerate>
{
public:
    Visit leaves(const LeafRun &run)
    {
        std::uint64_t iova = run.iova.value();
        std::uint64_t pa = run.pa.value();
        const std::uint64_t leaf_bytes = run.leaf_bytes;
        std::uint64_t mixed = mixed_;
        for (std::uint32_t i = 0; i < run.count; ++i) {
            mixed += iova ^ pa;
            iova += leaf_bytes;
            pa += leaf_bytes;
        }
        mixed_ = mixed;
        count_ += run.count;
        return Visit::go_on;
    }
    std::uint64_t mixed_ = 0;
    std::uint64_t count_ = 0;
};

void sum_words(benchmark::State &state)
{
    const Bytes bytes(region(bench::Layout::scattered));
    for (auto _ : state) {
        std::uint64_t sum = 0;
        for (std::size_t at = 0; at < bytes.size(); at += kWordBytes)
            sum += load_le64(bytes, at);
        benchmark::DoNotOptimize(sum);
    }
}

void enumerate(benchmark::State &state, bench::Layout layout)
{
    PiecewiseMemory memory;
    memory.add(bench::kBase, region(layout));
    WalkRequest request;
    request.format = find_table_format("vtd-ss");
    request.params = default_params(*request.format, 3);
    request.root = bench::kBase + kPageBytes;
    for (auto _ : state) {
        Enumerate visitor;
        walk_tables(memory, request, visitor);
        if (visitor.count_ != bench::kLeaves)
            state.SkipWithError("leaves are missing");
        benchmark::DoNotOptimize(visitor.mixed_);
    }
    state.counters["leaves/s"] =
        benchmark::Counter(static_cast<double>(bench::kLeaves), benchmark::Counter::kIsIterationInvariantRate);
}

BENCHMARK(sum_words);
BENCHMARK_CAPTURE(enumerate, contiguous, bench::Layout::contiguous);
BENCHMARK_CAPTURE(enumerate, scattered, bench::Layout::scattered);

/// Prints as usual and keeps the times for the ratios.
class Ratios final : public benchmark::ConsoleReporter
{
public:
    void ReportRuns(const std::vector<Run> &runs) override
    {
        ConsoleReporter::ReportRuns(runs);
        for (const Run &run : runs) {
            if (run.run_type == Run::RT_Iteration)
                times_[run.run_name.function_name].push_back(run.GetAdjustedCPUTime());
        }
    }

    void print()
    {
        const double sum = median("sum_words");
        for (const char *layout : {"enumerate/contiguous", "enumerate/scattered"})
            std::printf("%s: %.2f times the sum (target: within 3)\n", layout, median(layout) / sum);
    }

private:
    double median(const std::string &name)
    {
        std::vector<double> &times = times_[name];
        if (times.empty())
            return 0;
        std::ranges::sort(times);
        return times[times.size() / 2];
    }
    std::map<std::string, std::vector<double>> times_;
};

}  // namespace

int main(int argc, char **argv)
{
    std::vector<std::string> fixed{argv[0], "--benchmark_repetitions=9", "--benchmark_enable_random_interleaving=true",
                                   "--benchmark_min_time=0.05"};
    fixed.insert(fixed.end(), argv + 1, argv + argc);
    std::vector<char *> arguments;
    for (std::string &text : fixed)
        arguments.push_back(text.data());
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, arguments.data());
    Ratios ratios;
    benchmark::RunSpecifiedBenchmarks(&ratios);
    ratios.print();
    return 0;
}
