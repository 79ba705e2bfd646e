// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/option_table.h"

#include "cli/opening/nearest.h"
#include "cli/opening/numbers.h"

#include <pgregion/error.h>
#include <pgregion/report.h>

#include <algorithm>

#include <fmt/core.h>

namespace pgregion::cli
{

namespace
{

std::vector<std::string> split_names(std::string_view names)
{
    std::vector<std::string> list;
    for (std::size_t at = 0; at <= names.size();) {
        const std::size_t end = std::min(names.find(',', at), names.size());
        list.emplace_back(names.substr(at, end - at));
        at = end + 1;
    }
    return list;
}

void require_word(const OptionRow &row, const std::string &value)
{
    if (row.words.empty() || std::ranges::find(row.words, value) != row.words.end())
        return;
    const std::vector<std::string_view> known(row.words.begin(), row.words.end());
    throw Error(Failure::usage, "bad-value", fmt::format("{} does not take '{}'", row.name(), printable(value)),
                did_you_mean(value, known) + "it takes " + listed(known));
}

std::uint64_t number_of(const OptionRow &row, const std::string &value)
{
    const std::uint64_t number = require_number(value, row.name());
    if (number < row.least || number > row.most)
        throw Error(Failure::usage, "bad-number",
                    fmt::format("{} takes {} to {}, not {}", row.name(), row.least, row.most, number),
                    "give a number within these limits");
    return number;
}

}  // namespace

OptionRow &OptionTable::argument(std::string name, OptionTarget target, std::string description)
{
    OptionRow &row = rows_.emplace_back();
    row.names = {std::move(name)};
    row.description = std::move(description);
    row.target = target;
    row.is_argument = true;
    row.required = true;
    return row;
}

OptionRow &OptionTable::flag(std::string_view names, OptionTarget target, std::string description)
{
    return option(names, {}, target, std::move(description));
}

OptionRow &OptionTable::option(std::string_view names, std::string value_name, OptionTarget target,
                               std::string description)
{
    OptionRow &row = rows_.emplace_back();
    row.names = split_names(names);
    row.description = std::move(description);
    row.target = target;
    row.group = group_;
    row.value_name = std::move(value_name);
    return row;
}

const OptionRow *OptionTable::find(std::string_view name) const
{
    const auto has_name = [&](const OptionRow &row) { return std::ranges::find(row.names, name) != row.names.end(); };
    const auto found = std::ranges::find_if(rows_, has_name);
    return found == rows_.end() ? nullptr : &*found;
}

void store_values(const OptionRow &row, const std::vector<std::string> &values, std::size_t times)
{
    for (const std::string &value : values)
        require_word(row, value);
    if (bool *const *flag = std::get_if<bool *>(&row.target))
        **flag = true;
    else if (int *const *count = std::get_if<int *>(&row.target))
        **count = static_cast<int>(std::min<std::size_t>(times, 1000));
    else if (std::uint64_t *const *number = std::get_if<std::uint64_t *>(&row.target))
        **number = number_of(row, values.back());
    else if (auto *const *maybe = std::get_if<std::optional<std::uint64_t> *>(&row.target))
        **maybe = number_of(row, values.back());
    else if (std::string *const *text = std::get_if<std::string *>(&row.target))
        **text = values.back();
    else
        *std::get<std::vector<std::string> *>(row.target) = values;
}

}  // namespace pgregion::cli
