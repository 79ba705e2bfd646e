// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion decode: the tables as they stand, every level; for a directory its records and the tables below them.
#include "cli/opening/numbers.h"
#include "cli/opening/trees.h"
#include "cli/session/session.h"
#include "report/debugfs_report.h"
#include "report/entry_report.h"

#include <pgregion/error.h>

#include <set>
#include <tuple>

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
    void declare(OptionTable &table) override
    {
        table.argument("SOURCE", &sources_, "regions or memories");
        table.option("--max-level", "N", &max_level_, "show N levels of page tables, the root being the first");
        table.option("--iova", "RANGE", &iova_, "only what touches FIRST-LAST or FIRST+SIZE");
        table.flag("--every-entry", &every_entry_, "one line per entry instead of runs of alike leaves");
        table
            .option("--as", "FORM", &as_,
                    "form: tree (default), table, or intel-debugfs as the kernel prints VT-d tables")
            .one_of({"tree", "table", kDebugfs});
        table.option("--limit", "ROWS", &limit_, "at most ROWS rows");
    }

    void prepare(const Session &session) override
    {
        if (!iova_.empty())
            range_ = require_iova_range(iova_);
        const ReadingContext &context = session.reading().context;
        if (as_ == kDebugfs)
            refuse_other_columns(context.format, context.directory);
    }

    int run(Session &session) override
    {
        return session.for_each_source(sources_, [&](const std::string &source) { return show(session, source); });
    }

private:
    int show(Session &session, const std::string &argument)
    {
        const OpenedSource source = session.open(argument, OpenMode::read_only);
        const Tables tables = session.open_tables(source, argument);
        report::ResultWriter &results = session.results();
        if (as_ == kDebugfs && results.wants_text())
            return show_as_debugfs(session, source, tables);
        const std::vector<Requester> wanted = wanted_requesters(tables, session.reading());
        begin(results, tables);
        report::Problems problems;
        DecodeReport rows(results, session.palette(), tables.pages,
                          {.form = as_ == "table" ? DecodeForm::table : DecodeForm::tree,
                           .runs = every_entry_ ? report::Runs::every_entry : report::Runs::folded,
                           .limit = limit_});
        rows.on_problem([&problems](const Problem &problem) { problems.add(problem); });
        walk({tables, rows, problems}, wanted);
        if (rows.cut())
            problems.truncate();
        return finish(session, source, tables, problems);
    }

    static void begin(report::ResultWriter &results, const Tables &tables)
    {
        results.begin(&tables.info);
        results.list("entries", "entry");
        results.list("problems", "problem");
    }

    static int finish(Session &session, const OpenedSource &source, const Tables &tables,
                      const report::Problems &problems)
    {
        tables.ensure_intact(source);
        problems.put(session.results(), tables.pages);
        session.warn(source.path(), problems, tables);
        session.results().end();
        return problems.truncated() ? kAnswerIsNo : kClean;
    }

    /// The same devices as mappings, each with its heading. What has no tables has no rows.
    int show_as_debugfs(Session &session, const OpenedSource &source, const Tables &tables) const
    {
        refuse_other_columns(tables.format, tables.directory);
        report::Problems problems;
        const std::vector<Tree> trees = wanted_trees(tables, session.reading(), problems);
        begin(session.results(), tables);
        report::WithProblems<report::DebugfsReport> rows(problems, session.results(), limit_);
        WalkBudget budget = WalkBudget::for_memory(tables.memory);
        for (const Tree &tree : trees) {
            if (tree.device && tree.device->device.translation.kind != TranslationKind::second_stage) {
                session.warn(tables.info.path, fmt::format("{} is left out: {}", report::requester_name(*tree.device),
                                                           name(tree.device->device.translation.kind)));
                continue;
            }
            if (!tree.request)
                continue;
            WalkRequest request = *tree.request;
            request.budget = &budget;
            restrict(request);
            rows.heading(tree.device ? report::device_name(tree.device->device.id) : std::string(), request.root);
            problems.add(walk_tables(tables.memory, request, rows));
            session.results().text("\n");
        }
        if (rows.cut())
            problems.truncate();
        return finish(session, source, tables, problems);
    }

    /// One of the two is set, or none where only the source says what it is.
    static void refuse_other_columns(const TableFormat *format, const DirectoryFormat *directory)
    {
        if (directory == nullptr && format != nullptr && format->family != TableFamily::vtd)
            throw wrong_form(format->name);
        if (directory != nullptr && directory->family != DirectoryFamily::vtd)
            throw wrong_form(directory->name);
    }

    static Error wrong_form(std::string_view format)
    {
        return {Failure::usage, "bad-form",
                fmt::format("--as {} has the columns of VT-d second-stage tables, and this is {}", kDebugfs, format),
                "leave --as out"};
    }

    /// What a walk writes into.
    struct Decoding {
        const Tables &tables;
        DecodeReport &rows;
        report::Problems &problems;
    };

    void walk(const Decoding &to, const std::vector<Requester> &wanted) const
    {
        WalkBudget budget = WalkBudget::for_memory(to.tables.memory);
        const auto walk_root = [&](WalkRequest request) {
            request.budget = &budget;
            restrict(request);
            to.problems.add(walk_tables(to.tables.memory, request, to.rows));
        };
        if (to.tables.directory == nullptr) {
            walk_root(to.tables.request());
            return;
        }
        to.rows.indent(2);
        DirectoryDecoder decoder(to.tables, to.rows, to.problems, walk_root);
        for (const Requester &requester : wanted)
            walk_device(to, decoder, requester);
        if (wanted.empty())
            walk_units(to, decoder);
    }

    static void walk_units(const Decoding &to, DirectoryDecoder &decoder)
    {
        for (const DirectoryRequest &unit : to.tables.units) {
            const DirectoryTable root = unit.format->root(unit.root, unit.params);
            to.rows.indent(0);
            to.rows.note(
                fmt::format("{} {}", unit.format->table_types[root.type].name, to.tables.pages.describe(unit.root)));
            to.rows.indent(2);
            decoder.begin(*unit.format);
            to.problems.add(walk_directory(to.tables.memory, unit, decoder));
        }
    }

    static void walk_device(const Decoding &to, DirectoryDecoder &decoder, const Requester &requester)
    {
        const UnitDevice device = require_device_entry(to.tables, requester);
        const UnitLookup found = find_requester(to.tables, requester);
        decoder.begin(*to.tables.units.at(found.unit).format);
        DirectoryPlace place{requester.device, {}, 0};
        for (const DirectoryStep &step : found.lookup.steps) {
            decoder.record(step, place);
            ++place.depth;
        }
        for (const UnitDevice &half : with_upper_half(device))
            decoder.device(half.device);
    }

    void restrict(WalkRequest &request) const
    {
        request.only = range_;
        if (max_level_ != 0 && max_level_ < request.params.levels)
            request.deepest_level = request.params.levels - static_cast<unsigned>(max_level_);
    }

    std::vector<std::string> sources_;
    std::uint64_t max_level_ = 0;
    std::string iova_;
    std::optional<Range<Iova>> range_;
    bool every_entry_ = false;
    std::string as_ = "tree";
    std::uint64_t limit_ = 0;
};

}  // namespace

extern const CommandRow decode_row{"decode", "the tables as a tree, every level", Section::tables, Needs::tables,
                                   make_command<Decode>};

}  // namespace pgregion::cli
