// SPDX-License-Identifier: GPL-2.0-or-later
#include "support/tested_formats.h"

#include "tested_formats_list.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace pgregion::test
{

namespace
{

/// "vtd-ss" as its file is called: "vtd_ss.cpp".
std::string file_name(std::string_view format)
{
    std::string name(format);
    std::ranges::replace(name, '-', '_');
    return name + ".cpp";
}

void need(std::string &missing, bool there, std::string_view what)
{
    if (!there)
        missing += (missing.empty() ? "" : ", ") + std::string(what);
}

std::string missing_in(const TestedTable &tested)
{
    const auto is_for = [&](Uses use) {
        return std::ranges::any_of(tested.settings, [use](const TableSetting &s) { return (s.uses & use) != 0; });
    };
    std::string missing;
    need(missing, is_for(kDamage), "no setting for sound tables to be damaged (kDamage)");
    need(missing, is_for(kEdit), "no setting for maps and unmaps (kEdit)");
    need(missing, is_for(kLongEdit), "no setting for many maps and unmaps (kLongEdit)");
    need(missing, is_for(kGuess), "no setting for the guess (kGuess)");
    need(missing, is_for(kFull), "no setting for full regions (kFull)");
    need(missing, is_for(kMeasure), "no setting for benchmarks (kMeasure)");
    need(missing, tested.naive != nullptr, "no naive reading");
    need(missing, tested.chain.levels != 0, "no chain of tables");
    need(missing, tested.planned.levels != 0, "no words that a plan of a map writes");
    need(missing, tested.mapped.levels != 0, "no words that the command map writes");
    return missing;
}

std::string missing_in(const TestedDirectory &tested)
{
    std::string missing;
    need(missing, !tested.sound.empty(), "no sound sample (a text of tests/cases/healthy)");
    need(missing, tested.table_types != 0, "no number of table types");
    need(missing, !tested.self_pointers.empty(), "no word that points to its own table");
    need(missing, !tested.roots.empty(), "no values of its registers");
    need(missing, !tested.loops.empty(), "no root that loops");
    return missing;
}

template <class Tested>
const Tested *find(std::string_view format, std::span<const Tested *const> structs)
{
    const auto found = std::ranges::find(structs, format, [](const Tested *tested) { return tested->format; });
    return found == structs.end() ? nullptr : *found;
}

template <class Tested>
std::string complaint(std::string_view format, std::span<const Tested *const> structs, const std::string &folder)
{
    const Tested *const tested = find(format, structs);
    const std::string quoted = "format '" + std::string(format) + "' ";
    const std::string file = folder + file_name(format);
    if (tested == nullptr)
        return quoted + "brings nothing to test it with: add " + file;
    const std::string missing = missing_in(*tested);
    return missing.empty() ? "" : quoted + "has " + missing + ": add it to " + file;
}

template <class Tested>
const Tested &known(std::string_view format, std::span<const Tested *const> structs)
{
    const std::string wrong = complaint_about(format, structs);
    if (!wrong.empty())
        throw std::runtime_error(wrong);
    return *find(format, structs);
}

}  // namespace

std::span<const TestedTable *const> tested_tables() { return kTestedTables; }
std::span<const TestedDirectory *const> tested_directories() { return kTestedDirectories; }

std::string complaint_about(std::string_view format, std::span<const TestedTable *const> structs)
{
    return complaint(format, structs, "tests/formats/");
}

std::string complaint_about(std::string_view format, std::span<const TestedDirectory *const> structs)
{
    return complaint(format, structs, "tests/directories/");
}

const TestedTable &tested_table(std::string_view format) { return known(format, tested_tables()); }
const TestedDirectory &tested_directory(std::string_view format) { return known(format, tested_directories()); }

FormatParams params_of(const TableFormat &format, unsigned levels, std::string_view params)
{
    FormatParams all = default_params(format, levels);
    std::istringstream words{std::string(params)};
    for (std::string word; words >> word;) {
        const std::size_t equals = word.find('=');
        set_parameter(all, format.parameters, word.substr(0, equals), word.substr(equals + 1));
    }
    return all;
}

std::vector<TableReading> readings_for(Uses use)
{
    std::vector<TableReading> readings;
    for (const TableFormat *format : table_formats()) {
        const TestedTable *const tested = find(format->name, tested_tables());
        if (tested == nullptr)
            continue;
        for (const TableSetting &setting : tested->settings) {
            if ((setting.uses & use) != 0)
                readings.push_back({std::string(setting.name), format,
                                    params_of(*format, setting.levels, setting.params), setting.root_page,
                                    setting.uses});
        }
    }
    return readings;
}

NaiveTables naive_tables(const TableFormat &format, const FormatParams &params)
{
    NaiveTables naive;
    naive.reading = tested_table(format.name).naive;
    naive.levels = params.levels;
    naive.address_width = params.paw_bits;
    naive.big_endian = params.big_endian;
    for (std::size_t i = 0; i < format.parameters.size(); ++i)
        naive.parameters.emplace(format.parameters[i].key, params.value.at(i));
    return naive;
}

std::vector<std::string> sound_directories()
{
    std::vector<std::string> names;
    for (const TestedDirectory *tested : tested_directories())
        names.insert(names.end(), tested->sound.begin(), tested->sound.end());
    return names;
}

}  // namespace pgregion::test
