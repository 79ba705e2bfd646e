// SPDX-License-Identifier: GPL-2.0-or-later
//
// Asking the kernel who holds what; see holders.h. proc(5): mountinfo, swaps, PID/comm.
#include "io/holders.h"

#include "io/descriptor.h"

#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace pgregion::io
{

namespace
{

namespace fs = std::filesystem;

constexpr std::size_t kMostNameBytes = 256;

std::vector<std::string> words_of(const std::string &line)
{
    std::vector<std::string> words;
    for (std::size_t at = 0; (at = line.find_first_not_of(" \t", at)) != std::string::npos;) {
        const std::size_t end = std::min(line.find_first_of(" \t", at), line.size());
        words.push_back(line.substr(at, end - at));
        at = end;
    }
    return words;
}

/// mountinfo writes a blank as \040, and so on.
std::string without_escapes(const std::string &text)
{
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        unsigned value = 0;
        const char *const digits = text.data() + at + 1;
        if (text[at] == '\\' && text.size() - at > 3 &&
            std::from_chars(digits, digits + 3, value, 8).ptr == digits + 3) {
            plain += static_cast<char>(value);
            at += 3;
        } else {
            plain += text[at];
        }
    }
    return plain;
}

/// Field 3 is the device, field 5 the mount point.
std::optional<std::string> mount_point(const std::string &number, const SystemFolders &folders)
{
    std::ifstream stream(folders.proc + "/self/mountinfo");
    for (std::string line; std::getline(stream, line);) {
        const std::vector<std::string> words = words_of(line);
        if (words.size() > 4 && words[2] == number)
            return without_escapes(words[4]);
    }
    return std::nullopt;
}

std::string kernel_name(const std::string &number, const SystemFolders &folders)
{
    std::error_code problem;
    return fs::canonical(folders.sys + "/dev/block/" + number, problem).filename().string();
}

bool is_swap(const std::string &number, const SystemFolders &folders)
{
    const std::string name = "/dev/" + kernel_name(number, folders);
    std::ifstream stream(folders.proc + "/swaps");
    for (std::string line; std::getline(stream, line);) {
        const std::vector<std::string> words = words_of(line);
        if (!words.empty() && without_escapes(words[0]) == name)
            return true;
    }
    return false;
}

std::string holders_of(const std::string &number, const SystemFolders &folders)
{
    std::string names;
    std::error_code problem;
    fs::directory_iterator entry(folders.sys + "/dev/block/" + number + "/holders", problem);
    for (; !problem && entry != fs::directory_iterator(); entry.increment(problem))
        names += (names.empty() ? "" : ", ") + entry->path().filename().string();
    return names;
}

}  // namespace

std::string process_text(pid_t process, const SystemFolders &folders)
{
    const std::string number = "process " + std::to_string(process);
    std::string name(kMostNameBytes, '\0');
    std::ifstream stream(folders.proc + "/" + std::to_string(process) + "/comm");
    stream.read(name.data(), static_cast<std::streamsize>(name.size()));
    name.resize(static_cast<std::size_t>(stream.gcount()));
    if (name.ends_with('\n'))
        name.pop_back();
    return name.empty() ? number : name + " (" + number + ")";
}

std::string lock_holder(const std::string &path, const SystemFolders &folders)
{
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct flock lock = {};
    lock.l_type = F_RDLCK;
    lock.l_whence = SEEK_SET;
    // An open-file lock has no process: -1.
    if (!file.valid() || ::fcntl(file.number(), F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK || lock.l_pid <= 0)
        return {};
    return process_text(lock.l_pid, folders);
}

std::string device_use(const std::string &number, const SystemFolders &folders)
{
    if (number.empty())
        return {};
    if (const auto place = mount_point(number, folders))
        return "mounted on " + *place;
    if (is_swap(number, folders))
        return "swap space";
    const std::string holders = holders_of(number, folders);
    return holders.empty() ? holders : "part of " + holders;
}

std::string device_number(const std::string &path)
{
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0 || !S_ISBLK(status.st_mode))
        return {};
    return std::to_string(major(status.st_rdev)) + ":" + std::to_string(minor(status.st_rdev));
}

}  // namespace pgregion::io
