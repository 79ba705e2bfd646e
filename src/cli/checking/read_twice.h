// SPDX-License-Identifier: GPL-2.0-or-later
//
// Memory that somebody else may be writing to: a live region, a device that a kernel uses. What is read for the
// checks is read a second time afterwards; where that differs, findings may be of a state that never was.
//
// The region is copied first and read out of the copy, so that its bitmap and its tables are of nearly one moment
// and do not change under the checks. Of other pages a sum is kept.
#pragma once

#include <pgregion/check.h>
#include <pgregion/memory_source.h>

#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace pgregion::cli
{

class ReadTwice final : public MemorySource
{
public:
    /// Takes the place of the memory and the region in `subject`, which must not be used after this object has gone.
    explicit ReadTwice(CheckSubject &subject);

    /// Whether what was read is no longer what is there. Throws what reading throws.
    [[nodiscard]] bool changed() const;

    [[nodiscard]] std::span<const std::byte> page(PhysAddr page_address, std::span<std::byte> buffer) const override;
    [[nodiscard]] std::uint64_t size_bytes() const override { return memory_ == nullptr ? 0 : memory_->size_bytes(); }

private:
    const MemorySource *memory_;
    std::span<const std::byte> region_;
    PhysAddr region_base_;
    std::vector<std::byte> copy_;
    mutable std::mutex mutex_;                                       ///< of sums_: checks may run in several threads
    mutable std::unordered_map<std::uint64_t, std::uint64_t> sums_;  ///< of the pages read, by address
};

}  // namespace pgregion::cli
