// SPDX-License-Identifier: GPL-2.0-or-later
//
// The plan that puts other content into a region's place.
#include "edit/plan.h"

#include <cassert>

namespace pgregion
{

void append_changes(Edits &edits, Bytes target, Bytes content, ByteRange place)
{
    const std::uint64_t last = place.first + place.size;
    std::uint64_t start = place.first;
    for (std::uint64_t at = place.first; at <= last; at += kWordBytes) {
        if (at < last && load_le64(target, at) != load_le64(content, at))
            continue;
        if (start < at) {
            const Bytes before = target.subspan(start, at - start);
            const Bytes after = content.subspan(start, at - start);
            edits.push_back({start, {before.begin(), before.end()}, {after.begin(), after.end()}});
        }
        start = at + kWordBytes;
    }
}

Edits plan_replace(Bytes target, Bytes content)
{
    assert(target.size() >= kRegionBytes && content.size() >= kRegionBytes);
    Edits edits;
    append_changes(edits, target, content, {kBitmapBytes, kRegionBytes - kBitmapBytes});
    append_changes(edits, target, content, {0, kBitmapBytes});
    return edits;
}

}  // namespace pgregion
