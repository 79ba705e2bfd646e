// SPDX-License-Identifier: GPL-2.0-or-later
//
// Pages of a memory that is slow to read (/proc/kcore asks the kernel for every page), kept for a while. A scan reads
// the same tables many times; what it says is of the moment when a page was read first.
#pragma once

#include <pgregion/memory_source.h>

#include <array>
#include <mutex>
#include <vector>

namespace pgregion
{

/// Several threads may use it at once. Keeps kSlots pages, 24 MiB, of which each page has one possible place.
class PageCache final : public MemorySource
{
public:
    /// `memory` must outlive this object.
    explicit PageCache(const MemorySource &memory);

    /// Always in `buffer`, also where `memory` gives views.
    [[nodiscard]] std::span<const std::byte> page(PhysAddr page_address, std::span<std::byte> buffer) const override;
    [[nodiscard]] std::uint64_t size_bytes() const override { return memory_.size_bytes(); }

private:
    static constexpr std::size_t kSlots = 6144;
    static constexpr std::size_t kLocks = 64;

    enum class Held : std::uint8_t { nothing, page, hole };
    struct Slot {
        PhysAddr address;
        Held held = Held::nothing;
    };

    void fill(std::size_t slot, PhysAddr page_address) const;

    const MemorySource &memory_;
    mutable std::array<std::mutex, kLocks> locks_;  ///< slot n is guarded by lock n % kLocks
    mutable std::vector<Slot> slots_;
    mutable std::vector<std::byte> bytes_;
};

}  // namespace pgregion
