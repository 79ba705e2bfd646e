// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a writer holds while a source is open: the exclusive lock that keeps other pgregion writers out, and on
// a block device the claim that keeps the kernel's own users out (a mount, md, dm, swap).
//
// The lock is a POSIX record lock (Boost.Interprocess file_lock). The kernel drops it as soon as *any*
// descriptor of the file is closed in this process, so everything that opens and closes the file must be over
// before the lock is taken, and whatever is opened later must stay open as long as the lock is needed.
#pragma once

#include "io/descriptor.h"

#include <string>

#include <boost/interprocess/sync/file_lock.hpp>

namespace pgregion::io
{

/// Waits at most 3 seconds for an exclusive lock on all of `path`, which must exist. Throws Error
/// "source-locked", "cannot-lock", or why the file cannot be opened for writing.
[[nodiscard]] boost::interprocess::file_lock take_writer_lock(const std::string &path);

/// Claims a block device for writing, as a mount does (O_EXCL on an existing device, open(2)). Hold it until
/// the last write is out. Throws Error "device-busy".
[[nodiscard]] Descriptor claim_block_device(const std::string &path);

}  // namespace pgregion::io
