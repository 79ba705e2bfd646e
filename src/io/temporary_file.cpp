// SPDX-License-Identifier: GPL-2.0-or-later
//
// Write beside, sync, rename; see temporary_file.h.
#include "io/temporary_file.h"

#include "io/failures.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <random>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace pgregion::io
{

namespace
{

constexpr mode_t kNewFileMode = 0666;  // less the umask, as for every file a shell makes
constexpr int kNameAttempts = 100;
constexpr int kMostLinks = 40;  // as in the kernel, path_resolution(7)

/// ".pgregion-XXXXXXXX" does not carry the target's name, which may be as long as names can be.
std::string random_name(const std::string &directory)
{
    std::random_device random;
    std::string name = directory + "/.pgregion-";
    for (int letter = 0; letter < 8; ++letter)
        name += static_cast<char>('a' + random() % 26);
    return name;
}

/// rename() that fails with EEXIST. Not every file system has the flag; a hard link then does the same.
int rename_without_replacing(const char *from, const char *to)
{
    if (::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    return ::link(from, to) == 0 ? ::unlink(from) : -1;
}

}  // namespace

TemporaryFile::TemporaryFile(std::string target) : target_(std::move(target))
{
    for (int attempt = 0; attempt < kNameAttempts; ++attempt) {
        std::string name = random_name(folder_of(target_));
        if (injected({.point = FaultPoint::create, .path = name.c_str()}))
            break;
        file_ = Descriptor(::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kNewFileMode));
        if (file_.valid()) {
            name_ = std::move(name);
            return;
        }
        if (errno != EEXIST)
            break;
    }
    throw_errno("create");
}

TemporaryFile::~TemporaryFile()
{
    if (!name_.empty() && !injected({.point = FaultPoint::remove, .path = name_.c_str()}))
        ::unlink(name_.c_str());
}

void TemporaryFile::publish(Existing existing, FolderSync folder_sync)
{
    if (injected({.point = FaultPoint::sync, .path = name_.c_str()}) || ::fsync(file_.number()) != 0)
        throw_errno("fsync");
    if (injected({.point = FaultPoint::rename, .path = name_.c_str(), .target = target_.c_str()}))
        throw_errno("rename");
    const int renamed = existing == Existing::keep ? rename_without_replacing(name_.c_str(), target_.c_str())
                                                   : ::rename(name_.c_str(), target_.c_str());
    if (renamed != 0)
        throw_errno("rename");
    name_.clear();
    try {
        sync_folder(target_);
    } catch (const std::system_error &) {
        if (folder_sync == FolderSync::required)
            throw;
    }
}

std::string folder_of(const std::string &path)
{
    const std::string folder = std::filesystem::path(path).parent_path().string();
    return folder.empty() ? "." : folder;
}

void sync_folder(const std::string &path)
{
    if (injected({.point = FaultPoint::sync_folder, .path = path.c_str()}))
        throw_errno("fsync");
    const Descriptor folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.valid())
        throw_errno("open");
    // Network file systems and some of FUSE answer that they cannot.
    if (::fsync(folder.number()) != 0 && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
        throw_errno("fsync");
}

std::string follow_links(std::string path)
{
    namespace fs = std::filesystem;
    for (int links = 0; links < kMostLinks; ++links) {
        std::error_code problem;
        const fs::path next = fs::read_symlink(path, problem);
        const bool is_descriptor = path.starts_with("/proc/") || path.starts_with("/dev/fd/");
        if (problem || is_descriptor)
            return path;
        path = (fs::path(path).parent_path() / next).string();  // an absolute `next` stands alone
    }
    return path;
}

void reserve_space(const std::string &path, int descriptor, std::uint64_t size_bytes)
{
    if (injected({.point = FaultPoint::reserve, .path = path.c_str()}))
        throw_errno("fallocate");
    const int problem = ::posix_fallocate(descriptor, 0, static_cast<off_t>(size_bytes));
    if (problem != 0)
        throw std::system_error(problem, std::generic_category(), "fallocate");
}

}  // namespace pgregion::io
