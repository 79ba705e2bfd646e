// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/area_place.h"

#include "cli/opening/numbers.h"

#include <pgregion/area.h>
#include <pgregion/error.h>
#include <pgregion/report.h>

#include <fmt/core.h>

namespace pgregion::cli
{

namespace
{

constexpr const char *kListHint = "see what the area holds: pgregion area SOURCE";

const AreaInode &inode_of_number(const Area &area, std::uint32_t number)
{
    const AreaInode &inode = area.inode(number);
    if (!inode.readable)
        throw Error(Failure::operational, "damaged-area",
                    fmt::format("inode {} cannot be read: the source lacks that page of the inode store", number),
                    kListHint);
    if (inode.flags == 0)
        throw Error(Failure::operational, "no-such-inode", fmt::format("inode {} of the area is free", number),
                    kListHint);
    return inode;
}

const AreaInode &inode_of_path(const Area &area, const std::string &path)
{
    const auto number = find_in_area(area, path);
    if (!number)
        throw Error(
            Failure::operational, "no-such-area-file",
            fmt::format("the area holds no file '{}', as far as its directories can be followed", printable(path)),
            fmt::format("{}; a file that no directory leads to is named by --inode N", kListHint));
    return inode_of_number(area, *number);
}

}  // namespace

RegionInArea region_in_area(const MemorySource &memory, PhysAddr area, const AreaFile &file)
{
    const Area content = read_area(memory, area, std::nullopt);
    const AreaInode &inode = file.inode != 0 ? inode_of_number(content, file.inode) : inode_of_path(content, file.path);
    if (!inode.is_region())
        throw Error(Failure::operational, "not-a-region-inode",
                    fmt::format("inode {} of the area is not a region; its kind is {}, by its flags {}", inode.number,
                                name(inode.kind()), hex(inode.flags)),
                    kListHint);
    constexpr std::int32_t kFirstBlock = 2;
    if (inode.block < kFirstBlock || static_cast<std::uint64_t>(inode.block) >= kAreaBlocks)
        throw Error(
            Failure::operational, "damaged-area",
            fmt::format("inode {} has its region in block {}, which no area has to give", inode.number, inode.block),
            "see what else is wrong: pgregion area SOURCE --check");
    return {static_cast<std::uint64_t>(inode.block) * kAreaBlockBytes, inode.kind() == AreaInodeKind::root_region};
}

}  // namespace pgregion::cli
