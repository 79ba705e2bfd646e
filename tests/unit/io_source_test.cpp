// SPDX-License-Identifier: GPL-2.0-or-later
//
// Opening files: what they are, what is refused and in which words (cli.md section 1).
#include "io_test_support.h"

#include <pgregion/open.h>

#include <algorithm>
#include <csignal>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace pgregion
{
namespace
{

using namespace test;

std::string open_code(const std::string &path, OpenMode mode = OpenMode::read_only)
{
    return code_of([&] { (void)Source::open(path, mode); });
}

Error open_error(const std::string &path)
{
    return error_of([&] { (void)Source::open(path, OpenMode::read_only); });
}

TEST(Source, FileOfExactlyTwoMebibytesIsARegionImage)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("whatever.zst", "\x03", 2 * kMiB);
    const Source source = Source::open(path, OpenMode::read_only);
    EXPECT_EQ(source.kind(), SourceKind::region_image);
    EXPECT_EQ(kind_name(source.kind()), "region-image");
    EXPECT_EQ(source.size_bytes(), 2097152U);
    EXPECT_EQ(source.bytes().size(), 2097152U);
    EXPECT_EQ(source.bytes()[0], std::byte{3});
    EXPECT_EQ(source.path(), path);
    EXPECT_NO_THROW(source.ensure_intact());
}

TEST(Source, FilesOfAnyOtherSizeAreRawMemory)
{
    const TemporaryDirectory directory;
    for (const std::size_t size : {std::size_t{1}, std::size_t{4096}, 2 * kMiB - 1, 2 * kMiB + 1, 4 * kMiB}) {
        const auto path = directory.file("memory", "\x01", size);
        const Source source = Source::open(path, OpenMode::read_only);
        EXPECT_EQ(source.kind(), SourceKind::raw_memory) << size;
        EXPECT_EQ(source.bytes().size(), size);
        EXPECT_EQ(source.bytes().back(), size == 1 ? std::byte{1} : std::byte{0});
    }
    EXPECT_EQ(kind_name(SourceKind::raw_memory), "raw-memory");
    EXPECT_EQ(kind_name(SourceKind::block_device), "block-device");
}

TEST(Source, MovingKeepsTheBytesWhereTheyAre)
{
    const TemporaryDirectory directory;
    Source first = Source::open(directory.file("a", "\x05", 2 * kMiB), OpenMode::read_only);
    const auto bytes = first.bytes();
    const Source second = std::move(first);
    EXPECT_EQ(second.bytes().data(), bytes.data());
    EXPECT_EQ(bytes[0], std::byte{5});
}

TEST(Source, StoresReachTheFileAfterAFlush)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("region", "", 2 * kMiB);
    {
        const Source source = Source::open(path, OpenMode::read_write);
        source.writable_bytes()[4095] = std::byte{'x'};
        source.flush();
        EXPECT_EQ(content_of(path)[4095], 'x');
    }
    EXPECT_EQ(std::filesystem::file_size(path), 2097152U);
}

TEST(Source, ReadOnlyOpeningWorksOnAWriteProtectedFile)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("region", "\x01", 2 * kMiB);
    ::chmod(path.c_str(), 0444);
    EXPECT_EQ(code_in_child([&] {
                  drop_privileges();
                  (void)Source::open(path, OpenMode::read_only);
              }),
              "no error");
}

TEST(Source, MissingFileIsNamedWithTheNextStep)
{
    const TemporaryDirectory directory;
    const Error error = open_error(directory.path("none"));
    EXPECT_EQ(error.code(), "no-such-file");
    EXPECT_EQ(error.failure(), Failure::operational);
    EXPECT_EQ(error.source(), directory.path("none"));
    EXPECT_EQ(error.hint(), "check the name: ls -l " + directory.path("none"));
    EXPECT_EQ(open_code(directory.path("none"), OpenMode::read_write), "no-such-file");
    EXPECT_EQ(open_code(""), "no-such-file");
}

TEST(Source, PathThroughAFileIsNoSuchFile)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("file", "x");
    EXPECT_EQ(open_code(path + "/region"), "no-such-file");
}

TEST(Source, OverlongNameCannotBeOpened)
{
    const TemporaryDirectory directory;
    EXPECT_EQ(open_code(directory.path(std::string(300, 'n'))), "cannot-open");
}

TEST(Source, EmptyFileIsRefused)
{
    const TemporaryDirectory directory;
    EXPECT_EQ(open_code(directory.file("empty", "")), "empty-file");
    EXPECT_EQ(open_code(directory.path("empty"), OpenMode::read_write), "empty-file");
}

TEST(Source, DirectoryIsRefusedByName)
{
    const TemporaryDirectory directory;
    EXPECT_EQ(open_code(directory.path()), "is-a-directory");
    EXPECT_EQ(open_code(directory.path(), OpenMode::read_write), "is-a-directory");
}

TEST(Source, FifoIsRefusedWithoutWaitingForAWriter)
{
    const TemporaryDirectory directory;
    ASSERT_EQ(::mkfifo(directory.path("fifo").c_str(), 0600), 0);
    const Error error = open_error(directory.path("fifo"));
    EXPECT_EQ(error.code(), "not-a-regular-file");
    EXPECT_STREQ(error.what(), "is a pipe, which cannot be mapped");
}

TEST(Source, SocketIsRefused)
{
    const TemporaryDirectory directory;
    const int handle = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    directory.path("s").copy(&address.sun_path[0], sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(handle, reinterpret_cast<const sockaddr *>(&address), sizeof address), 0);
    EXPECT_EQ(open_code(directory.path("s")), "not-a-regular-file");
    ::close(handle);
}

TEST(Source, CharacterDevicesThatAreNoMemoryAreRefused)
{
    EXPECT_EQ(open_code("/dev/null"), "unsupported-source");
    EXPECT_EQ(open_code("/dev/zero"), "unsupported-source");
}

TEST(Source, FilesThatTheKernelMakesUpAreRefusedUnlessTheyAreMemory)
{
    EXPECT_EQ(open_code("/proc/self/mem"), "empty-file");
    EXPECT_EQ(open_code("/proc/version"), "empty-file");
}

TEST(Source, StandardInputAndPackedFilesAreNeverWritten)
{
    const TemporaryDirectory directory;
    EXPECT_EQ(open_code("-", OpenMode::read_write), "source-read-only");
    const auto path = directory.file("region", "", 2 * kMiB);
    ASSERT_EQ(std::system(("gzip -q " + path).c_str()), 0);
    EXPECT_EQ(open_code(path + ".gz", OpenMode::read_write), "source-read-only");
    EXPECT_EQ(Source::open(path + ".gz", OpenMode::read_only).kind(), SourceKind::region_image);
}

TEST(Source, SymbolicLinksAreFollowedAndLoopsAreNamed)
{
    const TemporaryDirectory directory;
    std::filesystem::create_symlink(directory.file("region", "", 2 * kMiB), directory.path("link"));
    EXPECT_EQ(Source::open(directory.path("link"), OpenMode::read_write).kind(), SourceKind::region_image);
    std::filesystem::create_symlink("loop", directory.path("loop"));
    EXPECT_EQ(open_code(directory.path("loop")), "symlink-loop");
    std::filesystem::create_symlink("nothing", directory.path("dangling"));
    const Error error = open_error(directory.path("dangling"));
    EXPECT_EQ(error.code(), "no-such-file");
    EXPECT_STREQ(error.what(), "is a symbolic link to a file that does not exist");
}

TEST(Source, NoPermissionIsNamed)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("region", "", 2 * kMiB);
    ::chmod(path.c_str(), 0000);
    for (const OpenMode mode : {OpenMode::read_only, OpenMode::read_write}) {
        EXPECT_EQ(code_in_child([&] {
                      drop_privileges();
                      (void)Source::open(path, mode);
                  }),
                  "permission-denied");
    }
}

TEST(Source, ReadableFileWithoutWritePermissionCannotBeOpenedForWriting)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("region", "", 2 * kMiB);
    ::chmod(path.c_str(), 0444);
    EXPECT_EQ(code_in_child([&] {
                  drop_privileges();
                  (void)Source::open(path, OpenMode::read_write);
              }),
              "permission-denied");
}

TEST(Source, FilesOfProcfsWithoutSizeAreRefused) { EXPECT_EQ(open_code("/proc/self/status"), "empty-file"); }

TEST(Source, FileThatCannotBeMappedIsRefused)
{
    const std::string path = "/sys/kernel/mm/transparent_hugepage/enabled";
    if (!std::filesystem::exists(path))
        GTEST_SKIP() << "no " << path << " here";
    EXPECT_EQ(open_code(path), "cannot-map");
}

TEST(Source, HintsQuoteWhatAShellWouldTakeApart)
{
    const TemporaryDirectory directory;
    const auto path = directory.path("it's a file");
    EXPECT_EQ(open_error(path).hint(), "check the name: ls -l '" + directory.path("it'\\''s a file") + "'");
    EXPECT_EQ(open_error("-v").hint(), "check the name: ls -l ./-v");
}

TEST(Source, ManySourcesCanBeOpenAtOnceAndTooManyAreAnError)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("region", "", 2 * kMiB);
    EXPECT_EQ(code_in_child([&] {
                  std::vector<Source> open;
                  for (int count = 0; count < 200; ++count)
                      open.push_back(Source::open(path, OpenMode::read_only));
              }),
              "no error");
    const std::string code = code_in_child([&] {
        std::vector<Source> open;
        for (int count = 0; count < 5000; ++count)
            open.push_back(Source::open(path, OpenMode::read_only));
    });
    EXPECT_TRUE(code == "too-many-sources" || code == "cannot-open") << code;
}

}  // namespace
}  // namespace pgregion
