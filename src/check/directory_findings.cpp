// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/blocking.h"
#include "check/directory_checks.h"

#include <algorithm>
#include <tuple>

namespace pgregion::check
{

namespace
{

auto place_of(const RecordFact &record)
{
    return std::tuple(record.unit, record.step.table.address, record.step.index);
}

}  // namespace

Finding finding_at(const FindingSink &sink, const Facts &facts, const RecordFact &record)
{
    Finding finding = record_finding(sink, facts, record);
    const DirectoryTable &table = record.step.table;
    if (table.outer.format == nullptr)
        return finding;
    const std::uint64_t before = std::uint64_t{record.step.index} * finding.record_bytes;
    const StagePiece piece =
        stage_piece(*facts.subject->memory, table.outer, table.address + before, finding.record_bytes);
    if (piece.mapped)
        finding.table = piece.pa - before;
    return finding;
}

Finding blockable(const FindingSink &sink, const Facts &facts, const RecordFact &record, RepairPolicy policy)
{
    Finding finding = finding_at(sink, facts, record);
    if (blocking_record(facts.directory(record.unit), record.step.table, record.step.words)) {
        finding.remedy = Remedy::block_record;
        finding.repair = policy;
    }
    return finding;
}

void LimitedSink::add(const Finding &finding)
{
    if (finding.severity != Severity::error) {
        if (left_ == 0)
            return;
        --left_;
    }
    sink_.add(finding);
}

RecordFinder::RecordFinder(const Facts &facts)
{
    records_.reserve(facts.records.size());
    for (const RecordFact &record : facts.records)
        records_.push_back(&record);
    std::ranges::stable_sort(records_, {}, [](const RecordFact *record) { return place_of(*record); });
}

const RecordFact *RecordFinder::find(std::uint32_t unit, PhysAddr table, std::uint32_t index) const
{
    const std::tuple wanted(unit, table, index);
    const auto found =
        std::ranges::lower_bound(records_, wanted, {}, [](const RecordFact *record) { return place_of(*record); });
    return found != records_.end() && place_of(**found) == wanted ? *found : nullptr;
}

Range<PhysAddr> region_with(const Facts &facts, PhysAddr address)
{
    const CheckSubject &subject = *facts.subject;
    if (facts.page_at(address))
        return {*subject.region->base, kRegionBytes};
    const auto found = std::ranges::find_if(subject.other_regions,
                                            [&](const Range<PhysAddr> &region) { return region.contains(address); });
    return found == subject.other_regions.end() ? Range<PhysAddr>{} : *found;
}

}  // namespace pgregion::check
