// SPDX-License-Identifier: GPL-2.0-or-later
//
// Cheap looks at one page, so that only few pages of a memory are looked at closely.
#pragma once

#include "base/bytes.h"

#include <pgregion/memory_source.h>

namespace pgregion::scan
{

/// True for a page that may hold entries or records of tables: nearly half of its words that are not zero, or more,
/// are addresses with low bits set. Records of two words have an address in one of them.
[[nodiscard]] bool looks_like_table(Bytes page);

/// True for a page 0 by its shape: nothing behind the 64 bytes of the bitmap.
[[nodiscard]] bool tail_is_zero(Bytes page);

/// Tells pages that may be the root of page tables or of a directory. Not thread-safe.
class RootFilter
{
public:
    /// `bounds` holds every address of `memory`.
    RootFilter(const MemorySource &memory, Range<PhysAddr> bounds) : memory_(memory), bounds_(bounds) {}

    [[nodiscard]] bool passes(Bytes page);

private:
    [[nodiscard]] bool leads_to_table(Bytes page);
    [[nodiscard]] bool points_inside(std::uint64_t address) const;
    [[nodiscard]] bool is_a_table(std::uint64_t address);

    const MemorySource &memory_;
    Range<PhysAddr> bounds_;
    alignas(kWordBytes) std::array<std::byte, kPageBytes> buffer_{};
};

}  // namespace pgregion::scan
