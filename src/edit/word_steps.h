// SPDX-License-Identifier: GPL-2.0-or-later
//
// A list of edits as steps on aligned 64-bit words: which bits of the word an edit compares, and what it makes
// of them. Steps are computed when needed, forwards to apply and backwards to take back, so that the edits of a
// whole region need no second copy.
#pragma once

#include "base/bytes.h"

#include <pgregion/edit.h>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace pgregion
{

/// Bits have the memory's byte order (see atomic_word.h).
struct WordStep {
    std::uint64_t offset = 0;  ///< of the word, a multiple of 8
    std::uint64_t mask = 0;    ///< the bits that are compared and written
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    bool in_bitmap = false;
};

/// Number of words that `edit` touches.
[[nodiscard]] std::size_t step_count(const Edit &edit);

/// Step `number` of `edit`, below step_count. In the bitmap at `bitmap_at` the mask has only the bits that
/// change; elsewhere all bits of the edit's bytes.
[[nodiscard]] WordStep step_at(const Edit &edit, std::size_t number, std::optional<std::uint64_t> bitmap_at);

/// Tells the tests of power loss that the word is about to be written (fault_point.h).
void announce_store(const WordStep &step);

/// A place in a list of edits: step `step` of edit `edit`.
struct StepPosition {
    std::size_t edit = 0;
    std::size_t step = 0;
};

/// Takes back every step before `end`, last one first. A word that is no longer as the step left it belongs to
/// somebody else and stays. So do the contents of a page whose bit could not be set again: whoever allocated the
/// page meanwhile was promised zeros, and would get our stale table instead.
void take_back(MutableBytes live, const Edits &edits, StepPosition end, std::optional<std::uint64_t> bitmap_at);

}  // namespace pgregion
