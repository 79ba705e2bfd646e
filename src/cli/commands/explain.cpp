// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion explain: what the code of a finding means. Needs no source.
#include "cli/checking/check_choices.h"
#include "cli/session/session.h"
#include "report/check_report.h"

#include <pgregion/check.h>

namespace pgregion::cli
{

namespace
{

class Explain final : public Command
{
public:
    void declare(OptionTable &table) override
    {
        table.argument("CODE", &code_, "of a finding; without it all are listed").may_be_left_out();
    }

    int run(Session &session) override
    {
        std::span<const Check *const> checks = all_checks();
        const Check *one = code_.empty() ? nullptr : &require_check(code_);
        if (one != nullptr)
            checks = {&one, 1};
        session.results().begin(nullptr);
        report::write_codes(session.results(), checks, session.palette());
        session.results().end();
        return kClean;
    }

private:
    std::string code_;
};

}  // namespace

extern const CommandRow explain_row{"explain", "what the code of a finding means, and what to do", Section::health,
                                    Needs::nothing, make_command<Explain>};

}  // namespace pgregion::cli
