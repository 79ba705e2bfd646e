// SPDX-License-Identifier: GPL-2.0-or-later
//
// The tracker of kho-v2 and later: a radix tree of bitmaps (see preserved_set.h).
#include "base/bits.h"
#include "handover/preserved_set.h"

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

    Kept look(PhysAddr address) override
    {
        Kept kept = Kept::no;
        for (unsigned order = 0; order <= kMaxOrder; ++order) {
            const Kept here = look(address, order);
            if (here == Kept::yes)
                return here;
            kept = here == Kept::unknown ? here : kept;
        }
        return kept;
    }

private:
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
    std::array<Leaf, kMaxOrder + 1> leaves_{};
    alignas(kWordBytes) std::array<std::byte, kPageBytes> buffer_{};
};

/// For a hand-over without a tracker.
class Unknown final : public PreservedSet
{
public:
    Kept look(PhysAddr) override { return Kept::unknown; }
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
