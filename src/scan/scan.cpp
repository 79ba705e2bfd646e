// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/bytes.h"
#include "scan/parallel.h"
#include "scan/scan_area.h"
#include "scan/scan_page.h"
#include "scan/scan_region.h"
#include "scan/scan_trees.h"

#include <pgregion/region.h>
#include <pgregion/scan.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <tuple>

namespace pgregion
{

namespace
{

using namespace scan;

/// What one thread takes at a time.
constexpr std::uint64_t kPieceBytes = std::uint64_t{4} << 20;
/// Pages that look like something, kept for a closer look; more of one kind ends the list.
constexpr std::size_t kMostLeads = std::size_t{1} << 19;
/// Regions whose tables are read; whole memories of them have one in each 2 MiB.
constexpr std::size_t kMostRegionsJudged = 16384;

struct RegionLead {
    PhysAddr address;
    RegionFacts facts;
    unsigned score = 0;
};

/// What a look at every page left.
struct Leads {
    std::vector<RegionLead> regions;
    std::vector<Candidate> areas;
    std::vector<PhysAddr> roots;
    bool truncated = false;

    void add(const Leads &more)
    {
        regions.insert(regions.end(), more.regions.begin(), more.regions.end());
        areas.insert(areas.end(), more.areas.begin(), more.areas.end());
        roots.insert(roots.end(), more.roots.begin(), more.roots.end());
        truncated = truncated || more.truncated;
    }
};

bool wants(const ScanOptions &options, CandidateKind kind) { return options.kinds.at(static_cast<std::size_t>(kind)); }

/// Looks at pages one by one; one of these for each thread.
class PageLook
{
public:
    PageLook(const MemorySource &memory, Range<PhysAddr> bounds, const ScanOptions &options)
        : memory_(memory), filter_(memory, bounds), align_bytes_(options.align_bytes),
          regions_(wants(options, CandidateKind::region)),
          trees_(wants(options, CandidateKind::directory) || wants(options, CandidateKind::page_table))
    {
    }

    void look(const Range<PhysAddr> &piece)
    {
        for (std::uint64_t at = 0; at < piece.size; at += kPageBytes)
            look_at(piece.first + at);
    }

    [[nodiscard]] const Leads &leads() const { return leads_; }

private:
    void look_at(PhysAddr address)
    {
        const Bytes page = memory_.page(address, buffer_);
        if (page.empty())
            return;
        if (address.value() % align_bytes_ == 0)
            look_for_start(address, page);
        if (trees_ && filter_.passes(page))
            add(leads_.roots, address);
    }

    /// Nearly every page ends at its first word.
    void look_for_start(PhysAddr address, Bytes page)
    {
        const std::uint64_t word = load_le64(page);
        if (word == 0)
            return;
        if (word == kAreaMagic)
            add(leads_.areas, judge_area(memory_, address, page));
        if (!regions_ || ((word & 1) == 0 && address.value() % kRegionBytes != 0))
            return;
        if (const auto facts = look_at_region(memory_, address, page))
            add(leads_.regions, RegionLead{address, *facts, first_score(*facts)});
    }

    template <class Lead>
    void add(std::vector<Lead> &list, const Lead &lead)
    {
        if (list.size() < kMostLeads)
            list.push_back(lead);
        else
            leads_.truncated = true;
    }

    const MemorySource &memory_;
    RootFilter filter_;
    std::uint64_t align_bytes_;
    bool regions_;
    bool trees_;
    Leads leads_;
    alignas(kWordBytes) std::array<std::byte, kPageBytes> buffer_{};
};

/// `ranges` in pieces for the threads.
std::vector<Range<PhysAddr>> pieces_of(std::span<const Range<PhysAddr>> ranges)
{
    std::vector<Range<PhysAddr>> pieces;
    for (const Range<PhysAddr> &range : ranges) {
        for (std::uint64_t at = 0; at < range.size; at += kPieceBytes)
            pieces.push_back({range.first + at, std::min(kPieceBytes, range.size - at)});
    }
    return pieces;
}

Range<PhysAddr> bounds_of(std::span<const Range<PhysAddr>> ranges)
{
    if (ranges.empty())
        return {};
    const Range<PhysAddr> &last = ranges.back();
    return {ranges.front().first, last.first - ranges.front().first + last.size};
}

class Scan
{
public:
    Scan(const MemorySource &memory, std::span<const Range<PhysAddr>> ranges, const ScanOptions &options)
        : memory_(memory), ranges_(ranges), options_(options), jobs_(std::max(1U, options.jobs))
    {
    }

    ScanReport go()
    {
        for (const Range<PhysAddr> &range : ranges_)
            report_.bytes += range.size;
        Leads leads = look_at_pages();
        report_.truncated = leads.truncated;
        leave_to_areas(leads);
        judge_regions(std::move(leads.regions));
        find_trees_in(std::move(leads.roots));
        report_.candidates.insert(report_.candidates.end(), leads.areas.begin(), leads.areas.end());
        std::ranges::sort(report_.candidates, [](const Candidate &a, const Candidate &b) {
            return std::tuple(b.score, a.kind, a.address) < std::tuple(a.score, b.kind, b.address);
        });
        return std::move(report_);
    }

private:
    Leads look_at_pages()
    {
        const std::vector<Range<PhysAddr>> pieces = pieces_of(ranges_);
        const Range<PhysAddr> bounds = bounds_of(ranges_);
        std::vector<PageLook> looks;
        for (unsigned worker = 0; worker < jobs_; ++worker)
            looks.emplace_back(memory_, bounds, options_);
        std::mutex lock;
        std::uint64_t done = 0;
        for_each_item(pieces.size(), jobs_, [&](std::size_t item, unsigned worker) {
            looks[worker].look(pieces[item]);
            const std::lock_guard guard(lock);
            done += pieces[item].size;
            tell(ScanStage::pages, done, report_.bytes);
        });
        Leads leads;
        for (const PageLook &look : looks)
            leads.add(look.leads());
        std::ranges::sort(leads.roots);
        return leads;
    }

    /// Takes out what lies in the blocks of an area, but its regions.
    void leave_to_areas(Leads &leads) const
    {
        if (leads.areas.empty())
            return;
        const AreaBlocks blocks(memory_, leads.areas, ranges_);
        std::erase_if(leads.regions, [&](const RegionLead &lead) {
            return blocks.has(lead.address) && !blocks.begins_region(lead.address);
        });
        std::erase_if(leads.roots, [&](PhysAddr root) { return blocks.has(root); });
        if (!wants(options_, CandidateKind::area))
            leads.areas.clear();
    }

    /// The most promising first; what overlaps a better one is a page inside it that looks like a page 0.
    void judge_regions(std::vector<RegionLead> leads)
    {
        std::ranges::sort(leads, [](const RegionLead &a, const RegionLead &b) {
            return std::pair(b.score, a.address) < std::pair(a.score, b.address);
        });
        report_.truncated = report_.truncated || leads.size() > kMostRegionsJudged;
        leads.resize(std::min(leads.size(), kMostRegionsJudged));
        std::vector<std::optional<Candidate>> judged(leads.size());
        std::mutex lock;
        std::uint64_t done = 0;
        for_each_item(leads.size(), jobs_, [&](std::size_t i, unsigned) {
            judged[i] = judge_region(memory_, leads[i].address, leads[i].facts);
            const std::lock_guard guard(lock);
            tell(ScanStage::candidates, ++done, leads.size());
        });
        std::vector<Candidate> regions;
        for (std::optional<Candidate> &candidate : judged) {
            if (candidate)
                regions.push_back(std::move(*candidate));
        }
        std::ranges::sort(regions, [](const Candidate &a, const Candidate &b) {
            return std::pair(b.score, a.address) < std::pair(a.score, b.address);
        });
        for (Candidate &candidate : regions) {
            if (!overlaps(candidate.address))
                report_.candidates.push_back(std::move(candidate));
        }
    }

    [[nodiscard]] bool overlaps(PhysAddr address)
    {
        const auto after = starts_.lower_bound(address);
        const bool next = after != starts_.end() && *after - address < kRegionBytes;
        const bool before = after != starts_.begin() && address - *std::prev(after) < kRegionBytes;
        if (!next && !before)
            starts_.insert(address);
        return next || before;
    }

    void find_trees_in(std::vector<PhysAddr> roots)
    {
        TreeSearch search;
        search.roots = std::move(roots);
        search.options = &options_;
        for (const Candidate &region : report_.candidates) {
            if (region.reading)
                search.taken.push_back({region.address, kRegionBytes});
        }
        std::ranges::sort(search.taken, {}, &Range<PhysAddr>::first);
        TreesFound found = find_trees(memory_, std::move(search));
        std::erase_if(found.candidates, [&](const Candidate &c) { return !wants(options_, c.kind); });
        report_.truncated = report_.truncated || found.truncated;
        report_.candidates.insert(report_.candidates.end(), found.candidates.begin(), found.candidates.end());
    }

    void tell(ScanStage stage, std::uint64_t done, std::uint64_t total) const
    {
        if (options_.progress)
            options_.progress({stage, done, total});
    }

    const MemorySource &memory_;
    std::span<const Range<PhysAddr>> ranges_;
    const ScanOptions &options_;
    unsigned jobs_;
    std::set<PhysAddr> starts_;  ///< of regions found
    ScanReport report_;
};

}  // namespace

std::string_view name(CandidateKind kind)
{
    static constexpr std::array<std::string_view, kCandidateKinds> kNames{"region", "area", "directory", "page-table"};
    return kNames.at(static_cast<std::size_t>(kind));
}

ScanReport scan_memory(const MemorySource &memory, std::span<const Range<PhysAddr>> ranges, const ScanOptions &options)
{
    return Scan(memory, ranges, options).go();
}

}  // namespace pgregion
