// SPDX-License-Identifier: GPL-2.0-or-later
//
// The process that reads kdumps: what it may do, and what becomes of its parent when it dies, hangs or reads a file
// that was made to break it.
#include "support/kdump_files.h"
#include "support/sanitizer.h"

#include <pgregion/error.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pgregion::io
{

namespace
{

using test::Data;
using test::open_one;
using test::page_of;
using test::ten_pages;
using testing::HasSubstr;
using namespace std::chrono_literals;

// The processes that this one made and did not wait for.
std::vector<int> children()
{
    std::ifstream file("/proc/self/task/" + std::to_string(::gettid()) + "/children");
    std::vector<int> found;
    for (int number = 0; file >> number;)
        found.push_back(number);
    return found;
}

std::string status_line(int process, const std::string &name)
{
    std::ifstream file("/proc/" + std::to_string(process) + "/status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(name))
            return line;
    }
    return "";
}

class KdumpChildProcess : public testing::Test
{
protected:
    void SetUp() override
    {
        const auto before = children();
        memory_ = open_one(ten_pages().file(), {.to_open = 30s, .to_answer = 300ms, .readers = 1});
        const auto after = children();
        if (after.empty())
            GTEST_SKIP() << "this kernel does not list children";
        ASSERT_EQ(after.size(), before.size() + 1);
        child_ = after.back();
    }

    void TearDown() override
    {
        memory_.reset();
        EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
        EXPECT_EQ(errno, ECHILD);
    }

    std::string error_of_page(std::uint64_t address)
    {
        Data buffer(4096);
        try {
            static_cast<void>(memory_->page(PhysAddr(address), buffer));
        } catch (const Error &error) {
            return error.code() + ": " + error.what();
        }
        return "no error";
    }

    [[nodiscard]] int child() const { return child_; }
    [[nodiscard]] const AddressedMemory &memory() const { return *memory_; }

private:
    std::unique_ptr<AddressedMemory> memory_;
    int child_ = -1;
};

TEST_F(KdumpChildProcess, CanDoNothingButAnswer)
{
    EXPECT_EQ(status_line(child(), "NoNewPrivs:"), "NoNewPrivs:\t1");
    // 2 is a filter; kernels without it have no such line.
    EXPECT_THAT(status_line(child(), "Seccomp:"), testing::AnyOf("Seccomp:\t2", ""));
    std::ifstream file("/proc/" + std::to_string(child()) + "/limits");
    std::stringstream limits;
    limits << file.rdbuf();
    EXPECT_THAT(limits.str(), testing::ContainsRegex("Max file size +0 +0"));
    EXPECT_THAT(limits.str(), testing::ContainsRegex("Max core file size +0 +0"));
    EXPECT_THAT(limits.str(), testing::ContainsRegex("Max open files +0 +0"));
    EXPECT_THAT(limits.str(), testing::ContainsRegex("Max cpu time +28800 +28800"));
    if (!test::kSanitized) {
        EXPECT_THAT(limits.str(), testing::ContainsRegex("Max address space +[1-9][0-9]+ "));
    }
}

TEST_F(KdumpChildProcess, ItsDeathIsAnErrorFromThenOn)
{
    EXPECT_EQ(error_of_page(0x1000), "no error");
    ::kill(child(), SIGKILL);
    EXPECT_EQ(error_of_page(0x8000),
              "damaged-dump: cannot be read: the process that reads it with libkdumpfile died of signal 9 (SIGKILL)");
    EXPECT_THAT(error_of_page(0x7000), HasSubstr("died of signal 9"));
    EXPECT_THROW(memory().ensure_intact(), Error);
    // What was read before is known still.
    EXPECT_EQ(error_of_page(0x1000), "no error");
}

TEST_F(KdumpChildProcess, ACrashNamesItsSignal)
{
    ::kill(child(), SIGSEGV);
    EXPECT_THAT(error_of_page(0x8000), HasSubstr("died of signal 11 (SIGSEGV)"));
}

TEST_F(KdumpChildProcess, AHangEndsAtTheTimeLimit)
{
    ::kill(child(), SIGSTOP);
    EXPECT_THAT(error_of_page(0x8000), HasSubstr("damaged-dump: "));
    EXPECT_THAT(error_of_page(0x8000), HasSubstr("gave no answer for 300 ms and was ended"));
    EXPECT_TRUE(children().empty());
}

TEST_F(KdumpChildProcess, TheKeyboardsSignalsAreNotForIt)
{
    for (const int number : {SIGINT, SIGQUIT, SIGHUP})
        ::kill(child(), number);
    EXPECT_EQ(error_of_page(0x8000), "no error");
}

std::string error_in_thread(const AddressedMemory &memory, std::uint64_t address)
{
    std::string code = "no error";
    std::thread([&] {
        try {
            static_cast<void>(page_of(memory, address));
        } catch (const Error &error) {
            code = error.code();
        }
    }).join();
    return code;
}

TEST(KdumpReaders, OtherThreadsHaveAProcessOfTheirOwnWhoseDeathDoesNotStopTheFirst)
{
    const auto before = children();
    const auto memory = open_one(ten_pages().file(), {.to_open = 30s, .to_answer = 30s, .readers = 2});
    const auto after = children();
    if (after.empty())
        GTEST_SKIP() << "this kernel does not list children";
    ASSERT_EQ(after.size(), before.size() + 2);
    EXPECT_EQ(error_in_thread(*memory, 0x1000), "no error");
    EXPECT_NO_THROW(memory->ensure_intact());
    ::kill(after.back(), SIGKILL);
    EXPECT_EQ(error_in_thread(*memory, 0x8000), "damaged-dump");
    EXPECT_EQ(page_of(*memory, 0x8000), test::page_with(9));
    EXPECT_THROW(memory->ensure_intact(), Error);
}

TEST(KdumpReaders, OneThatDiesBeforeItOpenedTheDumpIsAnErrorOfTheThreadThatAsks)
{
    const auto memory = open_one(ten_pages().file(), {.to_open = 30s, .to_answer = 30s, .readers = 2});
    const auto processes = children();
    if (processes.empty())
        GTEST_SKIP() << "this kernel does not list children";
    ::kill(processes.back(), SIGKILL);
    EXPECT_EQ(page_of(*memory, 0x1000), test::page_with(2));
    EXPECT_EQ(error_in_thread(*memory, 0x8000), "damaged-dump");
}

TEST(Kdump, WhatTheChildSaysIsMadeHarmless) { EXPECT_EQ(harmless("a\x1b[2Jb\n\xc3"), "a?[2Jb??"); }

// Bytes of everything but the pages themselves are changed: each case ends in an answer or an Error, and no process is
// left. PGREGION_LONG=1 tries many more.
class KdumpDamage
{
public:
    explicit KdumpDamage(Data file) : file_(std::move(file)) {}

    void one_round(std::mt19937_64 &random)
    {
        Data file = file_;
        const unsigned changes = 1 + static_cast<unsigned>(random() % 4);
        for (unsigned n = 0; n < changes; ++n)
            file.at(place(random)) = kValues.at(random() % kValues.size());
        try {
            const auto memory = open_one(file, {.to_open = 3s, .to_answer = 3s});
            ++opened;
            read(*memory);
        } catch (const Error &error) {
            EXPECT_THAT(error.code(), testing::AnyOf("damaged-dump", "bad-part"));
            ++refused;
        }
    }

    unsigned opened = 0;
    unsigned refused = 0;

private:
    static constexpr std::array kValues{std::byte{0},    std::byte{1},    std::byte{2},    std::byte{4},
                                        std::byte{0x10}, std::byte{0x20}, std::byte{0x7f}, std::byte{0x80},
                                        std::byte{0xfe}, std::byte{0xff}};

    // The numbers of the header, the sub header and its notes, the bitmaps, the descriptors.
    [[nodiscard]] std::size_t place(std::mt19937_64 &random) const
    {
        constexpr std::array<std::pair<std::size_t, std::size_t>, 4> kPlaces{
            {{400, 464}, {4096, 4096 + 256}, {8192, 8192 + 64}, {16384, 16384 + 480}}};
        const auto [first, end] = kPlaces.at(random() % kPlaces.size());
        return first + random() % (end - first);
    }

    static void read(const AddressedMemory &memory)
    {
        EXPECT_LE(memory.ranges().size(), 32769U);
        for (std::size_t n = 0; n < std::min<std::size_t>(memory.ranges().size(), 8); ++n) {
            const Range<PhysAddr> &range = memory.ranges()[n];
            EXPECT_EQ(range.first.value() % 4096, 0U);
            EXPECT_EQ(page_of(memory, range.first.value()).size(), 4096U);
        }
    }

    Data file_;
};

TEST(Kdump, DamagedHeadersEndInAnAnswerOrAnError)
{
    const unsigned rounds = std::getenv("PGREGION_LONG") != nullptr ? 20000 : (test::kSanitized ? 60 : 300);
    KdumpDamage damage(ten_pages().notes(200).file());
    std::mt19937_64 random(20240509);
    for (unsigned round = 0; round < rounds; ++round)
        damage.one_round(random);
    EXPECT_GT(damage.opened, 0U);
    EXPECT_GT(damage.refused, 0U);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_TRUE(children().empty());
}

}  // namespace

}  // namespace pgregion::io
