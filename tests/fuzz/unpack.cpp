// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fuzzer of unpacking: any bytes as zstd, xz, gzip or zlib (the first byte picks) are unpacked within the limit or refused
// with an Error.
#include "io/unpack.h"

#include <pgregion/error.h>

#include <array>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    using namespace pgregion;
    constexpr std::uint64_t kLimit = 1 << 20;
    constexpr std::array kPackings{io::Packing::zstd, io::Packing::xz, io::Packing::gzip, io::Packing::zlib};
    if (size == 0)
        return 0;
    const Bytes packed(reinterpret_cast<const std::byte *>(data) + 1, size - 1);
    try {
        const io::Unpacked unpacked =
            io::unpack("archive", kPackings.at(data[0] % kPackings.size()), packed, {.unpacked_bytes = kLimit});
        if (unpacked.size_bytes > kLimit)
            std::abort();
    } catch (const Error &error) {
        if (error.code() != "damaged-archive" && error.code() != "unpack-limit" && error.code() != "cannot-unpack")
            std::abort();
    }
    return 0;
}
