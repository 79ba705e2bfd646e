// SPDX-License-Identifier: GPL-2.0-or-later
//
// Output: files that appear whole or not at all, standard output that is closed, full or unread.
#include "io/output.h"
#include "io_test_support.h"

#include <csignal>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>

namespace pgregion
{
namespace
{

using namespace test;
using io::OutputFile;
using io::StandardOutput;

TEST(OutputFile, AppearsOnlyWhenItIsFinished)
{
    const TemporaryDirectory directory;
    OutputFile file(directory.path("out"));
    file.write("hello ");
    file.write("world\n");
    EXPECT_FALSE(std::filesystem::exists(directory.path("out")));
    file.finish();
    EXPECT_EQ(content_of(directory.path("out")), "hello world\n");
    EXPECT_EQ(directory.entries(), 1U);
}

TEST(OutputFile, AbandonedFileLeavesTheOldOneAndNothingElse)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("out", "old");
    {
        OutputFile file(path);
        file.write(std::string(200000, 'n'));
    }
    EXPECT_EQ(content_of(path), "old");
    EXPECT_EQ(directory.entries(), 1U);
}

TEST(OutputFile, LargePiecesArriveWhole)
{
    const TemporaryDirectory directory;
    std::string text;
    for (int line = 0; line < 50000; ++line)
        text += std::to_string(line) + "\n";
    OutputFile file(directory.path("out"));
    file.write("head\n");
    file.write(text);
    file.finish();
    EXPECT_EQ(content_of(directory.path("out")), "head\n" + text);
}

TEST(OutputFile, NewFileHasTheModeOfTheUmaskAndAReplacedOneKeepsItsMode)
{
    const TemporaryDirectory directory;
    const auto old = directory.file("old", "x");
    ::chmod(old.c_str(), 0600);
    const mode_t before = ::umask(022);
    for (const std::string &path : {old, directory.path("new")})
        io::replace_file(path, {});
    ::umask(before);
    struct stat status = {};
    ASSERT_EQ(::stat(old.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    ASSERT_EQ(::stat(directory.path("new").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0644U);
}

TEST(OutputFile, SymbolicLinkStaysAndItsTargetIsReplaced)
{
    const TemporaryDirectory directory;
    std::filesystem::create_directory(directory.path("sub"));
    directory.file("sub/real", "old");
    std::filesystem::create_symlink("sub/real", directory.path("link"));
    OutputFile file(directory.path("link"));
    file.write("new");
    file.finish();
    EXPECT_TRUE(std::filesystem::is_symlink(directory.path("link")));
    EXPECT_EQ(content_of(directory.path("sub/real")), "new");
}

TEST(OutputFile, WriteProtectedTargetIsNotReplaced)
{
    const TemporaryDirectory directory;
    std::filesystem::permissions(directory.path(), std::filesystem::perms(0777));
    const auto path = directory.file("out", "precious");
    ::chmod(path.c_str(), 0444);
    EXPECT_EQ(code_in_child([&] {
                  drop_privileges();
                  const OutputFile file(path);
              }),
              "cannot-write-output");
    EXPECT_EQ(content_of(path), "precious");
}

TEST(OutputFile, ImpossibleTargetsAreErrors)
{
    const TemporaryDirectory directory;
    for (const std::string &path :
         {directory.path(), directory.path("no/such/place"), directory.file("file", "x") + "/out", std::string()}) {
        const Error error = error_of([&] { const OutputFile file(path); });
        EXPECT_EQ(error.code(), "cannot-write-output") << path;
        EXPECT_EQ(error.failure(), Failure::operational);
    }
}

TEST(OutputFile, BlockDeviceIsRefused)
{
    const TemporaryDirectory directory;
    const LoopDevice device(directory.file("disk", "", 2 * kMiB));
    if (!device.available())
        GTEST_SKIP() << "no loop devices here (root and losetup are needed)";
    EXPECT_EQ(code_of([&] { const OutputFile file(device.path()); }), "cannot-write-output");
}

TEST(OutputFile, FullDiskIsAnErrorThatLeavesTheOldFile)
{
    const TemporaryDirectory directory;
    const SmallFileSystem small(directory.path());
    if (!small.available())
        GTEST_SKIP() << "mounting a small file system needs root";
    const auto path = directory.file("out", "old");
    const Error error = error_of([&] {
        OutputFile file(path);
        file.write(std::string(3 * kMiB, 'f'));
        file.finish();
    });
    EXPECT_EQ(error.code(), "cannot-write-output");
    EXPECT_STREQ(error.what(), "cannot be written: No space left on device");
    EXPECT_EQ(content_of(path), "old");
    EXPECT_EQ(directory.entries(), 1U);
}

TEST(OutputFile, DevicesAreWrittenToDirectly)
{
    OutputFile nothing("/dev/null");
    nothing.write("x");
    EXPECT_NO_THROW(nothing.finish());
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
    OutputFile full("/dev/full");
    full.write("x");
    EXPECT_EQ(code_of([&] { full.finish(); }), "cannot-write-output");
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST(OutputFile, FifoIsWrittenToDirectly)
{
    const TemporaryDirectory directory;
    const auto path = directory.path("fifo");
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    std::string received;
    std::thread reader([&] { received = content_of(path); });
    {
        OutputFile file(path);
        file.write("through a pipe");
        file.finish();
    }
    reader.join();
    EXPECT_EQ(received, "through a pipe");
    EXPECT_TRUE(std::filesystem::is_fifo(path));
}

/// Runs `action` in a child whose standard output is `descriptor`.
std::string code_with_output(int descriptor, const std::function<void()> &action)
{
    return code_in_child([&] {
        (void)std::signal(SIGPIPE, SIG_IGN);
        ::dup2(descriptor, STDOUT_FILENO);
        action();
    });
}

TEST(OutputFile, DevStdoutAppendsToWhatTheShellOpened)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("log", "before\n");
    const int log = ::open(path.c_str(), O_WRONLY | O_APPEND);
    EXPECT_EQ(code_with_output(log,
                               [] {
                                   OutputFile file("/dev/stdout");
                                   file.write("after\n");
                                   file.finish();
                               }),
              "no error");
    ::close(log);
    EXPECT_EQ(content_of(path), "before\nafter\n");
    EXPECT_EQ(directory.entries(), 1U);
}

TEST(StandardOutput, WritesEverythingInOrder)
{
    const TemporaryDirectory directory;
    const int file = ::open(directory.path("out").c_str(), O_WRONLY | O_CREAT, 0600);
    EXPECT_EQ(code_with_output(file,
                               [] {
                                   StandardOutput output;
                                   output.write("first\n");
                                   output.write(std::string(100000, 'm'));
                                   output.write("last\n");
                                   output.finish();
                               }),
              "no error");
    ::close(file);
    EXPECT_EQ(content_of(directory.path("out")), "first\n" + std::string(100000, 'm') + "last\n");
}

TEST(StandardOutput, IsWrittenEvenWhenAnotherErrorEndsTheCommand)
{
    const TemporaryDirectory directory;
    const int file = ::open(directory.path("out").c_str(), O_WRONLY | O_CREAT, 0600);
    EXPECT_EQ(code_with_output(file,
                               [] {
                                   StandardOutput output;
                                   output.write("so far\n");
                                   throw Error(Failure::operational, "something-else", "x");
                               }),
              "something-else");
    ::close(file);
    EXPECT_EQ(content_of(directory.path("out")), "so far\n");
}

TEST(StandardOutput, ReaderThatHasGoneIsNoError)
{
    std::array<int, 2> channel{};
    ASSERT_EQ(::pipe(channel.data()), 0);
    ::close(channel[0]);
    EXPECT_EQ(code_with_output(channel[1],
                               [] {
                                   StandardOutput output;
                                   output.write(std::string(100000, 'x'));
                                   if (!output.reader_gone())
                                       throw Error(Failure::operational, "not-noticed", "x");
                                   output.write("dropped");
                                   output.finish();
                               }),
              "no error");
    ::close(channel[1]);
}

TEST(StandardOutput, FullDeviceIsAnError)
{
    const int full = ::open("/dev/full", O_WRONLY);
    EXPECT_EQ(code_with_output(full,
                               [] {
                                   StandardOutput output;
                                   output.write("x");
                                   output.finish();
                               }),
              "cannot-write-output");
    ::close(full);
}

TEST(StandardOutput, ClosedIsAnErrorUnlessNothingIsWritten)
{
    EXPECT_EQ(code_in_child([] {
                  ::close(STDOUT_FILENO);
                  io::reserve_standard_descriptors();
                  StandardOutput output;
                  output.write("x");
                  output.finish();
              }),
              "cannot-write-output");
    EXPECT_EQ(code_in_child([] {
                  ::close(STDOUT_FILENO);
                  io::reserve_standard_descriptors();
                  StandardOutput output;
                  output.finish();
              }),
              "no error");
}

TEST(StandardOutput, FullNonBlockingPipeIsWaitedFor)
{
    std::array<int, 2> channel{};
    ASSERT_EQ(::pipe2(channel.data(), O_NONBLOCK), 0);
    std::size_t received = 0;
    std::thread reader([&] {
        std::array<char, 4096> buffer{};
        while (received < 300000) {
            const ssize_t got = ::read(channel[0], buffer.data(), buffer.size());
            if (got > 0)
                received += static_cast<std::size_t>(got);
            else
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    });
    EXPECT_EQ(code_with_output(channel[1],
                               [] {
                                   StandardOutput output;
                                   output.write(std::string(300000, 'x'));
                                   output.finish();
                               }),
              "no error");
    reader.join();
    ::close(channel[0]);
    ::close(channel[1]);
}

TEST(StandardDescriptors, ClosedOnesAreNeverGivenToFilesOpenedLater)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("region", "untouched");
    EXPECT_EQ(code_in_child([&] {
                  for (const int number : {0, 1, 2})
                      ::close(number);
                  io::reserve_standard_descriptors();
                  const int opened = ::open(path.c_str(), O_RDWR);
                  const bool written = ::write(1, "x", 1) == 1 || ::write(2, "x", 1) == 1;
                  char byte = 0;
                  const bool read = ::read(0, &byte, 1) >= 0;
                  if (opened < 3 || written || read)
                      throw Error(Failure::operational, "descriptor-taken", "x");
              }),
              "no error");
    EXPECT_EQ(content_of(path), "untouched");
}

TEST(StandardDescriptors, OpenOnesStayAsTheyAre)
{
    std::array<int, 2> channel{};
    ASSERT_EQ(::pipe(channel.data()), 0);
    EXPECT_EQ(code_with_output(channel[1],
                               [] {
                                   io::reserve_standard_descriptors();
                                   if (::write(1, "x", 1) != 1)
                                       throw Error(Failure::operational, "output-lost", "x");
                               }),
              "no error");
    ::close(channel[0]);
    ::close(channel[1]);
}

TEST(ReadSmallFile, ReadsFilesPipesAndFilesWithoutSize)
{
    const TemporaryDirectory directory;
    EXPECT_EQ(io::read_small_file(directory.file("text", "a\nb\n"), 4), "a\nb\n");
    EXPECT_EQ(io::read_small_file(directory.file("empty", ""), 4), "");
    EXPECT_EQ(io::read_small_file("/dev/null", 4), "");
    EXPECT_EQ(io::read_small_file(directory.file("large", std::string(200000, 'l')), 200000).size(), 200000U);
    EXPECT_NE(io::read_small_file("/proc/self/status", 65536).find("Name:"), std::string::npos);
}

TEST(ReadSmallFile, DashIsStandardInput)
{
    std::array<int, 2> channel{};
    ASSERT_EQ(::pipe(channel.data()), 0);
    ASSERT_EQ(::write(channel[1], "typed", 5), 5);
    ::close(channel[1]);
    EXPECT_EQ(code_in_child([&] {
                  ::dup2(channel[0], STDIN_FILENO);
                  if (io::read_small_file("-", 100) != "typed")
                      throw Error(Failure::operational, "input-lost", "x");
              }),
              "no error");
    ::close(channel[0]);
}

TEST(ReadSmallFile, RefusesWhatIsTooLargeMissingOrNoFile)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("text", "12345");
    EXPECT_EQ(code_of([&] { (void)io::read_small_file(path, 4); }), "file-too-large");
    EXPECT_EQ(code_of([&] { (void)io::read_small_file("/dev/zero", 100000); }), "file-too-large");
    EXPECT_EQ(code_of([&] { (void)io::read_small_file(directory.path("none"), 4); }), "no-such-file");
    EXPECT_EQ(code_of([&] { (void)io::read_small_file(directory.path(), 4); }), "is-a-directory");
    ::chmod(path.c_str(), 0000);
    EXPECT_EQ(code_in_child([&] {
                  drop_privileges();
                  (void)io::read_small_file(path, 100);
              }),
              "permission-denied");
}

}  // namespace
}  // namespace pgregion
