// SPDX-License-Identifier: GPL-2.0-or-later
//
// How far the root of page tables goes, where only a register or a stream table entry would say so: Arm's start table
// is as large as the input width wants it, in stage 2 up to sixteen tables in a row. A root taken for too small loses
// its upper mappings without a word; one taken for too large shows those of somebody else.
#pragma once

#include <pgregion/guess.h>
#include <pgregion/memory_source.h>

#include <optional>

namespace pgregion::scan
{

/// Sets "input-bits" of a reading whose root cannot begin at `root` to the widest width with which it can. False when
/// there is none, or the width is given (bit i of `given`).
[[nodiscard]] bool narrow_to_alignment(PhysAddr root, Reading &reading, std::uint32_t given);

struct WiderRoot {
    FormatParams params;  ///< with the wider "input-bits"
    bool sure = false;    ///< the narrower root cannot be: no address width that exists ends where it does
};

/// A wider root of the same tables, with entries behind the end of the narrower one that read as well as its own.
/// Nothing when the format has no parameter "input-bits", when that is given (bit i of `given`: the i-th parameter is
/// known), and when nothing like it follows. Precondition: the reading was judged and has something for it.
[[nodiscard]] std::optional<WiderRoot> wider_root(const MemorySource &memory, PhysAddr root, const Reading &reading,
                                                  std::uint32_t given);

}  // namespace pgregion::scan
