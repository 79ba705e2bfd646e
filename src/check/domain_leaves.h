// SPDX-License-Identifier: GPL-2.0-or-later
//
// The memory that the devices of each domain can write, for checks that hold domains against each other.
#pragma once

#include "check/facts.h"

#include <optional>
#include <vector>

namespace pgregion::check
{

/// Leaves of one domain that go on in IOVA and PA.
struct DomainLeaves {
    PhysAddr pa;
    std::uint64_t size_bytes = 0;
    Iova iova;
    std::uint32_t domain = 0;
    bool registers = false;  ///< of a device: mapped as such, or known not to be RAM
};

/// The writable leaves of all domains; empty where there are fewer than two, nothing when there are more than
/// kMostLeaves.
[[nodiscard]] std::optional<std::vector<DomainLeaves>> writable_leaves(const Facts &facts);
inline constexpr std::size_t kMostLeaves = std::size_t{1} << 20;

}  // namespace pgregion::check
