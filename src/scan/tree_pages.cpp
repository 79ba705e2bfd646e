// SPDX-License-Identifier: GPL-2.0-or-later
#include "scan/tree_pages.h"

#include "base/bits.h"
#include "base/bytes.h"

#include <pgregion/mapping.h>

#include <algorithm>
#include <set>

namespace pgregion::scan
{

namespace
{

/// About 32 MiB; a machine of a terabyte has fewer tables of IOMMUs.
constexpr std::size_t kMostPages = std::size_t{1} << 19;
constexpr std::uint64_t kMostTablesWalked = std::uint64_t{1} << 20;
constexpr std::size_t kMostRoots = 65536;
/// Ways to read tables that are told apart; the directories of a machine have a handful.
constexpr std::size_t kMostReadings = 64;

// x86-64 (Intel SDM volume 3, section 4.5).
constexpr std::uint64_t kUser = bit(2);
constexpr std::uint64_t kGlobal = bit(8);

}  // namespace

class Claims::Tables final : public WalkVisitor
{
public:
    Tables(Claims &claims, const Stage &stage, PhysAddr root, CpuMarks *cpu)
        : claims_(claims), stage_(stage), root_(root), cpu_(cpu)
    {
    }

    /// Domains may share tables, up to all of the last level: what lies below a table that was entered is claimed. Marks
    /// of a CPU are those of the whole tree.
    bool wants(const TableVisit &visit) override
    {
        if (cpu_ != nullptr || claims_.is_new(stage_, visit.table, visit.level))
            return true;
        claims_.put(page_of(visit.table), root_);
        return false;
    }

    void enter(const TableVisit &visit) override
    {
        const std::uint64_t bytes = std::max<std::uint64_t>(visit.shape.bytes(), 1);
        for (std::uint64_t at = 0; at < bytes; at += kPageBytes)
            claims_.put(page_of(visit.table + at), root_);
    }

    Visit runs(const TableVisit &visit, std::span<const EntryRun> runs) override
    {
        if (cpu_ == nullptr || visit.format->family != TableFamily::x86)
            return claims_.truncated_ ? Visit::stop : Visit::go_on;
        for (const EntryRun &run : runs) {
            cpu_->supervisor += (run.first.raw & kUser) == 0 && run.first.present() ? run.count : 0;
            cpu_->global += (run.first.raw & kGlobal) != 0 && run.first.kind == EntryKind::leaf ? run.count : 0;
        }
        return claims_.truncated_ ? Visit::stop : Visit::go_on;
    }

private:
    Claims &claims_;
    const Stage &stage_;
    PhysAddr root_;
    CpuMarks *cpu_;  ///< none: nobody asks for them
};

class Claims::Records final : public DirectoryVisitor
{
public:
    Records(Claims &claims, const DirectoryFormat &format, PhysAddr root)
        : claims_(claims), format_(format), root_(root)
    {
    }

    void record(const DirectoryStep &step, const DirectoryPlace &) override
    {
        if (step.table.outer.format != nullptr)
            return;
        const std::uint64_t at = std::uint64_t{step.index} * format_.table_types[step.table.type].record_bytes;
        claims_.put(page_of(step.table.address + at), root_);
    }

    void device(const Device &device) override
    {
        if (device.translation.format == nullptr)
            return;
        const Stage stage = physical_stage(device.translation);
        if (!seen_.contains(stage.root) && seen_.size() >= kMostRoots)
            claims_.truncated_ = true;
        else if (seen_.insert(stage.root).second)
            stages_.push_back(stage);
    }

    [[nodiscard]] const std::vector<Stage> &stages() const { return stages_; }

private:
    Claims &claims_;
    const DirectoryFormat &format_;
    PhysAddr root_;
    std::set<PhysAddr> seen_;
    std::vector<Stage> stages_;
};

Claims::Claims(const MemorySource &memory) : memory_(memory), budget_(WalkBudget::for_memory(memory))
{
    budget_.tables = std::min(budget_.tables, kMostTablesWalked);
}

std::optional<PhysAddr> Claims::owner(PhysAddr page) const
{
    const auto known = owners_.find(page.value());
    return known == owners_.end() ? std::nullopt : std::optional(PhysAddr(known->second));
}

void Claims::put(PhysAddr page, PhysAddr root)
{
    if (owners_.size() >= kMostPages) {
        truncated_ = true;
        return;
    }
    const auto [known, is_new] = owners_.try_emplace(page.value(), root.value());
    if (!is_new && known->second == page.value())
        known->second = root.value();
}

void Claims::walk(const Stage &stage, PhysAddr root, CpuMarks *cpu)
{
    const bool counts = cpu != nullptr && stage.format->family == TableFamily::x86;
    Tables tables(*this, stage, root, counts ? cpu : nullptr);
    WalkRequest request = walk_request(stage);
    request.budget = &budget_;
    if (counts || is_new(stage, stage.root, stage.params.levels - 1U))
        walk_tables(memory_, request, tables);
    else
        put(page_of(stage.root), root);
    truncated_ = truncated_ || budget_.tables == 0;
}

bool Claims::is_new(const Stage &stage, PhysAddr table, unsigned level)
{
    const auto same = [&](const Stage &other) { return other.format == stage.format && other.params == stage.params; };
    const auto known = std::ranges::find_if(readings_, same);
    const auto number = static_cast<std::uint64_t>(known - readings_.begin());
    if (number == kMostReadings)
        return true;
    if (known == readings_.end())
        readings_.push_back(stage);
    // A level is below 8, and addresses have 52 bits.
    static_assert(kMostReadings <= 64);
    return walked_.insert(table.value() / kWordBytes << 9 | number << 3 | level).second;
}

TreePages Claims::claim(const Reading &reading, PhysAddr root)
{
    TreePages pages;
    put(root, root);
    if (reading.table != nullptr) {
        walk({reading.table, reading.params, root}, root, &pages.cpu);
        return pages;
    }
    Records records(*this, *reading.directory, root);
    walk_directory(memory_, {reading.directory, reading.params, root}, records);
    pages.roots = records.stages();
    for (const Stage &stage : pages.roots)
        walk(stage, root, nullptr);  // a directory says whose tables they are
    return pages;
}

}  // namespace pgregion::scan
