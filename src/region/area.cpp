// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/bytes.h"
#include "region/area_inodes.h"

#include <pgregion/area.h>
#include <pgregion/error.h>

#include <algorithm>
#include <array>

namespace pgregion
{

namespace
{

/// Of a prototype with names of 32 bytes.
constexpr std::uint64_t kPrototypeMagic = 0x6345789;
constexpr std::uint64_t kBitmapBytesOfArea = kAreaBlocks / 8;
constexpr std::uint64_t kReservedBlocks = 2;
constexpr std::uint64_t kBitsOfPage = kPageBytes * 8;

std::optional<std::array<std::uint64_t, 2>> super_block(const MemorySource &memory, PhysAddr base)
{
    std::array<std::byte, kPageBytes> buffer{};
    const Bytes page = memory.page(base, buffer);
    if (page.empty())
        return std::nullopt;
    return std::array{load_le64(page), load_le64(page, kWordBytes)};
}

/// Bits of super block and inode store set, and inode 1 the directory ".": the magic alone was lost.
bool is_rest_of_area(const MemorySource &memory, PhysAddr base)
{
    constexpr std::uint64_t kPresetBits = 3;
    constexpr std::uint64_t kDirectoryFlag = 2;
    constexpr std::size_t kNameAt = 24;
    std::array<std::byte, kPageBytes> buffer{};
    const Bytes bitmap = memory.page(base + kAreaBitmapOffset, buffer);
    if (bitmap.empty() || (load_le64(bitmap) & kPresetBits) != kPresetBits)
        return false;
    const Bytes inodes = memory.page(base + kAreaInodeStoreOffset, buffer);
    return !inodes.empty() && load_le64(inodes) == kDirectoryFlag && inodes[kNameAt] == std::byte{'.'} &&
           all_zero(inodes.subspan(kNameAt + 1, kAreaInodeBytes - kNameAt - 1));
}

std::array<std::uint64_t, 2> require_super_block(const MemorySource &memory, PhysAddr base)
{
    constexpr const char *kHint = "say where the area begins: --offset BYTES, or --at PA in a dump (pkernfs=SIZE!BASE "
                                  "of the kernel command line); "
                                  "pgregion scan looks for one";
    const auto words = super_block(memory, base);
    if (!words)
        throw Error(Failure::operational, "not-an-area",
                    "the source holds no memory at the place of the super block: there is no area to read", kHint);
    if ((*words)[0] == kPrototypeMagic)
        throw Error(
            Failure::operational, "unsupported-area",
            "this is an area of a pkernfs prototype that was never posted (magic 0x6345789, names of 32 bytes): "
            "its inodes lie elsewhere, so nothing in it would be read as it is meant",
            "read its regions one by one: --offset BYTES of a region");
    if ((*words)[0] != kAreaMagic && !is_rest_of_area(memory, base))
        throw Error(Failure::operational, "not-an-area",
                    "there is no pkernfs super block (magic 0x706b65726e6673) at this place", kHint);
    return *words;
}

void read_bitmap(const MemorySource &memory, Area &area)
{
    const auto half = region::read_piece(memory, area.base + kAreaBitmapOffset, kAreaBlockBytes - kAreaBitmapOffset);
    area.bitmap.resize(kAreaBlocks / 64);
    for (std::size_t i = 0; i < area.bitmap.size(); ++i)
        area.bitmap[i] = load_le64(half.bytes, i * kWordBytes);
    constexpr auto kPages = static_cast<std::ptrdiff_t>(kBitmapBytesOfArea / kPageBytes);
    area.bitmap_pages.assign(half.pages.begin(), half.pages.begin() + kPages);
    area.missing_pages += static_cast<std::uint64_t>(std::ranges::count(area.bitmap_pages, false));
    if (const auto first = region::first_data(std::span(half.bytes).subspan(kBitmapBytesOfArea)))
        area.behind_bitmap = kAreaBitmapOffset + kBitmapBytesOfArea + *first;
}

}  // namespace

std::string_view name(AreaInodeKind kind)
{
    switch (kind) {
    case AreaInodeKind::free:
        return "free";
    case AreaInodeKind::file:
        return "file";
    case AreaInodeKind::directory:
        return "directory";
    case AreaInodeKind::iommu_directory:
        return "iommu-directory";
    case AreaInodeKind::root_region:
        return "root-region";
    case AreaInodeKind::domain_region:
        return "domain-region";
    case AreaInodeKind::unknown:
        break;
    }
    return "unknown";
}

AreaInodeKind AreaInode::kind() const
{
    switch (flags) {
    case 0:
        return AreaInodeKind::free;
    case 1:
        return AreaInodeKind::file;
    case 2:
        return AreaInodeKind::directory;
    case 4:
        return AreaInodeKind::iommu_directory;
    case 8:
        return AreaInodeKind::root_region;
    case 16:
        return AreaInodeKind::domain_region;
    default:
        return AreaInodeKind::unknown;
    }
}

std::optional<bool> Area::allocated(std::uint64_t block) const
{
    if (!bitmap_pages[block / kBitsOfPage])
        return std::nullopt;
    return (bitmap[block / 64] >> (block % 64) & 1) != 0;
}

bool is_area(const MemorySource &memory, PhysAddr base)
{
    const auto words = super_block(memory, base);
    return words && (*words)[0] == kAreaMagic;
}

bool Area::knows_all_uses() const
{
    const auto is_hole = [](const AreaBlockUse &use) { return use.fault == AreaBlockFault::unreadable; };
    return !truncated && std::ranges::all_of(inodes, &AreaInode::readable) && std::ranges::none_of(uses, is_hole);
}

Area read_area(const MemorySource &memory, PhysAddr base, std::optional<std::uint64_t> size_bytes, AreaEnd end)
{
    Area area;
    area.base = base;
    const auto words = require_super_block(memory, base);
    area.magic = words[0];
    area.next_free_inode = words[1];
    area.size_known = size_bytes.has_value();
    if (size_bytes)
        area.blocks = std::min(*size_bytes / kAreaBlockBytes, kAreaBlocks);
    read_bitmap(memory, area);
    const std::span behind =
        std::span(area.bitmap).subspan(std::min<std::size_t>(area.blocks / 64, area.bitmap.size()));
    const bool more = !behind.empty() && ((behind.front() >> area.blocks % 64) != 0 ||
                                          std::ranges::any_of(behind.subspan(1), [](auto word) { return word != 0; }));
    area.ends_early = size_bytes && end == AreaEnd::of_source && (more || area.blocks < kReservedBlocks);
    region::read_inodes(memory, area);
    region::follow_lists(area);
    region::follow_blocks(memory, area);
    region::find_orphans(memory, area);
    return area;
}

std::optional<std::string> area_path(const Area &area, std::uint32_t inode)
{
    if (inode == kAreaRootInode)
        return ".";
    std::vector<std::string_view> names;
    std::size_t bytes = 0;
    for (; inode != kAreaRootInode; inode = area.inode(inode).directory) {
        if (inode == 0 || bytes > kAreaPathBytes)
            return std::nullopt;
        names.emplace_back(area.inode(inode).name);
        bytes += names.back().size() + 1;
    }
    if (bytes > kAreaPathBytes)
        return std::nullopt;
    std::string path;
    for (auto part = names.rbegin(); part != names.rend(); ++part) {
        path += path.empty() ? "" : "/";
        path += *part;
    }
    return path;
}

namespace
{

/// The first entry of a directory that has this name, as the kernel looks for it: along the list, wherever it leads.
std::optional<std::uint32_t> find_entry(const Area &area, std::uint32_t directory, std::string_view name)
{
    std::uint64_t number = area.inode(directory).child;
    for (std::uint32_t steps = 0; number != 0 && number <= kAreaInodes && steps < kAreaInodes; ++steps) {
        const AreaInode &inode = area.inode(static_cast<std::uint32_t>(number));
        if (inode.readable && inode.name == name)
            return inode.number;
        number = inode.sibling;
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::uint32_t> find_in_area(const Area &area, std::string_view path)
{
    std::uint32_t inode = kAreaRootInode;
    for (std::size_t at = 0; at < path.size();) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        const std::string_view part = path.substr(at, end - at);
        at = end + 1;
        if (part.empty())
            continue;
        const auto found = find_entry(area, inode, part);
        if (!found)
            return std::nullopt;
        inode = *found;
    }
    return inode;
}

}  // namespace pgregion
