// SPDX-License-Identifier: GPL-2.0-or-later
//
// The undo journal as bytes: layout, states, torn ends, damage, and what must not be believed.
#include "edit/journal.h"
#include "edit/journal_sum.h"
#include "support/region_image.h"

#include <cstring>
#include <string>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace pgregion
{

namespace
{

using test::error_of;
using testing::HasSubstr;
using Buffer = std::vector<std::byte>;

constexpr std::uint64_t kSalt = 0x0123456789abcdef;
constexpr std::size_t kHeaderBytes = 80;  // with the path "r.img"
constexpr std::size_t kRecordBytes = 160;
constexpr std::size_t kMarkBytes = 128;

JournalHeader header() { return {{SourceForm::file, 2097152, 0}, "r.img", kSalt}; }

Buffer word(std::uint64_t value)
{
    Buffer bytes(8);
    for (std::size_t at = 0; at < 8; ++at)
        bytes[at] = static_cast<std::byte>(value >> (8 * at));
    return bytes;
}

Change change(std::uint64_t sequence, const std::string &command = "alloc")
{
    return {sequence, 1795000000, command, 0, {{8, word(0x11), word(0x22)}}};
}

void append(Buffer &file, const Buffer &more) { file.insert(file.end(), more.begin(), more.end()); }

void append_change(Buffer &file, std::uint64_t sequence) { append(file, encode_change(change(sequence), kSalt)); }

void append_mark(Buffer &file, std::uint64_t sequence, ChangeState state)
{
    append(file, encode_mark(sequence, state, kSalt));
}

/// A header and changes 1 to `count`, all of them done.
Buffer journal_of(std::uint64_t count)
{
    Buffer file = encode_header(header());
    for (std::uint64_t sequence = 1; sequence <= count; ++sequence) {
        append_change(file, sequence);
        append_mark(file, sequence, ChangeState::done);
    }
    return file;
}

std::uint64_t word_at(const Buffer &file, std::size_t at)
{
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i)
        value |= std::to_integer<std::uint64_t>(file.at(at + i)) << (8 * i);
    return value;
}

/// Sequence numbers and states, "1 done, 2 unfinished".
std::string states(const Journal &journal)
{
    std::string text;
    for (const ChangeEntry &entry : journal.changes)
        text += (text.empty() ? "" : ", ") + std::to_string(entry.sequence) + " " + std::string(name(entry.state));
    return text;
}

std::string states(const Buffer &file) { return states(parse_journal(file)); }

std::string code_of(const Buffer &file)
{
    return error_of([&] { return parse_journal(file); }).code();
}

TEST(JournalSum, IsXxh3OfSixtyFourBits)
{
    // The empty input's sum is in the sanity tests of xxHash 0.8.
    EXPECT_EQ(journal_sum({}, 0), 0x2d06800538d394c2U);
}

TEST(Journal, HeaderIsLaidOutAsDrawn)
{
    const Buffer bytes = encode_header({{SourceForm::block_device, 4194304, 0x700000003}, "/dev/l0", kSalt});
    ASSERT_EQ(bytes.size(), 80U);
    EXPECT_EQ(std::memcmp(bytes.data(), "pgundo\r\n", 8), 0);
    EXPECT_EQ(word_at(bytes, 8), 1U);
    EXPECT_EQ(word_at(bytes, 16), 80U);
    EXPECT_EQ(word_at(bytes, 24), 0x0123456789abcdefU);
    EXPECT_EQ(word_at(bytes, 32), 2U);
    EXPECT_EQ(word_at(bytes, 40), 4194304U);
    EXPECT_EQ(word_at(bytes, 48), 0x700000003U);
    EXPECT_EQ(word_at(bytes, 56), 7U);
    EXPECT_EQ(std::memcmp(bytes.data() + 64, "/dev/l0\0", 8), 0);
}

TEST(Journal, ChangeIsLaidOutAsDrawn)
{
    Change odd = change(7, "free 5");
    odd.bitmap_at = 4096;
    odd.edits.push_back({20, {std::byte{1}, std::byte{2}}, {std::byte{3}, std::byte{4}}});
    const Buffer bytes = encode_change(odd, kSalt);
    ASSERT_EQ(bytes.size(), 192U);
    EXPECT_EQ(std::memcmp(bytes.data(), "pgrecord", 8), 0);
    const std::vector<std::uint64_t> head{192, 1, 7, 1795000000, 4096, 2, 10};
    for (std::size_t i = 0; i < head.size(); ++i)
        EXPECT_EQ(word_at(bytes, 8 + 8 * i), head[i]) << i;
    EXPECT_EQ(std::memcmp(bytes.data() + 64, "free 5\0\0", 8), 0);
    const std::vector<std::uint64_t> body{8, 8, 0x11, 0x22, 20, 2, 0x0201, 0x0403};
    for (std::size_t i = 0; i < body.size(); ++i)
        EXPECT_EQ(word_at(bytes, 128 + 8 * i), body[i]) << i;
}

TEST(Journal, GivesBackWhatWasRecorded)
{
    Buffer file = encode_header(header());
    ASSERT_EQ(file.size(), kHeaderBytes);
    append_change(file, 1);
    ASSERT_EQ(file.size(), kHeaderBytes + kRecordBytes);
    append_mark(file, 1, ChangeState::done);
    ASSERT_EQ(file.size(), kHeaderBytes + kRecordBytes + kMarkBytes);
    const Journal journal = parse_journal(file);
    EXPECT_EQ(journal.header.source, (SourceIdentity{SourceForm::file, 2097152, 0}));
    EXPECT_EQ(journal.header.path, "r.img");
    EXPECT_EQ(journal.good_bytes, file.size());
    EXPECT_EQ(journal.next_sequence(), 2U);
    ASSERT_EQ(journal.changes.size(), 1U);
    const ChangeEntry &entry = journal.changes[0];
    EXPECT_EQ(entry.sequence, 1U);
    EXPECT_EQ(entry.time, 1795000000U);
    EXPECT_EQ(entry.command, "alloc");
    EXPECT_EQ(entry.bitmap_at, 0U);
    EXPECT_EQ(entry.edit_count, 1U);
    EXPECT_EQ(entry.edit_bytes, 8U);
    EXPECT_EQ(entry.state, ChangeState::done);
    EXPECT_EQ(read_edits(file, journal, entry), change(1).edits);
}

TEST(Journal, LongCommandIsCutAndNoBitmapStaysNone)
{
    Buffer file = encode_header(header());
    Change long_one = change(1, std::string(100, 'x'));
    long_one.bitmap_at.reset();
    append(file, encode_change(long_one, kSalt));
    const Journal journal = parse_journal(file);
    EXPECT_EQ(journal.changes.at(0).command, std::string(48, 'x'));
    EXPECT_EQ(journal.changes.at(0).bitmap_at, std::nullopt);
}

TEST(Journal, MarksSayWhatBecameOfAChange)
{
    Buffer file = journal_of(2);
    append_change(file, 3);
    EXPECT_EQ(states(file), "1 done, 2 done, 3 unfinished");
    append_mark(file, 3, ChangeState::taken_back);
    EXPECT_EQ(states(file), "1 done, 2 done, 3 taken back");
    append_mark(file, 2, ChangeState::unfinished);
    EXPECT_EQ(states(file), "1 done, 2 unfinished, 3 taken back");
    append_mark(file, 2, ChangeState::outdated);
    EXPECT_EQ(states(file), "1 outdated, 2 outdated, 3 taken back");
    const Journal journal = parse_journal(file);
    EXPECT_EQ(journal.newest(ChangeState::outdated)->sequence, 2U);
    EXPECT_EQ(journal.newest(ChangeState::done), nullptr);
}

TEST(Journal, TornTailIsNoTransaction)
{
    const Buffer whole = journal_of(2);
    const std::size_t good = kHeaderBytes + kRecordBytes + kMarkBytes;
    for (std::size_t size = good; size < good + kRecordBytes; ++size) {
        const Buffer file(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        const Journal journal = parse_journal(file);
        EXPECT_EQ(states(journal), "1 done") << size;
        EXPECT_EQ(journal.good_bytes, good) << size;
    }
    const Buffer without_mark(whole.begin(), whole.end() - 1);
    EXPECT_EQ(states(without_mark), "1 done, 2 unfinished");
}

TEST(Journal, LastRecordOfWhichAnyByteIsMissingIsNoTransaction)
{
    Buffer whole = journal_of(1);
    const std::size_t good = whole.size();
    append_change(whole, 2);
    for (std::size_t at = good; at < whole.size(); ++at) {
        Buffer file = whole;
        file[at] = ~file[at];
        const Journal journal = parse_journal(file);
        EXPECT_EQ(states(journal), "1 done") << at;
        EXPECT_EQ(journal.good_bytes, good) << at;
    }
    // The length of the file is often durable before its content.
    std::fill(whole.begin() + static_cast<std::ptrdiff_t>(good), whole.end(), std::byte{0});
    EXPECT_EQ(states(whole), "1 done");
}

TEST(Journal, DamageInFrontOfAGoodRecordIsRefused)
{
    const Buffer whole = journal_of(2);
    for (std::size_t at = kHeaderBytes; at < kHeaderBytes + 128; ++at) {
        Buffer file = whole;
        file[at] = ~file[at];
        EXPECT_EQ(code_of(file), "journal-damaged") << at;
    }
    Buffer file = whole;
    file[kHeaderBytes] = std::byte{0};
    EXPECT_THAT(error_of([&] { return parse_journal(file); }).what(), HasSubstr("is damaged at offset 80 ("));
}

TEST(Journal, DamageOfAnOlderChangeIsSeenWhenItIsNeeded)
{
    Buffer file = journal_of(2);
    file[kHeaderBytes + 150] = std::byte{0x77};
    const Journal journal = parse_journal(file);
    EXPECT_EQ(states(journal), "1 done, 2 done");
    EXPECT_EQ(error_of([&] { return read_edits(file, journal, journal.changes[0]); }).code(), "journal-damaged");
    EXPECT_EQ(read_edits(file, journal, journal.changes[1]), change(2).edits);
}

TEST(Journal, DamagedHeaderIsRefused)
{
    const Buffer whole = journal_of(1);
    for (std::size_t at = 16; at < kHeaderBytes; ++at) {
        Buffer file = whole;
        file[at] = ~file[at];
        EXPECT_EQ(code_of(file), "journal-damaged") << at;
    }
    EXPECT_EQ(code_of(Buffer(whole.begin(), whole.begin() + 40)), "journal-damaged");
}

TEST(Journal, OtherFilesAreNoJournals)
{
    EXPECT_EQ(code_of({}), "not-a-journal");
    EXPECT_EQ(code_of(Buffer(2097152)), "not-a-journal");
    // A transfer as text has changed the line end.
    Buffer file = journal_of(1);
    file[6] = std::byte{'\n'};
    EXPECT_EQ(code_of(file), "not-a-journal");
}

TEST(Journal, NewerVersionIsRefusedByItsNumber)
{
    Buffer file = journal_of(1);
    file[8] = std::byte{2};
    const Error error = error_of([&] { return parse_journal(file); });
    EXPECT_EQ(error.code(), "journal-version");
    EXPECT_STREQ(error.what(), "is of version 2; this program knows version 1");
}

TEST(Journal, RecordOfAnotherJournalIsNotBelieved)
{
    // As when a region holds the bytes of a record and is itself recorded.
    Buffer file = journal_of(1);
    append(file, encode_change(change(2), kSalt + 1));
    EXPECT_EQ(states(file), "1 done");
}

TEST(Journal, ChangesOutOfOrderAreRefused)
{
    for (const std::uint64_t sequence : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}, ~std::uint64_t{0}}) {
        Buffer file = journal_of(2);
        append_change(file, sequence);
        EXPECT_EQ(code_of(file), "journal-damaged") << sequence;
    }
}

TEST(Journal, MarkOfNoChangeIsRefused)
{
    Buffer file = journal_of(2);
    append_mark(file, 3, ChangeState::done);
    EXPECT_EQ(code_of(file), "journal-damaged");
    file = journal_of(2);
    append_mark(file, 2, static_cast<ChangeState>(4));
    EXPECT_EQ(code_of(file), "journal-damaged");
}

TEST(Journal, EditOutsideOfTheSourceIsRefused)
{
    const std::vector<std::uint64_t> offsets{2097152, 2097145, ~std::uint64_t{0}, ~std::uint64_t{7}};
    for (const std::uint64_t offset : offsets) {
        Buffer file = encode_header(header());
        Change bad = change(1);
        bad.edits[0].offset = offset;
        append(file, encode_change(bad, kSalt));
        const Journal journal = parse_journal(file);
        EXPECT_EQ(error_of([&] { return read_edits(file, journal, journal.changes[0]); }).code(), "journal-damaged");
    }
    Buffer file = encode_header(header());
    Change last = change(1);
    last.edits[0].offset = 2097144;
    append(file, encode_change(last, kSalt));
    const Journal journal = parse_journal(file);
    EXPECT_EQ(read_edits(file, journal, journal.changes[0]), last.edits);
}

TEST(Journal, BitmapOutsideOfTheSourceIsRefused)
{
    for (const std::uint64_t place : {std::uint64_t{8}, std::uint64_t{4096}, std::uint64_t{2097152}}) {
        Buffer file = encode_header(header());
        Change bad = change(1);
        bad.bitmap_at = place;
        append(file, encode_change(bad, kSalt));
        EXPECT_EQ(code_of(file), "journal-damaged") << place;
    }
}

/// Change 1 with the word at `at` of its record replaced, and its sums made right again.
Buffer forged(std::size_t at, std::uint64_t value)
{
    Buffer record = encode_change(change(1), kSalt);
    const auto put = [&](std::size_t place, std::uint64_t stored) {
        const Buffer bytes = word(stored);
        std::copy(bytes.begin(), bytes.end(), record.begin() + static_cast<std::ptrdiff_t>(place));
    };
    put(at, value);
    put(112, journal_sum(std::span(record).subspan(128), kSalt));
    put(120, journal_sum(std::span(record).first(120), kSalt));
    Buffer file = encode_header(header());
    append(file, record);
    return file;
}

TEST(Journal, ForgedLengthsAreRefused)
{
    for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{120}, std::uint64_t{161}, ~std::uint64_t{7}})
        EXPECT_EQ(code_of(forged(8, bytes)), "journal-damaged") << bytes;
    EXPECT_EQ(code_of(forged(16, 3)), "journal-damaged");
    const std::vector<std::uint64_t> lengths{9, 24, std::uint64_t{1} << 32, ~std::uint64_t{0}, ~std::uint64_t{7}};
    for (const std::uint64_t bytes : lengths) {
        const Buffer file = forged(136, bytes);
        const Journal journal = parse_journal(file);
        EXPECT_EQ(error_of([&] { return read_edits(file, journal, journal.changes[0]); }).code(), "journal-damaged");
    }
    const Buffer file = forged(48, 2);
    const Journal journal = parse_journal(file);
    EXPECT_EQ(error_of([&] { return read_edits(file, journal, journal.changes[0]); }).code(), "journal-damaged");
}

TEST(Journal, OldestChangesCanBeLeftOut)
{
    Buffer file = journal_of(3);
    append_mark(file, 2, ChangeState::taken_back);
    const Buffer kept = without_oldest(file, parse_journal(file), 2);
    const Journal journal = parse_journal(kept);
    EXPECT_EQ(states(journal), "2 taken back, 3 done");
    EXPECT_EQ(journal.next_sequence(), 4U);
    EXPECT_EQ(read_edits(kept, journal, journal.changes[1]), change(3).edits);
    EXPECT_EQ(states(without_oldest(file, parse_journal(file), 64)), "1 done, 2 taken back, 3 done");
}

TEST(Journal, UnfinishedChangeIsNeverLeftOut)
{
    Buffer file = journal_of(3);
    append_mark(file, 2, ChangeState::unfinished);
    EXPECT_EQ(states(without_oldest(file, parse_journal(file), 1)), "2 unfinished, 3 done");
}

RC_GTEST_PROP(Journal, AnyBytesAreReadOrRefused, ())
{
    Buffer file = journal_of(2);
    const auto changes = *rc::gen::container<std::vector<std::pair<std::uint16_t, std::uint8_t>>>(
        rc::gen::arbitrary<std::pair<std::uint16_t, std::uint8_t>>());
    for (const auto &[at, value] : changes)
        file[at % file.size()] = std::byte{value};
    file.resize(file.size() - *rc::gen::inRange<std::size_t>(0, file.size()));
    try {
        const Journal journal = parse_journal(file);
        RC_ASSERT(journal.good_bytes <= file.size());
        for (const ChangeEntry &entry : journal.changes)
            static_cast<void>(read_edits(file, journal, entry));
    } catch (const Error &error) {
        RC_ASSERT(error.code().starts_with("journal-") || error.code() == "not-a-journal");
    }
}

}  // namespace

}  // namespace pgregion
