// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of single inodes: flags, names, and whether these fit together. Source: region.md section 2 and D9, D10.
#include "check/area_checks.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace pgregion::check
{

namespace
{

constexpr std::string_view kIommuName = "iommu";
constexpr std::string_view kRootRegionName = "root-pgtables";
constexpr std::string_view kRootRegionPath = "iommu/root-pgtables";

/// Calls `look` for each inode that is in use and can be read.
template <class Look>
void each_used(const Area &area, Look look)
{
    for (const AreaInode &inode : area.inodes) {
        if (inode.readable && inode.flags != 0)
            look(inode);
    }
}

bool lists_are_known(const Area &area)
{
    return area.inode(kAreaRootInode).readable &&
           std::ranges::find(area.links, AreaLinkFault::unreadable, &AreaLink::fault) == area.links.end();
}

// ---- the root directories ----------------------------------------------------------------------------------

void root_inode(const Area &area, AreaSink &sink)
{
    const AreaInode &root = area.inode(kAreaRootInode);
    if (!root.readable || (root.kind() == AreaInodeKind::directory && root.name == "."))
        return;
    Finding finding = sink.inode(kAreaRootInode);
    finding.observed = root.flags;
    finding.expected = 2;
    finding.detail = root.kind() == AreaInodeKind::directory ? "has another name than \".\"" : "is no directory";
    sink.add(finding);
}

constexpr AreaRow kRootInode{
    .about = {.code = "area-root-inode",
              .severity = Severity::error,
              .title = "inode 1 is not the root directory",
              .message = "inode 1, the root directory, {detail} (flags {observed})",
              .why =
                  "All paths begin at inode 1, which the kernel makes as a directory with the name \".\". When it is "
                  "something else, the inode store was overwritten, and no file can be found by its path.",
              .repair = kAreaRepair,
              .origin = "region.md section 2"},
    .find = root_inode};

void magic_lost(const Area &area, AreaSink &sink)
{
    if (!area.magic_lost())
        return;
    Finding finding = sink.place(0);
    finding.observed = area.magic;
    finding.expected = kAreaMagic;
    sink.add(finding);
}

constexpr AreaRow kMagicLost{
    .about = {.code = "area-magic-lost",
              .severity = Severity::error,
              .title = "the magic number of the super block is lost",
              .message =
                  "the super block begins with {observed} and not with {expected}, while block bitmap and inodes "
                  "are those of an area",
              .why = "The kernel knows an area by this number alone: the next boot makes the area anew, and every file "
                     "and region in it is lost, while devices may still go through its tables.",
              .repair = "Nothing by machine. Save the whole area before the next boot, and each region with pgregion "
                        "dump SOURCE --inode N.",
              .origin = "region.md section 2"},
    .find = magic_lost};

void root_missing(const Area &area, AreaSink &sink)
{
    if (!lists_are_known(area))
        return;
    const auto iommu = find_in_area(area, kIommuName);
    if (iommu && !find_in_area(area, kRootRegionPath))
        sink.add(sink.inode(*iommu, kAreaChildAt));
}

constexpr AreaRow kRootMissing{
    .about = {.code = "area-root-missing",
              .severity = Severity::warning,
              .title = "the directory iommu holds no root-pgtables",
              .message = "inode {index}, the directory iommu, holds no file root-pgtables",
              .why =
                  "The kernel makes both together and looks for root-pgtables whenever iommu is there. It does not "
                  "notice that the file is missing and goes on with a pointer that was never set: the next start "
                  "crashes, or takes some other memory for the root region. User space can remove the file; then the "
                  "region itself is sound, among the blocks that no inode uses.",
              .repair = kAreaRepair,
              .origin = "D9"},
    .find = root_missing};

// ---- flags -------------------------------------------------------------------------------------------------

void kind_invalid(const Area &area, AreaSink &sink)
{
    each_used(area, [&](const AreaInode &inode) {
        if (inode.kind() != AreaInodeKind::unknown)
            return;
        Finding finding = sink.inode(inode.number);
        finding.observed = inode.flags;
        sink.add(finding);
    });
}

constexpr AreaRow kKindInvalid{
    .about = {.code = "area-kind-invalid",
              .severity = Severity::error,
              .title = "the flags of an inode name no kind, or several",
              .message = "inode {index} has the flags {observed}, which are not one of 1, 2, 4, 8 and 16",
              .why = "The kernel tests the flags one after the other and takes the first that it knows, so an inode of "
                     "several kinds is treated as one of them, and one of no kind as an empty shell.",
              .repair = kAreaRepair,
              .origin = "D10"},
    .find = kind_invalid};

/// What is wrong with kind, name and place together; empty where nothing is.
std::string_view mismatch(const Area &area, const AreaInode &inode)
{
    using enum AreaInodeKind;
    const AreaInodeKind kind = inode.kind();
    const bool in_root = inode.directory == kAreaRootInode;
    const bool in_iommu = area.inode(inode.directory).kind() == iommu_directory;
    if (in_root && inode.name == kIommuName)
        return kind == iommu_directory ? "" : "has the name iommu and is not the directory of regions";
    if (kind == iommu_directory)
        return "is the directory of regions under another name or in another place";
    if (in_iommu && inode.name == kRootRegionName)
        return kind == root_region ? "" : "has the name root-pgtables and is not the root region";
    if (kind == root_region)
        return "is the root region under another name or in another place";
    if (in_iommu)
        return kind == domain_region ? "" : "lies among the regions and is none";
    return kind == domain_region ? "is a domain's region outside of the directory iommu" : "";
}

void kind_mismatch(const Area &area, AreaSink &sink)
{
    for (const std::uint32_t number : area.entries) {
        const AreaInode &inode = area.inode(number);
        if (inode.kind() == AreaInodeKind::unknown)
            continue;
        const std::string_view detail = mismatch(area, inode);
        if (detail.empty())
            continue;
        Finding finding = sink.inode(number);
        finding.observed = inode.flags;
        finding.detail = detail;
        sink.add(finding);
    }
}

constexpr AreaRow kKindMismatch{
    .about = {.code = "area-kind-mismatch",
              .severity = Severity::error,
              .title = "the name and the flags of an inode do not belong together",
              .message = "inode {index} {detail} (flags {observed})",
              .why = "The kernel finds regions by name and treats them by flag. Where the two disagree it would use a "
                     "file as page tables, or let page tables be truncated like a file while devices use them.",
              .repair = kAreaRepair,
              .origin = "D10"},
    .find = kind_mismatch};

void child_of_file(const Area &area, AreaSink &sink)
{
    each_used(area, [&](const AreaInode &inode) {
        if (inode.child == 0 || inode.is_directory() || inode.kind() == AreaInodeKind::unknown)
            return;
        Finding finding = sink.inode(inode.number, kAreaChildAt);
        finding.observed = inode.child;
        finding.expected = 0;
        sink.add(finding);
    });
}

constexpr AreaRow kChildOfFile{
    .about = {.code = "area-child-of-file",
              .severity = Severity::warning,
              .title = "an inode that is no directory has an entry",
              .message = "inode {index} is no directory, and its first entry is inode {count}",
              .why = "Only directories have entries. Perhaps the flags of a directory were lost: then nothing leads to "
                     "its files any more.",
              .repair = kAreaRepair,
              .origin = "region.md section 2"},
    .find = child_of_file};

// ---- names -------------------------------------------------------------------------------------------------

void name_unterminated(const Area &area, AreaSink &sink)
{
    each_used(area, [&](const AreaInode &inode) {
        if (!inode.name_ends)
            sink.add(sink.inode(inode.number, kAreaNameAt));
    });
}

constexpr AreaRow kNameUnterminated{
    .about = {.code = "area-name-unterminated",
              .severity = Severity::error,
              .title = "a name does not end",
              .message = "inode {index} has a name of 255 bytes without a zero byte behind it",
              .why =
                  "The kernel writes at most 254 bytes and a zero. It lists names as strings, so this one would go on "
                  "into the numbers behind it.",
              .repair = kAreaRepair,
              .origin = "D10"},
    .find = name_unterminated};

void name_invalid(const Area &area, AreaSink &sink)
{
    each_used(area, [&](const AreaInode &inode) {
        const std::string &name = inode.name;
        if (inode.number == kAreaRootInode)
            return;
        Finding finding = sink.inode(inode.number, kAreaNameAt);
        if (name.empty())
            finding.detail = "no name";
        else if (name.find('/') != std::string::npos)
            finding.detail = "a name with a slash";
        else if (name == "." || name == "..")
            finding.detail = "a name that means a directory";
        if (!finding.detail.empty())
            sink.add(finding);
    });
}

constexpr AreaRow kNameInvalid{
    .about = {.code = "area-name-invalid",
              .severity = Severity::warning,
              .title = "a name cannot be part of a path",
              .message = "inode {index} has {detail}",
              .why =
                  "The kernel never gives such a name, and no path leads to it: the file cannot be opened or removed, "
                  "and its region cannot be taken over.",
              .repair = kAreaRepair,
              .origin = "region.md section 2"},
    .find = name_invalid};

void name_duplicate(const Area &area, AreaSink &sink)
{
    std::set<std::pair<std::uint32_t, std::string_view>> seen;
    for (const std::uint32_t number : area.entries) {
        const AreaInode &inode = area.inode(number);
        if (seen.emplace(inode.directory, inode.name).second)
            continue;
        Finding finding = sink.inode(number, kAreaNameAt);
        finding.observed = inode.directory;
        sink.add(finding);
    }
}

constexpr AreaRow kNameDuplicate{
    .about = {.code = "area-name-duplicate",
              .severity = Severity::error,
              .title = "two entries of a directory have the same name",
              .message = "inode {index} has the name of an entry before it in the directory of inode {count}",
              .why =
                  "The kernel takes the first entry of a name, so the second cannot be opened: after a live update a "
                  "device would be given the tables of the other one.",
              .repair = kAreaRepair,
              .origin = "region.md section 2"},
    .find = name_duplicate};

// ---- free inodes -------------------------------------------------------------------------------------------

void free_data(const Area &area, AreaSink &sink)
{
    for (const AreaInode &inode : area.inodes) {
        const bool empty = inode.name.empty() && inode.child == 0 && inode.block == 0 && inode.mappings == 0;
        if (inode.readable && inode.flags == 0 && !empty && inode.number != kAreaRootInode)
            sink.add(sink.inode(inode.number));
    }
}

constexpr AreaRow kFreeData{
    .about = {.code = "area-free-inode-data",
              .severity = Severity::warning,
              .title = "a free inode holds data",
              .message = "inode {index} is free by its flags, and has a name, an entry or blocks",
              .why = "The kernel zeroes an inode when it removes a file. Perhaps the flags of a file in use were lost: "
                     "its inode would be handed out again, and its blocks with it.",
              .repair = kAreaRepair,
              .origin = "region.md section 2"},
    .find = free_data};

constexpr std::array<const AreaRow *, 10> kRows{&kMagicLost,     &kRootInode,   &kRootMissing,      &kKindInvalid,
                                                &kKindMismatch,  &kChildOfFile, &kNameUnterminated, &kNameInvalid,
                                                &kNameDuplicate, &kFreeData};

}  // namespace

std::span<const AreaRow *const> area_inode_rows() { return kRows; }

}  // namespace pgregion::check
