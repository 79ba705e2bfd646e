// SPDX-License-Identifier: GPL-2.0-or-later
//
// The region: 512 pages of 4 KiB that keep IOMMU page tables across a live update. Nothing in it names it, so
// all that can be said about a region is said from its allocation bitmap:
//
//   page 0      0x0000   bitmap: bit n (bit n%8 of byte n/8) says whether page n is allocated
//               0x0040   4032 bytes that stay zero
//   page 1      0x1000   root page: VT-d root table or a domain's PGD
//   page 2..511 0x2000   further tables, handed out lowest first
//
// Source: "[RFC 08/18] iommu: Add allocator for pgtables from persistent region" (5 Feb 2024); region.md
// section 1. Words of the bitmap are little-endian: the kernel's `unsigned long` bitmap on a 64-bit machine.
#pragma once

#include <pgregion/address.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace pgregion
{

inline constexpr std::uint64_t kRegionPages = 512;
inline constexpr std::uint64_t kRegionBytes = kRegionPages * kPageBytes;
inline constexpr std::size_t kBitmapBytes = kRegionPages / 8;
inline constexpr std::size_t kBitmapWords = kBitmapBytes / sizeof(std::uint64_t);
inline constexpr PageIndex kBitmapPage = PageIndex(0);
inline constexpr PageIndex kRootPage = PageIndex(1);
/// The order of the whole region: 2^9 = 512 pages.
inline constexpr unsigned kMaxOrder = 9;

/// The 512 allocation bits as a value. Pages given to it must be below kRegionPages (a broken precondition is
/// an assert); a range must lie inside the region and may be empty.
class Bitmap
{
public:
    using Words = std::array<std::uint64_t, kBitmapWords>;

    /// No page allocated.
    Bitmap() = default;
    explicit Bitmap(const Words &words) : words_(words) {}

    /// Copies the first kBitmapBytes of `region`, which must hold at least that many.
    [[nodiscard]] static Bitmap read(std::span<const std::byte> region);

    [[nodiscard]] bool test(PageIndex page) const;
    void set(PageIndex page) { set(Range<PageIndex>{page, 1}); }
    void clear(PageIndex page) { clear(Range<PageIndex>{page, 1}); }
    void set(Range<PageIndex> pages);
    void clear(Range<PageIndex> pages);

    /// Number of allocated pages, the bitmap's own page included.
    [[nodiscard]] std::uint64_t count() const;
    /// True when no page of `pages` is allocated.
    [[nodiscard]] bool all_clear(Range<PageIndex> pages) const;
    /// The allocated pages as the fewest half-open ranges, ascending.
    [[nodiscard]] std::vector<Range<PageIndex>> allocated_runs() const;

    /// What the kernel's bitmap_find_free_region(bitmap, 512, order) would take: the lowest run of 2^order
    /// clear bits that starts at a multiple of 2^order. Nothing when there is none, which an order above
    /// kMaxOrder always means. Does not set the bits.
    [[nodiscard]] std::optional<PageIndex> find_free_run(unsigned order) const;
    /// The highest order that find_free_run still satisfies; nothing when every bit is set.
    [[nodiscard]] std::optional<unsigned> largest_free_order() const;

    /// Word `index` (below kBitmapWords): bit b is page index * 64 + b.
    [[nodiscard]] std::uint64_t word(std::size_t index) const;
    [[nodiscard]] const Words &words() const { return words_; }

    friend bool operator==(const Bitmap &, const Bitmap &) = default;

private:
    Words words_{};
};

/// What a region's bitmap says about its life so far (region.md section 1.2).
enum class RegionState {
    never_opened,  ///< all 2 MiB are zero: legal, the file was made and never opened
    opened,        ///< bit 0 only
    initialised,   ///< bits 0 and 1 exactly
    in_use,        ///< bit 0 and at least one page beyond the root page
    full,          ///< all 512 bits
    not_a_region,  ///< see NotARegion
};

/// The name that text and JSON print: "never-opened", "opened", "initialised", "in-use", "full", "not-a-region".
[[nodiscard]] std::string_view name(RegionState state);

/// Why a 2-MiB piece cannot be a region the kernel has opened.
enum class NotARegion {
    bits_without_bitmap_bit,  ///< bit 0 is clear while other bits are set: the first open always sets it
    data_without_bitmap_bit,  ///< bit 0 is clear while a page behind page 0 holds data
    tail_not_zero,            ///< page 0 holds data behind its 512 bits, where the kernel never writes
};

/// The kebab-case name of a reason ("bits-without-bitmap-bit", …).
[[nodiscard]] std::string_view name(NotARegion reason);

struct RegionReport {
    RegionState state = RegionState::never_opened;
    /// Every reason that applies, in the order of the enumeration; empty unless `state` is not_a_region.
    std::vector<NotARegion> reasons;
    std::uint64_t allocated_pages = 0;
    std::uint64_t free_pages = 0;
    bool bitmap_bit = false;
    bool root_bit = false;
    /// Offset of the first byte that is not zero behind the 512 bits of page 0.
    std::optional<std::uint64_t> first_tail_byte;
    /// The first page behind page 0 that holds data; looked for only where bit 0 is clear.
    std::optional<PageIndex> first_data_page;
};

/// Names the state of `region`, which must hold kRegionBytes. Trusts nothing in it; reads page 0, and the rest
/// only where bit 0 is clear.
[[nodiscard]] RegionReport describe_region(std::span<const std::byte> region);

/// Whether the kernel was started to take over tables: its parameter `liveupdate`.
enum class LiveUpdate { no, yes };

/// What the kernel that starts now would find (region.md sections 1.1 and 3.1).
struct RootValidation {
    bool expected_root_bit = false;
    bool bitmap_bit = false;
    bool root_bit = false;
    /// Bit 0 is set and bit 1 equals liveupdate. A region that was never opened never matches.
    bool match = false;
    RegionState state = RegionState::never_opened;
};

/// Compares the root-page bit and bit 0 of `region` (kRegionBytes) with what `liveupdate` calls for.
[[nodiscard]] RootValidation validate_root(std::span<const std::byte> region, LiveUpdate liveupdate);

/// What a kernel with this command line (the text of /proc/cmdline) believes. As the kernel parses it: words
/// end at white space outside double quotes, those after `--` belong to init, and of `liveupdate=value` only
/// the name counts, because the parameter's function does not look at its value: `liveupdate=0` means yes.
/// Source: patch 06 of the series (early_param "liveupdate"); parse_args and next_arg of the kernel.
[[nodiscard]] LiveUpdate liveupdate_of_command_line(std::string_view command_line);

/// The bitmap of a region that other processes, or a kernel, use at the same time. Every access is one atomic
/// operation on one aligned word (std::atomic_ref), and only the bits asked for ever change.
///
/// The kernel's allocator is neither atomic nor locked; this one never hands a page out twice among those who
/// use it. Changes of several words are not one step: another process may see the first words taken and the
/// last ones not yet, and a request that fails holds its first words for a moment. So a claim may find a nearly
/// full region full while another claim is being taken back.
class AtomicBitmap
{
public:
    /// `region` starts at a multiple of 8 bytes in memory, holds at least kBitmapBytes and outlives this object.
    explicit AtomicBitmap(std::span<std::byte> region);

    /// The bits of each word at one moment; different words may come from different moments.
    [[nodiscard]] Bitmap snapshot() const;

    /// Allocates 2^order pages as Bitmap::find_free_run chooses them; nothing when none are free. Like the
    /// kernel it takes page 0 or page 1 when their bits are clear: callers who mind ask first (edit.h).
    [[nodiscard]] std::optional<PageIndex> claim(unsigned order);

    /// Sets the bits of `pages` when all of them are clear. False, and no bit changed, when one was set.
    [[nodiscard]] bool take(Range<PageIndex> pages);
    /// Clears the bits of `pages` when all of them are set. False, and no bit changed, when one was clear.
    [[nodiscard]] bool release(Range<PageIndex> pages);

private:
    std::span<std::byte> bytes_;
};

}  // namespace pgregion
