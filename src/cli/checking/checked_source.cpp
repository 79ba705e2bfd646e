// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/checking/checked_source.h"

#include "cli/session/session.h"

#include <fmt/core.h>

namespace pgregion::cli
{

namespace
{

std::vector<std::string> spelled_out(std::span<const ParameterSpec> specs, const FormatParams &params)
{
    std::vector<std::string> given;
    for (std::size_t i = 0; i < specs.size(); ++i) {
        const ParameterSpec &spec = specs[i];
        const std::uint32_t value = params.value[i];
        if (!spec.choices.empty())
            given.push_back(fmt::format("{}={}", spec.key, choice_name(spec, value)));
        else if (value >= spec.min && value <= spec.max)
            given.push_back(fmt::format("{}={}", spec.key, value));
    }
    return given;
}

}  // namespace

report::CheckedSource check_source(const OpenedSource &source, const OpenedSubject &opened, const CheckOptions &options)
{
    report::CheckedSource checked;
    checked.info = opened.info;
    checked.places = {opened.pages, source.offset(), source.source().size_bytes()};
    checked.checks = chosen_checks(options).size();
    checked.reading = opened.subject.reading;
    for (const DirectoryRequest &unit : opened.subject.units) {
        const unsigned levels = unit.format->max_levels != 0 ? unit.params.levels : 0U;
        checked.roots.push_back({unit.format->name, levels, unit.root});
    }
    for (const Stage &stage : opened.subject.tables)
        checked.roots.push_back({stage.format->name, stage.params.levels, stage.root});
    if (opened.undecided)
        checked.notes.push_back(
            fmt::format("the tables are not checked: {}; {}", opened.undecided->what(), opened.undecided->hint()));
    if (opened.subject.region && source.pages_left_out() != 0)
        checked.notes.push_back(fmt::format(
            "{} free pages of the region are not in the source: they are taken for zeros", source.pages_left_out()));
    checked.report = run_checks(opened.subject, options);
    return checked;
}

int status_of(const CheckReport &report, std::optional<Severity> limit)
{
    const bool found = limit && report.worst() && *report.worst() >= *limit;
    return found || (limit && report.truncated) ? kAnswerIsNo : kClean;
}

SourceReading same_reading(const SourceReading &reading, const OpenedSource &source, const OpenedSubject &opened)
{
    SourceReading same = reading;
    if (source.place_given())
        same.place = {source.offset(), source.paddr(), std::nullopt, std::nullopt};
    if (!opened.tables || !opened.tables->guess)
        return same;
    const Tables &tables = *opened.tables;
    for (std::size_t unit = 0; unit < same.units.size(); ++unit)
        same.units[unit] = {{tables.units.at(unit), ~std::uint32_t{0}}};
    const bool is_directory = tables.directory != nullptr;
    const unsigned most = is_directory ? tables.directory->max_levels : tables.format->max_levels;
    same.params = spelled_out(is_directory ? tables.directory->parameters : tables.format->parameters, tables.params);
    if (most != 0)
        same.levels = tables.params.levels;
    same.context.format = tables.format;
    same.context.directory = tables.directory;
    same.context.params = tables.params;
    same.context.limits = {.table = tables.format,
                           .directory = tables.directory,
                           .levels = most != 0 ? std::optional<unsigned>(tables.params.levels) : std::nullopt,
                           .params = tables.params,
                           .given = ~std::uint32_t{0},
                           .base = {}};
    same.root = {{}, tables.root};
    if (tables.pages.base)
        same.place.paddr = *tables.pages.base;
    return same;
}

}  // namespace pgregion::cli
