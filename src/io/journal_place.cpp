// SPDX-License-Identifier: GPL-2.0-or-later
//
// From a source to its journal; see journal_place.h.
#include "io/journal_place.h"

#include "io/failures.h"
#include "io/journal_file.h"
#include "io/journal_map.h"
#include "io/temporary_file.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <vector>

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace pgregion::io
{

namespace
{

constexpr const char *kSuffix = ".pgundo";

std::string home_folder()
{
    const char *const home = std::getenv("HOME");
    if (home != nullptr && *home == '/')
        return home;
    std::vector<char> buffer(std::size_t{16} << 10);
    struct passwd entry = {};
    struct passwd *found = nullptr;
    if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
        return {};
    return found->pw_dir;
}

std::string absolute(const std::string &path)
{
    std::error_code problem;
    const std::filesystem::path found = std::filesystem::canonical(path, problem);
    return problem ? path : found.string();
}

std::string name_of_device(const std::string &path)
{
    std::string name;
    for (const char c : path) {
        if (c == '%')
            name += "%%";
        else
            name += c == '/' ? '%' : c;
    }
    return name + kSuffix;
}

bool is_block_device(const std::string &path)
{
    struct stat status = {};
    return ::stat(path.c_str(), &status) == 0 && S_ISBLK(status.st_mode);
}

/// A writer holds a lock on its journal; its change is under way and not cut short.
bool held_by_writer(int descriptor)
{
    struct flock lock = {};
    lock.l_type = F_RDLCK;
    lock.l_whence = SEEK_SET;
    return ::fcntl(descriptor, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

std::optional<ChangeEntry> newest_unfinished(const std::string &path)
{
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat status = {};
    if (!file.valid() || ::fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode) ||
        held_by_writer(file.number()))
        return std::nullopt;
    const JournalMap map(file.number());
    const Journal journal = parse_journal(map.bytes());
    const ChangeEntry *const change = journal.newest(ChangeState::unfinished);
    return change == nullptr ? std::nullopt : std::optional(*change);
}

}  // namespace

std::string state_folder()
{
    const char *const given = std::getenv("XDG_STATE_HOME");
    if (given != nullptr && *given == '/')
        return given;
    const std::string home = home_folder();
    return home.empty() ? home : home + "/.local/state";
}

std::string journal_path(const std::string &source, const std::string &state)
{
    if (!is_block_device(source))
        return follow_links(source) + kSuffix;
    if (state.empty())
        throw failure(source, "no-state-folder", "no folder is known for the undo journal of a device",
                      "set HOME or XDG_STATE_HOME, or name a file: --undo OUT");
    return state + "/pgregion/" + name_of_device(absolute(source));
}

SourceIdentity identity_of(const Source &source)
{
    SourceIdentity identity{SourceForm::file, source.size_bytes(), 0};
    if (source.kind() != SourceKind::block_device)
        return identity;
    identity.form = SourceForm::block_device;
    struct stat status = {};
    if (::stat(source.path().c_str(), &status) == 0)
        identity.device = std::uint64_t{major(status.st_rdev)} << 32 | minor(status.st_rdev);
    return identity;
}

std::optional<ChangeEntry> peek_unfinished(const std::string &source, const std::string &state) noexcept
{
    try {
        return newest_unfinished(journal_path(source, state));
    } catch (const std::exception &) {
        return std::nullopt;
    }
}

}  // namespace pgregion::io
