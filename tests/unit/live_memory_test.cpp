// SPDX-License-Identifier: GPL-2.0-or-later
//
// The memory of a running machine, as the kernel's lists describe it and as /dev/mem lets it through; both are played
// by files and by a kernel of a few pages.
#include "dump_test_support.h"
#include "io/live_memory.h"
#include "io_test_support.h"

#include <cerrno>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/sysmacros.h>

namespace pgregion::io
{
namespace
{

namespace fs = std::filesystem;

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kIomem = "00000000-00000fff : Reserved\n"
                                    "00001000-0009fbff : System RAM\n"
                                    "0009fc00-000fffff : Reserved\n"
                                    "  000f0000-000fffff : System ROM\n"
                                    "00100000-3fffffff : System RAM\n"
                                    "  01000000-022090c7 : Kernel code\n"
                                    "  30000000-31ffffff : Crash kernel\n"
                                    "80000000-bffdafff : System RAM\n"
                                    "bffdb000-bfffffff : Reserved\n"
                                    "c0000000-febfffff : PCI Bus 0000:00\n"
                                    "  eec00000-eecfffff : Reserved\n"
                                    "fec00000-fecfffff : Reserved\n"
                                    "  fec00000-fec003ff : IOAPIC 0\n"
                                    "fee00000-fee00fff : Local APIC\n"
                                    "  fee00000-fee00fff : Reserved\n"
                                    "100000000-13fffffff : System RAM\n"
                                    "140000000-17fffffff : Persistent Memory (legacy)\n"
                                    "  140000000-17fffffff : namespace0.0\n"
                                    "180000000-1bfffffff : virtio0\n"
                                    "  180000000-187ffffff : System RAM (virtio_mem)\n";

TEST(LiveRanges, MemoryIsWhatTheKernelCallsSo)
{
    const LiveRanges ranges = ranges_of_iomem(kIomem);
    EXPECT_THAT(ranges.memory, ElementsAre(range(0x1000, 0x9e000), range(0x100000, 0x3ff00000),
                                           range(0x80000000, 0x3ffdb000), range(0x100000000, 0x88000000)));
    EXPECT_THAT(ranges.system_ram,
                ElementsAre(range(0x1000, 0x9e000), range(0x100000, 0x3ff00000), range(0x80000000, 0x3ffdb000),
                            range(0x100000000, 0x40000000), range(0x180000000, 0x8000000)));
    EXPECT_THAT(ranges.reserved, ElementsAre(range(0, 0x1000), range(0xa0000, 0x50000), range(0xbffdb000, 0x25000),
                                             range(0xfec01000, 0xff000)));
}

TEST(LiveRanges, ReservedRangesAreMemoryOnlyWhereFirmwareSaysNothing)
{
    const LiveRanges ranges = ranges_of_iomem("10000-1ffff : System RAM\n20000-2ffff : Reserved\n");
    EXPECT_THAT(with_firmware(ranges, {}).memory, ElementsAre(range(0x10000, 0x20000)));
    EXPECT_THAT(with_firmware(ranges, {range(0x1f000, 0x2000), range(0x40000, 0x1000)}).memory,
                ElementsAre(range(0x10000, 0x11000), range(0x40000, 0x1000)));
}

TEST(LiveRanges, HiddenAddressesTellNothing)
{
    const LiveRanges ranges = ranges_of_iomem("00000000-00000000 : System RAM\n  00000000-00000000 : Kernel code\n"
                                              "00000000-00000000 : Reserved\n");
    EXPECT_THAT(ranges.memory, IsEmpty());
    EXPECT_THAT(ranges.system_ram, IsEmpty());
}

TEST(LiveRanges, LinesThatMakeNoSenseAreNoMemory)
{
    const LiveRanges ranges =
        ranges_of_iomem("\n:\n-\n1000-1fff System RAM\n2000-1fff : System RAM\n-1fff : System RAM\n"
                        "1000- : System RAM\n1000-ffffffffffffffff : System RAM\n"
                        "10000-fffffffffffffffff : System RAM\nxyz-1fff : System RAM\n"
                        "5000-5fff : System RAM");
    EXPECT_THAT(ranges.memory, ElementsAre(range(0x5000, 0x1000)));
}

TEST(LiveRanges, FirmwareKnowsRamThatTheCommandLineTookAway)
{
    const TemporaryDirectory sysfs;
    const auto entry = [&](const std::string &name, const char *first, const char *last, const char *type) {
        fs::create_directories(sysfs.path("firmware/memmap/" + name));
        (void)sysfs.file("firmware/memmap/" + name + "/start", std::string(first) + "\n");
        (void)sysfs.file("firmware/memmap/" + name + "/end", std::string(last) + "\n");
        (void)sysfs.file("firmware/memmap/" + name + "/type", std::string(type) + "\n");
    };
    entry("0", "0x0", "0x9fbff", "System RAM");
    entry("1", "0x100000", "0xbffdafff", "System RAM");
    entry("2", "0xbffdb000", "0xbfffffff", "Reserved");
    entry("3", "nonsense", "0xffffffff", "System RAM");
    EXPECT_THAT(firmware_ram(sysfs.path()), ElementsAre(range(0, 0x9f000), range(0x100000, 0xbfedb000)));
    EXPECT_THAT(firmware_ram(sysfs.path("nowhere")), IsEmpty());
}

TEST(LiveRanges, JoinedRangesAreWholePagesApartFromEachOther)
{
    EXPECT_THAT(joined({range(0x3000, 0x1000), range(0x1800, 0x800), range(0x2000, 0x800), range(0x2400, 0x800),
                        range(0x3800, 0x1800), range(0x9001, 0xffe), range(0xa001, 0x1fff)}),
                ElementsAre(range(0x3000, 0x2000), range(0xb000, 0x1000)));
}

/// A kernel that lets through what it is told to.
class FakeKernel final : public PhysicalPages
{
public:
    struct Answer {
        int read = 0;
        int map = ENXIO;
        int value = 1;
    };

    explicit FakeKernel(std::map<std::uint64_t, Answer> answers) : answers_(std::move(answers)) {}

    [[nodiscard]] int read(PhysAddr page, MutableBytes into) override
    {
        return answer(into, answers_[page.value()].read, answers_[page.value()].value);
    }
    [[nodiscard]] int map(PhysAddr page, MutableBytes into) override
    {
        return answer(into, answers_[page.value()].map, answers_[page.value()].value + 1);
    }

private:
    static int answer(MutableBytes into, int problem, int value)
    {
        if (problem == 0)
            std::ranges::fill(into, static_cast<std::byte>(value));
        return problem;
    }

    std::map<std::uint64_t, Answer> answers_;
};

std::unique_ptr<AddressedMemory> machine(std::map<std::uint64_t, FakeKernel::Answer> answers)
{
    return live_memory("/dev/mem", std::make_unique<FakeKernel>(std::move(answers)),
                       with_firmware(ranges_of_iomem(kIomem), {range(0, 0xa1000)}));
}

TEST(DevMem, PagesThatTheKernelGivesAreRead)
{
    const auto memory = machine({{0x2000, {.value = 7}}, {0x140000000, {.value = 8}}});
    EXPECT_EQ(copy_of_page(*memory, 0x2000), filled(kPage, 7));
    EXPECT_EQ(copy_of_page(*memory, 0x140000000), filled(kPage, 8));
    EXPECT_FALSE(memory->shortfall());
}

TEST(DevMem, RegistersOfDevicesAreNeverRead)
{
    const auto memory = machine({});
    for (const std::uint64_t address :
         {0xa1000U, 0xf0000U, 0xbffdb000U, 0xc0000000U, 0xeec00000U, 0xfec00000U, 0xfec01000U, 0xfee00000U})
        EXPECT_THAT(copy_of_page(*memory, address), IsEmpty()) << std::hex << address;
}

TEST(DevMem, PageBeyondTheKernelsOwnMemoryIsMapped)
{
    const auto memory = machine({{0x140000000, {.read = EFAULT, .map = 0, .value = 8}}});
    EXPECT_EQ(copy_of_page(*memory, 0x140000000), filled(kPage, 9));
}

TEST(DevMem, PageThatIsNotThereIsAHole)
{
    for (const int problem : {EFAULT, ENXIO, EINVAL, EAGAIN}) {
        const auto memory = machine({{0x140000000, {.read = EFAULT, .map = problem}}});
        EXPECT_THAT(copy_of_page(*memory, 0x140000000), IsEmpty()) << problem;
    }
    EXPECT_THAT(copy_of_page(*machine({{0x2000, {.read = ENXIO}}}), 0x2000), IsEmpty());
}

TEST(DevMem, RefusedRamNamesTheOtherWays)
{
    const auto memory = machine({{0x100000, {.read = EPERM}}, {0x5000000, {.read = EPERM}}});
    const Error error = error_of([&] { (void)copy_of_page(*memory, 0x5000000); });
    EXPECT_EQ(error.code(), "strict-devmem");
    EXPECT_EQ(error.failure(), Failure::operational);
    EXPECT_EQ(error.source(), "/dev/mem");
    EXPECT_STREQ(error.what(), "the kernel refuses the page at 0x5000000: it keeps System RAM back "
                               "(CONFIG_STRICT_DEVMEM)");
    EXPECT_THAT(error.hint(), HasSubstr("pgregion COMMAND /proc/kcore --at 0x5000000"));
    EXPECT_THAT(error.hint(), HasSubstr("dump-guest-memory"));
    EXPECT_THAT(error.hint(), HasSubstr("iomem=relaxed helps only for ranges that a driver has claimed"));
}

TEST(DevMem, RamBelowOneMiBIsNotBelievedWhereTheKernelIsStrict)
{
    const auto strict = machine({{0x100000, {.read = EPERM}}, {0x2000, {.value = 0}}, {0xa0000, {.value = 3}}});
    const Error error = error_of([&] { (void)copy_of_page(*strict, 0x2000); });
    EXPECT_EQ(error.code(), "strict-devmem");
    EXPECT_THAT(error.what(), HasSubstr("it would give zeros that are not there"));
    EXPECT_EQ(copy_of_page(*strict, 0xa0000), filled(kPage, 3));
    const auto open = machine({{0x2000, {.value = 0}}});
    EXPECT_EQ(copy_of_page(*open, 0x2000), filled(kPage, 0));
}

TEST(DevMem, RangeThatADriverClaimedSaysSo)
{
    for (const FakeKernel::Answer answer : {FakeKernel::Answer{.read = EPERM}, {.read = EFAULT, .map = EPERM}}) {
        const auto memory = machine({{0x140000000, answer}});
        const Error error = error_of([&] { (void)copy_of_page(*memory, 0x140000000); });
        EXPECT_EQ(error.code(), "strict-devmem");
        EXPECT_THAT(error.what(), HasSubstr("which a driver has claimed (CONFIG_IO_STRICT_DEVMEM)"));
        EXPECT_THAT(error.hint(), HasSubstr("boot with iomem=relaxed"));
    }
}

TEST(DevMem, OtherFailuresAreErrors)
{
    const auto memory = machine({{0x2000, {.read = EIO}}});
    const Error error = error_of([&] { (void)copy_of_page(*memory, 0x2000); });
    EXPECT_EQ(error.code(), "cannot-read");
    EXPECT_THAT(error.what(), HasSubstr("the page at 0x2000 cannot be read"));
}

TEST(DevMem, FileInItsPlaceIsReadWhereTheListsSayMemory)
{
    const TemporaryDirectory directory;
    const LivePlaces places{directory.file("iomem", "00001000-00002fff : System RAM\n"), directory.path("sysfs")};
    const auto path = directory.file("mem", std::string(0x1000, 'a') + std::string(0x1000, 'b') + "c");
    const auto memory = open_dev_mem(path, places);
    EXPECT_THAT(ranges_of(*memory), ElementsAre(range(0x1000, 0x2000)));
    EXPECT_EQ(copy_of_page(*memory, 0x1000), filled(kPage, 'b'));
    EXPECT_THAT(copy_of_page(*memory, 0), IsEmpty());
    EXPECT_THAT(copy_of_page(*memory, 0x3000), IsEmpty());
}

TEST(DevMem, WithoutListsEverythingMayBeAskedFor)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("mem", std::string(0x1000, 'a'));
    const auto memory = open_dev_mem(path, {directory.path("iomem"), directory.path("sysfs")});
    EXPECT_THAT(ranges_of(*memory), ElementsAre(range(0, std::uint64_t{1} << 52)));
    EXPECT_EQ(copy_of_page(*memory, 0), filled(kPage, 'a'));
}

TEST(DevMem, FileThatIsNotThereIsNamed)
{
    EXPECT_EQ(code_of([] { (void)open_dev_mem("/nowhere/mem"); }), "no-such-file");
}

TEST(DevMem, DeviceIsKnownByItsNumber)
{
    EXPECT_TRUE(is_dev_mem(makedev(1, 1)));
    EXPECT_FALSE(is_dev_mem(makedev(1, 3)));
    EXPECT_FALSE(is_dev_mem(makedev(2, 1)));
}

class DaxFolder : public testing::Test
{
protected:
    void SetUp() override { fs::create_directories(sysfs_.path("dev/char/253:7/dax_region")); }

    void attribute(const std::string &name, const std::string &content) const
    {
        (void)sysfs_.file("dev/char/253:7/" + name, content);
    }

    TemporaryDirectory sysfs_;
    const dev_t device_ = makedev(253, 7);
};

TEST_F(DaxFolder, DeviceDaxIsKnownByItsSubsystem)
{
    EXPECT_FALSE(is_device_dax(device_, sysfs_.path()));
    fs::create_symlink("../../../bus/mem", sysfs_.path("dev/char/253:7/subsystem"));
    EXPECT_FALSE(is_device_dax(device_, sysfs_.path()));
    fs::remove(sysfs_.path("dev/char/253:7/subsystem"));
    fs::create_symlink("../../../bus/dax", sysfs_.path("dev/char/253:7/subsystem"));
    EXPECT_TRUE(is_device_dax(device_, sysfs_.path()));
}

TEST_F(DaxFolder, SizeAndAlignmentComeFromSysfs)
{
    attribute("size", "1071644672\n");
    attribute("align", "1073741824\n");
    attribute("dax_region/align", "4096\n");
    EXPECT_EQ(dax_shape(device_, sysfs_.path()).size_bytes, 1071644672U);
    EXPECT_EQ(dax_shape(device_, sysfs_.path()).align_bytes, 1073741824U);
}

TEST_F(DaxFolder, OlderKernelsTellTheAlignmentOfTheRegion)
{
    attribute("size", "4194304\n");
    attribute("dax_region/align", "4096\n");
    EXPECT_EQ(dax_shape(device_, sysfs_.path()).align_bytes, 4096U);
}

TEST_F(DaxFolder, UnknownAlignmentIsTwoMiB)
{
    attribute("size", "4194304\n");
    EXPECT_EQ(dax_shape(device_, sysfs_.path()).align_bytes, 2097152U);
}

TEST_F(DaxFolder, MissingOrSenselessSizeIsAnError)
{
    EXPECT_THROW((void)dax_shape(device_, sysfs_.path()), std::system_error);
    attribute("size", "many\n");
    EXPECT_THROW((void)dax_shape(device_, sysfs_.path()), std::system_error);
}

}  // namespace
}  // namespace pgregion::io
