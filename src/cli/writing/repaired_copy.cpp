// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/writing/repaired_copy.h"

#include "base/bytes.h"
#include "io/output.h"

#include <algorithm>
#include <vector>

namespace pgregion::cli
{

namespace
{

constexpr std::uint64_t kPieceBytes = std::uint64_t{1} << 20;

/// Stores what `edit` says about [first, first + piece.size()) of the source.
void apply(std::vector<std::byte> &piece, std::uint64_t first, const Edit &edit)
{
    const std::uint64_t from = std::max(first, edit.offset);
    const std::uint64_t to = std::min(first + piece.size(), edit.offset + edit.after.size());
    for (std::uint64_t at = from; at < to; ++at) {
        // Two edits may change different bits of one bitmap word: only what an edit changes counts.
        const std::byte changed = edit.before[at - edit.offset] ^ edit.after[at - edit.offset];
        std::byte &byte = piece[at - first];
        byte = (byte & ~changed) | (edit.after[at - edit.offset] & changed);
    }
}

}  // namespace

void write_repaired_copy(const std::string &path, const OpenedSource &source, const Edits &edits)
{
    const Edits placed = shifted(edits, source.offset());
    const Bytes bytes = source.source().bytes();
    io::OutputFile file(path);
    for (std::uint64_t first = 0; first < bytes.size(); first += kPieceBytes) {
        const Bytes part = bytes.subspan(first, std::min<std::uint64_t>(kPieceBytes, bytes.size() - first));
        std::vector<std::byte> piece(part.begin(), part.end());
        for (const Edit &edit : placed)
            apply(piece, first, edit);
        file.write({reinterpret_cast<const char *>(piece.data()), piece.size()});
    }
    source.source().ensure_intact();
    file.finish();
}

}  // namespace pgregion::cli
