// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion explain: what the code of a finding means. Needs no source.
#include "cli/checking/check_choices.h"
#include "cli/opening/numbers.h"
#include "cli/session/session.h"
#include "report/check_report.h"
#include "report/fault_report.h"

#include <pgregion/check.h>
#include <pgregion/error.h>
#include <pgregion/faults.h>

#include <algorithm>

namespace pgregion::cli
{

namespace
{

class Explain final : public Command
{
public:
    void declare(OptionTable &table) override
    {
        table.argument("CODE", &code_, "of a finding, PT19 or D3 of the specification, or the number of a fault")
            .may_be_left_out();
    }

    void prepare(const Session &) override
    {
        const auto all = all_checks();
        if (code_.empty())
            checks_.assign(all.begin(), all.end());
        else if (const auto number = parse_number(code_))
            take_faults(*number);
        else
            take_checks();
    }

    int run(Session &session) override
    {
        session.results().begin(nullptr);
        report::write_codes(session.results(), checks_, session.palette());
        report::write_faults(session.results(), faults_, session.palette());
        session.results().end();
        return kClean;
    }

private:
    /// A code, or a row of the specification, from which several checks may come.
    void take_checks()
    {
        for (const Check *check : all_checks()) {
            if (is_of(check->origin, code_))
                checks_.push_back(check);
        }
        if (checks_.empty())
            checks_.push_back(&require_check(code_));
    }

    /// Whether one of the words of `origin`, as in "D3b, PT17", is the row: upper and lower case are one, and "D3" has
    /// the parts D3a and D3b.
    static bool is_of(std::string_view origin, std::string_view row)
    {
        constexpr std::string_view kBetween = " ,;()";
        for (std::size_t at = origin.find_first_not_of(kBetween); at != std::string_view::npos;) {
            const std::size_t end = std::min(origin.find_first_of(kBetween, at), origin.size());
            if (is_row(origin.substr(at, end - at), row))
                return true;
            at = origin.find_first_not_of(kBetween, end);
        }
        return false;
    }

    static bool is_row(std::string_view word, std::string_view row)
    {
        const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
        const bool has_number = row.find_first_of("0123456789") != std::string_view::npos;
        const bool has_part = word.size() == row.size() + 1 && lower(word.back()) >= 'a' && lower(word.back()) <= 'z';
        return has_number && (word.size() == row.size() || has_part) &&
               std::ranges::equal(word.substr(0, row.size()), row, {}, lower, lower);
    }

    void take_faults(std::uint64_t number)
    {
        for (const KnownFault &fault : known_faults()) {
            if (fault.code == number)
                faults_.push_back(fault);
        }
        if (faults_.empty())
            throw Error(Failure::usage, "no-such-fault",
                        fmt::format("no fault of tables or directories has the number {}", hex(number)),
                        "kernels print the numbers of VT-d, AMD-Vi and SMMUv3 in hexadecimal: write 0x before them");
    }

    std::string code_;
    std::vector<const Check *> checks_;
    std::vector<KnownFault> faults_;
};

}  // namespace

extern const CommandRow explain_row{"explain", "what the code of a finding means, and what to do", Section::health,
                                    Needs::nothing, make_command<Explain>};

}  // namespace pgregion::cli
