// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/nearest.h"

#include <algorithm>
#include <numeric>
#include <optional>

namespace pgregion::cli
{

namespace
{

constexpr std::size_t kLongestWord = 64;
constexpr std::size_t kLettersPerSlip = 3;

std::string lower_case(std::string_view text)
{
    std::string lower(text);
    for (char &letter : lower) {
        if (letter >= 'A' && letter <= 'Z')
            letter = static_cast<char>(letter - 'A' + 'a');
    }
    return lower;
}

/// How many slips make `a` out of `b`: the optimal string alignment distance, which counts the swap of two neighbours
/// as one.
std::size_t distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> above(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        before.swap(above);
        above.swap(row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
    }
    return row.back();
}

/// Smaller is nearer; nothing when it is not plausible.
std::optional<std::size_t> rank(std::string_view word, std::string_view known)
{
    const bool is_part = word.size() < kLettersPerSlip ? known.starts_with(word) : known.find(word) != known.npos;
    if (is_part)
        return 0;
    const std::size_t allowed = std::max(word.size(), known.size()) / kLettersPerSlip;
    const std::size_t differ = word.size() < known.size() ? known.size() - word.size() : word.size() - known.size();
    if (differ > allowed)
        return std::nullopt;
    const std::size_t slips = distance(word, known);
    return slips <= allowed ? std::optional(slips) : std::nullopt;
}

}  // namespace

std::vector<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known, std::size_t most)
{
    if (word.empty() || word.size() > kLongestWord)
        return {};
    const std::string wanted = lower_case(word);
    std::vector<std::pair<std::size_t, std::string_view>> ranked;
    for (const std::string_view candidate : known) {
        if (const auto slips = rank(wanted, lower_case(candidate)))
            ranked.emplace_back(*slips, candidate);
    }
    std::ranges::stable_sort(ranked, {}, &std::pair<std::size_t, std::string_view>::first);
    std::vector<std::string_view> words;
    for (std::size_t i = 0; i < std::min(most, ranked.size()); ++i)
        words.push_back(ranked[i].second);
    return words;
}

std::string joined_or(std::span<const std::string_view> words)
{
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i != 0)
            text += i + 1 == words.size() ? " or " : ", ";
        text += words[i];
    }
    return text;
}

std::string listed(std::span<const std::string_view> words)
{
    std::string text;
    for (const std::string_view word : words)
        text += (text.empty() ? "" : ", ") + std::string(word);
    return text;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known)
{
    const std::vector<std::string_view> found = nearest(word, known);
    return found.empty() ? std::string() : "did you mean " + joined_or(found) + "? ";
}

}  // namespace pgregion::cli
