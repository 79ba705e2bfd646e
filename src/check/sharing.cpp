// SPDX-License-Identifier: GPL-2.0-or-later
//
// A sweep over the writable memory of all domains, by address. Each domain's pieces are made disjoint first (two IOVAs
// of one domain often lead to one page), so that at any address a domain has one piece at most.
#include "check/sharing.h"

#include "check/check_row.h"
#include "check/domain_leaves.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace pgregion::check
{

namespace
{

constexpr std::size_t kMostPairs = 1000;
constexpr std::uint64_t kMostComparisons = std::uint64_t{1} << 26;

std::uint64_t last_of(const DomainLeaves &leaves) { return leaves.pa.value() + (leaves.size_bytes - 1); }

/// The same memory without what a domain has twice. Sorted by address.
std::vector<DomainLeaves> disjoint(std::vector<DomainLeaves> leaves)
{
    std::ranges::sort(leaves, {}, [](const DomainLeaves &one) { return std::tuple(one.domain, one.pa, one.iova); });
    std::vector<DomainLeaves> pieces;
    pieces.reserve(leaves.size());
    for (DomainLeaves one : leaves) {
        if (!pieces.empty() && pieces.back().domain == one.domain && one.pa.value() <= last_of(pieces.back())) {
            const std::uint64_t twice = last_of(pieces.back()) - one.pa.value() + 1;
            if (twice >= one.size_bytes)
                continue;
            one.pa += twice;
            one.iova += twice;
            one.size_bytes -= twice;
        }
        pieces.push_back(one);
    }
    std::ranges::sort(pieces, {}, [](const DomainLeaves &one) { return std::tuple(one.pa, one.domain); });
    return pieces;
}

class Sweep
{
public:
    [[nodiscard]] Sharing go(const std::vector<DomainLeaves> &pieces)
    {
        for (const DomainLeaves &piece : pieces) {
            std::erase_if(open_, [&](const DomainLeaves *other) { return last_of(*other) < piece.pa.value(); });
            if (open_.size() > comparisons_left_) {
                sharing_.cut_short = true;
                break;
            }
            comparisons_left_ -= open_.size();
            compare(piece);
            open_.push_back(&piece);
        }
        for (auto &[key, pair] : pairs_)
            sharing_.pairs.push_back(std::move(pair));
        return std::move(sharing_);
    }

private:
    void compare(const DomainLeaves &piece)
    {
        const DomainLeaves *registers = nullptr;
        for (const DomainLeaves *other : open_) {
            if (!piece.registers || !other->registers)
                add(SharedKind::memory, *other, piece);
            else if (registers == nullptr || other->domain < registers->domain)
                registers = other;
        }
        if (registers != nullptr)
            add(SharedKind::registers, *registers, piece);
    }

    void add(SharedKind kind, const DomainLeaves &a, const DomainLeaves &b)
    {
        const DomainLeaves &low = a.domain < b.domain ? a : b;
        const DomainLeaves &high = a.domain < b.domain ? b : a;
        const std::tuple key(kind, low.domain, high.domain);
        auto found = pairs_.find(key);
        const AddressRange range{std::max(low.pa, high.pa).value(), std::min(last_of(low), last_of(high))};
        if (found == pairs_.end()) {
            if (pairs_.size() == kMostPairs) {
                sharing_.cut_short = true;
                return;
            }
            SharedPair pair;
            pair.kind = kind;
            pair.first = low.domain;
            pair.second = high.domain;
            pair.first_iova = low.iova + (range.first - low.pa.value());
            pair.second_iova = high.iova + (range.first - high.pa.value());
            found = pairs_.emplace(key, std::move(pair)).first;
        }
        found->second.bytes += range.last - range.first + 1;
        append_range(found->second.lists, range);
    }

    std::uint64_t comparisons_left_ = kMostComparisons;
    std::vector<const DomainLeaves *> open_;
    std::map<std::tuple<SharedKind, std::uint32_t, std::uint32_t>, SharedPair> pairs_;
    Sharing sharing_;
};

}  // namespace

Sharing find_sharing(const Facts &facts)
{
    std::optional<std::vector<DomainLeaves>> leaves = writable_leaves(facts);
    if (!leaves)
        return {.pairs = {}, .cut_short = true};
    return Sweep().go(disjoint(std::move(*leaves)));
}

}  // namespace pgregion::check
