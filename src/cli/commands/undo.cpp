// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion undo: takes the newest change of a source back, out of its undo journal (cli.md section 7).
//
//   a change that was cut short   is settled: taken back, or with --finish completed; no new change
//   a change that is done         is inverted, and that is a change of its own, so that undo can be undone
//
// Nothing is changed where the source no longer holds what the journal says.
#include "cli/opening/numbers.h"
#include "cli/session/session.h"
#include "cli/writing/source_journal.h"
#include "report/text.h"
#include "report/undo_report.h"

#include <pgregion/edit.h>
#include <pgregion/error.h>

#include <algorithm>
#include <array>

namespace pgregion::cli
{

namespace
{

constexpr const char *kHint = "list the changes: pgregion undo SOURCE --list; --undo FILE names another journal";

class Undo final : public Command
{
public:
    void declare(OptionTable &table) override
    {
        table.argument("SOURCE", &source_, "what a change was made to");
        table.flag("--list", &list_, "list the changes, newest first, and change nothing");
        table.flag("-n,--dry-run", &dry_run_, "show what would be changed back, and change nothing")
            .excludes({"--list"});
        table.flag("--finish", &finish_, "complete a change that was cut short instead of taking it back")
            .excludes({"--list"});
        table
            .option("--sequence", "N", &sequence_,
                    "take change N back instead of the newest, if its bytes are still there")
            .excludes({"--list", "--finish"});
    }

    void prepare(const Session &session) override
    {
        if (session.undo().none)
            throw Error(Failure::usage, "bad-option", "undo does not take --no-undo: it needs the journal",
                        "see pgregion undo --help");
        if (!sequence_.empty())
            wanted_ = require_number(sequence_, "--sequence");
    }

    int run(Session &session) override
    {
        return session.for_each_source({source_}, [&](const std::string &source) {
            if (list_)
                list(session, source);
            else
                take_back(session, source);
            return kClean;
        });
    }

private:
    /// What is going to happen to one change.
    struct Step {
        ChangeEntry change;
        Edits edits;
        std::optional<Side> settle;  ///< of an unfinished change; none: inverted
    };

    static void list(Session &session, const std::string &argument)
    {
        const OpenedSource source = session.open(argument, OpenMode::read_only);
        const io::JournalFile journal = open_journal(session, source, OpenMode::read_only);
        const std::vector<ChangeEntry> newest_first(journal.changes().rbegin(), journal.changes().rend());
        const SourceInfo info = source.info();
        report::ResultWriter &results = session.results();
        results.begin(&info);
        if (newest_first.empty())
            results.text(fmt::format("{}: no changes: {}\n", printable(source.path()), printable(journal.path())));
        report::write_change_list(results, newest_first);
        report::put_changes(results, newest_first);
        results.put_bool("applied", false);
        results.end();
    }

    void take_back(Session &session, const std::string &argument) const
    {
        const OpenMode mode = dry_run_ ? OpenMode::read_only : OpenMode::read_write;
        const OpenedSource source = session.open(argument, mode);
        io::JournalFile journal = open_journal(session, source, mode);
        const Step step = choose(journal);
        refuse_another_place(session, source, step.change);
        refuse_changed(source, step, journal.path());
        if (!dry_run_)
            carry_out(step, JournaledSource(session, source, std::move(journal)));
        show(session, source, step);
    }

    [[nodiscard]] Step choose(const io::JournalFile &journal) const
    {
        const ChangeEntry *const unfinished = journal.newest(ChangeState::unfinished);
        if (wanted_ && unfinished == nullptr)
            return choose_by_number(journal);
        if (unfinished != nullptr)
            return {*unfinished, journal.edits(*unfinished), finish_ ? Side::after : Side::before};
        if (finish_)
            throw Error(Failure::refused, "nothing-to-finish",
                        "no change was cut short, says the journal " + journal.path() + "; nothing was changed", kHint);
        const ChangeEntry *const done = journal.newest(ChangeState::done);
        if (done == nullptr)
            throw Error(Failure::refused, "nothing-to-undo",
                        "there is no change to take back in the journal " + journal.path() + "; nothing was changed",
                        kHint);
        return {*done, journal.edits(*done), std::nullopt};
    }

    [[nodiscard]] Step choose_by_number(const io::JournalFile &journal) const
    {
        const std::uint64_t wanted = *wanted_;
        const auto changes = journal.changes();
        const auto found = std::ranges::find(changes, wanted, &ChangeEntry::sequence);
        if (found == changes.end() || found->state != ChangeState::done)
            throw Error(Failure::refused, "no-such-change",
                        fmt::format("there is no change {} to take back in the journal {}; nothing was changed", wanted,
                                    journal.path()),
                        kHint);
        return {*found, journal.edits(*found), std::nullopt};
    }

    static void refuse_another_place(const Session &session, const OpenedSource &source, const ChangeEntry &change)
    {
        if (!session.reading().place.offset || change.bitmap_at == source.offset())
            return;
        throw Error(Failure::refused, "change-elsewhere",
                    fmt::format("the newest change, {}, was made at offset {}; nothing was changed", change.sequence,
                                change.bitmap_at ? hex(*change.bitmap_at) : "unknown"),
                    "without --offset it is taken back");
    }

    /// All of a change that is done must be there; of one that was cut short each word may be the old or the new one.
    static void refuse_changed(const OpenedSource &source, const Step &step, const std::string &journal)
    {
        const Comparison found = compare_edits(source.source().bytes(), step.edits, step.change.bitmap_at);
        source.source().ensure_intact();
        if (found.standing == Standing::foreign || (!step.settle && found.standing == Standing::partly))
            throw source_changed_since(step.change, found.offset, journal);
        if (!step.settle && found.standing == Standing::before && !step.edits.empty())
            throw Error(Failure::refused, "change-not-there",
                        fmt::format("nothing of change {} is in the source: it is an older copy, or the change was "
                                    "taken back by other means; nothing was changed",
                                    step.change.sequence),
                        kHint);
    }

    void carry_out(const Step &step, JournaledSource source) const
    {
        if (step.settle) {
            source.settle(step.change, step.edits, *step.settle);
            return;
        }
        Change change{0, seconds_now(), fmt::format("undo {}", step.change.sequence), step.change.bitmap_at,
                      invert(step.edits)};
        if (!source.carry_out(change))
            throw source_changed_since(step.change, 0, source.journal()->path());
    }

    void show(Session &session, const OpenedSource &source, const Step &step) const
    {
        const SourceInfo info = source.info();
        report::ResultWriter &results = session.results();
        const bool completes = step.settle == Side::after;
        const std::string verb = completes ? "complete" : "take back";
        const std::string done = completes ? "completed" : "taken back";
        results.begin(&info);
        results.text(fmt::format("{}: {}: {}\n", printable(info.path), dry_run_ ? "would " + verb : done,
                                 report::change_text(step.change)));
        if (dry_run_)
            report::list_edits(results, step.edits);
        report::put_changes(results, std::array{step.change});
        results.put_bool("applied", !dry_run_);
        results.end();
    }

    std::string source_;
    bool list_ = false;
    bool dry_run_ = false;
    bool finish_ = false;
    std::string sequence_;
    std::optional<std::uint64_t> wanted_;
};

}  // namespace

extern const CommandRow undo_row{
    "undo",        "takes the newest change of a source back", Section::health, Needs::source, make_command<Undo>,
    Effect::writes};

}  // namespace pgregion::cli
