// SPDX-License-Identifier: GPL-2.0-or-later
//
// The tracker of kho-v2 and later: a radix tree of bitmaps (see preserved_set.h).
#include "base/bits.h"
#include "handover/count_preserved.h"
#include "handover/preserved_set.h"

#include <unordered_set>

namespace pgregion::handover
{

namespace
{

constexpr unsigned kOrderBit = 64 - kPageLg2;  // of order 0; the order bit of order n is n further down
constexpr unsigned kLeafLg2 = 15;              // 32768 bits of a page
constexpr unsigned kNodeLg2 = 9;               // 512 words of a page
constexpr unsigned kTopLevel = 5;

class RadixMap final : public PreservedSet
{
public:
    RadixMap(const MemorySource &memory, Handover &handover) : memory_(memory), handover_(handover) {}

    Block find(PhysAddr address) override
    {
        // Where all keys were counted, only their orders need be asked.
        if (handover_.preserved_memory.counted) {
            for (const PreservedOrder &order : handover_.preserved_memory.orders) {
                if (const Kept here = look(address, order.order); here != Kept::no)
                    return {here, order.order};
            }
            return {Kept::no};
        }
        Kept kept = Kept::no;
        for (unsigned order = 0; order <= kMaxOrder; ++order) {
            const Kept here = look(address, order);
            if (here == Kept::yes)
                return {here, order};
            kept = here == Kept::unknown ? here : kept;
        }
        return {kept};
    }

    bool count(PreservedMemory &memory) override
    {
        PreservedCounter counter(memory);
        seen_.clear();
        const bool whole = count_below(handover_.map, kTopLevel, 0, counter);
        counter.finish(whole, seen_.size());
        return whole;
    }

private:
    /// No tracker of any memory has more pages.
    static constexpr std::size_t kMostNodes = std::size_t{1} << 20;

    bool count_below(PhysAddr node, unsigned level, std::uint64_t prefix, PreservedCounter &counter)
    {
        if (seen_.size() >= kMostNodes)
            return fails(HandoverProblemKind::chain_too_long, node);
        if (!seen_.insert(node.value()).second)
            return fails(HandoverProblemKind::chain_cycle, handover_.map, node.value());
        const Bytes bytes = read(node);
        if (bytes.empty())
            return false;
        const std::vector<std::byte> page(bytes.begin(), bytes.end());
        if (level == 0)
            return count_bitmap(node, prefix, page, counter);
        bool whole = true;
        for (std::uint64_t index = 0; index < kPageBytes / kWordBytes; ++index) {
            const PhysAddr child(load_le64(page, index * kWordBytes));
            if (child != PhysAddr(0))
                whole = count_below(child, level - 1, prefix << kNodeLg2 | index, counter) && whole;
            if (seen_.size() >= kMostNodes)
                break;
        }
        return whole;
    }

    /// All keys of a bitmap are of one order, but for those that no memory has.
    bool count_bitmap(PhysAddr node, std::uint64_t prefix, Bytes page, PreservedCounter &counter)
    {
        const unsigned top = prefix == 0 ? 0 : 63 - static_cast<unsigned>(std::countl_zero(prefix)) + kLeafLg2;
        if (top > kOrderBit || kOrderBit - top > kMaxOrder) {
            const auto is_set = [](std::byte byte) { return byte != std::byte{0}; };
            return std::ranges::none_of(page, is_set) ||
                   fails(HandoverProblemKind::order_too_big, node, top > kOrderBit ? 0 : kOrderBit - top);
        }
        const unsigned order = kOrderBit - top;
        const std::uint64_t key = (prefix << kLeafLg2) - bit(top);
        counter.bitmap(order, PhysAddr(key << (kPageLg2 + order)), page);
        return true;
    }

    bool fails(HandoverProblemKind kind, PhysAddr at, std::uint64_t observed = 0)
    {
        handover_.note({kind, at, observed});
        return false;
    }

    /// A way down the tree that was found once: neighbours share it.
    struct Leaf {
        std::uint64_t prefix = ~std::uint64_t{0};
        Kept kept = Kept::no;  ///< yes: there is a bitmap
        PhysAddr bitmap;
    };

    Kept look(PhysAddr address, unsigned order)
    {
        const std::uint64_t key = bit(kOrderBit - order) | address.value() >> (kPageLg2 + order);
        Leaf &leaf = leaves_[order];
        if (leaf.prefix != key >> kLeafLg2)
            leaf = find(key);
        if (leaf.kept != Kept::yes)
            return leaf.kept;
        const std::uint64_t index = key & low_bits(kLeafLg2);
        const Bytes page = read(leaf.bitmap);
        if (page.empty())
            return Kept::unknown;
        return (std::to_integer<unsigned>(page[index / 8]) >> (index % 8) & 1) != 0 ? Kept::yes : Kept::no;
    }

    Leaf find(std::uint64_t key)
    {
        Leaf leaf{key >> kLeafLg2, Kept::no, handover_.map};
        for (unsigned level = kTopLevel; level > 0; --level) {
            const Bytes page = read(leaf.bitmap);
            if (page.empty()) {
                leaf.kept = Kept::unknown;
                return leaf;
            }
            const std::uint64_t index = key >> (kLeafLg2 + kNodeLg2 * (level - 1)) & low_bits(kNodeLg2);
            leaf.bitmap = PhysAddr(load_le64(page, index * kWordBytes));
            if (leaf.bitmap == PhysAddr(0))
                return leaf;
        }
        leaf.kept = Kept::yes;
        return leaf;
    }

    Bytes read(PhysAddr node)
    {
        if (node != page_of(node)) {
            handover_.note({HandoverProblemKind::pointer_misaligned, handover_.map, node.value()});
            return {};
        }
        const Bytes page = memory_.page(node, buffer_);
        if (page.empty())
            handover_.note({HandoverProblemKind::page_missing, node});
        return page;
    }

    const MemorySource &memory_;
    Handover &handover_;
    std::unordered_set<std::uint64_t> seen_;  ///< pages of the tracker
    std::array<Leaf, kMaxOrder + 1> leaves_{};
    alignas(kWordBytes) std::array<std::byte, kPageBytes> buffer_{};
};

/// For a hand-over without a tracker.
class Unknown final : public PreservedSet
{
public:
    Block find(PhysAddr) override { return {}; }
    bool count(PreservedMemory &) override { return false; }
};

}  // namespace

Tracker open_radix_tree(const MemorySource &memory, Handover &handover)
{
    Tracker tracker;
    tracker.set = std::make_unique<RadixMap>(memory, handover);
    tracker.bitmap_bits = 1U << kLeafLg2;
    return tracker;
}

Tracker open_tracker(const MemorySource &memory, Handover &handover)
{
    if (handover.tracker_consumed)
        return {std::make_unique<Unknown>()};
    switch (handover.tracker) {
    case HandoverTracker::chunks:
        return open_chunks(memory, handover);
    case HandoverTracker::radix:
        return open_radix_tree(memory, handover);
    case HandoverTracker::none:
        break;
    }
    return {std::make_unique<Unknown>()};
}

}  // namespace pgregion::handover
