// SPDX-License-Identifier: GPL-2.0-or-later
//
// The tracker of kho-v1: a chain of chunks of bitmaps (see preserved_set.h).
#include "base/bits.h"
#include "handover/count_preserved.h"
#include "handover/preserved_set.h"

#include <set>

namespace pgregion::handover
{

namespace
{

constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kPointerBytes = 16;
constexpr std::size_t kPointersPerChunk = (kPageBytes - kHeaderBytes) / kPointerBytes;
constexpr std::size_t kMostChunks = std::size_t{1} << 14;
constexpr std::size_t kMostBitmaps = std::size_t{1} << 20;
constexpr unsigned kNarrowBits = 4096;
constexpr unsigned kWideBits = 32768;
/// Bitmaps of one order do not overlap, in an honest chain; so many are asked where they do.
constexpr unsigned kMostOverlaps = 8;

struct Bitmap {
    unsigned order;
    PhysAddr start;
    PhysAddr bits;
    friend auto operator<=>(const Bitmap &, const Bitmap &) = default;
};

class ChunkMap final : public PreservedSet
{
public:
    ChunkMap(const MemorySource &memory, Handover &handover) : memory_(memory), handover_(handover)
    {
        read_chain(handover.map);
        std::ranges::sort(bitmaps_);
        bits_ = all_fit(kWideBits) ? kWideBits : kNarrowBits;
    }

    Block find(PhysAddr address) override
    {
        Kept kept = broken_ ? Kept::unknown : Kept::no;
        for (auto first = bitmaps_.begin(); first != bitmaps_.end();) {
            const unsigned order = first->order;
            const auto end =
                std::ranges::upper_bound(first, bitmaps_.end(), order, {}, [](const Bitmap &b) { return b.order; });
            const auto above = std::ranges::upper_bound(first, end, address, {}, &Bitmap::start);
            for (unsigned asked = 0; above - first > asked && asked < kMostOverlaps; ++asked) {
                const Kept here = look(*(above - 1 - asked), address);
                if (here == Kept::yes)
                    return {here, order};
                kept = here == Kept::unknown ? here : kept;
            }
            first = end;
        }
        return {kept};
    }

    bool count(PreservedMemory &memory) override
    {
        PreservedCounter counter(memory);
        bool whole = !broken_;
        for (const Bitmap &bitmap : bitmaps_) {
            const Bytes page = memory_.page(page_of(bitmap.bits), buffer_);
            const std::size_t skipped = bitmap.bits - page_of(bitmap.bits);
            if (page.size() < skipped + bits_ / 8) {
                handover_.note({HandoverProblemKind::page_missing, page_of(bitmap.bits)});
                whole = false;
                continue;
            }
            counter.bitmap(bitmap.order, bitmap.start, page.subspan(skipped, bits_ / 8));
        }
        counter.finish(whole, chunks_.size() + bitmaps_.size());
        return whole;
    }

    [[nodiscard]] std::uint64_t chunks() const { return chunks_.size(); }
    [[nodiscard]] std::uint64_t bitmaps() const { return bitmaps_.size(); }
    [[nodiscard]] unsigned bits() const { return bits_; }

private:
    void read_chain(PhysAddr chunk)
    {
        std::vector<std::byte> page(kPageBytes);
        while (chunk != PhysAddr(0)) {
            if (chunk != page_of(chunk))
                return broken(HandoverProblemKind::pointer_misaligned, last_, chunk.value());
            if (chunks_.size() >= kMostChunks || bitmaps_.size() >= kMostBitmaps)
                return broken(HandoverProblemKind::chain_too_long, last_);
            if (!chunks_.insert(chunk).second)
                return broken(HandoverProblemKind::chain_cycle, last_, chunk.value());
            if (!read_bytes(memory_, chunk, page))
                return broken(HandoverProblemKind::page_missing, chunk);
            read_chunk(chunk, page);
            last_ = chunk;
            chunk = PhysAddr(load_le64(page));
        }
    }

    void read_chunk(PhysAddr chunk, Bytes page)
    {
        const unsigned order = load_le32(page, 8);
        const std::uint32_t count = load_le32(page, 12);
        if (order > kMaxOrder)
            return broken(HandoverProblemKind::order_too_big, chunk, order);
        if (count > kPointersPerChunk)
            broken(HandoverProblemKind::count_too_big, chunk, count);
        for (std::size_t i = 0; i < std::min<std::size_t>(count, kPointersPerChunk); ++i) {
            const Bytes pointer = page.subspan(kHeaderBytes + i * kPointerBytes);
            bitmaps_.push_back({order, PhysAddr(load_le64(pointer)), PhysAddr(load_le64(pointer, 8))});
        }
    }

    /// Whether all bitmaps can be of `bits` bits: each begins at a multiple of what it covers, and at that of its own
    /// size.
    [[nodiscard]] bool all_fit(unsigned bits) const
    {
        return std::ranges::all_of(bitmaps_, [bits](const Bitmap &bitmap) {
            const std::uint64_t covered = std::uint64_t{bits} << (kPageLg2 + bitmap.order);
            return (covered == 0 || bitmap.start.value() % covered == 0) && bitmap.bits.value() % (bits / 8) == 0;
        });
    }

    Kept look(const Bitmap &bitmap, PhysAddr address)
    {
        const std::uint64_t bit = (address - bitmap.start) >> (kPageLg2 + bitmap.order);
        if (bit >= bits_)
            return Kept::no;
        const PhysAddr at = bitmap.bits + bit / 8;
        const Bytes page = memory_.page(page_of(at), buffer_);
        if (page.empty()) {
            handover_.note({HandoverProblemKind::page_missing, page_of(at)});
            return Kept::unknown;
        }
        const auto byte = std::to_integer<unsigned>(page[at - page_of(at)]);
        return (byte >> (bit % 8) & 1) != 0 ? Kept::yes : Kept::no;
    }

    void broken(HandoverProblemKind kind, PhysAddr at, std::uint64_t observed = 0)
    {
        broken_ = true;
        handover_.note({kind, at, observed});
    }

    const MemorySource &memory_;
    Handover &handover_;
    std::set<PhysAddr> chunks_;
    std::vector<Bitmap> bitmaps_;  ///< sorted by order and start
    unsigned bits_ = kNarrowBits;
    bool broken_ = false;  ///< some of the chain is not there: what no bitmap holds may be preserved all the same
    PhysAddr last_;
    alignas(kWordBytes) std::array<std::byte, kPageBytes> buffer_{};
};

}  // namespace

Tracker open_chunks(const MemorySource &memory, Handover &handover)
{
    auto map = std::make_unique<ChunkMap>(memory, handover);
    Tracker tracker;
    tracker.chunks = map->chunks();
    tracker.bitmaps = map->bitmaps();
    tracker.bitmap_bits = map->bits();
    tracker.set = std::move(map);
    return tracker;
}

}  // namespace pgregion::handover
