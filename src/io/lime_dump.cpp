// SPDX-License-Identifier: GPL-2.0-or-later
//
// LiME memory dumps; see lime_dump.h.
#include "io/lime_dump.h"

#include "base/bits.h"
#include "io/dump_pieces.h"
#include "io/failures.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace pgregion::io
{

namespace
{

constexpr std::uint64_t kHeaderBytes = 32;
constexpr std::uint64_t kMagic = 0x4C694D45;
constexpr std::uint64_t kVersion = 1;

Error damaged(const std::string &path, std::uint64_t offset, const std::string &problem)
{
    return failure(path, "damaged-dump",
                   "is a LiME dump with " + problem + " at byte " + std::to_string(offset) +
                       ", so that nobody can tell where the ranges of memory lie",
                   "look at the place: xxd -l 32 -s " + std::to_string(offset) + " FILE; take or copy the dump again");
}

/// True when `rest`, shorter than a header, may be the start of one.
bool starts_header(Bytes rest)
{
    std::array<std::byte, kWordBytes> start{};
    store_le64(start, 0, kVersion << 32 | kMagic);
    const std::size_t length = std::min(rest.size(), start.size());
    return std::ranges::equal(rest.first(length), std::span(start).first(length));
}

struct Ranges {
    std::vector<DumpPiece> pieces = {};
    std::uint64_t end = 0;  ///< in the file; behind it nothing but padding
    std::optional<Error> shortfall = {};
};

/// The range whose header stands at `offset`, as long as the header says.
DumpPiece range_at(const std::string &path, Bytes file, std::uint64_t offset)
{
    const std::uint64_t start = load_le64(file, offset);
    if (field(start, 31, 0) != kMagic)
        throw damaged(path, offset, "bytes that are no header where one is due");
    if (const auto version = field(start, 63, 32); version != kVersion)
        throw damaged(path, offset, "a header of version " + std::to_string(version) + " (only 1 is known)");
    const std::uint64_t first = load_le64(file, offset + 8);
    const std::uint64_t last = load_le64(file, offset + 16);
    if (last < first || last == ~std::uint64_t{0})
        throw damaged(path, offset, "a range that ends before it starts, or beyond all memory,");
    return {PhysAddr(first), last - first + 1, offset + kHeaderBytes};
}

Ranges read_ranges(const std::string &path, Bytes file)
{
    Ranges ranges;
    for (std::uint64_t offset = 0; offset < file.size();) {
        const Bytes rest = file.subspan(offset);
        if (rest.size() < kHeaderBytes && starts_header(rest)) {
            ranges.shortfall = truncated_dump(path, file.size(), offset + kHeaderBytes);
            return ranges;
        }
        if (offset != 0 && all_zero(rest))
            return ranges;
        if (rest.size() < kHeaderBytes)
            throw damaged(path, offset, "bytes that are no header where one is due");
        DumpPiece range = range_at(path, file, offset);
        if (ranges.pieces.size() == DumpPieces::kMost)
            throw too_many_pieces(path);
        const std::uint64_t has = file.size() - range.offset;
        if (range.size > has) {
            const std::uint64_t most = ~std::uint64_t{0} - range.offset;
            ranges.shortfall = truncated_dump(path, file.size(), range.offset + std::min(range.size, most));
            range.size = has;
        }
        if (range.size != 0)
            ranges.pieces.push_back(range);
        offset = range.offset + range.size;
        ranges.end = offset;
    }
    return ranges;
}

/// Each byte of the file belongs to one range, so all comparing together reads the file once.
std::optional<PhysAddr> difference(Bytes file, const DumpPiece &range, const DumpPieces &index)
{
    for (std::uint64_t done = 0; done < range.size;) {
        const PhysAddr address = range.first + done;
        const DumpPiece &piece = *index.find(address);
        const std::uint64_t skipped = address - piece.first;
        const std::uint64_t length = std::min(range.size - done, piece.size - skipped);
        const std::uint64_t here = range.offset + done;
        const std::uint64_t there = piece.offset + skipped;
        if (here != there) {
            const Bytes mine = file.subspan(here, length);
            const auto at = std::ranges::mismatch(mine, file.subspan(there, length)).in1;
            if (at != mine.end())
                return address + static_cast<std::uint64_t>(at - mine.begin());
        }
        done += length;
    }
    return std::nullopt;
}

/// Reads the headers again, because the list of ranges went into the index. `end` is where the last range ends.
void refuse_contradiction(const std::string &path, Bytes file, std::uint64_t end, const DumpPieces &index)
{
    for (std::uint64_t offset = 0; offset < end;) {
        DumpPiece range = range_at(path, file, offset);
        range.size = std::min(range.size, end - range.offset);
        if (difference(file, range, index))
            throw damaged(path, offset, "a range that overlaps an earlier one and differs from it");
        offset = range.offset + range.size;
    }
}

}  // namespace

std::unique_ptr<AddressedMemory> open_lime_dump(const std::string &path, Bytes file)
{
    Ranges ranges = read_ranges(path, file);
    auto index = DumpPieces::of(std::move(ranges.pieces));
    if (!index)
        throw too_many_pieces(path);
    refuse_contradiction(path, file, ranges.end, *index);
    return mapped_dump(file, *std::move(index), std::move(ranges.shortfall));
}

}  // namespace pgregion::io
