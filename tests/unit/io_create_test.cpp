// SPDX-License-Identifier: GPL-2.0-or-later
//
// Making region files: whole or not at all, and never over something that is there.
#include "io_test_support.h"

#include <pgregion/open.h>

#include <algorithm>

#include <sys/stat.h>

namespace pgregion
{
namespace
{

using namespace test;

TEST(CreateRegionFile, MakesTwoMebibytesOfZerosOpenForWriting)
{
    const TemporaryDirectory directory;
    const Source source = create_region_file(directory.path("new"));
    EXPECT_EQ(source.kind(), SourceKind::region_image);
    EXPECT_EQ(source.size_bytes(), 2097152U);
    EXPECT_TRUE(std::ranges::all_of(source.bytes(), [](std::byte b) { return b == std::byte{0}; }));
    source.writable_bytes()[0] = std::byte{1};
    EXPECT_NO_THROW(source.flush());
    EXPECT_EQ(directory.entries(), 1U);
}

TEST(CreateRegionFile, ReservesTheDiskSpaceAtOnce)
{
    const TemporaryDirectory directory;
    const Source source = create_region_file(directory.path("new"));
    struct stat status = {};
    ASSERT_EQ(::stat(directory.path("new").c_str(), &status), 0);
    EXPECT_GE(status.st_blocks * 512, 2097152);
}

TEST(CreateRegionFile, ModeComesFromTheUmask)
{
    const TemporaryDirectory directory;
    const mode_t before = ::umask(027);
    (void)create_region_file(directory.path("new"));
    ::umask(before);
    struct stat status = {};
    ASSERT_EQ(::stat(directory.path("new").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST(CreateRegionFile, ExistingFileIsNeverTouched)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("file", "x");
    EXPECT_EQ(code_of([&] { (void)create_region_file(path); }), "file-exists");
    EXPECT_EQ(code_of([&] { (void)create_region_file(directory.path()); }), "file-exists");
    EXPECT_EQ(content_of(path), "x");
}

TEST(CreateRegionFile, EmptyFileBecomesARegionAndKeepsItsMode)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("empty", "");
    ::chmod(path.c_str(), 0604);
    EXPECT_EQ(create_region_file(path).kind(), SourceKind::region_image);
    struct stat status = {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0604U);
}

TEST(CreateRegionFile, LinkToNothingGetsItsFile)
{
    const TemporaryDirectory directory;
    std::filesystem::create_symlink("real", directory.path("link"));
    EXPECT_EQ(create_region_file(directory.path("link")).kind(), SourceKind::region_image);
    EXPECT_TRUE(std::filesystem::is_symlink(directory.path("link")));
    EXPECT_EQ(std::filesystem::file_size(directory.path("real")), 2097152U);
}

TEST(CreateRegionFile, FullDiskIsAnErrorThatLeavesNothing)
{
    const TemporaryDirectory directory;
    const SmallFileSystem small(directory.path());
    if (!small.available())
        GTEST_SKIP() << "mounting a small file system needs root";
    const Error error = error_of([&] { (void)create_region_file(directory.path("new")); });
    EXPECT_EQ(error.code(), "cannot-create");
    EXPECT_STREQ(error.what(), "the region file cannot be made: No space left on device");
    EXPECT_EQ(directory.entries(), 0U);
    const auto empty = directory.file("empty", "");
    EXPECT_EQ(code_of([&] { (void)create_region_file(empty); }), "cannot-create");
    EXPECT_EQ(std::filesystem::file_size(empty), 0U);
}

TEST(CreateRegionFile, MissingDirectoryAndNoPermissionAreErrors)
{
    const TemporaryDirectory directory;
    EXPECT_EQ(code_of([&] { (void)create_region_file(directory.path("no/such")); }), "cannot-create");
    ::chmod(directory.path().c_str(), 0555);
    EXPECT_EQ(code_in_child([&] {
                  drop_privileges();
                  (void)create_region_file(directory.path("new"));
              }),
              "cannot-create");
    EXPECT_EQ(directory.entries(), 0U);
}

TEST(OpenOrCreateRegion, OpensWhatIsThereAndMakesWhatIsNot)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("region", "\x07", 2 * kMiB);
    EXPECT_EQ(open_or_create_region(path).bytes()[0], std::byte{7});
    EXPECT_EQ(open_or_create_region(directory.path("new")).bytes()[0], std::byte{0});
    EXPECT_EQ(code_of([&] { (void)open_or_create_region(directory.path()); }), "is-a-directory");
    EXPECT_EQ(code_of([&] { (void)open_or_create_region(path + "/x"); }), "no-such-file");
}

}  // namespace
}  // namespace pgregion
