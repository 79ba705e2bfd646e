// SPDX-License-Identifier: GPL-2.0-or-later
#include "scan/scan_page.h"

#include "base/bits.h"
#include "scan/directory_extent.h"

#include <pgregion/region.h>

namespace pgregion::scan
{

namespace
{

/// Where most architectures have the address, and RISC-V, whose pointers have no other bit but V.
constexpr std::uint64_t kAddress = bits(51, 12);
constexpr std::uint64_t kRiscvAddress = bits(53, 10);
constexpr std::uint64_t kRiscvFlags = bits(9, 0);
constexpr unsigned kRiscvShift = 2;
/// Address bits that hardly any machine has; kernel pointers have them all.
constexpr std::uint64_t kUnlikely = bits(50, 46);
constexpr std::uint64_t kLow = bits(1, 0);

/// Pointers that are followed, and how many of them must lead to a table.
constexpr unsigned kMostFollowed = 24;

bool like_entry(std::uint64_t word)
{
    return (word & kLow) != 0 && (word & (kAddress | kRiscvAddress)) != 0 && (word & kUnlikely) == 0;
}

struct WordCounts {
    std::uint64_t set = 0;
    std::uint64_t like_entries = 0;
};

/// Every page that is not zero comes here. Bit 63 of a difference tells zero from any other value that has no bit 63,
/// so that compilers need neither branches nor comparisons of 64 bits, which SSE2 lacks.
WordCounts count_words(Bytes page)
{
    constexpr std::uint64_t kAnyAddress = kAddress | kRiscvAddress;
    static_assert((kAnyAddress & bit(63)) == 0);
    WordCounts counts;
    for (std::size_t at = 0; at < page.size(); at += kWordBytes) {
        const std::uint64_t word = load_le64(page, at);
        const std::uint64_t low = (word | word >> 1) & 1;
        const std::uint64_t has_address = (0 - (word & kAnyAddress)) >> 63;
        const std::uint64_t is_likely = ((word & kUnlikely) - 1) >> 63;
        counts.set += (word | (0 - word)) >> 63;
        counts.like_entries += low & has_address & is_likely;
    }
    return counts;
}

bool is_table(const WordCounts &counts) { return counts.like_entries * 9 >= counts.set * 4 && counts.like_entries > 0; }

/// True when the records of a directory that do not look like pointers (device table, linear stream table, device
/// contexts) read well as such.
bool has_device_records(Bytes page)
{
    for (const DirectoryFormat *format : directory_formats()) {
        for (std::size_t type = 0; type < format->table_types.size(); ++type) {
            const DirectoryTableType &shape = format->table_types[type];
            if (shape.key != DirectoryKey::device || shape.id_shift != 0 || shape.record_bytes < 4 * kWordBytes)
                continue;
            const auto index = static_cast<std::uint8_t>(type);
            if (records_read_well(page, *format, table_of_type(*format, index, PhysAddr(0))))
                return true;
        }
    }
    return false;
}

/// Cheaper than has_device_records, and true for all of its pages: records of 32 or 64 bytes start with a word whose
/// bit 0 says valid, and most of their words are zero.
bool may_have_device_records(Bytes page, const WordCounts &counts)
{
    constexpr std::size_t kRecord = 4 * kWordBytes;
    constexpr unsigned kWords = kPageBytes / kWordBytes;
    if (counts.set * 8 > kWords * 7)
        return false;
    unsigned first_words = 0;
    unsigned valid = 0;
    unsigned last_words = 0;
    for (std::size_t at = 0; at < page.size(); at += kRecord) {
        const std::uint64_t first = load_le64(page, at);
        first_words += first != 0 ? 1U : 0U;
        valid += first & 1;
        last_words += load_le64(page, at + kRecord - kWordBytes) != 0 ? 1U : 0U;
    }
    return valid * 4 > first_words * 3 && last_words <= first_words;
}

}  // namespace

bool looks_like_table(Bytes page) { return is_table(count_words(page)); }

bool tail_is_zero(Bytes page) { return all_zero(page.subspan(kBitmapBytes)); }

bool RootFilter::points_inside(std::uint64_t address) const { return bounds_.contains(PhysAddr(address)); }

bool RootFilter::is_a_table(std::uint64_t address)
{
    const Bytes page = memory_.page(PhysAddr(address), buffer_);
    if (page.empty())
        return false;
    // Stream tables of devices that may do nothing hold hardly an address.
    const WordCounts counts = count_words(page);
    return is_table(counts) || (may_have_device_records(page, counts) && has_device_records(page));
}

bool RootFilter::leads_to_table(Bytes page)
{
    unsigned followed = 0;
    for (std::size_t at = 0; at < page.size() && followed < kMostFollowed; at += kWordBytes) {
        const std::uint64_t word = load_le64(page, at);
        if (!like_entry(word))
            continue;
        const std::uint64_t address = (word & kRiscvFlags) == 1 ? (word & kRiscvAddress) << kRiscvShift : 0;
        for (const std::uint64_t target : {word & kAddress, address}) {
            if (target == 0 || !points_inside(target))
                continue;
            ++followed;
            if (is_a_table(target))
                return true;
        }
    }
    return false;
}

bool RootFilter::passes(Bytes page)
{
    if (all_zero(page))
        return false;
    const WordCounts counts = count_words(page);
    if (is_table(counts) && leads_to_table(page))
        return true;
    return may_have_device_records(page, counts) && has_device_records(page);
}

}  // namespace pgregion::scan
