// SPDX-License-Identifier: GPL-2.0-or-later
//
// Files from which nothing can be read, and disks on which nothing can be written: what is said fits the cause, and the
// next step can be pasted whatever the names are.
#include "io/failures.h"
#include "io_test_support.h"
#include "support/elf_image.h"
#include "support/lime_image.h"

#include <pgregion/open.h>

#include <cerrno>
#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace pgregion
{
namespace
{

using namespace test;
using testing::HasSubstr;
using testing::Not;

std::string text_of(const std::vector<std::byte> &bytes)
{
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

std::string folder_of(const std::string &path) { return path.substr(0, path.rfind('/')); }

TEST(FailureHints, FileAndFolderAreWordsByThemselves)
{
    EXPECT_EQ(io::fill_in("cp FILE COPY; ls FILE.old", "a b"), "cp 'a b' COPY; ls 'a b'.old");
    EXPECT_EQ(io::fill_in("--part FILE2, the column FILESIZ, PROFILE", "core"),
              "--part FILE2, the column FILESIZ, PROFILE");
    EXPECT_EQ(io::fill_in("df -h FOLDER", "/srv/my images/a.img"), "df -h '/srv/my images'");
    EXPECT_EQ(io::fill_in("df -h FOLDER", "a.img"), "df -h .");
}

TEST(FailureHints, NamesThatLookLikeAPlaceholderStayAsTheyAre)
{
    EXPECT_EQ(io::fill_in("mv FILE FILE.old; df -h FOLDER", "/FILE/FOLDER"),
              "mv /FILE/FOLDER /FILE/FOLDER.old; df -h /FILE");
    EXPECT_EQ(io::fill_in("cat FILE", "it's FILE"), "cat 'it'\\''s FILE'");
}

TEST(FailureHints, FullDisksAndOtherCausesHaveStepsOfTheirOwn)
{
    EXPECT_THAT(io::write_hint(ENOSPC), HasSubstr("df -h FOLDER"));
    EXPECT_THAT(io::write_hint(EDQUOT), HasSubstr("df -h FOLDER"));
    EXPECT_THAT(io::write_hint(EFBIG), HasSubstr("ulimit -f"));
    EXPECT_EQ(io::write_hint(EACCES), "look at the folder: ls -ld FOLDER");
}

TEST(EmptyFile, IsToBeTakenAgainUnlessARegionIsToBeWritten)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("my guest.raw", "");
    const Error read = error_of([&] { (void)Source::open(path, OpenMode::read_only); });
    EXPECT_EQ(read.code(), "empty-file");
    EXPECT_STREQ(read.what(), "is empty: it holds no bytes");
    EXPECT_THAT(read.hint(), HasSubstr("ls -l '" + path + "'; df -h " + folder_of(path) + ";"));
    EXPECT_THAT(read.hint(), Not(HasSubstr("init")));
    const Error written = error_of([&] { (void)Source::open(path, OpenMode::read_write); });
    EXPECT_EQ(written.code(), "empty-file");
    EXPECT_THAT(written.hint(), HasSubstr("pgregion init '" + path + "'"));
}

TEST(DumpWithoutAPage, IsRefusedWithTheReason)
{
    const TemporaryDirectory directory;
    ElfImage core;
    core.segments.push_back({.address = 0x1000, .bytes = std::vector<std::byte>(100), .memsz = 0x1000});
    core.segments.push_back({.address = 0x2800, .bytes = std::vector<std::byte>(0x1000)});
    const auto elf = directory.file("short.elf", text_of(core.build()));
    const Error error = error_of([&] { (void)Source::open(elf, OpenMode::read_only); });
    EXPECT_EQ(error.code(), "no-whole-page");
    EXPECT_STREQ(error.what(),
                 "is an ELF core without one whole page of memory (4 KiB), so that nothing can be read from it");
    EXPECT_THAT(error.hint(), HasSubstr("readelf -lW " + elf));

    const auto lime = directory.file("short.lime", text_of(lime_image({{0x1000, std::vector<std::byte>(0xfff)}})));
    EXPECT_EQ(code_of([&] { (void)Source::open(lime, OpenMode::read_only); }), "no-whole-page");

    core.segments.assign(1, {.address = 0x1000, .bytes = std::vector<std::byte>(0x3000)});
    const std::string whole = text_of(core.build());
    const auto cut = directory.file("cut.elf", whole.substr(0, whole.size() - 0x2001));
    const Error truncated = error_of([&] { (void)Source::open(cut, OpenMode::read_only); });
    EXPECT_EQ(truncated.code(), "truncated-dump");
    EXPECT_THAT(truncated.what(),
                HasSubstr("without one whole page of memory (4 KiB), so that nothing can be read from it: "
                          "it is cut short"));
    const auto enough = directory.file("enough.elf", whole.substr(0, whole.size() - 0x2000));
    EXPECT_EQ(Source::open(enough, OpenMode::read_only).size_bytes(), 4096U);
}

// On tmpfs a hole takes room when it is read through a mapping, elsewhere when it is written; both end as SIGBUS.
TEST(FullDisk, HolesThatGetNoRoomAreNotCalledAnInputOutputError)
{
    const TemporaryDirectory directory;
    const SmallFileSystem small(directory.path());
    if (!small.available())
        GTEST_SKIP() << "mounting a small file system needs root";
    const auto path = directory.file("region", "\x03", 2 * kMiB);
    directory.file("fill", std::string(2 * kMiB, 'f'));
    for (const auto mode : {OpenMode::read_only, OpenMode::read_write}) {
        const Source source = Source::open(path, mode);
        EXPECT_EQ(source.bytes()[kMiB], std::byte{0});
        const Error error = error_of([&] { source.ensure_intact(); });
        EXPECT_EQ(error.code(), mode == OpenMode::read_only ? "read-failed" : "write-failed");
        EXPECT_STREQ(error.what(), "a page could not be given room: the file has holes of 2093056 bytes, and its file "
                                   "system has 0 bytes left");
        EXPECT_EQ(error.hint(), "make room: df -h " + folder_of(path) + "; then do it again");
    }
}

}  // namespace
}  // namespace pgregion
