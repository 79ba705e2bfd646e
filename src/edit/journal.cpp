// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reading the undo journal; journal.h draws it. The file may hold anything: nothing in it is believed before its sum
// is right, and even then every length and place is checked, because sums are no signatures.
#include "edit/journal_layout.h"
#include "edit/journal_sum.h"

#include <pgregion/error.h>
#include <pgregion/region.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace pgregion
{

using namespace journal;

namespace
{

constexpr std::uint64_t kMostSequence = std::numeric_limits<std::int64_t>::max();

template <class Enumeration>
constexpr std::uint64_t value_of(Enumeration enumerator)
{
    return static_cast<std::uint64_t>(enumerator);
}

Error damaged(std::uint64_t offset, const std::string &why)
{
    Error error(Failure::operational, "journal-damaged",
                "is damaged at offset " + std::to_string(offset) + " (" + why +
                    "): what it says about the changes of the source cannot be trusted");
    return error.as(ErrorClass::unusable_journal);
}

bool has_text(Bytes bytes, std::uint64_t at, std::string_view text)
{
    return at <= bytes.size() && text.size() <= bytes.size() - at &&
           std::memcmp(bytes.data() + at, text.data(), text.size()) == 0;
}

std::string text_of(Bytes bytes) { return {reinterpret_cast<const char *>(bytes.data()), bytes.size()}; }

/// Checks what must hold before any word of the header is used; returns its length.
std::uint64_t check_header(Bytes file)
{
    if (!has_text(file, 0, kHeaderMagic))
        throw Error(Failure::operational, "not-a-journal", "is a file of another kind",
                    "name another file for the journal: --undo OTHER; see what it is: file FILE")
            .as(ErrorClass::unusable_journal);
    if (file.size() < kPathAt + kWordBytes)
        throw damaged(file.size(), "the header is cut short");
    if (const std::uint64_t version = load_le64(file, kVersionAt); version != kJournalVersion)
        throw Error(Failure::operational, "journal-version",
                    "is of version " + std::to_string(version) + "; this program knows version " +
                        std::to_string(kJournalVersion))
            .as(ErrorClass::unusable_journal);
    const std::uint64_t bytes = load_le64(file, kHeaderBytesAt);
    const std::uint64_t path_bytes = load_le64(file, kPathBytesAt);
    if (path_bytes > kMostPathBytes || bytes != kPathAt + padded(path_bytes) + kWordBytes || bytes > file.size())
        throw damaged(kHeaderBytesAt, "the length of the header is wrong");
    const std::uint64_t sum_at = bytes - kWordBytes;
    if (load_le64(file, sum_at) != journal_sum(file.first(sum_at), 0))
        throw damaged(sum_at, "the sum of the header is wrong");
    return bytes;
}

JournalHeader parse_header(Bytes file)
{
    JournalHeader header;
    const std::uint64_t form = load_le64(file, kFormAt);
    if (form != value_of(SourceForm::file) && form != value_of(SourceForm::block_device))
        throw damaged(kFormAt, "the form of the source is unknown");
    header.source = {static_cast<SourceForm>(form), load_le64(file, kSourceBytesAt), load_le64(file, kDeviceAt)};
    header.salt = load_le64(file, kSaltAt);
    header.path = text_of(file.subspan(kPathAt, load_le64(file, kPathBytesAt)));
    return header;
}

/// Walks over the records.
class Reader
{
public:
    Reader(Bytes file, Journal &journal) : file_(file), journal_(journal) {}

    void read_all()
    {
        while (journal_.good_bytes < file_.size()) {
            const std::uint64_t position = journal_.good_bytes;
            if (!good_record(position)) {
                refuse_damage(position);
                return;
            }
            take(position);
            journal_.good_bytes += bytes_of(position);
        }
    }

private:
    [[nodiscard]] std::uint64_t bytes_of(std::uint64_t position) const
    {
        return load_le64(file_, position + kRecordBytesAt);
    }

    /// The body is looked at only in the last record: that of any other was durable before the next one was begun.
    [[nodiscard]] bool good_record(std::uint64_t position) const
    {
        if (!good_head(file_, position, journal_.header.salt))
            return false;
        const std::uint64_t bytes = bytes_of(position);
        if (bytes < kHeadBytes || bytes % kWordBytes != 0 || bytes > kMostRecordBytes)
            throw damaged(position, "the length of a record is wrong");
        if (bytes > file_.size() - position)
            return false;
        if (bytes < file_.size() - position && good_head(file_, position + bytes, journal_.header.salt))
            return true;
        const Bytes body = file_.subspan(position + kHeadBytes, bytes - kHeadBytes);
        return load_le64(file_, position + kBodySumAt) == journal_sum(body, journal_.header.salt);
    }

    /// A bad record is the torn end of the file, unless a good head stands anywhere behind it.
    void refuse_damage(std::uint64_t position) const
    {
        for (std::uint64_t at = position + kWordBytes; at < file_.size(); at += kWordBytes) {
            if (good_head(file_, at, journal_.header.salt))
                throw damaged(position, "a record is wrong, and more of them follow");
        }
    }

    void take(std::uint64_t position)
    {
        const std::uint64_t kind = load_le64(file_, position + kKindAt);
        if (kind == kChangeKind)
            take_change(position);
        else if (kind == kMarkKind)
            take_mark(position);
        else
            throw damaged(position, "a record is of an unknown kind");
    }

    void take_change(std::uint64_t position)
    {
        ChangeEntry change;
        change.sequence = load_le64(file_, position + kSequenceAt);
        if (change.sequence < journal_.next_sequence() || change.sequence >= kMostSequence)
            throw damaged(position, "a change is out of order");
        if (journal_.changes.size() == kMostChanges)
            throw damaged(position, "it holds too many changes");
        change.time = load_le64(file_, position + kTimeAt);
        if (const std::uint64_t bitmap = load_le64(file_, position + kBitmapAt); bitmap != kNoBitmap)
            change.bitmap_at = bitmap;
        const std::uint64_t source = journal_.header.source.size_bytes;
        if (change.bitmap_at &&
            (*change.bitmap_at % kPageBytes != 0 || source < kRegionBytes || *change.bitmap_at > source - kRegionBytes))
            throw damaged(position, "a change has its bitmap outside of the source");
        change.edit_count = load_le64(file_, position + kEditCountAt);
        change.edit_bytes = load_le64(file_, position + kEditBytesAt);
        change.command = text_of(file_.subspan(position + kCommandAt, kCommandBytes));
        change.command.erase(std::min(change.command.find('\0'), change.command.size()));
        change.position = position;
        change.record_bytes = bytes_of(position);
        journal_.changes.push_back(std::move(change));
    }

    void take_mark(std::uint64_t position)
    {
        const std::uint64_t sequence = load_le64(file_, position + kSequenceAt);
        const std::uint64_t state = load_le64(file_, position + kStateAt);
        const auto marked = std::ranges::lower_bound(journal_.changes, sequence, {}, &ChangeEntry::sequence);
        const bool known = marked != journal_.changes.end() && marked->sequence == sequence;
        if (!known || state > value_of(ChangeState::outdated))
            throw damaged(position, "a mark is of a change that is not there, or of an unknown state");
        marked->state = static_cast<ChangeState>(state);
        if (marked->state != ChangeState::outdated)
            return;
        // Those before an outdated one are outdated already.
        for (auto before = marked; before != journal_.changes.begin();) {
            if ((--before)->state == ChangeState::outdated)
                return;
            before->state = ChangeState::outdated;
        }
    }

    Bytes file_;
    Journal &journal_;
};

/// Takes the body of a change apart.
class BodyReader
{
public:
    BodyReader(Bytes body, std::uint64_t position) : body_(body), position_(position) {}

    [[nodiscard]] bool at_end() const { return at_ == body_.size(); }

    [[nodiscard]] Edit next()
    {
        if (body_.size() - at_ < kEditHeadBytes)
            throw damaged(position_, "an edit is cut short");
        Edit edit;
        edit.offset = load_le64(body_, at_);
        const std::uint64_t bytes = load_le64(body_, at_ + kWordBytes);
        at_ += kEditHeadBytes;
        if (bytes > body_.size() || 2 * padded(bytes) > body_.size() - at_)
            throw damaged(position_, "an edit is longer than its record");
        edit.before = take(bytes);
        edit.after = take(bytes);
        return edit;
    }

private:
    std::vector<std::byte> take(std::uint64_t bytes)
    {
        const Bytes taken = body_.subspan(at_, bytes);
        at_ += padded(bytes);
        return {taken.begin(), taken.end()};
    }

    Bytes body_;
    std::uint64_t position_;
    std::size_t at_ = 0;
};

}  // namespace

bool journal::good_head(Bytes file, std::uint64_t position, std::uint64_t salt)
{
    return position < file.size() && file.size() - position >= kHeadBytes && has_text(file, position, kRecordMagic) &&
           load_le64(file, position + kHeadSumAt) == journal_sum(file.subspan(position, kHeadSumAt), salt);
}

std::string_view name(ChangeState state)
{
    switch (state) {
    case ChangeState::unfinished:
        return "unfinished";
    case ChangeState::done:
        return "done";
    case ChangeState::taken_back:
        return "taken back";
    case ChangeState::outdated:
        return "outdated";
    }
    return "unknown";
}

const ChangeEntry *Journal::newest(ChangeState state) const
{
    const auto found = std::ranges::find(changes.rbegin(), changes.rend(), state, &ChangeEntry::state);
    return found == changes.rend() ? nullptr : &*found;
}

Journal parse_journal(Bytes file)
{
    Journal journal;
    journal.good_bytes = check_header(file);
    journal.header = parse_header(file);
    Reader(file, journal).read_all();
    return journal;
}

Edits read_edits(Bytes file, const Journal &journal, const ChangeEntry &change)
{
    const Bytes body = file.subspan(change.position, change.record_bytes).subspan(kHeadBytes);
    if (load_le64(file, change.position + kBodySumAt) != journal_sum(body, journal.header.salt))
        throw damaged(change.position, "the sum of a change is wrong");
    // The last bytes of a source that is no multiple of 8 have no whole word to compare (apply_edits).
    const std::uint64_t whole = journal.header.source.size_bytes / kWordBytes * kWordBytes;
    Edits edits;
    for (BodyReader reader(body, change.position); !reader.at_end();) {
        edits.push_back(reader.next());
        const Edit &edit = edits.back();
        if (edit.offset > whole || edit.after.size() > whole - edit.offset)
            throw damaged(change.position, "an edit lies outside of the source");
    }
    if (edits.size() != change.edit_count)
        throw damaged(change.position, "the number of edits is wrong");
    return edits;
}

}  // namespace pgregion
