// SPDX-License-Identifier: GPL-2.0-or-later
//
// The places at which power can fail: right before each store into a source and each system call that changes a file
// or makes it durable. The tests of power loss put a hook there that counts, kills the process or lets the call
// fail; the program itself has none, and nothing outside of it can set one.
#pragma once

#include <cstdint>

namespace pgregion
{

enum class FaultPoint : std::uint8_t {
    store,        ///< of one word into a source; cannot fail
    write,        ///< into a file
    sync,         ///< of a file
    sync_map,     ///< of a mapped source
    sync_folder,  ///< of names: what was created, renamed or removed in the folder of `path`
    create,
    reserve,  ///< of space
    truncate,
    rename,
    remove,
};

/// `path` and `target` end with a zero byte and live as long as the call.
struct FaultPlace {
    FaultPoint point = FaultPoint::store;
    const char *path = "";     ///< the file; empty for a store, where nobody knows it
    const char *target = "";   ///< of a rename
    std::uint64_t offset = 0;  ///< of a store
};

/// Returns 0 to go on, or the errno that the call fails with.
using FaultHook = int (*)(const FaultPlace &place);

inline FaultHook fault_hook = nullptr;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

[[nodiscard]] inline int fault_at(const FaultPlace &place) { return fault_hook == nullptr ? 0 : fault_hook(place); }

}  // namespace pgregion
