// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/format_report.h"

#include <pgregion/format.h>

namespace pgregion::report
{

namespace
{

/// What both kinds of format have to say about themselves.
struct FormatFacts {
    std::string_view name;
    std::string_view title;
    std::string_view document;
    std::string_view kind;
    unsigned min_levels = 0;  ///< 0: levels are no matter of this format
    unsigned max_levels = 0;
    std::span<const std::uint8_t> page_sizes_lg2;
    std::span<const ParameterSpec> parameters;
    std::span<const RegisterSpec> registers;
};

std::vector<FormatFacts> all_formats()
{
    std::vector<FormatFacts> all;
    for (const TableFormat *format : table_formats())
        all.push_back({format->name,
                       format->title,
                       format->document,
                       "tables",
                       format->min_levels,
                       format->max_levels,
                       format->leaf_sizes_lg2,
                       format->parameters,
                       {}});
    for (const DirectoryFormat *format : directory_formats())
        all.push_back({format->name,
                       format->title,
                       format->document,
                       "directory",
                       format->min_levels,
                       format->max_levels,
                       {},
                       format->parameters,
                       format->registers});
    return all;
}

/// Every value as --param takes it; a number's limits are one word, "MIN..MAX".
std::vector<std::string> values_of(const ParameterSpec &spec)
{
    if (spec.choices.empty())
        return {fmt::format("{}..{}", spec.min, spec.max)};
    std::vector<std::string> values;
    for (const ParameterChoice &choice : spec.choices)
        values.emplace_back(choice.name);
    return values;
}

std::string joined(const std::vector<std::string> &words, std::string_view between)
{
    std::string text;
    for (const std::string &word : words)
        text.append(&word == &words.front() ? std::string_view() : between).append(word);
    return text;
}

std::string default_of(const ParameterSpec &spec)
{
    return spec.choices.empty() ? std::to_string(spec.default_value)
                                : std::string(choice_name(spec, spec.default_value));
}

Json format_json(const FormatFacts &facts)
{
    Json levels = Json::array();
    for (unsigned level = facts.min_levels; level != 0 && level <= facts.max_levels; ++level)
        levels.push_back(level);
    Json sizes = Json::array();
    for (const std::uint8_t lg2 : facts.page_sizes_lg2)
        sizes.push_back(hex(std::uint64_t{1} << lg2));
    Json parameters = Json::array();
    for (const ParameterSpec &spec : facts.parameters)
        parameters.push_back(
            {{"key", spec.key}, {"meaning", spec.meaning}, {"values", values_of(spec)}, {"default", default_of(spec)}});
    Json registers = Json::array();
    for (const RegisterSpec &spec : facts.registers)
        registers.push_back({{"name", spec.name}, {"meaning", spec.meaning}});
    return {{"name", facts.name},       {"kind", facts.kind},     {"levels", levels},          {"page_sizes", sizes},
            {"parameters", parameters}, {"registers", registers}, {"document", facts.document}};
}

std::string format_text(const FormatFacts &facts, const Palette &palette)
{
    std::string out = fmt::format("{}: {} ({})\n", palette.strong(facts.name), facts.title, facts.kind);
    if (facts.min_levels != 0)
        append(out, "  levels     {}-{}\n", facts.min_levels, facts.max_levels);
    if (!facts.page_sizes_lg2.empty()) {
        out += "  pages     ";
        for (const std::uint8_t lg2 : facts.page_sizes_lg2)
            append(out, " {}", human_size(std::uint64_t{1} << lg2));
        out += '\n';
    }
    for (const ParameterSpec &spec : facts.parameters)
        append(out, "  --param    {}={}: {} (default {})\n", spec.key, joined(values_of(spec), "|"), spec.meaning,
               default_of(spec));
    for (const RegisterSpec &spec : facts.registers)
        append(out, "  --register {}=VALUE: {}\n", spec.name, spec.meaning);
    append(out, "  document   {}\n", palette.faint(facts.document));
    return out;
}

}  // namespace

void write_formats(ResultWriter &writer, const Palette &palette)
{
    writer.list("formats", "format");
    for (const FormatFacts &facts : all_formats()) {
        if (writer.wants_text())
            writer.text(format_text(facts, palette));
        if (writer.wants_json())
            writer.row("formats", format_json(facts));
    }
}

std::string version_document(std::string_view version)
{
    Json formats = Json::array();
    for (const TableFormat *format : table_formats())
        formats.push_back(format->name);
    for (const DirectoryFormat *format : directory_formats())
        formats.push_back(format->name);
    const Json document{{"schema_version", kSchemaVersion},
                        {"tool", {{"name", "pgregion"}, {"version", version}}},
                        {"exit_status", 0},
                        {"formats", formats}};
    return document.text();
}

}  // namespace pgregion::report
