// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/check_row.h"

#include "base/bytes.h"
#include "check/replica_checks.h"
#include "check/table_pass.h"

#include <cassert>

namespace pgregion::check
{

namespace
{

/// Findings of one thread; a hostile gigabyte has no more to say than this.
constexpr std::size_t kMostFindings = std::size_t{1} << 20;

std::uint64_t bytes_before(const Finding &finding)
{
    const std::uint64_t each = finding.record_bytes != 0 ? finding.record_bytes : kWordBytes;
    return finding.index.value_or(0) * each;
}

}  // namespace

Finding FindingSink::finding() const
{
    Finding finding;
    finding.check = check_;
    finding.severity = check_->severity;
    finding.security = check_->security;
    return finding;
}

void FindingSink::add(Finding finding)
{
    if (findings_.size() == kMostFindings) {
        truncated_ = true;
        return;
    }
    assert(finding.severity == finding.check->severity || finding.severity == finding.check->other_severity);
    complete(finding);
    findings_.push_back(finding);
}

void FindingSink::take(FindingSink &other)
{
    truncated_ = truncated_ || other.truncated_;
    const std::size_t room = kMostFindings - findings_.size();
    if (other.findings_.size() > room) {
        other.findings_.resize(room);
        truncated_ = true;
    }
    findings_.insert(findings_.end(), other.findings_.begin(), other.findings_.end());
}

void FindingSink::complete(Finding &finding) const
{
    const CheckSubject &subject = *facts_.subject;
    if (!finding.page && finding.table)
        finding.page = facts_.page_at(*finding.table + bytes_before(finding));
    // Where a page table lies on the bitmap or on a directory, its entries are something else as well: the pointer to it
    // is what must go.
    const bool elsewhere =
        finding.table && facts_.watch.find(Watched::directory_table, *finding.table + bytes_before(finding), 1);
    if ((finding.page == kBitmapPage && finding.remedy != Remedy::set_bits &&
         finding.remedy != Remedy::zero_bitmap_tail) ||
        (finding.remedy == Remedy::clear_entry && elsewhere)) {
        finding.remedy = Remedy::none;
        finding.repair = RepairPolicy::none;
    }
    if (finding.offset)
        return;
    if (!finding.table) {
        if (finding.page)
            finding.offset = finding.page->value() * kPageBytes;
        return;
    }
    const PhysAddr at = *finding.table + bytes_before(finding);
    if (!subject.region)
        finding.offset = at - subject.memory_base;
    else if (facts_.page_at(at))
        finding.offset = at - *subject.region->base;
}

Iova EntryView::iova(std::uint32_t k) const { return slot_iova(stage(), table, run.slot(k)); }

Finding EntryView::finding(const FindingSink &sink, std::uint32_t k) const
{
    const Entry entry = run.entry(k);
    Finding finding = sink.finding();
    finding.table = table.address;
    finding.index = run.slot(k);
    finding.level = table.level;
    finding.iova = iova(k);
    finding.observed = entry.raw;
    finding.replicas_lg2 = group_slots_lg2(*this);
    if (entry.kind == EntryKind::table || entry.kind == EntryKind::leaf) {
        finding.target = entry.target;
        finding.size_bytes = std::uint64_t{1} << entry.size_lg2;
    }
    name_user(finding, facts.domain_of(table));
    return finding;
}

Finding EntryView::removable(const FindingSink &sink, std::uint32_t k) const
{
    Finding found = finding(sink, k);
    found.repair = RepairPolicy::safe;
    found.remedy = Remedy::clear_entry;
    return found;
}

Finding DomainView::finding(const FindingSink &sink) const
{
    Finding finding = sink.finding();
    finding.table = domain().stage.root;
    if (domain().root_table != kNone)
        finding.level = facts.tables[domain().root_table].level;
    name_user(finding, domain());
    return finding;
}

void append_range(FindingLists &lists, const AddressRange &range)
{
    if (!lists.ranges.empty() && lists.ranges_left_out == 0 && lists.ranges.back().last + 1 == range.first)
        lists.ranges.back().last = range.last;
    else if (lists.ranges.size() < kRangesKept)
        lists.ranges.push_back(range);
    else
        ++lists.ranges_left_out;
}

void name_user(Finding &finding, const DomainFact &domain)
{
    if (domain.users.empty())
        return;
    const DomainUser &user = domain.users.front();
    finding.unit = user.unit;
    finding.device = user.device.id;
    finding.pasid = user.device.pasid;
}

Finding record_finding(const FindingSink &sink, const Facts &facts, const RecordFact &record)
{
    Finding finding = sink.finding();
    const DirectoryTable &table = record.step.table;
    finding.table = table.address;
    finding.index = record.step.index;
    finding.unit = record.unit;
    finding.device = record.place.device;
    finding.pasid = record.place.pasid;
    finding.observed = record.step.words[0];
    const DirectoryTableType &type = facts.directory(record.unit).table_types[table.type];
    finding.table_type = table.type;
    finding.table_name = type.name;
    finding.record_name = type.record_name;
    finding.record_bytes = static_cast<std::uint8_t>(type.record_bytes);
    return finding;
}

}  // namespace pgregion::check
