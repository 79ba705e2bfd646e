// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion mappings: IOVA to PA for page tables, for one device, or for every device of a directory.
#include "cli/opening/numbers.h"
#include "cli/opening/trees.h"
#include "cli/session/session.h"
#include "report/entry_report.h"
#include "report/mapping_report.h"

#include <pgregion/error.h>
#include <pgregion/mapping.h>

namespace pgregion::cli
{

namespace
{

using report::WithProblems;

/// One row per leaf.
class EveryPage : public LeafVisitor<EveryPage>
{
public:
    explicit EveryPage(report::MappingReport &rows) : rows_(rows) {}
    Visit leaves(const LeafRun &run) { return rows_(run); }

private:
    report::MappingReport &rows_;
};

class Mappings final : public Command
{
public:
    void declare(OptionTable &table) override
    {
        table.argument("SOURCE", &sources_, "regions or memories");
        table.flag("--every-page", &every_page_, "one row per leaf instead of merged ranges");
        table.option("--iova", "RANGE", &iova_, "only what touches FIRST-LAST or FIRST+SIZE");
        table.option("--limit", "ROWS", &limit_, "at most ROWS rows");
    }

    void prepare(const Session &) override
    {
        if (!iova_.empty())
            range_ = require_iova_range(iova_);
    }

    int run(Session &session) override
    {
        return session.for_each_source(sources_, [&](const std::string &source) { return list(session, source); });
    }

private:
    /// Everything that one source's listing needs.
    struct Listing {
        Session &session;
        const Tables &tables;
        report::MappingReport rows;
        report::Problems problems;
        std::vector<std::string> notes;
        WalkBudget budget;
    };

    int list(Session &session, const std::string &argument)
    {
        const OpenedSource source = session.open(argument, OpenMode::read_only);
        const Tables tables = session.open_tables(source, argument);
        report::Problems problems;
        const std::vector<Tree> trees = folded(wanted_trees(tables, session.reading(), problems));
        report::ResultWriter &results = session.results();
        results.begin(&tables.info);
        results.list("mappings", "mapping");
        results.list("problems", "problem");
        Listing listing{session,
                        tables,
                        report::MappingReport(results, limit_),
                        std::move(problems),
                        {},
                        WalkBudget::for_memory(tables.memory)};
        for (const Tree &tree : trees) {
            list_tree(listing, tree);
            if (listing.rows.cut() || results.reader_gone())
                break;
        }
        tables.ensure_intact(source);
        listing.rows.flush();
        if (listing.rows.cut())
            listing.problems.truncate();
        listing.problems.put(results, tables.pages);
        if (results.wants_json())
            results.put_texts("notes", listing.notes);
        session.warn(argument, listing.problems, tables);
        results.end();
        return listing.problems.truncated() ? kAnswerIsNo : kClean;
    }

    /// Neighbours without tables that are alike as one row: a directory has a blocked entry for every absent device.
    static std::vector<Tree> folded(const std::vector<Tree> &trees)
    {
        std::vector<Tree> result;
        for (const Tree &tree : trees) {
            if (result.empty() || !tree.device || !goes_on(*result.back().device, *tree.device))
                result.push_back(tree);
            else
                result.back().device->device.last_id = tree.device->device.last_id;
        }
        return result;
    }

    static bool goes_on(const UnitDevice &last, const UnitDevice &next)
    {
        const Translation &a = last.device.translation;
        const Translation &b = next.device.translation;
        const bool neighbours = last.unit == next.unit && last.device.last_id + 1 == next.device.id &&
                                !last.device.pasid && !next.device.pasid;
        return neighbours && a.format == nullptr && b.format == nullptr && a.kind == b.kind && a.access == b.access;
    }

    void list_tree(Listing &listing, const Tree &tree) const
    {
        if (tree.device)
            begin_device(listing, *tree.device);
        if (tree.request)
            walk_root(listing, *tree.request);
    }

    static void begin_device(Listing &listing, const UnitDevice &row)
    {
        const Device &device = row.device;
        if (device.translation.format == nullptr) {
            listing.notes.push_back(note_for(row));
            listing.rows.owner({}, "# " + listing.notes.back());
            return;
        }
        listing.rows.owner({device.id, device.pasid, row.unit},
                           fmt::format("# {}: {}", report::requester_name(row),
                                       report::translation_text(device.translation, listing.tables.pages)));
    }

    static std::string note_for(const UnitDevice &row)
    {
        const std::string who = report::requester_name(row) + ": ";
        switch (row.device.translation.kind) {
        case TranslationKind::pass_through:
            return who + fmt::format("pass-through: it reaches all memory ({}), every IOVA is the PA",
                                     letters(row.device.translation.access & (Access::read() | Access::write())));
        case TranslationKind::blocked:
            return who + "blocked: it reaches nothing";
        case TranslationKind::unprotected:
            return who + "unprotected: it reaches all memory, untranslated and unchecked";
        default:
            return who + "its directory entry is invalid: hardware faults on every request";
        }
    }

    void walk_root(Listing &listing, WalkRequest request) const
    {
        request.only = range_;
        request.budget = &listing.budget;
        OuterStage outer(listing.tables.memory, request.outer);
        OuterStage *const nested = request.outer.format != nullptr ? &outer : nullptr;
        if (every_page_) {
            WithProblems<EveryPage> visitor(listing.problems, listing.rows);
            visitor.set_outer(nested);
            listing.problems.add(walk_tables(listing.tables.memory, request, visitor));
            return;
        }
        WithProblems<MappingMerger<report::MappingReport>> visitor(listing.problems, listing.rows);
        visitor.set_outer(nested);
        listing.problems.add(walk_tables(listing.tables.memory, request, visitor));
        visitor.finish();
    }

    std::vector<std::string> sources_;
    bool every_page_ = false;
    std::string iova_;
    std::optional<Range<Iova>> range_;
    std::uint64_t limit_ = 0;
};

}  // namespace

extern const CommandRow mappings_row{"mappings", "IOVA to PA, merged where contiguous and alike", Section::tables,
                                     Needs::tables, make_command<Mappings>};

}  // namespace pgregion::cli
