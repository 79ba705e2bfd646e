// SPDX-License-Identifier: GPL-2.0-or-later
//
// What somebody may have meant by a word that nobody knows: a command, an option, a format, a register, a code.
// Only what is plausible is offered, because a wrong suggestion costs more than none.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgregion::cli
{

/// The words of `known` that are most like `word`, the best first, those alike in the order of `known`: words that
/// contain it, and words that a few slips of the finger lead to (a letter too much, too few, wrong or swapped with its
/// neighbour; upper and lower case are one). At most one slip for every three letters; one or two letters have to be
/// the beginning of a word. Empty when nothing is near, and for words of more than 64 letters.
[[nodiscard]] std::vector<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known,
                                                    std::size_t most = 3);

/// "rtaddr", "rtaddr or devtab", "rtaddr, devtab or ddtp".
[[nodiscard]] std::string joined_or(std::span<const std::string_view> words);

/// "rtaddr, devtab, ddtp".
[[nodiscard]] std::string listed(std::span<const std::string_view> words);

/// "did you mean rtaddr or devtab? " of the nearest, with a space behind it for what follows; empty where none is near.
[[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

}  // namespace pgregion::cli
