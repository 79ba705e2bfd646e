// SPDX-License-Identifier: GPL-2.0-or-later
//
// Keeps a region in the RAM of the virtual machine: takes one huge page, which lies in one piece and at a multiple of
// 2 MiB in physical memory, prints its physical address, fills it with what it reads from FIFO, and stays.
// The address stands in /proc/self/pagemap: one word per virtual page, bits 54:0 the frame (Linux,
// Documentation/admin-guide/mm/pagemap.rst).
//
//   usage: plant FIFO
#include <cstdint>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace
{

constexpr std::size_t kRegionBytes = std::size_t{2} << 20;
constexpr std::uint64_t kPageBytes = 4096;
constexpr std::uint64_t kFrame = (std::uint64_t{1} << 55) - 1;

int fail(const char *what)
{
    std::perror(what);
    return 1;
}

/// Frame number of the page at `address`, 0 where the kernel tells none.
std::uint64_t frame_of(const char *address)
{
    const int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    std::uint64_t word = 0;
    std::uintptr_t place = 0;
    std::memcpy(&place, &address, sizeof place);
    const auto at = static_cast<off_t>(place / kPageBytes * sizeof word);
    if (pagemap < 0 || pread(pagemap, &word, sizeof word, at) != sizeof word)
        return 0;
    close(pagemap);
    return word & kFrame;
}

bool fill(char *memory, const char *fifo)
{
    const int input = open(fifo, O_RDONLY | O_CLOEXEC);
    std::size_t filled = 0;
    while (input >= 0 && filled < kRegionBytes) {
        const ssize_t got = read(input, memory + filled, kRegionBytes - filled);
        if (got <= 0)
            return false;
        filled += static_cast<std::size_t>(got);
    }
    return input >= 0;
}

}  // namespace

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    void *mapped = mmap(nullptr, kRegionBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
    if (mapped == MAP_FAILED)
        return fail("no huge page");
    auto *memory = static_cast<char *>(mapped);
    std::memset(memory, 0, kRegionBytes);
    const std::uint64_t frame = frame_of(memory);
    if (frame == 0)
        return fail("no physical address");
    std::printf("0x%llx\n", static_cast<unsigned long long>(frame * kPageBytes));
    std::fflush(stdout);
    if (!fill(memory, argv[1]))
        return fail(argv[1]);
    for (;;)
        pause();
}
