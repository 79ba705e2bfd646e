// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the tests of dumps share: short words for pages and ranges, and a memory that knows each byte.
#pragma once

#include "io/addressed_memory.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace pgregion::test
{

using File = std::vector<std::byte>;
using PhysRange = Range<PhysAddr>;

inline constexpr std::uint64_t kPage = 0x1000;

inline PhysRange range(std::uint64_t first, std::uint64_t size) { return {PhysAddr(first), size}; }

inline std::vector<PhysRange> ranges_of(const io::AddressedMemory &memory)
{
    return {memory.ranges().begin(), memory.ranges().end()};
}

/// Empty where there is none.
inline File copy_of_page(const MemorySource &memory, std::uint64_t address)
{
    std::array<std::byte, kPage> buffer{};
    const auto page = memory.page(PhysAddr(address), buffer);
    return {page.begin(), page.end()};
}

inline File filled(std::size_t bytes, int value) { return File(bytes, static_cast<std::byte>(value)); }

inline std::string text_of(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

/// Byte by byte: the first segment that has the byte gives it.
struct NaiveMemory {
    std::map<std::uint64_t, std::byte> bytes;

    void add(std::uint64_t address, std::span<const std::byte> content)
    {
        for (std::size_t i = 0; i < content.size(); ++i)
            bytes.try_emplace(address + i, content[i]);
    }

    [[nodiscard]] File page(std::uint64_t address) const
    {
        File result;
        for (auto byte = bytes.lower_bound(address); byte != bytes.end() && byte->first == address + result.size();
             ++byte) {
            result.push_back(byte->second);
            if (result.size() == kPage)
                return result;
        }
        return {};
    }

    /// Of the pages below `end`.
    [[nodiscard]] std::vector<PhysRange> ranges(std::uint64_t end) const
    {
        std::vector<PhysRange> found;
        for (std::uint64_t address = 0; address < end; address += kPage) {
            if (page(address).empty())
                continue;
            if (!found.empty() && found.back().first + found.back().size == PhysAddr(address))
                found.back().size += kPage;
            else
                found.push_back(range(address, kPage));
        }
        return found;
    }
};

}  // namespace pgregion::test
