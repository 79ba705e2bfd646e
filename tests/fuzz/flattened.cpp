// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fuzzer of flattened dumps: any pieces are put together within the limit or refused with an Error, and the file that
// comes out is as long as it is said to be.
#include "io/unpack.h"

#include <pgregion/error.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <vector>

#include <sys/stat.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    using namespace pgregion;
    constexpr std::uint64_t kLimit = 1 << 20;
    constexpr std::string_view kHeader("makedumpfile\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1", 32);
    // The rest of the header's 4096 bytes are zeros, so that the input is all pieces.
    std::vector<std::byte> dump(4096 + size);
    std::ranges::copy(std::as_bytes(std::span(kHeader)), dump.begin());
    std::ranges::copy(std::as_bytes(std::span(data, size)), dump.begin() + 4096);
    try {
        const io::Unpacked unpacked = io::unpack("dump", io::Packing::flattened, dump, {.unpacked_bytes = kLimit});
        struct stat status {
        };
        if (::fstat(unpacked.file.number(), &status) != 0 || unpacked.size_bytes > kLimit ||
            static_cast<std::uint64_t>(status.st_size) != unpacked.size_bytes)
            std::abort();
    } catch (const Error &error) {
        if (error.code() != "damaged-archive" && error.code() != "unpack-limit")
            std::abort();
    }
    return 0;
}
