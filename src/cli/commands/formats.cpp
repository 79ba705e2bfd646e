// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion formats: the formats known. Needs no source.
#include "cli/session/session.h"
#include "report/format_report.h"

namespace pgregion::cli
{

namespace
{

class Formats final : public Command
{
public:
    void declare(OptionTable &) override {}

    int run(Session &session) override
    {
        session.results().begin(nullptr);
        report::write_formats(session.results(), session.palette());
        session.results().end();
        return kClean;
    }
};

}  // namespace

extern const CommandRow formats_row{"formats", "the formats known, with their parameters", Section::tables,
                                    Needs::nothing, make_command<Formats>};

}  // namespace pgregion::cli
