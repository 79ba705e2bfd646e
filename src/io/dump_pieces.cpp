// SPDX-License-Identifier: GPL-2.0-or-later
//
// The index over a dump's segments; see dump_pieces.h. It is made in one sweep upwards through the addresses, with the
// segments that cover the present place in a heap, the earliest of the file on top: n log n whatever overlaps.
#include "io/dump_pieces.h"

#include "io/failures.h"

#include <cassert>
#include <functional>
#include <numeric>
#include <queue>

namespace pgregion::io
{

namespace
{

PhysAddr end_of(const DumpPiece &piece) { return piece.first + piece.size; }

class Sweep
{
public:
    explicit Sweep(const std::vector<DumpPiece> &segments) : segments_(segments)
    {
        pieces_.reserve(std::min(2 * segments.size(), DumpPieces::kMost));
    }

    /// False when there are too many pieces.
    bool run()
    {
        std::vector<std::uint32_t> order(segments_.size());
        std::iota(order.begin(), order.end(), 0U);
        std::ranges::sort(order, {}, [this](std::uint32_t number) { return segments_[number].first; });
        for (const std::uint32_t number : order) {
            if (!go_on_to(segments_[number].first))
                return false;
            active_.push(number);
        }
        return go_on_to(PhysAddr(~std::uint64_t{0}));
    }

    std::vector<DumpPiece> take_pieces() { return std::move(pieces_); }

private:
    bool go_on_to(PhysAddr target)
    {
        while (!active_.empty() && at_ < target) {
            const DumpPiece &top = segments_[active_.top()];
            if (end_of(top) <= at_) {
                active_.pop();
                continue;
            }
            const PhysAddr stop = std::min(end_of(top), target);
            if (!add({at_, stop - at_, top.offset + (at_ - top.first)}))
                return false;
            at_ = stop;
        }
        at_ = target;
        return true;
    }

    bool add(const DumpPiece &piece)
    {
        if (!pieces_.empty()) {
            DumpPiece &last = pieces_.back();
            if (end_of(last) == piece.first && last.offset + last.size == piece.offset) {
                last.size += piece.size;
                return true;
            }
        }
        if (pieces_.size() == DumpPieces::kMost)
            return false;
        pieces_.push_back(piece);
        return true;
    }

    const std::vector<DumpPiece> &segments_;
    std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> active_;
    PhysAddr at_;
    std::vector<DumpPiece> pieces_;
};

/// Calls `visit` for each run of pages that adjoining pieces hold in whole.
template <class Visit>
void visit_page_runs(std::span<const DumpPiece> pieces, Visit visit)
{
    for (std::size_t i = 0; i < pieces.size();) {
        const PhysAddr first = pieces[i].first;
        PhysAddr end = end_of(pieces[i]);
        while (++i < pieces.size() && pieces[i].first == end)
            end = end_of(pieces[i]);
        const PhysAddr last_page_end = page_of(end);
        const PhysAddr first_page = page_of(first) == first ? first : page_of(first) + kPageBytes;
        // In the last page below 2^64 the first page wraps to 0.
        if (first_page >= first && first_page < last_page_end)
            visit(Range<PhysAddr>{first_page, last_page_end - first_page});
    }
}

class MappedDump final : public AddressedMemory
{
public:
    MappedDump(Bytes file, DumpPieces pieces, std::optional<Error> shortfall)
        : file_(file), pieces_(std::move(pieces)), shortfall_(std::move(shortfall))
    {
    }

    [[nodiscard]] Bytes page(PhysAddr page_address, MutableBytes buffer) const override
    {
        assert(page_address == page_of(page_address) && buffer.size() >= kPageBytes);
        const DumpPiece *const piece = pieces_.find(page_address);
        if (piece == nullptr)
            return {};
        const std::uint64_t skipped = page_address - piece->first;
        if (piece->size - skipped >= kPageBytes)
            return file_.subspan(piece->offset + skipped, kPageBytes);
        const MutableBytes whole = buffer.first(kPageBytes);
        const bool complete = pieces_.gather(page_address, whole, [this](std::uint64_t offset, MutableBytes part) {
            std::ranges::copy(file_.subspan(offset, part.size()), part.begin());
            return true;
        });
        return complete ? whole : Bytes{};
    }

    [[nodiscard]] std::span<const Range<PhysAddr>> ranges() const override { return pieces_.ranges(); }
    [[nodiscard]] const std::optional<Error> &shortfall() const override { return shortfall_; }

private:
    Bytes file_;
    DumpPieces pieces_;
    std::optional<Error> shortfall_;
};

}  // namespace

std::optional<DumpPieces> DumpPieces::of(std::vector<DumpPiece> segments)
{
    assert(segments.size() <= kMost);
    DumpPieces result;
    {
        Sweep sweep(segments);
        if (!sweep.run())
            return std::nullopt;
        result.pieces_ = sweep.take_pieces();
    }
    std::vector<DumpPiece>().swap(segments);  // gone before the ranges are made
    result.pieces_.shrink_to_fit();
    std::size_t count = 0;
    visit_page_runs(result.pieces_, [&](const Range<PhysAddr> &) { ++count; });
    result.ranges_.reserve(count);
    visit_page_runs(result.pieces_, [&](const Range<PhysAddr> &range) { result.ranges_.push_back(range); });
    return result;
}

std::unique_ptr<AddressedMemory> mapped_dump(Bytes file, DumpPieces pieces, std::optional<Error> shortfall)
{
    return std::make_unique<MappedDump>(file, std::move(pieces), std::move(shortfall));
}

Error truncated_dump(const std::string &path, std::uint64_t has_bytes, std::uint64_t needs_bytes)
{
    return failure(path, "truncated-dump",
                   "is cut short: it has " + std::to_string(has_bytes) + " of the " + std::to_string(needs_bytes) +
                       " bytes that its headers describe; the memory in the other " +
                       std::to_string(needs_bytes - has_bytes) + " is missing, not zero",
                   "compare with the original: ls -l FILE; copy or take the dump again");
}

Error too_many_pieces(const std::string &path)
{
    return failure(path, "damaged-dump",
                   "describes memory in more than " + std::to_string(DumpPieces::kMost) +
                       " pieces, which no real dump comes near",
                   "see what it is: file FILE; take the dump again");
}

}  // namespace pgregion::io
