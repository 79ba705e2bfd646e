// SPDX-License-Identifier: GPL-2.0-or-later
//
// Small kdumps that are opened as memory, for their tests.
#pragma once

#include "io/kdump.h"
#include "support/kdump_recipe.h"

#include <memory>
#include <vector>

namespace pgregion::test
{

using io::AddressedMemory;

inline std::unique_ptr<AddressedMemory> open_files(const std::vector<Data> &files, const io::KdumpLimits &limits = {})
{
    std::vector<MemoryFile> open;
    std::vector<int> descriptors;
    for (const Data &file : files)
        descriptors.push_back(open.emplace_back(file).number());
    return io::open_kdump("vmcore", descriptors, limits);
}

inline std::unique_ptr<AddressedMemory> open_one(const Data &file, const io::KdumpLimits &limits = {})
{
    return open_files({file}, limits);
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
