// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion decode: the tables as they stand, every level; for a directory its records and the tables below them.
#include "cli/commands/commands.h"
#include "cli/opening/device_list.h"
#include "cli/opening/numbers.h"
#include "report/debugfs_report.h"
#include "report/entry_report.h"

#include <pgregion/error.h>

#include <set>
#include <tuple>

#include <CLI/CLI.hpp>

namespace pgregion::cli
{

namespace
{

constexpr const char *kDebugfs = "intel-debugfs";

using report::DecodeForm;
using report::DecodeReport;

/// Shows the records, and below a device its page tables, each root once.
class DirectoryDecoder final : public DirectoryVisitor
{
public:
    DirectoryDecoder(const Tables &tables, DecodeReport &rows, report::Problems &problems,
                     std::function<void(const WalkRequest &)> walk)
        : tables_(tables), format_(tables.directory), rows_(rows), problems_(problems), walk_(std::move(walk))
    {
    }

    void begin(const DirectoryFormat &format) { format_ = &format; }

    void record(const DirectoryStep &step, const DirectoryPlace &place) override
    {
        if (!stopped_)
            stopped_ = rows_.record(*format_, step, place) == Visit::stop;
    }

    void device(const Device &device) override
    {
        const Translation &translation = device.translation;
        if (stopped_ || translation.format == nullptr)
            return;
        const bool is_new = seen_.insert({translation.root, translation.outer.root, translation.params.levels}).second;
        if (!is_new) {
            rows_.note("      (shown above: another device has the same tables)");
        } else if (!root_readable(tables_, translation)) {
            rows_.problem(root_problem(device));
        } else {
            walk_(walk_request(translation));
        }
    }

    void problem(const Problem &problem) override { problems_.add(problem); }

private:
    const Tables &tables_;
    const DirectoryFormat *format_;
    DecodeReport &rows_;
    report::Problems &problems_;
    std::function<void(const WalkRequest &)> walk_;
    std::set<std::tuple<PhysAddr, PhysAddr, unsigned>> seen_;
    bool stopped_ = false;
};

class Decode final : public Command
{
public:
    void declare(CLI::App &app) override
    {
        app.add_option("SOURCE", sources_, "regions or memories")->required()->type_name("");
        app.add_option("--max-level", max_level_, "show N levels of page tables, the root being the first")
            ->type_name("N");
        app.add_option("--iova", iova_, "only what touches FIRST-LAST or FIRST+SIZE")->type_name("RANGE");
        app.add_flag("--every-entry", every_entry_, "one line per entry instead of runs of alike leaves");
        app.add_option("--as", as_, "form: tree (default), table, or intel-debugfs as the kernel prints VT-d tables")
            ->check(CLI::IsMember({"tree", "table", kDebugfs}))
            ->type_name("FORM");
        app.add_option("--limit", limit_, "at most ROWS rows")->type_name("ROWS");
    }

    int run(Session &session) override
    {
        return session.for_each_source(sources_, [&](const std::string &source) { return show(session, source); });
    }

private:
    int show(Session &session, const std::string &argument)
    {
        const OpenedSource source = session.open(argument, OpenMode::read_only);
        const Tables tables = open_tables(source, session.options());
        report::ResultWriter &results = session.results();
        results.begin(&tables.info);
        results.list("entries", "entry");
        results.list("problems", "problem");
        report::Problems problems;
        if (as_ == kDebugfs && results.wants_text()) {
            report::WithProblems<report::DebugfsReport> rows(problems, results, limit_);
            walk_as_debugfs(session, tables, rows, problems);
            if (rows.cut())
                problems.truncate();
            return finish(session, source, tables, problems);
        }
        DecodeReport rows(results, session.palette(), tables.pages,
                          {.form = as_ == "table" ? DecodeForm::table : DecodeForm::tree,
                           .runs = every_entry_ ? report::Runs::every_entry : report::Runs::folded,
                           .limit = limit_});
        rows.on_problem([&problems](const Problem &problem) { problems.add(problem); });
        walk(session, tables, rows, problems);
        if (rows.cut())
            problems.truncate();
        return finish(session, source, tables, problems);
    }

    static int finish(Session &session, const OpenedSource &source, const Tables &tables,
                      const report::Problems &problems)
    {
        tables.ensure_intact(source);
        problems.put(session.results(), tables.pages);
        session.warn(source.path(), problems, tables.pages);
        session.results().end();
        return problems.truncated() ? kAnswerIsNo : kClean;
    }

    /// The same devices as mappings, each with its heading. What has no tables has no rows.
    void walk_as_debugfs(Session &session, const Tables &tables, report::DebugfsReport &rows,
                         report::Problems &problems) const
    {
        WalkBudget budget = WalkBudget::for_memory(tables.memory);
        const auto walk_root = [&](const std::string &device, WalkRequest request) {
            request.budget = &budget;
            restrict(request);
            rows.heading(device, request.root);
            problems.add(walk_tables(tables.memory, request, rows));
            session.results().text("\n");
        };
        if (tables.directory == nullptr) {
            if (tables.format != find_table_format("vtd-ss"))
                throw wrong_form(tables.format->name);
            return walk_root({}, tables.request());
        }
        if (tables.directory != find_directory_format("vtd-root"))
            throw wrong_form(tables.directory->name);
        const auto wanted = wanted_device(tables, session.options().decoding);
        const auto devices =
            wanted ? std::vector{require_device_entry(tables, *wanted)} : list_devices(tables, problems);
        for (const UnitDevice &row : devices) {
            const Translation &translation = row.device.translation;
            if (translation.kind == TranslationKind::second_stage)
                walk_root(report::device_name(row.device.id), walk_request(translation));
            else
                session.warn(tables.info.path,
                             fmt::format("{} is left out: {}", report::requester_name(row), name(translation.kind)));
        }
    }

    static Error wrong_form(std::string_view format)
    {
        return {Failure::usage, "bad-form",
                fmt::format("--as {} has the columns of VT-d second-stage tables, and this is {}", kDebugfs, format),
                "leave --as out"};
    }

    void walk(Session &session, const Tables &tables, DecodeReport &rows, report::Problems &problems) const
    {
        WalkBudget budget = WalkBudget::for_memory(tables.memory);
        const auto walk_root = [&](WalkRequest request) {
            request.budget = &budget;
            restrict(request);
            problems.add(walk_tables(tables.memory, request, rows));
        };
        const auto wanted = wanted_device(tables, session.options().decoding);
        if (tables.directory == nullptr) {
            walk_root(tables.request());
            return;
        }
        rows.indent(2);
        DirectoryDecoder decoder(tables, rows, problems, walk_root);
        if (!wanted) {
            for (const DirectoryRequest &unit : tables.units) {
                const DirectoryTable root = unit.format->root(unit.root, unit.params);
                rows.indent(0);
                rows.note(
                    fmt::format("{} {}", unit.format->table_types[root.type].name, tables.pages.describe(unit.root)));
                rows.indent(2);
                decoder.begin(*unit.format);
                problems.add(walk_directory(tables.memory, unit, decoder));
            }
            return;
        }
        const UnitDevice device = require_device_entry(tables, *wanted);
        const UnitLookup found = find_requester(tables, *wanted);
        decoder.begin(*tables.units.at(found.unit).format);
        DirectoryPlace place{wanted->device, {}, 0};
        for (const DirectoryStep &step : found.lookup.steps) {
            decoder.record(step, place);
            ++place.depth;
        }
        decoder.device(device.device);
    }

    void restrict(WalkRequest &request) const
    {
        if (!iova_.empty())
            request.only = require_iova_range(iova_);
        if (max_level_ != 0 && max_level_ < request.params.levels)
            request.deepest_level = request.params.levels - max_level_;
    }

    std::vector<std::string> sources_;
    unsigned max_level_ = 0;
    std::string iova_;
    bool every_entry_ = false;
    std::string as_ = "tree";
    std::uint64_t limit_ = 0;
};

}  // namespace

std::unique_ptr<Command> make_decode() { return std::make_unique<Decode>(); }

}  // namespace pgregion::cli
