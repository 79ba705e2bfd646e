// SPDX-License-Identifier: GPL-2.0-or-later
//
// From errno to an Error; see failures.h.
#include "io/failures.h"

#include "io/temporary_file.h"

#include <algorithm>
#include <array>
#include <cctype>
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

/// Whether a terminal may be sent it as it is: ASCII without control characters, or UTF-8 of more than one byte. What is
/// not surely that is not.
bool is_shown(std::string_view word)
{
    const auto in = [&](std::size_t at, unsigned first, unsigned last) {
        const unsigned byte = at < word.size() ? static_cast<unsigned char>(word[at]) : 0;
        return byte >= first && byte <= last;
    };
    std::size_t at = 0;
    while (at < word.size()) {
        std::size_t length = 0;
        if (in(at, 0x20, 0x7e))
            length = 1;
        else if (in(at, 0xc3, 0xdf) && in(at + 1, 0x80, 0xbf))
            length = 2;
        else if ((in(at, 0xe1, 0xec) || in(at, 0xee, 0xef)) && in(at + 1, 0x80, 0xbf) && in(at + 2, 0x80, 0xbf))
            length = 3;
        else if (in(at, 0xf1, 0xf3) && in(at + 1, 0x80, 0xbf) && in(at + 2, 0x80, 0xbf) && in(at + 3, 0x80, 0xbf))
            length = 4;
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

/// What no terminal shows as it is: in octal, as the printf of every shell reads it.
std::string printed_word(const std::string &word)
{
    std::string quoted = "\"$(printf '";
    for (const char c : word) {
        if (is_plain(c) && c != '%') {
            quoted += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        for (const unsigned shift : {6U, 3U, 0U})
            quoted += shift == 6 ? std::string("\\") + static_cast<char>('0' + (byte >> 6))
                                 : std::string(1, static_cast<char>('0' + (byte >> shift & 7)));
    }
    return quoted + "')\"";
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
    const std::string word = path.starts_with('-') ? "./" + path : path;
    if (!word.empty() && std::ranges::all_of(word, is_plain))
        return word;
    if (!is_shown(word))
        return printed_word(word);
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
    const auto in_word = [&](std::size_t at) {
        return at < command.size() && (std::isalnum(static_cast<unsigned char>(command[at])) != 0);
    };
    // Once from left to right, so that names that look like a placeholder stay as they are.
    std::string result;
    for (std::size_t at = 0; at < command.size();) {
        std::size_t end = at;
        while (in_word(end))
            ++end;
        const std::string_view word = command.substr(at, end - at);
        if (word == "FILE")
            result += shell_word(path);
        else if (word == "FOLDER")
            result += shell_word(folder_of(path));
        else
            result += word;
        if (end < command.size())
            result += command[end++];
        at = end;
    }
    return result;
}

Error failure(const std::string &path, std::string code, const std::string &message, std::string_view hint)
{
    Error error(Failure::operational, std::move(code), message, fill_in(hint, path));
    error.at(path);
    return error;
}

std::string_view write_hint(int error_number)
{
    if (error_number == ENOSPC || error_number == EDQUOT)
        return "make room, or name a file elsewhere; how much is left: df -h FOLDER";
    if (error_number == EFBIG)
        return "see the limit on the size of files: ulimit -f";
    return "look at the folder: ls -ld FOLDER";
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
