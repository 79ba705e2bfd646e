// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion decode: the tables as they stand, every level; for a directory its records and the tables below them.
#include "cli/commands.h"
#include "cli/device_list.h"
#include "cli/numbers.h"
#include "report/entry_report.h"

#include <pgregion/error.h>

#include <set>

#include <CLI/CLI.hpp>

namespace pgregion::cli
{

namespace
{

using report::DecodeForm;
using report::DecodeReport;

/// Shows the records, and below a device its page tables, each root once.
class DirectoryDecoder final : public DirectoryVisitor
{
public:
    DirectoryDecoder(const Tables &tables, DecodeReport &rows, report::Problems &problems,
                     std::function<void(const WalkRequest &)> walk)
        : tables_(tables), rows_(rows), problems_(problems), walk_(std::move(walk))
    {
    }

    void record(const DirectoryStep &step, std::uint32_t first_id) override
    {
        if (!stopped_)
            stopped_ = rows_.record(*tables_.directory, step, first_id) == Visit::stop;
    }

    void device(const Device &device) override
    {
        const Translation &translation = device.translation;
        if (stopped_ || translation.format == nullptr)
            return;
        if (!seen_.insert({translation.root, translation.params.levels}).second) {
            rows_.note("      (shown above: another device has the same tables)");
        } else if (!root_readable(tables_, device)) {
            const Problem problem{.kind = ProblemKind::root_outside_source,
                                  .table = device.table,
                                  .level = {},
                                  .index = device.index,
                                  .iova = {},
                                  .device = device.id,
                                  .observed = translation.root.value()};
            problems_.set_incomplete();
            rows_.problem(problem);
        } else {
            walk_(request_for(device));
        }
    }

    void problem(const Problem &problem) override { problems_.add(problem); }

private:
    const Tables &tables_;
    DecodeReport &rows_;
    report::Problems &problems_;
    std::function<void(const WalkRequest &)> walk_;
    std::set<std::pair<PhysAddr, unsigned>> seen_;
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
        app.add_option("--as", as_, "form: tree (default) or table")
            ->check(CLI::IsMember({"tree", "table"}))
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
        const OpenedSource source(argument, session.options().source, OpenMode::read_only);
        const Tables tables = open_tables(source, session.options());
        report::ResultWriter &results = session.results();
        results.begin(&tables.info);
        results.list("entries", "entry");
        results.list("problems", "problem");
        report::Problems problems;
        DecodeReport rows(results, session.palette(), tables.pages,
                          {.form = as_ == "table" ? DecodeForm::table : DecodeForm::tree,
                           .runs = every_entry_ ? report::Runs::every_entry : report::Runs::folded,
                           .limit = limit_});
        rows.on_problem([&problems](const Problem &problem) { problems.add(problem); });
        walk(session, tables, rows, problems);
        tables.ensure_intact(source);
        if (rows.cut())
            problems.truncate();
        problems.put(results, tables.pages);
        session.warn(argument, problems, tables.pages);
        results.end();
        return problems.truncated() ? kAnswerIsNo : kClean;
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
            rows.indent(0);
            rows.note(fmt::format("{} {}", tables.directory->table_types[0].name, tables.pages.describe(tables.root)));
            rows.indent(2);
            problems.add(walk_directory(tables.memory, tables.directory_request(), decoder));
            return;
        }
        const Device device = require_device_entry(tables, *wanted);
        const DirectoryLookup lookup = find_device(tables.memory, tables.directory_request(), *wanted);
        for (const DirectoryStep &step : lookup.steps)
            decoder.record(step, *wanted);
        decoder.device(device);
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
