// SPDX-License-Identifier: GPL-2.0-or-later
//
// A whole file mapped into memory and guarded: reading what is not there any more gives zeros and a flag, not death.
#pragma once

#include "base/bytes.h"
#include "io/fault_guard.h"

#include <pgregion/open.h>

#include <cstdint>
#include <optional>
#include <string>

#include <boost/interprocess/file_mapping.hpp>
#include <boost/interprocess/mapped_region.hpp>

namespace pgregion::io
{

class MappedFile
{
public:
    /// Opens `name`, which messages call `path`: they differ for a file without a name (/proc/self/fd/N). Nothing is
    /// mapped yet. Throws as Source::open().
    MappedFile(const std::string &path, const std::string &name, OpenMode mode);

    [[nodiscard]] int descriptor() const { return file_.get_mapping_handle().handle; }

    /// The size as it is now, of a regular file or block device. Throws "empty-file", "empty-device", "cannot-read".
    [[nodiscard]] std::uint64_t checked_size() const;

    /// The first bytes, at most a page, read and not mapped: some files that are no memory cannot be mapped.
    [[nodiscard]] std::vector<std::byte> head() const;

    /// Maps `size_bytes` bytes from the start on. Throws "cannot-map".
    void map(std::uint64_t size_bytes);

    [[nodiscard]] Bytes bytes() const
    {
        return {static_cast<const std::byte *>(region_.get_address()), region_.get_size()};
    }
    [[nodiscard]] MutableBytes writable_bytes() const
    {
        return {static_cast<std::byte *>(region_.get_address()), region_.get_size()};
    }

    /// As Source::ensure_intact(). Whether it shrank is not asked of a device dax, which does not tell a size.
    void ensure_intact() const;

    /// As Source::flush().
    void flush();

private:
    [[nodiscard]] Error empty_file() const;
    [[nodiscard]] Error lost_page() const;

    std::string path_;
    OpenMode mode_;
    // The members go in reverse order: first the guard, then the mapping, last the descriptor.
    boost::interprocess::file_mapping file_;
    boost::interprocess::mapped_region region_;
    std::optional<FaultGuard> guard_;
};

}  // namespace pgregion::io
