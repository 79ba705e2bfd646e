// SPDX-License-Identifier: GPL-2.0-or-later
//
// The file of -o; see output.h.
#include "io/buffered_writer.h"
#include "io/descriptor.h"
#include "io/failures.h"
#include "io/output.h"
#include "io/temporary_file.h"

#include <cctype>
#include <cerrno>
#include <charconv>
#include <optional>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pgregion::io
{

/// Exactly one of `temporary` and `direct` is in use.
struct OutputFile::State {
    std::string path;
    std::optional<TemporaryFile> temporary;
    Descriptor direct;
    std::optional<BufferedWriter> writer;
};

namespace
{

Error cannot_write(const std::string &path, const std::string &why, std::string_view hint)
{
    return failure(path, "cannot-write-output", "cannot be written: " + why, hint).as(ErrorClass::output);
}

Error cannot_write(const std::string &path, const std::system_error &problem)
{
    const int number = problem.code().value();
    return cannot_write(path, reason(number), write_hint(number));
}

/// The N of /proc/self/fd/N and /dev/fd/N, where /dev/stdout leads.
std::optional<int> descriptor_name(std::string_view path)
{
    for (const std::string_view folder : {"/proc/self/fd/", "/dev/fd/"}) {
        if (!path.starts_with(folder))
            continue;
        const std::string_view digits = path.substr(folder.size());
        int number = -1;
        const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (problem == std::errc() && end == digits.data() + digits.size())
            return number;
    }
    return std::nullopt;
}

Descriptor checked(int number)
{
    Descriptor descriptor(number);
    if (!descriptor.valid())
        throw_errno("open");
    return descriptor;
}

void keep_owner_and_mode(int descriptor, const struct stat &replaced)
{
    // Giving files away is root's privilege; for others the file becomes theirs, as with every editor.
    (void)!::fchown(descriptor, replaced.st_uid, replaced.st_gid);
    constexpr mode_t kPermissions = 0777;
    if (::fchmod(descriptor, replaced.st_mode & kPermissions) != 0)
        throw_errno("fchmod");
}

void refuse_targets_that_hold_no_output(const std::string &path, const struct stat &status)
{
    if (S_ISDIR(status.st_mode))
        throw cannot_write(path, "it is a directory", "name a file in it: -o FILE/OUT");
    if (S_ISBLK(status.st_mode))
        throw cannot_write(path, "it is a block device, whose content output would destroy", "name a file: -o OUT");
    // A rename asks for the directory's permission only; a write-protected file should still be safe.
    if (S_ISREG(status.st_mode) && ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0)
        throw cannot_write(path, reason(errno), "see its mode: ls -l FILE");
}

}  // namespace

OutputFile::OutputFile(const std::string &path) : state_(std::make_unique<State>())
{
    state_->path = path;
    try {
        const std::string target = follow_links(path);
        struct stat status = {};
        const bool exists = ::stat(target.c_str(), &status) == 0;
        if (!exists && (errno != ENOENT || target.empty()))
            throw_errno("stat");
        if (exists)
            refuse_targets_that_hold_no_output(path, status);

        if (const auto number = descriptor_name(target)) {
            state_->direct = checked(::fcntl(*number, F_DUPFD_CLOEXEC, 0));
        } else if (exists && !S_ISREG(status.st_mode)) {
            state_->direct = checked(::open(target.c_str(), O_WRONLY | O_CLOEXEC));
        } else {
            state_->temporary.emplace(target);
            if (exists)
                keep_owner_and_mode(state_->temporary->descriptor(), status);
        }
    } catch (const std::system_error &problem) {
        throw cannot_write(path, problem);
    }
    state_->writer.emplace(state_->temporary ? state_->temporary->descriptor() : state_->direct.number());
}

OutputFile::~OutputFile() = default;

void OutputFile::write(std::string_view text)
{
    try {
        state_->writer->write(text);
    } catch (const std::system_error &problem) {
        throw cannot_write(state_->path, problem);
    }
}

void OutputFile::finish()
{
    try {
        state_->writer->flush();
        if (state_->temporary)
            state_->temporary->publish(Existing::replace);
    } catch (const std::system_error &problem) {
        throw cannot_write(state_->path, problem);
    }
}

bool OutputFile::reader_gone() const { return state_->writer->reader_gone(); }

void replace_file(const std::string &path, std::span<const std::byte> content)
{
    OutputFile file(path);
    file.write({reinterpret_cast<const char *>(content.data()), content.size()});
    file.finish();
}

}  // namespace pgregion::io
