// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion explain: what the code of a finding means. Needs no source.
#include "cli/checking/check_choices.h"
#include "cli/commands/commands.h"
#include "cli/session/session.h"
#include "report/check_report.h"

#include <pgregion/check.h>

#include <CLI/CLI.hpp>

namespace pgregion::cli
{

namespace
{

class Explain final : public Command
{
public:
    void declare(CLI::App &app) override
    {
        app.add_option("CODE", code_, "of a finding; without it all are listed")->type_name("");
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

std::unique_ptr<Command> make_explain() { return std::make_unique<Explain>(); }

}  // namespace pgregion::cli
