// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion validate: whether the root-page bit (and bit 0) is what the next kernel expects. Changes nothing.
#include "cli/commands/commands.h"
#include "cli/opening/liveupdate.h"
#include "cli/opening/source.h"
#include "cli/session/session.h"
#include "report/region_report.h"

#include <CLI/CLI.hpp>

namespace pgregion::cli
{

namespace
{

class Validate final : public Command
{
public:
    void declare(CLI::App &app) override
    {
        app.add_option("SOURCE", sources_, "regions")->required()->type_name("");
        declare_liveupdate(app, liveupdate_);
    }

    int run(Session &session) override
    {
        const LiveUpdate liveupdate = liveupdate_of_option(liveupdate_);
        return session.for_each_source(sources_,
                                       [&](const std::string &source) { return compare(session, source, liveupdate); });
    }

private:
    static int compare(Session &session, const std::string &argument, LiveUpdate liveupdate)
    {
        const OpenedSource source = session.open(argument, OpenMode::read_only);
        const RootValidation validation = validate_root(source.region(), liveupdate);
        source.source().ensure_intact();
        const SourceInfo info = source.info();
        session.results().begin(&info);
        report::write_validation(session.results(), validation, info.path, session.palette());
        session.results().end();
        return validation.match ? kClean : kAnswerIsNo;
    }

    std::vector<std::string> sources_;
    std::string liveupdate_;
};

}  // namespace

std::unique_ptr<Command> make_validate() { return std::make_unique<Validate>(); }

}  // namespace pgregion::cli
