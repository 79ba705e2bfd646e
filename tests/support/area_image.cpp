// SPDX-License-Identifier: GPL-2.0-or-later
#include "support/area_image.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace pgregion::test
{

namespace
{

constexpr std::uint64_t kStore = 0x200000;
constexpr std::uint64_t kBits = 0x100000;
constexpr std::uint64_t kInode = 288;
constexpr std::uint32_t kInodes = 7281;
constexpr std::uint64_t kBlock = 0x200000;
constexpr std::uint64_t kNameAt = 24;
constexpr std::uint64_t kNameBytes = 255;

std::uint64_t place_of(std::uint32_t number, std::uint64_t at = 0) { return kStore + (number - 1) * kInode + at; }

struct Place {
    std::uint64_t at;
    unsigned bytes;
};

Place place_of(AreaField field)
{
    switch (field) {
    case AreaField::flags:
        return {0, 4};
    case AreaField::sibling:
        return {8, 8};
    case AreaField::child:
        return {16, 8};
    case AreaField::block:
        return {280, 4};
    case AreaField::mappings:
        break;
    }
    return {284, 4};
}

}  // namespace

AreaImage::AreaImage(std::uint64_t blocks, PhysAddr base) : blocks_(blocks), base_(base)
{
    put64(0, 0x706b65726e6673);
    for (std::uint32_t number = 1; number < kInodes; ++number)
        set_inode(number, AreaField::sibling, number + 1);
    set_inode(1, AreaField::flags, 2);
    set_name(1, ".");
    set_next_free(2);
    set_bit(0, 1);
    set_bit(1, 1);
}

void AreaImage::boot()
{
    const std::uint32_t iommu = add_inode(1, "iommu", 4);
    const std::uint32_t root = add_inode(iommu, "root-pgtables", 8);
    const std::uint64_t block = take_block();
    set_inode(root, AreaField::block, block);
    put64(block * kBlock, 1);  // opened
}

std::uint32_t AreaImage::add_domain(const std::string &name)
{
    const std::uint32_t inode = add_inode(find("iommu"), name, 16);
    const std::uint64_t block = take_block();
    set_inode(inode, AreaField::block, block);
    put64(block * kBlock, 1);
    return inode;
}

std::uint32_t AreaImage::add_directory(const std::string &directory, const std::string &name)
{
    return add_inode(find(directory), name, 2);
}

std::uint32_t AreaImage::add_file(const std::string &directory, const std::string &name, std::uint64_t blocks)
{
    const std::uint32_t inode = add_inode(find(directory), name, 1);
    const std::uint64_t mappings = take_block();
    set_inode(inode, AreaField::block, mappings);
    for (std::uint64_t i = 0; i < blocks; ++i)
        put64(mappings * kBlock + 8 * i, take_block());
    set_inode(inode, AreaField::mappings, blocks);
    return inode;
}

void AreaImage::remove(const std::string &path)
{
    const std::uint32_t inode = find(path);
    const std::size_t slash = path.rfind('/');
    const std::uint32_t directory = find(slash == std::string::npos ? "" : path.substr(0, slash));
    const std::uint64_t next = inode_field(inode, AreaField::sibling);
    auto before = static_cast<std::uint32_t>(inode_field(directory, AreaField::child));
    if (before == inode) {
        set_inode(directory, AreaField::child, next);
    } else {
        while (inode_field(before, AreaField::sibling) != inode)
            before = static_cast<std::uint32_t>(inode_field(before, AreaField::sibling));
        set_inode(before, AreaField::sibling, next);
    }
    for (std::uint64_t at = 0; at < kInode; at += 8)
        put64(place_of(inode, at), 0);
    set_inode(inode, AreaField::sibling, get64(8));
    set_next_free(inode);
}

void AreaImage::put_region(const std::string &path, const std::vector<std::byte> &bytes)
{
    const std::uint64_t at = inode_field(find(path), AreaField::block) * kBlock;
    for (std::uint64_t page = 0; page < bytes.size() / kPageBytes; ++page) {
        const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(page * kPageBytes);
        const auto end = begin + static_cast<std::ptrdiff_t>(kPageBytes);
        if (std::any_of(begin, end, [](std::byte byte) { return byte != std::byte{0}; }))
            std::copy(begin, end, pages_[at / kPageBytes + page].begin());
        else
            pages_.erase(at / kPageBytes + page);
    }
}

void AreaImage::set_inode(std::uint32_t number, AreaField field, std::uint64_t value)
{
    const Place place = place_of(field);
    put(place_of(number, place.at), value, place.bytes);
}

std::uint64_t AreaImage::inode_field(std::uint32_t number, AreaField field) const
{
    const Place place = place_of(field);
    return get(place_of(number, place.at), place.bytes);
}

void AreaImage::set_name(std::uint32_t number, const std::string &name)
{
    for (std::uint64_t i = 0; i < kNameBytes; ++i)
        put(place_of(number, kNameAt + i), i < name.size() ? static_cast<unsigned char>(name[i]) : 0, 1);
}

std::string AreaImage::name_of(std::uint32_t number) const
{
    std::string name;
    for (std::uint64_t i = 0; i < kNameBytes; ++i) {
        const auto letter = static_cast<char>(get(place_of(number, kNameAt + i), 1));
        if (letter == '\0')
            break;
        name += letter;
    }
    return name;
}

std::uint32_t AreaImage::find(const std::string &path) const
{
    std::uint64_t inode = 1;
    for (std::size_t at = 0; at < path.size();) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        inode = inode_field(static_cast<std::uint32_t>(inode), AreaField::child);
        while (inode != 0 && name_of(static_cast<std::uint32_t>(inode)) != path.substr(at, end - at))
            inode = inode_field(static_cast<std::uint32_t>(inode), AreaField::sibling);
        if (inode == 0)
            throw std::runtime_error("no file " + path);
        at = end + 1;
    }
    return static_cast<std::uint32_t>(inode);
}

std::uint32_t AreaImage::add_inode(std::uint32_t directory, const std::string &name, std::uint32_t flags)
{
    const auto inode = static_cast<std::uint32_t>(get64(8));
    set_next_free(inode_field(inode, AreaField::sibling));
    set_inode(inode, AreaField::sibling, inode_field(directory, AreaField::child));
    set_inode(directory, AreaField::child, inode);
    set_name(inode, name);
    set_inode(inode, AreaField::flags, flags);
    return inode;
}

std::uint64_t AreaImage::take_block()
{
    std::uint64_t block = 0;
    while ((get(kBits + block / 8, 1) >> (block % 8) & 1) != 0)
        ++block;
    set_bit(block, 1);
    return block;
}

void AreaImage::set_bit(std::uint64_t block, std::uint64_t value)
{
    const std::uint64_t byte = get(kBits + block / 8, 1);
    const std::uint64_t mask = std::uint64_t{1} << (block % 8);
    put(kBits + block / 8, value != 0 ? byte | mask : byte & ~mask, 1);
}

void AreaImage::put(std::uint64_t offset, std::uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; ++i) {
        const std::uint64_t at = offset + i;
        pages_[at / kPageBytes][at % kPageBytes] = static_cast<std::byte>(value >> (8 * i));
    }
}

std::uint64_t AreaImage::get(std::uint64_t offset, unsigned bytes) const
{
    std::uint64_t value = 0;
    for (unsigned i = 0; i < bytes; ++i) {
        const std::uint64_t at = offset + i;
        const auto found = pages_.find(at / kPageBytes);
        if (found != pages_.end())
            value |= std::to_integer<std::uint64_t>(found->second[at % kPageBytes]) << (8 * i);
    }
    return value;
}

std::span<const std::byte> AreaImage::page(PhysAddr page_address, std::span<std::byte>) const
{
    static const Page kZeros{};
    const std::uint64_t number = (page_address - base_) / kPageBytes;
    if (number >= size_bytes() / kPageBytes || holes_.contains(number))
        return {};
    const auto found = pages_.find(number);
    return found == pages_.end() ? kZeros : found->second;
}

void AreaImage::write_file(const std::string &path) const
{
    std::ofstream file(path, std::ios::binary);
    for (const auto &[number, bytes] : pages_) {
        if (number >= size_bytes() / kPageBytes || holes_.contains(number))
            continue;
        file.seekp(static_cast<std::streamoff>(number * kPageBytes));
        file.write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
    file.close();
    std::filesystem::resize_file(path, size_bytes());
}

}  // namespace pgregion::test
