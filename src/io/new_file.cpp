// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/new_file.h"

#include "io/buffered_writer.h"
#include "io/failures.h"
#include "io/temporary_file.h"

#include <cerrno>
#include <memory>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>

namespace pgregion::io
{

void create_file(const std::string &path, std::span<const std::byte> content)
{
    try {
        TemporaryFile file(path);
        const auto writer = std::make_unique<BufferedWriter>(file.descriptor());
        writer->write({reinterpret_cast<const char *>(content.data()), content.size()});
        writer->flush();
        file.publish(Existing::keep);
    } catch (const std::system_error &problem) {
        const int number = problem.code().value();
        if (number == EEXIST)
            throw failure(path, "file-exists", "exists already", "name another folder, or move it away");
        throw failure(path, "cannot-write-output", "the file cannot be written: " + reason(number), write_hint(number))
            .as(ErrorClass::output);
    }
}

bool name_is_taken(const std::string &path)
{
    struct stat status = {};
    return ::lstat(path.c_str(), &status) == 0;
}

void ensure_folder(const std::string &path)
{
    constexpr mode_t kByUmask = 0777;
    if (::mkdir(path.c_str(), kByUmask) == 0)
        return;
    const int number = errno;
    struct stat status = {};
    if (number == EEXIST && ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode))
        return;
    const std::string why = number == EEXIST ? "it is something else" : reason(number);
    throw failure(path, "cannot-write-output", "the folder cannot be made: " + why,
                  "name a folder that is there: --extract DIR")
        .as(ErrorClass::output);
}

}  // namespace pgregion::io
