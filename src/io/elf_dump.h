// SPDX-License-Identifier: GPL-2.0-or-later
//
// ELF cores as memory by physical address: vmcore, QEMU's dump-guest-memory with and without paging, makedumpfile -E.
// What counts as memory is in elf_headers.h, what happens where segments overlap in dump_pieces.h.
#pragma once

#include "base/bytes.h"
#include "io/addressed_memory.h"

#include <memory>
#include <string>

namespace pgregion::io
{

/// `file` is the whole file, mapped; it must outlive the memory, which gives views of it. Throws "damaged-dump" and
/// "wrong-file-type", as read_elf_segments().
[[nodiscard]] std::unique_ptr<AddressedMemory> open_elf_dump(const std::string &path, Bytes file);

/// The same for a file that cannot be mapped (/proc/kcore, /proc/vmcore): headers and pages are read from
/// `descriptor` with pread, which stays open meanwhile. For kcore the physical address of each PT_LOAD counts. The size
/// of a file in /proc is not looked at (that of kcore is the size of an address space), so such a file is never
/// called truncated. A page whose reading gives EFAULT or ENXIO is a hole: memory that was taken away since, or that
/// the kernel cannot reach. Every other error throws "cannot-read", at opening and from page().
[[nodiscard]] std::unique_ptr<AddressedMemory> open_elf_descriptor(const std::string &path, int descriptor);

}  // namespace pgregion::io
