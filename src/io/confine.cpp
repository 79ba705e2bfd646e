// SPDX-License-Identifier: GPL-2.0-or-later
//
// Confining a process; see confine.h. Sources: prctl(2), setrlimit(2), close_range(2), seccomp_rule_add(3).
#include "io/confine.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace pgregion::io
{

namespace
{

// The address sanitizer keeps terabytes of address space, and asks the kernel for more than the program does.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

void reset_signals()
{
    struct sigaction standard {
    };
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number <= SIGRTMAX; ++number)
        ::sigaction(number, &standard, nullptr);
    struct sigaction ignored {
    };
    ignored.sa_handler = SIG_IGN;
    for (const int number : {SIGINT, SIGQUIT, SIGHUP, SIGPIPE})
        ::sigaction(number, &ignored, nullptr);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// The first number in /proc/self/statm: all address space, in pages (proc(5)).
std::optional<std::uint64_t> address_space_bytes()
{
    const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return {};
    std::array<char, 128> text{};
    const ssize_t size = ::read(file, text.data(), text.size());
    ::close(file);
    std::uint64_t pages = 0;
    if (size <= 0 || std::from_chars(text.data(), text.data() + size, pages).ec != std::errc())
        return {};
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

template <class Resource>
bool limit(Resource resource, std::uint64_t value)
{
    rlimit present{};
    if (::getrlimit(resource, &present) != 0)
        return false;
    const rlim_t lower = std::min<rlim_t>(present.rlim_max, value);
    const rlimit both{lower, lower};
    return ::setrlimit(resource, &both) == 0;
}

bool limit_all(const Confinement &confinement)
{
    if (!kSanitized) {
        const auto present = address_space_bytes();
        // Without /proc what it has now is unknown; then only what it may write to counts, its own and the copy of
        // its parent's.
        constexpr std::uint64_t kParents = std::uint64_t{256} << 20;
        if (present ? !limit(RLIMIT_AS, *present + confinement.memory_bytes)
                    : !limit(RLIMIT_DATA, kParents + confinement.memory_bytes))
            return false;
    }
    return limit(RLIMIT_CPU, confinement.cpu_seconds) && limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) &&
           limit(RLIMIT_NOFILE, 0) && limit(RLIMIT_MEMLOCK, 0) && limit(RLIMIT_MSGQUEUE, 0);
}

void close_between(unsigned first, unsigned last)
{
    if (first > last || ::close_range(first, last, 0) == 0)
        return;
    // Kernels before 5.9.
    const auto most = static_cast<unsigned>(std::clamp<long>(::sysconf(_SC_OPEN_MAX), 64, 65536));
    for (unsigned number = first; number <= last && number < most; ++number)
        ::close(static_cast<int>(number));
}

void close_others(std::span<const int> kept)
{
    std::vector<int> sorted(kept.begin(), kept.end());
    std::ranges::sort(sorted);
    unsigned next = 0;
    for (const int number : sorted) {
        const auto keep = static_cast<unsigned>(number);
        if (keep > next)
            close_between(next, keep - 1);
        next = keep + 1;
    }
    close_between(next, ~0U);
}

// All that reading open files, memory and talking to the parent takes; what the C library does on its own is in it.
constexpr std::array kAllowed{
    SCMP_SYS(read),
    SCMP_SYS(pread64),
    SCMP_SYS(readv),
    SCMP_SYS(preadv),
    SCMP_SYS(lseek),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recv),
    SCMP_SYS(send),
    SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(sched_yield),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(restart_syscall),
};
constexpr std::array kAllowedSanitized{SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigaction), SCMP_SYS(write)};

bool allow_memory(scmp_filter_ctx filter)
{
    // No memory that can be run, and none of a file. Arguments count from 0.
    const std::array<scmp_arg_cmp, 2> of_no_file{
        {{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}, {3, SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS}}};
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, of_no_file.data()) == 0 &&
           seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, of_no_file.data()) == 0;
}

bool allow_calls(scmp_filter_ctx filter)
{
    const auto allow = [filter](int call) { return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) == 0; };
    // Calls that this processor does not have are passed over by libseccomp.
    return std::ranges::all_of(kAllowed, allow) && (!kSanitized || std::ranges::all_of(kAllowedSanitized, allow)) &&
           allow_memory(filter);
}

// Best effort: a kernel without the filter still has the limits.
void filter_calls()
{
    const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == nullptr)
        return;
    if (allow_calls(filter))
        static_cast<void>(seccomp_load(filter));
    seccomp_release(filter);
}

}  // namespace

bool confine(const Confinement &confinement)
{
    reset_signals();
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != confinement.parent)
        return false;
    close_others(confinement.descriptors);
    if (!limit_all(confinement) || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return false;
    filter_calls();
    return true;
}

}  // namespace pgregion::io
