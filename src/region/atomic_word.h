// SPDX-License-Identifier: GPL-2.0-or-later
//
// One 64-bit word of live memory, changed bit by bit with compare-exchange. The memory may be shared with
// another process or a kernel, so no word is ever stored to without having been compared first, and bits
// outside the mask keep whatever value the others give them.
//
// Words here have the memory's byte order, not the host's idea of a little-endian value: masks built from bytes
// (edits) need no conversion, masks built from page numbers go through from_le64.
#pragma once

#include "base/bytes.h"

#include <atomic>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>

namespace pgregion
{

/// A value with bit numbers of a little-endian word, as it stands in memory; and back.
[[nodiscard]] constexpr std::uint64_t from_le64(std::uint64_t word)
{
    return std::endian::native == std::endian::little ? word : byte_swap(word);
}

class AtomicWord
{
public:
    /// The word at byte `offset` of `bytes`: inside, and at a multiple of 8 in memory.
    AtomicWord(MutableBytes bytes, std::size_t offset) : word_(at(bytes, offset)) {}

    [[nodiscard]] std::uint64_t load() const { return word_.load(std::memory_order_acquire); }

    /// Gives the bits of `mask` the values they have in `after` when they all have those of `before`; false,
    /// and nothing changed, when one has not.
    [[nodiscard]] bool change(std::uint64_t mask, std::uint64_t before, std::uint64_t after) const
    {
        std::uint64_t seen = load();
        do {
            if (((seen ^ before) & mask) != 0)
                return false;
            // Nothing to write: a store would dirty a page, and on a real device cost a write.
            if (((before ^ after) & mask) == 0)
                return true;
        } while (!word_.compare_exchange_weak(seen, (seen & ~mask) | (after & mask), std::memory_order_acq_rel,
                                              std::memory_order_acquire));
        return true;
    }

    /// As change, but bit by bit: those that still have `before` change, the others stay. Returns the bits of
    /// `mask` that stayed.
    [[nodiscard]] std::uint64_t change_where_equal(std::uint64_t mask, std::uint64_t before, std::uint64_t after) const
    {
        std::uint64_t seen = load();
        for (;;) {
            const std::uint64_t equal = mask & ~(seen ^ before);
            if (word_.compare_exchange_weak(seen, (seen & ~equal) | (after & equal), std::memory_order_acq_rel,
                                            std::memory_order_acquire))
                return mask & ~equal;
        }
    }

private:
    static_assert(std::atomic_ref<std::uint64_t>::is_always_lock_free, "a lock is not shared between processes");

    static std::uint64_t &at(MutableBytes bytes, std::size_t offset)
    {
        assert(offset + kWordBytes <= bytes.size());
        std::byte *place = bytes.data() + offset;
        assert(reinterpret_cast<std::uintptr_t>(place) % std::atomic_ref<std::uint64_t>::required_alignment == 0);
        return *reinterpret_cast<std::uint64_t *>(place);
    }

    std::atomic_ref<std::uint64_t> word_;
};

}  // namespace pgregion
