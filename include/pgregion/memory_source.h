// SPDX-License-Identifier: GPL-2.0-or-later
//
// Physical memory as the walker sees it: pages by physical address, with holes. It knows no file format.
#pragma once

#include <pgregion/address.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace pgregion
{

class MemorySource
{
public:
    MemorySource() = default;
    MemorySource(const MemorySource &) = default;
    MemorySource &operator=(const MemorySource &) = default;
    MemorySource(MemorySource &&) = default;
    MemorySource &operator=(MemorySource &&) = default;
    virtual ~MemorySource() = default;

    /// The 4 KiB that start at `page_address` (a multiple of 4096): a view of the source where it is mapped, of
    /// `buffer` (at least 4096 bytes) where it is not. Empty when the source has no such page, or not all of
    /// it. Throws Error when reading fails.
    [[nodiscard]] virtual std::span<const std::byte> page(PhysAddr page_address, std::span<std::byte> buffer) const = 0;

    /// How many bytes it can answer for; sets the scale of bounded work.
    [[nodiscard]] virtual std::uint64_t size_bytes() const = 0;
};

/// Pieces of mapped memory joined into one, with another memory behind them. The bytes are not copied and must outlive
/// this object.
class PiecewiseMemory final : public MemorySource
{
public:
    /// Adds `bytes` at `address`, which may be any byte address; only whole 4-KiB pages of physical memory
    /// that lie inside one piece can be read. Pieces may overlap where they hold the same bytes; otherwise
    /// nothing is added and the address of the first byte that differs is returned.
    std::optional<PhysAddr> add(PhysAddr address, std::span<const std::byte> bytes);

    /// Pages that no piece holds are asked of `memory`, which must outlive this object. Call it before add(), which then
    /// compares with it, too.
    void back_with(const MemorySource &memory) { behind_ = &memory; }

    [[nodiscard]] std::span<const std::byte> page(PhysAddr page_address, std::span<std::byte> buffer) const override;
    [[nodiscard]] std::uint64_t size_bytes() const override;

private:
    [[nodiscard]] std::optional<PhysAddr> difference_behind(PhysAddr address, std::span<const std::byte> bytes) const;

    struct Piece {
        Range<PhysAddr> range;
        std::span<const std::byte> bytes;
    };
    std::vector<Piece> pieces_;  ///< sorted by address
    const MemorySource *behind_ = nullptr;
};

}  // namespace pgregion
