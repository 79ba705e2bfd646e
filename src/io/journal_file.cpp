// SPDX-License-Identifier: GPL-2.0-or-later
//
// Opening, appending to and replacing the undo journal; see journal_file.h.
#include "io/journal_file.h"

#include "io/failures.h"
#include "io/inspect.h"
#include "io/journal_map.h"
#include "io/temporary_file.h"

#include <pgregion/error.h>

#include <array>
#include <cerrno>
#include <random>
#include <span>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pgregion::io
{

namespace
{

constexpr mode_t kOwnerAlone = 0600;  // it holds what the source holds
constexpr mode_t kOwnerAloneFolder = 0700;
constexpr int kOpenAttempts = 3;
constexpr std::string_view kMoveAway =
    "move it away to go on without the changes that it holds: mv FILE FILE.old; or name another one: --undo OTHER";

struct flock whole_file(short type)
{
    struct flock lock = {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return lock;
}

std::uint64_t random_salt()
{
    std::random_device random;
    return std::uint64_t{random()} << 32 | random();
}

/// Missing folders of `path`, readable by their owner alone.
void make_folders(const std::string &path)
{
    const std::string folder = folder_of(path);
    if (::mkdir(folder.c_str(), kOwnerAloneFolder) == 0 || errno == EEXIST)
        return;
    if (errno != ENOENT || folder == path)
        throw_errno("mkdir");
    make_folders(folder);
    if (::mkdir(folder.c_str(), kOwnerAloneFolder) != 0 && errno != EEXIST)
        throw_errno("mkdir");
}

void write_all(int descriptor, const std::string &path, Bytes bytes, std::uint64_t offset)
{
    if (injected({.point = FaultPoint::write, .path = path.c_str(), .offset = offset}))
        throw_errno("write");
    while (!bytes.empty()) {
        const ssize_t written = ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            throw_errno("write");
        bytes = bytes.subspan(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
    }
}

void truncate(int descriptor, const std::string &path, std::uint64_t size)
{
    if (injected({.point = FaultPoint::truncate, .path = path.c_str()}) ||
        ::ftruncate(descriptor, static_cast<off_t>(size)) != 0)
        throw_errno("truncate");
}

/// What is written for somebody else's file belongs to them, or they could not go on with it.
void give_to_owner(int descriptor, const std::string &source)
{
    struct stat status = {};
    if (::stat(source.c_str(), &status) == 0 && S_ISREG(status.st_mode))
        (void)!::fchown(descriptor, status.st_uid, status.st_gid);
}

/// Without a source: the command fills in which one it works on.
Error journal_failure(const std::string &path, std::string code, const std::string &what, std::string_view hint)
{
    return {Failure::operational, std::move(code), "the undo journal " + path + " " + what, fill_in(hint, path)};
}

/// Names the journal. A file of another kind is somebody else's, and stays where it is.
Error explained(const std::string &path, const Error &error)
{
    Error named = journal_failure(path, error.code(), error.what(), error.hint().empty() ? kMoveAway : error.hint());
    if (error.is(ErrorClass::unusable_journal))
        named.as(ErrorClass::unusable_journal);
    return named;
}

}  // namespace

JournalFile::JournalFile(std::string path, std::string source, const SourceIdentity &identity, OpenMode mode)
    : path_(std::move(path)), source_(std::move(source))
{
    journal_.header = {identity, source_, 0};
    try {
        open_existing(mode);
    } catch (const std::system_error &problem) {
        throw not_read(problem.code().value());
    }
    if (file_.valid())
        load();
    if (journal_.header.source == identity)
        return;
    throw journal_failure(path_, "journal-of-other-source",
                          "was made for another source: " + journal_.header.path + " of " +
                              std::to_string(journal_.header.source.size_bytes) + " bytes",
                          kMoveAway)
        .as(ErrorClass::unusable_journal);
}

Error JournalFile::not_read(int error_number) const
{
    return journal_failure(path_, "cannot-read-journal", "cannot be read: " + reason(error_number),
                           "see what it is: ls -l FILE; or name another one: --undo OTHER");
}

Error JournalFile::not_written(int error_number) const
{
    return journal_failure(path_, "cannot-write-journal", "cannot be written: " + reason(error_number),
                           std::string(write_hint(error_number)) + "; or name another file: --undo OTHER");
}

void JournalFile::open_existing(OpenMode mode)
{
    for (int attempt = 0; attempt < kOpenAttempts; ++attempt) {
        // Without O_NONBLOCK, opening a pipe would wait for its other end.
        const int access = mode == OpenMode::read_write ? O_RDWR : O_RDONLY;
        file_ = Descriptor(::open(path_.c_str(), access | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
        if (!file_.valid() && errno == ENOENT)
            return;
        struct stat opened = {};
        if (!file_.valid() || ::fstat(file_.number(), &opened) != 0)
            throw_errno("open");
        if (!S_ISREG(opened.st_mode))
            throw journal_failure(path_, "not-a-journal", "is no regular file", "name another file: --undo OTHER")
                .as(ErrorClass::unusable_journal);
        if (mode == OpenMode::read_only)
            return;
        lock();
        // Its last holder may have put a new file in its place.
        struct stat named = {};
        if (::stat(path_.c_str(), &named) == 0 && same_file(opened, named))
            return;
    }
    throw journal_failure(path_, "journal-busy", "is replaced again and again by another process",
                          "see who uses it: fuser -v FILE");
}

void JournalFile::lock()
{
    // Where a file system has no locks, that of the source has failed before.
    struct flock lock = whole_file(F_WRLCK);
    if (::fcntl(file_.number(), F_OFD_SETLK, &lock) != 0 && (errno == EAGAIN || errno == EACCES))
        throw journal_failure(path_, "journal-busy", "is in use by another process, for another source",
                              "wait for it to end, or find it: fuser -v FILE");
}

void JournalFile::load()
{
    try {
        const JournalMap map(file_.number());
        if (map.bytes().empty())
            return;
        Journal found = parse_journal(map.bytes());
        map.ensure_intact();
        journal_ = std::move(found);
    } catch (const std::system_error &problem) {
        throw not_read(problem.code().value());
    } catch (const Error &error) {
        throw explained(path_, error);
    }
}

Edits JournalFile::edits(const ChangeEntry &change) const
{
    try {
        const JournalMap map(file_.number());
        if (map.bytes().size() < journal_.good_bytes)
            throw Error(Failure::operational, "journal-damaged", "was cut short by another process")
                .as(ErrorClass::unusable_journal);
        Edits edits = read_edits(map.bytes(), journal_, change);
        map.ensure_intact();
        return edits;
    } catch (const std::system_error &problem) {
        throw not_read(problem.code().value());
    } catch (const Error &error) {
        throw explained(path_, error);
    }
}

void JournalFile::write_at_end(Bytes record)
{
    struct stat status = {};
    if (::fstat(file_.number(), &status) != 0)
        throw_errno("fstat");
    // A torn end would otherwise show through behind a shorter record.
    if (static_cast<std::uint64_t>(status.st_size) != journal_.good_bytes)
        truncate(file_.number(), path_, journal_.good_bytes);
    write_all(file_.number(), path_, record, journal_.good_bytes);
    if (injected({.point = FaultPoint::sync, .path = path_.c_str()}) || ::fdatasync(file_.number()) != 0)
        throw_errno("fdatasync");
}

std::vector<std::byte> JournalFile::kept(std::size_t keep) const
{
    try {
        const JournalMap map(file_.number());
        std::vector<std::byte> content = without_oldest(map.bytes(), journal_, keep);
        map.ensure_intact();
        return content;
    } catch (const std::system_error &problem) {
        throw not_written(problem.code().value());
    }
}

void JournalFile::append_bytes(Bytes record)
{
    try {
        write_at_end(record);
    } catch (const std::system_error &problem) {
        const int error_number = problem.code().value();
        // Best effort: what stays of it is a torn end, or an unfinished change of which nothing is in the source.
        (void)!::ftruncate(file_.number(), static_cast<off_t>(journal_.good_bytes));
        throw not_written(error_number);
    }
    load();
}

void JournalFile::replace(Bytes content)
{
    try {
        make_folders(path_);
        TemporaryFile file(path_);
        if (::fchmod(file.descriptor(), kOwnerAlone) != 0)
            throw_errno("fchmod");
        give_to_owner(file.descriptor(), source_);
        struct flock lock = whole_file(F_WRLCK);
        (void)::fcntl(file.descriptor(), F_OFD_SETLK, &lock);
        write_all(file.descriptor(), file.name(), content, 0);
        file.publish(Existing::replace, FolderSync::required);
        file_ = file.release();
    } catch (const std::system_error &problem) {
        throw not_written(problem.code().value());
    }
    journal_ = parse_journal(content);
}

void JournalFile::append(Change &change, std::size_t keep)
{
    change.sequence = journal_.next_sequence();
    const bool is_new = journal_.good_bytes == 0;
    if (is_new)
        journal_.header.salt = random_salt();
    const std::vector<std::byte> record = encode_change(change, journal_.header.salt);
    if (is_new || journal_.changes.size() >= keep) {
        std::vector<std::byte> content = is_new ? encode_header(journal_.header) : kept(keep - 1);
        content.insert(content.end(), record.begin(), record.end());
        replace(content);
        return;
    }
    append_bytes(record);
}

void JournalFile::mark(std::uint64_t sequence, ChangeState state)
{
    append_bytes(encode_mark(sequence, state, journal_.header.salt));
}

}  // namespace pgregion::io
