// SPDX-License-Identifier: GPL-2.0-or-later
//
// kdump-compressed files by recipe; see kdump_recipe.h.
#include "support/kdump_recipe.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

namespace pgregion::test
{

namespace
{

constexpr std::uint64_t kBlocks = 64;
constexpr std::size_t kDescriptorBytes = 24;

void put(Data &file, std::size_t offset, std::uint64_t number, unsigned bytes)
{
    if (file.size() < offset + bytes)
        file.resize(offset + bytes);
    for (unsigned n = 0; n < bytes; ++n)
        file[offset + n] = static_cast<std::byte>(number >> (8 * n) & 0xff);
}

void append(Data &to, std::span<const std::byte> bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

Data zlib(const Data &content)
{
    uLongf size = compressBound(content.size());
    Data packed(size);
    compress(reinterpret_cast<Bytef *>(packed.data()), &size, reinterpret_cast<const Bytef *>(content.data()),
             content.size());
    packed.resize(size);
    return packed;
}

Data zstd(const Data &content)
{
    Data packed(ZSTD_compressBound(content.size()));
    packed.resize(ZSTD_compress(packed.data(), packed.size(), content.data(), content.size(), 1));
    return packed;
}

// Of content that is one byte again and again: that byte, then one copy of all that went before (LZO stream format,
// Documentation/staging/lzo.rst of Linux): 17 + 1 literal; 32, then 31 + 255 per zero + a byte + 2 bytes from distance
// 1. The end mark follows.
Data lzo(const Data &content)
{
    Data packed{std::byte{18}, content.front(), std::byte{32}};
    std::size_t left = content.size() - 1 - 2 - 31;
    for (; left > 255; left -= 255)
        packed.push_back(std::byte{0});
    packed.push_back(static_cast<std::byte>(left));
    for (const int byte : {0, 0, 0x11, 0, 0})
        packed.push_back(static_cast<std::byte>(byte));
    return packed;
}

// The same for snappy (its format_description.txt): the size as a varint; one literal; copies of up to 64 bytes from
// distance 1.
Data snappy(const Data &content)
{
    Data packed;
    std::size_t size = content.size();
    for (; size >= 128; size >>= 7)
        packed.push_back(static_cast<std::byte>((size & 0x7f) | 0x80));
    packed.push_back(static_cast<std::byte>(size));
    packed.push_back(std::byte{0});
    packed.push_back(content.front());
    for (std::size_t left = content.size() - 1; left != 0;) {
        const std::size_t length = std::min<std::size_t>(left, 64);
        packed.push_back(static_cast<std::byte>((length - 1) << 2 | 2));
        packed.push_back(std::byte{1});
        packed.push_back(std::byte{0});
        left -= length;
    }
    return packed;
}

Data pack(const Data &content, PagePacking packing)
{
    switch (packing) {
    case PagePacking::zlib:
        return zlib(content);
    case PagePacking::lzo:
        return lzo(content);
    case PagePacking::snappy:
        return snappy(content);
    case PagePacking::zstd:
        return zstd(content);
    case PagePacking::none:
        break;
    }
    return content;
}

}  // namespace

MemoryFile::MemoryFile(std::span<const std::byte> content) : number_(::memfd_create("kdump", MFD_CLOEXEC))
{
    if (::write(number_, content.data(), content.size()) != static_cast<ssize_t>(content.size()))
        std::abort();
}

MemoryFile::MemoryFile(MemoryFile &&other) noexcept : number_(std::exchange(other.number_, -1)) {}

MemoryFile::~MemoryFile()
{
    if (number_ >= 0)
        ::close(number_);
}

KdumpRecipe &KdumpRecipe::page(std::uint64_t block, const Data &content, PagePacking packing)
{
    pages_[block] = {pack(content, packing), packing};
    return *this;
}

KdumpRecipe &KdumpRecipe::excluded(std::uint64_t block)
{
    excluded_.insert(block);
    return *this;
}

KdumpRecipe &KdumpRecipe::part(std::uint64_t first, std::uint64_t end)
{
    part_ = {first, end};
    return *this;
}

KdumpRecipe &KdumpRecipe::of_32_bits()
{
    is_32_bits_ = true;
    return *this;
}

KdumpRecipe &KdumpRecipe::status(std::uint32_t status)
{
    status_ = status;
    return *this;
}

KdumpRecipe &KdumpRecipe::notes(std::uint32_t size)
{
    notes_.resize(size);
    return *this;
}

KdumpRecipe &KdumpRecipe::vmcoreinfo(std::string_view lines)
{
    // Sizes of name and content, a type, then both, each filled up to four bytes (ELF gABI, "Note Section").
    constexpr std::string_view kName = "VMCOREINFO";
    put(notes_, 0, kName.size() + 1, 4);
    put(notes_, 4, lines.size(), 4);
    put(notes_, 8, 0, 4);
    append(notes_, std::as_bytes(std::span(kName)));
    notes_.resize(12 + 12);
    append(notes_, std::as_bytes(std::span(lines)));
    notes_.resize((notes_.size() + 3) / 4 * 4);
    return *this;
}

KdumpRecipe &KdumpRecipe::descriptor(std::size_t place, Descriptor descriptor)
{
    descriptors_[place] = descriptor;
    return *this;
}

KdumpRecipe &KdumpRecipe::word32(std::size_t offset, std::uint32_t word)
{
    words_[offset] = word;
    return *this;
}

KdumpRecipe &KdumpRecipe::word64(std::size_t offset, std::uint64_t word)
{
    return word32(offset, static_cast<std::uint32_t>(word)).word32(offset + 4, static_cast<std::uint32_t>(word >> 32));
}

void KdumpRecipe::write_header(Data &file) const
{
    constexpr std::string_view kSignature = "KDUMP   ";
    std::ranges::copy(std::as_bytes(std::span(kSignature)), file.begin());
    put(file, 8, 6, 4);
    const std::size_t at = is_32_bits_ ? 412 : 424;
    put(file, at, status_, 4);
    put(file, at + 4, block_bytes_, 4);
    put(file, at + 8, 1, 4);
    put(file, at + 12, 2, 4);
    put(file, at + 16, kBlocks, 4);
}

void KdumpRecipe::write_sub_header(Data &file) const
{
    const std::size_t word = is_32_bits_ ? 4 : 8;
    const std::size_t split_at = block_bytes_ + word + 4;
    if (part_) {
        put(file, split_at, 1, 4);
        put(file, split_at + 4, part_->first, static_cast<unsigned>(word));
        put(file, split_at + 4 + word, part_->second, static_cast<unsigned>(word));
    }
    const std::size_t last_at = block_bytes_ + (is_32_bits_ ? 56 : 80);
    put(file, last_at, part_ ? part_->first : 0, 8);
    put(file, last_at + 8, part_ ? part_->second : 0, 8);
    put(file, last_at + 16, kBlocks, 8);
}

void KdumpRecipe::write_pages(Data &file) const
{
    const std::size_t descriptors_at = 4 * block_bytes_;
    std::size_t place = 0;
    std::vector<const Page *> here;
    for (const auto &[block, page] : pages_) {
        for (const std::size_t bitmap : {2 * block_bytes_, 3 * block_bytes_})
            file[bitmap + block / 8] |= static_cast<std::byte>(1U << block % 8);
        if (!part_ || (block >= part_->first && block < part_->second))
            here.push_back(&page);
    }
    for (const std::uint64_t block : excluded_)
        file[2 * block_bytes_ + block / 8] |= static_cast<std::byte>(1U << block % 8);
    file.resize(descriptors_at + here.size() * kDescriptorBytes);
    for (const Page *page : here) {
        Descriptor descriptor{file.size(), static_cast<std::uint32_t>(page->packed.size()),
                              static_cast<std::uint32_t>(page->packing)};
        if (const auto other = descriptors_.find(place); other != descriptors_.end())
            descriptor = other->second;
        const std::size_t at = descriptors_at + place++ * kDescriptorBytes;
        put(file, at, descriptor.offset, 8);
        put(file, at + 8, descriptor.size, 4);
        put(file, at + 12, descriptor.flags, 4);
        append(file, page->packed);
    }
}

Data KdumpRecipe::file() const
{
    Data file(4 * block_bytes_);
    write_header(file);
    write_sub_header(file);
    write_pages(file);
    if (!notes_.empty()) {
        put(file, block_bytes_ + (is_32_bits_ ? 32 : 48), file.size(), 8);
        put(file, block_bytes_ + (is_32_bits_ ? 40 : 56), notes_.size(), is_32_bits_ ? 4 : 8);
        append(file, notes_);
    }
    for (const auto &[offset, word] : words_)
        put(file, offset, word, 4);
    return file;
}

}  // namespace pgregion::test
