// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who holds a file or a device, and which devices are live memory, out of /proc and /sys made for the test.
#include "io/holders.h"
#include "io/live.h"
#include "io_test_support.h"

#include <fcntl.h>
#include <signal.h>

namespace pgregion::io
{
namespace
{

using namespace test;

class FakeSystem
{
public:
    FakeSystem()
    {
        std::filesystem::create_directories(directory_.path("proc/self"));
        std::filesystem::create_directories(directory_.path("proc/4711"));
        std::filesystem::create_directories(directory_.path("sys/dev/block"));
        put("proc/4711/comm", "qemu-system-x86\n");
        put("proc/self/mountinfo", "22 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n"
                                   "30 22 8:17 / /mnt/a\\040b rw - ext4 /dev/sdb1 rw\n");
        put("proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n/dev/sdc1 partition 1 0 -2\n");
    }

    void put(const std::string &name, const std::string &content) const { directory_.file(name, content); }

    /// A device of sysfs, in the folder that its link leads to.
    void device(const std::string &number, const std::string &folder) const
    {
        std::filesystem::create_directories(directory_.path("sys/devices/" + folder));
        std::filesystem::create_symlink("../../devices/" + folder, directory_.path("sys/dev/block/" + number));
    }

    [[nodiscard]] SystemFolders folders() const { return {directory_.path("proc"), directory_.path("sys")}; }
    [[nodiscard]] std::string path(const std::string &name) const { return directory_.path(name); }

private:
    TemporaryDirectory directory_;
};

TEST(Holders, ProcessIsNamedByItsProgram)
{
    const FakeSystem fake;
    EXPECT_EQ(process_text(4711, fake.folders()), "qemu-system-x86 (process 4711)");
    EXPECT_EQ(process_text(12, fake.folders()), "process 12");
}

TEST(Holders, LockOfAnotherProcessIsSeen)
{
    const TemporaryDirectory directory;
    const std::string file = directory.file("region", "x", 4096);
    EXPECT_EQ(lock_holder(file), "");
    std::array<int, 2> ready{};
    ASSERT_EQ(::pipe(ready.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        struct flock lock = {};
        lock.l_type = F_WRLCK;
        const bool locked = ::fcntl(::open(file.c_str(), O_RDWR), F_SETLK, &lock) == 0;
        (void)!::write(ready[1], locked ? "y" : "n", 1);
        ::pause();
        ::_exit(0);
    }
    char answer = 'n';
    ASSERT_EQ(::read(ready[0], &answer, 1), 1);
    EXPECT_EQ(answer, 'y');
    const std::string holder = lock_holder(file);
    EXPECT_NE(holder.find("(process " + std::to_string(child) + ")"), std::string::npos) << holder;
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

TEST(Holders, UseOfADeviceIsNamed)
{
    const FakeSystem fake;
    fake.device("8:17", "sdb/sdb1");
    fake.device("8:33", "sdc1");
    fake.device("8:49", "sdd1");
    std::filesystem::create_directories(fake.path("sys/devices/sdd1/holders/dm-0"));
    fake.device("8:65", "sde1");
    EXPECT_EQ(device_use("8:17", fake.folders()), "mounted on /mnt/a b");
    EXPECT_EQ(device_use("8:33", fake.folders()), "swap space");
    EXPECT_EQ(device_use("8:49", fake.folders()), "part of dm-0");
    EXPECT_EQ(device_use("8:65", fake.folders()), "");
    EXPECT_EQ(device_use("", fake.folders()), "");
}

TEST(Live, PersistentMemoryIsLiveAndDisksAreNot)
{
    const FakeSystem fake;
    fake.device("259:0", "LNXSYSTM:00/ndbus0/region0/namespace0.0/block/pmem0");
    fake.device("8:0", "pci0000:00/block/sda");
    std::filesystem::create_directories(fake.path("sys/devices/pci0000:00/block/sda/queue"));
    fake.put("sys/devices/pci0000:00/block/sda/queue/dax", "0\n");
    const std::string sysfs = fake.folders().sys;
    EXPECT_EQ(live_reason_of_device("259:0", sysfs), "sysfs calls it a persistent memory device");
    EXPECT_EQ(live_reason_of_device("8:0", sysfs), std::nullopt);
    EXPECT_EQ(live_reason_of_device("77:0", sysfs), std::nullopt);
}

TEST(Live, DeviceOfDirectAccessIsLiveAndSoAreItsPartitions)
{
    const FakeSystem fake;
    fake.device("253:0", "virtual/block/dm-0");
    fake.device("253:1", "virtual/block/dm-0/dm-0p1");
    std::filesystem::create_directories(fake.path("sys/devices/virtual/block/dm-0/queue"));
    fake.put("sys/devices/virtual/block/dm-0/queue/dax", "1\n");
    const std::string sysfs = fake.folders().sys;
    EXPECT_EQ(live_reason_of_device("253:0", sysfs), "sysfs calls it a device of direct access (dax)");
    EXPECT_EQ(live_reason_of_device("253:1", sysfs), "sysfs calls it a device of direct access (dax)");
}

TEST(Live, FileIsNeverLive)
{
    const TemporaryDirectory directory;
    EXPECT_EQ(live_reason(directory.file("region", "x")), std::nullopt);
    EXPECT_EQ(live_reason(directory.path("missing")), std::nullopt);
}

TEST(Live, LoopDeviceIsADisk)
{
    const TemporaryDirectory directory;
    const LoopDevice device(directory.file("disk", "", 2 * kMiB));
    if (!device.available())
        GTEST_SKIP() << "no loop devices here (root and losetup are needed)";
    EXPECT_EQ(live_reason(device.path()), std::nullopt);
}

}  // namespace
}  // namespace pgregion::io
