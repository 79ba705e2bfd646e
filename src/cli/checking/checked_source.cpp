// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/checking/checked_source.h"

#include "cli/session/session.h"
#include "io/failures.h"

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
    checked.report = run_checks(opened.subject, options);
    return checked;
}

int status_of(const CheckReport &report, std::optional<Severity> limit)
{
    const bool found = limit && report.worst() && *report.worst() >= *limit;
    return found || (limit && report.truncated) ? kAnswerIsNo : kClean;
}

std::string options_given(const SharedOptions &options)
{
    std::string given;
    const auto add = [&given](std::string_view name, const std::string &value, std::string_view unset) {
        if (value != unset)
            given += fmt::format(" {} {}", name, io::shell_word(value));
    };
    const DecodingOptions &decoding = options.decoding;
    add("--offset", options.source.offset, "");
    add("--paddr", options.source.paddr, "");
    add("--at", options.source.at, "");
    add("--inode", options.source.inode, "");
    add("--file", options.source.file, "");
    add("--format", decoding.format, "auto");
    add("--levels", decoding.levels, "auto");
    add("--root", decoding.root, "");
    add("--paw", decoding.paw, "");
    add("--registers", decoding.registers_file, "");
    for (const std::string &param : decoding.params)
        add("--param", param, "");
    for (const std::string &value : decoding.registers)
        add("--register", value, "");
    for (const std::string &piece : options.source.with)
        add("--with", piece, "");
    return given;
}

SharedOptions same_reading(const SharedOptions &options, const OpenedSource &source, const OpenedSubject &opened)
{
    SharedOptions same = options;
    if (source.place_given()) {
        same.source.offset = hex(source.offset());
        same.source.paddr = source.paddr() ? hex(source.paddr()->value()) : "";
        same.source.at = same.source.inode = same.source.file = "";
    }
    if (!opened.tables || !opened.tables->guess)
        return same;
    const Tables &tables = *opened.tables;
    const bool is_directory = tables.directory != nullptr;
    same.decoding.format = is_directory ? tables.directory->name : tables.format->name;
    const unsigned most = is_directory ? tables.directory->max_levels : tables.format->max_levels;
    same.decoding.levels = most != 0 ? std::to_string(tables.params.levels) : "auto";
    same.decoding.params =
        spelled_out(is_directory ? tables.directory->parameters : tables.format->parameters, tables.params);
    same.decoding.root = hex(tables.root.value());
    if (tables.pages.base)
        same.source.paddr = hex(tables.pages.base->value());
    return same;
}

}  // namespace pgregion::cli
