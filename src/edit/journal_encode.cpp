// SPDX-License-Identifier: GPL-2.0-or-later
//
// From changes to the bytes of the undo journal; journal.h draws them.
#include "edit/journal_layout.h"
#include "edit/journal_sum.h"

#include <algorithm>
#include <cassert>

namespace pgregion
{

using namespace journal;

namespace
{

using Buffer = std::vector<std::byte>;

void put_text(MutableBytes bytes, std::size_t at, std::string_view text)
{
    assert(at + text.size() <= bytes.size());
    std::memcpy(bytes.data() + at, text.data(), text.size());
}

void append_word(Buffer &buffer, std::uint64_t word)
{
    buffer.resize(buffer.size() + kWordBytes);
    store_le64(buffer, buffer.size() - kWordBytes, word);
}

void append_padded(Buffer &buffer, Bytes bytes)
{
    buffer.insert(buffer.end(), bytes.begin(), bytes.end());
    buffer.resize(padded(buffer.size()));
}

std::uint64_t body_bytes(const Edits &edits)
{
    std::uint64_t bytes = 0;
    for (const Edit &edit : edits)
        bytes += kEditHeadBytes + 2 * padded(edit.after.size());
    return bytes;
}

std::uint64_t bytes_covered(const Edits &edits)
{
    std::uint64_t bytes = 0;
    for (const Edit &edit : edits)
        bytes += edit.after.size();
    return bytes;
}

/// The last step: sums of the body and of the head.
void seal(Buffer &record, std::uint64_t salt)
{
    store_le64(record, kRecordBytesAt, record.size());
    store_le64(record, kBodySumAt, journal_sum(Bytes(record).subspan(kHeadBytes), salt));
    store_le64(record, kHeadSumAt, journal_sum(Bytes(record).first(kHeadSumAt), salt));
}

Buffer head(std::uint64_t kind, std::uint64_t sequence)
{
    Buffer record(kHeadBytes);
    put_text(record, 0, kRecordMagic);
    store_le64(record, kKindAt, kind);
    store_le64(record, kSequenceAt, sequence);
    return record;
}

}  // namespace

std::vector<std::byte> encode_header(const JournalHeader &header)
{
    const std::string_view path = std::string_view(header.path).substr(0, kMostPathBytes);
    Buffer bytes(kPathAt + padded(path.size()) + kWordBytes);
    put_text(bytes, 0, kHeaderMagic);
    store_le64(bytes, kVersionAt, kJournalVersion);
    store_le64(bytes, kHeaderBytesAt, bytes.size());
    store_le64(bytes, kSaltAt, header.salt);
    store_le64(bytes, kFormAt, static_cast<std::uint64_t>(header.source.form));
    store_le64(bytes, kSourceBytesAt, header.source.size_bytes);
    store_le64(bytes, kDeviceAt, header.source.device);
    store_le64(bytes, kPathBytesAt, path.size());
    put_text(bytes, kPathAt, path);
    const std::size_t sum_at = bytes.size() - kWordBytes;
    store_le64(bytes, sum_at, journal_sum(Bytes(bytes).first(sum_at), 0));
    return bytes;
}

std::vector<std::byte> encode_change(const Change &change, std::uint64_t salt)
{
    Buffer record = head(kChangeKind, change.sequence);
    record.reserve(kHeadBytes + body_bytes(change.edits));
    store_le64(record, kTimeAt, change.time);
    store_le64(record, kBitmapAt, change.bitmap_at.value_or(kNoBitmap));
    store_le64(record, kEditCountAt, change.edits.size());
    store_le64(record, kEditBytesAt, bytes_covered(change.edits));
    put_text(record, kCommandAt, std::string_view(change.command).substr(0, kCommandBytes));
    for (const Edit &edit : change.edits) {
        assert(edit.before.size() == edit.after.size());
        append_word(record, edit.offset);
        append_word(record, edit.after.size());
        append_padded(record, edit.before);
        append_padded(record, edit.after);
    }
    assert(record.size() <= kMostRecordBytes);
    seal(record, salt);
    return record;
}

std::vector<std::byte> encode_mark(std::uint64_t sequence, ChangeState state, std::uint64_t salt)
{
    Buffer record = head(kMarkKind, sequence);
    store_le64(record, kStateAt, static_cast<std::uint64_t>(state));
    seal(record, salt);
    return record;
}

std::vector<std::byte> without_oldest(Bytes file, const Journal &journal, std::size_t keep)
{
    Buffer bytes = encode_header(journal.header);
    std::size_t first = journal.changes.size() - std::min(keep, journal.changes.size());
    const auto unfinished = std::ranges::find(journal.changes, ChangeState::unfinished, &ChangeEntry::state);
    first = std::min(first, static_cast<std::size_t>(unfinished - journal.changes.begin()));
    for (const ChangeEntry &change : std::span(journal.changes).subspan(first)) {
        const Bytes record = file.subspan(change.position, change.record_bytes);
        bytes.insert(bytes.end(), record.begin(), record.end());
        if (change.state == ChangeState::unfinished)
            continue;
        const Buffer mark = encode_mark(change.sequence, change.state, journal.header.salt);
        bytes.insert(bytes.end(), mark.begin(), mark.end());
    }
    return bytes;
}

}  // namespace pgregion
