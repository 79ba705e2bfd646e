// SPDX-License-Identifier: GPL-2.0-or-later
//
// From errno to an Error; see failures.h.
#include "io/failures.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <system_error>

namespace pgregion::io
{

namespace
{

struct OpenProblem {
    int error_number;
    std::string_view code;
    std::string_view message;
    std::string_view hint;
};

constexpr std::array<OpenProblem, 8> kOpenProblems{{
    {ENOENT, "no-such-file", "no such file", "check the name: ls -l FILE"},
    {ENOTDIR, "no-such-file", "no such file: a part of the path is not a directory", "check the path: namei -l FILE"},
    {EACCES, "permission-denied", "permission denied",
     "see who may open it: namei -l FILE; try as its owner or as root"},
    {EPERM, "permission-denied", "operation not permitted",
     "see its attributes: lsattr FILE; try as its owner or as root"},
    {EROFS, "read-only-filesystem", "cannot be opened for writing: it is on a read-only file system",
     "work on a copy: cp FILE COPY"},
    {ELOOP, "symlink-loop", "symbolic links that lead back to themselves", "see the links: namei -l FILE"},
    {ENXIO, "cannot-open", "no such device behind this node", "see the devices there are: lsblk"},
    {EMFILE, "cannot-open", "too many open files", "name fewer sources at once, or raise the limit: ulimit -n"},
}};

constexpr bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_/.,+=@%:-").find(c) != std::string_view::npos;
}

}  // namespace

std::string hex(PhysAddr address)
{
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), address.value(), 16).ptr;
    return "0x" + std::string(digits.data(), end);
}

std::string reason(int error_number) { return std::generic_category().message(error_number); }

std::string shell_word(const std::string &path)
{
    // A leading dash would be taken for an option.
    std::string word = path.starts_with('-') ? "./" + path : path;
    if (!word.empty() && std::ranges::all_of(word, is_plain))
        return word;
    std::string quoted = "'";
    for (const char c : word) {
        if (c == '\'')
            quoted += "'\\''";
        else
            quoted += c;
    }
    return quoted + "'";
}

std::string fill_in(std::string_view command, const std::string &path)
{
    constexpr std::string_view kPlaceholder = "FILE";
    std::string result;
    for (auto at = command.find(kPlaceholder); at != std::string_view::npos; at = command.find(kPlaceholder)) {
        result += command.substr(0, at);
        result += shell_word(path);
        command.remove_prefix(at + kPlaceholder.size());
    }
    return result.append(command);
}

Error failure(const std::string &path, std::string code, const std::string &message, std::string_view hint)
{
    Error error(Failure::operational, std::move(code), message, fill_in(hint, path));
    error.at(path);
    return error;
}

Error open_failure(const std::string &path, int error_number)
{
    const auto *const known = std::ranges::find(kOpenProblems, error_number, &OpenProblem::error_number);
    if (known != kOpenProblems.end())
        return failure(path, std::string(known->code), std::string(known->message), known->hint);
    return failure(path, "cannot-open", "cannot be opened: " + reason(error_number), "see what it is: stat FILE");
}

bool injected(const FaultPlace &place)
{
    const int problem = fault_at(place);
    if (problem != 0)
        errno = problem;
    return problem != 0;
}

void throw_errno(const char *step) { throw std::system_error(errno, std::generic_category(), step); }

}  // namespace pgregion::io
