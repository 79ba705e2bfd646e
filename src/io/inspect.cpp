// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a path names; see inspect.h.
#include "io/inspect.h"

#include "io/failures.h"
#include "io/live_memory.h"

#include <cerrno>
#include <filesystem>

#include <linux/fs.h>
#include <sys/ioctl.h>

namespace pgregion::io
{

namespace
{

Error not_a_source(const std::string &path, const struct stat &status)
{
    if (S_ISDIR(status.st_mode))
        return failure(path, "is-a-directory", "is a directory", "name a file in it: ls -l FILE");
    if (S_ISCHR(status.st_mode))
        return failure(path, "unsupported-source", "is a character device, not a memory image",
                       "name a region image, a memory save or a block device");
    if (S_ISFIFO(status.st_mode))
        return failure(path, "not-a-regular-file", "is a pipe, which cannot be mapped",
                       "give it as standard input: pgregion COMMAND - < FILE");
    return failure(path, "not-a-regular-file", "is a socket or something else that holds no bytes",
                   "see what it is: stat FILE");
}

/// A name that exists but leads nowhere deserves better than "no such file".
Error missing(const std::string &path, int error_number)
{
    struct stat link = {};
    if (error_number == ENOENT && ::lstat(path.c_str(), &link) == 0 && S_ISLNK(link.st_mode))
        return failure(path, "no-such-file", "is a symbolic link to a file that does not exist",
                       "see where it points: readlink FILE");
    return open_failure(path, error_number);
}

}  // namespace

struct stat inspect_source(const std::string &path)
{
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0)
        throw missing(path, errno);
    const bool is_memory_device =
        S_ISCHR(status.st_mode) && (is_dev_mem(status.st_rdev) || is_device_dax(status.st_rdev));
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode) && !is_memory_device)
        throw not_a_source(path, status);
    return status;
}

std::uint64_t size_of(int descriptor)
{
    struct stat status = {};
    if (::fstat(descriptor, &status) != 0)
        throw_errno("fstat");
    if (!S_ISBLK(status.st_mode))
        return static_cast<std::uint64_t>(status.st_size);
    std::uint64_t bytes = 0;
    if (::ioctl(descriptor, BLKGETSIZE64, &bytes) != 0)
        throw_errno("BLKGETSIZE64");
    return bytes;
}

bool same_file(const struct stat &a, const struct stat &b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

}  // namespace pgregion::io
