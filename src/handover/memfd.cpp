// SPDX-License-Identifier: GPL-2.0-or-later
//
// A memory file as "memfd-v2" (Linux 7.3 include/linux/kho/abi/memfd.h and kexec_handover.h):
//
//   memfd    +0 u64 pos | +8 u64 size | +16 u32 seals | +20 u32 flags | +24 u64 nr_folios | +32 kho vmalloc
//   vmalloc  +0 u64 first chunk | +8 u32 total pages | +12 u16 flags | +14 u16 order
//   chunk    a page: +0 u64 next | +8 u64 phys[511], each of 1 << order pages
//   folio    +0 u64: pfn in bits 51:0, flags in bits 63:52 | +8 u64 index in the file, in pages
//
// The size of a folio is stored nowhere but in the tracker, as the order under which it is kept.
#include "base/bits.h"
#include "handover/reader.h"

#include <set>

namespace pgregion::handover
{

namespace
{

constexpr unsigned kMemfdDepth = 5;
constexpr std::size_t kMemfdBytes = 48;
constexpr std::size_t kFolioBytes = 16;
constexpr std::size_t kMostRuns = std::size_t{1} << 18;
constexpr unsigned kPfnBits = 52;
constexpr unsigned kMostVmallocOrder = 10;

/// The array of folios, page by page.
class FolioReader
{
public:
    FolioReader(Reader &reader, std::size_t record, PhysAddr memfd) : reader_(reader), record_(record), memfd_(memfd) {}

    void read(PhysAddr first_chunk, unsigned order, std::uint64_t folios)
    {
        left_ = folios;
        follow(first_chunk, order);
        if (left_ != 0 && !cut_)
            reader_.note(HandoverProblemKind::array_too_short, memfd_, folios - left_);
    }

    /// True when the tracker could not tell of some folio whether it is kept, and how large it is.
    [[nodiscard]] bool is_unknown() const { return unknown_; }
    [[nodiscard]] std::uint64_t pages() const { return pages_; }
    [[nodiscard]] std::uint64_t lost() const { return lost_; }

private:
    void follow(PhysAddr chunk, unsigned order)
    {
        std::set<PhysAddr> seen;
        std::vector<std::byte> page(kPageBytes);
        while (chunk != PhysAddr(0) && left_ != 0) {
            if (chunk != page_of(chunk))
                return reader_.note(HandoverProblemKind::pointer_misaligned, memfd_, chunk.value());
            if (!seen.insert(chunk).second)
                return reader_.note(HandoverProblemKind::chain_cycle, memfd_, chunk.value());
            static_cast<void>(reader_.is_preserved(chunk));
            if (!reader_.read(chunk, page))
                return;
            for (std::size_t at = kWordBytes; at < kPageBytes && left_ != 0; at += kWordBytes) {
                const PhysAddr block(load_le64(page, at));
                if (block == PhysAddr(0) || !read_block(block, order))
                    return;
            }
            chunk = PhysAddr(load_le64(page));
        }
    }

    bool read_block(PhysAddr block, unsigned order)
    {
        for (std::uint64_t i = 0; i < std::uint64_t{1} << order && left_ != 0; ++i) {
            if (reader_.folio_pages_left == 0) {
                cut_ = true;
                reader_.note(HandoverProblemKind::chain_too_long, memfd_);
                return false;
            }
            --reader_.folio_pages_left;
            const PhysAddr at = block + i * kPageBytes;
            static_cast<void>(reader_.is_preserved(at));
            if (!reader_.read(at, array_))
                return false;
            for (std::size_t offset = 0; offset < kPageBytes && left_ != 0; offset += kFolioBytes, --left_)
                add(load_le64(array_, offset), load_le64(array_, offset + kWordBytes));
        }
        return true;
    }

    void add(std::uint64_t word, std::uint64_t index)
    {
        const PhysAddr at((word & low_bits(kPfnBits)) << kPageLg2);
        HandoverPages run{record_, index, at, 1, word >> kPfnBits, std::nullopt};
        const Block block = reader_.preserved == nullptr ? Block{} : reader_.preserved->find(at);
        // A folio is kept as one block; one that is kept inside of another's is no folio of this file.
        if (block.kept == Kept::yes && at.value() % (kPageBytes << block.order) == 0)
            run.pages = std::uint64_t{1} << block.order;
        unknown_ = unknown_ || block.kept == Kept::unknown;
        if (block.kept != Kept::unknown)
            run.preserved = block.kept == Kept::yes;
        pages_ += run.pages;
        if (run.preserved == false) {
            ++lost_;
            reader_.note(HandoverProblemKind::memory_not_preserved, memfd_, at.value());
        }
        store(run);
    }

    void store(const HandoverPages &run)
    {
        std::vector<HandoverPages> &pages = reader_.handover.pages;
        if (!pages.empty() && pages.back().record == record_) {
            HandoverPages &last = pages.back();
            if (last.index + last.pages == run.index && last.paddr + last.pages * kPageBytes == run.paddr &&
                last.flags == run.flags && last.preserved == run.preserved) {
                last.pages += run.pages;
                return;
            }
        }
        if (pages.size() < kMostRuns)
            pages.push_back(run);
        else
            reader_.note(HandoverProblemKind::too_many_records, memfd_);
    }

    Reader &reader_;
    std::size_t record_;
    PhysAddr memfd_;
    std::uint64_t left_ = 0;
    std::uint64_t pages_ = 0;
    std::uint64_t lost_ = 0;
    bool cut_ = false;
    bool unknown_ = false;
    std::vector<std::byte> array_ = std::vector<std::byte>(kPageBytes);
};

}  // namespace

void read_memfd(Reader &reader, PhysAddr data)
{
    std::array<std::byte, kMemfdBytes> bytes{};
    if (!reader.read(data, bytes))
        return;
    HandoverRecord *const record = reader.add("memfd", {}, kMemfdDepth, data);
    if (record == nullptr)
        return;
    const std::uint64_t folios = load_le64(bytes, 24);
    const PhysAddr first(load_le64(bytes, 32));
    const unsigned order = load_le32(bytes, 44) >> 16;
    record->fields = {word_field("pos", load_le64(bytes)),
                      word_field("size", load_le64(bytes, 8)),
                      word_field("seals", load_le32(bytes, 16)),
                      word_field("flags", load_le32(bytes, 20)),
                      number_field("folios", folios),
                      word_field("array", first.value()),
                      number_field("array_pages", load_le32(bytes, 40)),
                      number_field("array_order", order)};
    record->preserved = reader.is_preserved(data);
    const std::size_t index = reader.handover.records.size() - 1;
    if (order > kMostVmallocOrder)
        return reader.note(HandoverProblemKind::order_too_big, data, order);
    FolioReader reading(reader, index, data);
    reading.read(first, order, folios);
    std::vector<HandoverField> &fields = reader.handover.records[index].fields;
    if (reading.is_unknown())
        return;
    fields.push_back(number_field("pages", reading.pages()));
    fields.push_back(number_field("lost", reading.lost()));
}

}  // namespace pgregion::handover
