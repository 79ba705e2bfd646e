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

/// A file, open for reading.
struct KdumpFile {
    std::string path;  ///< for messages
    int descriptor = -1;
};

/// One file of a dump; makedumpfile --split writes several.
struct KdumpPart {
    std::string path;
    int descriptor = -1;
    std::uint64_t size_bytes = 0;  ///< of the file
    std::uint64_t bitmap_at = 0;
    std::uint64_t bitmap_bytes = 0;
    std::uint64_t descriptors_at = 0;
    /// The blocks whose descriptors are here, half-open; a file that is the whole dump has all.
    std::uint64_t first_block = 0;
    std::uint64_t end_block = 0;
    std::uint64_t all_blocks = 0;       ///< of the whole dump, as this part counts them
    bool is_split = false;              ///< its header calls it a part
    std::uint64_t cut_off_bytes = 0;    ///< memory whose data lies behind the end of the file
    std::uint64_t senseless_bytes = 0;  ///< memory whose data cannot have the size that its descriptor tells
    bool is_incomplete = false;         ///< makedumpfile ran out of space and says so in the header
};

struct KdumpLayout {
    std::uint64_t block_bytes = 0;  ///< the size in which the file counts, a power of two, at least 4096
    std::vector<KdumpPart> parts;   ///< those that hold blocks, in their order; they do not overlap
    /// What is in the files: sorted, apart from each other.
    std::vector<Range<PhysAddr>> ranges;
    std::uint64_t elsewhere_bytes = 0;  ///< memory that is in parts that were not given
    bool is_lone_part = false;          ///< the only file that was given, and a part

    /// Memory of the parts that is not in their files.
    [[nodiscard]] std::uint64_t missing_bytes() const;
    [[nodiscard]] std::uint64_t bitmap_bytes() const;
};

/// `files` are one dump, in any order, the first the one that was named; errors name the file at fault. Throws
/// "damaged-dump", "bad-part" (of different dumps, the same pages twice, or nothing but empty parts), and "cannot-read"
/// where reading fails.
[[nodiscard]] KdumpLayout read_kdump_layout(std::span<const KdumpFile> files);

}  // namespace pgregion::io
