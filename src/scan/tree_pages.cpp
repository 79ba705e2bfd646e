// SPDX-License-Identifier: GPL-2.0-or-later
#include "scan/tree_pages.h"

#include "base/bits.h"

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
constexpr std::size_t kMostRoots = 4096;

// x86-64 (Intel SDM volume 3, section 4.5).
constexpr std::uint64_t kUser = bit(2);
constexpr std::uint64_t kGlobal = bit(8);

}  // namespace

class Claims::Tables final : public WalkVisitor
{
public:
    Tables(Claims &claims, PhysAddr root, CpuMarks &cpu) : claims_(claims), root_(root), cpu_(cpu) {}

    void enter(const TableVisit &visit) override
    {
        const std::uint64_t bytes = std::max<std::uint64_t>(visit.shape.bytes(), 1);
        for (std::uint64_t at = 0; at < bytes; at += kPageBytes)
            claims_.put(page_of(visit.table + at), root_);
    }

    Visit runs(const TableVisit &visit, std::span<const EntryRun> runs) override
    {
        if (visit.format->family != TableFamily::x86)
            return claims_.truncated_ ? Visit::stop : Visit::go_on;
        for (const EntryRun &run : runs) {
            cpu_.supervisor += (run.first.raw & kUser) == 0 && run.first.present() ? run.count : 0;
            cpu_.global += (run.first.raw & kGlobal) != 0 && run.first.kind == EntryKind::leaf ? run.count : 0;
        }
        return claims_.truncated_ ? Visit::stop : Visit::go_on;
    }

private:
    Claims &claims_;
    PhysAddr root_;
    CpuMarks &cpu_;
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
        if (device.translation.format == nullptr || stages_.size() >= kMostRoots)
            return;
        const Stage stage = physical_stage(device.translation);
        if (seen_.insert(stage.root).second)
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

void Claims::walk(const Stage &stage, PhysAddr root, CpuMarks &cpu)
{
    WalkRequest request = walk_request(stage);
    request.budget = &budget_;
    Tables tables(*this, root, cpu);
    walk_tables(memory_, request, tables);
    truncated_ = truncated_ || budget_.tables == 0;
}

TreePages Claims::claim(const Reading &reading, PhysAddr root)
{
    TreePages pages;
    put(root, root);
    if (reading.table != nullptr) {
        walk({reading.table, reading.params, root}, root, pages.cpu);
        return pages;
    }
    Records records(*this, *reading.directory, root);
    walk_directory(memory_, {reading.directory, reading.params, root}, records);
    pages.roots = records.stages();
    CpuMarks ignored;  // a directory says whose tables they are
    for (const Stage &stage : pages.roots)
        walk(stage, root, ignored);
    return pages;
}

}  // namespace pgregion::scan
