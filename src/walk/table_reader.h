// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads tables through a MemorySource. A table may be smaller than a page, start inside one, or span several.
#pragma once

#include "base/bytes.h"

#include <pgregion/format.h>
#include <pgregion/memory_source.h>

#include <algorithm>
#include <array>

namespace pgregion::walk
{

class TableReader
{
public:
    explicit TableReader(const MemorySource &memory) : memory_(&memory) {}

    /// The bytes from `address` on, at most `wanted` of them and not beyond the end of their page; empty when
    /// the page is not there. Valid until the next call.
    [[nodiscard]] Bytes read(PhysAddr address, std::uint64_t wanted)
    {
        const PhysAddr page = page_of(address);
        const Bytes bytes = memory_->page(page, buffer_);
        if (bytes.empty())
            return {};
        const std::size_t offset = address - page;
        return bytes.subspan(offset, std::min<std::size_t>(wanted, bytes.size() - offset));
    }

private:
    const MemorySource *memory_;
    alignas(kWordBytes) std::array<std::byte, kPageBytes> buffer_{};
};

}  // namespace pgregion::walk
