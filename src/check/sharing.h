// SPDX-License-Identifier: GPL-2.0-or-later
//
// What two domains can both write, pair by pair; isolation_checks.cpp says which of it is a finding.
#pragma once

#include "check/facts.h"

#include <pgregion/finding.h>

#include <vector>

namespace pgregion::check
{

/// Whether memory or the registers of a device are shared: the doorbell of message interrupts is in many domains.
enum class SharedKind : std::uint8_t { memory, registers };

/// What the domains `first` and `second` (numbers in facts.domains, in this order) share of one kind.
struct SharedPair {
    SharedKind kind = SharedKind::memory;
    std::uint32_t first = 0;
    std::uint32_t second = 0;
    Iova first_iova;  ///< of the lowest shared address, in the first domain
    Iova second_iova;
    std::uint64_t bytes = 0;
    FindingLists lists;  ///< the ranges
};

struct Sharing {
    std::vector<SharedPair> pairs;  ///< sorted by kind and domains
    bool cut_short = false;         ///< there is more than the work allowed
};

/// Every pair of domains that can write the same memory. Registers that several domains can write are shared by each of
/// them with the first of them alone, since with a hundred domains there would be thousands of pairs.
[[nodiscard]] Sharing find_sharing(const Facts &facts);

}  // namespace pgregion::check
