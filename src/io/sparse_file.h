// SPDX-License-Identifier: GPL-2.0-or-later
//
// The file without a name that unpacked bytes go to. It is removed when its descriptor is closed, however that comes
// about; pages of zeros stay holes, so that memory of zeros, and a bomb of them, costs no disk.
#pragma once

#include "base/bytes.h"
#include "io/descriptor.h"

#include <cstdint>
#include <string>

namespace pgregion::io
{

class SparseFile
{
public:
    /// `path` is the source that is unpacked; the file may not grow beyond `limit_bytes`. It lies in $TMPDIR, or in
    /// /var/tmp or /tmp. Throws "cannot-unpack".
    SparseFile(std::string path, std::uint64_t limit_bytes);

    /// Writes behind the end. Throws "unpack-limit", "cannot-unpack".
    void append(Bytes bytes) { write_at(size_bytes_, bytes); }

    /// Writes anywhere; what was there before is replaced. Bytes that are never written are zeros. Throws as append(),
    /// also where offset + size is beyond 2^64.
    void write_at(std::uint64_t offset, Bytes bytes);

    /// The highest end of all writes.
    [[nodiscard]] std::uint64_t size_bytes() const { return size_bytes_; }

    /// The open file, size_bytes() long. Call it once, last. Throws "cannot-unpack".
    [[nodiscard]] Descriptor finish();

private:
    [[noreturn]] void fail(int error_number) const;
    void store(std::uint64_t offset, Bytes bytes);
    void clear(std::uint64_t offset, Bytes zeros);

    std::string path_;
    std::string folder_;
    Descriptor file_;
    std::uint64_t limit_bytes_;
    std::uint64_t size_bytes_ = 0;
};

}  // namespace pgregion::io
