// SPDX-License-Identifier: GPL-2.0-or-later
//
// The headers of an ELF core: where in the file which physical memory stands. System V ABI, "Object Files" and "Program
// Header" (gABI 4.1 of 2013 with extended numbering), elf(5).
//
//   offset  64-bit / 32-bit                  program header        64-bit / 32-bit
//   e_ident[4]  class: 1 = 32, 2 = 64 bits   p_type (1 = LOAD)      0 / 0
//   e_ident[5]  data: 1 little, 2 big        p_offset               8 / 4
//   e_type      16 / 16, 4 = core            p_paddr               24 / 12
//   e_phoff     32 / 28                      p_filesz              32 / 16
//   e_shoff     40 / 32                      p_memsz               40 / 20
//   e_phentsize 54 / 42                      its size              56 / 32
//   e_phnum     56 / 44                      section header: sh_info at 44 / 28
//
// Not looked at, because writers of dumps get them wrong: e_machine (QEMU says i386 while a CPU is still in reset),
// e_ehsize (makedumpfile writes 8), and every section but the number that section 0 holds.
#pragma once

#include "base/bytes.h"
#include "io/dump_pieces.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pgregion::io
{

/// The file behind the headers. `read` fills all of a span from an offset, or gives false where the file ends before.
struct ElfInput {
    std::string path;
    std::function<bool(std::uint64_t offset, MutableBytes into)> read;
    std::optional<std::uint64_t> size_bytes;  ///< nothing where it means nothing (/proc/kcore)
};

struct ElfSegments {
    std::vector<DumpPiece> pieces;  ///< in the order of the file, inside the file; only what the file has
    std::optional<Error> shortfall;
};

/// Reads the PT_LOADs that have a physical address. Of a segment whose p_filesz is less than its p_memsz, the rest is
/// missing (makedumpfile leaves excluded pages out in that way): ELF programs would read zeros there, but here nobody
/// knows what the memory held. Throws Error "damaged-dump" (cut short in its headers, no PT_LOAD, a segment that ends
/// beyond 2^64, more than DumpPieces::kMost headers) and "wrong-file-type" (no physical addresses: a process's core).
[[nodiscard]] ElfSegments read_elf_segments(const ElfInput &input);

}  // namespace pgregion::io
