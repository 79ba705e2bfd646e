// SPDX-License-Identifier: GPL-2.0-or-later
//
// A file that shrinks while it is mapped must end in an error, not in a dead process.
#include "io/fault_guard.h"
#include "io_test_support.h"

#include <pgregion/open.h>

#include <csignal>
#include <numeric>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>

namespace pgregion
{
namespace
{

using namespace test;

unsigned sum_of(std::span<const std::byte> bytes)
{
    return std::accumulate(bytes.begin(), bytes.end(), 0U,
                           [](unsigned sum, std::byte value) { return sum + std::to_integer<unsigned>(value); });
}

TEST(ShrinkingSource, ReadsZerosAndThenSaysSo)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("region", std::string(2 * kMiB, '\1'));
    const Source source = Source::open(path, OpenMode::read_only);
    EXPECT_EQ(sum_of(source.bytes()), 2097152U);
    std::filesystem::resize_file(path, 8192);
    EXPECT_EQ(sum_of(source.bytes()), 8192U);
    const Error error = error_of([&] { source.ensure_intact(); });
    EXPECT_EQ(error.code(), "source-shrank");
    EXPECT_EQ(error.failure(), Failure::operational);
    EXPECT_STREQ(error.what(), "shrank from 2097152 to 8192 bytes while it was in use; "
                               "what was read of it cannot be trusted");
}

TEST(ShrinkingSource, CutInsideTheLastPageIsNoticedToo)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("region", std::string(2 * kMiB, '\1'));
    const Source source = Source::open(path, OpenMode::read_only);
    std::filesystem::resize_file(path, 2 * kMiB - 1);
    EXPECT_EQ(sum_of(source.bytes()), 2097151U);
    EXPECT_EQ(code_of([&] { source.ensure_intact(); }), "source-shrank");
}

TEST(ShrinkingSource, CutAndGrownAgainIsNoticedWhenAPageWasMissed)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("region", std::string(2 * kMiB, '\1'));
    const Source source = Source::open(path, OpenMode::read_only);
    std::filesystem::resize_file(path, 0);
    EXPECT_EQ(source.bytes()[4096], std::byte{0});
    std::filesystem::resize_file(path, 2 * kMiB);
    EXPECT_EQ(code_of([&] { source.ensure_intact(); }), "read-failed");
}

TEST(ShrinkingSource, WriterGetsTheErrorFromFlush)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("region", "", 2 * kMiB);
    const Source source = Source::open(path, OpenMode::read_write);
    std::filesystem::resize_file(path, 4096);
    source.writable_bytes()[1 << 20] = std::byte{1};
    EXPECT_EQ(code_of([&] { source.flush(); }), "source-shrank");
    EXPECT_EQ(std::filesystem::file_size(path), 4096U);
}

TEST(ShrinkingSource, OneDamagedSourceDoesNotTaintAnother)
{
    const TemporaryDirectory directory;
    const auto bad = directory.file("bad", "", 2 * kMiB);
    const Source damaged = Source::open(bad, OpenMode::read_only);
    const Source sound = Source::open(directory.file("good", "", 2 * kMiB), OpenMode::read_only);
    std::filesystem::resize_file(bad, 0);
    EXPECT_EQ(damaged.bytes()[0], std::byte{0});
    EXPECT_NO_THROW(sound.ensure_intact());
    EXPECT_THROW(damaged.ensure_intact(), Error);
    // Neither does it taint the next source that is opened in its place.
    const Source next = Source::open(directory.file("next", "", 2 * kMiB), OpenMode::read_only);
    EXPECT_NO_THROW(next.ensure_intact());
}

TEST(ShrinkingSource, ThreadsThatFaultTogetherAllSurvive)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("memory", "", 16 * kMiB);
    const Source source = Source::open(path, OpenMode::read_only);
    std::filesystem::resize_file(path, 0);
    std::vector<std::thread> threads;
    for (int count = 0; count < 4; ++count)
        threads.emplace_back([&] { EXPECT_EQ(sum_of(source.bytes()), 0U); });
    for (std::thread &thread : threads)
        thread.join();
    EXPECT_THROW(source.ensure_intact(), Error);
}

TEST(ShrinkingSource, MorePagesThanAProcessMayHaveMappings)
{
    // Every second page faults: 131,072 separate mappings would be more than the usual limit of 65,530.
    constexpr std::size_t kSize = std::size_t{1} << 30;
    const TemporaryDirectory directory;
    const auto path = directory.file("memory", "x", kSize);
    const Source source = Source::open(path, OpenMode::read_only);
    std::filesystem::resize_file(path, 0);
    unsigned sum = 0;
    for (std::size_t offset = 0; offset < kSize; offset += 8192)
        sum += std::to_integer<unsigned>(source.bytes()[offset]);
    EXPECT_EQ(sum, 0U);
    EXPECT_EQ(code_of([&] { source.ensure_intact(); }), "source-shrank");
}

/// Reads past the end of a mapped file that no guard covers.
void fault_outside_every_guard(const std::string &path)
{
    const int handle = ::open(path.c_str(), O_RDWR);
    void *const mapping = ::mmap(nullptr, 8192, PROT_READ, MAP_SHARED, handle, 0);
    if (handle < 0 || mapping == MAP_FAILED || ::ftruncate(handle, 0) != 0)
        return;
    const volatile char *const byte = static_cast<const char *>(mapping) + 4096;
    (void)*byte;
}

TEST(FaultGuardDeathTest, BusErrorElsewhereStillKills)
{
    const TemporaryDirectory directory;
    const Source guarded = Source::open(directory.file("region", "", 2 * kMiB), OpenMode::read_only);
    const auto path = directory.file("other", "", 8192);
    EXPECT_DEATH(fault_outside_every_guard(path), "");
}

TEST(FaultGuardDeathTest, BusErrorSentBySomebodyStillKills)
{
    const TemporaryDirectory directory;
    const Source guarded = Source::open(directory.file("region", "", 2 * kMiB), OpenMode::read_only);
    EXPECT_DEATH((void)std::raise(SIGBUS), "");
}

TEST(FaultGuardDeathTest, BusErrorInAMappingThatIsGoneStillKills)
{
    const TemporaryDirectory directory;
    {
        const Source closed = Source::open(directory.file("region", "", 2 * kMiB), OpenMode::read_only);
    }
    const auto path = directory.file("other", "", 8192);
    EXPECT_DEATH(fault_outside_every_guard(path), "");
}

}  // namespace
}  // namespace pgregion
