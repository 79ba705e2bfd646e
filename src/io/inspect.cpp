// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a path names; see inspect.h.
#include "io/inspect.h"

#include "io/failures.h"

#include <cerrno>
#include <filesystem>

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

namespace pgregion::io
{

namespace
{

constexpr unsigned kMemoryMajor = 1;  // Linux Documentation/admin-guide/devices.txt: 1 char, minor 1 is /dev/mem
constexpr unsigned kDevMemMinor = 1;

bool is_device_dax(dev_t device)
{
    std::error_code ignored;
    const auto link = "/sys/dev/char/" + std::to_string(major(device)) + ":" + std::to_string(minor(device));
    return std::filesystem::read_symlink(link + "/subsystem", ignored).filename() == "dax";
}

Error character_device(const std::string &path, dev_t device)
{
    if (major(device) == kMemoryMajor && minor(device) == kDevMemMinor)
        return failure(path, "unsupported-source", "is the machine's physical memory, which this version does not open",
                       "save the range and open the file: "
                       "dd if=FILE of=OUT iflag=skip_bytes,count_bytes bs=2M skip=ADDRESS count=SIZE");
    if (is_device_dax(device))
        return failure(path, "unsupported-source", "is a device dax, which this version does not open",
                       "save it and open the file: daxio -i FILE -o OUT");
    return failure(path, "unsupported-source", "is a character device, not a memory image",
                   "name a region image, a memory save or a block device");
}

Error not_a_source(const std::string &path, const struct stat &status)
{
    if (S_ISDIR(status.st_mode))
        return failure(path, "is-a-directory", "is a directory", "name a file in it: ls -l FILE");
    if (S_ISCHR(status.st_mode))
        return character_device(path, status.st_rdev);
    if (S_ISFIFO(status.st_mode))
        return failure(path, "not-a-regular-file", "is a pipe, which cannot be mapped",
                       "save it first and open the file: cat FILE > OUT");
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
    if (path == "-")
        throw failure(path, "unsupported-source", "standard input is not opened by this version",
                      "save it first and open the file: cat > OUT; a file of that name is ./-");
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0)
        throw missing(path, errno);
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
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
