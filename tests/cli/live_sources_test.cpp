// SPDX-License-Identifier: GPL-2.0-or-later
//
// Live sources as far as a machine without them can tell: loop devices, and device nodes with nothing behind them. The
// rest (/dev/mem, kcore, vmcore, pmem, device dax) is tested in a virtual machine, see tests/vm/run.sh.
#include "cli/command_test.h"
#include "support/source_tree.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <unistd.h>

namespace pgregion::test
{

namespace
{

constexpr std::size_t kRegionBytes = std::size_t{2} << 20;

class LiveSources : public CommandTest
{
protected:
    /// A disk of 6 MiB with the sample region at 2 MiB; makes the region alone, too.
    [[nodiscard]] std::string disk_with_region() const
    {
        EXPECT_EQ(run_pgregion({"restore", source_tree() + "/tests/samples/domain.pgtext", path("region.img")}).status,
                  0);
        const Image region = read_image(path("region.img"));
        Image disk(3 * kRegionBytes);
        std::ranges::copy(region, disk.begin() + kRegionBytes);
        write_image(path("disk"), disk);
        return path("disk");
    }

    static std::vector<std::string> listing(const std::string &command, const std::vector<std::string> &source)
    {
        std::vector<std::string> arguments{command};
        arguments.insert(arguments.end(), source.begin(), source.end());
        for (const char *word : {"--paddr", "0x140000000", "--format", "vtd-ss", "--levels", "4"})
            arguments.emplace_back(word);
        return arguments;
    }
};

TEST_F(LiveSources, RegionInTheMiddleOfALoopDeviceReadsLikeTheRegionAlone)
{
    const LoopDevice device(disk_with_region());
    if (!device.available())
        GTEST_SKIP() << "no loop devices here (root and losetup are needed)";
    for (const std::string command : {"mappings", "decode"}) {
        const std::string alone = output_of(listing(command, {path("region.img")}));
        EXPECT_NE(alone.find("0x"), std::string::npos);
        EXPECT_EQ(output_of(listing(command, {device.path(), "--offset", "2M"})), alone);
    }
}

TEST_F(LiveSources, LoopDeviceIsMemoryByPhysicalAddress)
{
    const LoopDevice device(disk_with_region());
    if (!device.available())
        GTEST_SKIP() << "no loop devices here (root and losetup are needed)";
    const std::string source = device.path() + "@0x13fe00000";
    const std::string mappings =
        output_of({"mappings", source, "--at", "0x140000000", "--format", "vtd-ss", "--levels", "4"});
    EXPECT_EQ(mappings, output_of(listing("mappings", {path("region.img")})));
    expect_failure(run_pgregion({"mappings", source, "--at", "0x200000000", "--format", "vtd-ss", "--levels", "4"}), 8,
                   {"0x200000000"});
}

TEST_F(LiveSources, LoopDeviceIsChangedAndPutBack)
{
    const LoopDevice device(disk_with_region());
    if (!device.available())
        GTEST_SKIP() << "no loop devices here (root and losetup are needed)";
    const auto with = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), {device.path(), "--offset", "2M", "--undo", path("journal")});
        return run_pgregion(arguments);
    };
    EXPECT_EQ(with({"alloc"}).status, 0);
    const std::string changed = output_of({"bitmap", device.path(), "--offset", "2M", "--as", "ranges"});
    EXPECT_NE(changed.find("0-8"), std::string::npos) << changed;
    EXPECT_EQ(with({"undo"}).status, 0);
    EXPECT_EQ(output_of({"bitmap", device.path(), "--offset", "2M", "--as", "hex"}),
              output_of({"bitmap", path("region.img"), "--as", "hex"}));
}

/// A node of the number of /dev/mem under any name: what it is, is decided by the number.
TEST_F(LiveSources, DevMemThatTheKernelDoesNotHaveIsAClearError)
{
    if (::access("/dev/mem", F_OK) == 0)
        GTEST_SKIP() << "this machine has /dev/mem";
    const std::string node = path("any-name");
    if (::mknod(node.c_str(), S_IFCHR | 0600, makedev(1, 1)) != 0)
        GTEST_SKIP() << "no device nodes here (root is needed)";
    const ProgramOutcome outcome = run_pgregion({"info", node, "--at", "0x100000"});
    expect_failure(outcome, 8, {node});
    EXPECT_FALSE(outcome.timed_out);
}

TEST_F(LiveSources, OtherCharacterDevicesAreNoSource)
{
    expect_failure(run_pgregion({"info", "/dev/zero"}), 8, {"/dev/zero", "character device"});
    expect_failure(run_pgregion({"info", "/dev/null", "--at", "0x0"}), 8, {"/dev/null"});
}

TEST_F(LiveSources, NothingUnderProcIsWritten)
{
    for (const std::string source : {"/proc/kcore", "/proc/vmcore"}) {
        if (::access(source.c_str(), R_OK) != 0)
            continue;
        const ProgramOutcome outcome = run_pgregion({"--json", "alloc", source, "--at", "0x100000", "--live-write"});
        EXPECT_EQ(outcome.status, 8);
        EXPECT_NE(outcome.output.find("\"source-read-only\""), std::string::npos) << outcome.output;
    }
    const ProgramOutcome outcome = run_pgregion({"--json", "init", "/proc/self/mem", "--live-write", "--overwrite"});
    EXPECT_EQ(outcome.status, 8) << outcome.output;
}

}  // namespace

}  // namespace pgregion::test
