// SPDX-License-Identifier: GPL-2.0-or-later
//
// Finds the KHO FDTs of a memory and tells them apart. A kernel that took a hand-over in has two: the incoming one,
// whose tracker and head of LUO it uses for something else early in its boot, and the outgoing one of its own; and
// copies of both in its page cache, once somebody has read them from debugfs.
#include "handover/reader.h"

#include <tuple>

namespace pgregion
{

namespace
{

using handover::Fdt;
using handover::KhoParts;

struct Candidate {
    HandoverFdt found;
    KhoParts parts;
    Fdt fdt;
    bool has_tail;                          ///< bytes behind the FDT, which a page cache has not
    std::optional<bool> holds_itself = {};  ///< its tracker holds its page; asked for where there are copies
};

/// True when one is the other, or an earlier state of it.
bool are_one(const KhoParts &a, const KhoParts &b)
{
    return a.map == b.map && a.version == b.version &&
           (std::ranges::includes(a.subtrees, b.subtrees) || std::ranges::includes(b.subtrees, a.subtrees));
}

class Finder
{
public:
    explicit Finder(const MemorySource &memory) : memory_(memory) {}

    void look(PhysAddr address, Bytes page)
    {
        // What has the magic by accident claims any size; together they may cost as much as a few large ones.
        constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20;
        constexpr std::size_t kMostFound = 16;
        if (!Fdt::has_magic(page) || Fdt::claimed_bytes(page) > Fdt::kMaxBytes)
            return;
        bytes_ += Fdt::claimed_bytes(page);
        search_.truncated = bytes_ > kMostBytes || trees_.size() >= kMostFound || copies_ >= kMostCopies;
        if (search_.truncated)
            return;
        auto fdt = Fdt::read(memory_, address);
        if (!fdt || !handover::is_kho(*fdt))
            return;
        const std::size_t size = fdt->size_bytes();
        KhoParts parts = handover::parts_of(*fdt);
        const auto is_set = [](std::byte byte) { return byte != std::byte{0}; };
        const bool tail = size < page.size() && std::ranges::any_of(page.subspan(size), is_set);
        add({{address, parts.version, size}, parts, std::move(*fdt), tail});
    }

    [[nodiscard]] bool is_full() const { return search_.truncated; }

    [[nodiscard]] HandoverSearch take()
    {
        for (Candidate &tree : trees_)
            search_.found.push_back(std::move(tree.found));
        std::ranges::sort(search_.found, {}, &HandoverFdt::paddr);
        return std::move(search_);
    }

private:
    static constexpr std::size_t kMostCopies = 1024;
    static constexpr std::size_t kMostAsked = 32;  // a hostile tracker takes long to open

    /// True when `a` is rather the kernel's own than `b`, which is of the same tree.
    bool is_rather_own(Candidate &a, Candidate &b)
    {
        const auto rank = [this](Candidate &c) {
            if (!c.holds_itself)
                c.holds_itself = asked_++ < kMostAsked && handover::holds_itself(memory_, c.fdt, c.found.paddr);
            return std::tuple(*c.holds_itself, c.parts.subtrees.size(), c.has_tail);
        };
        return rank(a) > rank(b);
    }

    void add(Candidate candidate)
    {
        const auto same = [&](const Candidate &tree) { return are_one(tree.parts, candidate.parts); };
        const auto known = std::ranges::find_if(trees_, same);
        if (known == trees_.end()) {
            trees_.push_back(std::move(candidate));
            return;
        }
        ++copies_;
        std::vector<PhysAddr> copies = std::move(known->found.copies);
        if (is_rather_own(candidate, *known))
            std::swap(*known, candidate);
        copies.push_back(candidate.found.paddr);
        std::ranges::sort(copies);
        known->found.copies = std::move(copies);
    }

    const MemorySource &memory_;
    std::vector<Candidate> trees_;
    HandoverSearch search_;
    std::uint64_t bytes_ = 0;
    std::size_t copies_ = 0;
    std::size_t asked_ = 0;
};

/// True when `a` is of an earlier kernel than `b`, by a count that both have.
bool is_earlier(const HandoverFdt &a, const HandoverFdt &b)
{
    if (a.kexec_count && b.kexec_count)
        return *a.kexec_count < *b.kexec_count;
    if (a.liveupdate_number && b.liveupdate_number)
        return *a.liveupdate_number < *b.liveupdate_number;
    return a.tracker_consumed && !b.tracker_consumed;
}

/// One that comes before another was handed over; one that comes behind another is being prepared.
void give_roles(std::vector<HandoverFdt> &found)
{
    for (HandoverFdt &fdt : found) {
        const auto read = [&](const HandoverFdt &other) { return &other != &fdt && other.unread.empty(); };
        const bool before =
            std::ranges::any_of(found, [&](const HandoverFdt &other) { return read(other) && is_earlier(fdt, other); });
        const bool behind =
            std::ranges::any_of(found, [&](const HandoverFdt &other) { return read(other) && is_earlier(other, fdt); });
        if (!fdt.unread.empty() || (before && behind))
            continue;
        if (before || (!behind && fdt.tracker_consumed))
            fdt.role = HandoverRole::incoming;
        else if (behind)
            fdt.role = HandoverRole::outgoing;
    }
}

void describe(HandoverFdt &fdt, const Handover &handover)
{
    fdt.liveupdate_number = handover.liveupdate_number;
    fdt.kexec_count = handover.kexec_count;
    fdt.tracker_consumed = handover.tracker_consumed;
    fdt.head_lost = handover.head_lost;
    fdt.pending = handover.pending;
}

/// Pages of FLBs and sessions that the hand-over names.
void claim(const Handover &handover, std::vector<PhysAddr> &claimed)
{
    for (const HandoverRecord &record : handover.records) {
        for (const HandoverField &field : record.fields) {
            if (record.kind == "luo" && (field.name == "flbs" || field.name == "sessions"))
                claimed.push_back(page_of(PhysAddr(field.value)));
        }
    }
}

struct ReadTrees {
    std::vector<std::optional<Handover>> handovers;
    std::optional<Error> first_error;
};

ReadTrees read_all(const MemorySource &memory, std::vector<HandoverFdt> &found)
{
    ReadTrees trees;
    for (HandoverFdt &fdt : found) {
        trees.handovers.emplace_back();
        try {
            trees.handovers.back() = read_handover(memory, {fdt.paddr, {}});
            describe(fdt, *trees.handovers.back());
        } catch (const Error &error) {
            if (!error.is(ErrorClass::unknown_version))
                throw;
            fdt.unread = error.what();
            if (!trees.first_error)
                trees.first_error = error;
        }
    }
    return trees;
}

/// The index of the one to show; nothing when not one stands out.
std::optional<std::size_t> pick(const std::vector<HandoverFdt> &found, const ReadTrees &trees)
{
    const auto only = [&](auto fits) {
        std::optional<std::size_t> index;
        for (std::size_t i = 0; i < found.size(); ++i) {
            if (!found[i].unread.empty() || !fits(found[i], *trees.handovers[i]))
                continue;
            if (index)
                return std::optional<std::size_t>();
            index = i;
        }
        return index;
    };
    if (const auto one = only([](const HandoverFdt &, const Handover &) { return true; }))
        return one;
    // An outgoing one that lists something is about to be handed over.
    if (const auto out = only([](const HandoverFdt &fdt, const Handover &handover) {
            return fdt.role == HandoverRole::outgoing && !handover.pending && !handover.head_lost &&
                   !handover.tracker_consumed && handover.liveupdate_number;
        }))
        return out;
    if (const auto in =
            only([](const HandoverFdt &fdt, const Handover &) { return fdt.role == HandoverRole::incoming; }))
        return in;
    if (const auto good =
            only([](const HandoverFdt &, const Handover &handover) { return handover.problem_count == 0; }))
        return good;
    return only([](const HandoverFdt &, const Handover &handover) {
        return handover.problem_count == 0 && !handover.roots.empty();
    });
}

}  // namespace

HandoverSearch find_handovers(const MemorySource &memory, std::span<const Range<PhysAddr>> ranges)
{
    Finder finder(memory);
    alignas(kWordBytes) std::array<std::byte, kPageBytes> buffer{};
    for (const Range<PhysAddr> &range : ranges) {
        const std::uint64_t skipped = page_of(range.first + (kPageBytes - 1)) - range.first;
        for (std::uint64_t at = skipped; at < range.size && range.size - at >= kPageBytes; at += kPageBytes) {
            finder.look(range.first + at, memory.page(range.first + at, buffer));
            if (finder.is_full())
                return finder.take();
        }
    }
    return finder.take();
}

HandoverChoice choose_handover(const MemorySource &memory, std::span<const Range<PhysAddr>> ranges)
{
    HandoverChoice choice{find_handovers(memory, ranges), {}};
    std::vector<HandoverFdt> &found = choice.search.found;
    if (found.empty())
        return choice;
    ReadTrees trees = read_all(memory, found);
    const auto is_unread = [](const HandoverFdt &fdt) { return !fdt.unread.empty(); };
    if (trees.first_error && std::ranges::all_of(found, is_unread))
        throw *trees.first_error;
    give_roles(found);
    const auto index = pick(found, trees);
    if (!index)
        return choice;
    choice.handover = std::move(trees.handovers[*index]);
    trees.handovers[*index].reset();
    if (choice.handover->head_lost) {
        std::vector<PhysAddr> claimed;
        for (const auto &other : trees.handovers) {
            if (other)
                claim(*other, claimed);
        }
        std::ranges::sort(claimed);
        choice.handover = read_handover(memory, {found[*index].paddr, {}, ranges, claimed});
    }
    for (const HandoverFdt &fdt : found) {
        if (!fdt.unread.empty())
            choice.handover->note({HandoverProblemKind::tree_unread, fdt.paddr});
    }
    return choice;
}

Handover read_whole_handover(const MemorySource &memory, const HandoverStart &start,
                             std::span<const Range<PhysAddr>> ranges)
{
    Handover handover = read_handover(memory, start);
    if (!handover.head_lost)
        return handover;
    std::vector<PhysAddr> claimed;
    HandoverSearch search = find_handovers(memory, ranges);
    for (const auto &other : read_all(memory, search.found).handovers) {
        if (other)
            claim(*other, claimed);
    }
    std::ranges::sort(claimed);
    HandoverStart whole = start;
    whole.search = ranges;
    whole.claimed = claimed;
    return read_handover(memory, whole);
}

}  // namespace pgregion
