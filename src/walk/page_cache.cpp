// SPDX-License-Identifier: GPL-2.0-or-later
#include "walk/page_cache.h"

#include <algorithm>

namespace pgregion
{

PageCache::PageCache(const MemorySource &memory) : memory_(memory), slots_(kSlots), bytes_(kSlots * kPageBytes) {}

std::span<const std::byte> PageCache::page(PhysAddr page_address, std::span<std::byte> buffer) const
{
    const std::size_t slot = (page_address.value() / kPageBytes) % kSlots;
    const std::lock_guard lock(locks_[slot % kLocks]);
    if (slots_[slot].held == Held::nothing || slots_[slot].address != page_address)
        fill(slot, page_address);
    if (slots_[slot].held == Held::hole)
        return {};
    const std::span<std::byte> copy = buffer.first(kPageBytes);
    std::ranges::copy(std::span(bytes_).subspan(slot * kPageBytes, kPageBytes), copy.begin());
    return copy;
}

void PageCache::fill(std::size_t slot, PhysAddr page_address) const
{
    const std::span<std::byte> place = std::span(bytes_).subspan(slot * kPageBytes, kPageBytes);
    slots_[slot].held = Held::nothing;  // should reading throw
    const std::span<const std::byte> page = memory_.page(page_address, place);
    if (!page.empty() && page.data() != place.data())
        std::ranges::copy(page, place.begin());
    slots_[slot] = {page_address, page.empty() ? Held::hole : Held::page};
}

}  // namespace pgregion
