// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/region_pages.h"

#include "base/bits.h"
#include "check/table_pass.h"

namespace pgregion::check
{

namespace
{

/// Address bits of every directory's pointers but those of RISC-V, which are 2 bits further down.
constexpr std::uint64_t kAddressBits = bits(51, 12);
constexpr unsigned kRiscvShift = 2;

/// True when an allocated page is not reached.
bool has_lost_pages(const Facts &facts, const Bitmap &bitmap)
{
    for (PageIndex page = kRootPage; page.value() < kRegionPages; page += 1) {
        if (bitmap.test(page) && !facts.reached.test(page))
            return true;
    }
    return false;
}

}  // namespace

bool is_fresh(const Facts &facts, const Bitmap &bitmap)
{
    return !bitmap.test(kRootPage) && !facts.with_data.test(kRootPage) && bitmap.count() <= 1;
}

Finding removable_pointer(const FindingSink &sink, const Facts &facts, const ReferenceFact &reference)
{
    const TableFact &table = facts.tables[reference.table];
    const DomainFact &domain = facts.domain_of(table);
    Finding finding = sink.finding();
    finding.table = table.address;
    finding.index = reference.index;
    finding.level = table.level;
    finding.iova = slot_iova(domain.stage, table, reference.index);
    finding.observed = reference.entry.raw;
    finding.target = reference.entry.target;
    finding.size_bytes = std::uint64_t{1} << reference.entry.size_lg2;
    finding.repair = RepairPolicy::safe;
    finding.remedy = Remedy::clear_entry;
    name_user(finding, domain);
    return finding;
}

LeakJudge::LeakJudge(const Facts &facts)
{
    if (!facts.subject->region->base || facts.tables.size() + facts.directory_tables.size() == 0)
        return;
    sure_ = !facts.truncated;
    const Bitmap bitmap = Bitmap::read(facts.subject->region->bytes);
    // A page that is reached may be read at the wrong level, or point on with an entry that is damaged.
    const bool all = has_lost_pages(facts, bitmap);
    for (PageIndex page = kRootPage; page.value() < kRegionPages; page += 1) {
        if (facts.with_data.test(page) && (all || !facts.reached.test(page)))
            look_at(facts, bitmap, page);
    }
}

void LeakJudge::look_at(const Facts &facts, const Bitmap &bitmap, PageIndex page)
{
    const Bytes bytes = page_of_region(facts, page);
    const std::uint64_t base = facts.subject->region->base->value();
    for (std::size_t at = 0; at < bytes.size(); at += kWordBytes) {
        const std::uint64_t word = load_le64(bytes, at);
        for (const std::uint64_t address : {word & kAddressBits, word << kRiscvShift & kAddressBits}) {
            if (address - base < kRegionBytes)
                lead(bitmap, page, PageIndex((address - base) / kPageBytes));
        }
    }
}

void LeakJudge::lead(const Bitmap &bitmap, PageIndex from, PageIndex to)
{
    if (to == kBitmapPage || to == from || !bitmap.test(to))
        return;
    leading_.set(from);
    keep_.set(from);
    keep_.set(to);
}

}  // namespace pgregion::check
