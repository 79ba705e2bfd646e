// SPDX-License-Identifier: GPL-2.0-or-later
//
// The proof of a VT-d directory. What is handed over of it is its root table, the context tables that the hw object
// marks (bit = bus << 1 | upper half of the devices), and below these what belongs to the devices of the records: an
// old kernel still has the rest in place, and clears it last.
//
// The hw object does not say whether the root table is one of legacy or of scalable mode, which the register does.
// The right one sends devices where their records do.
#include "handover/proof.h"

#include <algorithm>

namespace pgregion::handover
{

namespace
{

constexpr unsigned kHalfBusLg2 = 7;  // a bit of the bitmap stands for half a bus
constexpr unsigned kContextBits = 512;
/// Page tables below one directory: devices with PASIDs have many, but each in memory of its own.
constexpr std::size_t kMostTables = std::size_t{1} << 17;

/// How well a mode fits: more devices where they are expected, then less that is malformed.
struct Fit {
    std::uint64_t expected = 0;
    std::uint64_t bad = 0;
    [[nodiscard]] bool better_than(const Fit &other) const
    {
        return expected != other.expected ? expected > other.expected : bad < other.bad;
    }
};

bool is_plain(const Device &device) { return !device.pasid || device.rid_pasid; }

class FitVisitor final : public DirectoryVisitor
{
public:
    explicit FitVisitor(const ExpectedTables &expected) : expected_(expected) {}

    void device(const Device &device) override
    {
        const auto found = expected_.find(device.id);
        const Translation &translation = device.translation;
        fit_.bad += translation.kind == TranslationKind::invalid ? 1 : 0;
        if (found != expected_.end() && is_plain(device) && translation.format != nullptr &&
            physical_stage(translation).root == found->second)
            ++fit_.expected;
    }
    void problem(const Problem &) override { ++fit_.bad; }

    [[nodiscard]] const Fit &fit() const { return fit_; }

private:
    const ExpectedTables &expected_;
    Fit fit_;
};

class DirectoryProof final : public DirectoryVisitor
{
public:
    DirectoryProof(Proof &proof, const HandoverRoot &root, const ExpectedTables &expected, StagesByRoot &stages)
        : proof_(proof), root_(root), expected_(expected), stages_(stages)
    {
        for (const HandoverDevice &device : root.devices)
            waiting_.insert(device.id);
        devices_ = waiting_;
        for (const auto &[id, tables] : expected)
            proved_elsewhere_.insert(tables);
        proof_.table(root.paddr, kPageBytes);
    }

    void record(const DirectoryStep &step, const DirectoryPlace &place) override
    {
        if (place.depth > 0 && devices_.contains(place.device))
            see(step.table.address + std::uint64_t{step.index} * record_bytes(step.table));
        if (!step.record.next || !belongs(step.table, place))
            return;
        see(step.record.next->address);
    }

    void device(const Device &device) override
    {
        if (!devices_.contains(device.id))
            return;
        waiting_.erase(device.id);
        proof_.translation();
        if (device.translation.format == nullptr)
            return;
        const Stage stage = physical_stage(device.translation);
        const auto found = expected_.find(device.id);
        if (found != expected_.end() && is_plain(device)) {
            if (found->second == stage.root)
                stages_.emplace(stage.root, stage);
            else
                mismatch(device.id, found->second, stage.root);
        }
        if (proved_elsewhere_.size() >= kMostTables)
            proof_.cut_short();
        else if (proved_elsewhere_.insert(stage.root).second)
            proof_.walk(walk_request(stage));
    }

    void problem(const Problem &problem) override
    {
        // What belongs to others does not count. A record of a table above devices belongs to all of them.
        const bool ours = problem.device && (devices_.contains(*problem.device) || is_handed_over(*problem.device));
        if (cuts_short(problem.kind))
            proof_.cut_short();
        else if (ours && problem.kind == ProblemKind::table_outside_source)
            proof_.missing(PhysAddr(problem.observed));
        else if (ours)
            proof_.malformed();
    }

    /// Devices of the records that the directory knows nothing of.
    [[nodiscard]] const std::set<std::uint32_t> &waiting() const { return waiting_; }

private:
    std::uint64_t record_bytes(const DirectoryTable &table) const
    {
        return root_.directory->table_types[table.type].record_bytes;
    }

    [[nodiscard]] bool is_handed_over(std::uint32_t device) const
    {
        const std::uint32_t bit = device >> kHalfBusLg2;
        return bit < kContextBits && bit / 64 < root_.contexts.size() &&
               (root_.contexts[bit / 64] >> (bit % 64) & 1) != 0;
    }

    /// Whether what the record leads to is handed over.
    [[nodiscard]] bool belongs(const DirectoryTable &table, const DirectoryPlace &place) const
    {
        if (place.depth > 0)
            return devices_.contains(place.device);
        const bool whole_bus = table.id_shift > kHalfBusLg2;
        return is_handed_over(place.device) || (whole_bus && is_handed_over(place.device + (1U << kHalfBusLg2)));
    }

    /// Each page once: the records of a table come one after the other.
    void see(PhysAddr address)
    {
        if (seen_.insert(page_of(address)).second)
            proof_.table(page_of(address), kPageBytes);
    }

    void mismatch(std::uint32_t id, PhysAddr expected, PhysAddr found)
    {
        const auto device = std::ranges::find(root_.devices, id, &HandoverDevice::id);
        proof_.context().handover.note({HandoverProblemKind::domain_mismatch, expected, found.value(), *device});
    }

    Proof &proof_;
    const HandoverRoot &root_;
    const ExpectedTables &expected_;
    StagesByRoot &stages_;
    std::set<std::uint32_t> devices_;
    std::set<std::uint32_t> waiting_;
    std::set<PhysAddr> proved_elsewhere_;
    std::set<PhysAddr> seen_;
};

Fit fit_of(const ProofContext &context, const DirectoryRequest &request, const ExpectedTables &expected)
{
    FitVisitor visitor(expected);
    walk_directory(context.memory, request, visitor);
    return visitor.fit();
}

void choose_mode(const ProofContext &context, HandoverRoot &root, const ExpectedTables &expected)
{
    FormatParams scalable = root.params;
    set_parameter(scalable, root.directory->parameters, "mode", "scalable");
    const Fit legacy = fit_of(context, {root.directory, root.params, root.paddr}, expected);
    if (fit_of(context, {root.directory, scalable, root.paddr}, expected).better_than(legacy))
        root.params = scalable;
}

}  // namespace

void prove_directory(ProofContext &context, HandoverRoot &root, const ExpectedTables &expected, StagesByRoot &stages)
{
    choose_mode(context, root, expected);
    Proof proof(context, root);
    DirectoryProof visitor(proof, root, expected, stages);
    if (!walk_directory(context.memory, {root.directory, root.params, root.paddr}, visitor).root_readable) {
        proof.missing(root.paddr);
    } else {
        for (const std::uint32_t id : visitor.waiting()) {
            const auto device = std::ranges::find(root.devices, id, &HandoverDevice::id);
            context.handover.note({HandoverProblemKind::device_missing, root.paddr, id, *device});
        }
    }
    proof.finish(root);
}

}  // namespace pgregion::handover
