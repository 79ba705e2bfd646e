// SPDX-License-Identifier: GPL-2.0-or-later
//
// Check of the number of levels: the directory says one, the tables look like another. Guessing is never as good as
// knowing, so it is asked only where the tables read badly with the number given, and believed only when it is sure.
//
// Source: iommu-formats.md section 9 (PT33) and section 8.
#include "check/directory_checks.h"
#include "check/encoding.h"
#include "formats/arm.h"
#include "scan/judge.h"

#include <algorithm>

namespace pgregion::check
{

namespace
{

/// Roots that are judged: it costs a walk for each.
constexpr std::size_t kMostRoots = 64;

/// With too many levels pages of data are taken for tables, which fault or lie outside; with too few, tables are taken
/// for pages of data.
bool reads_badly(const Evidence &evidence)
{
    constexpr std::uint64_t kFewFaults = 8;
    const std::uint64_t pointers = evidence.pointers_good + evidence.pointers_empty + evidence.pointers_outside;
    return evidence.faulting * kFewFaults > evidence.present || evidence.pointers_outside * 2 > pointers ||
           evidence.leaf_pages_entries * 2 > evidence.leaf_pages_seen || evidence.leaves_on_tables != 0;
}

/// The number of levels that the tables of `stage` have, when it is beyond doubt and not the one given.
std::optional<std::uint8_t> levels_in_truth(const MemorySource &memory, const Stage &stage)
{
    if (!reads_badly(scan::judge_tables(memory, stage.root, *stage.format, stage.params).evidence))
        return std::nullopt;
    GuessLimits limits;
    limits.table = stage.format;
    limits.params = stage.params;
    limits.given = ~std::uint32_t{0};
    if (is_arm(stage.format->family))
        limits.params->value[formats::arm::kInputBits] = 0;  // it comes from the same field as the levels
    const Guess guess = guess_memory(memory, stage.root, limits);
    const Reading *reading = guess.decided();
    if (reading == nullptr || guess.confidence < Confidence::medium || reading->params.levels == stage.params.levels)
        return std::nullopt;
    return reading->params.levels;
}

void depth_mismatch(const Facts &facts, FindingSink &sink)
{
    const RecordFinder records(facts);
    std::size_t judged = 0;
    for (const DomainFact &domain : facts.domains) {
        if (domain.users.empty() || !domain.root_readable || judged == kMostRoots)
            continue;
        ++judged;
        const auto levels = levels_in_truth(*facts.subject->memory, domain.stage);
        if (!levels)
            continue;
        for (const DomainUser &user : domain.users) {
            const RecordFact *record = records.find(user.unit, user.device.table, user.device.index);
            Finding finding = record != nullptr ? blockable(sink, facts, *record, RepairPolicy::all) : sink.finding();
            finding.unit = user.unit;
            finding.device = user.device.id;
            finding.pasid = user.device.pasid;
            finding.target = domain.stage.root;
            finding.observed = domain.stage.params.levels;
            finding.expected = *levels;
            sink.add(finding);
        }
    }
}

}  // namespace

constexpr CheckRow kDepthMismatch{
    .about = {.code = "depth-mismatch",
              .severity = Severity::error,
              .title = "page tables have another number of levels than their directory says",
              .message = "{record} says that the page tables at {target} have {count} levels, but they read well with "
                         "{expected_count} alone",
              .why = "With too few levels the device reaches page tables as if they were data, and can write its own "
                     "translations; with too many, pages of data are taken for tables and whoever fills them decides "
                     "where the device goes.",
              .repair = "Makes the record one that blocks its devices; only with -y, because the number of levels is "
                        "inferred. The number itself is never changed.",
              .origin = "PT33"},
    .facts = depth_mismatch};

}  // namespace pgregion::check
