// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of the lists: of directories, and of free inodes. A list that is broken says so once, where it breaks; what is
// lost behind that place is said of each file, and of the free inodes together. Source: region.md section 2 and D15.
#include "check/area_checks.h"

#include <algorithm>
#include <array>

namespace pgregion::check
{

namespace
{

constexpr std::uint64_t kNextFreeAt = 8;  // in the super block

/// A finding at the number that a list goes on with.
Finding link_finding(const AreaSink &sink, const AreaLink &link)
{
    Finding finding = link.from == 0 ? sink.place(kNextFreeAt)
                                     : sink.inode(link.from, link.from_child ? kAreaChildAt : kAreaSiblingAt);
    finding.observed = link.target;
    finding.detail = link.from == 0    ? "the super block begins the list of free inodes with"
                     : link.free_list  ? "the list of free inodes goes on with"
                     : link.from_child ? "a directory begins with"
                                       : "a directory goes on with";
    return finding;
}

template <AreaLinkFault kFault>
void links_with(const Area &area, AreaSink &sink)
{
    for (const AreaLink &link : area.links) {
        if (link.fault == kFault)
            sink.add(link_finding(sink, link));
    }
}

bool list_is_broken(const Area &area)
{
    return std::ranges::any_of(area.links, [](const AreaLink &link) { return link.free_list; });
}

constexpr AreaRow kNumber{
    .about = {.code = "area-inode-number",
              .severity = Severity::error,
              .title = "a list goes on with a number that is no inode",
              .message = "{detail} inode {count}, and there are 1 to 7281",
              .why = "The kernel does not look whether the number is one: it would read, and for a free inode write, "
                     "outside of the inode store, into a region perhaps.",
              .repair = kAreaRepair,
              .origin = "D15"},
    .find = links_with<AreaLinkFault::outside>};

constexpr AreaRow kCycle{
    .about = {.code = "area-inode-cycle",
              .severity = Severity::error,
              .title = "a list leads back into itself",
              .message = "{detail} inode {count}, which leads back to here",
              .why =
                  "The kernel follows a list to its end, so it never comes back when it looks for a name that is not "
                  "there; where the free list turns in a circle, the same inode is handed out again and again.",
              .repair = kAreaRepair,
              .origin = "D15"},
    .find = links_with<AreaLinkFault::cycle>};

constexpr AreaRow kFreeUsed{
    .about = {.code = "area-free-inode-used",
              .severity = Severity::error,
              .title = "the list of free inodes holds one that is in use",
              .message = "{detail} inode {count}, which is in use",
              .why =
                  "The next file that is made takes this inode: name, kind and blocks of the present one are lost, and "
                  "with a region the tables of its devices.",
              .repair = kAreaRepair,
              .origin = "D15"},
    .find = links_with<AreaLinkFault::used_on_free>};

constexpr AreaRow kLinkedTwice{
    .about = {.code = "area-inode-linked-twice",
              .severity = Severity::error,
              .title = "two directories lead to one inode",
              .message = "{detail} inode {count}, which another directory holds as well",
              .why =
                  "Each inode has one place in one list. Removing the file in one directory frees the inode while the "
                  "other still leads to it.",
              .repair = kAreaRepair,
              .origin = "region.md section 2"},
    .find = links_with<AreaLinkFault::linked_twice>};

constexpr AreaRow kEntryFree{
    .about = {.code = "area-entry-free",
              .severity = Severity::error,
              .title = "a directory holds an inode that is free",
              .message = "{detail} inode {count}, which is free",
              .why = "Behind it the kernel follows the list of free inodes as if these were files, and the rest of the "
                     "directory is lost. When the inode is handed out, it appears in two directories.",
              .repair = kAreaRepair,
              .origin = "region.md section 2"},
    .find = links_with<AreaLinkFault::free_entry>};

void unreachable(const Area &area, AreaSink &sink)
{
    const auto has_hole = [](const AreaLink &link) {
        return link.fault == AreaLinkFault::unreadable && !link.free_list;
    };
    if (!area.inode(kAreaRootInode).readable || std::ranges::any_of(area.links, has_hole))
        return;
    for (const AreaInode &inode : area.inodes) {
        if (!inode.readable || inode.flags == 0 || inode.directory != 0 || inode.number == kAreaRootInode)
            continue;
        Finding finding = sink.inode(inode.number);
        finding.observed = inode.flags;
        if (inode.is_region())
            finding.severity = Severity::error;
        sink.add(finding);
    }
}

constexpr AreaRow kUnreachable{
    .about = {.code = "area-inode-unreachable",
              .severity = Severity::warning,
              .other_severity = Severity::error,
              .other_where = "where it is a region",
              .title = "an inode is in use and no directory leads to it",
              .message = "inode {index} is in use (flags {observed}), and no directory leads to it",
              .why =
                  "The file cannot be opened, and its blocks are lost. Where it is a region, an error, the next kernel "
                  "does not find the tables, and the devices lose their translations.",
              .repair = kAreaRepair,
              .origin = "region.md section 2"},
    .find = unreachable};

void leaked(const Area &area, AreaSink &sink)
{
    if (list_is_broken(area))
        return;
    const auto is_lost = [](const AreaInode &inode) {
        return inode.readable && inode.flags == 0 && !inode.on_free_list && inode.number != kAreaRootInode;
    };
    const auto first = std::ranges::find_if(area.inodes, is_lost);
    if (first == area.inodes.end())
        return;
    Finding finding = sink.inode(first->number, kAreaSiblingAt);
    finding.observed = static_cast<std::uint64_t>(std::ranges::count_if(area.inodes, is_lost));
    sink.add(finding);
}

constexpr AreaRow kLeaked{
    .about = {.code = "area-inode-leaked",
              .severity = Severity::warning,
              .title = "free inodes are not on the list of free inodes",
              .message = "inodes that are free and not on the list of free ones: {count}, the first is {index}",
              .why = "Every free inode is on the list, those of removed files first. These are never handed out again; "
                     "the list was cut off, or their flags were lost.",
              .repair = kAreaRepair,
              .origin = "region.md section 2"},
    .find = leaked};

constexpr std::array<const AreaRow *, 7> kRows{&kNumber,    &kCycle,       &kFreeUsed, &kLinkedTwice,
                                               &kEntryFree, &kUnreachable, &kLeaked};

}  // namespace

std::span<const AreaRow *const> area_list_rows() { return kRows; }

}  // namespace pgregion::check
