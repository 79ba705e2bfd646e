// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fuzzer of LiME dumps: a file of any bytes is memory or is refused with an Error.
#include "dump_invariants.h"
#include "io/lime_dump.h"
#include "sparse_image.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    using namespace pgregion;
    try {
        const auto memory = io::open_lime_dump("dump", {reinterpret_cast<const std::byte *>(data), size});
        return fuzz::check_dump(*memory, size) == ~std::uint64_t{0} ? 1 : 0;
    } catch (const Error &) {
        return 0;
    }
}
