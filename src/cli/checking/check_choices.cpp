// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/checking/check_choices.h"

#include "cli/opening/liveupdate.h"
#include "cli/opening/nearest.h"
#include "cli/opening/numbers.h"
#include "io/failures.h"

#include <pgregion/area_check.h>
#include <pgregion/error.h>
#include <pgregion/report.h>

#include <algorithm>

#include <fmt/core.h>

namespace pgregion::cli
{

namespace
{

constexpr std::size_t kLongestCode = 64;

/// "; did you mean a, b or c?", or nothing.
std::string nearest_codes(std::string_view code)
{
    std::vector<std::string_view> codes;
    for (const Check *check : all_checks())
        codes.push_back(check->code);
    const std::vector<std::string_view> near = nearest(code, codes);
    return near.empty() ? "" : fmt::format("; did you mean {}?", joined_or(near));
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

void declare_check_choices(OptionTable &table, CheckChoices &choices)
{
    table
        .option("--liveupdate", "yes|no|auto", &choices.liveupdate,
                "compare the root-page bit, too: the kernel starts for a live update: yes, no, or auto (its command "
                "line)")
        .one_of({"yes", "no", "auto"});
    declare_which_checks(table, choices);
    table.option("--ram", "RANGE", &choices.ram, "where RAM is, FIRST-LAST or FIRST+SIZE (repeatable)");
}

void declare_which_checks(OptionTable &table, CheckChoices &choices)
{
    table.option("--fail-on", "SEVERITY", &choices.fail_on, "exit 4 for findings of this severity and above")
        .one_of({"error", "warning", "info", "never"});
    table.option("--only", "CODES", &choices.only, "these checks alone: codes, with commas between (repeatable)");
    table.option("--skip", "CODES", &choices.skip, "all checks but these (repeatable)");
}

std::string words_of(const CheckChoices &choices)
{
    std::string words;
    const auto add = [&words](std::string_view option, const std::string &value) {
        words += fmt::format(" {} {}", option, io::shell_word(value));
    };
    if (!choices.liveupdate.empty())
        add("--liveupdate", choices.liveupdate);
    for (const std::string &range : choices.ram)
        add("--ram", range);
    for (const std::string &codes : choices.only)
        add("--only", codes);
    for (const std::string &codes : choices.skip)
        add("--skip", codes);
    return words;
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
                fmt::format("there is no check '{}'{}", printable(code.substr(0, kLongestCode)),
                            nearest_codes(code.substr(0, kLongestCode))),
                "see pgregion explain, which lists all codes");
}

}  // namespace pgregion::cli
