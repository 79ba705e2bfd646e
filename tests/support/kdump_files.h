// SPDX-License-Identifier: GPL-2.0-or-later
//
// Small kdumps that are opened as memory, for their tests.
#pragma once

#include "io/kdump.h"
#include "support/kdump_recipe.h"

#include <pgregion/error.h>

#include <memory>
#include <string>
#include <vector>

namespace pgregion::test
{

using io::AddressedMemory;

/// The files are called vmcore, vmcore2, vmcore3, …
inline std::unique_ptr<AddressedMemory> open_files(const std::vector<Data> &files, const io::KdumpLimits &limits = {})
{
    std::vector<MemoryFile> open;
    std::vector<io::KdumpFile> named;
    for (const Data &file : files)
        named.push_back(
            {named.empty() ? "vmcore" : "vmcore" + std::to_string(named.size() + 1), open.emplace_back(file).number()});
    return io::open_kdump(named, limits);
}

inline std::unique_ptr<AddressedMemory> open_one(const Data &file, const io::KdumpLimits &limits = {})
{
    return open_files({file}, limits);
}

using Ranges = std::vector<Range<PhysAddr>>;

inline Ranges ranges_of(const AddressedMemory &memory) { return {memory.ranges().begin(), memory.ranges().end()}; }

/// "FILE: CODE: MESSAGE" of the Error that opening them throws.
inline std::string refusal(const std::vector<Data> &files)
{
    try {
        static_cast<void>(open_files(files));
    } catch (const Error &error) {
        return error.source() + ": " + error.code() + ": " + error.what();
    }
    return "no error";
}

inline Data page_of(const AddressedMemory &memory, std::uint64_t address)
{
    Data buffer(4096);
    const auto page = memory.page(PhysAddr(address), buffer);
    return {page.begin(), page.end()};
}

inline Data page_with(int byte) { return Data(4096, static_cast<std::byte>(byte)); }

/// Ten pages in a row, filled with 1 to 10.
inline KdumpRecipe ten_pages()
{
    KdumpRecipe recipe;
    for (unsigned n = 0; n < 10; ++n)
        recipe.page(n, page_with(static_cast<int>(n) + 1));
    return recipe;
}

}  // namespace pgregion::test
