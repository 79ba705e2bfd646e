// SPDX-License-Identifier: GPL-2.0-or-later
//
// Runs the checks: gathers facts, shows every entry of every table to the checks of entries, then the facts to the
// others, and sorts what they found. Tables are shared out to threads in consecutive pieces and their findings put
// together in the same order, so that the result does not depend on the number of threads.
#include "check/check_row.h"
#include "check/doomed.h"
#include "check/table_pass.h"

#include <pgregion/area_check.h>

#include <algorithm>
#include <exception>
#include <thread>
#include <tuple>

namespace pgregion
{

namespace check
{

namespace
{

using Rows = std::vector<const CheckRow *>;

Rows make_rows()
{
    Rows rows;
    for (const auto &part : {region_rows(), structure_rows(), isolation_rows(), encoding_rows(), permission_rows(),
                             address_rows(), directory_rows()})
        rows.insert(rows.end(), part.begin(), part.end());
    std::ranges::sort(rows, {}, [](const CheckRow *row) { return row->about.code; });
    return rows;
}

const Rows &all_rows()
{
    static const Rows rows = make_rows();
    return rows;
}

/// The rows that look at entries, sorted by what they look at.
struct EntryRows {
    std::array<Rows, kEntryClassBits> by_class;  ///< for each bit of EntryClasses
    Rows tables;
    Rows domains;
    Rows facts;

    explicit EntryRows(const CheckOptions &options)
    {
        for (const CheckRow *row : all_rows()) {
            const std::string_view code = row->about.code;
            if (options.skip.contains(code) || (!options.only.empty() && !options.only.contains(code)))
                continue;
            for (std::size_t bit = 0; bit < by_class.size(); ++bit) {
                if (row->entry != nullptr && (row->entries >> bit & 1) != 0)
                    by_class[bit].push_back(row);
            }
            if (row->table != nullptr)
                tables.push_back(row);
            if (row->domain != nullptr)
                domains.push_back(row);
            if (row->facts != nullptr)
                facts.push_back(row);
        }
    }
};

/// One thread's share of the tables.
class Pass
{
public:
    Pass(Facts &facts, const EntryRows &rows)
        : facts_(facts), rows_(rows), sink_(facts), summaries_(facts.domains.size())
    {
    }

    void go(std::uint32_t first, std::uint32_t last)
    {
        try {
            for (std::uint32_t number = first; number < last; ++number)
                look_at(number);
        } catch (...) {
            failure_ = std::current_exception();
        }
    }

    [[nodiscard]] const std::exception_ptr &failure() const { return failure_; }
    [[nodiscard]] FindingSink &sink() { return sink_; }
    [[nodiscard]] const std::vector<LeafSummary> &summaries() const { return summaries_; }

private:
    void look_at(std::uint32_t number)
    {
        TableFact &table = facts_.tables[number];
        const Stage &stage = facts_.domain_of(table).stage;
        pass_.begin(*facts_.subject->memory, stage, table);
        while (pass_.next()) {
            for (const EntryRun &run : pass_.runs())
                look_at(table, number, run);
            const TableView view{facts_, table, number, pass_.runs(), pass_.bytes(), pass_.first_index()};
            for (const CheckRow *row : rows_.tables) {
                sink_.begin(row->about);
                row->table(view, sink_);
            }
        }
    }

    void look_at(TableFact &table, std::uint32_t number, const EntryRun &run)
    {
        const EntryClasses classes = classes_of(table, run);
        const std::uint32_t slots = run.count << run.first.replicas_lg2;
        (run.first.present() ? table.present : table.not_present) += slots;
        if (classes == 0)
            return;
        if ((classes & kFaulting) != 0)
            table.faulting += slots;
        const EntryView view{facts_, table, number, run, pass_.bytes(), pass_.first_index()};
        for (std::size_t bit = 0; bit < rows_.by_class.size(); ++bit) {
            if ((classes >> bit & 1) == 0)
                continue;
            for (const CheckRow *row : rows_.by_class[bit])
                show(*row, view, classes & ((1U << bit) - 1));
        }
    }

    /// A row sees an entry once, though it may be of several classes that the row wants.
    void show(const CheckRow &row, const EntryView &view, EntryClasses classes_done)
    {
        if ((row.entries & classes_done) != 0)
            return;
        sink_.begin(row.about);
        row.entry(view, sink_);
    }

    EntryClasses classes_of(const TableFact &table, const EntryRun &run)
    {
        const Entry &entry = run.first;
        const EntryClasses torn = entry.torn ? kTorn : 0U;
        if (entry.kind == EntryKind::empty)
            return torn | kNotPresent;
        if (entry.faults())
            return torn | kFaulting;
        if (entry.kind == EntryKind::table)
            return torn | kPointer;
        LeafSummary &summary = summaries_[table.domain];
        summary.take(entry);
        const bool watched = facts_.watch.may_touch(entry.target, std::uint64_t{run.count} << entry.size_lg2);
        const bool odd = !facts_.domain_of(table).stage.format->typical(entry, table.level);
        return torn | (watched ? kWatchedLeaf : 0U) | (odd ? kOddLeaf : 0U);
    }

    Facts &facts_;
    const EntryRows &rows_;
    FindingSink sink_;
    std::vector<LeafSummary> summaries_;
    TablePass pass_;
    std::exception_ptr failure_;
};

/// Runs the checks of entries on all tables. Returns what the leaves of each domain have in common.
std::vector<LeafSummary> pass_entries(Facts &facts, const EntryRows &rows, unsigned jobs, FindingSink &sink)
{
    constexpr std::uint64_t kTablesPerJob = 64;  // fewer are not worth a thread
    constexpr unsigned kMostJobs = 64;           // -j is a wish, and a large memory has millions of tables
    const std::uint64_t tables = facts.tables.size();
    const std::uint64_t threads = std::clamp<std::uint64_t>(tables / kTablesPerJob, 1, std::clamp(jobs, 1U, kMostJobs));
    std::vector<Pass> passes;
    for (std::uint64_t i = 0; i < threads; ++i)
        passes.emplace_back(facts, rows);
    const auto bound = [&](std::uint64_t i) { return static_cast<std::uint32_t>(tables * i / threads); };
    {
        std::vector<std::jthread> workers;
        for (std::uint64_t i = 1; i < threads; ++i)
            workers.emplace_back([&, i] { passes[i].go(bound(i), bound(i + 1)); });
        passes[0].go(0, bound(1));
    }
    std::vector<LeafSummary> summaries(facts.domains.size());
    for (Pass &pass : passes) {
        if (pass.failure())
            std::rethrow_exception(pass.failure());
        sink.take(pass.sink());
        for (std::size_t i = 0; i < summaries.size(); ++i)
            summaries[i].take(pass.summaries()[i]);
    }
    return summaries;
}

/// Place first: what has none, what lies in the source, what lies elsewhere.
auto order_of(const Finding &finding)
{
    const int group = finding.offset ? 1 : finding.table ? 2 : 0;
    const std::uint64_t page = finding.offset  ? *finding.offset / kPageBytes
                               : finding.table ? finding.table->value() / kPageBytes
                                               : 0;
    const std::uint64_t within = finding.offset ? *finding.offset : finding.table ? finding.table->value() : 0;
    return std::tuple(group, page, within, finding.index.value_or(0), finding.check->code,
                      finding.iova.value_or(Iova()), finding.unit.value_or(0), finding.device.value_or(0),
                      finding.pasid.value_or(0), finding.target.value_or(PhysAddr()), finding.observed.value_or(0));
}

}  // namespace

}  // namespace check

std::string_view name(Severity severity)
{
    switch (severity) {
    case Severity::info:
        return "info";
    case Severity::warning:
        return "warning";
    case Severity::error:
        return "error";
    }
    return "unknown";
}

std::string_view name(RepairPolicy policy)
{
    switch (policy) {
    case RepairPolicy::none:
        return "none";
    case RepairPolicy::safe:
        return "safe";
    case RepairPolicy::all:
        return "all";
    }
    return "unknown";
}

std::optional<Severity> CheckReport::worst() const
{
    for (const Severity severity : {Severity::error, Severity::warning, Severity::info}) {
        if (of(severity) != 0)
            return severity;
    }
    return std::nullopt;
}

std::span<const Check *const> all_checks()
{
    static const std::vector<const Check *> checks = [] {
        std::vector<const Check *> found;
        for (const check::CheckRow *row : check::all_rows())
            found.push_back(&row->about);
        found.insert(found.end(), area_checks().begin(), area_checks().end());
        std::ranges::sort(found, {}, &Check::code);
        return found;
    }();
    return checks;
}

const Check *find_check(std::string_view code)
{
    const auto checks = all_checks();
    const auto found = std::ranges::find(checks, code, &Check::code);
    return found == checks.end() ? nullptr : *found;
}

CheckReport run_checks(const CheckSubject &subject, const CheckOptions &options)
{
    using namespace check;
    Facts facts = gather_facts(subject);
    const EntryRows rows(options);
    FindingSink sink(facts);
    const std::vector<LeafSummary> summaries = pass_entries(facts, rows, options.jobs, sink);
    for (const CheckRow *row : rows.facts) {
        sink.begin(row->about);
        row->facts(facts, sink);
    }
    for (std::uint32_t number = 0; number < facts.domains.size(); ++number) {
        for (const CheckRow *row : rows.domains) {
            sink.begin(row->about);
            row->domain({facts, number, summaries[number]}, sink);
        }
    }
    spare_doomed_readings(facts, sink.findings());
    CheckReport report;
    report.findings = std::move(sink.findings());
    std::ranges::stable_sort(report.findings,
                             [](const Finding &a, const Finding &b) { return order_of(a) < order_of(b); });
    for (const Finding &finding : report.findings)
        ++report.count[static_cast<std::size_t>(finding.severity)];
    report.truncated = facts.truncated || sink.truncated();
    report.tables = facts.tables.size() + facts.directory_tables.size();
    for (const TableFact &table : facts.tables)
        report.entries += table.present;
    return report;
}

}  // namespace pgregion
