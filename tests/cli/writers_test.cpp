// SPDX-License-Identifier: GPL-2.0-or-later
//
// Several writers at once, and readers that must not write.
#include "cli/command_test.h"
#include "support/processes.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

namespace pgregion::test
{

namespace
{

/// A process that holds the lock of a file until it is told to go.
class LockHolder
{
public:
    explicit LockHolder(const std::string &file)
    {
        std::array<int, 2> ready{};
        if (::pipe2(ready.data(), O_CLOEXEC) != 0)
            throw std::runtime_error("no pipe");
        child_ = ::fork();
        if (child_ == 0)
            hold(file, ready[1]);
        ::close(ready[1]);
        char answer = 0;
        locked_ = ::read(ready[0], &answer, 1) == 1;
        ::close(ready[0]);
    }
    LockHolder(const LockHolder &) = delete;
    LockHolder &operator=(const LockHolder &) = delete;
    ~LockHolder()
    {
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
    }

    [[nodiscard]] bool locked() const { return locked_; }

private:
    [[noreturn]] static void hold(const std::string &file, int ready)
    {
        const int descriptor = ::open(file.c_str(), O_RDWR);
        struct flock lock = {};
        lock.l_type = F_WRLCK;
        lock.l_whence = SEEK_SET;
        if (descriptor < 0 || ::fcntl(descriptor, F_SETLK, &lock) != 0 || ::write(ready, "L", 1) != 1)
            ::_exit(1);
        for (;;)
            ::pause();
    }

    pid_t child_ = -1;
    bool locked_ = false;
};

class Writers : public CommandTest
{
};

TEST_F(Writers, SecondWriterGivesUpAfterThreeSeconds)
{
    const std::string file = region("r.img", {{0, 1}});
    const LockHolder holder(file);
    ASSERT_TRUE(holder.locked());
    const ProgramOutcome outcome = run_pgregion({"alloc", file});
    expect_failure(outcome, 8, {file, "another process is writing"});
    EXPECT_GE(outcome.duration.count(), 2500);
    EXPECT_LT(outcome.duration.count(), 10000);
    EXPECT_EQ(read_image(file), image_with({{0, 1}}));
}

TEST_F(Writers, EveryWritingCommandRespectsTheLock)
{
    const std::string file = region("r.img", {{0, 5}});
    const std::string text = directory().file("in.pgtext", "pgregion-text 1\n");
    const LockHolder holder(file);
    ASSERT_TRUE(holder.locked());
    const std::vector<std::vector<std::string>> commands{{"init", file, "--overwrite"},
                                                         {"free", file, "5"},
                                                         {"root", file, "--liveupdate", "yes"},
                                                         {"restore", text, file, "--overwrite"}};
    // All at once, because each of them waits three seconds.
    EXPECT_TRUE(run_processes(4, [&](unsigned number) { return run_pgregion(commands[number]).status == 8; }));
    EXPECT_EQ(read_image(file), image_with({{0, 5}}));
}

TEST_F(Writers, ReadersDoNotWaitForTheLock)
{
    const std::string file = region("r.img", {{0, 5}});
    const LockHolder holder(file);
    ASSERT_TRUE(holder.locked());
    EXPECT_EQ(output_of({"bitmap", file, "--as", "ranges"}), "0-5\n");
    EXPECT_EQ(run_pgregion({"validate", file, "--liveupdate", "yes"}).status, 0);
}

/// Allocates until the region is full, and counts the pages it got.
bool allocate_until_full(const std::string &file, const PageCounters &counters)
{
    constexpr int kPatience = 1000;
    for (int turn = 0; turn < kPatience; ++turn) {
        const ProgramOutcome outcome = run_pgregion({"alloc", file});
        if (outcome.status == 0)
            counters.of(std::stoul(outcome.output.substr(5))).fetch_add(1);
        else if (outcome.errors.find("0 of 512 pages are free") != std::string::npos)
            return true;
        else if (outcome.errors.find("another process is writing") == std::string::npos)
            return false;
    }
    return false;
}

TEST_F(Writers, EightProcessesNeverGetTheSamePage)
{
    const std::string file = region("r.img", {{0, 447}});
    const PageCounters counters;
    EXPECT_TRUE(run_processes(8, [&](unsigned) { return allocate_until_full(file, counters); }));
    for (std::uint64_t page = 0; page < 512; ++page)
        EXPECT_EQ(counters.of(page).load(), page < 448 ? 0U : 1U) << "page " << page;
    EXPECT_EQ(read_image(file), image_with({{0, 511}}));
}

TEST_F(Writers, ReadingCommandsLeaveTheFileAsItIs)
{
    Image image = image_with({{0, 4}});
    put_entry(image, 1, 0, 0x140002003);
    put_entry(image, 2, 0, 0x140003003);
    put_entry(image, 3, 0, 0x250000083);
    const std::string file = region("r.img", image);
    ASSERT_EQ(::chmod(file.c_str(), 0444), 0);
    struct stat before = {};
    ASSERT_EQ(::stat(file.c_str(), &before), 0);
    const std::vector<std::string> context{"--paddr", "0x140000000", "--format", "vtd-ss", "--levels", "4"};
    for (std::vector<std::string> arguments : std::vector<std::vector<std::string>>{
             {"info"}, {"dump"}, {"decode"}, {"mappings"}, {"page", "1"}, {"translate", "0x1000"}}) {
        arguments.insert(arguments.begin() + 1, file);
        arguments.insert(arguments.end(), context.begin(), context.end());
        EXPECT_EQ(run_pgregion(arguments).status, 0) << arguments[0];
    }
    EXPECT_EQ(run_pgregion({"bitmap", file}).status, 0);
    EXPECT_EQ(run_pgregion({"validate", file, "--liveupdate", "yes"}).status, 0);
    struct stat after = {};
    ASSERT_EQ(::stat(file.c_str(), &after), 0);
    EXPECT_EQ(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
    EXPECT_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    EXPECT_EQ(read_image(file), image);
    EXPECT_EQ(directory().entries(), 1U);
}

TEST_F(Writers, RefusedCommandLeavesTheFileAsItIs)
{
    const std::string file = region("r.img", {{0, 511}});
    struct stat before = {};
    ASSERT_EQ(::stat(file.c_str(), &before), 0);
    EXPECT_EQ(run_pgregion({"alloc", file}).status, 8);
    EXPECT_EQ(run_pgregion({"init", file}).status, 4);
    EXPECT_EQ(run_pgregion({"free", file, "1"}).status, 4);
    struct stat after = {};
    ASSERT_EQ(::stat(file.c_str(), &after), 0);
    EXPECT_EQ(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
    EXPECT_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

TEST_F(Writers, BlockDeviceIsWrittenInPlace)
{
    const std::string file = region("disk.img", Image(2 * kImageBytes));
    const LoopDevice device(file);
    if (!device.available())
        GTEST_SKIP() << "needs a loop device (root)";
    const std::string journal = path("journal");
    EXPECT_EQ(output_of({"init", device.path(), "--offset", "2M", "--take-root", "--undo", journal}),
              "page 0  offset 0x200000  address unknown\npage 1  offset 0x201000  address unknown\n");
    EXPECT_EQ(output_of({"alloc", device.path(), "--offset", "2M", "--undo", journal}),
              "page 2  offset 0x202000  address unknown\n");
    const std::string text = directory().file("in.pgtext", "pgregion-text 1\nbitmap 0-9\n");
    EXPECT_EQ(run_pgregion({"restore", text, device.path(), "--offset", "2M", "--undo", journal}).status, 4);
    EXPECT_EQ(run_pgregion({"restore", text, device.path(), "--offset", "2M", "--overwrite", "--undo", journal}).status,
              0);
    EXPECT_EQ(output_of({"bitmap", device.path(), "--offset", "2M", "--as", "ranges"}), "0-9\n");
}

}  // namespace

}  // namespace pgregion::test
