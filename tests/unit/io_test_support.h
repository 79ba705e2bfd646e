// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the tests of the io floor share: real files in a directory of their own, child processes, loop devices.
// A test that the machine does not allow (no root, no losetup) is skipped and says so.
#pragma once

#include <pgregion/error.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pgregion::test
{

inline constexpr std::size_t kMiB = std::size_t{1} << 20;

/// A directory that is removed with all it holds.
class TemporaryDirectory
{
public:
    TemporaryDirectory()
    {
        std::string name = (std::filesystem::temp_directory_path() / "pgregion-test-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr)
            throw std::runtime_error("mkdtemp failed");
        path_ = name;
        std::filesystem::permissions(path_, std::filesystem::perms(0755));
    }
    TemporaryDirectory(const TemporaryDirectory &) = delete;
    TemporaryDirectory &operator=(const TemporaryDirectory &) = delete;
    ~TemporaryDirectory()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] std::string path(const std::string &name = "") const { return (path_ / name).string(); }

    /// Writes `content`, then fills with zeros up to `size_bytes`.
    std::string file(const std::string &name, std::string_view content, std::size_t size_bytes = 0) const
    {
        const std::string full = path(name);
        std::ofstream(full, std::ios::binary) << content;
        if (size_bytes > content.size())
            std::filesystem::resize_file(full, size_bytes);
        return full;
    }

    [[nodiscard]] std::size_t entries() const
    {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator(path_), std::filesystem::directory_iterator()));
    }

private:
    std::filesystem::path path_;
};

inline std::string content_of(const std::string &path)
{
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// The Error that `action` throws; a test failure and an empty one when it throws none.
inline Error error_of(const std::function<void()> &action)
{
    try {
        action();
    } catch (const Error &error) {
        return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return {Failure::operational, "", ""};
}

inline std::string code_of(const std::function<void()> &action) { return error_of(action).code(); }

/// Runs `action` in a child process and gives the code of its Error, "no error", or "died".
inline std::string code_in_child(const std::function<void()> &action)
{
    std::array<int, 2> channel{};
    if (::pipe(channel.data()) != 0)
        return "no pipe";
    const pid_t child = ::fork();
    if (child == 0) {
        std::string outcome = "no error";
        try {
            action();
        } catch (const Error &error) {
            outcome = error.code();
        } catch (...) {
            outcome = "another exception";
        }
        const bool told = ::write(channel[1], outcome.data(), outcome.size()) >= 0;
        ::_exit(told ? 0 : 1);
    }
    ::close(channel[1]);
    std::array<char, 256> buffer{};
    const ssize_t got = ::read(channel[0], buffer.data(), buffer.size());
    ::close(channel[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : "died";
}

/// Root may open everything, so tests of permissions become somebody else first (in a child process).
inline void drop_privileges()
{
    constexpr unsigned kNobody = 65534;
    if (::geteuid() == 0 && (::setegid(kNobody) != 0 || ::seteuid(kNobody) != 0))
        throw std::runtime_error("cannot drop privileges");
}

/// A loop device over a file; none when the machine does not allow one.
class LoopDevice
{
public:
    explicit LoopDevice(const std::string &file, const std::string &options = "")
    {
        const std::string command = "losetup --find --show " + options + " '" + file + "' 2>/dev/null";
        FILE *const output = ::popen(command.c_str(), "r");
        if (output == nullptr)
            return;
        std::array<char, 64> line{};
        if (std::fgets(line.data(), static_cast<int>(line.size()), output) != nullptr)
            path_ = std::string(line.data());
        ::pclose(output);
        while (!path_.empty() && path_.back() == '\n')
            path_.pop_back();
    }
    LoopDevice(const LoopDevice &) = delete;
    LoopDevice &operator=(const LoopDevice &) = delete;
    ~LoopDevice()
    {
        if (!path_.empty() && std::system(("losetup --detach " + path_).c_str()) != 0)
            ADD_FAILURE() << "cannot detach " << path_;
    }

    [[nodiscard]] bool available() const { return !path_.empty(); }
    [[nodiscard]] const std::string &path() const { return path_; }

private:
    std::string path_;
};

/// A file system of 1 MiB on a directory.
class SmallFileSystem
{
public:
    explicit SmallFileSystem(std::string directory)
        : directory_(std::move(directory)),
          mounted_(::mount("tmpfs", directory_.c_str(), "tmpfs", 0, "size=1m,mode=0755") == 0)
    {
    }
    SmallFileSystem(const SmallFileSystem &) = delete;
    SmallFileSystem &operator=(const SmallFileSystem &) = delete;
    ~SmallFileSystem()
    {
        if (mounted_)
            ::umount2(directory_.c_str(), MNT_DETACH);
    }

    [[nodiscard]] bool available() const { return mounted_; }

private:
    std::string directory_;
    bool mounted_;
};

}  // namespace pgregion::test
