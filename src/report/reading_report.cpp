// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/reading_report.h"

#include <fmt/core.h>

namespace pgregion::report
{

namespace
{

bool has_levels(const Reading &reading) { return reading.table != nullptr || reading.directory->max_levels != 0; }

std::string_view format_name(const Reading &reading)
{
    return reading.table != nullptr ? reading.table->name : reading.directory->name;
}

std::string text_of(const GuessedReading &reading)
{
    std::string text = reading.format;
    if (reading.levels)
        text += fmt::format(", {} level{}", *reading.levels, *reading.levels == 1 ? "" : "s");
    for (const std::string &parameter : reading.parameters)
        text += ", " + parameter;
    return text;
}

}  // namespace

std::vector<std::string> reading_parameters(const Reading &reading)
{
    const auto specs = reading.table != nullptr ? reading.table->parameters : reading.directory->parameters;
    std::vector<std::string> parameters;
    for (std::size_t i = 0; i < specs.size(); ++i) {
        const std::uint32_t value = reading.params.value.at(i);
        if (value == specs[i].default_value && specs[i].when_open != WhenOpen::guess)
            continue;
        const std::string_view choice = choice_name(specs[i], value);
        parameters.push_back(fmt::format("{}={}", specs[i].key, choice.empty() ? std::to_string(value) : choice));
    }
    return parameters;
}

std::string reading_text(const Reading &reading) { return text_of(guessed_reading(reading, Confidence::none)); }

GuessedReading guessed_reading(const Reading &reading, Confidence confidence)
{
    GuessedReading guess{std::string(format_name(reading)), std::nullopt, reading_parameters(reading),
                         std::string(name(confidence))};
    if (has_levels(reading))
        guess.levels = reading.params.levels;
    return guess;
}

std::string reading_words(const GuessedReading &guess)
{
    std::string words = "--format " + guess.format;
    if (guess.levels)
        words += fmt::format(" --levels {}", *guess.levels);
    for (const std::string &parameter : guess.parameters)
        words += " --param " + parameter;
    return words;
}

std::string guess_note(const GuessedReading &guess)
{
    return fmt::format("read as {}, a guess from the tables (confidence {}); to say so: {}", text_of(guess),
                       guess.confidence, reading_words(guess));
}

}  // namespace pgregion::report
