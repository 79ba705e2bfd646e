// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion repair: check, plan, write, check again.
//
//   -n        show the plan, change nothing
//   -p        safe repairs only
//   -y        all repairs
//   (none)    one question per finding, on a terminal
//   --to FILE the repaired bytes go to a new file and the source stays as it is
//
// A repair that leaves more errors than there were is taken back at once.
#include "cli/checking/check_choices.h"
#include "cli/checking/check_subject.h"
#include "cli/checking/checked_source.h"
#include "cli/session/session.h"
#include "cli/writing/questions.h"
#include "cli/writing/region_writer.h"
#include "cli/writing/repaired_copy.h"
#include "cli/writing/source_journal.h"
#include "report/repair_report.h"

#include <pgregion/error.h>

#include <algorithm>
#include <filesystem>

namespace pgregion::cli
{

namespace
{

constexpr int kAllRepaired = 1;

class Repair final : public Command
{
public:
    void declare(OptionTable &table) override
    {
        table.argument("SOURCE", &source_, "a region or memory");
        table.flag("-n,--plan", &plan_only_, "show the plan and change nothing");
        table.flag("-p,--safe", &safe_, "safe repairs only").excludes({"--plan"});
        table.flag("-y,--yes", &all_, "all repairs").excludes({"--plan", "--safe"});
        table.option("--to", "FILE", &copy_,
                     "write a repaired copy to FILE, which must not exist; SOURCE stays as it is");
        table.flag("--clear-reserved", &keep_entries_,
                   "clear reserved bits that are set instead of the whole entry: it may begin to translate");
        declare_check_choices(table, choices_);
    }

    void refuse(const SharedOptions &shared) const override { refuse_one_device(shared.decoding); }

    void prepare(const Session &session) override
    {
        const bool decided = plan_only_ || safe_ || all_;
        if (!decided && !can_ask())
            throw Error(Failure::usage, "repair-undecided",
                        "standard input is no terminal, so nobody can be asked which findings to repair",
                        "choose: -n shows the plan, -p makes the safe repairs, -y makes all");
        arguments_ = check_arguments(choices_);
        options_ = check_options(choices_, session.jobs());
        if (!copy_.empty() && std::filesystem::exists(std::filesystem::symlink_status(copy_)))
            throw Error(Failure::refused, "target-exists",
                        "the file for the repaired copy exists: nothing is overwritten", "choose another name for --to")
                .at(copy_);
    }

    int run(Session &session) override
    {
        return session.for_each_source({source_}, [&](const std::string &source) { return repair(session, source); });
    }

private:
    int repair(Session &session, const std::string &argument)
    {
        const bool writes = !plan_only_ && copy_.empty();
        const OpenedSource source = session.open(argument, writes ? OpenMode::read_write : OpenMode::read_only);
        refuse_dump(source);
        const OpenedSubject opened = open_subject(source, session.reading(), arguments_);
        session.note_guess(argument, opened.info);
        report::CheckedSource before = check_source(source, opened, options_);
        before.next = words_for(session.words(argument));
        opened.ensure_intact(source);
        const RepairPlan plan = plan_of(session, source, opened, before);

        const Planned planned{before, plan};
        session.results().begin(&opened.info);
        if (plan_only_ || plan.edits.empty()) {
            show_plan(session, planned);
            return finish(session, planned, {});
        }
        return copy_.empty() ? write(session, source, opened, planned) : write_copy(session, source, opened, planned);
    }

    /// A plan is made for a region in a dump, too; edits need flat bytes, and their check what lies around them.
    void refuse_dump(const OpenedSource &source) const
    {
        if (source.is_flat() || (plan_only_ && source.is_region()))
            return;
        throw Error(Failure::operational, "source-read-only",
                    fmt::format("repair changes flat bytes or a copy of them, but this is memory of kind {}, found by "
                                "physical address",
                                kind_name(source.source().kind())),
                    "cut the region out and repair that: pgregion scan SOURCE --extract DIR");
    }

    [[nodiscard]] report::SourceWords words_for(report::SourceWords words) const
    {
        words.choice = words_of(choices_);
        return words;
    }

    struct Planned {
        const report::CheckedSource &before;
        const RepairPlan &plan;
    };

    /// The findings that are to be repaired: by policy, or asked for one by one.
    RepairPlan plan_of(Session &session, const OpenedSource &source, const OpenedSubject &opened,
                       const report::CheckedSource &checked) const
    {
        const RepairTarget target = target_of(source, opened);
        std::vector<const Finding *> chosen;
        for (const Finding &finding : checked.report.findings) {
            if (finding.repair == RepairPolicy::safe || (finding.repair == RepairPolicy::all && !safe_))
                chosen.push_back(&finding);
        }
        RepairPlan plan = plan_repair(target, chosen);
        if (plan_only_ || safe_ || all_)
            return plan;
        chosen = ask_for_each(plan, checked.places, session.palette());
        return plan_repair(target, chosen);
    }

    [[nodiscard]] RepairTarget target_of(const OpenedSource &source, const OpenedSubject &opened) const
    {
        RepairTarget target;
        target.keep_entries = keep_entries_;
        target.units = opened.subject.units;
        target.is_region = opened.subject.region.has_value();
        target.bytes = target.is_region ? source.region() : source.source().bytes().subspan(source.offset());
        target.base = target.is_region ? opened.subject.region->base.value_or(PhysAddr()) : opened.subject.memory_base;
        return target;
    }

    int write(Session &session, const OpenedSource &source, const OpenedSubject &opened, const Planned &planned) const
    {
        show_plan(session, planned);
        const WriteOutcome written = write_edits(session, source, "repair", planned.plan.edits);
        report::CheckedSource after = check_source(source, opened, options_);
        after.next = planned.before.next;
        opened.ensure_intact(source);
        if (is_worse(after, planned.before)) {
            take_back(session, source);
            throw worse(after, planned.before, "it was taken back");
        }
        return finish(session, planned,
                      {.applied = written.applied,
                       .journal = written.journal,
                       .undo = written.journal ? undo_command(session, source) : std::string(),
                       .copy = {},
                       .after = &after});
    }

    int write_copy(Session &session, const OpenedSource &source, const OpenedSubject &opened,
                   const Planned &planned) const
    {
        show_plan(session, planned);
        write_repaired_copy(copy_, source, planned.plan.edits);
        const SourceReading reading = same_reading(session.reading(), source, opened);
        const OpenedSource copy(copy_, reading, OpenMode::read_only);
        const OpenedSubject repaired = open_subject(copy, reading, arguments_);
        report::CheckedSource after = check_source(copy, repaired, options_);
        after.next = words_for(cli::words_of(copy_, reading));
        repaired.ensure_intact(copy);
        if (is_worse(after, planned.before)) {
            std::filesystem::remove(copy_);
            throw worse(after, planned.before, "the copy was removed");
        }
        return finish(session, planned, {.applied = true, .journal = {}, .undo = {}, .copy = copy_, .after = &after});
    }

    static void show_plan(Session &session, const Planned &planned)
    {
        if (session.results().wants_text())
            session.results().text(report::plan_text(planned.plan, planned.before, session.palette()));
    }

    static bool is_worse(const report::CheckedSource &after, const report::CheckedSource &before)
    {
        return after.report.of(Severity::error) > before.report.of(Severity::error);
    }

    static Error worse(const report::CheckedSource &after, const report::CheckedSource &before, std::string_view done)
    {
        return {Failure::refused, "repair-made-worse",
                fmt::format("the repair would leave {} errors where there were {}: {}",
                            after.report.of(Severity::error), before.report.of(Severity::error), done),
                "repair less at a time: --only CODE; see the plan: pgregion repair -n SOURCE"};
    }

    int finish(Session &session, const Planned &planned, const report::RepairOutcome &outcome) const
    {
        report::ResultWriter &results = session.results();
        const report::CheckedSource &now = outcome.after != nullptr ? *outcome.after : planned.before;
        report::put_repair(results, planned.plan, planned.before, outcome);
        if (results.wants_text())
            results.text(report::outcome_text(planned.before, outcome, session.palette()));
        results.end();
        const int status = status_of(now.report, fail_on(choices_));
        return status == kClean && outcome.applied ? kAllRepaired : status;
    }

    std::string source_;
    std::string copy_;
    bool plan_only_ = false;
    bool safe_ = false;
    bool all_ = false;
    bool keep_entries_ = false;
    CheckChoices choices_;
    CheckArguments arguments_;
    CheckOptions options_;
};

}  // namespace

extern const CommandRow repair_row{"repair",
                                   "repairs what check finds, after showing what it would change",
                                   Section::health,
                                   Needs::tables,
                                   make_command<Repair>,
                                   Effect::writes};

}  // namespace pgregion::cli
