// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/doubts.h"

#include "base/bytes.h"
#include "report/reading_report.h"

#include <pgregion/guess.h>
#include <pgregion/report.h>

#include <algorithm>

#include <fmt/core.h>

namespace pgregion::cli
{

namespace
{

/// So much better, per entry, another reading has to be: twice what decides a guess.
constexpr double kFarBetter = 1;

/// Bit i: the i-th parameter is nothing that tables tell.
std::uint32_t beyond_guessing(std::span<const ParameterSpec> specs)
{
    std::uint32_t given = 0;
    for (std::size_t i = 0; i < specs.size(); ++i)
        given |= (specs[i].when_open == WhenOpen::guess ? 0U : 1U) << i;
    return given;
}

/// False for what cannot be read: that is another fault.
bool is_zero(const MemorySource &memory, PhysAddr table, std::uint64_t bytes)
{
    constexpr std::uint64_t kMostBytes = std::uint64_t{4} << 20;
    std::vector<std::byte> buffer(kPageBytes);
    const PhysAddr first = page_of(table);
    for (std::uint64_t done = 0; done < std::min(bytes, kMostBytes); done += kPageBytes) {
        const Bytes page = memory.page(first + done, buffer);
        if (page.empty())
            return done != 0;
        const std::uint64_t skipped = done == 0 ? table - first : 0;
        if (!all_zero(page.subspan(skipped, std::min(kPageBytes - skipped, bytes - done))))
            return false;
    }
    return true;
}

/// The reading in hand among those that were judged; null when it has nothing for it.
const Reading *same_params(const Guess &guess, const FormatParams &params)
{
    const auto found = std::ranges::find(guess.readings, params, &Reading::params);
    return found == guess.readings.end() ? nullptr : &*found;
}

std::vector<std::string> doubts_of(const Guess &guess, const Reading &in_hand, PhysAddr root)
{
    const Reading *best = guess.decided();
    if (best == nullptr || guess.confidence < Confidence::medium || best->params == in_hand.params)
        return {};
    const Reading *same = same_params(guess, in_hand.params);
    if (best->score - (same != nullptr ? same->score : 0) < kFarBetter)
        return {};
    return {fmt::format("reading-doubtful: the tables at {0} read far better as {1} than as {2}: what is shown may not "
                        "exist; to read them so: --root {0} {3}",
                        hex(root.value()), report::reading_text(*best), report::reading_text(in_hand),
                        report::reading_words(report::guessed_reading(*best, guess.confidence)))};
}

}  // namespace

std::vector<std::string> doubts_about(const MemorySource &memory, const DirectoryRequest &unit)
{
    const DirectoryTable table = unit.format->root(unit.root, unit.params);
    const std::uint64_t bytes = std::uint64_t{table.records} * unit.format->table_types[table.type].record_bytes;
    if (!unit.format->zero_is_a_record && is_zero(memory, unit.root, bytes))
        return {fmt::format("directory-empty: the directory at {} is all zeros: no device is looked at, and nothing is "
                            "known to be fine; see what is where: pgregion scan SOURCE",
                            hex(unit.root.value()))};
    GuessLimits limits;
    limits.directory = unit.format;
    limits.levels = unit.params.levels;
    limits.params = unit.params;
    limits.given = beyond_guessing(unit.format->parameters);
    if (limits.given == (std::uint32_t{1} << unit.format->parameters.size()) - 1)
        return {};
    Reading in_hand;
    in_hand.directory = unit.format;
    in_hand.params = unit.params;
    return doubts_of(guess_memory(memory, unit.root, limits), in_hand, unit.root);
}

std::vector<std::string> doubts_about(const MemorySource &memory, const WalkRequest &request)
{
    const TableShape shape = request.format->shape(request.params.levels - 1U, request.params);
    if (is_zero(memory, request.root, shape.bytes()))
        return {
            fmt::format("reading-doubtful: the root at {} is all zeros: it maps nothing, or is no root; see what is "
                        "where: pgregion scan SOURCE",
                        hex(request.root.value()))};
    GuessLimits limits;
    limits.table = request.format;
    limits.params = request.params;
    limits.given = beyond_guessing(request.format->parameters);
    Reading in_hand;
    in_hand.table = request.format;
    in_hand.params = request.params;
    return doubts_of(guess_memory(memory, request.root, limits), in_hand, request.root);
}

}  // namespace pgregion::cli
