// SPDX-License-Identifier: GPL-2.0-or-later
//
// The undo journal as bytes: every change of a source, with what was there before, written and durable before the
// first byte of the source changes (cli.md section 7). All words are little-endian, all lengths multiples of 8.
//
//   header    0  8  "pgundo\r\n": a copy made as text is noticed
//             8  8  version, 1
//            16  8  bytes of this header
//            24  8  salt: the seed of the sums of all records
//            32  8  form of the source: 1 file, 2 block device
//            40  8  bytes of the source
//            48  8  device: major << 32 | minor; 0 for a file
//            56  8  bytes of the path
//            64  p  path of the source when the journal was made, zeros up to a multiple of 8
//            ..  8  sum of all of the header above, seed 0
//
//   record    0  8  "pgrecord"
//             8  8  bytes of this record
//            16  8  kind: 1 change, 2 mark
//            24  8  sequence of the change (from 1, ascending), or of the change that is marked
//            32  8  change: seconds since 1970; mark: the new state
//            40  8  change: where the bitmap is in the source, all ones for nowhere; mark: 0
//            48  8  change: number of edits; mark: 0
//            56  8  change: bytes that the edits cover; mark: 0
//            64 48  change: command, zeros behind it; mark: zeros
//           112  8  sum of the body
//           120  8  sum of the 120 bytes above
//           128     body of a change, one edit after the other; a mark has none:
//                     8  offset in the source
//                     8  bytes (n)
//                     n  before, zeros up to a multiple of 8
//                     n  after,  zeros up to a multiple of 8
//
// Records are only ever appended, and the next one only when the one before is durable. So a last record that is cut
// short or whose sum is wrong never was durable, and what it would have recorded never began: it is passed over, and
// the next one takes its place. Anything wrong in front of a good record is damage, and is refused.
//
// The salt is random. Without it, a region that holds the bytes of a record would, being part of an edit, put a record
// into its journal.
#pragma once

#include "base/bytes.h"

#include <pgregion/edit.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pgregion
{

inline constexpr std::uint64_t kJournalVersion = 1;

enum class SourceForm : std::uint8_t { file = 1, block_device = 2 };

/// What must be the same for a journal to belong to a source. Neither name nor inode: both may be copied together.
struct SourceIdentity {
    SourceForm form = SourceForm::file;
    std::uint64_t size_bytes = 0;
    std::uint64_t device = 0;  ///< major << 32 | minor; 0 for a file

    friend bool operator==(const SourceIdentity &, const SourceIdentity &) = default;
};

struct JournalHeader {
    SourceIdentity source;
    std::string path;  ///< of the source when the journal was made; for messages
    std::uint64_t salt = 0;
};

enum class ChangeState : std::uint8_t {
    unfinished = 0,  ///< recorded, perhaps begun
    done = 1,
    taken_back = 2,  ///< nothing of it is in the source
    outdated = 3,    ///< made in a file that is no longer there; another one has its name
};

/// "unfinished", "done", "taken back", "outdated".
[[nodiscard]] std::string_view name(ChangeState state);

/// A change that is to be recorded.
struct Change {
    std::uint64_t sequence = 0;
    std::uint64_t time = 0;                  ///< seconds since 1970
    std::string command;                     ///< what made it; only kCommandBytes are kept
    std::optional<std::uint64_t> bitmap_at;  ///< as for apply_edits
    Edits edits;                             ///< offsets in the source
};

inline constexpr std::size_t kCommandBytes = 48;
/// A region has 2 MiB, twice in an edit; beyond this a length is wrong.
inline constexpr std::uint64_t kMostRecordBytes = std::uint64_t{256} << 20;
inline constexpr std::size_t kMostChanges = 100'000;

/// A change found in a journal; its edits are read when they are needed (read_edits).
struct ChangeEntry {
    std::uint64_t sequence = 0;
    std::uint64_t time = 0;
    std::string command;
    std::optional<std::uint64_t> bitmap_at;
    std::uint64_t edit_count = 0;
    std::uint64_t edit_bytes = 0;
    ChangeState state = ChangeState::unfinished;
    std::uint64_t position = 0;  ///< of the record in the journal
    std::uint64_t record_bytes = 0;
};

struct Journal {
    JournalHeader header;
    std::vector<ChangeEntry> changes;  ///< oldest first
    std::uint64_t good_bytes = 0;      ///< where the next record goes

    /// The newest change in `state`; null when there is none.
    [[nodiscard]] const ChangeEntry *newest(ChangeState state) const;
    [[nodiscard]] std::uint64_t next_sequence() const { return changes.empty() ? 1 : changes.back().sequence + 1; }
};

[[nodiscard]] std::vector<std::byte> encode_header(const JournalHeader &header);
/// Precondition: `before` and `after` of each edit are equally long, and the record has at most kMostRecordBytes.
[[nodiscard]] std::vector<std::byte> encode_change(const Change &change, std::uint64_t salt);
/// For `outdated`: all changes up to `sequence`; else that one.
[[nodiscard]] std::vector<std::byte> encode_mark(std::uint64_t sequence, ChangeState state, std::uint64_t salt);

/// Reads the header and the head of every record of `file`, and the body of the last. Throws operational
/// "not-a-journal", "journal-version" (newer than this program) and "journal-damaged"; the message goes on where the
/// name of the journal ends.
[[nodiscard]] Journal parse_journal(Bytes file);

/// The edits of one change; all of them lie in the source. Throws operational "journal-damaged".
[[nodiscard]] Edits read_edits(Bytes file, const Journal &journal, const ChangeEntry &change);

/// The same journal with the newest `keep` changes alone; those before an unfinished one stay with it.
[[nodiscard]] std::vector<std::byte> without_oldest(Bytes file, const Journal &journal, std::size_t keep);

}  // namespace pgregion
