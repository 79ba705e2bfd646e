// SPDX-License-Identifier: GPL-2.0-or-later
//
// The parent's end of reading a kdump; see kdump_child.h.
#include "io/kdump_child.h"

#include "io/failures.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pgregion::io
{

namespace
{

constexpr std::size_t kWindowBytes = kWindowPages << kPageLg2;
constexpr auto kNextStep = "see whether others can read it: makedumpfile --dump-dmesg FILE OUT, or crash; where they "
                           "can, makedumpfile -d 0 FILE OUT writes it anew";

// Time is counted in slices, so that a pause of both processes (Ctrl-Z, a suspended machine) costs one slice only.
constexpr std::chrono::milliseconds kSlice{100};

Error no_child(const std::string &path, const char *step)
{
    return failure(path, "cannot-open", std::string("cannot be opened: ") + step + ": " + reason(errno),
                   "a kdump is read in a process of its own; see the limits on processes and memory: ulimit -a");
}

std::string end_of_child(int status)
{
    if (WIFSIGNALED(status)) {
        const int number = WTERMSIG(status);
        if (number == SIGSYS)
            return "tried a system call that it has no use for, and was stopped by the kernel (signal 31, SIGSYS)";
        const char *const name = ::sigabbrev_np(number);
        return "died of signal " + std::to_string(number) + (name != nullptr ? std::string(" (SIG") + name + ")" : "");
    }
    if (WIFEXITED(status))
        return "ended with status " + std::to_string(WEXITSTATUS(status));
    return "ended for an unknown reason";
}

}  // namespace

std::string harmless(std::string_view text)
{
    std::string result(text);
    std::ranges::replace_if(
        result, [](char c) { return c < ' ' || c > '~'; }, '?');
    return result;
}

KdumpChild::KdumpChild(std::string path, const KdumpLayout &layout, const KdumpLimits &limits)
    : path_(std::move(path)), limits_(limits)
{
    start(layout);
}

KdumpChild::~KdumpChild()
{
    reap();
    ::munmap(window_.data(), window_.size());
}

void KdumpChild::start(const KdumpLayout &layout)
{
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
        throw no_child(path_, "no socket");
    socket_ = Descriptor(ends[0]);
    const Descriptor childs(ends[1]);
    void *const memory = ::mmap(nullptr, kWindowBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        throw no_child(path_, "no memory");
    window_ = {static_cast<std::byte *>(memory), kWindowBytes};
    const pid_t parent = ::getpid();
    child_ = ::fork();
    if (child_ == 0)
        serve_kdump(layout, childs.number(), window_, parent);
    if (child_ < 0) {
        const Error error = no_child(path_, "no process");
        ::munmap(memory, kWindowBytes);
        throw error;
    }
}

// Returns its wait status. SIGKILL cannot be put off, so this does not wait long.
int KdumpChild::reap()
{
    int status = -1;
    if (child_ <= 0)
        return status;
    ::kill(child_, SIGKILL);
    while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    child_ = -1;
    socket_ = Descriptor();
    return status;
}

int KdumpChild::reap_dying()
{
    // A process that was taken over can close its socket and live on.
    constexpr int kTries = 20;
    int status = -1;
    for (int tries = 0; tries < kTries; ++tries) {
        const pid_t ended = ::waitpid(child_, &status, WNOHANG);
        if (ended != 0 && !(ended < 0 && errno == EINTR)) {
            child_ = -1;
            return status;
        }
        ::poll(nullptr, 0, static_cast<int>(kSlice.count()));
    }
    return reap();
}

void KdumpChild::give_up(const std::string &why)
{
    end_ = failure(path_, "damaged-dump", "cannot be read: " + why, kNextStep);
    throw *end_;
}

PageAnswer KdumpChild::receive(std::chrono::milliseconds limit)
{
    constexpr auto kWho = "the process that reads it with libkdumpfile ";
    char first = 0;
    for (int looks = 0; looks < kLooks && ::recv(socket_.number(), &first, sizeof first, MSG_PEEK | MSG_DONTWAIT) < 0;
         ++looks)
        ::sched_yield();
    for (std::chrono::milliseconds waited{0};;) {
        pollfd event{socket_.number(), POLLIN, 0};
        const int ready = ::poll(&event, 1, static_cast<int>(kSlice.count()));
        if (ready > 0)
            break;
        if (ready < 0 && errno != EINTR)
            throw no_child(path_, "poll");
        waited += kSlice;
        if (waited < limit)
            continue;
        reap();
        give_up(std::string(kWho) + "gave no answer for " + std::to_string(limit.count()) + " ms and was ended");
    }
    PageAnswer answer;
    const ssize_t size = ::recv(socket_.number(), &answer, sizeof answer, MSG_TRUNC | MSG_DONTWAIT);
    if (size == static_cast<ssize_t>(sizeof answer)) {
        answer.reason.back() = '\0';
        return answer;
    }
    if (size > 0) {
        reap();
        give_up(std::string(kWho) + "gave an answer that makes no sense");
    }
    give_up(kWho + end_of_child(reap_dying()));
}

void KdumpChild::open()
{
    if (is_open_)
        return;
    if (end_)
        throw *end_;
    const PageRequest start;
    static_cast<void>(::send(socket_.number(), &start, sizeof start, MSG_NOSIGNAL | MSG_DONTWAIT));
    const PageAnswer opened = receive(limits_.to_open);
    if (opened.there != 1) {
        reap();
        end_ =
            failure(path_, "damaged-dump", "libkdumpfile cannot read it: " + harmless(opened.reason.data()), kNextStep);
        throw *end_;
    }
    is_open_ = true;
}

PageAnswer KdumpChild::read(const PageRequest &request)
{
    if (end_)
        throw *end_;
    // A failure shows when the answer is waited for.
    static_cast<void>(::send(socket_.number(), &request, sizeof request, MSG_NOSIGNAL | MSG_DONTWAIT));
    PageAnswer answer = receive(limits_.to_answer);
    if (request.count < kWindowPages)
        answer.there &= (std::uint64_t{1} << request.count) - 1;
    return answer;
}

}  // namespace pgregion::io
