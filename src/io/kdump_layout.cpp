// SPDX-License-Identifier: GPL-2.0-or-later
//
// The layout of a kdump-compressed file. Sources: makedumpfile's IMPLEMENTATION and diskdump_mod.h, crash's diskdump.h,
// QEMU include/sysemu/dump.h. Little-endian, as are all machines whose tables pgregion knows.
//
//   block 0        header             kdump_part.cpp
//   block 1        sub header
//   then           first bitmap       the blocks that are memory, lowest bit first
//                  second bitmap      the blocks that are in the dump; without it the first stands for both
//   then           page descriptors   one per block in the dump: offset 8, size 4, flags 4, page flags 8
//   then           their data
#include "io/kdump_layout.h"

#include "base/bytes.h"
#include "io/failures.h"
#include "io/kdump_part.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <string>
#include <string_view>

namespace pgregion::io
{

namespace
{

constexpr std::size_t kDescriptorBytes = 24;
// zlib, lzo, snappy, zstd.
constexpr std::uint64_t kPacked = 0x27;
// 16 MiB here and 24 MiB in the child.
constexpr std::size_t kMostRanges = std::size_t{1} << 20;
constexpr std::size_t kPieceBytes = std::size_t{64} << 10;

enum class Data { there, cut_off, senseless };

// Reads descriptors one after another and tells of each whether its data is in the file.
class Descriptors
{
public:
    Descriptors(const PartFile &file, const KdumpPart &part, std::uint64_t block_bytes)
        : file_(file), part_(part), block_bytes_(block_bytes),
          buffer_(std::make_unique_for_overwrite<std::byte[]>(kBufferBytes))
    {
    }

    Data next()
    {
        if (at_ == filled_ && !refill())
            return Data::cut_off;
        const Bytes one(buffer_.get() + at_, kDescriptorBytes);
        at_ += kDescriptorBytes;
        const std::uint64_t offset = load_le64(one);
        const std::uint64_t size = load_le32(one, 8);
        // A size of 0: reserved, never written.
        if (size == 0 || offset > part_.size_bytes || size > part_.size_bytes - offset)
            return Data::cut_off;
        // Pages that do not become smaller are not packed. libkdumpfile has room for a block only, and does not check.
        const bool is_packed = (load_le32(one, 12) & kPacked) != 0;
        return size > block_bytes_ || (!is_packed && size != block_bytes_) ? Data::senseless : Data::there;
    }

private:
    static constexpr std::size_t kBufferBytes = kPieceBytes / kDescriptorBytes * kDescriptorBytes;

    bool refill()
    {
        if (is_at_end_)
            return false;
        const std::size_t got = file_.read(part_.descriptors_at + done_, {buffer_.get(), kBufferBytes});
        is_at_end_ = got < kBufferBytes;
        done_ += kBufferBytes;
        filled_ = got / kDescriptorBytes * kDescriptorBytes;
        at_ = 0;
        return filled_ != 0;
    }

    const PartFile &file_;
    const KdumpPart &part_;
    std::uint64_t block_bytes_;
    std::unique_ptr<std::byte[]> buffer_;
    std::size_t filled_ = 0;
    std::size_t at_ = 0;
    std::uint64_t done_ = 0;
    bool is_at_end_ = false;
};

// Goes through the second bitmap of a part.
class PartScan
{
public:
    PartScan(KdumpPart &part, KdumpLayout &layout)
        : file_(part.path, part.descriptor), part_(part), layout_(layout), descriptors_(file_, part, layout.block_bytes)
    {
    }

    void run()
    {
        const auto buffer = std::make_unique<std::byte[]>(kPieceBytes);
        const std::uint64_t bytes = (part_.end_block + 7) / 8;
        for (std::uint64_t done = part_.first_block / 64 * kWordBytes; done < bytes; done += kPieceBytes) {
            const MutableBytes piece(buffer.get(), kPieceBytes);
            std::ranges::fill(piece, std::byte{0});
            static_cast<void>(file_.read(part_.bitmap_at + done, piece));
            for (std::size_t at = 0; at < piece.size(); at += kWordBytes)
                take(load_le64(piece, at), (done + at) * 8);
        }
    }

private:
    void take(std::uint64_t word, std::uint64_t first)
    {
        for (; word != 0; word &= word - 1) {
            const std::uint64_t block = first + static_cast<unsigned>(std::countr_zero(word));
            if (block < part_.first_block || block >= part_.end_block)
                continue;
            const Data data = descriptors_.next();
            if (data == Data::there)
                add(block);
            else
                (data == Data::cut_off ? part_.cut_off_bytes : part_.senseless_bytes) += layout_.block_bytes;
        }
    }

    void add(std::uint64_t block)
    {
        auto &ranges = layout_.ranges;
        const PhysAddr address(block * layout_.block_bytes);
        if (!ranges.empty() && ranges.back().first + ranges.back().size == address) {
            ranges.back().size += layout_.block_bytes;
            return;
        }
        if (ranges.size() == kMostRanges)
            throw damaged_kdump(part_.path,
                                "its pages lie in more than 1048576 pieces, which is more than memory is kept for");
        ranges.push_back({address, layout_.block_bytes});
    }

    PartFile file_;
    KdumpPart &part_;
    KdumpLayout &layout_;
    Descriptors descriptors_;
};

// How many blocks the whole dump has; every part that holds some has the bitmap of all.
std::uint64_t count_dumped(const KdumpPart &part)
{
    const PartFile file(part.path, part.descriptor);
    const auto buffer = std::make_unique<std::byte[]>(kPieceBytes);
    std::uint64_t count = 0;
    const std::uint64_t bytes = part.all_blocks / 8;
    for (std::uint64_t done = 0; done < bytes; done += kPieceBytes) {
        const MutableBytes piece(buffer.get(),
                                 static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, bytes - done)));
        std::ranges::fill(piece, std::byte{0});
        static_cast<void>(file.read(part.bitmap_at + done, piece));
        for (const std::byte byte : piece)
            count += static_cast<unsigned>(std::popcount(std::to_integer<unsigned>(byte)));
    }
    return count;
}

// What lies in parts that were not given.
std::uint64_t bytes_elsewhere(const KdumpLayout &layout)
{
    std::uint64_t blocks = 0;
    for (const KdumpPart &part : layout.parts)
        blocks += part.end_block - part.first_block;
    const KdumpPart &any = layout.parts.front();
    if (blocks >= any.all_blocks)
        return 0;
    std::uint64_t known = layout.missing_bytes();
    for (const Range<PhysAddr> &range : layout.ranges)
        known += range.size;
    const std::uint64_t all = count_dumped(any) * layout.block_bytes;
    return all > known ? all - known : 0;
}

Error bad_part(const std::string &path, const std::string &problem, std::string_view hint)
{
    return failure(path, "bad-part", problem, hint);
}

// As makedumpfile --reassemble has it: the parts of a dump have the same header.
void require_one_dump(std::span<const KdumpPart> parts)
{
    constexpr auto kNameParts = "name the files of one dump that makedumpfile --split wrote, each once";
    if (parts.size() < 2)
        return;
    const KdumpPart &named = parts.front();
    for (const KdumpPart &part : parts) {
        if (!part.is_split)
            throw bad_part(part.path, "is a dump by itself, no part of one that makedumpfile --split wrote in several",
                           kNameParts);
        if (!are_of_one_dump(named, part))
            throw bad_part(part.path, "is a part of another dump than " + named.path + ": their headers differ",
                           kNameParts);
    }
}

}  // namespace

std::uint64_t KdumpLayout::bitmap_bytes() const
{
    std::uint64_t most = 0;
    for (const KdumpPart &part : parts)
        most = std::max(most, part.bitmap_bytes);
    return most;
}

std::uint64_t KdumpLayout::missing_bytes() const
{
    std::uint64_t missing = 0;
    for (const KdumpPart &part : parts)
        missing += part.cut_off_bytes + part.senseless_bytes;
    return missing;
}

KdumpLayout read_kdump_layout(std::span<const KdumpFile> files)
{
    KdumpLayout layout;
    for (const KdumpFile &file : files)
        layout.parts.push_back(read_part(file, layout));
    require_one_dump(layout.parts);
    layout.is_lone_part = layout.parts.size() == 1 && layout.parts.front().is_split;
    std::erase_if(layout.parts,
                  [](const KdumpPart &part) { return part.is_split && part.first_block == part.end_block; });
    if (layout.parts.empty())
        throw bad_part(files.front().path,
                       "is a part of a dump that makedumpfile --split wrote in several, and an empty one: it holds no "
                       "page of memory",
                       "name the others, too: --part FILE2");
    std::ranges::sort(layout.parts, {}, &KdumpPart::first_block);
    const KdumpPart *before = nullptr;
    for (KdumpPart &part : layout.parts) {
        if (before != nullptr && part.first_block < before->end_block)
            throw bad_part(part.path, "holds the same pages as the part " + before->path,
                           "name each file of the dump once");
        before = &part;
        PartScan(part, layout).run();
    }
    const KdumpPart &first = layout.parts.front();
    layout.elsewhere_bytes = bytes_elsewhere(layout);
    if (layout.ranges.empty())
        throw damaged_kdump(first.path, first.cut_off_bytes == 0 ? "none of its pages is in the file"
                                                                 : "it ends before the data of its first page");
    return layout;
}

}  // namespace pgregion::io
