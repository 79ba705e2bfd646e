// SPDX-License-Identifier: GPL-2.0-or-later
//
// LiME dumps made by hand: headers of 32 bytes, little-endian, and what stands behind them. Nothing of the code under
// test writes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace pgregion::test
{

struct LimeRange {
    std::uint64_t first = 0;
    std::vector<std::byte> bytes = {};
    std::optional<std::uint64_t> last = {};  ///< inclusive; computed when not set
    std::uint64_t magic = 0x4C694D45;
    std::uint64_t version = 1;
};

inline std::vector<std::byte> lime_image(const std::vector<LimeRange> &ranges)
{
    std::vector<std::byte> file;
    const auto put = [&file](std::uint64_t value, unsigned bytes) {
        for (unsigned i = 0; i < bytes; ++i)
            file.push_back(static_cast<std::byte>(value >> (8 * i)));
    };
    for (const LimeRange &range : ranges) {
        put(range.magic, 4);
        put(range.version, 4);
        put(range.first, 8);
        put(range.last.value_or(range.first + range.bytes.size() - 1), 8);
        put(0, 8);
        file.insert(file.end(), range.bytes.begin(), range.bytes.end());
    }
    return file;
}

}  // namespace pgregion::test
