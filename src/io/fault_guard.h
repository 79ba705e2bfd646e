// SPDX-License-Identifier: GPL-2.0-or-later
//
// A mapped file that shrinks, or a device that fails, answers a read with SIGBUS, whose default is death. A
// guarded mapping answers with zeros instead and remembers that it did.
//
// Why zeros and a flag: a signal handler cannot throw, and a longjmp over C++ frames skips destructors (locks
// stay taken, temporary files stay behind). So the handler puts a zero page where the fault was and returns;
// the interrupted instruction runs again, the code above sees an empty table, which it must cope with anyway,
// and asks for damaged() before its results are believed.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace pgregion::io
{

enum class Protection { read_only, read_write };

/// Guards [base, base + size) for as long as it lives; construct it after mapping and before the first read,
/// destroy it before unmapping.
class FaultGuard
{
public:
    /// `base` is page aligned, as mmap gives it. Throws Error "too-many-sources" when kMost guards are alive.
    FaultGuard(const void *base, std::size_t size_bytes, Protection protection);
    FaultGuard(const FaultGuard &) = delete;
    FaultGuard &operator=(const FaultGuard &) = delete;
    ~FaultGuard();

    /// True once a page could not be read (or written) and zeros took its place.
    [[nodiscard]] bool damaged() const;

    static constexpr std::size_t kMost = 1024;

    /// One guarded range. Plain atomics in static storage, because a signal handler reads them.
    struct Slot {
        std::atomic<bool> taken{false};
        std::atomic<unsigned> lost_pages{0};  ///< faults answered with zeros
        std::atomic<bool> writable{false};
        std::atomic<std::uintptr_t> first{0};
        std::atomic<std::uintptr_t> size{0};  ///< whole pages; 0: nothing guarded
    };

private:
    Slot *slot_;
};

}  // namespace pgregion::io
