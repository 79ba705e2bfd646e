// SPDX-License-Identifier: GPL-2.0-or-later
//
// The undo journal of a source as the options of the group Undo want it, and the steps in which a recorded change is
// carried out (cli.md section 7):
//
//   append, durable ──► apply ──► flush ──► mark done, durable
//
// A failure in between ends with the old bytes, with the new ones, or with an unfinished change in the journal that
// the message names; never with anything else.
#pragma once

#include "cli/opening/source.h"
#include "cli/session/session.h"
#include "edit/journal_settle.h"
#include "io/journal_file.h"

#include <optional>
#include <string>
#include <string_view>

namespace pgregion::cli
{

/// The time of a change that is recorded now, in seconds since 1970-01-01 UTC.
[[nodiscard]] std::uint64_t seconds_now();

/// Throws usage "bad-option" for an --undo-keep that is no number from 1 to 10000.
[[nodiscard]] std::size_t changes_kept(const UndoOptions &options);

/// The path of the journal. Throws as io::journal_path().
[[nodiscard]] std::string journal_path_of(const Session &session, const std::string &source);

/// Opens the journal of `source` whatever --no-undo says. Throws as io::JournalFile.
[[nodiscard]] io::JournalFile open_journal(const Session &session, const OpenedSource &source, OpenMode mode);

/// A source, with the journal of what is done to it.
class JournaledSource
{
public:
    /// Refuses what must not be written: operational "live-device" without --live-write, usage "bad-option" for
    /// --no-undo on such a device, and operational "unfinished-change" where a change was cut short. One of which all
    /// or nothing is in the source is settled, with a note. Precondition: `source` is opened read_write.
    JournaledSource(Session &session, const OpenedSource &source);

    /// For `undo`, which is what unfinished changes wait for.
    JournaledSource(Session &session, const OpenedSource &source, io::JournalFile journal);

    /// Records `change` (and gives it its sequence), carries it out and makes it durable. False when somebody else
    /// changed the bytes meanwhile; nothing of it is in the source then. Throws "cannot-write-journal" and as
    /// Source::flush(); the message says what that means for the source.
    [[nodiscard]] bool carry_out(Change &change);

    /// Takes a change that is done back, so that the journal says so. Throws refused "source-changed-since".
    void take_back(const Change &change);

    /// Brings an unfinished change to one of its ends. Throws refused "source-changed-since".
    void settle(const ChangeEntry &entry, const Edits &edits, Side side);

    /// None with --no-undo.
    [[nodiscard]] const std::optional<io::JournalFile> &journal() const { return journal_; }

private:
    void settle_or_refuse(const ChangeEntry &unfinished);
    void record(Change &change);
    void make_durable(const Change &change);
    void flush(std::uint64_t sequence);
    void mark(std::uint64_t sequence, ChangeState state, const std::string &meaning);

    Session &session_;
    const OpenedSource &source_;
    std::optional<io::JournalFile> journal_;
};

/// "pgregion undo SOURCE", with the options that are needed to find the journal again, for messages.
[[nodiscard]] std::string undo_command(const Session &session, const OpenedSource &source);

/// Why a change cannot be taken back or completed: the word at `offset` is neither as before nor as after it.
[[nodiscard]] Error source_changed_since(const ChangeEntry &change, std::uint64_t offset, const std::string &journal);

/// Says in the journal of a file that is about to be made anew that its changes were those of another file. Throws
/// "cannot-write-journal"; a journal that cannot be used for the new file is left alone.
void retire_journal(const Session &session, const std::string &argument);

}  // namespace pgregion::cli
