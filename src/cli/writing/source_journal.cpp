// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/writing/source_journal.h"

#include "cli/opening/numbers.h"
#include "io/failures.h"
#include "io/journal_place.h"
#include "io/live.h"
#include "report/text.h"

#include <pgregion/edit.h>
#include <pgregion/error.h>

#include <chrono>

namespace pgregion::cli
{

namespace
{

constexpr std::uint64_t kMostKept = 10'000;

/// The same error, with what it means for the source.
Error with_meaning(const Error &error, const std::string &meaning, const std::string &hint)
{
    Error more(error.failure(), error.code(), error.what() + ("; " + meaning), hint);
    more.at(error.source());
    return more;
}

std::string named(std::uint64_t sequence, std::string_view command)
{
    return fmt::format("change {} ({})", sequence, printable(command));
}

Error unfinished_change(const ChangeEntry &change, const std::string &undo)
{
    return {
        Failure::operational, "unfinished-change",
        fmt::format("{} was cut short, by a crash or a failure, and is in the source in part: another change on top "
                    "of it could never be told apart from it; nothing was changed",
                    named(change.sequence, change.command)),
        fmt::format("take it back: {0}; or complete it: {0} --finish", undo)};
}

void refuse_live(const Session &session, const Source &source)
{
    const UndoOptions &options = session.undo();
    const auto why = io::live_reason(source.path());
    if (!why)
        return;
    if (!options.live_write)
        throw Error(Failure::operational, "live-device",
                    "is memory that a kernel may be using now (" + *why +
                        "): a running IOMMU would follow a change at once; nothing was changed",
                    "when nobody uses it, or you know that it may change: --live-write");
    if (options.none)
        throw Error(Failure::usage, "bad-option", "--no-undo is refused on a live device: " + *why,
                    "leave it out; --undo FILE says where the journal goes");
}

}  // namespace

std::uint64_t seconds_now()
{
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

std::size_t changes_kept(const UndoOptions &options)
{
    const auto keep = parse_number(options.keep);
    if (!keep || *keep < 1 || *keep > kMostKept)
        throw Error(Failure::usage, "bad-option",
                    "--undo-keep takes a number from 1 to " + std::to_string(kMostKept) + ", not '" + options.keep +
                        "'",
                    "64 changes are kept without it");
    return static_cast<std::size_t>(*keep);
}

std::string journal_path_of(const Session &session, const std::string &source)
{
    const std::string &given = session.undo().file;
    return given.empty() ? io::journal_path(source, io::state_folder()) : given;
}

io::JournalFile open_journal(const Session &session, const OpenedSource &source, OpenMode mode)
{
    return {journal_path_of(session, source.path()), source.path(), io::identity_of(source.source()), mode};
}

std::string undo_command(const Session &session, const OpenedSource &source)
{
    const std::string &file = session.undo().file;
    const std::string command = report::next_on_source("undo", session.words(source.argument()));
    return file.empty() ? command : command + " --undo " + printable(io::shell_word(file));
}

Error source_changed_since(const ChangeEntry &change, std::uint64_t offset, const std::string &journal)
{
    return {Failure::refused, "source-changed-since",
            fmt::format("the word at offset {} is neither what it was before {} nor what that made of it: somebody has "
                        "written to the source since, and would lose their work; nothing was changed",
                        hex(offset), named(change.sequence, change.command)),
            "to go on without the changes in the journal, move it away: " + io::fill_in("mv FILE FILE.old", journal)};
}

void retire_journal(const Session &session, const std::string &argument)
{
    const std::string source = parse_source(argument).path;
    const SourceIdentity identity{SourceForm::file, kRegionBytes, 0};
    try {
        io::JournalFile journal(journal_path_of(session, source), source, identity, OpenMode::read_write);
        if (!journal.changes().empty() && journal.changes().back().state != ChangeState::outdated)
            journal.mark(journal.changes().back().sequence, ChangeState::outdated);
    } catch (const Error &error) {
        if (!error.is(ErrorClass::unusable_journal))
            throw;
    }
}

JournaledSource::JournaledSource(Session &session, const OpenedSource &source) : session_(session), source_(source)
{
    refuse_live(session, source.source());
    static_cast<void>(changes_kept(session.undo()));
    if (session.undo().none) {
        if (const auto unfinished = io::peek_unfinished(source.path(), io::state_folder()))
            throw unfinished_change(*unfinished, undo_command(session, source));
        return;
    }
    journal_.emplace(open_journal(session, source, OpenMode::read_write));
    while (const ChangeEntry *const unfinished = journal_->newest(ChangeState::unfinished))
        settle_or_refuse(*unfinished);
}

JournaledSource::JournaledSource(Session &session, const OpenedSource &source, io::JournalFile journal)
    : session_(session), source_(source), journal_(std::move(journal))
{
    refuse_live(session, source.source());
}

void JournaledSource::settle_or_refuse(const ChangeEntry &unfinished)
{
    const Edits edits = journal_->edits(unfinished);
    const Standing standing = compare_edits(source_.source().bytes(), edits, unfinished.bitmap_at).standing;
    source_.source().ensure_intact();
    if (standing != Standing::before && standing != Standing::after)
        throw unfinished_change(unfinished, undo_command(session_, source_));
    const std::string what = named(unfinished.sequence, unfinished.command);
    // What is in the page cache may not be on the disk yet.
    source_.source().flush();
    const bool is_done = standing == Standing::after;
    journal_->mark(unfinished.sequence, is_done ? ChangeState::done : ChangeState::taken_back);
    session_.warn(source_.path(),
                  fmt::format("{} was cut short; {} of it is in the source, and the journal says so now", what,
                              is_done ? "all" : "nothing"));
}

void JournaledSource::record(Change &change)
{
    if (!journal_)
        return;
    try {
        journal_->append(change, changes_kept(session_.undo()));
    } catch (const Error &error) {
        throw with_meaning(error, "nothing was changed", error.hint());
    }
}

bool JournaledSource::carry_out(Change &change)
{
    record(change);
    const ApplyResult result = apply_edits(source_.source().writable_bytes(), change.edits, change.bitmap_at);
    if (!result.applied) {
        mark(change.sequence, ChangeState::taken_back, "nothing was changed");
        return false;
    }
    make_durable(change);
    mark(change.sequence, ChangeState::done, "the change is made and durable");
    return true;
}

void JournaledSource::make_durable(const Change &change)
{
    try {
        source_.source().flush();
        return;
    } catch (const Error &error) {
        const std::string undo = undo_command(session_, source_);
        const Error unfinished =
            journal_
                ? with_meaning(
                      error, fmt::format("change {} is unfinished: a part of it may be in the source", change.sequence),
                      fmt::format("when the cause is gone, take it back: {0}; or complete it: {0} --finish", undo))
                : with_meaning(error, "a part of the change may be in the source", error.hint());
        try {
            const std::span<std::byte> live = source_.source().writable_bytes();
            if (!settle_edits(live, change.edits, change.bitmap_at, Side::before).applied)
                throw unfinished;
            source_.source().flush();
        } catch (const Error &) {
            throw unfinished;
        }
        mark(change.sequence, ChangeState::taken_back, "the change was taken back");
        throw with_meaning(error, "the change was taken back", error.hint());
    }
}

void JournaledSource::mark(std::uint64_t sequence, ChangeState state, const std::string &meaning)
{
    if (!journal_)
        return;
    try {
        journal_->mark(sequence, state);
    } catch (const Error &error) {
        throw with_meaning(error, meaning + "; the journal still calls the change unfinished",
                           "when the cause is gone, the next command that writes sees that and says so in the journal");
    }
}

void JournaledSource::settle(const ChangeEntry &entry, const Edits &edits, Side side)
{
    const ChangeEntry change = entry;  // a mark renews what `entry` is part of
    const ApplyResult result = settle_edits(source_.source().writable_bytes(), edits, change.bitmap_at, side);
    if (!result.applied)
        throw source_changed_since(change, *result.conflict, journal_->path());
    flush(change.sequence);
    if (side == Side::after)
        mark(change.sequence, ChangeState::done, "the change is complete and durable");
    else
        mark(change.sequence, ChangeState::taken_back, "the change is taken back");
}

void JournaledSource::flush(std::uint64_t sequence)
{
    try {
        source_.source().flush();
    } catch (const Error &error) {
        throw with_meaning(error, fmt::format("change {} is unfinished", sequence),
                           "when the cause is gone, run the same command again");
    }
}

void JournaledSource::take_back(const Change &change)
{
    mark(change.sequence, ChangeState::unfinished, "the change stays as it is");
    const ApplyResult result = apply_edits(source_.source().writable_bytes(), invert(change.edits), change.bitmap_at);
    if (!result.applied) {
        mark(change.sequence, ChangeState::done, "the change stays as it is");
        ChangeEntry entry;
        entry.sequence = change.sequence;
        entry.command = change.command;
        throw source_changed_since(entry, *result.conflict, journal_ ? journal_->path() : std::string());
    }
    flush(change.sequence);
    mark(change.sequence, ChangeState::taken_back, "the change is taken back");
}

}  // namespace pgregion::cli
