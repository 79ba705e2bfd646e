// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion mappings: IOVA to PA for page tables, for one device, or for every device of a directory.
#include "cli/commands/commands.h"
#include "cli/opening/device_list.h"
#include "cli/opening/numbers.h"
#include "report/entry_report.h"
#include "report/mapping_report.h"

#include <pgregion/error.h>
#include <pgregion/mapping.h>

#include <CLI/CLI.hpp>

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
    void declare(CLI::App &app) override
    {
        app.add_option("SOURCE", sources_, "regions or memories")->required()->type_name("");
        app.add_flag("--every-page", every_page_, "one row per leaf instead of merged ranges");
        app.add_option("--iova", iova_, "only what touches FIRST-LAST or FIRST+SIZE")->type_name("RANGE");
        app.add_option("--limit", limit_, "at most ROWS rows")->type_name("ROWS");
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
        const Tables tables = open_tables(source, session.options());
        report::ResultWriter &results = session.results();
        results.begin(&tables.info);
        results.list("mappings", "mapping");
        results.list("problems", "problem");
        Listing listing{session, tables, report::MappingReport(results, limit_),
                        {},      {},     WalkBudget::for_memory(tables.memory)};
        list_roots(listing, wanted_device(tables, session.options().decoding));
        tables.ensure_intact(source);
        listing.rows.flush();
        if (listing.rows.cut())
            listing.problems.truncate();
        listing.problems.put(results, tables.pages);
        if (results.wants_json())
            results.put_texts("notes", listing.notes);
        session.warn(argument, listing.problems, tables.pages);
        results.end();
        return listing.problems.truncated() ? kAnswerIsNo : kClean;
    }

    void list_roots(Listing &listing, const std::optional<Requester> &wanted)
    {
        const Tables &tables = listing.tables;
        if (tables.directory == nullptr) {
            walk_root(listing, tables.request());
            return;
        }
        if (wanted) {
            const UnitDevice device = require_device_entry(tables, *wanted);
            const Translation &translation = device.device.translation;
            if (!root_readable(tables, translation))
                throw Error(Failure::operational, "root-outside-source",
                            fmt::format("the page tables of device {} begin at {}, which the source does not hold",
                                        report::device_name(wanted->device), hex(translation.root.value())),
                            "add the piece of memory that holds them: --with FILE@0xPA");
            list_rows(listing, device);
            return;
        }
        for (const UnitDevice &device : folded(list_devices(tables, listing.problems))) {
            list_rows(listing, device);
            if (listing.rows.cut() || listing.session.results().reader_gone())
                break;
        }
    }

    /// Neighbours without tables that are alike as one row: a directory has a blocked entry for every absent device.
    static std::vector<UnitDevice> folded(const std::vector<UnitDevice> &rows)
    {
        std::vector<UnitDevice> result;
        for (const UnitDevice &row : rows) {
            if (result.empty() || !goes_on(result.back(), row))
                result.push_back(row);
            else
                result.back().device.last_id = row.device.last_id;
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

    void list_rows(Listing &listing, const UnitDevice &row)
    {
        const Device &device = row.device;
        const std::string heading = fmt::format("# {}: {}", report::requester_name(row),
                                                report::translation_text(device.translation, listing.tables.pages));
        if (device.translation.format == nullptr) {
            const std::string note = note_for(row);
            listing.notes.push_back(note);
            listing.rows.owner({}, "# " + note);
            return;
        }
        listing.rows.owner({device.id, device.pasid, row.unit}, heading);
        if (root_readable(listing.tables, device.translation))
            walk_root(listing, walk_request(device.translation));
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

    void walk_root(Listing &listing, WalkRequest request)
    {
        if (!iova_.empty())
            request.only = require_iova_range(iova_);
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
    std::uint64_t limit_ = 0;
};

}  // namespace

std::unique_ptr<Command> make_mappings() { return std::make_unique<Mappings>(); }

}  // namespace pgregion::cli
