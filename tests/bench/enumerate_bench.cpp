// SPDX-License-Identifier: GPL-2.0-or-later
//
// What decoding and checking cost in each format: every leaf of a full region enumerated (IOVA and PA of each), and all
// checks run on it, against merely summing the same 2 MiB as 64-bit words. All run in this process, in turns; the
// ratios at the end are of the medians.
#include "full_region.h"

#include <pgregion/check.h>
#include <pgregion/mapping.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <map>
#include <string>

#include <benchmark/benchmark.h>

namespace
{

using namespace pgregion;

/// How many times the sum a whole enumeration, or a whole check, may cost.
constexpr double kTarget = 4;

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

void sum_words(benchmark::State &state, const bench::FullRegion &region)
{
    const Bytes bytes = region.bytes();
    for (auto _ : state) {
        std::uint64_t sum = 0;
        for (std::size_t at = 0; at < bytes.size(); at += kWordBytes)
            sum += load_le64(bytes, at);
        benchmark::DoNotOptimize(sum);
    }
}

void enumerate(benchmark::State &state, const bench::FullRegion &region)
{
    PiecewiseMemory memory;
    memory.add(bench::kBase, region.bytes());
    for (auto _ : state) {
        Enumerate visitor;
        walk_tables(memory, region.request(), visitor);
        if (visitor.count_ != region.leaves())
            state.SkipWithError("leaves are missing");
        benchmark::DoNotOptimize(visitor.mixed_);
    }
    state.counters["leaves/s"] =
        benchmark::Counter(static_cast<double>(region.leaves()), benchmark::Counter::kIsIterationInvariantRate);
}

void check(benchmark::State &state, const bench::FullRegion &region)
{
    PiecewiseMemory memory;
    memory.add(bench::kBase, region.bytes());
    CheckSubject subject;
    subject.memory = &memory;
    subject.region = {region.bytes(), bench::kBase};
    subject.tables = {{region.request().format, region.request().params, region.request().root}};
    for (auto _ : state) {
        const CheckReport report = run_checks(subject);
        if (report.of(Severity::error) != 0)
            state.SkipWithError("a sound region has errors");
        benchmark::DoNotOptimize(report.entries);
    }
}

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

    void print(const std::vector<std::string> &names)
    {
        const double sum = median("sum_words");
        for (const std::string &name : names)
            std::printf("%-30s %6.2f times the sum (target: within %.0f)\n", name.c_str(), median(name) / sum, kTarget);
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
                                   "--benchmark_min_time=0.02"};
    fixed.insert(fixed.end(), argv + 1, argv + argc);
    std::vector<char *> arguments;
    for (std::string &text : fixed)
        arguments.push_back(text.data());
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, arguments.data());

    std::deque<bench::FullRegion> regions;
    std::vector<std::string> names;
    for (const bench::Layout layout : {bench::Layout::contiguous, bench::Layout::scattered}) {
        for (const test::TableReading &reading : test::readings_for(test::kMeasure)) {
            const bench::FullRegion &region = regions.emplace_back(reading, layout);
            names.push_back(reading.name + (layout == bench::Layout::contiguous ? "/contiguous" : "/scattered"));
            benchmark::RegisterBenchmark(names.back().c_str(),
                                         [&region](benchmark::State &state) { enumerate(state, region); });
            names.push_back("check/" + names.back());
            benchmark::RegisterBenchmark(names.back().c_str(),
                                         [&region](benchmark::State &state) { check(state, region); });
        }
    }
    benchmark::RegisterBenchmark("sum_words", [&](benchmark::State &state) { sum_words(state, regions.back()); });
    Ratios ratios;
    benchmark::RunSpecifiedBenchmarks(&ratios);
    ratios.print(names);
    return 0;
}
