// SPDX-License-Identifier: GPL-2.0-or-later
//
// Unpacking; see unpack.h. What is packed, and how, is told by signatures.h.
#include "io/unpack.h"

#include "io/failures.h"
#include "io/unpack_method.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include <unistd.h>

namespace pgregion::io
{

namespace
{

struct Method {
    Packing packing;
    std::optional<Error> (*unpack)(const std::string &path, Bytes packed, SparseFile &out);
};

constexpr std::array<Method, 5> kMethods{{
    {Packing::zstd, unpack_zstd},
    {Packing::xz, unpack_xz},
    {Packing::gzip, unpack_gzip},
    {Packing::zlib, unpack_zlib},
    {Packing::flattened, unpack_flattened},
}};

std::size_t read_piece(const std::string &path, int descriptor, MutableBytes buffer)
{
    std::size_t filled = 0;
    while (filled < buffer.size()) {
        const ssize_t done = ::read(descriptor, buffer.data() + filled, buffer.size() - filled);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            throw failure(path, "cannot-read", "cannot be read: " + reason(errno),
                          "save it to a file first, then name the file");
        if (done == 0)
            break;
        filled += static_cast<std::size_t>(done);
    }
    return filled;
}

}  // namespace

Error damaged_archive(const std::string &path, const std::string &problem, const std::string &tool)
{
    return failure(path, "damaged-archive",
                   "cannot be unpacked: it is damaged (" + problem + "), so nothing that came out of it can be trusted",
                   "test it: " + tool + "; then get it again from where it came");
}

Error cut_short(const std::string &path, const SparseFile &out)
{
    return failure(path, "truncated-dump",
                   "the file ends in the middle: " + std::to_string(out.size_bytes()) +
                       " bytes came out of it, what follows them is missing",
                   "compare its size with the original (ls -l FILE) and copy it again");
}

Unpacked unpack(const std::string &path, Packing packing, Bytes packed, const OpenLimits &limits)
{
    SparseFile out(path, limits.unpacked_bytes);
    const auto *const method = std::ranges::find(kMethods, packing, &Method::packing);
    std::optional<Error> shortfall = method->unpack(path, packed, out);
    const std::uint64_t size_bytes = out.size_bytes();
    return {out.finish(), size_bytes, std::move(shortfall)};
}

Unpacked copy_stream(const std::string &path, int descriptor, const OpenLimits &limits)
{
    if (::isatty(descriptor) == 1)
        throw failure(path, "cannot-read", "standard input is a terminal: nothing would ever come from it",
                      "send a source through a pipe, as in: ssh HOST cat MEMORY | pgregion info -");
    SparseFile out(path, limits.unpacked_bytes);
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kUnpackBufferBytes);
    const MutableBytes space(buffer.get(), kUnpackBufferBytes);
    for (;;) {
        const std::size_t filled = read_piece(path, descriptor, space);
        if (filled == 0)
            break;
        out.append(space.first(filled));
    }
    const std::uint64_t size_bytes = out.size_bytes();
    return {out.finish(), size_bytes, {}};
}

}  // namespace pgregion::io
