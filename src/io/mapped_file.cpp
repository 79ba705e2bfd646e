// SPDX-License-Identifier: GPL-2.0-or-later
//
// Mapping a whole file; see mapped_file.h.
#include "io/mapped_file.h"

#include "io/failures.h"
#include "io/inspect.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

namespace pgregion::io
{

namespace bip = boost::interprocess;

namespace
{

bip::mode_t boost_mode(OpenMode mode) { return mode == OpenMode::read_write ? bip::read_write : bip::read_only; }

bip::file_mapping open_file(const std::string &path, const std::string &name, OpenMode mode)
{
    try {
        bip::file_mapping file(name.c_str(), boost_mode(mode));
        // Boost opens without O_CLOEXEC.
        ::fcntl(file.get_mapping_handle().handle, F_SETFD, FD_CLOEXEC);
        return file;
    } catch (const bip::interprocess_exception &problem) {
        throw open_failure(path, problem.get_native_error());
    }
}

Error unreadable(const std::string &path, int error_number)
{
    return failure(path, "cannot-read", "cannot be read: " + reason(error_number),
                   "see the kernel's messages: dmesg; rescue what is readable: ddrescue FILE OUT");
}

bool is_character_device(int descriptor)
{
    struct stat status = {};
    return ::fstat(descriptor, &status) == 0 && S_ISCHR(status.st_mode);
}

bool is_block_device(int descriptor)
{
    struct stat status = {};
    return ::fstat(descriptor, &status) == 0 && S_ISBLK(status.st_mode);
}

}  // namespace

MappedFile::MappedFile(const std::string &path, const std::string &name, OpenMode mode)
    : path_(path), mode_(mode), file_(open_file(path, name, mode))
{
}

std::uint64_t MappedFile::checked_size() const
{
    std::uint64_t size = 0;
    try {
        size = size_of(descriptor());
    } catch (const std::system_error &problem) {
        throw unreadable(path_, problem.code().value());
    }
    if (size != 0)
        return size;
    if (is_block_device(descriptor()))
        throw failure(path_, "empty-device", "the device has no size: nothing is attached to it",
                      "see the devices that hold something: lsblk");
    throw empty_file();
}

Error MappedFile::empty_file() const
{
    if (mode_ == OpenMode::read_write)
        return failure(path_, "empty-file", "is empty: it holds no bytes, and a region has 2 MiB",
                       "where it is to be a new region: pgregion init FILE");
    return failure(
        path_, "empty-file", "is empty: it holds no bytes",
        "a save or copy for which there was no room leaves such a file: ls -l FILE; df -h FOLDER; take it again");
}

std::vector<std::byte> MappedFile::head() const
{
    std::vector<std::byte> head(kPageBytes);
    const ssize_t got = ::pread(descriptor(), head.data(), head.size(), 0);
    if (got < 0)
        throw unreadable(path_, errno);
    head.resize(static_cast<std::size_t>(got));
    return head;
}

void MappedFile::map(std::uint64_t size_bytes)
{
    static_assert(sizeof(std::size_t) == sizeof(std::uint64_t), "sources are mapped whole");
    try {
        // Always with the size: Boost 1.74 would take st_size, which is 0 for devices.
        region_ = bip::mapped_region(file_, boost_mode(mode_), 0, size_bytes);
    } catch (const bip::interprocess_exception &problem) {
        throw failure(path_, "cannot-map", "cannot be mapped into memory: " + reason(problem.get_native_error()),
                      "copy it to a local file and open that: cat FILE > OUT");
    }
    guard_.emplace(region_.get_address(), region_.get_size(),
                   mode_ == OpenMode::read_write ? Protection::read_write : Protection::read_only);
}

void MappedFile::ensure_intact() const
{
    // The size first: past the end of a file that shrank, the rest of its last page reads as zeros and no
    // signal comes.
    std::uint64_t now = region_.get_size();
    try {
        if (!is_character_device(descriptor()))
            now = size_of(descriptor());
    } catch (const std::system_error &problem) {
        throw unreadable(path_, problem.code().value());
    }
    if (now < region_.get_size())
        throw failure(path_, "source-shrank",
                      "shrank from " + std::to_string(region_.get_size()) + " to " + std::to_string(now) +
                          " bytes while it was in use; what was read of it cannot be trusted",
                      "find who writes to it: fuser -v FILE; then work on a copy: cp FILE COPY");
    if (guard_ && guard_->damaged())
        throw lost_page();
}

// Storing into a hole of a file needs room, and on tmpfs loading from one does, too.
Error MappedFile::lost_page() const
{
    constexpr std::uint64_t kStatUnit = 512;
    struct stat status = {};
    struct statvfs room = {};
    if (::fstat(descriptor(), &status) == 0 && S_ISREG(status.st_mode) && ::fstatvfs(descriptor(), &room) == 0) {
        const auto size = static_cast<std::uint64_t>(status.st_size);
        const std::uint64_t stored = static_cast<std::uint64_t>(status.st_blocks) * kStatUnit;
        const std::uint64_t left = std::uint64_t{room.f_bavail} * room.f_frsize;
        if (stored < size && left < size - stored)
            return failure(path_, mode_ == OpenMode::read_write ? "write-failed" : "read-failed",
                           "a page could not be given room: the file has holes of " + std::to_string(size - stored) +
                               " bytes, and its file system has " + std::to_string(left) + " bytes left",
                           "make room: df -h FOLDER; then do it again");
    }
    return failure(path_, "read-failed",
                   "a page could not be read (an I/O error, or the file was cut and grew again); what was read of it "
                   "cannot be trusted",
                   "see the kernel's messages: dmesg; rescue what is readable: ddrescue FILE OUT");
}

void MappedFile::flush()
{
    ensure_intact();
    const char *const path = path_.c_str();
    if (injected({.point = FaultPoint::sync_map, .path = path}) || !region_.flush(0, region_.get_size(), false) ||
        injected({.point = FaultPoint::sync, .path = path}) || ::fsync(descriptor()) != 0)
        throw failure(path_, "write-failed", "the changes could not be written: " + reason(errno),
                      "see the kernel's messages: dmesg; check the space left: df FILE");
    ensure_intact();
}

}  // namespace pgregion::io
