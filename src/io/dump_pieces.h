// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which bytes of a dump hold which physical memory: an index over its segments, asked by page.
//
// Segments of one dump may overlap: QEMU's dump with paging has one for each virtual range, so a page stands in as many
// as map it (65,911 segments for 128 MiB in one of our fixtures), and /proc/vmcore and /proc/kcore list the kernel's
// text a second time. There they tell the same story twice, so the first one in the file that has the bytes wins, and
// nothing is compared: with segments that share bytes of the file, comparing could take the square of its size.
//
//   segments, in the order of the file      0: [....A....]
//                                           1:      [....B....]        [.C.]
//   pieces, apart and sorted                   [....A....][.B..]        [.C.]
//
// Pieces that go on both in memory and in the file become one.
#pragma once

#include "base/bytes.h"
#include "io/addressed_memory.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pgregion::io
{

/// `size` bytes of memory from `first`, which stand at `offset` in the file. Neither end goes beyond 2^64 - 1.
struct DumpPiece {
    PhysAddr first;
    std::uint64_t size = 0;
    std::uint64_t offset = 0;
};

class DumpPieces
{
public:
    /// More is refused: no real dump comes near it, and with it an index, and the making of one, stays below 64 MiB.
    static constexpr std::size_t kMost = std::size_t{1} << 20;

    /// `segments`, at most kMost of them, may overlap; the earlier ones win. Nothing when their overlaps come to
    /// more than kMost pieces.
    [[nodiscard]] static std::optional<DumpPieces> of(std::vector<DumpPiece> segments);

    /// Whole 4-KiB pages, which may be put together from several pieces.
    [[nodiscard]] std::span<const Range<PhysAddr>> ranges() const { return ranges_; }
    /// Sorted, apart from each other.
    [[nodiscard]] std::span<const DumpPiece> pieces() const { return pieces_; }

    /// The piece that holds the byte at `address`; null when none does.
    [[nodiscard]] const DumpPiece *find(PhysAddr address) const
    {
        const auto above = std::ranges::upper_bound(pieces_, address, {}, &DumpPiece::first);
        if (above == pieces_.begin())
            return nullptr;
        const DumpPiece &piece = *std::prev(above);
        return address - piece.first < piece.size ? &piece : nullptr;
    }

    /// Fills `into` from `address` on, piece by piece: `read(offset, part)` gives false to stop. False when it did,
    /// or where a byte is missing.
    template <class Read>
    bool gather(PhysAddr address, MutableBytes into, Read read) const
    {
        while (!into.empty()) {
            const DumpPiece *const piece = find(address);
            if (piece == nullptr)
                return false;
            const std::uint64_t skipped = address - piece->first;
            const std::uint64_t length = std::min<std::uint64_t>(into.size(), piece->size - skipped);
            if (!read(piece->offset + skipped, into.first(length)))
                return false;
            into = into.subspan(length);
            address += length;
        }
        return true;
    }

private:
    std::vector<DumpPiece> pieces_;
    std::vector<Range<PhysAddr>> ranges_;
};

/// Memory of a mapped dump. `pieces` lie inside `file`, which must outlive it.
[[nodiscard]] std::unique_ptr<AddressedMemory> mapped_dump(Bytes file, DumpPieces pieces,
                                                           std::optional<Error> shortfall);

/// "truncated-dump": the file has `has_bytes` of the `needs_bytes` that its headers describe.
[[nodiscard]] Error truncated_dump(const std::string &path, std::uint64_t has_bytes, std::uint64_t needs_bytes);

/// "damaged-dump" for what DumpPieces refuses.
[[nodiscard]] Error too_many_pieces(const std::string &path);

}  // namespace pgregion::io
