// SPDX-License-Identifier: GPL-2.0-or-later
//
// SIGBUS inside guarded mappings; see fault_guard.h.
//
// Everything the handler calls is a bare system call on Linux (mmap, sigaction, raise). SIGBUS from a mapping
// is synchronous: it interrupts the very load or store, never the middle of malloc.
#include "io/fault_guard.h"

#include <pgregion/error.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <mutex>

#include <sys/mman.h>
#include <unistd.h>

namespace pgregion::io
{

namespace
{

using Slot = FaultGuard::Slot;

static_assert(std::atomic<std::uintptr_t>::is_always_lock_free && std::atomic<bool>::is_always_lock_free &&
              std::atomic<unsigned>::is_always_lock_free);

std::array<Slot, FaultGuard::kMost> slots;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
struct sigaction previous_action;           // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
std::uintptr_t page_bytes = 0;              // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

Slot *slot_of(std::uintptr_t address)
{
    for (Slot &slot : slots) {
        if (address - slot.first.load(std::memory_order_acquire) < slot.size.load(std::memory_order_acquire))
            return &slot;
    }
    return nullptr;
}

bool put_zeros(std::uintptr_t first, std::uintptr_t size, int protection)
{
    void *const place = reinterpret_cast<void *>(first);  // NOLINT(performance-no-int-to-ptr)
    return ::mmap(place, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

/// Every page replaced by itself can be a mapping more, and a process may have some 65,000 of them
/// (vm.max_map_count), after which nothing can be mapped at all. A source that has lost more pages than this is
/// replaced whole.
constexpr unsigned kMostSinglePages = 16;

/// True when zeros now stand at `address` and the interrupted instruction can run again.
bool replace_page(std::uintptr_t address)
{
    Slot *const slot = slot_of(address);
    if (slot == nullptr)
        return false;
    // First the count: another thread may read the zeros as soon as they are there.
    const unsigned lost_before = slot->lost_pages.fetch_add(1);
    const int protection = slot->writable.load() ? PROT_READ | PROT_WRITE : PROT_READ;
    if (lost_before < kMostSinglePages && put_zeros(address & ~(page_bytes - 1), page_bytes, protection))
        return true;
    return put_zeros(slot->first.load(), slot->size.load(), protection);
}

void on_bus_error(int signal_number, siginfo_t *info, void * /*context*/)
{
    const int saved_errno = errno;
    const bool from_kernel = info->si_code > 0;  // else somebody sent it: kill, raise, sigqueue
    if (from_kernel && replace_page(reinterpret_cast<std::uintptr_t>(info->si_addr))) {
        errno = saved_errno;
        return;
    }
    // Not ours: as if this handler had never been. A fault repeats by itself on return, a sent signal does not.
    ::sigaction(SIGBUS, &previous_action, nullptr);
    if (!from_kernel)
        ::raise(signal_number);
    errno = saved_errno;
}

void install_handler()
{
    page_bytes = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    struct sigaction action = {};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGBUS, &action, &previous_action);
}

Slot *take_slot()
{
    for (Slot &slot : slots) {
        bool taken = false;
        if (slot.taken.compare_exchange_strong(taken, true))
            return &slot;
    }
    throw Error(Failure::operational, "too-many-sources", "too many sources are open at once",
                "name at most " + std::to_string(FaultGuard::kMost) + " sources in one command");
}

}  // namespace

FaultGuard::FaultGuard(const void *base, std::size_t size_bytes, Protection protection)
{
    static std::once_flag installed;
    std::call_once(installed, install_handler);
    slot_ = take_slot();
    slot_->lost_pages.store(0);
    slot_->writable.store(protection == Protection::read_write);
    slot_->first.store(reinterpret_cast<std::uintptr_t>(base));
    slot_->size.store((size_bytes + page_bytes - 1) & ~(page_bytes - 1));
}

FaultGuard::~FaultGuard()
{
    slot_->size.store(0);
    slot_->first.store(0);
    slot_->taken.store(false);
}

bool FaultGuard::damaged() const { return slot_->lost_pages.load() != 0; }

}  // namespace pgregion::io
