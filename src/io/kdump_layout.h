// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a kdump-compressed file holds and what is missing from it, from its own header, bitmap and page descriptors.
// libkdumpfile would tell the first, but it takes what lies behind the end of the file for zeros.
#pragma once

#include <pgregion/address.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace pgregion::io
{

/// One file of a dump; makedumpfile --split writes several.
struct KdumpPart {
    int descriptor = -1;
    std::uint64_t size_bytes = 0;  ///< of the file
    std::uint64_t bitmap_at = 0;
    std::uint64_t bitmap_bytes = 0;
    std::uint64_t descriptors_at = 0;
    /// The blocks whose descriptors are here, half-open; a file that is the whole dump has all.
    std::uint64_t first_block = 0;
    std::uint64_t end_block = 0;
    std::uint64_t all_blocks = 0;  ///< of the whole dump, as this part counts them
};

struct KdumpLayout {
    std::uint64_t block_bytes = 0;  ///< the dumped kernel's page, a power of two, at least 4096
    std::vector<KdumpPart> parts;   ///< in the order of their blocks, which do not overlap
    /// What is in the files: sorted, apart from each other.
    std::vector<Range<PhysAddr>> ranges;
    std::uint64_t cut_off_bytes = 0;    ///< memory whose data lies behind the end of its file
    std::uint64_t senseless_bytes = 0;  ///< memory whose data cannot have the size that its descriptor tells
    std::uint64_t elsewhere_bytes = 0;  ///< memory that is in parts that were not given
    bool is_incomplete = false;         ///< makedumpfile ran out of space and says so in the header

    [[nodiscard]] std::uint64_t bitmap_bytes() const;
};

/// Throws "damaged-dump", and "cannot-read" where reading fails.
[[nodiscard]] KdumpLayout read_kdump_layout(const std::string &path, std::span<const int> descriptors);

}  // namespace pgregion::io
