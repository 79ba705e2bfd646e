// SPDX-License-Identifier: GPL-2.0-or-later
//
// One file of a kdump-compressed dump: reading it, and what its header says of it.
#pragma once

#include "base/bytes.h"
#include "io/kdump_layout.h"

#include <pgregion/error.h>

#include <cstdint>
#include <string>

namespace pgregion::io
{

/// A file that is read with pread: what lies behind its end is not there. Both throw "cannot-read".
class PartFile
{
public:
    /// `path` must outlive it.
    PartFile(const std::string &path, int descriptor) : path_(path), descriptor_(descriptor) {}

    /// How many bytes of `buffer` could be filled.
    std::size_t read(std::uint64_t offset, MutableBytes buffer) const;

    /// Of block devices, too.
    [[nodiscard]] std::uint64_t size_bytes() const;

private:
    const std::string &path_;
    int descriptor_;
};

/// Where the bitmap and the page descriptors of a part are, which blocks it holds; sets the block size of `layout`, or
/// compares with it. The bitmap lies in the file, unless the part is an empty one, and has a size that memory can be given
/// for. Throws "damaged-dump".
[[nodiscard]] KdumpPart read_part(const KdumpFile &file, KdumpLayout &layout);

/// Whether their headers are the same, but for what became of the writing of each.
[[nodiscard]] bool are_of_one_dump(const KdumpPart &a, const KdumpPart &b);

/// "damaged-dump" with what to do.
[[nodiscard]] Error damaged_kdump(const std::string &path, const std::string &problem);

/// The 32-bit little-endian word at byte `offset`.
[[nodiscard]] std::uint64_t load_le32(Bytes bytes, std::size_t offset);

}  // namespace pgregion::io
