// SPDX-License-Identifier: GPL-2.0-or-later
//
// Options of the commands that run checks: which checks, and what they are to be held against.
#pragma once

#include "cli/opening/option_table.h"

#include <pgregion/check.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgregion::cli
{

/// As given.
struct CheckChoices {
    std::string liveupdate;
    std::vector<std::string> ram;
    std::vector<std::string> only;
    std::vector<std::string> skip;
    std::string fail_on = "error";
};

/// Adds --liveupdate, --ram, --only, --skip and --fail-on.
void declare_check_choices(OptionTable &table, CheckChoices &choices);

/// Adds --only, --skip and --fail-on.
void declare_which_checks(OptionTable &table, CheckChoices &choices);

/// The options that say the same, each with a space before it, as words of a shell: " --liveupdate no".
[[nodiscard]] std::string words_of(const CheckChoices &choices);

/// What the sources do not say themselves.
struct CheckArguments {
    std::optional<LiveUpdate> liveupdate = {};
    std::vector<Range<PhysAddr>> ram = {};
};

/// Throws usage "bad-range", and as liveupdate_of_option().
[[nodiscard]] CheckArguments check_arguments(const CheckChoices &choices);

/// Throws usage "no-such-check", and "bad-option" when no check is left.
[[nodiscard]] CheckOptions check_options(const CheckChoices &choices, unsigned jobs);

/// The same for the checks of areas.
[[nodiscard]] CheckOptions area_check_options(const CheckChoices &choices);

/// The checks that `options` leave of those that run_checks() makes, sorted by code.
[[nodiscard]] std::vector<const Check *> chosen_checks(const CheckOptions &options);

/// Nothing for `never`.
[[nodiscard]] std::optional<Severity> fail_on(const CheckChoices &choices);

/// Throws usage "no-such-check", which names the codes that are most like `code`.
[[nodiscard]] const Check &require_check(std::string_view code);

}  // namespace pgregion::cli
