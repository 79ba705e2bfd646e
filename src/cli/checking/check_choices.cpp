// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/checking/check_choices.h"

#include "cli/opening/liveupdate.h"
#include "cli/opening/numbers.h"

#include <pgregion/area_check.h>
#include <pgregion/error.h>
#include <pgregion/report.h>

#include <algorithm>
#include <numeric>

#include <fmt/core.h>

#include <CLI/CLI.hpp>

namespace pgregion::cli
{

namespace
{

constexpr std::size_t kLongestCode = 64;

/// How many letters have to be put in, taken out or replaced to make `a` out of `b` (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

/// The three codes that are most like `code`: those that hold it first.
std::string nearest_codes(std::string_view code)
{
    constexpr std::size_t kNamed = 3;
    std::vector<std::pair<std::size_t, std::string_view>> ranked;
    for (const Check *check : all_checks()) {
        const bool holds = !code.empty() && check->code.find(code) != std::string_view::npos;
        ranked.emplace_back(holds ? 0 : distance(code, check->code), check->code);
    }
    std::ranges::sort(ranked);
    std::string text;
    for (std::size_t i = 0; i < std::min(kNamed, ranked.size()); ++i)
        text += (text.empty() ? "" : ", ") + std::string(ranked[i].second);
    return text;
}

std::set<std::string_view> codes_of(const std::vector<std::string> &lists)
{
    std::set<std::string_view> codes;
    for (const std::string &list : lists) {
        for (std::size_t at = 0; at <= list.size();) {
            const std::size_t end = std::min(list.find(',', at), list.size());
            codes.insert(require_check(std::string_view(list).substr(at, end - at)).code);
            at = end + 1;
        }
    }
    return codes;
}

std::optional<Range<PhysAddr>> parse_ram(std::string_view text)
{
    const std::size_t separator = text.find_first_of("-+");
    if (separator == std::string_view::npos)
        return std::nullopt;
    const auto first = parse_size(text.substr(0, separator));
    const auto second = parse_size(text.substr(separator + 1));
    if (!first || !second)
        return std::nullopt;
    const bool has_size = text[separator] == '+';
    if (!has_size && *second < *first)
        return std::nullopt;
    const std::uint64_t size = has_size ? *second : *second - *first + 1;
    if (size == 0 || *first + (size - 1) < *first)
        return std::nullopt;
    return Range<PhysAddr>{PhysAddr(*first), size};
}

Range<PhysAddr> require_ram(const std::string &text)
{
    if (const auto range = parse_ram(text))
        return *range;
    throw Error(Failure::usage, "bad-range", fmt::format("--ram takes a range, not '{}'", printable(text)),
                "give FIRST-LAST (both inclusive) or FIRST+SIZE, as in --ram 0x100000000+16G");
}

bool is_chosen(const Check &check, const CheckOptions &options)
{
    return (options.only.empty() || options.only.contains(check.code)) && !options.skip.contains(check.code);
}

Error no_check_left(const std::string &hint)
{
    return {Failure::usage, "bad-option", "--only and --skip leave no check: nothing would be looked at", hint};
}

}  // namespace

void declare_check_choices(CLI::App &app, CheckChoices &choices)
{
    app.add_option("--liveupdate", choices.liveupdate,
                   "compare the root-page bit, too: the kernel starts for a live update: yes, no, or auto (its command "
                   "line)")
        ->check(CLI::IsMember({"yes", "no", "auto"}))
        ->type_name("yes|no|auto");
    declare_which_checks(app, choices);
    app.add_option("--ram", choices.ram, "where RAM is, FIRST-LAST or FIRST+SIZE (repeatable)")
        ->expected(1)
        ->take_all()
        ->type_name("RANGE");
}

void declare_which_checks(CLI::App &app, CheckChoices &choices)
{
    app.add_option("--fail-on", choices.fail_on, "exit 4 for findings of this severity and above")
        ->check(CLI::IsMember({"error", "warning", "info", "never"}))
        ->type_name("SEVERITY");
    app.add_option("--only", choices.only, "these checks alone: codes, with commas between (repeatable)")
        ->expected(1)
        ->take_all()
        ->type_name("CODES");
    app.add_option("--skip", choices.skip, "all checks but these (repeatable)")
        ->expected(1)
        ->take_all()
        ->type_name("CODES");
}

CheckArguments check_arguments(const CheckChoices &choices)
{
    CheckArguments arguments;
    if (!choices.liveupdate.empty())
        arguments.liveupdate = liveupdate_of_option(choices.liveupdate);
    for (const std::string &range : choices.ram)
        arguments.ram.push_back(require_ram(range));
    return arguments;
}

CheckOptions check_options(const CheckChoices &choices, unsigned jobs)
{
    CheckOptions options{.only = codes_of(choices.only), .skip = codes_of(choices.skip), .jobs = jobs};
    if (chosen_checks(options).empty())
        throw no_check_left(
            "leave one of them out; `pgregion explain` lists the codes (those that begin with area- are "
            "for pgregion area --check)");
    return options;
}

CheckOptions area_check_options(const CheckChoices &choices)
{
    CheckOptions options{.only = codes_of(choices.only), .skip = codes_of(choices.skip)};
    const auto is_left = [&](const Check *check) { return is_chosen(*check, options); };
    if (std::ranges::none_of(area_checks(), is_left))
        throw no_check_left("leave one of them out; the codes of areas begin with area-, see `pgregion explain`");
    return options;
}

std::vector<const Check *> chosen_checks(const CheckOptions &options)
{
    std::vector<const Check *> checks;
    for (const Check *check : all_checks()) {
        if (!is_area_check(*check) && is_chosen(*check, options))
            checks.push_back(check);
    }
    return checks;
}

std::optional<Severity> fail_on(const CheckChoices &choices)
{
    for (const Severity severity : {Severity::error, Severity::warning, Severity::info}) {
        if (choices.fail_on == name(severity))
            return severity;
    }
    return std::nullopt;
}

const Check &require_check(std::string_view code)
{
    if (const Check *check = find_check(code))
        return *check;
    throw Error(Failure::usage, "no-such-check",
                fmt::format("there is no check '{}'; the nearest are {}", printable(code.substr(0, kLongestCode)),
                            nearest_codes(code.substr(0, kLongestCode))),
                "see pgregion explain, which lists all codes");
}

}  // namespace pgregion::cli
