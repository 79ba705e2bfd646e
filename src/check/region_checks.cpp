// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of the region itself: its bitmap, its free and its leaked pages. Source: region.md section 3.
#include "base/bytes.h"
#include "check/check_row.h"
#include "check/region_pages.h"

#include <algorithm>
#include <array>

namespace pgregion::check
{

namespace
{

Finding page_finding(const FindingSink &sink, PageIndex page)
{
    Finding finding = sink.finding();
    finding.page = page;
    return finding;
}

void treat(Finding &finding, RepairPolicy policy, Remedy remedy)
{
    finding.repair = policy;
    finding.remedy = policy == RepairPolicy::none ? Remedy::none : remedy;
}

// ---- page 0 ------------------------------------------------------------------------------------------------

void bitmap_tail(const Facts &facts, FindingSink &sink)
{
    if (!facts.subject->region)
        return;
    const Bytes tail = facts.subject->region->bytes.subspan(kBitmapBytes, kPageBytes - kBitmapBytes);
    const auto first = std::ranges::find_if(tail, [](std::byte byte) { return byte != std::byte{0}; });
    if (first == tail.end())
        return;
    Finding finding = page_finding(sink, kBitmapPage);
    finding.offset = kBitmapBytes + static_cast<std::uint64_t>(first - tail.begin());
    finding.observed =
        static_cast<std::uint64_t>(std::ranges::count_if(tail, [](std::byte b) { return b != std::byte{0}; }));
    finding.expected = 0;
    treat(finding, RepairPolicy::all, Remedy::zero_bitmap_tail);
    sink.add(finding);
}

constexpr CheckRow kBitmapTail{
    .about = {.code = "bitmap-tail-set",
              .severity = Severity::error,
              .title = "page 0 holds data behind its 512 bits",
              .message = "page 0 holds {count} bytes that are not zero behind its 512 bits",
              .why = "The kernel never writes there, so something else wrote into page 0: the bitmap before it may be "
                     "damaged as well, and pages of tables would be handed out again.",
              .repair = "Zeroes the 4032 bytes behind the bitmap. Only with -y: what was written there may tell who "
                        "did it.",
              .origin = "D7"},
    .facts = bitmap_tail};

void bitmap_bit(const Facts &facts, FindingSink &sink)
{
    if (!facts.subject->region)
        return;
    if (Bitmap::read(facts.subject->region->bytes).test(kBitmapPage) || facts.with_data.count() == 0)
        return;
    Finding finding = page_finding(sink, kBitmapPage);
    finding.observed = 0;
    finding.expected = 1;
    treat(finding, RepairPolicy::safe, Remedy::set_bits);
    sink.add(finding);
}

constexpr CheckRow kBitmapBit{
    .about = {.code = "bitmap-bit-clear",
              .severity = Severity::error,
              .title = "bit 0 is clear in a region that is in use",
              .message = "bit 0, that of the bitmap itself, is clear although the region holds bits or data",
              .why = "The kernel sets bit 0 whenever it opens a region. With bit 0 clear its allocator would hand out "
                     "page 0, and a page table would overwrite the bitmap.",
              .repair = "Sets bit 0.",
              .origin = "D6"},
    .facts = bitmap_bit};

// ---- root bit ----------------------------------------------------------------------------------------------

bool root_bit(const Facts &facts) { return Bitmap::read(facts.subject->region->bytes).test(kRootPage); }

void root_bit_liveupdate(const Facts &facts, FindingSink &sink)
{
    if (!facts.subject->region || !facts.subject->liveupdate)
        return;
    const bool expected = *facts.subject->liveupdate == LiveUpdate::yes;
    if (root_bit(facts) == expected)
        return;
    Finding finding = page_finding(sink, kRootPage);
    finding.observed = expected ? 0 : 1;
    finding.expected = expected ? 1 : 0;
    if (!expected) {
        finding.detail = "a cold boot finds a root page that is taken: stale translations would be used";
        treat(finding, RepairPolicy::all, Remedy::free_page);
    } else {
        finding.detail = "a live update finds no root page: devices would lose their translations";
        const bool empty = !facts.with_data.test(kRootPage);
        treat(finding, empty ? RepairPolicy::all : RepairPolicy::safe, Remedy::set_bits);
    }
    sink.add(finding);
}

constexpr CheckRow kRootBit{
    .about = {.code = "root-bit-liveupdate",
              .severity = Severity::error,
              .title = "the root-page bit contradicts the live-update state",
              .message = "the root-page bit is {count} and should be {expected_count}: {detail}",
              .why = "The kernel compares bit 1 with its parameter liveupdate, prints that the root page bit is "
                     "incorrect, and goes on all the same.",
              .repair = "After a live update: sets bit 1 (with -y where page 1 is empty). On a cold boot, only with "
                        "-y: zeroes page 1 and clears bit 1, which takes every translation of the region away.",
              .origin = "D5"},
    .facts = root_bit_liveupdate};

void root_region_shared(const Facts &facts, FindingSink &sink)
{
    if (!facts.subject->region || facts.subject->liveupdate != LiveUpdate::no || !root_bit(facts))
        return;
    sink.add(page_finding(sink, kRootPage));
}

constexpr CheckRow kRootShared{
    .about = {.code = "root-region-shared",
              .severity = Severity::info,
              .title = "the mismatch may come from a second IOMMU that uses the same root region",
              .message =
                  "where the machine has several DMAR units, the second one finds the root-page bit that the first "
                  "one has just set: look whether the kernel's complaint came once per further unit",
              .why = "All DMAR units of a machine share the one root region. On a cold boot the first unit takes the "
                     "root page, and for every further unit the kernel prints a mismatch that means nothing.",
              .repair = "Nothing to repair: this explains root-bit-liveupdate.",
              .origin = "D8"},
    .facts = root_region_shared};

// ---- pages and their bits ----------------------------------------------------------------------------------

void page_lost_bit(const Facts &facts, FindingSink &sink)
{
    if (!facts.subject->region)
        return;
    const Bitmap bitmap = Bitmap::read(facts.subject->region->bytes);
    if (is_fresh(facts, bitmap))
        return;
    for (PageIndex page(1); page.value() < kRegionPages; page += 1) {
        if (!facts.reached.test(page) || bitmap.test(page))
            continue;
        Finding finding = page_finding(sink, page);
        finding.observed = 0;
        finding.expected = 1;
        treat(finding, RepairPolicy::safe, Remedy::set_bits);
        sink.add(finding);
    }
}

constexpr CheckRow kPageLostBit{
    .about = {.code = "page-lost-bit",
              .severity = Severity::error,
              .title = "a table in use lies on a page that counts as free",
              .message = "{page} holds a table that is in use, but its bit is clear",
              .why = "The allocator will hand the page out again; whoever gets it overwrites the table, and a device "
                     "then writes wherever the new content says.",
              .repair = "Sets the page's bit.",
              .origin = "D3a"},
    .facts = page_lost_bit};

void free_page_not_zero(const Facts &facts, FindingSink &sink)
{
    if (!facts.subject->region)
        return;
    const Bitmap bitmap = Bitmap::read(facts.subject->region->bytes);
    const LeakJudge judge(facts);
    for (PageIndex page(1); page.value() < kRegionPages; page += 1) {
        if (bitmap.test(page) || facts.reached.test(page) || !facts.with_data.test(page))
            continue;
        Finding finding = page_finding(sink, page);
        const bool sure = judge.policy(page) != RepairPolicy::none;
        treat(finding, sure ? RepairPolicy::all : RepairPolicy::none, Remedy::zero_page);
        sink.add(finding);
    }
}

constexpr CheckRow kFreePageNotZero{
    .about = {.code = "free-page-not-zero",
              .severity = Severity::warning,
              .title = "a free page holds data",
              .message = "{page} is free and not zero",
              .why = "The kernel does not zero a page when it hands it out: what is left on it becomes entries of the "
                     "next page table, and devices reach what those say.",
              .repair = "Zeroes the page, only with -y: what is on it may tell what happened. Not where the tables "
                        "could not be read without doubt, nor where the page itself looks like a table that leads to "
                        "others: the bit may be what is wrong.",
              .origin = "D2"},
    .facts = free_page_not_zero};

void page_leaked(const Facts &facts, FindingSink &sink)
{
    if (!facts.subject->region || !facts.subject->region->base ||
        facts.tables.size() + facts.directory_tables.size() == 0)
        return;
    const Bitmap bitmap = Bitmap::read(facts.subject->region->bytes);
    const LeakJudge judge(facts);
    for (PageIndex page = kRootPage + 1; page.value() < kRegionPages; page += 1) {
        if (!bitmap.test(page) || facts.reached.test(page))
            continue;
        Finding finding = page_finding(sink, page);
        treat(finding, judge.policy(page), Remedy::free_page);
        sink.add(finding);
    }
}

constexpr CheckRow kPageLeaked{
    .about = {.code = "page-leaked",
              .severity = Severity::warning,
              .title = "an allocated page that no table leads to",
              .message = "{page} is allocated, but nothing leads to it from the root",
              .why = "The page is lost until the region is made anew; 510 such losses and the kernel can allocate "
                     "no table any more. Or the tables were read from the wrong root or with the wrong number of "
                     "levels.",
              .repair = "Zeroes the page and clears its bit. Not where root and levels are in doubt, nor for a page "
                        "that itself looks like a table that leads to allocated pages, nor for those pages: give the "
                        "right --root and --levels first.",
              .origin = "D4"},
    .facts = page_leaked};

void table_orphan(const Facts &facts, FindingSink &sink)
{
    if (!facts.subject->region || !facts.subject->region->base)
        return;
    const Bitmap bitmap = Bitmap::read(facts.subject->region->bytes);
    const LeakJudge judge(facts);
    for (PageIndex page = kRootPage; page.value() < kRegionPages; page += 1) {
        if (bitmap.test(page) && !facts.reached.test(page) && judge.leads_on(page))
            sink.add(page_finding(sink, page));
    }
}

constexpr CheckRow kTableOrphan{
    .about = {.code = "table-orphan",
              .severity = Severity::info,
              .title = "a page that looks like a table and that no table leads to",
              .message = "{page} reads like a table that leads to allocated pages, but nothing leads to it",
              .why = "It may be the real root (a driver that skips levels makes a lower table the root), the table of "
                     "a device that was left out, or one that was freed and not zeroed.",
              .repair = "Nothing is repaired. Try it as the root: pgregion check SOURCE --root page:N.",
              .origin = "PT46"},
    .facts = table_orphan};

void root_page_empty(const Facts &facts, FindingSink &sink)
{
    constexpr std::uint64_t kManyWithData = 4;
    constexpr std::uint64_t kMany = 16;
    if (!facts.subject->region || facts.with_data.test(kRootPage))
        return;
    const bool has_other_root = facts.tables.size() + facts.directory_tables.size() != 0;
    if (has_other_root && !facts.reached.test(kRootPage))
        return;
    const Bitmap bitmap = Bitmap::read(facts.subject->region->bytes);
    std::uint64_t allocated = 0;
    std::uint64_t with_data = 0;
    for (PageIndex page = kRootPage + 1; page.value() < kRegionPages; page += 1) {
        if (!bitmap.test(page))
            continue;
        ++allocated;
        with_data += facts.with_data.test(page) ? 1U : 0U;
    }
    if (with_data < kManyWithData && allocated < kMany)
        return;
    Finding finding = page_finding(sink, kRootPage);
    finding.observed = allocated;
    sink.add(finding);
}

constexpr CheckRow kRootPageEmpty{
    .about = {.code = "root-page-empty",
              .severity = Severity::warning,
              .title = "the root page is empty while many pages are allocated",
              .message = "the root page (page 1) is empty while {count} other pages are allocated",
              .why = "Somebody who shared the root page has wiped it: every translation below it is gone, and the "
                     "tables are left behind.",
              .repair = "The root cannot be made from what is left. If page 1 is not the root, give the right one: "
                        "--root page:N. To start over: pgregion init SOURCE --overwrite.",
              .origin = "D17"},
    .facts = root_page_empty};

void enomem_address(const Facts &facts, FindingSink &sink)
{
    if (!facts.subject->region || !facts.subject->region->base)
        return;
    const PhysAddr wrong = *facts.subject->region->base - kEnomemDistance;
    for (const ReferenceFact &reference : facts.references) {
        if (reference.entry.target == wrong)
            sink.add(removable_pointer(sink, facts, reference));
    }
    for (const RecordFact &record : facts.records) {
        if (!record.step.record.next || record.step.record.next->address != wrong)
            continue;
        Finding finding = record_finding(sink, facts, record);
        finding.target = wrong;
        treat(finding, RepairPolicy::all, Remedy::block_record);
        sink.add(finding);
    }
}

constexpr CheckRow kEnomemAddress{
    .about = {.code = "enomem-address",
              .severity = Severity::error,
              .title = "a table pointer is the allocator's error code",
              .message =
                  "{entry} points to {target}, 0xc000 below the region: the allocator's -ENOMEM taken for a page",
              .why = "The region was full, the kernel did not look at the result, and a page of the block before this "
                     "region now serves as a page table: whoever owns that page decides where the device writes.",
              .repair = "Zeroes the entry: what is behind it is no longer translated.",
              .origin = "D1"},
    .facts = enomem_address};

void format_undecided(const Facts &facts, FindingSink &sink)
{
    if (facts.subject->region && facts.subject->memory == nullptr)
        sink.add(sink.finding());
}

constexpr CheckRow kFormatUndecided{
    .about = {.code = "format-undecided",
              .severity = Severity::info,
              .title = "the tables were not checked: their format, levels or address are not known",
              .message = "only the bitmap was checked: the tables do not say without doubt what they are",
              .why = "What the entries of a region mean is not stored in it. Where the tables are empty, or fit two "
                     "readings, nothing can be said about them.",
              .repair = "Nothing to repair. Give what is known: --format NAME --levels N --paddr PA; pgregion info "
                        "SOURCE lists the candidates.",
              .origin = "cli.md section 3"},
    .facts = format_undecided};

constexpr std::array<const CheckRow *, 11> kRows = {
    &kBitmapTail, &kBitmapBit,   &kRootBit,       &kRootShared,    &kPageLostBit,     &kFreePageNotZero,
    &kPageLeaked, &kTableOrphan, &kRootPageEmpty, &kEnomemAddress, &kFormatUndecided,
};

}  // namespace

std::span<const CheckRow *const> region_rows() { return kRows; }

}  // namespace pgregion::check
