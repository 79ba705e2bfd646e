// SPDX-License-Identifier: GPL-2.0-or-later
//
// kdump-compressed dumps through libkdumpfile, which crashes and hangs on hostile files: it runs in a child process
// that can do nothing but read the dump and answer. Where the pages lie and whether they are in the file is found out
// here, from the bitmap and the page descriptors (kdump_layout.h): the library gives zeros for what lies behind the
// end. zlib, lzo, snappy and zstd pages are read as far as the library was built with them (Debian's has all four).
//
// Beside the ranges (16 bytes for each, 1048576 at most) the parent keeps 16 MiB of pages. The child may take 32 MiB
// and what the bitmap needs, which is 32 MiB for each TiB of memory in blocks of 4 KiB; 4 TiB are the most. Threads have
// children of their own, as many as there are processors (KdumpLimits::readers); one that no thread uses takes nothing.
#pragma once

#include "io/addressed_memory.h"
#include "io/kdump_child.h"

#include <memory>
#include <span>
#include <string>

namespace pgregion::io
{

/// `files` are the parts of one dump (makedumpfile --split writes several), the first the one that was named, the others
/// in any order; their descriptors are not needed any more afterwards. Parts that are not given are a shortfall. The
/// thread that opens it must live as long as the memory: the child ends with it (PR_SET_PDEATHSIG, prctl(2)). Throws
/// "damaged-dump" where a file contradicts itself or the library refuses, dies or takes too long, "bad-part",
/// "cannot-read", and "cannot-open" where no child can be made; errors name the file at fault.
///
/// A page whose data is there and cannot be decoded is a hole, and one of the lost_pages(). page() throws "damaged-dump"
/// for all pages once the child is gone; ensure_intact() then does, too, and "source-shrank" when a file is shorter
/// than it was.
[[nodiscard]] std::unique_ptr<AddressedMemory> open_kdump(std::span<const KdumpFile> files,
                                                          const KdumpLimits &limits = {});

}  // namespace pgregion::io
