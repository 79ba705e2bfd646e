// SPDX-License-Identifier: GPL-2.0-or-later
//
// Several processes that work on one piece of memory at the same time, for the tests of atomic changes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <span>
#include <vector>

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pgregion::test
{

/// Zeroed memory that fork()ed children share with their parent, or a file mapped anew.
class SharedMemory
{
public:
    explicit SharedMemory(std::size_t bytes) : SharedMemory(bytes, -1) {}
    SharedMemory(std::size_t bytes, int file)
        : data_(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | (file < 0 ? MAP_ANONYMOUS : 0), file, 0)),
          bytes_(bytes)
    {
        if (data_ == MAP_FAILED)
            throw std::bad_alloc();
    }
    SharedMemory(const SharedMemory &) = delete;
    SharedMemory &operator=(const SharedMemory &) = delete;
    ~SharedMemory() { munmap(data_, bytes_); }

    [[nodiscard]] std::span<std::byte> bytes() const { return {static_cast<std::byte *>(data_), bytes_}; }

private:
    void *data_;
    std::size_t bytes_;
};

/// A counter for each of 512 pages, shared between processes.
class PageCounters
{
public:
    PageCounters() : memory_(512 * sizeof(std::uint32_t)) {}
    [[nodiscard]] std::atomic_ref<std::uint32_t> of(std::uint64_t page) const
    {
        return std::atomic_ref<std::uint32_t>(*(reinterpret_cast<std::uint32_t *>(memory_.bytes().data()) + page));
    }

private:
    SharedMemory memory_;
};

/// Runs `work(number)` in `count` processes that start together; numbers are 0 to count - 1. True when every
/// call returned true; an exception in a child counts as false.
template <class Work>
bool run_processes(unsigned count, Work work)
{
    const SharedMemory gate_memory(sizeof(std::uint32_t));
    const std::atomic_ref<std::uint32_t> gate(*reinterpret_cast<std::uint32_t *>(gate_memory.bytes().data()));
    std::vector<pid_t> children;
    for (unsigned number = 0; number < count; ++number) {
        const pid_t child = fork();
        if (child == 0) {
            gate.fetch_add(1);
            while (gate.load() < count)
                sched_yield();
            bool good = false;
            try {
                good = work(number);
            } catch (const std::exception &) {
                good = false;
            }
            _exit(good ? 0 : 1);
        }
        if (child > 0)
            children.push_back(child);
        else
            gate.fetch_add(1);
    }
    bool all_good = children.size() == count;
    for (const pid_t child : children) {
        int status = 0;
        all_good = waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0 && all_good;
    }
    return all_good;
}

}  // namespace pgregion::test
