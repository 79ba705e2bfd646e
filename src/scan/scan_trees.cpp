// SPDX-License-Identifier: GPL-2.0-or-later
#include "scan/scan_trees.h"

#include "base/bits.h"
#include "base/bytes.h"
#include "scan/parallel.h"
#include "scan/tree_pages.h"

#include <pgregion/walk.h>

#include <algorithm>
#include <map>

namespace pgregion::scan
{

namespace
{

/// Pages that may be roots and that no tree claims: in a healthy memory nearly all of them have a directory above.
constexpr std::size_t kMostJudged = std::size_t{1} << 14;
/// Pages that point to pages that point to pages: as deep as trees are.
constexpr unsigned kTurns = 6;
/// The same with any number of threads, so that the report is.
constexpr std::size_t kBatch = 64;
/// Where roots cost so many entries each, as many at a time as bounds can be held with; the first ones always.
constexpr std::uint64_t kDearRoot = std::uint64_t{1} << 20;
constexpr std::size_t kDearBatch = 16;
/// Entries that may be read while roots are judged: as many as the memory could hold several times over, and more in a
/// small one. Tables that all point to each other would otherwise take hours.
constexpr std::uint64_t kEntriesPerPage = 4096;
constexpr std::uint64_t kLeastEntries = std::uint64_t{1} << 27;

/// Roots below directories that are compared, and directories that are named beside one.
constexpr std::size_t kMostLinks = std::size_t{1} << 18;
constexpr std::size_t kMostSame = 16;

constexpr unsigned kDirectoryScore = 55;
constexpr unsigned kTablesScore = 40;
/// Tables with marks of a CPU are true, but nobody looks for them here.
constexpr unsigned kCpuScore = 5;
/// First-stage tables without such marks are those of an IOMMU, or of a process without a kernel in it.
constexpr unsigned kDoubtAboutCpu = 10;

unsigned score_of(Confidence confidence)
{
    constexpr std::array<unsigned, 4> kScores{0, 5, 15, 25};
    return kScores.at(static_cast<std::size_t>(confidence));
}

unsigned score_of(const Candidate &candidate)
{
    const Evidence &evidence = candidate.reading->evidence;
    const auto closing =
        static_cast<unsigned>(std::min<std::uint64_t>(evidence.pointers_good + evidence.roots_good, 10));
    if (candidate.cpu.global + candidate.cpu.supervisor != 0)
        return kCpuScore + closing;
    if (candidate.kind == CandidateKind::directory)
        return kDirectoryScore + score_of(candidate.confidence) + closing + (evidence.roots_good != 0 ? 10U : 0U);
    const bool first_stage = candidate.reading->table->family == TableFamily::x86;
    return kTablesScore + score_of(candidate.confidence) + closing - (first_stage ? kDoubtAboutCpu : 0);
}

/// Pages of `roots` that some other one of them points to, as the first entries of any architecture would.
std::vector<bool> pointed_at(const MemorySource &memory, const std::vector<PhysAddr> &roots)
{
    // Most leaves point to no root, and there are hundreds of them in each page.
    constexpr std::size_t kBits = std::size_t{1} << 22;
    const auto bit_of = [](PhysAddr page) { return page.value() / kPageBytes % kBits; };
    std::vector<bool> may_be_root(kBits);
    for (const PhysAddr root : roots)
        may_be_root[bit_of(root)] = true;
    std::vector<bool> pointed(roots.size());
    std::array<std::byte, kPageBytes> buffer{};
    const auto mark = [&](PhysAddr target, PhysAddr from) {
        if (!may_be_root[bit_of(target)])
            return;
        const auto at = std::ranges::lower_bound(roots, target);
        if (at != roots.end() && *at == target && target != from)
            pointed[static_cast<std::size_t>(at - roots.begin())] = true;
    };
    for (const PhysAddr root : roots) {
        const Bytes page = memory.page(root, buffer);
        for (std::size_t at = 0; at < page.size(); at += kWordBytes) {
            const std::uint64_t word = load_le64(page, at);
            if (word == 0)
                continue;
            mark(PhysAddr(word & bits(51, 12)), root);
            mark(PhysAddr((word & bits(53, 10)) << 2), root);
        }
    }
    return pointed;
}

class Finder
{
public:
    Finder(const MemorySource &memory, TreeSearch search)
        : memory_(memory), search_(std::move(search)), claims_(memory), jobs_(std::max(1U, search_.options->jobs))
    {
    }

    TreesFound go()
    {
        std::erase_if(search_.roots, [&](PhysAddr root) { return is_taken(root); });
        total_ = search_.roots.size();
        judge_roots();
        next_ = search_.roots.size();
        report_progress();
        found_.truncated = found_.truncated || claims_.truncated();
        drop_inner();
        find_same_tables();
        return std::move(found_);
    }

private:
    [[nodiscard]] bool is_taken(PhysAddr root) const
    {
        const auto after = std::ranges::upper_bound(search_.taken, root, {}, &Range<PhysAddr>::first);
        return after != search_.taken.begin() && std::prev(after)->contains(root);
    }

    /// In turns: first pages that nobody points to, then those that only pages without a tree point to, and so on. The
    /// rest point at each other, or leaves point at them by accident.
    void judge_roots()
    {
        for (unsigned turn = 0; turn < kTurns && next_ < search_.roots.size(); ++turn) {
            const std::size_t end = next_ + bring_unpointed_forward();
            if (end == next_)
                break;
            judge_up_to(end);
        }
        judge_up_to(search_.roots.size());
    }

    /// Of the pages that are left, and that no tree claimed. Returns how many there are.
    std::size_t bring_unpointed_forward()
    {
        const auto first = search_.roots.begin() + static_cast<std::ptrdiff_t>(next_);
        search_.roots.erase(std::remove_if(first, search_.roots.end(), [&](PhysAddr r) { return claims_.holds(r); }),
                            search_.roots.end());
        const std::vector<PhysAddr> left(first, search_.roots.end());
        const std::vector<bool> pointed = pointed_at(memory_, left);
        auto place = first;
        for (const bool wanted : {false, true}) {
            for (std::size_t i = 0; i < pointed.size(); ++i) {
                if (pointed[i] == wanted)
                    *place++ = left[i];
            }
        }
        return static_cast<std::size_t>(std::ranges::count(pointed, false));
    }

    /// Pages before `end`; no page behind is read as long as one before may claim it.
    void judge_up_to(std::size_t end)
    {
        const std::uint64_t most = kLeastEntries + memory_.size_bytes() / kPageBytes * kEntriesPerPage;
        while (next_ < end && !found_.truncated) {
            judge_batch(end);
            found_.truncated = entries_judged_ > most || judged_ > kMostJudged;
        }
    }

    /// Reads some of the pages that are left on all threads, and takes what was found in their order.
    void judge_batch(std::size_t end)
    {
        std::vector<PhysAddr> batch;
        const std::size_t most = entries_judged_ < judged_ * kDearRoot ? kBatch : kDearBatch;
        for (; next_ < end && batch.size() < most; ++next_) {
            if (!claims_.holds(search_.roots[next_]))
                batch.push_back(search_.roots[next_]);
        }
        judged_ += batch.size();
        std::vector<Guess> guesses(batch.size());
        for_each_item(batch.size(), jobs_,
                      [&](std::size_t i, unsigned) { guesses[i] = guess_memory(memory_, batch[i], {}); });
        for (std::size_t i = 0; i < batch.size(); ++i) {
            entries_judged_ += guesses[i].entries_judged;
            if (guesses[i].decided() != nullptr && !claims_.holds(batch[i]))
                take(batch[i], guesses[i]);
        }
        report_progress();
    }

    void take(PhysAddr root, const Guess &guess)
    {
        Candidate candidate;
        candidate.address = root;
        candidate.reading = *guess.decided();
        candidate.confidence = guess.confidence;
        const bool directory = candidate.reading->directory != nullptr;
        candidate.kind = directory ? CandidateKind::directory : CandidateKind::page_table;
        const TreePages pages = claims_.claim(*candidate.reading, root);
        candidate.cpu = pages.cpu;
        candidate.score = score_of(candidate);
        for (const Stage &stage : pages.roots) {
            add_domain(stage, candidate);
            if (leads_to_.size() < kMostLinks)
                leads_to_.emplace_back(stage.root, root);
        }
        found_.candidates.push_back(std::move(candidate));
    }

    /// The page tables of a device: the directory says how to read them.
    void add_domain(const Stage &stage, const Candidate &directory)
    {
        if (search_.options->inner == ScanOptions::Inner::leave_out)
            return;
        Candidate &candidate = found_.candidates.emplace_back();
        candidate.kind = CandidateKind::page_table;
        candidate.address = stage.root;
        candidate.score = directory.score;
        candidate.confidence = directory.confidence;
        candidate.reading.emplace();
        candidate.reading->table = stage.format;
        candidate.reading->params = stage.params;
        candidate.inside = directory.address;
    }

    /// Roots that a later one led to. Two that lead to each other: the better one stays.
    void drop_inner()
    {
        std::erase_if(found_.candidates, [&](const Candidate &candidate) {
            const std::optional<PhysAddr> owner = claims_.owner(candidate.address);
            return !candidate.inside && owner && *owner != candidate.address && claims_.owner(*owner) == *owner;
        });
    }

    /// Of the directories that are left, those that lead to a root of page tables together.
    void find_same_tables()
    {
        std::map<PhysAddr, Candidate *> directories;
        for (Candidate &candidate : found_.candidates) {
            if (candidate.kind == CandidateKind::directory)
                directories.emplace(candidate.address, &candidate);
        }
        std::erase_if(leads_to_, [&](const auto &link) { return !directories.contains(link.second); });
        std::ranges::sort(leads_to_);
        for (std::size_t i = 0; i < leads_to_.size(); ++i) {
            for (std::size_t k = i + 1; k < leads_to_.size() && leads_to_[k].first == leads_to_[i].first; ++k) {
                if (k - i > kMostSame)
                    break;
                note_same(*directories[leads_to_[i].second], leads_to_[k].second);
                note_same(*directories[leads_to_[k].second], leads_to_[i].second);
            }
        }
    }

    static void note_same(Candidate &directory, PhysAddr other)
    {
        std::vector<PhysAddr> &same = directory.same_tables;
        const auto place = std::ranges::lower_bound(same, other);
        if (same.size() < kMostSame && (place == same.end() || *place != other))
            same.insert(place, other);
    }

    void report_progress() const
    {
        if (search_.options->progress)
            search_.options->progress({ScanStage::candidates, total_ - (search_.roots.size() - next_), total_});
    }

    const MemorySource &memory_;
    TreeSearch search_;
    Claims claims_;
    unsigned jobs_;
    std::uint64_t entries_judged_ = 0;
    std::size_t total_ = 0;  ///< pages that may be roots
    std::size_t next_ = 0;   ///< of the roots, that is not judged yet; behind it they are in order of addresses
    std::size_t judged_ = 0;
    std::vector<std::pair<PhysAddr, PhysAddr>> leads_to_;  ///< roots of page tables, and directories that lead there
    TreesFound found_;
};

}  // namespace

TreesFound find_trees(const MemorySource &memory, TreeSearch search) { return Finder(memory, std::move(search)).go(); }

}  // namespace pgregion::scan
