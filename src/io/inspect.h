// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a path names, found without opening it: opening a fifo waits, and opening some devices acts (a tape
// rewinds, a watchdog starts).
#pragma once

#include <cstdint>
#include <string>

#include <sys/stat.h>

namespace pgregion::io
{

/// The file behind `path` when that can be a source (regular file, block device, /dev/mem, device dax). Throws Error,
/// see Source::open().
[[nodiscard]] struct stat inspect_source(const std::string &path);

/// The size of an opened regular file or block device in bytes, may be 0; for a device the one that the
/// device reports (st_size of a device node is 0). Throws std::system_error.
[[nodiscard]] std::uint64_t size_of(int descriptor);

/// True when both name the same file, not merely equal ones.
[[nodiscard]] bool same_file(const struct stat &a, const struct stat &b);

}  // namespace pgregion::io
