// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who holds what a writer cannot have: the process with a lock on a file, what a block device is used for. Everything
// is for messages: where nothing can be found out, the text is empty.
#pragma once

#include <string>

#include <sys/types.h>

namespace pgregion::io
{

/// Where the kernel's file systems are mounted.
struct SystemFolders {
    std::string proc = "/proc";
    std::string sys = "/sys";
};

/// "qemu-system-x86 (process 4711)".
[[nodiscard]] std::string process_text(pid_t process, const SystemFolders &folders = {});

/// The process whose record lock keeps others out of `path`. Opening and closing the file for that drops the locks of
/// this process: call it only where there are none.
[[nodiscard]] std::string lock_holder(const std::string &path, const SystemFolders &folders = {});

/// What the block device `number` ("8:1") is used for: "mounted on /mnt", "swap space", "part of dm-0".
[[nodiscard]] std::string device_use(const std::string &number, const SystemFolders &folders = {});

/// "8:1" for a block device by its path; empty for anything else.
[[nodiscard]] std::string device_number(const std::string &path);

}  // namespace pgregion::io
