// SPDX-License-Identifier: GPL-2.0-or-later
//
// Writers exclude each other; block devices have their real size and are claimed.
#include "io_test_support.h"

#include <pgregion/open.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <thread>

#include <fcntl.h>

namespace pgregion
{
namespace
{

using namespace test;
using namespace std::chrono_literals;

/// A child process that holds a source open for writing until it is destroyed.
class OtherWriter
{
public:
    explicit OtherWriter(const std::string &path)
    {
        std::array<int, 2> ready{};
        if (::pipe(ready.data()) != 0)
            throw std::runtime_error("pipe failed");
        child_ = ::fork();
        if (child_ == 0) {
            const Source source = Source::open(path, OpenMode::read_write);
            (void)!::write(ready[1], "r", 1);
            ::pause();
            ::_exit(0);
        }
        ::close(ready[1]);
        char byte = 0;
        (void)!::read(ready[0], &byte, 1);
        ::close(ready[0]);
    }
    OtherWriter(const OtherWriter &) = delete;
    OtherWriter &operator=(const OtherWriter &) = delete;
    ~OtherWriter() { stop(); }

    void stop()
    {
        if (child_ <= 0)
            return;
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
        child_ = 0;
    }

private:
    pid_t child_ = 0;
};

/// True when another process could not lock `path` at this moment.
bool is_locked_for_others(const std::string &path)
{
    return code_in_child([&] {
               struct flock lock = {};
               lock.l_type = F_WRLCK;
               if (::fcntl(::open(path.c_str(), O_RDWR), F_SETLK, &lock) != 0)
                   throw Error(Failure::operational, "locked", "x");
           }) == "locked";
}

TEST(Writer, SecondWriterGivesUpAfterThreeSeconds)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("region", "", 2 * kMiB);
    const OtherWriter other(path);
    const auto start = std::chrono::steady_clock::now();
    const Error error = error_of([&] { (void)Source::open(path, OpenMode::read_write); });
    const auto waited = std::chrono::steady_clock::now() - start;
    EXPECT_EQ(error.code(), "source-locked");
    EXPECT_EQ(error.failure(), Failure::operational);
    EXPECT_NE(error.hint().find("fuser -v " + path), std::string::npos);
    EXPECT_GE(waited, 2900ms);
    EXPECT_LE(waited, 10s);
}

TEST(Writer, WaitsForTheOtherOneToEnd)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("region", "", 2 * kMiB);
    OtherWriter other(path);
    std::thread ender([&] {
        std::this_thread::sleep_for(300ms);
        other.stop();
    });
    EXPECT_NO_THROW((void)Source::open(path, OpenMode::read_write));
    ender.join();
}

TEST(Writer, ReadersAreNotKeptOut)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("region", "", 2 * kMiB);
    const OtherWriter other(path);
    EXPECT_NO_THROW((void)Source::open(path, OpenMode::read_only));
}

TEST(Writer, LockEndsWithTheSource)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("region", "", 2 * kMiB);
    {
        const Source source = Source::open(path, OpenMode::read_write);
    }
    EXPECT_EQ(code_in_child([&] { (void)Source::open(path, OpenMode::read_write); }), "no error");
}

TEST(Writer, HoldsTheLockUntilItIsDestroyed)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("region", "", 2 * kMiB);
    Source source = Source::open(path, OpenMode::read_write);
    const Source moved = std::move(source);
    moved.flush();
    EXPECT_TRUE(is_locked_for_others(path));
}

TEST(Writer, FileReplacedDuringTheWaitIsOpenedInItsNewForm)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("region", "old", 2 * kMiB);
    OtherWriter other(path);
    std::thread replacer([&] {
        std::this_thread::sleep_for(300ms);
        std::filesystem::rename(directory.file("new", "new", 2 * kMiB), path);
        other.stop();
    });
    const Source source = Source::open(path, OpenMode::read_write);
    replacer.join();
    EXPECT_EQ(source.bytes()[0], std::byte{'n'});
    EXPECT_TRUE(is_locked_for_others(path));
}

TEST(BlockDevice, HasTheSizeOfTheDevice)
{
    const TemporaryDirectory directory;
    for (const std::size_t size : {2 * kMiB, 4 * kMiB}) {
        const LoopDevice device(directory.file("disk" + std::to_string(size), "\x03", size));
        if (!device.available())
            GTEST_SKIP() << "no loop devices here (root and losetup are needed)";
        const Source source = Source::open(device.path(), OpenMode::read_only);
        EXPECT_EQ(source.kind(), SourceKind::block_device);
        EXPECT_EQ(source.size_bytes(), size);
        EXPECT_EQ(source.bytes().size(), size);
        EXPECT_EQ(source.bytes()[0], std::byte{3});
        EXPECT_EQ(source.bytes()[size - 1], std::byte{0});
        EXPECT_NO_THROW(source.ensure_intact());
    }
}

TEST(BlockDevice, StoresReachTheMediumAfterAFlush)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("disk", "", 2 * kMiB);
    const LoopDevice device(path);
    if (!device.available())
        GTEST_SKIP() << "no loop devices here (root and losetup are needed)";
    const Source source = Source::open(device.path(), OpenMode::read_write);
    source.writable_bytes()[8192] = std::byte{'d'};
    source.flush();
    EXPECT_EQ(content_of(path)[8192], 'd');
}

TEST(BlockDevice, ClaimedDeviceIsRefusedToWritersOnly)
{
    const TemporaryDirectory directory;
    const LoopDevice device(directory.file("disk", "", 2 * kMiB));
    if (!device.available())
        GTEST_SKIP() << "no loop devices here (root and losetup are needed)";
    // What a mount does.
    const int claim = ::open(device.path().c_str(), O_RDWR | O_EXCL);
    ASSERT_GE(claim, 0);
    const Error error = error_of([&] { (void)Source::open(device.path(), OpenMode::read_write); });
    EXPECT_EQ(error.code(), "device-busy");
    EXPECT_NE(error.hint().find("lsblk " + device.path()), std::string::npos);
    EXPECT_NO_THROW((void)Source::open(device.path(), OpenMode::read_only));
    ::close(claim);
    EXPECT_NO_THROW((void)Source::open(device.path(), OpenMode::read_write));
}

TEST(BlockDevice, OpenForWritingItCannotBeClaimedByOthers)
{
    const TemporaryDirectory directory;
    const LoopDevice device(directory.file("disk", "", 2 * kMiB));
    if (!device.available())
        GTEST_SKIP() << "no loop devices here (root and losetup are needed)";
    const Source source = Source::open(device.path(), OpenMode::read_write);
    EXPECT_EQ(::open(device.path().c_str(), O_RDWR | O_EXCL), -1);
    EXPECT_EQ(errno, EBUSY);
    EXPECT_EQ(code_in_child([&] { (void)Source::open(device.path(), OpenMode::read_write); }), "source-locked");
}

TEST(BlockDevice, WriteProtectedDeviceIsRefusedToWriters)
{
    const TemporaryDirectory directory;
    const LoopDevice device(directory.file("disk", "", 2 * kMiB), "--read-only");
    if (!device.available())
        GTEST_SKIP() << "no loop devices here (root and losetup are needed)";
    EXPECT_NO_THROW((void)Source::open(device.path(), OpenMode::read_only));
    const Error error = error_of([&] { (void)Source::open(device.path(), OpenMode::read_write); });
    EXPECT_EQ(error.code(), "permission-denied");
    EXPECT_STREQ(error.what(), "the device is write-protected");
}

TEST(BlockDevice, BackingFileThatShrinksIsAnErrorAndNoDeath)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("disk", std::string(4 * kMiB, '\1'));
    const LoopDevice device(path);
    if (!device.available())
        GTEST_SKIP() << "no loop devices here (root and losetup are needed)";
    const Source source = Source::open(device.path(), OpenMode::read_only);
    std::filesystem::resize_file(path, 0);
    // The kernel answers such reads with zeros or with an I/O error; neither may kill.
    std::byte any{0};
    for (std::size_t offset = 0; offset < 4 * kMiB; offset += 4096)
        any |= source.bytes()[offset];
    EXPECT_LE(std::to_integer<unsigned>(any), 1U);
}

}  // namespace
}  // namespace pgregion
