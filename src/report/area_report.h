// SPDX-License-Identifier: GPL-2.0-or-later
//
// A pkernfs area for people and for scripts: its super block, its inodes as a tree, its regions, and what is wrong.
//
//   area.img: raw-memory at 0x140000000 (given)
//   super block: next free inode 5; 12 blocks (24M)
//   bitmap: 5 blocks allocated, 3 of them in use beside the first 2
//   INODE  KIND             BLOCK  CONTENT                  NAME
//       1  directory            -                           .
//       2  iommu-directory      -                             iommu
//       3  root-region          2  0x140400000 in-use            root-pgtables
#pragma once

#include "report/next_command.h"
#include "report/result_writer.h"
#include "report/text.h"

#include <pgregion/area.h>
#include <pgregion/finding.h>

#include <optional>
#include <string>
#include <vector>

namespace pgregion::report
{

struct ListedArea {
    SourceInfo info;
    SourceWords next;  ///< of the next command
    const Area *area = nullptr;
    bool has_offsets = true;            ///< the source is a file of bytes, not a memory by address
    std::optional<CheckReport> report;  ///< nothing: it was not checked
    std::vector<std::string> notes;     ///< what keeps it from being the whole truth
};

[[nodiscard]] std::string area_text(const ListedArea &listed, const Palette &palette);

/// Payload `super_block`, `blocks`, `inodes`, `regions`, `findings`, `summary`, `incomplete`, `truncated`, `notes`, into
/// a result that was begun.
void put_area(ResultWriter &writer, const ListedArea &listed);

/// What could not be read of it, one sentence each.
[[nodiscard]] std::vector<std::string> area_notes(const Area &area);

}  // namespace pgregion::report
