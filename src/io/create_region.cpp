// SPDX-License-Identifier: GPL-2.0-or-later
//
// Making a region file; the contract is in open.h. The kernel does the same when a region's file is created: it
// zeroes 2 MiB and sets no bit (region.md section 1.1).
#include "io/failures.h"
#include "io/temporary_file.h"

#include <pgregion/open.h>
#include <pgregion/region.h>

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>

namespace pgregion
{

using namespace io;

namespace
{

enum class Target { missing, empty_file, something };

Target look_at(const std::string &path)
{
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0) {
        if (errno != ENOENT)
            throw open_failure(path, errno);
        return Target::missing;
    }
    return S_ISREG(status.st_mode) && status.st_size == 0 ? Target::empty_file : Target::something;
}

Error cannot_create(const std::string &path, const std::system_error &problem)
{
    if (problem.code().value() == EEXIST)
        return failure(path, "file-exists", "exists already", "see what it is: pgregion info FILE");
    const int number = problem.code().value();
    return failure(path, "cannot-create", "the region file cannot be made: " + reason(number), write_hint(number));
}

void create_new(const std::string &path)
{
    TemporaryFile file(follow_links(path));
    reserve_space(file.name(), file.descriptor(), kRegionBytes);
    file.publish(Existing::keep);
}

/// In place, so that owner, mode and other names of the file stay.
void extend_empty(const std::string &path)
{
    const Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!file.valid())
        throw open_failure(path, errno);
    try {
        reserve_space(path, file.number(), kRegionBytes);
    } catch (const std::system_error &) {
        // Empty again. Nobody else can have written to it: it takes a region to open it for writing.
        if (injected({.point = FaultPoint::truncate, .path = path.c_str()}) || ::ftruncate(file.number(), 0) != 0)
            throw_errno("ftruncate");
        throw;
    }
}

}  // namespace

Source create_region_file(const std::string &path)
{
    try {
        const Target target = look_at(path);
        if (target == Target::something)
            throw std::system_error(EEXIST, std::generic_category());
        if (target == Target::missing)
            create_new(path);
        else
            extend_empty(path);
    } catch (const std::system_error &problem) {
        throw cannot_create(path, problem);
    }
    return Source::open(path, OpenMode::read_write);
}

Source open_or_create_region(const std::string &path)
{
    if (look_at(path) == Target::something)
        return Source::open(path, OpenMode::read_write);
    return create_region_file(path);
}

}  // namespace pgregion
