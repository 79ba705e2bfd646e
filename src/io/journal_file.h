// SPDX-License-Identifier: GPL-2.0-or-later
//
// The undo journal as a file (cli.md section 7). It is made by a rename, so that it is there with its first change or
// not at all; after that it is appended to. Whatever returns from here is durable.
//
// Whoever has it open for writing holds a lock on it: two sources may have been given one journal.
#pragma once

#include "edit/journal.h"
#include "io/descriptor.h"

#include <pgregion/error.h>
#include <pgregion/open.h>

#include <string>

namespace pgregion::io
{

class JournalFile
{
public:
    /// Opens `path`; a missing or empty file is a journal without changes. Throws operational "not-a-journal",
    /// "journal-version", "journal-damaged", "journal-of-other-source", "journal-busy" and "cannot-read-journal".
    /// `source` names the source in messages and in a new journal.
    JournalFile(std::string path, std::string source, const SourceIdentity &identity, OpenMode mode);

    [[nodiscard]] const std::string &path() const { return path_; }
    /// Oldest first.
    [[nodiscard]] const std::vector<ChangeEntry> &changes() const { return journal_.changes; }
    [[nodiscard]] const ChangeEntry *newest(ChangeState state) const { return journal_.newest(state); }

    /// Throws "journal-damaged" and "cannot-read-journal".
    [[nodiscard]] Edits edits(const ChangeEntry &change) const;

    /// Records `change` and gives it its sequence; at most `keep` changes stay, at least 1.
    /// Precondition: opened read_write. Throws "cannot-write-journal"; the change is then not there or unfinished.
    void append(Change &change, std::size_t keep);

    /// Records what became of a change. As append().
    void mark(std::uint64_t sequence, ChangeState state);

private:
    void open_existing(OpenMode mode);
    void lock();
    void load();
    void append_bytes(Bytes record);
    void write_at_end(Bytes record);
    void replace(Bytes content);
    [[nodiscard]] std::vector<std::byte> kept(std::size_t keep) const;
    [[nodiscard]] Error not_read(int error_number) const;
    [[nodiscard]] Error not_written(int error_number) const;

    std::string path_;
    std::string source_;
    Descriptor file_;  ///< not valid while there is no file
    Journal journal_;
};

}  // namespace pgregion::io
