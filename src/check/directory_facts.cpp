// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/directory_facts.h"

#include "check/table_pass.h"

#include <map>
#include <tuple>

namespace pgregion::check
{

namespace
{

/// Records kept for the checks of directories: four times what every device of a segment can have.
constexpr std::size_t kMostRecords = std::size_t{1} << 18;
/// Devices and PASIDs kept, for the same reason.
constexpr std::size_t kMostDevices = std::size_t{1} << 20;
/// Collects the directories of all units.
class DirectoryGatherer final : public DirectoryVisitor
{
public:
    explicit DirectoryGatherer(Facts &facts) : facts_(facts) {}

    void begin(std::uint32_t unit) { unit_ = unit; }

    void record(const DirectoryStep &step, const DirectoryPlace &place) override
    {
        if (!is_first_way(step, place))
            return;
        if (facts_.records.size() == kMostRecords) {
            facts_.truncated = true;
            return;
        }
        facts_.records.push_back({unit_, step, place});
        if (step.record.next && step.record.next->outer.format == nullptr)
            note_pointer(step, place);
    }

    void device(const Device &device) override
    {
        if (!facts_.devices.empty() && folds(facts_.devices.back(), device)) {
            facts_.devices.back().device.last_id = device.last_id;
            return;
        }
        if (facts_.devices.size() == kMostDevices) {
            facts_.truncated = true;
            return;
        }
        facts_.devices.push_back({unit_, device});
    }

    void problem(const Problem &problem) override
    {
        if (cuts_short(problem.kind))
            facts_.truncated = facts_.truncated || problem.kind == ProblemKind::budget_spent;
        else
            facts_.directory_problems.push_back({unit_, problem});
    }

    /// The root table is there even when it holds nothing.
    void root(const DirectoryTable &table) { note_table(table, {}); }

private:
    /// A table that several records lead to is walked for each of them; its records count once.
    bool is_first_way(const DirectoryStep &step, DirectoryPlace place)
    {
        const std::uint32_t ids = step.index << step.table.id_shift;
        (place.pasid ? *place.pasid : place.device) -= ids;
        return note_table(step.table, place);
    }

    /// The table that a record leads to: it is in use even when it is empty. Tables of PASIDs may be shared by devices
    /// that are one for the IOMMU; tables of devices may not.
    void note_pointer(const DirectoryStep &step, DirectoryPlace place)
    {
        const DirectoryTable &next = *step.record.next;
        const bool of_pasids = facts_.directory(unit_).table_types[next.type].key == DirectoryKey::pasid;
        if (of_pasids && !place.pasid)
            place.pasid = 0;
        if (bytes_there(*facts_.subject->memory, {next.address, 1}) == 0)
            return;
        // A table of one record is no table of devices: SMMU context descriptors without substreams, for example.
        if (!note_table(next, place) && !of_pasids && next.records > 1)
            facts_.shared_records.push_back({unit_, step, place});
    }

    bool note_table(const DirectoryTable &table, const DirectoryPlace &first)
    {
        const auto [found, is_new] = seen_.try_emplace({unit_, table.type, table.address}, first);
        if (is_new) {
            const std::uint64_t record_bytes = facts_.directory(unit_).table_types[table.type].record_bytes;
            facts_.directory_tables.push_back({unit_, table, {table.address, table.records * record_bytes}});
        }
        const DirectoryPlace &known = found->second;
        return known.device == first.device && known.pasid == first.pasid;
    }

    [[nodiscard]] bool folds(const DomainUser &last, const Device &device) const
    {
        const auto unprotected = [](const Device &one) {
            return one.translation.kind == TranslationKind::unprotected && !one.pasid;
        };
        return last.unit == unit_ && last.device.last_id + 1 == device.id && unprotected(last.device) &&
               unprotected(device);
    }

    Facts &facts_;
    std::uint32_t unit_ = 0;
    std::map<std::tuple<std::uint32_t, std::uint8_t, PhysAddr>, DirectoryPlace> seen_;
};

}  // namespace

void gather_directories(Facts &facts)
{
    DirectoryGatherer gatherer(facts);
    for (std::uint32_t unit = 0; unit < facts.subject->units.size(); ++unit) {
        const DirectoryRequest &request = facts.subject->units[unit];
        gatherer.begin(unit);
        gatherer.root(request.format->root(request.root, request.params));
        const WalkOutcome outcome = walk_directory(*facts.subject->memory, request, gatherer);
        facts.truncated = facts.truncated || outcome.stopped;
    }
}

}  // namespace pgregion::check
