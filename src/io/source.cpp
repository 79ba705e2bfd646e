// SPDX-License-Identifier: GPL-2.0-or-later
//
// Opening, guarding and flushing one source; the contract is in open.h, cli.md section 1.
#include "io/failures.h"
#include "io/fault_guard.h"
#include "io/inspect.h"
#include "io/writer_lock.h"

#include <pgregion/address.h>
#include <pgregion/open.h>
#include <pgregion/region.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>

#include <boost/interprocess/file_mapping.hpp>
#include <boost/interprocess/mapped_region.hpp>

namespace pgregion
{

namespace bip = boost::interprocess;
using namespace io;

/// The members go in reverse order: first the guard, then the mapping, last the descriptors. Closing `file` or
/// `claim` drops the record lock (writer_lock.h), which by then protects nothing any more.
struct Source::State {
    std::string path;
    OpenMode mode = OpenMode::read_only;
    SourceKind kind = SourceKind::raw_memory;
    std::uint64_t size_bytes = 0;

    bip::file_lock lock;
    Descriptor claim;
    bip::file_mapping file;
    bip::mapped_region region;
    std::optional<FaultGuard> guard;

    [[nodiscard]] int descriptor() const { return file.get_mapping_handle().handle; }
};

namespace
{

constexpr int kOpenAttempts = 3;

bip::mode_t boost_mode(OpenMode mode) { return mode == OpenMode::read_write ? bip::read_write : bip::read_only; }

bip::file_mapping open_file(const std::string &path, OpenMode mode)
{
    try {
        bip::file_mapping file(path.c_str(), boost_mode(mode));
        // Boost opens without O_CLOEXEC.
        ::fcntl(file.get_mapping_handle().handle, F_SETFD, FD_CLOEXEC);
        return file;
    } catch (const bip::interprocess_exception &problem) {
        throw open_failure(path, problem.get_native_error());
    }
}

bip::mapped_region map(const std::string &path, const bip::file_mapping &file, OpenMode mode, std::uint64_t size)
{
    static_assert(sizeof(std::size_t) == sizeof(std::uint64_t), "sources are mapped whole");
    try {
        // Always with the size: Boost 1.74 would take st_size, which is 0 for devices.
        return {file, boost_mode(mode), 0, size};
    } catch (const bip::interprocess_exception &problem) {
        throw failure(path, "cannot-map", "cannot be mapped into memory: " + reason(problem.get_native_error()),
                      "copy it to a local file and open that: cat FILE > OUT");
    }
}

Error unreadable(const std::string &path, int error_number)
{
    return failure(path, "cannot-read", "cannot be read: " + reason(error_number),
                   "see the kernel's messages: dmesg; rescue what is readable: ddrescue FILE OUT");
}

std::uint64_t checked_size(const std::string &path, int descriptor, SourceKind kind)
{
    std::uint64_t size = 0;
    try {
        size = size_of(descriptor);
    } catch (const std::system_error &problem) {
        throw unreadable(path, problem.code().value());
    }
    if (size != 0)
        return size;
    if (kind == SourceKind::block_device)
        throw failure(path, "empty-device", "the device has no size: nothing is attached to it",
                      "see the devices that hold something: lsblk");
    throw failure(path, "empty-file", "is empty; a region has 2 MiB", "make a region of it: pgregion init FILE");
}

/// Read with pread, not through the mapping: some files that are no memory cannot be mapped (/proc/kcore), and
/// should still be named for what they are.
std::optional<KnownContent> recognise(const std::string &path, int descriptor)
{
    std::array<std::byte, kPageBytes> head{};
    const ssize_t got = ::pread(descriptor, head.data(), head.size(), 0);
    if (got < 0)
        throw unreadable(path, errno);
    return looks_like(std::span(head).first(static_cast<std::size_t>(got)));
}

/// Refuses what is no memory. On a block device anything may stand at the start, so its bytes are not judged.
SourceKind kind_of_file(const std::string &path, int descriptor, std::uint64_t size)
{
    const auto content = recognise(path, descriptor);
    if (!content)
        return size == kRegionBytes ? SourceKind::region_image : SourceKind::raw_memory;
    if (content->is_memory)
        return SourceKind::raw_memory;
    throw failure(path, "wrong-file-type",
                  "is " + std::string(content->name) + ", neither a region image nor raw memory",
                  std::string(content->next_step));
}

}  // namespace

std::string_view kind_name(SourceKind kind)
{
    switch (kind) {
    case SourceKind::region_image:
        return "region-image";
    case SourceKind::raw_memory:
        return "raw-memory";
    case SourceKind::block_device:
        return "block-device";
    }
    return "unknown";
}

Source Source::open(const std::string &path, OpenMode mode)
{
    // Lock and mapping open the file by name, one after the other. Another writer may put a new file under the
    // name meanwhile (rename); then the lock is on the old file, and it is all done again.
    for (int attempt = 0; attempt < kOpenAttempts; ++attempt) {
        auto state = std::make_unique<State>();
        state->path = path;
        state->mode = mode;
        const struct stat before = inspect_source(path);
        const bool is_device = S_ISBLK(before.st_mode);
        if (mode == OpenMode::read_write) {
            state->lock = take_writer_lock(path);
            if (is_device)
                state->claim = claim_block_device(path);
        }
        state->file = open_file(path, mode);
        struct stat opened = {};
        if (::fstat(state->descriptor(), &opened) != 0 || !same_file(before, opened))
            continue;

        state->kind = is_device ? SourceKind::block_device : SourceKind::raw_memory;
        state->size_bytes = checked_size(path, state->descriptor(), state->kind);
        if (!is_device)
            state->kind = kind_of_file(path, state->descriptor(), state->size_bytes);
        state->region = map(path, state->file, mode, state->size_bytes);
        state->guard.emplace(state->region.get_address(), state->region.get_size(),
                             mode == OpenMode::read_write ? Protection::read_write : Protection::read_only);
        return Source(std::move(state));
    }
    throw failure(path, "source-changed", "another process keeps putting new files under this name",
                  "find it: fuser -v FILE; then try again");
}

Source::Source(std::unique_ptr<State> state) : state_(std::move(state)) {}
Source::Source(Source &&) noexcept = default;
Source &Source::operator=(Source &&) noexcept = default;
Source::~Source() = default;

const std::string &Source::path() const { return state_->path; }
SourceKind Source::kind() const { return state_->kind; }
std::uint64_t Source::size_bytes() const { return state_->size_bytes; }

std::span<const std::byte> Source::bytes() const
{
    return {static_cast<const std::byte *>(state_->region.get_address()), state_->region.get_size()};
}

std::span<std::byte> Source::writable_bytes() const
{
    assert(state_->mode == OpenMode::read_write);
    return {static_cast<std::byte *>(state_->region.get_address()), state_->region.get_size()};
}

void Source::ensure_intact() const
{
    // The size first: past the end of a file that shrank, the rest of its last page reads as zeros and no
    // signal comes.
    std::uint64_t now = 0;
    try {
        now = size_of(state_->descriptor());
    } catch (const std::system_error &problem) {
        throw unreadable(state_->path, problem.code().value());
    }
    if (now < state_->size_bytes)
        throw failure(state_->path, "source-shrank",
                      "shrank from " + std::to_string(state_->size_bytes) + " to " + std::to_string(now) +
                          " bytes while it was in use; what was read of it cannot be trusted",
                      "find who writes to it: fuser -v FILE; then work on a copy: cp FILE COPY");
    if (state_->guard->damaged())
        throw failure(state_->path, "read-failed",
                      "a page could not be read (an I/O error, or the file was cut and grew again); "
                      "what was read of it cannot be trusted",
                      "see the kernel's messages: dmesg; rescue what is readable: ddrescue FILE OUT");
}

void Source::flush() const
{
    ensure_intact();
    const char *const path = state_->path.c_str();
    if (injected({.point = FaultPoint::sync_map, .path = path}) ||
        !state_->region.flush(0, state_->region.get_size(), false) ||
        injected({.point = FaultPoint::sync, .path = path}) || ::fsync(state_->descriptor()) != 0)
        throw failure(state_->path, "write-failed", "the changes could not be written: " + reason(errno),
                      "see the kernel's messages: dmesg; check the space left: df FILE");
    ensure_intact();
}

}  // namespace pgregion
