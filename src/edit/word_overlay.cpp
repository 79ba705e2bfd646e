// SPDX-License-Identifier: GPL-2.0-or-later
#include "edit/word_overlay.h"

#include <array>

namespace pgregion
{

namespace
{

/// Appends to the last edit where that ends at `offset`.
void append_word(Edits &edits, std::uint64_t offset, std::uint64_t before, std::uint64_t after)
{
    if (edits.empty() || edits.back().offset + edits.back().after.size() != offset)
        edits.push_back({offset, {}, {}});
    std::array<std::byte, kWordBytes> word{};
    store_le64(word, 0, before);
    edits.back().before.insert(edits.back().before.end(), word.begin(), word.end());
    store_le64(word, 0, after);
    edits.back().after.insert(edits.back().after.end(), word.begin(), word.end());
}

}  // namespace

void WordOverlay::write(std::uint64_t offset, std::uint64_t word, Edits &edits)
{
    const std::uint64_t before = read(offset);
    if (before == word)
        return;
    append_word(edits, offset, before, word);
    words_[offset] = word;
}

void WordOverlay::zero(std::uint64_t first, std::uint64_t last, Edits &edits)
{
    for (std::uint64_t offset = first; offset < last; offset += kWordBytes)
        write(offset, 0, edits);
}

Edits WordOverlay::edits_from(std::uint64_t first) const
{
    Edits edits;
    for (auto at = words_.lower_bound(first); at != words_.end(); ++at) {
        const std::uint64_t before = load_le64(bytes_, at->first);
        if (before != at->second)
            append_word(edits, at->first, before, at->second);
    }
    return edits;
}

}  // namespace pgregion
