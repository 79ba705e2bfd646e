// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/reading_context.h"

#include "cli/opening/numbers.h"
#include "cli/opening/parameters.h"

#include <pgregion/error.h>

#include <algorithm>

#include <fmt/core.h>

namespace pgregion::cli
{

namespace
{

constexpr std::string_view kAuto = "auto";

template <class Format>
unsigned parse_levels(const std::string &text, const Format &format)
{
    const std::uint64_t levels = require_number(text, "--levels");
    if (levels < format.min_levels || levels > format.max_levels)
        throw Error(
            Failure::usage, "bad-levels",
            fmt::format("{} has {} to {} levels, not {}", format.name, format.min_levels, format.max_levels, levels),
            "give --levels within these limits, or --levels auto");
    return static_cast<unsigned>(levels);
}

void read_directory(ReadingContext &context, const DecodingOptions &options)
{
    const DirectoryFormat &format = *context.directory;
    if (options.levels != kAuto && format.max_levels == 0)
        throw Error(Failure::usage, "bad-levels",
                    fmt::format("--levels does not go with {}, which names them itself", format.name),
                    "leave --levels out");
    context.params = default_params(format);
    if (options.levels != kAuto) {
        context.limits.levels = parse_levels(options.levels, format);
        context.params.levels = static_cast<std::uint8_t>(*context.limits.levels);
    }
    context.limits.given = apply_params(context.params, format.parameters, format.max_paw_bits, options);
    context.limits.params = context.params;
}

void read_tables(ReadingContext &context, const DecodingOptions &options)
{
    if (options.levels != kAuto)
        context.limits.levels = parse_levels(options.levels, *context.format);
    context.params = default_params(*context.format, context.limits.levels.value_or(0));
    const TableFormat &format = *context.format;
    context.limits.given = apply_params(context.params, format.parameters, format.max_paw_bits, options);
    const unsigned named = format.levels_of(context.params);
    if (!context.limits.levels && named != 0)
        context.limits.levels = named;
    if (context.limits.levels) {
        context.params.levels = static_cast<std::uint8_t>(*context.limits.levels);
        if (!format.consistent(context.params))
            throw Error(
                Failure::usage, "bad-levels",
                fmt::format("{} has no tables of {} levels with these parameters", format.name, *context.limits.levels),
                "`pgregion formats` lists levels and parameters; pgregion-formats(7) tells how they belong "
                "together");
    }
    context.limits.params = context.params;
}

/// Without a format only the number of levels can be given.
void read_unknown(ReadingContext &context, const DecodingOptions &options)
{
    constexpr std::uint64_t kMoreThanAnyFormat = 9;
    if (!options.params.empty())
        throw Error(Failure::usage, "bad-parameter", "--param needs --format: parameters belong to a format",
                    "name the format; `pgregion formats` lists them");
    if (!options.paw.empty())
        throw Error(Failure::usage, "bad-paw", "--paw needs --format: what it may be depends on the format",
                    "name the format; `pgregion formats` lists them");
    if (options.levels != kAuto)
        context.limits.levels =
            static_cast<unsigned>(std::min(require_number(options.levels, "--levels"), kMoreThanAnyFormat));
}

}  // namespace

bool ReadingContext::complete() const
{
    if (format == nullptr && directory == nullptr)
        return false;
    const bool has_levels = format != nullptr || directory->max_levels != 0;
    if (has_levels && !limits.levels)
        return false;
    const auto specs = format != nullptr ? format->parameters : directory->parameters;
    for (std::size_t i = 0; i < specs.size(); ++i) {
        if (specs[i].when_open == WhenOpen::guess && (limits.given >> i & 1) == 0)
            return false;
    }
    return true;
}

ReadingContext read_context(const DecodingOptions &options)
{
    ReadingContext context;
    context.format = find_table_format(options.format);
    context.directory = find_directory_format(options.format);
    context.limits.table = context.format;
    context.limits.directory = context.directory;
    if (context.directory != nullptr)
        read_directory(context, options);
    else if (context.format != nullptr)
        read_tables(context, options);
    else
        read_unknown(context, options);
    return context;
}

}  // namespace pgregion::cli
