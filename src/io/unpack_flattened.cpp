// SPDX-License-Identifier: GPL-2.0-or-later
//
// Flattened dumps: makedumpfile -F writes one where it cannot seek (ssh, a pipe), QEMU always for kdump. Pieces of the
// dump file in the order they were made, each with its place; where two overlap the later one counts, as with
// makedumpfile -R. Source: makedumpfile's IMPLEMENTATION ("flattened format"), QEMU include/sysemu/dump.h.
//
//   0     "makedumpfile" and zeros, 16 bytes; then zeros up to 4096
//   16    type, 1
//   24    version, 1
//   4096  offset    of a piece; -1: the end
//   4104  size      in bytes; -1: the end
//   4112  the piece, then the next offset ...
//
// All numbers are signed, 64 bits, big-endian.
#include "io/failures.h"
#include "io/unpack_method.h"

#include <algorithm>
#include <bit>

namespace pgregion::io
{

namespace
{

constexpr std::size_t kHeaderBytes = 4096;
constexpr std::size_t kTypeAt = 16;
constexpr std::size_t kVersionAt = 24;
constexpr std::size_t kPieceHeaderBytes = 2 * kWordBytes;
constexpr std::int64_t kEndMark = -1;

std::int64_t load_be64(Bytes bytes, std::size_t offset)
{
    return std::bit_cast<std::int64_t>(byte_swap(load_le64(bytes, offset)));
}

Error damaged(const std::string &path, const std::string &problem)
{
    return damaged_archive(path, problem, fill_in("makedumpfile -R OUT < FILE", path));
}

void check_header(const std::string &path, Bytes packed)
{
    const std::int64_t type = load_be64(packed, kTypeAt);
    const std::int64_t version = load_be64(packed, kVersionAt);
    if (type != 1 || version != 1)
        throw damaged(path, "a flattened dump of type " + std::to_string(type) + ", version " +
                                std::to_string(version) + "; only type 1, version 1 is known");
}

}  // namespace

std::optional<Error> unpack_flattened(const std::string &path, Bytes packed, SparseFile &out)
{
    if (packed.size() < kHeaderBytes)
        return cut_short(path, out);
    check_header(path, packed);
    Bytes rest = packed.subspan(kHeaderBytes);
    while (rest.size() >= kPieceHeaderBytes) {
        const std::int64_t offset = load_be64(rest, 0);
        const std::int64_t size = load_be64(rest, kWordBytes);
        if (offset == kEndMark && size == kEndMark)
            return {};
        if (offset < 0 || size < 0)
            throw damaged(path, "the piece at byte " + std::to_string(packed.size() - rest.size()) + " has offset " +
                                    std::to_string(offset) + " and size " + std::to_string(size));
        rest = rest.subspan(kPieceHeaderBytes);
        const std::size_t there = std::min<std::uint64_t>(static_cast<std::uint64_t>(size), rest.size());
        out.write_at(static_cast<std::uint64_t>(offset), rest.first(there));
        if (there < static_cast<std::uint64_t>(size))
            return cut_short(path, out);
        rest = rest.subspan(there);
    }
    // Whoever wrote it did not come to its end; that no byte is missing cannot be known.
    return cut_short(path, out);
}

}  // namespace pgregion::io
