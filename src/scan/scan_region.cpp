// SPDX-License-Identifier: GPL-2.0-or-later
#include "scan/scan_region.h"

#include "scan/scan_page.h"

#include <pgregion/region.h>

#include <algorithm>

namespace pgregion::scan
{

namespace
{

/// Of free pages with data: a few are a kernel's fault (D2), and where regions lie anything may have lain before.
constexpr std::uint64_t kMostDirtyAligned = 128;
constexpr std::uint64_t kMostDirtyElsewhere = 32;
/// Allocated pages with data that are no tables. At 2 MiB the agreement of bits and data counts even so.
constexpr std::uint64_t kMostOddElsewhere = 2;
/// A region whose pages are all zero shows no more than its bitmap.
constexpr unsigned kScoreOfEmpty = 10;

class Looker
{
public:
    Looker(const MemorySource &memory, PhysAddr address, Bytes first_page)
        : memory_(memory), address_(address), bitmap_(Bitmap::read(first_page))
    {
        facts_.bitmap_bit = bitmap_.test(kBitmapPage);
        facts_.aligned = address.value() % kRegionBytes == 0;
        facts_.allocated = bitmap_.count();
        facts_.bitmap_runs = bitmap_.allocated_runs().size();
    }

    std::optional<RegionFacts> look()
    {
        for (std::uint64_t page = 1; page < kRegionPages; ++page) {
            count(PageIndex(page));
            if (contradicts() || (page == kRootPage.value() && !facts_.aligned && facts_.table_pages == 0))
                return std::nullopt;
        }
        return agrees() ? std::optional(facts_) : std::nullopt;
    }

private:
    void count(PageIndex index)
    {
        const Bytes page = memory_.page(address_ + index.value() * kPageBytes, buffer_);
        const bool allocated = bitmap_.test(index);
        if (page.empty())
            ++facts_.missing_pages;
        else if (all_zero(page))
            ++(allocated ? facts_.empty_pages : facts_.free_pages);
        else if (!allocated)
            ++facts_.dirty_pages;
        else
            ++(looks_like_table(page) ? facts_.table_pages : facts_.odd_pages);
    }

    [[nodiscard]] bool contradicts() const
    {
        if (facts_.aligned)
            return facts_.dirty_pages > kMostDirtyAligned;
        return facts_.dirty_pages > kMostDirtyElsewhere || facts_.odd_pages > kMostOddElsewhere;
    }

    [[nodiscard]] bool agrees() const
    {
        const std::uint64_t data = facts_.table_pages + facts_.odd_pages;
        if (!facts_.aligned)
            return facts_.bitmap_bit && facts_.table_pages >= 2 && facts_.odd_pages * 8 <= facts_.table_pages &&
                   facts_.empty_pages <= facts_.table_pages;
        if (data == 0)  // an opened region, or one whose tables were all wiped
            return facts_.dirty_pages == 0 && facts_.missing_pages * 2 < kRegionPages;
        // Data where bits are set and zeros where they are clear is no accident.
        const bool same_places = facts_.dirty_pages * 4 <= data + facts_.empty_pages;
        return same_places && (facts_.table_pages * 2 >= data || facts_.dirty_pages * 8 <= data);
    }

    const MemorySource &memory_;
    PhysAddr address_;
    Bitmap bitmap_;
    RegionFacts facts_;
    alignas(kWordBytes) std::array<std::byte, kPageBytes> buffer_{};
};

/// The 2 MiB as one piece; pages that are not there are left zero.
std::vector<std::byte> copy_of(const MemorySource &memory, PhysAddr address)
{
    std::vector<std::byte> bytes(kRegionBytes);
    for (std::uint64_t at = 0; at < kRegionBytes; at += kPageBytes) {
        const MutableBytes place = MutableBytes(bytes).subspan(at, kPageBytes);
        const Bytes page = memory.page(address + at, place);
        if (!page.empty() && page.data() != place.data())
            std::ranges::copy(page, place.begin());
    }
    return bytes;
}

/// First as tables that belong where they lie, then with their base withheld: a copy, or a collection of regions.
Guess guess_at(Bytes region, PhysAddr address)
{
    GuessLimits limits;
    limits.base = address;
    if (address.value() % kRegionBytes == 0) {
        Guess guess = guess_region(region, kRootPage, limits);
        if (guess.decided() != nullptr)
            return guess;
    }
    return guess_region(region, kRootPage, {});
}

unsigned score_of(Confidence confidence)
{
    constexpr std::array<unsigned, 4> kScores{0, 25, 35, 45};
    return kScores.at(static_cast<std::size_t>(confidence));
}

/// What the tables say beside that they read well.
unsigned score_of_tables(const Candidate &candidate)
{
    unsigned score = score_of(candidate.confidence);
    if (candidate.reading->evidence.pages_unexplained == 0)
        score += 5;
    if (candidate.reading->base == candidate.address)
        score += 10;
    return score;
}

}  // namespace

unsigned first_score(const RegionFacts &facts)
{
    const std::uint64_t data = facts.table_pages + facts.odd_pages;
    if (data == 0) {
        const unsigned more = facts.allocated > 2 && facts.bitmap_runs <= 4 ? kScoreOfEmpty : 0;
        return facts.bitmap_bit ? kScoreOfEmpty + more : kScoreOfEmpty / 2;
    }
    unsigned score = facts.aligned ? 15 : 5;
    if (facts.dirty_pages == 0)
        score += 5;
    if (facts.bitmap_runs <= 4 && facts.bitmap_bit)
        score += 5;
    if (facts.odd_pages == 0)
        score += 5;
    if (data >= 3)  // so many bits agree with so many pages
        score += 10;
    return score;
}

std::optional<RegionFacts> look_at_region(const MemorySource &memory, PhysAddr address, Bytes first_page)
{
    const std::uint64_t word = load_le64(first_page);
    const bool aligned = address.value() % kRegionBytes == 0;
    if ((word & 1) == 0 && (!aligned || all_zero(first_page.first(kBitmapBytes))))
        return std::nullopt;
    if (!tail_is_zero(first_page))
        return std::nullopt;
    return Looker(memory, address, first_page).look();
}

std::optional<Candidate> judge_region(const MemorySource &memory, PhysAddr address, const RegionFacts &facts)
{
    Candidate candidate;
    candidate.kind = CandidateKind::region;
    candidate.address = address;
    candidate.region = facts;
    candidate.score = first_score(facts);
    if (facts.table_pages + facts.odd_pages == 0)
        return candidate;
    const std::vector<std::byte> bytes = copy_of(memory, address);
    const Guess guess = guess_at(bytes, address);
    if (guess.decided() != nullptr) {
        candidate.reading = *guess.decided();
        candidate.confidence = guess.confidence;
        candidate.score += score_of_tables(candidate);
    } else if (!facts.aligned) {
        return std::nullopt;
    }
    return candidate;
}

}  // namespace pgregion::scan
