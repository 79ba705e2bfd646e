// SPDX-License-Identifier: GPL-2.0-or-later
//
// kdump-compressed files by recipe: pages in, the bytes of a file out (makedumpfile's IMPLEMENTATION, diskdump_mod.h).
// Bitmaps of one block each stand for up to 32768 blocks of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace pgregion::test
{

using Data = std::vector<std::byte>;

/// The values are the flags of page descriptors.
enum class PagePacking : std::uint32_t { none = 0, zlib = 1, lzo = 2, snappy = 4, zstd = 0x20 };

/// A file without a name.
class MemoryFile
{
public:
    explicit MemoryFile(std::span<const std::byte> content);
    MemoryFile(MemoryFile &&other) noexcept;
    MemoryFile &operator=(MemoryFile &&) = delete;
    MemoryFile(const MemoryFile &) = delete;
    MemoryFile &operator=(const MemoryFile &) = delete;
    ~MemoryFile();
    [[nodiscard]] int number() const { return number_; }

private:
    int number_;
};

class KdumpRecipe
{
public:
    explicit KdumpRecipe(std::size_t block_bytes = 4096) : block_bytes_(block_bytes) {}

    struct Descriptor {
        std::uint64_t offset;
        std::uint32_t size;
        std::uint32_t flags;
    };

    /// `content` is one block; for lzo and snappy it must be one byte again and again.
    KdumpRecipe &page(std::uint64_t block, const Data &content, PagePacking packing = PagePacking::none);
    /// Memory that was left out.
    KdumpRecipe &excluded(std::uint64_t block);
    /// This file holds the blocks from `first` to before `end`; the bitmaps tell of all.
    KdumpRecipe &part(std::uint64_t first, std::uint64_t end);
    KdumpRecipe &of_32_bits();
    KdumpRecipe &status(std::uint32_t status);
    /// So many bytes of notes, at the end of the file.
    KdumpRecipe &notes(std::uint32_t size);
    /// One note, what the kernel says of itself: lines KEY=VALUE.
    KdumpRecipe &vmcoreinfo(std::string_view lines);
    /// Instead of the true descriptor of the block with this place among those in the file.
    KdumpRecipe &descriptor(std::size_t place, Descriptor descriptor);
    /// Little-endian words of the finished file.
    KdumpRecipe &word32(std::size_t offset, std::uint32_t word);
    KdumpRecipe &word64(std::size_t offset, std::uint64_t word);

    [[nodiscard]] Data file() const;

private:
    struct Page {
        Data packed;
        PagePacking packing;
    };

    void write_header(Data &file) const;
    void write_sub_header(Data &file) const;
    void write_pages(Data &file) const;

    std::size_t block_bytes_;
    std::map<std::uint64_t, Page> pages_;
    std::set<std::uint64_t> excluded_;
    std::optional<std::pair<std::uint64_t, std::uint64_t>> part_;
    bool is_32_bits_ = false;
    std::uint32_t status_ = 1;
    Data notes_;
    std::map<std::size_t, Descriptor> descriptors_;
    std::map<std::size_t, std::uint32_t> words_;
};

}  // namespace pgregion::test
