// SPDX-License-Identifier: GPL-2.0-or-later
//
// Bytes as they will be: words that a plan has changed so far, over those that are there. Every change is recorded
// as an edit of whoever made it.
#pragma once

#include "base/bytes.h"

#include <pgregion/edit.h>

#include <cstdint>
#include <map>

namespace pgregion
{

class WordOverlay
{
public:
    explicit WordOverlay(Bytes bytes) : bytes_(bytes) {}

    /// True when the whole word at `offset` (a multiple of 8) is there.
    [[nodiscard]] bool holds(std::uint64_t offset) const
    {
        return offset % kWordBytes == 0 && offset < bytes_.size() && bytes_.size() - offset >= kWordBytes;
    }
    [[nodiscard]] std::uint64_t read(std::uint64_t offset) const
    {
        const auto changed = words_.find(offset);
        return changed == words_.end() ? load_le64(bytes_, offset) : changed->second;
    }
    /// Writes a word, and appends the change to `edits` unless there is none.
    void write(std::uint64_t offset, std::uint64_t word, Edits &edits);
    /// Zeroes [first, last), both multiples of 8.
    void zero(std::uint64_t first, std::uint64_t last, Edits &edits);

    /// The changes outside of [0, kBitmapBytes) (or everywhere), one edit for each stretch of changed words.
    [[nodiscard]] Edits edits_from(std::uint64_t first) const;

private:
    Bytes bytes_;
    std::map<std::uint64_t, std::uint64_t> words_;  ///< by offset
};

}  // namespace pgregion
