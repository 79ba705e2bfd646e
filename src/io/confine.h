// SPDX-License-Identifier: GPL-2.0-or-later
//
// A process that gives up what it does not need before it reads what it does not trust. It cannot open, run, signal or
// connect to anything, and cannot take more memory or time than it was given.
#pragma once

#include <cstdint>
#include <span>

namespace pgregion::io
{

struct Confinement {
    std::span<const int> descriptors;  ///< stay open; all others are closed
    std::uint64_t memory_bytes = 0;    ///< more address space than it has now
    std::uint64_t cpu_seconds = 0;
    int parent = 0;  ///< who made it, by process id
};

/// Confines the calling process, which must have one thread: a child right after fork(). Signals go back to their
/// defaults; those of the keyboard are ignored, because they are for the parent, which ends the child. The child is
/// killed when the thread that made it ends. False where a limit could not be set; the process must not go on then.
/// Where the kernel has no system call filter (seccomp, CONFIG_SECCOMP_FILTER) the rest must do, and it is true.
[[nodiscard]] bool confine(const Confinement &confinement);

}  // namespace pgregion::io
