// SPDX-License-Identifier: GPL-2.0-or-later
//
// The inode store and its lists. Every inode is entered once at most, so a list that turns in circles, or runs into
// another one, ends where it does that.
#include "region/area_inodes.h"

#include "base/bytes.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace pgregion::region
{

namespace
{

constexpr std::size_t kSibling = 8;
constexpr std::size_t kChild = 16;
constexpr std::size_t kName = 24;
constexpr std::size_t kNameBytes = 255;
constexpr std::size_t kBlockWord = 280;  // block in its lower half, the number of mappings in its upper half
constexpr unsigned kHalf = 32;

void decode(Bytes bytes, AreaInode &inode)
{
    inode.flags = static_cast<std::uint32_t>(load_le64(bytes));
    inode.sibling = load_le64(bytes, kSibling);
    inode.child = load_le64(bytes, kChild);
    const Bytes name = bytes.subspan(kName, kNameBytes);
    const auto end = std::ranges::find(name, std::byte{0});
    inode.name_ends = end != name.end();
    inode.name.reserve(static_cast<std::size_t>(end - name.begin()));
    std::ranges::transform(name.begin(), end, std::back_inserter(inode.name),
                           [](std::byte byte) { return static_cast<char>(byte); });
    const std::uint64_t word = load_le64(bytes, kBlockWord);
    inode.block = static_cast<std::int32_t>(static_cast<std::uint32_t>(word));
    inode.mappings = static_cast<std::int32_t>(static_cast<std::uint32_t>(word >> kHalf));
}

/// Follows one list after the other.
class Lists
{
public:
    explicit Lists(Area &area) : area_(area), entered_(kAreaInodes + 1, false) {}

    void directories()
    {
        AreaInode &root = at(kAreaRootInode);
        if (!root.readable)
            return;
        entered_[kAreaRootInode] = true;
        directory(root);
        // Where lists run into each other, the regions stay where they belong.
        const std::vector<std::uint32_t> top = area_.entries;
        for (const std::uint32_t entry : top) {
            if (at(entry).kind() == AreaInodeKind::iommu_directory)
                directory(at(entry));
        }
        // The entries grow while they are gone through: directories of directories come behind.
        for (std::size_t i = 0; i < area_.entries.size(); ++i) {
            const AreaInode &inode = at(area_.entries[i]);
            const bool is_done = i < top.size() && inode.kind() == AreaInodeKind::iommu_directory;
            if (inode.is_directory() && !is_done)
                directory(inode);
        }
    }

    void free_list()
    {
        AreaLink link{.free_list = true, .target = area_.next_free_inode};
        while (link.target != 0) {
            if (const auto fault = free_fault(link.target)) {
                add(link, *fault);
                return;
            }
            AreaInode &inode = at(static_cast<std::uint32_t>(link.target));
            inode.on_free_list = true;
            link.from = inode.number;
            link.target = inode.sibling;
        }
    }

private:
    AreaInode &at(std::uint32_t number) { return area_.inodes[number - 1]; }

    void directory(const AreaInode &holder)
    {
        AreaLink link{.directory = holder.number, .from = holder.number, .from_child = true, .target = holder.child};
        while (link.target != 0) {
            if (const auto fault = entry_fault(link.target, holder.number)) {
                add(link, *fault);
                return;
            }
            AreaInode &inode = at(static_cast<std::uint32_t>(link.target));
            entered_[inode.number] = true;
            inode.directory = holder.number;
            area_.entries.push_back(inode.number);
            link.from = inode.number;
            link.from_child = false;
            link.target = inode.sibling;
        }
    }

    std::optional<AreaLinkFault> entry_fault(std::uint64_t number, std::uint32_t holder)
    {
        if (number > kAreaInodes)
            return AreaLinkFault::outside;
        const AreaInode &inode = at(static_cast<std::uint32_t>(number));
        if (!inode.readable)
            return AreaLinkFault::unreadable;
        if (entered_[inode.number])
            return inode.directory == holder || holds(inode.number, holder) ? AreaLinkFault::cycle
                                                                            : AreaLinkFault::linked_twice;
        if (inode.flags == 0)
            return AreaLinkFault::free_entry;
        return std::nullopt;
    }

    /// Whether `upper` is `lower` or lies above it. Directories were entered from above, so this ends.
    bool holds(std::uint32_t upper, std::uint32_t lower)
    {
        while (lower != upper && lower != 0)
            lower = at(lower).directory;
        return lower == upper;
    }

    std::optional<AreaLinkFault> free_fault(std::uint64_t number)
    {
        if (number > kAreaInodes)
            return AreaLinkFault::outside;
        const AreaInode &inode = at(static_cast<std::uint32_t>(number));
        if (!inode.readable)
            return AreaLinkFault::unreadable;
        if (inode.on_free_list)
            return AreaLinkFault::cycle;
        if (inode.flags != 0)
            return AreaLinkFault::used_on_free;
        return std::nullopt;
    }

    void add(AreaLink link, AreaLinkFault fault)
    {
        link.fault = fault;
        area_.links.push_back(link);  // one per list: no more than there are inodes
    }

    Area &area_;
    std::vector<bool> entered_;
};

}  // namespace

AreaPiece read_piece(const MemorySource &memory, PhysAddr address, std::uint64_t size_bytes)
{
    AreaPiece piece;
    piece.bytes.resize(size_bytes);
    piece.pages.resize(size_bytes / kPageBytes);
    for (std::size_t page = 0; page < piece.pages.size(); ++page) {
        const std::span room = std::span(piece.bytes).subspan(page * kPageBytes, kPageBytes);
        const Bytes bytes = memory.page(address + page * kPageBytes, room);
        piece.pages[page] = !bytes.empty();
        if (bytes.empty()) {
            ++piece.missing_pages;
            std::ranges::fill(room, std::byte{0});
        } else if (bytes.data() != room.data()) {
            std::memcpy(room.data(), bytes.data(), kPageBytes);
        }
    }
    return piece;
}

std::optional<std::uint64_t> first_data(std::span<const std::byte> bytes)
{
    if (all_zero(bytes))
        return std::nullopt;
    const auto first = std::ranges::find_if(bytes, [](std::byte byte) { return byte != std::byte{0}; });
    return static_cast<std::uint64_t>(first - bytes.begin());
}

void read_inodes(const MemorySource &memory, Area &area)
{
    const AreaPiece store = read_piece(memory, area.base + kAreaInodeStoreOffset, kAreaBlockBytes);
    area.missing_pages += store.missing_pages;
    area.inodes.resize(kAreaInodes);
    for (std::uint32_t number = 1; number <= kAreaInodes; ++number) {
        AreaInode &inode = area.inodes[number - 1];
        inode.number = number;
        const std::uint64_t at = (number - 1) * kAreaInodeBytes;
        inode.readable = store.pages[at / kPageBytes] && store.pages[(at + kAreaInodeBytes - 1) / kPageBytes];
        if (inode.readable)
            decode(std::span(store.bytes).subspan(at, kAreaInodeBytes), inode);
    }
    constexpr std::uint64_t kEnd = kAreaInodes * kAreaInodeBytes;
    if (const auto first = first_data(std::span(store.bytes).subspan(kEnd)))
        area.behind_inodes = kAreaInodeStoreOffset + kEnd + *first;
}

void follow_lists(Area &area)
{
    Lists lists(area);
    lists.directories();
    lists.free_list();
}

}  // namespace pgregion::region
