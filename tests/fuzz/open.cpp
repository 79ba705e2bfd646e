// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fuzzer of opening: a file of any bytes is a source or is refused with an Error, and what it is taken for can be
// read to its end and described.
#include "sparse_image.h"

#include <pgregion/error.h>
#include <pgregion/guess.h>
#include <pgregion/open.h>

#include <cstdlib>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    using namespace pgregion;
    static const int file = ::memfd_create("source", 0);
    if (::ftruncate(file, 0) != 0 || ::pwrite(file, data, size, 0) != static_cast<ssize_t>(size))
        std::abort();
    // A first byte decides whether the rest of a region follows, as zeros.
    if (size != 0 && data[0] % 2 == 0 && ::ftruncate(file, static_cast<off_t>(kRegionBytes)) != 0)
        std::abort();
    try {
        const Source source = Source::open("/proc/self/fd/" + std::to_string(file), OpenMode::read_only);
        std::uint64_t sum = 0;
        for (const std::byte byte : source.bytes())
            sum += std::to_integer<std::uint64_t>(byte);
        if (source.bytes().size() == kRegionBytes) {
            static_cast<void>(describe_region(source.bytes()));
            static_cast<void>(guess_region(source.bytes(), kRootPage, {}));
        }
        source.ensure_intact();
        return sum == ~std::uint64_t{0} ? 1 : 0;
    } catch (const Error &) {
        return 0;
    }
}
