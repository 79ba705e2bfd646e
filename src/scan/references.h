// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who points at a page of a region: asked before a page is given back, because a table that still points there
// would make hardware read whatever the page holds next.
//
// Two ways to ask. Where format and root are known the tables are walked, and only what the walk reaches counts.
// Where they are not, every word of every allocated page counts that could be such a pointer in some format.
#pragma once

#include <pgregion/region.h>
#include <pgregion/walk.h>

#include <optional>
#include <string_view>

namespace pgregion
{

/// The pages asked about. Pointers that stand on one of these pages do not count: what is given back together
/// (a whole subtree) points at itself.
struct PagesSought {
    Bitmap pages;
    std::optional<PhysAddr> base;  ///< of page 0; none: pointers are compared modulo 2 MiB, the region's alignment
};

struct PageReference {
    PageIndex page;                 ///< the page that is pointed at
    std::optional<PageIndex> from;  ///< the page of the region with the pointer; none outside of the region
    std::optional<PhysAddr> table;  ///< the table with the pointer; none for a word found without walking
    std::uint32_t index = 0;        ///< entry or record of that table; without one the number of the word in its page
    std::uint64_t raw = 0;
    std::string_view format;
};

struct ReferenceAnswer {
    std::optional<PageReference> found;  ///< the first one
    /// False when the walk's bounded work ended before all tables were seen and nothing was found so far.
    bool complete = true;
};

/// Looks at the table pointers of every table that the walk enters. `sought.base` must be set.
[[nodiscard]] ReferenceAnswer find_table_reference(const MemorySource &memory, WalkRequest request,
                                                   const PagesSought &sought);
/// The same for a directory: its own pointers, the roots of its devices, and the tables below them.
[[nodiscard]] ReferenceAnswer find_directory_reference(const MemorySource &memory, const DirectoryRequest &request,
                                                       const PagesSought &sought);

/// A word or record on an allocated page of `region` (kRegionBytes), page 0 left out, that some format reads at some
/// level as a pointer to a table that begins on one of the pages, with nothing reserved set. Leaves are no pointers
/// to tables. Of tables of several pages only the first counts: some format has tables of 16 pages, and then hardly
/// any page could be given back.
[[nodiscard]] std::optional<PageReference> find_possible_reference(std::span<const std::byte> region,
                                                                   const PagesSought &sought);

}  // namespace pgregion
