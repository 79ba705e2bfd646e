// SPDX-License-Identifier: GPL-2.0-or-later
//
// The header of a kdump-compressed file. Sources: makedumpfile's IMPLEMENTATION and diskdump_mod.h, crash's diskdump.h,
// QEMU include/sysemu/dump.h. Little-endian, as are all machines whose tables pgregion knows.
//
//   block 0        header             "KDUMP   ", version, utsname, then (byte, 64-bit machine / 32-bit machine)
//                    424/412 status       bit 3: not all that was to be written was written
//                    428/416 block_size   428 … 440: 32 bits each
//                    432/420 sub_hdr_size in blocks
//                    436/424 bitmap_blocks
//                    440/428 max_mapnr
//   block 1        sub header         12/8 split, 16/12 start_pfn, 24/16 end_pfn; version 6: 80/56 start_pfn_64,
//                                     88/64 end_pfn_64, 96/72 max_mapnr_64
//
// A 64-bit machine's offsets stand before those of a 32-bit one; in the sub header they count from its block.
#include "io/kdump_part.h"

#include "io/failures.h"

#include <pgregion/error.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <optional>
#include <string_view>

#include <unistd.h>

namespace pgregion::io
{

namespace
{

constexpr std::string_view kSignature = "KDUMP   ";
constexpr std::size_t kHeaderBytes = 464;
constexpr std::size_t kSubHeaderBytes = 104;
constexpr std::uint64_t kIncomplete = 8;
constexpr std::uint64_t kLargestBlock = std::uint64_t{1} << 18;
// 4 TiB of memory in blocks of 4 KiB. libkdumpfile holds it in memory.
constexpr std::uint64_t kMostBitmapBytes = std::uint64_t{128} << 20;
constexpr std::uint64_t kHighestOffset = ~std::uint64_t{0} >> 2;

struct Fields {
    std::size_t status;
    std::size_t block_size;
    std::size_t sub_header_blocks;
    std::size_t bitmap_blocks;
    std::size_t max_block;
    std::size_t split;
    std::size_t start;
    std::size_t end;
    std::size_t start_64;
    std::size_t end_64;
    std::size_t max_block_64;
    std::uint64_t word_mask;  ///< of start and end
};
constexpr Fields kFields64{424, 428, 432, 436, 440, 12, 16, 24, 80, 88, 96, ~std::uint64_t{0}};
constexpr Fields kFields32{412, 416, 420, 424, 428, 8, 12, 16, 56, 64, 72, 0xffffffff};

struct Header {
    std::uint64_t version = 0;
    std::uint64_t block_bytes = 0;
    std::uint64_t sub_header_blocks = 0;
    std::uint64_t bitmap_blocks = 0;
    std::uint64_t max_block = 0;
    std::uint64_t status = 0;
    const Fields *fields = nullptr;
};

bool is_block_size(std::uint64_t bytes)
{
    return bytes >= kPageBytes && bytes <= kLargestBlock && std::has_single_bit(bytes);
}

// Whether the machine had 32 or 64 bits is not said. libkdumpfile decides by what makes sense, 32 bits first; it and
// this reader must agree.
std::optional<Header> parse_header(Bytes bytes)
{
    for (const Fields *fields : {&kFields32, &kFields64}) {
        const std::uint64_t block_bytes = load_le32(bytes, fields->block_size);
        if (!is_block_size(block_bytes) ||
            load_le32(bytes, fields->bitmap_blocks) * block_bytes * 8 < load_le32(bytes, fields->max_block))
            continue;
        return Header{load_le32(bytes, kSignature.size()),
                      block_bytes,
                      load_le32(bytes, fields->sub_header_blocks),
                      load_le32(bytes, fields->bitmap_blocks),
                      load_le32(bytes, fields->max_block),
                      load_le32(bytes, fields->status),
                      fields};
    }
    return {};
}

Header read_header(const std::string &path, const PartFile &file)
{
    std::array<std::byte, kHeaderBytes> bytes{};
    if (file.read(0, bytes) != bytes.size())
        throw damaged_kdump(path, "it ends inside its header");
    if (!std::ranges::equal(std::span(bytes).first(kSignature.size()), std::as_bytes(std::span(kSignature))))
        throw damaged_kdump(path, "it does not begin with the signature of a kdump");
    const auto header = parse_header(bytes);
    if (!header)
        throw damaged_kdump(path,
                            "its block size is no power of two from 4096 to 262144, or its bitmap is smaller than its "
                            "memory, or it is of a big-endian machine");
    // Signed in the file; more than a few are never written.
    if (header->sub_header_blocks > 0xffff || header->version > 0xffff)
        throw damaged_kdump(path, "its header names version " + std::to_string(header->version) + " and " +
                                      std::to_string(header->sub_header_blocks) + " blocks of sub header");
    return *header;
}

// The sub header: which blocks the part holds, and how many there are in all. Returns the number of all.
std::uint64_t read_sub_header(const PartFile &file, const Header &header, KdumpPart &part)
{
    std::array<std::byte, kSubHeaderBytes> bytes{};
    if (file.read(header.block_bytes, bytes) != bytes.size() || header.version < 1)
        return header.max_block;
    const Fields &fields = *header.fields;
    part.is_split = header.version >= 2 && load_le32(bytes, fields.split) != 0;
    if (part.is_split && header.version >= 6) {
        part.first_block = load_le64(bytes, fields.start_64);
        part.end_block = load_le64(bytes, fields.end_64);
    } else if (part.is_split) {
        part.first_block = load_le64(bytes, fields.start) & fields.word_mask;
        part.end_block = load_le64(bytes, fields.end) & fields.word_mask;
    }
    return header.version >= 6 ? load_le64(bytes, fields.max_block_64) : header.max_block;
}

}  // namespace

std::uint64_t load_le32(Bytes bytes, std::size_t offset)
{
    std::array<std::byte, kWordBytes> word{};
    std::ranges::copy(bytes.subspan(offset, 4), word.begin());
    return load_le64(word);
}

Error damaged_kdump(const std::string &path, const std::string &problem)
{
    return failure(path, "damaged-dump", "is damaged: " + problem,
                   "see whether others can read it: makedumpfile --dump-dmesg FILE OUT, or crash; else dump again");
}

std::size_t PartFile::read(std::uint64_t offset, MutableBytes buffer) const
{
    std::size_t filled = 0;
    while (filled < buffer.size() && offset + filled <= kHighestOffset) {
        const ssize_t done =
            ::pread(descriptor_, buffer.data() + filled, buffer.size() - filled, static_cast<off_t>(offset + filled));
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            throw failure(path_, "cannot-read", "cannot be read: " + reason(errno), "see the kernel's log: dmesg");
        if (done == 0)
            break;
        filled += static_cast<std::size_t>(done);
    }
    return filled;
}

std::uint64_t PartFile::size_bytes() const
{
    const off_t end = ::lseek(descriptor_, 0, SEEK_END);
    if (end < 0)
        throw failure(path_, "cannot-read", "its size cannot be found: " + reason(errno), "see what it is: stat FILE");
    return static_cast<std::uint64_t>(end);
}

KdumpPart read_part(const KdumpFile &given, KdumpLayout &layout)
{
    const std::string &path = given.path;
    const PartFile file(path, given.descriptor);
    const Header header = read_header(path, file);
    KdumpPart part{path, given.descriptor, file.size_bytes()};
    part.end_block = ~std::uint64_t{0};
    const std::uint64_t max_block = read_sub_header(file, header, part);
    // The products are below 2^50: 32 bits each, or 18.
    const std::uint64_t both_bytes = header.bitmap_blocks * header.block_bytes;
    part.bitmap_at = (1 + header.sub_header_blocks) * header.block_bytes;
    part.descriptors_at = part.bitmap_at + both_bytes;
    part.bitmap_bytes = both_bytes;
    if (max_block <= both_bytes * 8 / 2) {
        part.bitmap_bytes = header.bitmap_blocks / 2 * header.block_bytes;
        part.bitmap_at += part.bitmap_bytes;
    }
    part.all_blocks = std::min(max_block, part.bitmap_bytes * 8);
    part.end_block = std::min(part.end_block, part.all_blocks);
    part.first_block = std::min(part.first_block, part.end_block);
    // makedumpfile leaves the end of the bitmap out of a part that holds nothing.
    const bool is_empty_part = part.is_split && part.first_block == part.end_block;
    if (part.descriptors_at > part.size_bytes && !is_empty_part)
        throw damaged_kdump(path, "it ends at byte " + std::to_string(part.size_bytes) +
                                      ", before its first page; its bitmap goes up to " +
                                      std::to_string(part.descriptors_at));
    if (part.bitmap_bytes > kMostBitmapBytes)
        throw damaged_kdump(path, "its bitmap has " + std::to_string(part.bitmap_bytes) + " bytes; up to " +
                                      std::to_string(kMostBitmapBytes) + " are supported (4 TiB in pages of 4 KiB)");
    if (layout.block_bytes != 0 && layout.block_bytes != header.block_bytes)
        throw damaged_kdump(path, "its blocks have another size than those of the other parts");
    layout.block_bytes = header.block_bytes;
    part.is_incomplete = (header.status & kIncomplete) != 0;
    return part;
}

bool are_of_one_dump(const KdumpPart &a, const KdumpPart &b)
{
    const auto header_of = [](const KdumpPart &part) {
        std::array<std::byte, kHeaderBytes> bytes{};
        static_cast<void>(PartFile(part.path, part.descriptor).read(0, bytes));
        if (const auto header = parse_header(bytes))
            std::ranges::fill(std::span(bytes).subspan(header->fields->status, 4), std::byte{0});
        return bytes;
    };
    return header_of(a) == header_of(b);
}

}  // namespace pgregion::io
