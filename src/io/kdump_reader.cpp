// SPDX-License-Identifier: GPL-2.0-or-later
//
// The child that reads a kdump with libkdumpfile; see kdump_reader.h. Everything here runs in a process of its own that
// is thrown away, so nothing is freed.
#include "io/kdump_reader.h"

#include "io/confine.h"

#include <pgregion/address.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <vector>

#include <libkdumpfile/kdumpfile.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pgregion::io
{

namespace
{

constexpr int kFailed = 1;
// What the library takes for the smallest dump, and its caches of a few blocks of 256 KiB.
constexpr std::uint64_t kLibraryBytes = std::uint64_t{32} << 20;
constexpr std::uint64_t kBytesPerRange = 64;
// Time enough to read terabytes; a child that hangs is ended by its parent long before.
constexpr std::uint64_t kCpuSeconds = 8 * 3600;
// The parent keeps pages, and the library looks through all of its own for each that is read.
constexpr kdump_num_t kCachedBlocks = 8;

// The library holds a bitmap twice while it reads it.
std::uint64_t memory_bytes(const KdumpLayout &layout)
{
    return kLibraryBytes + 2 * layout.bitmap_bytes() + kBytesPerRange * layout.ranges.size();
}

void say(PageAnswer &answer, std::string_view reason)
{
    const std::size_t size = std::min(reason.size(), answer.reason.size() - 1);
    std::ranges::copy(reason.substr(0, size), answer.reason.begin());
    answer.reason.at(size) = '\0';
}

class Reader
{
public:
    explicit Reader(const KdumpLayout &layout) : layout_(layout), context_(kdump_new()) {}

    [[nodiscard]] PageAnswer open()
    {
        PageAnswer answer;
        if (context_ == nullptr) {
            say(answer, "out of memory");
        } else if (const char *const problem = open_parts(); problem != nullptr) {
            say(answer, problem);
        } else if (!agrees()) {
            say(answer, "it finds other pages in it than its bitmap and header tell");
        } else {
            answer.there = 1;
        }
        return answer;
    }

    [[nodiscard]] PageAnswer read(const PageRequest &request, MutableBytes window)
    {
        PageAnswer answer;
        for (std::uint64_t page = 0; page < std::min<std::uint64_t>(request.count, kWindowPages); ++page) {
            const kdump_addr_t address = (request.first_page + page) << kPageLg2;
            std::size_t size = kPageBytes;
            const kdump_status status =
                kdump_read(context_, KDUMP_MACHPHYSADDR, address, window.data() + page * kPageBytes, &size);
            if (status == KDUMP_OK && size == kPageBytes) {
                answer.there |= std::uint64_t{1} << page;
                continue;
            }
            if (page == 0)
                say(answer, reason());
            kdump_clear_err(context_);
        }
        return answer;
    }

private:
    [[nodiscard]] const char *reason() const
    {
        const char *const text = kdump_get_err(context_);
        return text != nullptr ? text : "no reason given";
    }

    // The reason where it fails.
    [[nodiscard]] const char *open_parts() const
    {
        std::vector<int> descriptors;
        for (const KdumpPart &part : layout_.parts)
            descriptors.push_back(part.descriptor);
        // Mapping would mean SIGBUS where the file shrinks.
        kdump_set_number_attr(context_, "file.mmap_policy", KDUMP_MMAP_NEVER);
        kdump_set_number_attr(context_, "cache.size", kCachedBlocks);
        if (kdump_open_fdset(context_, static_cast<unsigned>(descriptors.size()), descriptors.data()) != KDUMP_OK)
            return reason();
        kdump_num_t page_bytes = 0;
        if (kdump_get_number_attr(context_, "arch.page_size", &page_bytes) != KDUMP_OK)
            return reason();
        // By then it has taken the PAGESIZE of the kernel's notes, but the file is in blocks: QEMU's for arm64 are of 64
        // KiB, whatever the guest's pages are.
        if (page_bytes != layout_.block_bytes &&
            kdump_set_number_attr(context_, "arch.page_size", layout_.block_bytes) != KDUMP_OK)
            return reason();
        return nullptr;
    }

    // Both must count the pages in the same way: which descriptor is a page's depends on it.
    [[nodiscard]] bool agrees() const
    {
        kdump_attr_t map{};
        // The library's own call for an attribute of one type takes other parameters from 0.5.6 on.
        if (kdump_get_attr(context_, "file.pagemap", &map) != KDUMP_OK || map.type != KDUMP_BITMAP)
            return false;
        kdump_addr_t end = 0;
        const bool all_there = layout_.missing_bytes() == 0;
        return std::ranges::all_of(layout_.ranges, [&](const Range<PhysAddr> &range) {
            const kdump_addr_t first = range.first.value() / layout_.block_bytes;
            const kdump_addr_t last = first + range.size / layout_.block_bytes - 1;
            kdump_addr_t found = all_there ? end : first;
            kdump_addr_t found_end = first;
            if (kdump_bmp_find_set(map.val.bitmap, &found) != KDUMP_OK || found != first ||
                kdump_bmp_find_clear(map.val.bitmap, &found_end) != KDUMP_OK)
                return false;
            end = last + 1;
            // Neighbours in two parts are two pieces to the library.
            return found_end > last || layout_.parts.size() > 1;
        });
    }

    const KdumpLayout &layout_;
    kdump_ctx_t *context_;
};

bool send_answer(int socket, const PageAnswer &answer)
{
    return ::send(socket, &answer, sizeof answer, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof answer);
}

// False once the parent has gone.
bool receive_request(int socket, PageRequest &request)
{
    constexpr auto kWhole = static_cast<ssize_t>(sizeof request);
    for (int looks = 0; looks < kLooks; ++looks) {
        const ssize_t size = ::recv(socket, &request, sizeof request, MSG_DONTWAIT);
        if (size >= 0 || errno != EAGAIN)
            return size == kWhole;
        ::sched_yield();
    }
    return ::recv(socket, &request, sizeof request, 0) == kWhole;
}

}  // namespace

void serve_kdump(const KdumpLayout &layout, int socket, MutableBytes window, int parent)
{
    std::vector<int> descriptors{socket};
    for (const KdumpPart &part : layout.parts)
        descriptors.push_back(part.descriptor);
    if (!confine({descriptors, memory_bytes(layout), kCpuSeconds, parent}))
        ::_exit(kFailed);
    PageRequest request;
    if (!receive_request(socket, request))
        ::_exit(0);
    Reader reader(layout);
    const PageAnswer opened = reader.open();
    if (!send_answer(socket, opened) || opened.there == 0)
        ::_exit(kFailed);
    while (receive_request(socket, request)) {
        if (!send_answer(socket, reader.read(request, window)))
            break;
    }
    ::_exit(0);
}

}  // namespace pgregion::io
