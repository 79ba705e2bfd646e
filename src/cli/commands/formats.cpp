// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion formats: the formats known. Needs no source.
#include "cli/commands/commands.h"
#include "cli/session/session.h"
#include "report/format_report.h"

#include <CLI/CLI.hpp>

namespace pgregion::cli
{

namespace
{

class Formats final : public Command
{
public:
    void declare(CLI::App &) override {}

    int run(Session &session) override
    {
        session.results().begin(nullptr);
        report::write_formats(session.results(), session.palette());
        session.results().end();
        return kClean;
    }
};

}  // namespace

std::unique_ptr<Command> make_formats() { return std::make_unique<Formats>(); }

}  // namespace pgregion::cli
