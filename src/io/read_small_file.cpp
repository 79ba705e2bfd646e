// SPDX-License-Identifier: GPL-2.0-or-later
//
// Whole small files: /proc/cmdline, the text of restore. Not mapped: such a file may have no size (/proc) or be
// a pipe.
#include "io/descriptor.h"
#include "io/failures.h"
#include "io/output.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pgregion::io
{

namespace
{

Descriptor open_input(const std::string &path)
{
    if (path == "-")
        return Descriptor(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
    return Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
}

void refuse_what_is_no_text(const std::string &path, int descriptor)
{
    struct stat status = {};
    if (::fstat(descriptor, &status) != 0)
        throw open_failure(path, errno);
    if (S_ISDIR(status.st_mode))
        throw failure(path, "is-a-directory", "is a directory", "name a file in it: ls -l FILE");
    if (S_ISBLK(status.st_mode))
        throw failure(path, "not-a-regular-file", "is a block device, where a text is expected",
                      "name a text file, or - for standard input");
}

}  // namespace

std::string read_small_file(const std::string &path, std::size_t limit_bytes)
{
    const Descriptor file = open_input(path);
    if (!file.valid())
        throw open_failure(path, errno);
    refuse_what_is_no_text(path, file.number());

    constexpr std::size_t kStepBytes = std::size_t{64} << 10;
    std::string content;
    while (true) {
        const std::size_t have = content.size();
        // One byte beyond the limit, to notice that there is more.
        content.resize(have + std::min(kStepBytes, limit_bytes - have + 1));
        const ssize_t got = ::read(file.number(), content.data() + have, content.size() - have);
        const int problem = errno;
        content.resize(have + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (got == 0)
            return content;
        if (got < 0 && problem != EINTR)
            throw failure(path, "cannot-read", "cannot be read: " + reason(problem), "see what it is: stat FILE");
        if (content.size() > limit_bytes)
            throw failure(path, "file-too-large",
                          "is larger than the " + std::to_string(limit_bytes) + " bytes allowed here",
                          "check that it is the right file: ls -l FILE");
    }
}

}  // namespace pgregion::io
