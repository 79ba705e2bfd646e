// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/settle_unit.h"

#include "base/bytes.h"
#include "report/reading_report.h"

#include <pgregion/error.h>
#include <pgregion/report.h>

#include <algorithm>

#include <fmt/core.h>

namespace pgregion::cli
{

namespace
{

bool is_open(const ParameterSpec &spec, std::size_t index, std::uint32_t given)
{
    return spec.when_open == WhenOpen::guess && (given >> index & 1) == 0;
}

bool has_open_parameters(const UnitReading &reading)
{
    return !open_parameter_choices(reading.request.format->parameters, reading.given).empty();
}

Guess guess_unit(const MemorySource &memory, const UnitReading &reading)
{
    GuessLimits limits;
    limits.directory = reading.request.format;
    limits.levels = reading.request.params.levels;
    limits.params = reading.request.params;
    limits.given = reading.given;
    return guess_memory(memory, reading.request.root, limits);
}

bool has_entries(const MemorySource &memory, PhysAddr root)
{
    std::vector<std::byte> buffer(kPageBytes);
    const std::span<const std::byte> page = memory.page(page_of(root), buffer);
    return !page.empty() && !all_zero(page);
}

/// An empty root says nothing, and nothing can be read wrongly in it.
SettledUnit settle_parameters(const MemorySource &memory, const UnitReading &reading)
{
    SettledUnit settled{reading.request, std::nullopt, std::nullopt};
    if (!has_open_parameters(reading) || !has_entries(memory, reading.request.root))
        return settled;
    settled.guess = guess_unit(memory, reading);
    const Reading *best = decided_or_ahead(*settled.guess);
    if (best == nullptr)
        throw parameters_undecided(*settled.guess, hex(reading.request.root.value()),
                                   open_parameter_choices(reading.request.format->parameters, reading.given));
    settled.request.params = best->params;
    settled.guessed = guessed(*best, *settled.guess);
    return settled;
}

/// The name of the formats with what their root would be: "vtd-root at 0x3c00000000".
std::string kinds_text(const RegisterUnit &unit)
{
    std::string text;
    for (const UnitReading &reading : unit)
        text += fmt::format("{}{} at {}", text.empty() ? "" : ", ", reading.request.format->name,
                            hex(reading.request.root.value()));
    return text;
}

}  // namespace

const Reading *decided_or_ahead(const Guess &guess)
{
    constexpr double kClearlyAhead = 0.5;
    if (const Reading *decided = guess.decided())
        return decided;
    const auto best = std::ranges::max_element(guess.readings, {}, &Reading::score);
    if (best == guess.readings.end())
        return nullptr;
    const auto is_near = [&](const Reading &reading) {
        return &reading != &*best && best->score - reading.score < kClearlyAhead;
    };
    return std::ranges::none_of(guess.readings, is_near) ? &*best : nullptr;
}

GuessedReading guessed(const Reading &reading, const Guess &guess)
{
    return report::guessed_reading(reading, std::max(guess.confidence, Confidence::low));
}

std::string open_parameter_choices(std::span<const ParameterSpec> specs, std::uint32_t given)
{
    std::string choices;
    for (std::size_t i = 0; i < specs.size(); ++i) {
        for (const ParameterChoice &choice :
             is_open(specs[i], i, given) ? specs[i].choices : std::span<const ParameterChoice>{})
            choices += fmt::format("{}--param {}={}", choices.empty() ? "" : " or ", specs[i].key, choice.name);
    }
    return choices;
}

bool root_size_is_open(const TableFormat *format, std::uint32_t given)
{
    if (format == nullptr)
        return false;
    const auto spec = std::ranges::find(format->parameters, kInputBitsKey, &ParameterSpec::key);
    return spec != format->parameters.end() && (given >> (spec - format->parameters.begin()) & 1) == 0;
}

Error parameters_undecided(const Guess &guess, const std::string &root, const std::string &choices)
{
    return Error(Failure::operational, "parameters-undecided",
                 fmt::format("neither what was given nor the tables at {} say how they are to be read{}: a wrong "
                             "reading shows devices or translations that do not exist",
                             root, candidates_text(guess)),
                 fmt::format("give {}", choices))
        .as(ErrorClass::undecided);
}

std::string candidates_text(const Guess &guess)
{
    std::string text;
    for (const Reading &reading : guess.readings) {
        text += text.empty() ? " (candidates: " : "; ";
        text += report::reading_text(reading);
        if (reading.base)
            text += fmt::format(" at {}", hex(reading.base->value()));
    }
    return text.empty() ? " (too little evidence)" : text + ")";
}

SettledUnit settle(const MemorySource &memory, const RegisterUnit &unit)
{
    if (unit.size() == 1)
        return settle_parameters(memory, unit.front());
    std::vector<SettledUnit> fitting;
    for (const UnitReading &reading : unit) {
        Guess guess = guess_unit(memory, reading);
        const Reading *best = decided_or_ahead(guess);
        if (best == nullptr)
            continue;
        const DirectoryRequest request{reading.request.format, best->params, reading.request.root};
        const GuessedReading words = guessed(*best, guess);
        fitting.push_back({request, std::move(guess), words});
    }
    if (fitting.size() != 1)
        throw Error(Failure::operational, "registers-undecided",
                    fmt::format("the registers can be those of several IOMMUs ({}), and the tables do not tell which: "
                                "a wrong one shows devices that do not exist",
                                kinds_text(unit)),
                    "give --format NAME, or the version and capability registers, too")
            .as(ErrorClass::undecided);
    return std::move(fitting.front());
}

}  // namespace pgregion::cli
